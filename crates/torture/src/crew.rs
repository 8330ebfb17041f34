//! The processes of a run: the database, and workers that are started, killed, frozen, and told to end.
//! Each is this program again, with a verb that people do not use.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    clock::{At, pass},
    worker::Plan,
};

/// How long a worker may take to end: more than its longest call may last.
pub(crate) const LONGEST_END: Duration = Duration::from_secs(30);

const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A process that ends when its standard input does; so it does not outlive the one that started it.
#[derive(Debug)]
struct Process {
    child: Child,
    input: Option<ChildStdin>,
}

impl Process {
    fn start(program: &Path, arguments: &[&str], output: Stdio) -> Self {
        let mut command = Command::new(program);
        let started = command.args(arguments).stdin(Stdio::piped()).stdout(output).spawn();
        let mut child = started.unwrap_or_else(|why| panic!("starting {}: {why}", program.display()));
        let input = child.stdin.take();
        Self { child, input }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL ends a frozen process too.
        self.kill();
    }
}

/// The process that has the rows.
#[derive(Debug)]
pub(crate) struct DatabaseProcess {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl DatabaseProcess {
    pub(crate) fn start(program: &Path) -> Self {
        let mut process = Process::start(program, &["database"], Stdio::piped());
        let output = process.child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("the database tells its address");
        let address = line.trim().parse().expect("the database tells its address");
        Self { _process: process, address }
    }
}

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    process: Process,
    pub(crate) number: u32,
    pub(crate) log: PathBuf,
}

impl Worker {
    pub(crate) fn start(program: &Path, plan: &Plan) -> Self {
        let said = serde_json::to_string(plan).expect("numbers and texts can be written");
        let process = Process::start(program, &["worker", &said], Stdio::null());
        Self { process, number: plan.number, log: plan.log.clone() }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // A child that was not waited for has its id, even if it has ended.
        let _ = kill_process(Pid::from_child(&self.process.child), signal);
    }

    /// Tells it to end.
    pub(crate) fn tell_to_end(&mut self) {
        self.process.input = None;
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where it does not end in time, or not well.
    pub(crate) fn until_ended(&mut self, by: At) -> Result<(), String> {
        loop {
            match self.process.child.try_wait().expect("a child can be asked after") {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("process {} ended with {status}", self.number)),
                None if At::now() > by => {
                    return Err(format!("process {} does not come to an end", self.number));
                }
                None => pass(BETWEEN_LOOKS),
            }
        }
    }
}
