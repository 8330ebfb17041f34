//! The command line of the torture, and what its processes are told to be.
//! Everything else is in the library.
#![allow(clippy::print_stdout, reason = "this is a program for people at a terminal")]

use std::{env, process::ExitCode};

use hermes_torture::{become_database, become_worker, command_line};

/// Exit code of a command line that makes no sense.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["database"] => closes_well(become_database(|address| println!("{address}"))),
        ["worker", plan] => closes_well(become_worker(plan)),
        _ => torture(&words),
    }
}

fn torture(words: &[String]) -> ExitCode {
    let program = env::current_exe().expect("a program knows where it is");
    let run = match command_line::read(program, words) {
        Ok(run) => run,
        Err(why) => {
            eprintln!("torture: {why}\n{}", command_line::USAGE);
            return ExitCode::from(MISUSED);
        }
    };
    match run.go() {
        Ok(report) => {
            println!("{report}");
            if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => closes_well(Err(why)),
    }
}

fn closes_well(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("torture: {why}");
            ExitCode::FAILURE
        }
    }
}
