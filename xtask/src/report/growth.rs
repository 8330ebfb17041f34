//! What is told of growth: more entries, more tags, more callers; and tables and curves over what grows.

use super::{
    Section,
    lines::{Lines, figure, lines_of, table},
    overview::{Best, Headline},
};
use crate::plot::{Curve, Plot};

/// Lines: plot, subject, x, y.
pub(crate) fn growth(lines: &Lines) -> Section {
    let [entries, callers, tags, on_redis] =
        ["entries", "callers", "tags", "tags on Redis"].map(|plot| rounded(&lines_of(lines, &[plot])));
    let text = format!(
        "## Growth

What a hit takes as things become more. The subjects have their turns of 40 ms one after the other; figures are medians.

### More entries

Nanoseconds of a hit, one thread, keys drawn from all entries alike, so that the processor's own caches help less and less. Each
number of entries has a process of its own, in which all caches hold them; a number that the machine had no memory for is
left out.

{}
![Nanoseconds of a hit by the number of entries](plots/entries.svg)

### More callers

Nanoseconds from one hit to the next, made by any of so many threads (Zipf 0.99 over 100,000 keys): the time divided by the calls that
all of them made. There are only as many processors as the top of the page says. Tasks that ask Redis are below, with the hit on Redis.

{}
![Nanoseconds of a hit by the number of threads](plots/callers.svg)

### More tags

Hermes alone, for its peers have none: nanoseconds of a hit, of the clean of some other tag and a hit after it, and of a miss in a full
cache, by how many tags each entry has. They are the same for all entries of a function, or *own tags*, made from the arguments. While
no tag is cleaned, a hit looks at none.

{}
![Nanoseconds in process by the number of tags](plots/tags.svg)

Microseconds of a hit on a Redis server of the same machine, one thread. All tags are read in one round trip:

{}
![Microseconds of a hit on Redis by the number of tags](plots/tags-redis.svg)
",
        grid(&entries),
        grid(&callers),
        grid(&tags),
        grid(&on_redis),
    );
    let plots = vec![
        Plot {
            file: "entries",
            title: "A hit by the number of entries",
            x: "entries in the cache",
            y: "nanoseconds",
            curves: curves(&entries),
        },
        Plot {
            file: "callers",
            title: "A hit by the number of threads",
            x: "threads that call at once",
            y: "nanoseconds",
            curves: curves(&callers),
        },
        Plot {
            file: "tags",
            title: "Tags in process",
            x: "tags of each entry",
            y: "nanoseconds",
            curves: curves(&tags),
        },
        Plot {
            file: "tags-redis",
            title: "Tags on Redis",
            x: "tags of each entry",
            y: "microseconds",
            curves: curves(&on_redis),
        },
    ];
    let headline =
        |lines: &Lines, worry| Headline::new(worry, "ns", Best::Low, "hermes 2 tags", &last(lines));
    let headlines = [
        headline(&entries, "a hit among as many entries as there is memory for"),
        headline(&callers, "a hit, as many threads as there were tried"),
    ];
    Section { text, plots, headlines: headlines.into_iter().flatten().collect() }
}

/// A table with a column for each x, of lines: subject, x, y.
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

/// Curves of the same, Hermes's first.
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
fn last(lines: &Lines) -> Vec<(&str, f64)> {
    let most = lines.iter().map(|line| figure(line, 1)).fold(0.0, f64::max);
    lines
        .iter()
        .filter(|line| figure(line, 1) >= most)
        .map(|line| (line[0].as_str(), figure(line, 2)))
        .collect()
}

/// With one digit behind the point.
fn rounded(lines: &Lines) -> Lines {
    lines
        .iter()
        .map(|line| vec![line[0].clone(), line[1].clone(), format!("{:.1}", figure(line, 2))])
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
        assert_eq!(last(&lines), [("hermes", 30.0)]);
    }
}
