//! Tries everything that can happen in a small world, breadth first, so that a history it finds is a shortest one.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
};

use super::{Action, From, Setup, Stage, Violation, World, canon::canonical, kind_of};

/// More steps than any call needs once nothing disturbs it.
const MANY_STEPS: usize = 400;

/// States by their canonical hash, which needs no further hashing.
pub(crate) type States = HashSet<u128, BuildHasherDefault<AsIs>>;

#[derive(Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only states are hashed")
    }

    fn write_u128(&mut self, state: u128) {
        self.0 = state as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    pub(crate) depth: usize,
    pub(crate) broken: Option<Broken>,
}

/// A promise that was broken, and how it came to that.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) violation: Violation,
    pub(crate) history: Vec<String>,
}

/// Searches all of a world, or up to the first violation.
///
/// # Panics
/// If the world has more than `at_most` states: a search that is cut short proves nothing.
pub(crate) fn search(setup: &Setup, at_most: usize) -> Found {
    let start = World::new(setup);
    let mut parents: Vec<(u32, Action)> = vec![(0, Action::Snapshot)];
    let mut seen: States = States::from_iter([canonical(&start)]);
    let mut ends = States::default();
    let mut level = vec![(0, canonical(&start), start)];
    let (mut depth, mut transitions) = (0, 0);
    let found = |states, transitions, depth, broken| Found { states, transitions, depth, broken };
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for (id, state, world) in level {
            if let Err((violation, more)) = check_that_calls_end(&world, state, &mut ends) {
                let history = tell(setup, &parents, id, &more);
                let broken = Some(Broken { violation, history });
                return found(seen.len(), transitions, depth, broken);
            }
            for action in world.actions() {
                let mut next = world.clone();
                transitions += 1;
                if let Err(violation) = next.apply(action) {
                    let history = tell(setup, &parents, id, &[action]);
                    let broken = Some(Broken { violation, history });
                    return found(seen.len(), transitions, depth + 1, broken);
                }
                let state = canonical(&next);
                if seen.insert(state) {
                    assert!(
                        seen.len() <= at_most,
                        "the world has more than {at_most} states (depth {depth})"
                    );
                    parents.push((id, action));
                    next_level.push((parents.len() as u32 - 1, state, next));
                }
            }
        }
        level = next_level;
        depth += 1;
    }
    found(seen.len(), transitions, depth, None)
}

/// P3: where nothing more disturbs the world, every call ends, and none has to wait for its patience.
pub(crate) fn check_that_calls_end(
    world: &World,
    mut state: u128,
    ends: &mut States,
) -> Result<(), (Violation, Vec<Action>)> {
    if ends.contains(&state) {
        return Ok(());
    }
    let mut world = world.clone();
    let (mut passed, mut actions) = (Vec::new(), Vec::new());
    while !ends.contains(&state) {
        passed.push(state);
        let Some(action) = world.fair_action() else { break };
        actions.push(action);
        let lost = |what: String| Violation { promise: "P3", what };
        if world.has_to_lose_patience(action) {
            return Err((lost("nothing happens any more, and a caller still waits".to_owned()), actions));
        }
        if actions.len() > MANY_STEPS {
            let what = format!("calls do not end: {} steps after the last disturbance", actions.len());
            actions.truncate(40);
            return Err((lost(what), actions));
        }
        if let Err(violation) = world.apply(action) {
            return Err((violation, actions));
        }
        state = canonical(&world);
    }
    ends.extend(passed);
    Ok(())
}

/// The history that led to a state, and what followed.
fn tell(setup: &Setup, parents: &[(u32, Action)], last: u32, more: &[Action]) -> Vec<String> {
    let mut actions = more.to_vec();
    let mut id = last;
    while id != 0 {
        let (parent, action) = parents[id as usize];
        actions.insert(0, action);
        id = parent;
    }
    let mut world = World::new(setup);
    let mut history = Vec::new();
    for action in actions {
        history.push(describe(&world, action));
        if let Err(violation) = world.apply(action) {
            history.push(format!("{}: {}", violation.promise, violation.what));
        }
    }
    history
}

fn describe(world: &World, action: Action) -> String {
    let packet = |index: usize| {
        let packet = &world.packets[index];
        let from = match packet.from {
            From::Caller(caller) => format!("caller {caller}"),
            From::Invalidation(index) => format!("invalidation {index}"),
            From::Nobody => "nobody".to_owned(),
        };
        let name = kind_of(&packet.command).to_lowercase();
        let half = if matches!(packet.stage, Stage::Half(_)) { ", second half" } else { "" };
        format!("{name} of {from}{half}")
    };
    match action {
        Action::Execute(index) => format!("executed: {}", packet(index)),
        Action::Deliver(index) => format!("answered: {}", packet(index)),
        Action::TimeOut(index) => format!("timed out: {}", packet(index)),
        Action::Start(index) => format!("caller {index} starts in process {}", world.callers[index].process),
        Action::Invalidate(index) => {
            format!("invalidation {index} begins, database at v{}", world.database + 1)
        }
        other => format!("{other:?}"),
    }
}

/// Groups histories for a table.
pub(crate) fn lines(history: &[String]) -> String {
    history.iter().map(|line| format!("    {line}\n")).collect()
}
