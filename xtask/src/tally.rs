//! Counts what test runs say of themselves, and keeps what they say of failures.

use std::fmt;

/// How many tests passed and failed, over any number of runs. `Display` tells of the failures once more: what was said of them at
/// the time lies thousands of lines above.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    failures: String,
    /// Whether the lines that are read now are about failures.
    on_failures: bool,
}

impl Tally {
    /// Takes in a line of a test binary, which closes with `test result: ok. 12 passed; 0 failed; …`.
    pub(crate) fn read(&mut self, line: &str) {
        self.on_failures |= line == "failures:";
        match line.trim_start().strip_prefix("test result: ") {
            Some(result) => self.close(result.split_once(". ").map_or("", |(_, counts)| counts).split("; ")),
            None => self.keep(line),
        }
    }

    /// Takes in a line of pytest, which closes with `==== 1 failed, 12 passed, 1 error in 1.23s ====`, or without the rules.
    pub(crate) fn read_pytest(&mut self, line: &str) {
        let title = line.trim_matches(['=', ' ']);
        self.on_failures |= line.starts_with('=') && matches!(title, "FAILURES" | "ERRORS");
        // Lines of code and what was printed may have an `in` as well.
        let may_close = line.starts_with(|first: char| first == '=' || first.is_ascii_digit());
        match title.split_once(" in ").filter(|_| may_close) {
            Some((counts, _)) => self.close(counts.split(", ")),
            None => self.keep(line),
        }
    }

    fn keep(&mut self, line: &str) {
        if self.on_failures {
            self.failures.extend([line, "\n"]);
        }
    }

    fn close<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        self.on_failures = false;
        for count in counts {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed" | "error" | "errors")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Counts one run that is a test as a whole.
    pub(crate) fn count(&mut self, run: Result<(), String>) {
        match run {
            Ok(()) => self.passed += 1,
            Err(why) => {
                self.failed += 1;
                self.failures.extend([&why, "\n"]);
            }
        }
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} passed, {} failed", self.failures, self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up() {
        let mut tally = Tally::default();
        tally.read("running 3 tests");
        tally.read(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.12s",
        );
        tally.read("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.0s");
        tally.count(Ok(()));
        assert_eq!(tally.to_string(), "8 passed, 2 failed");
    }

    #[test]
    fn what_failures_said_is_said_again() {
        let mut tally = Tally::default();
        let lines = [
            "test one ... ok",
            "failures:",
            "---- two stdout ----",
            "test result: FAILED. 1 passed; 1 failed; 0",
        ];
        lines.into_iter().for_each(|line| tally.read(line));
        let lines = [
            "tests/test_api.py ....",
            "=== FAILURES ===",
            "E  assert 1 in [2]",
            "===== 1 failed, 4 passed in 0.1s =====",
            "after",
        ];
        lines.into_iter().for_each(|line| tally.read_pytest(line));
        tally.count(Err("`ruff check` failed".to_owned()));
        let said = "failures:\n---- two stdout ----\n=== FAILURES ===\nE  assert 1 in [2]\n`ruff check` failed\n5 passed, 3 failed";
        assert_eq!(tally.to_string(), said);
    }

    #[test]
    fn so_do_those_of_pytest() {
        let mut tally = Tally::default();
        tally.read_pytest("collected 12 items");
        tally.read_pytest("tests/test_api.py ....F.s                       [100%]");
        tally.read_pytest("FAILED tests/test_api.py::test_what_is_in_it - assert 1 in [2]");
        tally.read_pytest(
            "=========== 1 failed, 9 passed, 1 skipped, 2 errors in 12.34s (0:00:12) ===========",
        );
        tally.read_pytest("3 passed in 0.01s");
        assert_eq!(tally.to_string(), "12 passed, 3 failed");
    }
}
