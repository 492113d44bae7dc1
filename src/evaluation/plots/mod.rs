//! The figures as pictures: SVG files that need nothing beside them.

mod canvas;

use self::canvas::{Line, Panel, Picture};
use super::{
    Figures, Rivals, Sample,
    bootstrap::Estimate,
    calibration::Calibration,
    figures::Ordering,
    grouped::Grouped,
    ranking::{AtRecall, Ranking, Threshold},
    selective,
};

/// One SVG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plot {
    /// Its name, such as `roc.svg`.
    pub file: &'static str,
    /// What it holds.
    pub svg: String,
}

/// Scores that become one line in each picture.
struct Series {
    name: &'static str,
    clips: Ranking,
    groups: Ranking,
    areas: [Option<Estimate>; 2],
    is_probability: bool,
}

/// The pictures of `figures`, which are those of `samples` beside `rivals`. Where the labels support no
/// curve, the picture says so.
///
/// # Errors
/// In words, when a picture cannot be drawn.
pub fn plots(figures: &Figures, samples: &[Sample], rivals: &Rivals) -> Result<Vec<Plot>, String> {
    let mended: Vec<Sample> = samples.iter().map(Sample::mended).collect();
    let series = series(figures, &mended, rivals);
    let pictures = [
        ("roc.svg", roc(&series)),
        ("precision-recall.svg", precision_recall(figures, &series)),
        ("operating-points.svg", operating_points(figures, &series)),
        ("risk-coverage.svg", risk_coverage(figures, &series)),
        ("reliability.svg", reliability(figures)),
    ];
    pictures
        .into_iter()
        .map(|(file, picture)| match picture.draw() {
            Ok(svg) => Ok(Plot { file, svg }),
            Err(error) => Err(format!("{file} cannot be drawn: {error}")),
        })
        .collect()
}

/// Ours first.
fn series(figures: &Figures, samples: &[Sample], rivals: &Rivals) -> Vec<Series> {
    let grouped = Grouped::new(samples);
    let clips = grouped.clips(|at| Some(samples[at].probability));
    let own = Series {
        name: "Sereno",
        groups: clips.by_group(),
        clips,
        areas: [figures.clip.roc_auc, figures.group.roc_auc],
        is_probability: true,
    };
    let beside = rivals.all.iter().zip(&figures.floors).map(|(rival, floor)| {
        let clips = grouped.clips(|at| rival.scores.get(at).copied().flatten());
        Series {
            name: rival.name,
            groups: clips.by_group(),
            clips,
            areas: [floor.clip_roc_auc, floor.group_roc_auc],
            is_probability: rival.is_probability,
        }
    });
    std::iter::once(own).chain(beside).collect()
}

/// One panel by clip and one by group; `line` gives a series' points and what its legend adds.
fn panels<'a>(
    series: &'a [Series],
    axes: [&'static str; 2],
    line: impl Fn(&'a Series, &'a Ranking, usize) -> Option<(Vec<(f64, f64)>, String)>,
) -> Vec<Panel> {
    ["by clip", "by group (its highest clip)"]
        .into_iter()
        .enumerate()
        .map(|(at, title)| {
            let lines = series.iter().enumerate().filter_map(|(place, one)| {
                let ranking = if at == 0 { &one.clips } else { &one.groups };
                let (points, told) = line(one, ranking, at)?;
                (!points.is_empty()).then(|| Line {
                    legend: format!("{}{told}", one.name),
                    place,
                    points,
                })
            });
            Panel::new(title, axes).with_lines(lines.collect())
        })
        .collect()
}

fn roc(series: &[Series]) -> Picture {
    let axes = ["share of the harmless looked at", "share of the threats looked at"];
    let panels = panels(series, axes, |one, ranking, at| {
        let point = |at: &Threshold| (1.0 - at.harmless_dismissed_share, at.recall);
        Some((from(Some((0.0, 0.0)), ranking, point), area(one.areas[at])))
    });
    let diagonal = vec![(0.0, 0.0), (1.0, 1.0)];
    Picture {
        title: "ROC: area under the curve, 95% interval over groups",
        panels: panels.into_iter().map(|panel| panel.with_guide(diagonal.clone())).collect(),
    }
}

