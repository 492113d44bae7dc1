//! Whether a probability of 0.7 is right seven times in ten: reliability, ECE and the Brier score.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Sample, real};
use crate::domain::odds::{Scale, log_odds};

/// How many bins of equal width the reliability table has.
pub const BINS: usize = 10;

/// Samples whose probability falls into one bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge, within the bin.
    pub from: f64,
    /// Upper edge, outside the bin but for 1.
    pub to: f64,
    /// How many.
    pub n: usize,
    /// Their mean probability; absent where the bin is empty.
    pub mean_probability: Option<f64>,
    /// The share of them that are threats; absent where the bin is empty.
    pub threat_share: Option<f64>,
}

/// How far the probabilities can be believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Expected calibration error: the bins' gaps between mean probability and share of threats,
    /// weighted by their samples (Naeini, Cooper and Hauskrecht 2015). 0 is best.
    pub ece: f64,
    /// Mean squared distance of probability and truth (Brier 1950). 0 is best.
    pub brier: f64,
    /// The reliability table.
    pub bins: Vec<Bin>,
}

impl Calibration {
    /// Over the labelled among `samples`; nothing where none is labelled.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let labelled = samples.iter().filter_map(|one| Some((one.probability, one.threat?)));
        Self::over(&labelled.collect::<Vec<_>>())
    }

    /// What would be left once a site has labels: each half of the groups is put on the scale (Platt
    /// 1999) that the other half's labels give. Nothing where a half lacks threats or harmless alarms.
    pub fn crossed(samples: &[Sample]) -> Option<Self> {
        let told: Vec<Told<'_>> = samples
            .iter()
            .filter_map(|one| Some((one.group.as_str(), one.probability, one.threat?)))
            .collect();
        Self::over(&crossed(&told)?)
    }

    /// Over probabilities and truths; nothing where there are none.
    pub fn over(pairs: &[(f64, bool)]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let bins: Vec<Bin> = (0..BINS).map(|at| bin(pairs, at)).collect();
        let gap = |bin: &Bin| match (bin.mean_probability, bin.threat_share) {
            (Some(mean), Some(share)) => real(bin.n) * (mean - share).abs(),
            _ => 0.0,
        };
        let n = real(pairs.len());
        let square = |(probability, threat): &(f64, bool)| {
            (probability - f64::from(u8::from(*threat))).powi(2)
        };
        Some(Self {
            ece: bins.iter().map(gap).sum::<f64>() / n,
            brier: pairs.iter().map(square).sum::<f64>() / n,
            bins,
        })
    }
}

/// A label: its group, the probability that was given, and the truth.
pub type Told<'a> = (&'a str, f64, bool);

/// Probabilities and truths in the same order, each half of the groups on the scale that the other half
/// gives; nothing where a half gives none.
pub fn crossed(labels: &[Told<'_>]) -> Option<Vec<(f64, bool)>> {
    let mut places = BTreeMap::new();
    let mut half = |group: &str| {
        let next = places.len();
        *places.entry(group.to_owned()).or_insert(next) % 2
    };
    let halves: Vec<usize> = labels.iter().map(|(group, ..)| half(group)).collect();
    let scale_without = |left_out: usize| {
        let rest = labels.iter().zip(&halves).filter(|(_, half)| **half != left_out);
        fitted(
            &rest.map(|((_, probability, threat), _)| (*probability, *threat)).collect::<Vec<_>>(),
        )
    };
    let scales = [scale_without(0)?, scale_without(1)?];
    let scaled = labels.iter().zip(&halves);
    Some(scaled.map(|((_, given, threat), half)| (scales[*half].of(*given), *threat)).collect())
}

/// Newton's steps; the likelihood has one top, and a dozen reach it.
const STEPS: usize = 50;
/// A little pull towards no slope, so that labels without overlap still have a best line.
const RIDGE: f64 = 1e-3;

/// The most likely line for these probabilities and truths; nothing where one truth is missing.
pub fn fitted(pairs: &[(f64, bool)]) -> Option<Scale> {
    let threats = pairs.iter().filter(|(_, threat)| *threat).count();
    if threats == 0 || threats == pairs.len() {
        return None;
    }
    let base = real(threats) / real(pairs.len());
    let mut line = Scale { slope: 0.0, offset: (base / (1.0 - base)).ln() };
    for _ in 0..STEPS {
        let (mut slope_up, mut offset_up) = (-RIDGE * line.slope, 0.0);
        let (mut bend, mut mixed, mut flat) = (RIDGE, 0.0, RIDGE);
        for (probability, threat) in pairs {
            let odds = log_odds(*probability);
            let said = line.of(*probability);
            let (miss, weight) = (f64::from(u8::from(*threat)) - said, said * (1.0 - said));
            slope_up += miss * odds;
            offset_up += miss;
            bend += weight * odds * odds;
            mixed += weight * odds;
            flat += weight;
        }
        let spread = bend * flat - mixed * mixed;
        line.slope += (flat * slope_up - mixed * offset_up) / spread;
        line.offset += (bend * offset_up - mixed * slope_up) / spread;
    }
    (line.slope.is_finite() && line.offset.is_finite()).then_some(line)
}

fn bin(pairs: &[(f64, bool)], at: usize) -> Bin {
    let from = real(at) / real(BINS);
    let to = real(at + 1) / real(BINS);
    let last = at + 1 == BINS;
    let (mut n, mut threats, mut sum) = (0_usize, 0_usize, 0.0);
    for (probability, threat) in pairs {
        let above = at == 0 || *probability >= from;
        if above && (last || *probability < to) {
            n += 1;
            threats += usize::from(*threat);
            sum += probability;
        }
    }
    Bin {
        from,
        to,
        n,
        mean_probability: (n > 0).then(|| sum / real(n)),
        threat_share: super::share(threats, n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::odds;

    /// Truths that follow `probability`'s log-odds, halved and moved by one, as exactly as counts can.
    fn leaning() -> Vec<(f64, bool)> {
        let mut pairs = Vec::new();
        for tenth in 1..10_u32 {
            let probability = f64::from(tenth) / 10.0;
            let right = odds::probability(0.5 * log_odds(probability) - 1.0);
            for place in 0..1_000_u32 {
                pairs.push((probability, f64::from(place) < right * 1_000.0));
            }
        }
        pairs
    }

    #[test]
    fn the_fitted_line_is_the_one_that_the_labels_follow() {
        let line = fitted(&leaning()).unwrap();
        assert!((line.slope - 0.5).abs() < 0.01 && (line.offset + 1.0).abs() < 0.01, "{line:?}");
        let scaled: Vec<_> = leaning()
            .into_iter()
            .map(|(probability, threat)| (line.of(probability), threat))
            .collect();
        let (before, after) =
            (Calibration::over(&leaning()).unwrap(), Calibration::over(&scaled).unwrap());
        assert!(after.ece < 0.01 && before.ece > 0.2, "{} {}", before.ece, after.ece);
    }

    #[test]
    fn without_both_truths_there_is_no_line() {
        assert_eq!(fitted(&[(0.2, true), (0.8, true)]), None);
        assert_eq!(fitted(&[]), None);
    }

    #[test]
    fn labels_that_a_threshold_parts_give_a_line_all_the_same() {
        let parted: Vec<_> = (0..20_u32).map(|at| (f64::from(at) / 20.0, at >= 10)).collect();
        let line = fitted(&parted).unwrap();
        assert!(line.slope > 0.0 && line.of(0.9) > 0.9, "{line:?}");
    }
}
