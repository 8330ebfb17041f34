//! A history as a table for people: in the order in which things began, in milliseconds since the first.
//! Which events belong to it, the promises say.

use std::fmt;

use crate::{
    clock::At,
    history::{Event, What},
};

pub(super) fn tell(f: &mut fmt::Formatter<'_>, story: &[Event]) -> fmt::Result {
    let mut story: Vec<_> = story.iter().collect();
    story.sort_by_key(|event| (event.from, event.to));
    let Some(first) = story.first().map(|event| event.from) else { return Ok(()) };
    writeln!(f, "  {:>10}  {:>10}  {:9}  what", "from ms", "to ms", "who")?;
    let ms = |at: At| format!("{:.3}", at.since(first).as_secs_f64() * 1e3);
    for event in story {
        let to = match event.to {
            At::NEVER => "?".to_owned(),
            at => ms(at),
        };
        let who = match event.worker {
            Event::HARNESS => "faults".to_owned(),
            worker => format!("{worker}.{}", event.actor),
        };
        write!(f, "  {:>10}  {to:>10}  {who:9}  {}", ms(event.from), event.what)?;
        if let What::Began { asked, .. } = event.what {
            write!(f, ", {:.3} ms after its call", event.from.since(asked).as_secs_f64() * 1e3)?;
        }
        writeln!(f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{
        check::{Promise, Violation},
        clock::At,
        history::{Event, What},
    };

    #[test]
    fn a_story_is_told_from_its_beginning() {
        let event = |worker, from, to, what| Event { worker, actor: 7, from: At(from), to: At(to), what };
        let story = vec![
            event(1, 5_000_000, 6_500_000, What::Wrote { row: 2, version: 9 }),
            event(0, 3_000_000, u64::MAX, What::Froze { worker: 1 }),
        ];
        let violation = Violation { promise: Promise::Fresh, says: "so it is".to_owned(), story };
        let told = "P1, fresh after invalidation: so it is
     from ms       to ms  who        what
       0.000           ?  faults     fault: process 1 stands still
       2.000       3.500  1.7        write row 2: version 9
";
        assert_eq!(violation.to_string(), told);
    }
}
