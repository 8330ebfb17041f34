//! A bench that runs parts of itself in processes of their own: there, nothing is warm, held or counted from before.

use std::{
    env,
    process::{Command, Stdio},
};

/// Stands before the words that say which part a process is to run.
const STAGE: &str = "--stage";

/// The words that this process was started with; none if it is the first one.
#[must_use]
pub fn words() -> Vec<String> {
    env::args().skip_while(|word| word != STAGE).skip(1).collect()
}

/// What this program prints if it is started with these words.
///
/// # Panics
/// If it does not end well.
#[must_use]
pub fn output_of(words: &[&str]) -> String {
    let child = command(words).stderr(Stdio::inherit()).output().expect("it can be started again");
    assert!(child.status.success(), "{words:?}: {}", child.status);
    String::from_utf8(child.stdout).expect("it prints text")
}

/// Starts this program with these words and lets it print.
///
/// # Panics
/// If it does not end well.
pub fn play(words: &[&str]) {
    let status = command(words).status().expect("it can be started again");
    assert!(status.success(), "{words:?}: {status}");
}

/// How this program is started with these words.
#[must_use]
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().expect("a program knows where it is"));
    command.arg(STAGE).args(words);
    command
}
