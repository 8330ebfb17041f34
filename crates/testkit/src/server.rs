//! One server process: started on a free port, killed, frozen, started again, and gone when dropped.
//! What it serves, and in which protocol, `redis` and `memcached` know.

use std::{
    fmt,
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::{
    folder::Folder,
    patience::in_time,
    port::{free_port, loopback},
    watchdog::Watchdog,
};

/// How many ports are tried when others keep taking them.
const ATTEMPTS: usize = 10;

const LOG: &str = "log";

/// The process id of whoever is ready to serve at an address. It must be asked for: the port may have been taken
/// by somebody else's server, which answers just as well.
type Greeting = Arc<dyn Fn(SocketAddr) -> Option<u32> + Send + Sync>;

/// The process of one server. [`Redis`](crate::Redis) and [`Memcached`](crate::Memcached) are used as one.
///
/// Dropping it kills the process, frozen or not, and removes its folder.
pub struct Server {
    program: &'static str,
    arguments: Vec<String>,
    greeting: Greeting,
    address: SocketAddr,
    process: Mutex<Process>,
    is_frozen: AtomicBool,
    folder: Folder,
}

/// The process, and who stops it where nobody else can; none once it was killed.
struct Process {
    child: Child,
    watchdog: Option<Watchdog>,
}

impl Server {
    /// Starts the program with the arguments that fit a port and a folder.
    pub(crate) fn start(
        program: &'static str,
        arguments: impl Fn(u16, &Path) -> Vec<String>,
        greeting: impl Fn(SocketAddr) -> Option<u32> + Send + Sync + 'static,
    ) -> Self {
        let greeting: Greeting = Arc::new(greeting);
        let mut attempt = 1;
        loop {
            let (port, folder) = (free_port(), Folder::new());
            let arguments = arguments(port, folder.path());
            let process = Mutex::new(spawn(program, &arguments, folder.path()));
            let address = loopback(port);
            let greeting = greeting.clone();
            let is_frozen = AtomicBool::new(false);
            let server = Self { program, arguments, greeting, address, process, is_frozen, folder };
            match server.until_ready() {
                Ok(()) => return server,
                Err(log) if log.contains("Address already in use") && attempt < ATTEMPTS => attempt += 1,
                Err(log) => panic!("{program} does not start; its log ends with\n{log}"),
            }
        }
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on, the same after [`start_again`](Self::start_again).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The id of its process, another one after [`start_again`](Self::start_again).
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process().child.id()
    }

    /// The folder it runs in, where its log is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether it runs and is not frozen.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        !self.is_frozen.load(SeqCst) && !self.has_exited()
    }

    /// Kills it as a crash would, with SIGKILL. Returns when the process is gone and its connections are closed.
    pub fn kill(&self) {
        let mut process = self.process();
        process.watchdog = None;
        let child = &mut process.child;
        child.kill().expect("a child may be killed");
        child.wait().expect("a child can be waited for");
    }

    /// Starts it with the same arguments on the same port and in the same folder, after a [`kill`](Self::kill) or
    /// instead of one. Returns when it serves.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&self) {
        self.kill();
        self.is_frozen.store(false, SeqCst);
        *self.process() = spawn(self.program, &self.arguments, self.folder.path());
        if let Err(log) = self.until_ready() {
            panic!("{} does not start again; its log ends with\n{log}", self.program);
        }
    }

    /// Stops it as a debugger would, with SIGSTOP: connections stay open and nothing is answered. Returns when all
    /// its threads stand still.
    ///
    /// # Panics
    /// If it does not run.
    pub fn freeze(&self) {
        let pid = self.signal(Signal::STOP);
        // Left where it is found: an exit belongs to `Child::wait`.
        let news = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), news).expect("a child can be waited for");
        self.is_frozen.store(true, SeqCst);
    }

    /// Lets it go on, with SIGCONT.
    ///
    /// # Panics
    /// If it does not run.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
        self.is_frozen.store(false, SeqCst);
    }

    /// Runs a story while it is frozen.
    ///
    /// # Panics
    /// If it does not run.
    pub fn freeze_while<T>(&self, story: impl FnOnce() -> T) -> T {
        self.freeze();
        let outcome = story();
        self.thaw();
        outcome
    }

    fn signal(&self, signal: Signal) -> Pid {
        // A process that ended and was waited for has no id any more; another may have it.
        assert!(!self.has_exited(), "{} on port {} does not run", self.program, self.port());
        let pid = Pid::from_child(&self.process().child);
        kill_process(pid, signal).expect("a child may be signalled");
        pid
    }

    fn has_exited(&self) -> bool {
        self.process().child.try_wait().expect("a child can be asked after").is_some()
    }

    /// # Errors
    /// The end of its log, if it exits or does not serve in time.
    fn until_ready(&self) -> Result<(), String> {
        let ready = in_time(|| {
            if (self.greeting)(self.address) == Some(self.pid()) {
                return Some(true);
            }
            self.has_exited().then_some(false)
        });
        if ready == Some(true) { Ok(()) } else { Err(self.end_of_log()) }
    }

    fn end_of_log(&self) -> String {
        const LINES: usize = 20;
        let log = fs::read(self.folder.path().join(LOG)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        // A panic elsewhere must not keep the process from being killed.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL ends a frozen process too.
        self.kill();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} on {}", self.program, self.pid(), self.address)
    }
}

fn spawn(program: &str, arguments: &[String], folder: &Path) -> Process {
    let log = File::options().create(true).append(true).open(folder.join(LOG)).expect("the folder is ours");
    let log_too = log.try_clone().expect("a file descriptor is free");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(log_too);
    let child = command.spawn().unwrap_or_else(|error| panic!("running {program}: {error}"));
    let watchdog = Some(Watchdog::over(&child, folder));
    Process { child, watchdog }
}
