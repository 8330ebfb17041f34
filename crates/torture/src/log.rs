//! Where a process writes down what it does: a file, each line with one system call, so that one that is killed has told all it did.
//! What the lines say, `history` knows.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::{
    clock::At,
    history::{Event, Id, What},
};

/// The log of one process.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    worker: u32,
    numbers: AtomicU64,
}

impl Log {
    /// # Panics
    /// If the file cannot be made.
    pub(crate) fn create(path: &Path, worker: u32) -> Self {
        let file = File::options().create(true).append(true).open(path).expect("the folder of logs is ours");
        Self { file, worker, numbers: AtomicU64::new(0) }
    }

    /// A name for what is done next.
    pub(crate) fn id(&self) -> Id {
        Id { worker: self.worker, number: self.numbers.fetch_add(1, Relaxed) }
    }

    /// # Panics
    /// If the disk is full: a run without its history is worth nothing.
    pub(crate) fn write(&self, actor: u32, from: At, to: At, what: What) {
        let line = Event { worker: self.worker, actor, from, to, what }.line();
        (&self.file).write_all(&line).expect("there is room for the log");
    }

    /// Something that ends now.
    pub(crate) fn until_now(&self, actor: u32, from: At, what: What) {
        self.write(actor, from, At::now(), what);
    }
}
