//! The figures as aligned plain text, at most 100 columns, what was missed said first.

use std::fmt::Write as _;

use super::{
    bootstrap::Estimate,
    confusion::{Confusion, NamedRow},
    figures::{Figures, Ordering},
};

/// Widest line.
const COLUMNS: usize = 100;
/// Missed threats that are named one by one; the JSON names all.
const NAMED: usize = 25;
/// Classes and kinds that get a row each; the JSON has all.
const ROWS: usize = 30;

/// The whole account.
pub(super) fn render(figures: &Figures) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, figures);
    out
}

fn write_all(out: &mut String, figures: &Figures) -> std::fmt::Result {
    write_head(out, figures)?;
    write_missed(out, figures)?;
    write_ordering(out, "by clip", &figures.clip)?;
    write_ordering(out, "by group (its highest clip)", &figures.group)?;
    write_verdicts(out, figures)?;
    write_levels(out, figures)?;
    write_names(out, "class", &figures.classes)?;
    if figures.kinds.len() > 1 {
        write_names(out, "kind", &figures.kinds)?;
    }
    write_calibration(out, figures)?;
    write_bound(out, figures)?;
    write_floors(out, figures)?;
    if let Some(judge) = &figures.judge {
        out.push_str(&judge.render(COLUMNS));
    }
    write_operation(out, figures)?;
    write_notes(out, figures)
}

fn write_head(out: &mut String, figures: &Figures) -> std::fmt::Result {
    let all = figures.confusion.all();
    writeln!(
        out,
        "{} alarms decided, {} labelled: {} threats, {} harmless, in {} groups",
        figures.n, figures.labelled, all.threats, all.harmless, figures.resampling.groups
    )
}

fn write_missed(out: &mut String, figures: &Figures) -> std::fmt::Result {
    let threats = figures.confusion.all().threats;
    writeln!(out, "\nMISSED")?;
    if threats == 0 {
        return writeln!(out, "  cannot be told: no labelled threat");
    }
    writeln!(
        out,
        "  {} of {} threats were dismissed: {}",
        figures.missed.len(),
        threats,
        percent(figures.missed_share)
    )?;
    for missed in figures.missed.iter().take(NAMED) {
        let line = format!(
            "    p={:.3} {:<8} {:<16} {}",
            missed.probability,
            missed.severity.as_str(),
            cut(&missed.class, 16),
            missed.id
        );
        writeln!(out, "{}", cut(&line, COLUMNS))?;
    }
    if figures.missed.len() > NAMED {
        writeln!(out, "    and {} more, in the JSON", figures.missed.len() - NAMED)?;
    }
    writeln!(
        out,
        "  {} of {} harmless alarms were dismissed: {}",
        figures.confusion.dismissed.harmless,
        figures.confusion.all().harmless,
        percent(figures.harmless_dismissed_share)
    )
}

fn write_ordering(out: &mut String, title: &str, ordering: &Ordering) -> std::fmt::Result {
    writeln!(out, "\nORDER {title}: {} threats, {} harmless", ordering.threats, ordering.harmless)?;
    writeln!(out, "  area under the ROC curve      {}", number(ordering.roc_auc))?;
    writeln!(out, "  average precision             {}", number(ordering.average_precision))?;
    if !ordering.at_recall.is_empty() {
        writeln!(out, "  to keep   below score   harmless dismissed   threats really kept")?;
    }
    for at in &ordering.at_recall {
        writeln!(
            out,
            "  {:>6.0}%   {:>11.3}   {:>8} ({:>5.1}%)   {:>18.1}%",
            at.recall_target * 100.0,
            at.threshold,
            at.harmless_dismissed,
            at.harmless_dismissed_share * 100.0,
            at.recall * 100.0
        )?;
    }
    let Some(selective) = &ordering.selective else { return Ok(()) };
    writeln!(
        out,
        "  errors where the surest alone are decided, 0.5 parting threats from the rest"
    )?;
    writeln!(out, "    area under risk and coverage {}", number(Some(selective.aurc)))?;
    writeln!(out, "    of it, above the best order  {}", number(Some(selective.excess_aurc)))?;
    write!(out, "    of all {:.1}%", selective.risk * 100.0)?;
    for at in selective.at_coverage.iter().rev() {
        write!(out, "; of {:.0}% {:.1}%", at.coverage * 100.0, at.risk * 100.0)?;
    }
    writeln!(out)
}

fn write_verdicts(out: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(out, "\nVERDICTS      threats   harmless   coverage   right")?;
    for verdict in &figures.verdicts {
        let row = figures.confusion.row(verdict.outcome);
        writeln!(
            out,
            "  {:<10} {:>9} {:>10} {:>10} {:>7}",
            verdict.outcome.as_str(),
            row.threats,
            row.harmless,
            plain_percent(verdict.coverage),
            plain_percent(verdict.precision)
        )?;
    }
    Ok(())
}

fn write_levels(out: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(out, "\nAVS-STYLE LEVEL   threats   harmless")?;
    for row in &figures.levels {
        writeln!(out, "  {:<14} {:>8} {:>10}", row.level, row.truths.threats, row.truths.harmless)?;
    }
    Ok(())
}

