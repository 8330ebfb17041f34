//! A branch of the shop: a process of its own, with the same database and the same cache on a server.
//! Says what happens there; what it shows is told by `main`.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rusqlite::Connection;

use crate::{
    Address, Failure, cache,
    queries::{author_page, book_page, rename_author},
};

/// The branch, as the shop sees it: it is told what to do in lines, and answers each with one.
pub(crate) struct Branch {
    process: Child,
    tell: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Branch {
    /// Starts the same program again.
    pub(crate) fn open(url: &str, namespace: &str, database: &Path) -> Result<Self, Failure> {
        let mut process = Command::new(env::current_exe()?)
            .args(["--branch", url, namespace])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let tell = process.stdin.take().ok_or("the branch takes no orders")?;
        let told = BufReader::new(process.stdout.take().ok_or("the branch does not answer")?);
        Ok(Self { process, tell, told })
    }

    pub(crate) fn order(&mut self, order: &str) -> Result<(), Failure> {
        Ok(writeln!(self.tell, "{order}")?)
    }

    pub(crate) fn answer(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.told.read_line(&mut line)? {
            0 => Err("the branch has closed; what it said is above".into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    pub(crate) fn close(self) -> Result<(), Failure> {
        let Self { mut process, tell, .. } = self;
        drop(tell);
        process.wait()?;
        Ok(())
    }
}

/// Shows the pages of these books to as many readers, and tells how many had to be computed here.
pub(crate) fn show_all(db: &Connection, addresses: &[Address]) -> Result<u64, Failure> {
    let before = cache().stats().computations;
    for (author, book) in addresses {
        book_page(db, *author, *book)?;
    }
    Ok(cache().stats().computations - before)
}

/// Carries out orders until there are no more.
pub(crate) fn work(db: &Connection, addresses: &[Address]) -> Result<(), Failure> {
    for order in io::stdin().lock().lines() {
        let order = order?;
        match order.split_once(' ') {
            None => println!("{}", show_all(db, addresses)?),
            Some(("author", id)) => println!("{}", author_page(db, id.parse()?)?.name),
            Some((id, name)) => {
                rename_author(db, id.parse()?, name)?;
                println!("renamed");
            }
        }
    }
    Ok(())
}
