//! Counts the instructions of a hit in process under valgrind, and sees to it that they do not grow unnoticed.
//!
//! Unlike nanoseconds they are the same on a busy machine; and on another processor, since valgrind plays one of its own. They
//! do depend on the compiler, which is why the committed figures name theirs. valgrind is all that this needs: gungraun would ask for a
//! runner of its own to be built first, and then count the same.

use std::{fs, path::Path, process::Command};

use crate::{
    cargo::{cargo, output, root, run},
    install,
    metadata::Metadata,
};

/// What was committed, and how many times as many instructions a hit may have before that fails.
const COMMITTED: &str = "bench/instructions/committed.tsv";
const MOST: f64 = 1.05;

/// How many hits are counted: the difference of the two is free of what happens but once.
const FEW: u64 = 1_000;
const MANY: u64 = 11_000;

/// The subject and its instructions a hit.
type Counts = Vec<(String, f64)>;

/// Compares with the committed figures, or writes them anew.
///
/// # Errors
/// A hit that has grown is one.
pub(crate) fn instructions(word: Option<&str>) -> Result<(), String> {
    install::what_is_missing()?;
    let (counts, compiler) = (count()?, compiler()?);
    match word {
        Some(_) => renew(&counts, &compiler),
        None => {
            let committed = fs::read_to_string(root().join(COMMITTED));
            let committed = committed.map_err(|why| format!("reading {COMMITTED}: {why}"))?;
            compare(&counts, &compiler, &committed).map(|said| println!("{said}"))
        }
    }
}

/// The instructions of a hit of each subject.
pub(crate) fn count() -> Result<Counts, String> {
    run(&mut cargo(&["build", "--profile", "bench", "--package", "hermescache-instructions"]))?;
    let program = Metadata::read()?.target_folder().join("release/hermescache-instructions");
    let subjects = output(&mut Command::new(&program))?;
    let counted = |subject: &str| {
        let [few, many] = [FEW, MANY].map(|hits| counted(&program, subject, hits));
        Ok((subject.to_owned(), (many? - few?) / (MANY - FEW) as f64))
    };
    subjects.lines().map(counted).collect()
}

/// All instructions of a run.
fn counted(program: &Path, subject: &str, hits: u64) -> Result<f64, String> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--callgrind-out-file=/dev/stdout"]);
    let said = output(valgrind.arg(program).args([subject, &hits.to_string()]))?;
    let summary = said.lines().find_map(|line| line.strip_prefix("summary: "));
    let count = summary.and_then(|count| count.split_whitespace().next()?.parse().ok());
    count.ok_or_else(|| format!("valgrind did not count {subject}"))
}

/// What is to be said of these counts, in an error if a hit has grown.
fn compare(counts: &Counts, compiler: &str, committed: &str) -> Result<String, String> {
    let (of_compiler, committed) = parsed(committed)?;
    let (mut said, mut grown) = (Vec::new(), false);
    for (subject, count) in counts {
        let before = committed.iter().find(|(name, _)| name == subject).map(|(_, count)| *count);
        let before = before.ok_or_else(|| format!("{COMMITTED} lacks {subject:?}; {RENEW}"))?;
        said.push(format!("a hit, {subject}: {count:.1} instructions, {before:.1} committed"));
        grown |= *count > before * MOST;
    }
    if of_compiler != compiler {
        said.push(format!(
            "not compared: these are of {compiler}, the committed ones of {of_compiler}; {RENEW}"
        ));
    } else if grown {
        said.push(format!("a hit has grown by more than 5 %; if it is worth that, {RENEW}"));
        return Err(said.join("\n"));
    }
    Ok(said.join("\n"))
}

const RENEW: &str = "`cargo xtask instructions renew` writes them anew";

fn renew(counts: &Counts, compiler: &str) -> Result<(), String> {
    let lines: String = counts.iter().map(|(subject, count)| format!("{subject}\t{count:.1}\n")).collect();
    fs::write(root().join(COMMITTED), format!("{compiler}\n{lines}"))
        .map_err(|why| format!("writing {COMMITTED}: {why}"))
}

/// The compiler, and what it was that it counted.
fn parsed(text: &str) -> Result<(&str, Counts), String> {
    let (compiler, lines) = text.split_once('\n').unwrap_or((text, ""));
    let count = |line: &str| {
        let (subject, count) = line.split_once('\t')?;
        Some((subject.to_owned(), count.parse().ok()?))
    };
    let counts: Option<Counts> = lines.lines().map(count).collect();
    Ok((compiler, counts.ok_or_else(|| format!("{COMMITTED} is not a table; {RENEW}"))?))
}

/// The version, and what it compiles for.
fn compiler() -> Result<String, String> {
    let verbose = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let said = |word| verbose.lines().find_map(|line| line.strip_prefix(word));
    let version = verbose.lines().next().unwrap_or_default();
    Ok(format!("{version} for {}", said("host: ").unwrap_or("an unknown host")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = "rustc 1.95.0\n2 tags\t200.0\n";

    fn counted(instructions: f64) -> Counts {
        vec![("2 tags".to_owned(), instructions)]
    }

    #[test]
    fn a_hit_that_has_grown_is_an_error() {
        assert!(compare(&counted(209.0), "rustc 1.95.0", COMMITTED).is_ok());
        assert!(compare(&counted(211.0), "rustc 1.95.0", COMMITTED).is_err());
    }

    #[test]
    fn hits_of_another_compiler_are_not_compared() {
        let said = compare(&counted(300.0), "rustc 1.96.0", COMMITTED).unwrap();
        assert!(said.contains("not compared"), "{said}");
    }

    #[test]
    fn a_subject_that_was_never_counted_is_an_error() {
        assert!(compare(&vec![("9 tags".to_owned(), 1.0)], "rustc 1.95.0", COMMITTED).is_err());
    }
}
