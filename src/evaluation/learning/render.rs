//! What was learned, for whoever decides whether it goes live.

use std::fmt::Write as _;

use super::{Lesson, Told};
use crate::evaluation::bootstrap::Estimate;

impl Lesson {
    /// An aligned plain-text account.
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let counts = self.labels;
        writeln!(
            out,
            "{}, version {}: {} real threats and {} harmless alarms, in {} groups\n",
            self.site, self.version, counts.threats, counts.harmless, counts.groups
        )?;
        writeln!(out, "on groups that were not learned from      as it is   scaled     own head")?;
        let own = self.measured.own.as_ref();
        self.row(out, "area under ROC, by alarm", |told| area(told.roc_auc), own)?;
        self.row(out, "area under ROC, by group", |told| area(told.group_roc_auc), own)?;
        self.row(out, "loss, smaller is better", |told| format!("{:.3}", told.log_loss), own)?;
        self.row(out, "calibration error", |told| format!("{:.3}", told.ece), own)?;
        let gain = match self.measured.gain {
            Some(Estimate { value, low: Some(low), high: Some(high) }) => format!(
                "an own head changes the loss by {:+.3} [{:+.3}, {:+.3}]",
                -value, -high, -low
            ),
            _ => "no head of its own could be compared".to_owned(),
        };
        let head = if self.head.is_some() {
            "a head of the site's own"
        } else {
            "the head that ships stays"
        };
        writeln!(out, "\nhead   {head}: {gain}")?;
        writeln!(
            out,
            "scale  log-odds × {:.3} {:+.3}, so that 0.7 is right seven times in ten",
            self.scale.slope, self.scale.offset
        )?;
        self.write_bound(out)
    }

    fn row(
        &self,
        out: &mut String,
        name: &str,
        of: impl Fn(&Told) -> String,
        own: Option<&Told>,
    ) -> std::fmt::Result {
        let own = own.map_or_else(|| "-".to_owned(), &of);
        let (shipped, scaled) = (of(&self.measured.shipped), of(&self.measured.scaled));
        writeln!(out, "  {name:<38}  {shipped:<9}  {scaled:<9}  {own}")
    }

    fn write_bound(&self, out: &mut String) -> std::fmt::Result {
        let bound = &self.bound;
        let most = bound.missed_at_most * 100.0;
        match bound.below {
            Some(below) => writeln!(
                out,
                "alone  below {below:.3} nobody need look, where people grant it: {} of {} threat groups lie \
                 there, at most {most:.1} % with 95 % confidence; {:.0} % of the harmless groups do",
                bound.missed,
                bound.threats,
                bound.harmless_dismissed_share.unwrap_or_default() * 100.0
            ),
            None => writeln!(
                out,
                "alone  nothing may be closed without a person: {} more threat groups must be labelled to \
                 bound what is missed at {most:.1} %",
                bound.more_threats_needed
            ),
        }
    }
}

fn area(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(|| "-".to_owned(), |found| format!("{:.3}", found.value))
}
