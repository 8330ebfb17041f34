//! Counts what test runs say of themselves.

use std::fmt;

/// How many tests passed and failed, over any number of runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Counts a line if it closes a test binary: `test result: ok. 12 passed; 0 failed; …`.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else { return };
        self.add(result.split_once(". ").map_or("", |(_, counts)| counts).split("; "));
    }

    /// Counts a line if it closes a run of pytest: `==== 1 failed, 12 passed, 1 error in 1.23s ====`.
    pub(crate) fn read_pytest(&mut self, line: &str) {
        let Some((counts, _)) = line.trim_matches(['=', ' ']).split_once(" in ") else { return };
        self.add(counts.split(", "));
    }

    fn add<'a>(&mut self, counts: impl Iterator<Item = &'a str>) {
        for count in counts {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed" | "error" | "errors")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Counts one run that is a test as a whole.
    pub(crate) fn count(&mut self, went_well: bool) {
        *(if went_well { &mut self.passed } else { &mut self.failed }) += 1;
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
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
        tally.count(true);
        assert_eq!(tally.to_string(), "8 passed, 2 failed");
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
