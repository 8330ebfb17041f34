//! Several commands at once: answered as if they had been one after the other, in the order of the questions.
//! Leaves to the backend how much of it is done at once.

use std::sync::Arc;

use hermes::backend::{Command, Purpose, Reply, Sight, Tag};

use crate::conformance::candidate::{Candidate, LONG, fetch};

pub fn no_command_has_no_answer(candidate: &Candidate) {
    assert_eq!(candidate.ask_all(&[]), []);
}

pub fn answers_come_in_the_order_of_the_commands(candidate: &Candidate) {
    let names: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    let targets: Vec<_> = names.iter().map(|name| candidate.target(name, &["a"])).collect();
    for (target, name) in targets.iter().zip(&names).filter(|(_, name)| !name.ends_with('7')) {
        candidate.store(target, name.as_bytes());
    }

    let commands: Vec<_> = targets.iter().map(|target| fetch(target, Purpose::Peek)).collect();
    let answers = candidate.ask_all(&commands);

    assert_eq!(answers.len(), 100);
    for (answer, name) in answers.into_iter().zip(&names) {
        let Reply::Fetched(view) = answer else { panic!("{answer:?}") };
        let expected = (!name.ends_with('7')).then_some(name.as_bytes());
        assert_eq!(view.entry.as_ref().map(|entry| &*entry.payload), expected);
    }
}

pub fn commands_of_all_kinds_go_together(candidate: &Candidate) {
    let [stored, held, gone] = ["stored", "held", "gone"].map(|name| candidate.target(name, &["a"]));
    candidate.store(&stored, b"value");
    candidate.store(&gone, b"value");
    let won = candidate.win(&held);

    let answers = candidate.ask_all(&[
        fetch(&stored, Purpose::Peek),
        Command::Renew { target: Arc::clone(&held), token: won.token, lease: LONG },
        Command::Invalidate { key: gone.key.clone() },
        fetch(&held, Purpose::Peek),
    ]);

    assert!(matches!(&answers[0], Reply::Fetched(view) if view.entry.is_some()), "{:?}", answers[0]);
    assert!(matches!(&answers[1], Reply::Renewed(Some(_))), "{:?}", answers[1]);
    assert_eq!(answers[2], Reply::Done);
    assert!(matches!(&answers[3], Reply::Fetched(view) if view.entry.is_none()), "{:?}", answers[3]);
    assert_eq!(candidate.payload(&gone), None);
    assert!(matches!(candidate.lease(&held), Sight::Held(_)));
}

pub fn a_clean_of_every_bucket_reaches_every_key(candidate: &Candidate) {
    let names: Vec<_> = (0..30).map(|n| n.to_string()).collect();
    let targets: Vec<_> = names.iter().map(|name| candidate.target(name, &["a"])).collect();
    for target in &targets {
        candidate.store(target, b"value");
    }
    let clean = |bucket| Command::Clean {
        namespace: candidate.namespace().clone(),
        bucket,
        tags: [Tag::user("a")].into(),
    };

    let answers = candidate.ask_all(&candidate.buckets().all().map(clean).collect::<Vec<_>>());

    assert!(answers.iter().all(|answer| *answer == Reply::Done));
    for target in &targets {
        assert_eq!(candidate.peek(target).versions.complete(&target.tags), None);
    }
}

pub fn buckets_never_change(candidate: &Candidate) {
    let buckets = candidate.buckets();
    candidate.store(&candidate.target("k", &["a"]), b"value");
    assert_eq!(candidate.buckets(), buckets);
}