fn precision_recall(figures: &Figures, series: &[Series]) -> Picture {
    let axes = ["recall: share of the threats looked at", "precision: threats among these"];
    let own = [figures.clip.average_precision, figures.group.average_precision];
    let panels = panels(series, axes, |one, ranking, at| {
        let told = if one.name == series[0].name {
            area(own[at])
        } else {
            ranking.average_precision(None).map_or(String::new(), |value| format!(" {value:.3}"))
        };
        Some((from(None, ranking, |at| (at.recall, at.precision)), told))
    });
    let base = [&figures.clip, &figures.group].map(|ordering| {
        let all = ordering.threats + ordering.harmless;
        super::share(ordering.threats, all).unwrap_or_default()
    });
    let guided = panels.into_iter().zip(base);
    Picture {
        title: "Precision and recall: average precision, 95% interval over groups",
        panels: guided
            .map(|(panel, base)| panel.with_guide(vec![(0.0, base), (1.0, base)]))
            .collect(),
    }
}

fn operating_points(figures: &Figures, series: &[Series]) -> Picture {
    let axes = ["recall: share of the threats kept", "share of the harmless dismissed"];
    let own = [&figures.clip, &figures.group];
    let panels = panels(series, axes, |one, ranking, at| {
        let point = |at: &Threshold| (at.recall, at.harmless_dismissed_share);
        let told = if one.name == series[0].name { dismissals(own[at]) } else { String::new() };
        Some((from(Some((0.0, 1.0)), ranking, point), told))
    });
    let marked = panels.into_iter().zip(own).map(|(panel, ordering)| {
        let marks = ordering.at_recall.iter();
        let mark = |at: &AtRecall| (at.recall, at.harmless_dismissed_share, String::new());
        panel.with_marks(marks.map(mark).collect())
    });
    Picture {
        title: "Operating points: what is dismissed where so many of the threats are kept",
        panels: marked.collect(),
    }
}

/// What is dismissed at each recall, for the legend.
fn dismissals(ordering: &Ordering) -> String {
    let told: Vec<String> = ordering
        .at_recall
        .iter()
        .map(|at| {
            let (kept, share) = (at.recall_target * 100.0, at.harmless_dismissed_share * 100.0);
            format!("{share:.1}% at {kept:.0}%")
        })
        .collect();
    if told.is_empty() { String::new() } else { format!(" dismisses {}", told.join(", ")) }
}

fn risk_coverage(figures: &Figures, series: &[Series]) -> Picture {
    let axes = ["coverage: share decided, the surest first", "risk: share of errors among them"];
    let own = [&figures.clip, &figures.group];
    let panels = panels(series, axes, |one, ranking, at| {
        if !one.is_probability {
            return None;
        }
        let told = match &own[at].selective {
            Some(selective) if one.name == series[0].name => area(Some(selective.aurc)),
            _ => String::new(),
        };
        let curve = selective::curve(ranking);
        Some((curve.iter().map(|at| (at.coverage, at.risk)).collect(), told))
    });
    Picture {
        title: "Risk and coverage: area under the curve, 95% interval over groups; lower is better",
        panels: panels.into_iter().map(Panel::cropped).collect(),
    }
}

fn reliability(figures: &Figures) -> Picture {
    let axes = ["mean probability", "share of threats"];
    let panel = |title, calibration: &Option<Calibration>| {
        let panel = Panel::new(title, axes).with_guide(vec![(0.0, 0.0), (1.0, 1.0)]);
        let Some(calibration) = calibration else { return panel };
        let marks: Vec<(f64, f64, String)> = calibration
            .bins
            .iter()
            .filter_map(|bin| {
                Some((bin.mean_probability?, bin.threat_share?, format!("n={}", bin.n)))
            })
            .collect();
        let line = Line {
            legend: format!(
                "Sereno: expected error {:.3}, Brier score {:.3}",
                calibration.ece, calibration.brier
            ),
            place: 0,
            points: marks.iter().map(|(x, y, _)| (*x, *y)).collect(),
        };
        panel.with_lines(vec![line]).with_marks(marks)
    };
    Picture {
        title: "Reliability: whether 0.7 is right seven times in ten",
        panels: vec![
            panel("by clip, as given", &figures.calibration),
            panel("by clip, scaled by the other half's labels", &figures.crossed),
        ],
    }
}

