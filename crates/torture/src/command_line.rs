//! What is said on the command line. Does none of it.

use std::{path::PathBuf, time::Duration};

use crate::run::{Faults, Run};

/// How it is called.
pub const USAGE: &str = "\
torture --backend memory|redis|cluster|memcached [--faults none|all|NAME,NAME] [--seconds 60] [--seed 1]
        [--workers 3] [--threads 2] [--tasks 4] [--pace hot|calm]
        [--bug NAME] [--keep FILE]";

/// Reads the words after the program's name.
///
/// # Errors
/// A word that is not known, or does not fit the one before it.
pub fn read(program: PathBuf, words: &[String]) -> Result<Run, String> {
    let mut run = Run::on("", program);
    let mut words = words.iter();
    while let Some(name) = words.next() {
        let said = words.next().ok_or_else(|| format!("{name} needs a word after it"))?;
        let number = || said.parse::<u32>().map_err(|_| format!("{name} takes a number, not {said:?}"));
        match name.as_str() {
            "--backend" => run.backend.clone_from(said),
            "--faults" => run.faults = faults(said),
            "--seconds" => run.lasts = Duration::from_secs(number()?.into()),
            "--seed" => run.seed = number()?.into(),
            "--workers" => run.workers = number()?.max(1),
            "--threads" => run.threads = number()?,
            "--tasks" => run.tasks = number()?,
            "--pace" => run.pace = said.parse()?,
            "--bug" => run.bug = Some(said.parse()?),
            "--keep" => run.keep = Some(said.into()),
            _ => return Err(format!("there is no {name}")),
        }
    }
    if run.backend.is_empty() { Err("--backend is missing".to_owned()) } else { Ok(run) }
}

fn faults(said: &str) -> Faults {
    match said {
        "none" => Faults::None,
        "all" => Faults::All,
        names => Faults::Named(names.split(',').map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deed::Pace, planted::Bug};

    fn said(line: &str) -> Result<Run, String> {
        read(PathBuf::new(), &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_is_read_word_by_word() {
        let run = said(
            "--backend redis --faults kill-worker,cut --seconds 20 --seed 7 --pace calm --bug acquire-twice",
        )
        .unwrap();
        assert_eq!(run.backend, "redis");
        assert_eq!(run.faults, Faults::Named(vec!["kill-worker".to_owned(), "cut".to_owned()]));
        assert_eq!((run.lasts, run.seed), (Duration::from_secs(20), 7));
        assert_eq!((run.pace, run.bug), (Pace::Calm, Some(Bug::AcquireTwice)));
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        for line in
            ["", "--backend", "--backend redis --seconds soon", "--backend redis --loudly yes", "--bug no"]
        {
            assert!(said(line).is_err(), "{line}");
        }
    }
}
