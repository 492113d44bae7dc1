//! A row of panels with lines, axes, marks and a legend below, drawn as SVG.

use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{Shift, types::RangedCoordf64},
    prelude::{
        BLACK, Cartesian2d, Circle, Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _,
        LineSeries, PathElement, RGBColor, SVGBackend, Text, WHITE,
    },
    style::{
        TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

/// Width of a panel.
const WIDTH: u32 = 600;
/// Height of the title, of a panel without its legend, and of a line of that.
const HEIGHTS: [u32; 3] = [36, 440, 18];
/// Colours that people with any colour vision tell apart (Okabe and Ito 2008), ours first.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(110, 110, 110),
];
const GUIDE: RGBColor = RGBColor(170, 170, 170);
/// Points nearer to the last one than this, in shares of the axes, are not seen and not drawn.
const SEEN: f64 = 0.001;
const FONT: &str = "sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Everything in one file.
pub(super) struct Picture {
    pub(super) title: &'static str,
    pub(super) panels: Vec<Panel>,
}

/// One pair of axes: across 0 to 1, and up as far as there is something to see.
pub(super) struct Panel {
    title: &'static str,
    top: f64,
    axes: [&'static str; 2],
    guide: Vec<(f64, f64)>,
    pub(super) lines: Vec<Line>,
    marks: Vec<(f64, f64, String)>,
}

/// One line and what the legend says of it.
pub(super) struct Line {
    pub(super) legend: String,
    /// Chooses the colour; the first is drawn thick, the others thin.
    pub(super) place: usize,
    pub(super) points: Vec<(f64, f64)>,
}

impl Panel {
    pub(super) const fn new(title: &'static str, axes: [&'static str; 2]) -> Self {
        Self { title, top: 1.0, axes, guide: Vec::new(), lines: Vec::new(), marks: Vec::new() }
    }

    pub(super) fn with_lines(self, lines: Vec<Line>) -> Self {
        Self { lines, ..self }
    }

    /// Not higher than its lines need, in steps of a fifth.
    pub(super) fn cropped(self) -> Self {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let highest = points.map(|(_, y)| *y).fold(0.0, f64::max);
        let top = (highest * 5.0).ceil().clamp(1.0, 5.0) / 5.0;
        Self { top: if self.lines.is_empty() { 1.0 } else { top }, ..self }
    }

    /// With points that are marked, and named where they have a name.
    pub(super) fn with_marks(self, marks: Vec<(f64, f64, String)>) -> Self {
        Self { marks, ..self }
    }