/// A ranking's thresholds as points, after `start` where the curve has a beginning.
fn from(
    start: Option<(f64, f64)>,
    ranking: &Ranking,
    point: impl Fn(&Threshold) -> (f64, f64),
) -> Vec<(f64, f64)> {
    let thresholds = ranking.thresholds();
    let start = start.filter(|_| !thresholds.is_empty());
    start.into_iter().chain(thresholds.iter().map(point)).collect()
}

fn area(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { value, low: Some(low), high: Some(high) }) => {
            format!(" {value:.3} [{low:.3}, {high:.3}]")
        }
        Some(Estimate { value, .. }) => format!(" {value:.3} [no interval]"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Run, tests::sample};

    fn run() -> Vec<Sample> {
        (0..120_u32)
            .map(|at| {
                let threat = at % 3 == 0;
                let text = if threat { "A man smashes glass" } else { "A man waters plants" };
                let mut one =
                    sample(&format!("s{at}"), &format!("g{}", at / 2), Some(threat), text);
                one.probability = f64::from(at * 37 % 120) / 120.0;
                one
            })
            .collect()
    }

    fn drawn(samples: &[Sample]) -> Vec<Plot> {
        let rivals = Rivals::of(samples, None);
        let figures = Figures::beside(samples, Run::default(), &rivals);
        plots(&figures, samples, &rivals).unwrap()
    }

    #[test]
    fn five_pictures_stand_alone_and_name_axes_floors_and_intervals() {
        let plots = drawn(&run());
        let files: Vec<&str> = plots.iter().map(|plot| plot.file).collect();
        assert_eq!(
            files,
            [
                "roc.svg",
                "precision-recall.svg",
                "operating-points.svg",
                "risk-coverage.svg",
                "reliability.svg"
            ]
        );
        for Plot { file, svg } in &plots {
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{file}");
            assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\""), "{file}");
            let outside = svg.matches("http").count();
            assert_eq!(outside, 1, "{file} asks for something outside");
        }
        let roc = &plots[0].svg;
        assert!(roc.contains("share of the threats looked at") && roc.contains("TF-IDF"));
        assert!(roc.contains("by group") && roc.contains("0.5"), "axes have numbers");
        let own = Figures::of(&run(), Run::default()).clip.roc_auc;
        assert!(roc.contains(&format!("Sereno{}", area(own))), "{}", area(own));
        assert!(!plots[3].svg.contains("alarming words"), "counts are no probabilities");
    }

    #[test]
    fn a_curve_runs_through_its_thresholds() {
        let mut samples = run();
        samples.truncate(4);
        for (one, (probability, threat)) in
            samples.iter_mut().zip([(0.9, true), (0.6, false), (0.4, true), (0.1, false)])
        {
            (one.probability, one.threat) = (probability, Some(threat));
        }
        let rivals = Rivals::default();
        let figures = Figures::beside(&samples, Run::default(), &rivals);
        let picture = roc(&series(&figures, &samples, &rivals));
        let points = &picture.panels[0].lines[0].points;
        assert_eq!(*points, [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]);
    }

    #[test]
    fn without_both_truths_the_picture_says_that_there_is_no_curve() {
        let one_truth: Vec<Sample> =
            run().into_iter().map(|one| Sample { threat: Some(true), ..one }).collect();
        for samples in [&one_truth[..], &[]] {
            for plot in drawn(samples).iter().take(4) {
                assert!(plot.svg.contains("cannot be told from these labels"), "{}", plot.file);
            }
        }
    }

    #[test]
    fn the_same_samples_give_the_same_bytes() {
        assert_eq!(drawn(&run()), drawn(&run()));
    }
}
