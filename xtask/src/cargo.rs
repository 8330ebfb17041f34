//! Runs cargo, and lets what it prints pass through while it is read.
//! Leaves to others what the lines mean.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this crate is a folder of the workspace").to_path_buf()
}

/// The cargo that runs this program, at the root of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command to its end.
///
/// # Errors
/// Says which command failed.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let said = announce(command);
    let status = command.status().map_err(|why| format!("starting `{said}`: {why}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{said}` failed: {status}")) }
}

/// Runs a command to its end and shows each line of its standard output also to `each`.
///
/// # Errors
/// Says which command failed.
pub(crate) fn run_reading(command: &mut Command, mut each: impl FnMut(&str)) -> Result<(), String> {
    let said = announce(command);
    let starting = |why| format!("starting `{said}`: {why}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(starting)?;
    let output = child.stdout.take().expect("standard output is piped");
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(|why| format!("reading from `{said}`: {why}"))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        each(&line);
    }
    let status = child.wait().map_err(|why| format!("waiting for `{said}`: {why}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{said}` failed: {status}")) }
}

/// What a command prints on its standard output.
///
/// # Errors
/// Says which command failed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let said = words(command);
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|why| format!("starting `{said}`: {why}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("`{said}` failed: {}", output.status))
    }
}

/// Prints the command as one would type it.
fn announce(command: &Command) -> String {
    let said = words(command);
    println!("\n$ {said}");
    said
}

fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={:?}", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<_> = variables.chain([program.to_string_lossy().into_owned()]).chain(arguments).collect();
    words.join(" ")
}
