//! Whether a probability of 0.7 is right seven times in ten: reliability, ECE and the Brier score.

use serde::Serialize;

use super::{Sample, real};

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
        let pairs: Vec<(f64, bool)> = samples
            .iter()
            .filter_map(|sample| Some((sample.probability, sample.threat?)))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let bins: Vec<Bin> = (0..BINS).map(|at| bin(&pairs, at)).collect();
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
