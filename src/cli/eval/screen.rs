//! Dataset lines that cannot be measured: without a label, repeated, or labelled both ways.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use crate::{
    cli::triage::Line,
    domain::Alarm,
    intake::{BadAlarm, Label},
};

/// An input line: which file and line, and the labelled alarm or why it cannot be measured.
pub type Screened = (PathBuf, u64, Result<(Alarm, Label), BadAlarm>);

/// Takes out what would make a figure pretend. Of lines that repeat an id the first counts; of lines that
/// contradict each other none does, because nothing says which is right.
pub fn screen(lines: Vec<Line>) -> Vec<Screened> {
    let mut screened: Vec<Screened> = lines
        .into_iter()
        .map(|(file, number, line)| {
            let labelled = line.and_then(|(alarm, label)| match label {
                Some(label) => Ok((alarm, label)),
                None => Err(bad(
                    number,
                    "label",
                    "is missing: without the truth nothing can be measured; `\"threat\": null` says \
                     that the annotators did not agree",
                )),
            });
            (file, number, labelled)
        })
        .collect();
    repeats(&mut screened);
    contradictions(&mut screened);
    screened
}

/// Lines of one alarm: its source's id for it.
fn repeats(lines: &mut [Screened]) {
    let same =
        together(lines, |alarm, _| Some((alarm.source.clone(), alarm.source_event_id.clone())));
    for places in same {
        if let Some((one, other)) = torn(lines, &places) {
            refuse_both_ways(lines, &places, (one, other), "this id");
            continue;
        }
        let first = place(&lines[places[0]]);
        for at in &places[1..] {
            let message = format!("repeats the id of {first}; the first counts");
            lines[*at].2 = Err(bad(lines[*at].1, "source_event_id", &message));
        }
    }
}

/// Lines of one group that say the same of the scene, word for word.
fn contradictions(lines: &mut [Screened]) {
    let same = together(lines, |alarm, label| {
        let texts: Vec<String> =
            alarm.captions.iter().map(|caption| caption.text.clone()).collect();
        let group = label.group.clone()?;
        (!texts.is_empty()).then_some((group, texts))
    });
    for places in same {
        if let Some(pair) = torn(lines, &places) {
            refuse_both_ways(lines, &places, pair, "the same captions in the same group");
        }
    }
}

/// The places of sound lines that share a key, where more than one does.
fn together<K: std::hash::Hash + Eq>(
    lines: &[Screened],
    key: impl Fn(&Alarm, &Label) -> Option<K>,
) -> Vec<Vec<usize>> {
    let mut places: HashMap<K, Vec<usize>> = HashMap::new();
    for (at, (_, _, line)) in lines.iter().enumerate() {
        if let Some(key) = line.as_ref().ok().and_then(|(alarm, label)| key(alarm, label)) {
            places.entry(key).or_default().push(at);
        }
    }
    places.into_values().filter(|places| places.len() > 1).collect()
}

/// The first threat and the first harmless one among `places`, where there are both.
fn torn(lines: &[Screened], places: &[usize]) -> Option<(usize, usize)> {
    let first = |threat: bool| {
        places
            .iter()
            .copied()
            .find(|at| lines[*at].2.as_ref().is_ok_and(|(_, label)| label.threat == Some(threat)))
    };
    Some((first(true)?, first(false)?))
}

fn refuse_both_ways(
    lines: &mut [Screened],
    places: &[usize],
    (threat, harmless): (usize, usize),
    what: &str,
) {
    let message = format!(
        "{what} is labelled both ways, a threat in {} and harmless in {}; neither counts",
        place(&lines[threat]),
        place(&lines[harmless])
    );
    for at in places {
        lines[*at].2 = Err(bad(lines[*at].1, "label.threat", &message));
    }
}

fn place((file, number, _): &Screened) -> String {
    let file: &Path = file;
    format!("{}:{number}", file.display())
}

fn bad(number: u64, path: &str, message: &str) -> BadAlarm {
    BadAlarm { path: path.to_owned(), message: format!("line {number}: {message}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{IntakeLimits, parse_line};

    fn line(number: u64, id: &str, text: &str, label: &str) -> Line {
        let captions =
            if text.is_empty() { String::new() } else { format!(r#"{{"text":"{text}"}}"#) };
        let alarm = format!(
            r#"{{"source":"set","source_event_id":"{id}","occurred_at":"2026-01-01T00:00:00Z",
            "camera":"c","kind":"motion","captions":[{captions}]{label}}}"#
        );
        let alarm = parse_line(&alarm, number, &IntakeLimits::default());
        (PathBuf::from("set.jsonl"), number, alarm)
    }

    fn labelled(threat: &str, group: &str) -> String {
        format!(r#","label":{{"threat":{threat},"group":"{group}"}}"#)
    }

    /// What is said of each line; empty where it counts.
    fn said(lines: Vec<Line>) -> Vec<String> {
        let told = |line: Screened| line.2.err().map_or(String::new(), |bad| bad.to_string());
        screen(lines).into_iter().map(told).collect()
    }

    #[test]
    fn a_line_without_a_label_is_told_and_one_without_agreement_counts() {
        let said = said(vec![
            line(1, "a", "x", ""),
            line(2, "b", "x", r#","label":null"#),
            line(3, "c", "x", &labelled("null", "g")),
        ]);
        assert!(said[0].starts_with("`label`: line 1: is missing"), "{said:?}");
        assert!(said[1].contains("line 2") && said[2].is_empty(), "{said:?}");
    }

    #[test]
    fn of_repeated_ids_the_first_counts() {
        let said = said(vec![
            line(1, "a", "x", &labelled("true", "g")),
            line(2, "a", "y", &labelled("true", "g")),
            line(5, "a", "z", &labelled("null", "g")),
        ]);
        assert!(said[0].is_empty());
        for at in [1, 2] {
            assert!(said[at].contains("repeats the id of set.jsonl:1"), "{said:?}");
        }
    }

    #[test]
    fn of_an_id_that_is_labelled_both_ways_no_line_counts() {
        let said = said(vec![
            line(1, "a", "x", &labelled("true", "g")),
            line(2, "b", "y", &labelled("true", "g")),
            line(3, "a", "x", &labelled("false", "g")),
        ]);
        assert!(
            said[0].contains("a threat in set.jsonl:1 and harmless in set.jsonl:3"),
            "{said:?}"
        );
        assert!(said[1].is_empty() && !said[2].is_empty());
    }

    #[test]
    fn the_same_words_in_one_group_cannot_be_both() {
        let both = vec![
            line(1, "a", "A street.", &labelled("true", "g")),
            line(2, "b", "A street.", &labelled("false", "g")),
            line(3, "c", "A street.", &labelled("false", "other")),
            line(4, "d", "", &labelled("true", "g")),
            line(5, "e", "", &labelled("false", "g")),
        ];
        let said = said(both);
        assert!(
            said[0].contains("the same captions") && said[1] == said[0].replace("line 1", "line 2")
        );
        assert!(said[2..].iter().all(String::is_empty), "{said:?}");
    }
}
