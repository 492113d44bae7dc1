//! ROUGE-L (Lin 2004): the longest common subsequence, best precision and best recall over references.

use super::Captioned;
use crate::evaluation::real;

/// How much recall counts beside precision, as in the COCO evaluation.
const BETA: f64 = 1.2;

/// Of one caption, 0 to 1.
pub fn score(captioned: &Captioned) -> f64 {
    let (mut precision, mut recall) = (0.0_f64, 0.0_f64);
    for reference in &captioned.references {
        let common = real(longest_common(&captioned.candidate, reference));
        precision = precision.max(common / real(captioned.candidate.len().max(1)));
        recall = recall.max(common / real(reference.len().max(1)));
    }
    if precision == 0.0 || recall == 0.0 {
        return 0.0;
    }
    let weight = BETA * BETA;
    (1.0 + weight) * precision * recall / (recall + weight * precision)
}

fn longest_common(one: &[String], other: &[String]) -> usize {
    let mut row = vec![0_usize; other.len() + 1];
    for word in one {
        let mut corner = 0;
        for (at, twin) in other.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if word == twin { corner + 1 } else { above.max(row[at]) };
            corner = above;
        }
    }
    row.last().copied().unwrap_or(0)
}
