//! A model's leaning towards one answer, measured on captions whose answer is beyond doubt.
//!
//! Small models favour some answers whatever they read. Reference captions, ordinary and alarming,
//! say where this model's log-odds lie for each, and every later answer is placed between them
//! (after contextual calibration, Zhao et al. 2021). No labels of a site are needed, so it is not a
//! calibrated probability.

use crate::{
    domain::{
        Presence,
        odds::{self, log_odds},
    },
    model::Learned,
};

/// Scenes in which nothing is wrong.
pub const ORDINARY: [&str; 5] = [
    "c1: A person in a blue jacket walks past the camera and leaves the picture on the right.",
    "c1: Two people stand near the door and talk for a while. Nothing unusual takes place.",
    "c1: Several cars drive along the road and one of them parks at the kerb.",
    "c1: A customer looks at the shelves of the shop, pays at the counter and leaves.",
    "c1: Varias personas esperan en la entrada y hablan entre ellas.",
];

/// Scenes in which something plainly is.
pub const ALARMING: [&str; 5] = [
    "c1: A man kicks another man who lies on the floor, and a second one hits him with a stick.",
    "c1: A person smashes the window of a parked car with a hammer, grabs a bag and runs away.",
    "c1: Flames come out of the roof of the building and black smoke fills the yard.",
    "c1: Two masked persons threaten the shop's cashier with a knife and take the money.",
    "c1: Un hombre salta la valla, fuerza la puerta con una palanca y entra en el almacén.",
];

/// Log-odds at which the references are placed once the leaning is taken off: about 88 %.
const REFERENCE: f64 = 2.0;
/// References that lie nearer together than this tell nothing, and are not stretched apart.
const LEAST_SPREAD: f64 = 0.2;

/// How a model's log-odds are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaning {
    midpoint: f64,
    stretch: f64,
}

impl Leaning {
    /// The answers are taken as they are.
    pub const NONE: Self = Self { midpoint: 0.0, stretch: 1.0 };

    /// As the model's training measured it.
    pub const fn learned(learned: &Learned) -> Self {
        Self { midpoint: learned.midpoint, stretch: learned.stretch }
    }

    /// From the probabilities that the model gave the references; without both kinds, [`Self::NONE`].
    pub fn measured(ordinary: &[f64], alarming: &[f64]) -> Self {
        let (Some(calm), Some(alarm)) = (mean_log_odds(ordinary), mean_log_odds(alarming)) else {
            return Self::NONE;
        };
        let spread = alarm - calm;
        let stretch = if spread >= LEAST_SPREAD { 2.0 * REFERENCE / spread } else { 1.0 };
        Self { midpoint: f64::midpoint(calm, alarm), stretch }
    }

    /// The probability with the leaning taken off.
    pub fn off(self, probability: f64) -> f64 {
        odds::probability(self.stretch * (log_odds(probability) - self.midpoint))
    }
}

/// Two to one in favour is present, two to one against is absent.
pub fn presence_of(probability: f64) -> Presence {
    if probability >= 2.0 / 3.0 {
        Presence::Present
    } else if probability <= 1.0 / 3.0 {
        Presence::Absent
    } else {
        Presence::Unclear
    }
}

fn mean_log_odds(probabilities: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "there are a handful")]
    let count = probabilities.len() as f64;
    (count > 0.0).then(|| probabilities.iter().map(|one| log_odds(*one)).sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_references_land_on_their_sides_however_the_model_leans() {
        for (calm, alarm) in [(0.2, 0.4), (0.6, 0.9), (0.45, 0.55)] {
            let leaning = Leaning::measured(&[calm], &[alarm]);
            assert_eq!(presence_of(leaning.off(calm)), Presence::Absent);
            assert_eq!(presence_of(leaning.off(alarm)), Presence::Present);
        }
    }

    #[test]
    fn references_that_say_the_same_are_not_stretched_into_a_difference() {
        let leaning = Leaning::measured(&[0.5], &[0.51]);
        assert_eq!(presence_of(leaning.off(0.5)), Presence::Unclear);
    }

    #[test]
    fn a_model_that_did_not_answer_has_no_leaning() {
        assert_eq!(Leaning::measured(&[], &[0.9]), Leaning::NONE);
        assert!((Leaning::NONE.off(0.3) - 0.3).abs() < 1e-9);
    }

    #[test]
    fn the_order_of_alarms_is_kept() {
        let leaning = Leaning::measured(&[0.3], &[0.6]);
        assert!(leaning.off(0.35) < leaning.off(0.36));
    }
}
