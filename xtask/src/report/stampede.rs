//! What is told of stampedes.

use super::{
    Section,
    curves::curves,
    lines::{Lines, figure, lines_of, table},
    overview::{Best, Headline},
};
use crate::plot::Plot;

/// Lines: place, callers, subject, computations, milliseconds until the last caller was back: the median, and the longest.
pub(crate) fn stampede(lines: &Lines) -> Section {
    let [threads, tasks, redis, memcached] =
        ["threads", "tasks", "processes on Redis", "processes on memcached"]
            .map(|place| lines_of(lines, &[place]));
    let on_servers: Lines = [("Redis", redis.clone()), ("memcached", memcached)]
        .into_iter()
        .flat_map(|(place, lines)| lines.into_iter().map(move |line| [vec![place.to_owned()], line].concat()))
        .collect();
    let text = format!(
        "## A stampede

Many callers ask at once for a key that nobody has, whose computation takes 100 ms. How many of them compute, and how many milliseconds
after the first computation has ended is the last caller back: the median of 15 rounds, and the longest. Where all compute, nobody
waits for anybody, and the load is what it would be without a cache.

### Threads of one process

{}
### Tasks of one process

On two threads of a runtime.

{}
![Milliseconds until the last task is back, by the number of tasks](plots/stampede.svg)

### Processes that share a server

Four processes with eight threads each. With Hermes, one thread of each process asks the server now and then whether the value is
there, the less often the longer it takes: it sleeps for an eighth of the time that it has waited.

{}",
        of_callers(&threads),
        of_callers(&tasks),
        rows("| server | callers | subject | computations | last one back | longest |", &on_servers),
    );
    let wait = |lines: &Lines, worry| {
        let most = most_callers(lines);
        let subjects: Vec<_> = lines
            .iter()
            .filter(|line| line[0] == most && figure(line, 2) <= 1.0)
            .map(|line| (line[1].as_str(), figure(line, 3)))
            .collect();
        Headline::new(worry, "ms", Best::Low, "hermes", &subjects)
    };
    let computations: Vec<_> = redis.iter().map(|line| (line[1].as_str(), figure(line, 2))).collect();
    let headlines = [
        wait(&threads, "a stampede of 256 threads, last one back"),
        wait(&tasks, "a stampede of 256 tasks, last one back"),
        Headline::new(
            "a stampede of 4 processes on Redis",
            "computations",
            Best::Low,
            "hermes",
            &computations,
        ),
    ];
    let one_computes = |line: &&Vec<String>| figure(line, 2) <= 1.0;
    let waits =
        tasks.iter().filter(one_computes).map(|line| [1, 0, 3].map(|place| line[place].clone()).to_vec());
    let plot = Plot {
        file: "stampede",
        title: "A stampede of tasks: the last one is back",
        x: "tasks that miss at once",
        y: "ms after the computation",
        curves: curves(&waits.collect()),
    };
    Section { text, plots: vec![plot], headlines: headlines.into_iter().flatten().collect() }
}

fn of_callers(lines: &Lines) -> String {
    rows("| callers | subject | computations | last one back | longest |", lines)
}

/// A table whose last three columns are figures.
fn rows(titles: &str, lines: &Lines) -> String {
    let words = titles.matches('|').count() - 1 - 3;
    format!("{titles}\n{}{}|\n{}", "|---".repeat(words), "|---:".repeat(3), table(lines))
}

fn most_callers(lines: &Lines) -> String {
    let most = lines.iter().map(|line| figure(line, 0) as u64).max();
    most.unwrap_or_default().to_string()
}
