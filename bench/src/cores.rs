//! Which core runs what: a server has the last, and one thread that asks it the first.
//!
//! Left to itself, the kernel now and then runs both on one, for as long as a run lasts. To wake each other up they need not
//! wake a core then, which takes longer than all else: a hit on a server takes a third of the time.

use std::{
    fs,
    process::{Command, Stdio},
};

/// Runs something on the core of servers, with all that it starts.
///
/// # Panics
/// Where there is no `taskset`.
pub fn on_servers_core<T>(what: impl FnOnce() -> T) -> T {
    let cores = cores();
    on_one(cores.rsplit(BETWEEN).next(), &cores, what)
}

/// The same, on that of who asks them.
///
/// # Panics
/// Where there is no `taskset`.
pub fn on_callers_core<T>(what: impl FnOnce() -> T) -> T {
    let cores = cores();
    on_one(cores.split(BETWEEN).next(), &cores, what)
}

const BETWEEN: [char; 2] = ['-', ','];

/// Those that this thread may run on, as in `0-3,8`.
fn cores() -> String {
    let status = fs::read_to_string("/proc/thread-self/status").expect("Linux tells it");
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    cores.expect("Linux tells it").trim().to_owned()
}

fn on_one<T>(one: Option<&str>, cores: &str, what: impl FnOnce() -> T) -> T {
    keep_to(one.expect("there is one"));
    let told = what();
    keep_to(cores);
    told
}

/// Lets this thread run on some cores only.
fn keep_to(cores: &str) {
    let thread = fs::read_link("/proc/thread-self").expect("Linux tells it");
    let number = thread.file_name().expect("it ends with the number of the thread");
    let mut taskset = Command::new("taskset");
    let status = taskset.args(["--pid", "--cpu-list", cores]).arg(number).stdout(Stdio::null()).status();
    assert!(status.expect("util-linux is there").success(), "this thread keeps to the cores {cores}");
}
