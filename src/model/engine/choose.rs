//! Chooses among the tokens that the grammar permits, and tells how clear the choice was.

use toktrie::{SimpleVob, TokenId};

/// Alternatives that a record carries.
const TOLD: usize = 8;

/// A greedy choice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pick {
    /// The permitted token with the highest logit, the lowest number among equals.
    pub token: TokenId,
    /// It and those next to it, with their share of the permitted tokens' probability.
    pub alternatives: Vec<(TokenId, f64)>,
    /// Its logit minus the next one's, in nats.
    pub margin: f64,
}

/// The single token that `mask` permits, if there is only one.
pub(super) fn only(mask: &SimpleVob) -> Option<TokenId> {
    if mask.num_set() != 1 {
        return None;
    }
    TokenId::try_from(mask.first_bit_set()?).ok()
}

/// The best of the tokens that `mask` permits; `None` if none has a finite logit.
pub(super) fn greedy(logits: &[f32], mask: &SimpleVob) -> Option<Pick> {
    let mut best: Vec<(TokenId, f64)> = Vec::with_capacity(TOLD + 1);
    let mut permitted = Vec::new();
    mask.iter_set_entries(|index| {
        let (Some(&logit), Ok(token)) = (logits.get(index), TokenId::try_from(index)) else {
            return;
        };
        if !logit.is_finite() {
            return;
        }
        let logit = f64::from(logit);
        permitted.push(logit);
        // Entries come in ascending order, so an equal one goes behind.
        let rank = best.partition_point(|&(_, other)| other >= logit);
        if rank < TOLD {
            best.insert(rank, (token, logit));
            best.truncate(TOLD);
        }
    });
    let &(token, highest) = best.first()?;
    // Against nothing the choice is as clear as the numbers go; infinity would not be JSON.
    let margin = best.get(1).map_or(f64::from(f32::MAX), |&(_, next)| highest - next);
    let total: f64 = permitted.iter().map(|logit| (logit - highest).exp()).sum();
    for (_, value) in &mut best {
        *value = (*value - highest).exp() / total;
    }
    Some(Pick { token, alternatives: best, margin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitting(size: usize, tokens: &[TokenId]) -> SimpleVob {
        let mut mask = SimpleVob::alloc(size);
        for &token in tokens {
            mask.allow_token(token);
        }
        mask
    }

    #[test]
    fn the_highest_permitted_logit_wins() {
        let logits = [9.0, 1.0, 3.0, 2.0];
        let pick = greedy(&logits, &permitting(4, &[1, 2, 3])).unwrap();
        assert_eq!(pick.token, 2);
        assert!((pick.margin - 1.0).abs() < 1e-9);
        let order: Vec<_> = pick.alternatives.iter().map(|&(token, _)| token).collect();
        assert_eq!(order, [2, 3, 1]);
    }

    #[test]
    fn probabilities_are_renormalised_over_the_permitted() {
        let logits = [100.0, 0.0, 0.0];
        let pick = greedy(&logits, &permitting(3, &[1, 2])).unwrap();
        assert_eq!(pick.alternatives, [(1, 0.5), (2, 0.5)]);
        assert!(pick.margin.abs() < 1e-9);
    }

    #[test]
    fn at_most_eight_are_told_and_the_rest_keep_their_share() {
        let logits = [1.0; 10];
        let every: Vec<TokenId> = (0..10).collect();
        let pick = greedy(&logits, &permitting(10, &every)).unwrap();
        let told: f64 = pick.alternatives.iter().map(|&(_, share)| share).sum();
        assert_eq!(pick.alternatives.len(), 8);
        assert_eq!(pick.token, 0);
        assert!((told - 0.8).abs() < 1e-9);
    }

    #[test]
    fn logits_that_are_no_numbers_are_never_chosen() {
        let logits = [f32::NAN, f32::INFINITY, -5.0];
        let pick = greedy(&logits, &permitting(3, &[0, 1, 2])).unwrap();
        assert_eq!(pick.token, 2);
        assert_eq!(greedy(&logits, &permitting(3, &[0, 1])), None);
    }

    #[test]
    fn a_single_permitted_token_is_found() {
        assert_eq!(only(&permitting(70, &[66])), Some(66));
        assert_eq!(only(&permitting(70, &[1, 66])), None);
        assert_eq!(only(&permitting(70, &[])), None);
    }
}
