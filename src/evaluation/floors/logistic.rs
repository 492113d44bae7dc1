//! Logistic regression over sparse rows, by Newton's method with conjugate gradients.
//!
//! Written here because what exists for Rust (linfa-logistic 0.8) takes dense tables alone: two thousand
//! captions over tens of thousands of words would be a gigabyte of zeros, in each of five folds. What is
//! minimised is what scikit-learn and LIBLINEAR minimise with an unpenalised intercept:
//! `|w|² / 2 + closeness × Σ log(1 + exp(-y (w·x + b)))` (Lin, Weng and Keerthi 2008).

use crate::domain::odds;

/// Features that are not zero: their place and value.
pub(super) type Row = Vec<(usize, f64)>;

/// Newton's steps, far more than such a function needs.
const STEPS: usize = 50;
/// Conjugate gradients within a step.
const INNER: usize = 60;
/// Done when the slope is so much smaller than at the start.
const FLAT: f64 = 1e-5;

/// A fitted model.
#[derive(Debug, Clone)]
pub(super) struct Logistic {
    /// One weight a feature, and last the intercept.
    weights: Vec<f64>,
}

struct Problem<'a> {
    rows: &'a [&'a Row],
    truths: &'a [bool],
    closeness: f64,
}

impl Logistic {
    /// The best weights for these rows and truths.
    pub(super) fn fitted(rows: &[&Row], truths: &[bool], closeness: f64) -> Self {
        let highest = rows.iter().flat_map(|row| row.iter()).map(|(place, _)| place + 1).max();
        let problem = Problem { rows, truths, closeness };
        let mut model = Self { weights: vec![0.0; highest.unwrap_or(0) + 1] };
        let mut value = problem.value(&model);
        let mut start = None;
        for _ in 0..STEPS {
            let (slope, bends) = problem.slope(&model);
            let steepness = dot(&slope, &slope).sqrt();
            if steepness <= FLAT * *start.get_or_insert(steepness) {
                break;
            }
            let step = problem.step(&slope, &bends);
            let Some((next, lower)) = problem.descend(&model, value, &slope, &step) else { break };
            (model, value) = (next, lower);
        }
        model
    }

    /// The probability of a row. Features that were not learned from say nothing.
    pub(super) fn probability(&self, row: &Row) -> f64 {
        odds::probability(self.margin(row))
    }

    fn margin(&self, row: &Row) -> f64 {
        let (intercept, weights) = self.weights.split_last().unwrap_or((&0.0, &[]));
        let known = row.iter().filter_map(|(place, value)| Some(weights.get(*place)? * value));
        intercept + known.sum::<f64>()
    }
}

impl Problem<'_> {
    fn value(&self, model: &Logistic) -> f64 {
        let weights = &model.weights[..model.weights.len() - 1];
        let losses = self.rows.iter().zip(self.truths).map(|(row, threat)| {
            let margin = if *threat { model.margin(row) } else { -model.margin(row) };
            // log(1 + exp(-margin)), which must not overflow.
            (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
        });
        dot(weights, weights) / 2.0 + self.closeness * losses.sum::<f64>()
    }

    /// The gradient, and how much each row bends the function.
    fn slope(&self, model: &Logistic) -> (Vec<f64>, Vec<f64>) {
        let mut slope = model.weights.clone();
        if let Some(intercept) = slope.last_mut() {
            *intercept = 0.0;
        }
        let mut bends = Vec::with_capacity(self.rows.len());
        for (row, threat) in self.rows.iter().zip(self.truths) {
            let said = model.probability(row);
            let miss = self.closeness * (said - f64::from(u8::from(*threat)));
            add_row(&mut slope, row, miss);
            bends.push(self.closeness * said * (1.0 - said));
        }
        (slope, bends)
    }

    /// The Hessian times `direction`.
    fn bend(&self, bends: &[f64], direction: &[f64]) -> Vec<f64> {
        let along = Logistic { weights: direction.to_vec() };
        let mut bent = direction.to_vec();
        if let Some(intercept) = bent.last_mut() {
            // Not penalised; a trace keeps the Hessian regular where all rows are certain.
            *intercept *= 1e-9;
        }
        for (row, bend) in self.rows.iter().zip(bends) {
            add_row(&mut bent, row, bend * along.margin(row));
        }
        bent
    }

    /// Newton's step, as exactly as so many conjugate gradients give it.
    fn step(&self, slope: &[f64], bends: &[f64]) -> Vec<f64> {
        let mut step = vec![0.0; slope.len()];
        let mut rest: Vec<f64> = slope.iter().map(|number| -number).collect();
        let mut direction = rest.clone();
        let mut left = dot(&rest, &rest);
        let enough = left * 1e-4;
        for _ in 0..INNER {
            if left <= enough {
                break;
            }
            let bent = self.bend(bends, &direction);
            let far = left / dot(&direction, &bent);
            add(&mut step, far, &direction);
            add(&mut rest, -far, &bent);
            let after = dot(&rest, &rest);
            for (number, rest) in direction.iter_mut().zip(&rest) {
                *number = rest + after / left * *number;
            }
            left = after;
        }
        step
    }

    /// As far along `step` as the function falls; nothing where it no longer does.
    fn descend(
        &self,
        model: &Logistic,
        value: f64,
        slope: &[f64],
        step: &[f64],
    ) -> Option<(Logistic, f64)> {
        let promised = dot(slope, step);
        let mut far = 1.0;
        for _ in 0..30 {
            let mut weights = model.weights.clone();
            add(&mut weights, far, step);
            let next = Logistic { weights };
            let lower = self.value(&next);
            if lower <= value + 1e-4 * far * promised {
                return Some((next, lower));
            }
            far /= 2.0;
        }
        None
    }
}