    /// With a grey line that shows what chance, or perfection, would be.
    pub(super) fn with_guide(self, guide: Vec<(f64, f64)>) -> Self {
        Self { guide, ..self }
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), String> {
        let (chart, legend) = area.split_vertically(HEIGHTS[1]);
        let mut chart = ChartBuilder::on(&chart)
            .caption(self.title, (FONT, 15))
            .margin(10)
            .x_label_area_size(42)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..1.0, 0.0..self.top)
            .map_err(in_words)?;
        chart
            .configure_mesh()
            .x_desc(self.axes[0])
            .y_desc(self.axes[1])
            .x_labels(6)
            .y_labels(6)
            .max_light_lines(0)
            .x_label_formatter(&|value| format!("{value:.1}"))
            .y_label_formatter(&|value| format!("{value:.2}"))
            .label_style((FONT, 12))
            .axis_desc_style((FONT, 13))
            .draw()
            .map_err(in_words)?;
        self.draw_lines(&mut chart)?;
        self.draw_legend(&legend)
    }

    fn draw_lines(&self, chart: &mut Chart<'_, '_>) -> Result<(), String> {
        chart
            .draw_series(LineSeries::new(self.guide.iter().copied(), GUIDE.stroke_width(1)))
            .map_err(in_words)?;
        // Ours last, so that it lies on top.
        for line in self.lines.iter().rev() {
            let points = seen(&line.points);
            chart.draw_series(LineSeries::new(points, line.style())).map_err(in_words)?;
        }
        let own = COLOURS[0];
        let dots = self.marks.iter().map(|(x, y, _)| Circle::new((*x, *y), 4, own.filled()));
        chart.draw_series(dots).map_err(in_words)?;
        let above = TextStyle::from((FONT, 11)).pos(Pos::new(HPos::Center, VPos::Bottom));
        let names =
            self.marks.iter().filter(|(_, _, told)| !told.is_empty()).map(|(x, y, told)| {
                // Below the point where the panel ends above it.
                let y = if *y > 0.95 { y - 0.06 } else { y + 0.02 };
                Text::new(told.clone(), (x.clamp(0.04, 0.96), y), above.clone())
            });
        chart.draw_series(names).map_err(in_words)?;
        if self.lines.is_empty() {
            let said = "cannot be told from these labels".to_owned();
            let text = Text::new(said, (0.3, 0.5 * self.top), (FONT, 14).into_font());
            chart.draw_series([text]).map_err(in_words)?;
        }
        Ok(())
    }

    fn draw_legend(&self, area: &Area<'_>) -> Result<(), String> {
        let mut top = 6;
        for line in &self.lines {
            area.draw(&PathElement::new(vec![(64, top), (88, top)], line.style()))
                .map_err(in_words)?;
            let text = Text::new(line.legend.as_str(), (96, top - 6), (FONT, 12).into_font());
            area.draw(&text).map_err(in_words)?;
            top += 18;
        }
        Ok(())
    }
}

impl Line {
    fn style(&self) -> plotters::style::ShapeStyle {
        let colour = COLOURS[self.place % COLOURS.len()];
        if self.place == 0 { colour.stroke_width(3) } else { colour.stroke_width(1) }
    }
}

impl Picture {
    /// The SVG text.
    pub(super) fn draw(&self) -> Result<String, String> {
        let lines = self.panels.iter().map(|panel| panel.lines.len()).max().unwrap_or(0);
        let rows = u32::try_from(lines).unwrap_or(0);
        let columns = self.panels.len();
        let width = WIDTH * u32::try_from(columns).unwrap_or(1);
        let height = HEIGHTS[0] + HEIGHTS[1] + HEIGHTS[2] * rows + 12;
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
            root.fill(&WHITE).map_err(in_words)?;
            let (title, body) = root.split_vertically(HEIGHTS[0]);
            let style = (FONT, 17).into_font().color(&BLACK);
            title.draw(&Text::new(self.title, (14, 12), style)).map_err(in_words)?;
            for (panel, area) in self.panels.iter().zip(body.split_evenly((1, columns))) {
                panel.draw(&area)?;
            }
            root.present().map_err(in_words)?;
        }
        Ok(svg)
    }
}

/// The points that can be told from the one before, and the last.
fn seen(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let apart = kept.last().is_none_or(|(a, b)| (x - a).abs() + (y - b).abs() > SEEN);
        if apart || at + 1 == points.len() {
            kept.push((*x, *y));
        }
    }
    kept
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_nobody_sees_are_left_out_and_the_ends_stay() {
        let points: Vec<(f64, f64)> =
            (0..=100_000_u32).map(|at| (f64::from(at) / 1e5, f64::from(at) / 1e5)).collect();
        let kept = seen(&points);
        assert!(kept.len() < 2_100, "{}", kept.len());
        assert_eq!((kept[0], kept[kept.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
        assert!(seen(&[]).is_empty());
    }

    #[test]
    fn names_cannot_break_the_file() {
        let mut panel = Panel::new("t", ["x", "y"]);
        let points = vec![(0.0, 0.0), (1.0, 1.0)];
        panel.lines.push(Line { legend: "</svg><script>".to_owned(), place: 0, points });
        let svg = Picture { title: "T", panels: vec![panel] }.draw().unwrap();
        assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;"), "{svg}");
    }
}
