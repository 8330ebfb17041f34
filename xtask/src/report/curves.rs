//! Figures over what grows, as tables and curves.
//! Leaves to each worry what grows, to `plot` the drawing.

use super::lines::{Lines, figure, lines_of, table};
use crate::plot::Curve;

/// A table of lines: subject, x, y. It has a column for each x.
pub(super) fn grid(lines: &Lines) -> String {
    let xs = distinct(lines, 1);
    let row = |subject: &String| {
        let of_x = |x: &String| lines.iter().find(|line| line[0] == *subject && line[1] == *x);
        let figures = xs.iter().map(|x| of_x(x).map_or_else(|| "–".to_owned(), |line| line[2].clone()));
        [subject.clone()].into_iter().chain(figures).collect::<Vec<_>>()
    };
    let rows: Vec<_> = distinct(lines, 0).iter().map(row).collect();
    let titles: Vec<_> = xs.iter().map(|x| grouped(x)).collect();
    format!("| | {} |\n|---|{}\n{}", titles.join(" | "), "---:|".repeat(xs.len()), table(&rows))
}

/// Curves of lines: subject, x, y. Hermes's come first.
pub(super) fn curves(lines: &Lines) -> Vec<Curve> {
    let curve = |subject: String| {
        let points =
            lines_of(lines, &[&subject]).iter().map(|line| (figure(line, 0), figure(line, 1))).collect();
        Curve { subject, points }
    };
    let mut subjects = distinct(lines, 0);
    subjects.sort_by_key(|subject| !subject.starts_with("hermes"));
    subjects.into_iter().map(curve).collect()
}

/// Each subject's figure at the greatest x.
pub(super) fn at_the_end(lines: &Lines) -> Vec<(&str, f64)> {
    let most = lines.iter().map(|line| figure(line, 1)).fold(0.0, f64::max);
    lines
        .iter()
        .filter(|line| figure(line, 1) >= most)
        .map(|line| (line[0].as_str(), figure(line, 2)))
        .collect()
}

/// What stands in a column, each once, in the order in which it first does.
fn distinct(lines: &Lines, place: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        if !found.contains(&line[place]) {
            found.push(line[place].clone());
        }
    }
    found
}

/// Thousands apart: `1,000,000`.
fn grouped(number: &str) -> String {
    let digit = |(place, digit): (usize, char)| {
        let comma = place > 0 && (number.len() - place).is_multiple_of(3);
        [comma.then_some(','), Some(digit)].into_iter().flatten()
    };
    number.chars().enumerate().flat_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_column_for_each_x() {
        let line = |subject: &str, x: &str, y: &str| [subject, x, y].map(str::to_owned).to_vec();
        let lines =
            vec![line("hermes", "1", "20.0"), line("moka", "1", "90.0"), line("hermes", "1000", "30.0")];
        assert_eq!(
            grid(&lines),
            "| | 1 | 1,000 |\n|---|---:|---:|\n| hermes | 20.0 | 30.0 |\n| moka | 90.0 | – |\n"
        );
        assert_eq!(at_the_end(&lines), [("hermes", 30.0)]);
    }
}
