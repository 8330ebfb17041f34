//! Draws curves as SVG for a browser, light or dark: both axes logarithmic, names beside the curves.
//! Leaves to the report what is drawn.

use plotters::{coord::Shift, prelude::*};

/// A picture of the page.
#[derive(Debug)]
pub(crate) struct Plot {
    /// Its name in `docs/plots`, without `.svg`.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) curves: Vec<Curve>,
}

/// What becomes of one subject.
#[derive(Debug)]
pub(crate) struct Curve {
    pub(crate) subject: String,
    /// By growing x, all above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (880, 420);
const NAMES_WIDTH: u32 = 280;
const TEXT: u32 = 17;
const INK: RGBColor = RGBColor(34, 34, 34);
const GRID: RGBColor = RGBColor(222, 222, 222);

/// Okabe and Ito's colours, which those who see red and green alike can tell apart.
const COLOURS: [RGBColor; 7] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
];

/// By how many times an axis goes further than the points.
const ROOM: f64 = 1.3;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Plot {
    /// The text of the file.
    ///
    /// # Errors
    /// Says which picture could not be drawn.
    pub(crate) fn svg(&self) -> Result<String, String> {
        let mut svg = String::new();
        self.draw(&SVGBackend::with_string(&mut svg, SIZE).into_drawing_area())
            .map_err(|why| format!("drawing {}: {why}", self.file))?;
        // Whoever has no picture before their eyes hears the title.
        Ok(svg.replacen('>', &format!("><title>{}</title>", self.title), 1) + "\n")
    }

    fn draw(&self, whole: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
        whole.fill(&WHITE)?;
        let (picture, names) = whole.split_horizontally(SIZE.0 - NAMES_WIDTH);
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let (xs, ys) = (Range::of(points().map(|it| it.0)), Range::of(points().map(|it| it.1)));
        let marks_of_x = distinct(points().map(|it| it.0));
        let x = (xs.least..xs.most).log_scale().with_key_points(marks_of_x);
        let y = (ys.least / ROOM..ys.most * ROOM).log_scale().with_key_points(ys.marks());
        let mut chart = ChartBuilder::on(&picture)
            .margin(16)
            .caption(self.title, text(TEXT + 4))
            .x_label_area_size(52)
            .y_label_area_size(78)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .x_desc(self.x)
            .y_desc(self.y)
            .axis_desc_style(text(TEXT))
            .label_style(text(TEXT - 1))
            .x_label_formatter(&|x| short(*x))
            .y_label_formatter(&|y| short(*y))
            .draw()?;
        for (place, curve) in self.curves.iter().enumerate() {
            let style = style(place);
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
            chart.draw_series(curve.points.iter().map(|point| Circle::new(*point, 4, style.filled())))?;
        }
        self.draw_names(&names)
    }

    /// The subjects from above to below as their curves end.
    fn draw_names(&self, area: &Area<'_>) -> Result<(), Box<dyn std::error::Error>> {
        let end = |curve: &Curve| curve.points.last().map_or(0.0, |point| point.1);
        let mut curves: Vec<_> = self.curves.iter().enumerate().collect();
        curves.sort_by(|one, other| end(other.1).total_cmp(&end(one.1)));
        for (line, (place, curve)) in curves.into_iter().enumerate() {
            let y = 70 + 28 * line as i32;
            let style = style(place);
            area.draw(&PathElement::new([(4, y), (30, y)], style))?;
            area.draw(&Circle::new((17, y), 4, style.filled()))?;
            area.draw(&Text::new(curve.subject.clone(), (38, y - TEXT as i32 / 2), text(TEXT - 1)))?;
        }
        Ok(())
    }
}

/// What an axis spans.
struct Range {
    least: f64,
    most: f64,
}

impl Range {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let nothing = Self { least: f64::INFINITY, most: 0.0 };
        values.fold(nothing, |range, it| Self { least: range.least.min(it), most: range.most.max(it) })
    }

    /// Round numbers in it: powers of ten, and where these are few, twice and five times as much.
    fn marks(&self) -> Vec<f64> {
        let [first, last] = [self.least / ROOM, self.most * ROOM].map(|it| it.log10().floor() as i32);
        let powers: Vec<f64> = (first..=last).map(|power| 10f64.powi(power)).collect();
        let steps: &[f64] = if powers.len() > 4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let marks = powers.iter().flat_map(|power| steps.iter().map(move |step| power * step));
        marks.filter(|mark| (self.least / ROOM..=self.most * ROOM).contains(mark)).collect()
    }
}

fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

fn style(place: usize) -> ShapeStyle {
    ShapeStyle::from(COLOURS[place % COLOURS.len()]).stroke_width(if place == 0 { 3 } else { 2 })
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// A number with as few characters as tell it: `0.05`, `300`, `20 k`, `1 M`.
fn short(number: f64) -> String {
    let parts = [(1e6, " M"), (1e3, " k")];
    match parts.iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => format!("{}{name}", rounded(number / unit)),
        None => rounded(number),
    }
}

/// Without the last digits, in which powers of ten are not what they should be.
fn rounded(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [0.05, 1.0, 300.0, 20_000.0, 10f64.powi(6)].map(short);
        assert_eq!(said, ["0.05", "1", "300", "20 k", "1 M"]);
    }

    #[test]
    fn a_plot_names_its_axes_and_curves() {
        let curve = Curve { subject: "hermes".to_owned(), points: vec![(1.0, 20.0), (1000.0, 30.0)] };
        let plot = Plot { file: "p", title: "Title", x: "entries", y: "ns", curves: vec![curve] };
        let svg = plot.svg().unwrap();
        for text in ["<title>Title</title>", "entries", "ns", "hermes", "1 k"] {
            assert!(svg.contains(text), "{text}");
        }
    }
}
