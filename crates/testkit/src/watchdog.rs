//! Sees to it that a server does not outlive the process that started it, however that ends.
//! What it watches over, `server` knows.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// Waits for the end of its input, which is the end of this process; then there is nobody left to stop the server.
const SCRIPT: &str = r#"read -r _; kill -KILL "$0"; rm -rf -- "$1""#;

/// A shell that stops a server and removes its folder when this process is gone: a `static` is never dropped, and a
/// test that is killed drops nothing.
#[derive(Debug)]
pub(crate) struct Watchdog(Child);

impl Watchdog {
    pub(crate) fn over(server: &Child, folder: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, &server.id().to_string()]).arg(folder);
        // In a group of its own, so that what ends a test from the keyboard does not end it too.
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(shell.expect("a shell can be started"))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // Gone before the server is: its process id may be another's then.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
