//! What is told of growth: more entries, more tags, more callers.

use super::{
    Section,
    curves::{at_the_end, curves, grid},
    lines::{Lines, figure, lines_of},
    overview::{Best, Headline},
};
use crate::plot::Plot;

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
        |lines: &Lines, worry| Headline::new(worry, "ns", Best::Low, "hermes 2 tags", &at_the_end(lines));
    let headlines = [
        headline(&entries, "a hit among as many entries as there is memory for"),
        headline(&callers, "a hit, as many threads as there were tried"),
    ];
    Section { text, plots, headlines: headlines.into_iter().flatten().collect() }
}

/// With one digit behind the point.
fn rounded(lines: &Lines) -> Lines {
    lines
        .iter()
        .map(|line| vec![line[0].clone(), line[1].clone(), format!("{:.1}", figure(line, 2))])
        .collect()
}