fn add_row(sum: &mut [f64], row: &Row, times: f64) {
    let last = sum.len() - 1;
    for (place, value) in row {
        sum[*place] += times * value;
    }
    sum[last] += times;
}

fn add(sum: &mut [f64], times: f64, numbers: &[f64]) {
    for (total, number) in sum.iter_mut().zip(numbers) {
        *total += times * number;
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(left, right)| left * right).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(rows: &[Row], truths: &[bool], closeness: f64) -> Logistic {
        Logistic::fitted(&rows.iter().collect::<Vec<_>>(), truths, closeness)
    }

    #[test]
    fn at_the_best_weights_the_function_is_flat() {
        let rows: Vec<Row> = (0..200_u32)
            .map(|at| vec![(0, f64::from(at % 17) / 17.0), (2, f64::from(at * 31 % 23) / 23.0)])
            .collect();
        let truths: Vec<bool> = rows
            .iter()
            .zip(0..)
            .map(|(row, at)| row[0].1 + f64::from(at % 3) / 3.0 > 0.8)
            .collect();
        let model = fitted(&rows, &truths, 2.0);
        let miss = |place: Option<usize>| -> f64 {
            let each = rows.iter().zip(&truths).map(|(row, threat)| {
                let said = model.probability(row) - f64::from(u8::from(*threat));
                let value = match place {
                    Some(place) => row.iter().find(|(at, _)| *at == place).map_or(0.0, |one| one.1),
                    None => 1.0,
                };
                said * value
            });
            each.sum()
        };
        for place in [0, 1, 2] {
            let slope = model.weights[place] + 2.0 * miss(Some(place));
            assert!(slope.abs() < 1e-2, "feature {place}: {slope}");
        }
        assert!(miss(None).abs() < 1e-2, "the intercept is not penalised");
        assert!(model.weights[0] > 1.0 && model.weights[1].abs() < 1e-9);
    }

    #[test]
    fn without_features_the_probability_is_the_share_of_threats() {
        let rows = vec![Row::new(); 10];
        let truths: Vec<bool> = (0..10).map(|at| at < 3).collect();
        let model = fitted(&rows, &truths, 1.0);
        assert!((model.probability(&Row::new()) - 0.3).abs() < 1e-3);
        assert!((model.probability(&vec![(5, 1.0)]) - 0.3).abs() < 1e-3, "unknown says nothing");
    }

    #[test]
    fn rows_that_a_line_parts_have_finite_weights() {
        let rows: Vec<Row> = (0..40_u32).map(|at| vec![(0, f64::from(at))]).collect();
        let truths: Vec<bool> = (0..40).map(|at| at >= 20).collect();
        let model = fitted(&rows, &truths, 1_000.0);
        assert!(model.weights.iter().all(|weight| weight.is_finite()));
        assert!(model.probability(&rows[39]) > 0.99 && model.probability(&rows[0]) < 0.01);
    }
}