fn write_names(out: &mut String, title: &str, rows: &[NamedRow]) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let title = format!("BY {}", title.to_uppercase());
    writeln!(out, "\n{title:<28} threats harmless  verified uncertain dismissed  missed  mean p")?;
    for row in rows.iter().take(ROWS) {
        let Confusion { verified, uncertain, dismissed } = row.confusion;
        let all = row.confusion.all();
        writeln!(
            out,
            "  {:<26} {:>7} {:>8} {:>9} {:>9} {:>9} {:>7} {:>7.3}",
            cut(&row.name, 26),
            all.threats,
            all.harmless,
            verified.total(),
            uncertain.total(),
            dismissed.total(),
            dismissed.threats,
            row.mean_probability
        )?;
    }
    if rows.len() > ROWS {
        writeln!(out, "  and {} more, in the JSON", rows.len() - ROWS)?;
    }
    Ok(())
}

fn write_calibration(out: &mut String, figures: &Figures) -> std::fmt::Result {
    let Some(calibration) = &figures.calibration else { return Ok(()) };
    writeln!(
        out,
        "\nCALIBRATION: expected error {:.3}, Brier score {:.3}",
        calibration.ece, calibration.brier
    )?;
    if let Some(crossed) = &figures.crossed {
        writeln!(
            out,
            "  scaled by the labels of the other half of the groups: expected error {:.3}, Brier \
             score {:.3}",
            crossed.ece, crossed.brier
        )?;
    }
    writeln!(out, "  probability        n   mean   threats")?;
    for bin in calibration.bins.iter().filter(|bin| bin.n > 0) {
        writeln!(
            out,
            "  {:.1} to {:.1}   {:>8}  {:.3}   {:>7}",
            bin.from,
            bin.to,
            bin.n,
            bin.mean_probability.unwrap_or_default(),
            plain_percent(bin.threat_share)
        )?;
    }
    Ok(())
}

fn write_bound(out: &mut String, figures: &Figures) -> std::fmt::Result {
    let bound = &figures.bound;
    if bound.threats == 0 {
        return Ok(());
    }
    let (most, sure) = (bound.missed_at_most * 100.0, bound.confidence * 100.0);
    writeln!(
        out,
        "\nWITHOUT A PERSON: at most {most:.0}% of the threat groups missed, {sure:.0}% sure of it"
    )?;
    match bound.below {
        Some(below) => writeln!(
            out,
            "  below a score of {below:.3}: {} of {} threat groups, at most {:.2}% in truth; {} of \
             the harmless groups",
            bound.missed,
            bound.threats,
            bound.upper * 100.0,
            plain_percent(bound.harmless_dismissed_share)
        ),
        None => writeln!(
            out,
            "  nothing may be dismissed: {} threat groups are labelled, {} more are needed",
            bound.threats, bound.more_threats_needed
        ),
    }
}

fn write_floors(out: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(out, "\nFLOORS: areas under the ROC curve on the same alarms")?;
    for floor in &figures.floors {
        writeln!(out, "  {} ({} clips)", floor.name, floor.n)?;
        for (what, area, lead) in [
            ("clip ", floor.clip_roc_auc, floor.clip_lead),
            ("group", floor.group_roc_auc, floor.group_lead),
        ] {
            writeln!(out, "    {what} {}   Sereno's lead {}", number(area), number(lead))?;
        }
        if let Some(at) = &floor.group_at_95 {
            let share = at.harmless_dismissed_share * 100.0;
            writeln!(
                out,
                "    keeping 95% of the threat groups dismisses {share:.1}% of the others"
            )?;
        }
    }
    Ok(())
}

fn write_operation(out: &mut String, figures: &Figures) -> std::fmt::Result {
    let Some(operation) = &figures.operation else { return Ok(()) };
    let pace = operation
        .alarms_per_minute
        .map_or(String::new(), |pace| format!(", {pace:.1} alarms a minute"));
    writeln!(
        out,
        "\nCOST: {:.0} ms median, {:.0} ms at 95%{pace}; {:.0} tokens an alarm",
        operation.latency_median_ms, operation.latency_p95_ms, operation.tokens_per_alarm
    )
}

fn write_notes(out: &mut String, figures: &Figures) -> std::fmt::Result {
    writeln!(out, "\nNOTES")?;
    writeln!(
        out,
        "  Brackets: 95% intervals, {} draws of whole groups, seed {}.",
        figures.resampling.resamples, figures.resampling.seed
    )?;
    for note in &figures.notes {
        writeln!(out, "  {}", cut(note, COLUMNS - 2))?;
    }
    Ok(())
}

pub(super) fn number(estimate: Option<Estimate>) -> String {
    let Some(Estimate { value, low, high }) = estimate else { return "cannot be told".into() };
    match (low, high) {
        (Some(low), Some(high)) => format!("{value:.3} [{low:.3}, {high:.3}]"),
        _ => format!("{value:.3} [no interval]"),
    }
}

fn percent(estimate: Option<Estimate>) -> String {
    let Some(Estimate { value, low, high }) = estimate else { return "cannot be told".into() };
    let value = value * 100.0;
    match (low, high) {
        (Some(low), Some(high)) => {
            format!("{value:.1}% [{:.1}%, {:.1}%]", low * 100.0, high * 100.0)
        }
        _ => format!("{value:.1}% [no interval]"),
    }
}

fn plain_percent(share: Option<f64>) -> String {
    share.map_or("-".into(), |share| format!("{:.1}%", share * 100.0))
}

/// At most `width` characters, control characters shown as spaces: ids come from outside.
pub(super) fn cut(text: &str, width: usize) -> String {
    let clean = |one: char| if one.is_control() { ' ' } else { one };
    if text.chars().count() <= width {
        return text.chars().map(clean).collect();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).map(clean).collect();
    short.push('…');
    short
}
