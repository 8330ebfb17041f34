//! What the protocol does, told in stories.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::sync::Arc;

use hermescache_protocol::{
    Arguments, Board, Buckets, Cause, Command, Computed, Fate, Fault, History, Invalidation, Key, Manner,
    Moment, Namespace, Outcome, Plan, Point, Policy, Read, Reading, Reply, Sight, Step, Tags, Target, Token,
    Verb, View,
};
use world::{Drops, End, Role, World, story::secs};

#[test]
fn a_miss_takes_three_trips_and_a_hit_one() {
    let mut world = World::empty();
    let first = world.reads(0);
    world.answers(first); // fetch
    world.answers(first); // acquire
    world.computes(first);
    world.answers(first); // commit
    assert_eq!(world.end_of(first), Some(&End::Own(Fate::Stored, Some(0))));

    let second = world.reads(1);
    world.answers(second);
    assert_eq!(world.end_of(second), Some(&End::Hit(0)));
}

#[test]
fn of_two_processes_one_computes_and_the_other_follows() {
    let mut world = World::empty();
    let (leader, follower) = (world.reads(0), world.reads(1));
    world.goes_on(leader);
    world.goes_on(follower);
    assert!(world.is_computing(leader) && world.is_waiting(follower));

    world.computes(leader);
    world.goes_on(leader);
    world.polls(follower);
    assert_eq!(world.end_of(follower), Some(&End::Hit(0)));
}

#[test]
fn a_hundred_callers_of_one_process_acquire_once() {
    let mut world = World::empty();
    let callers: Vec<_> = (0..100).map(|_| world.reads(0)).collect();
    callers.iter().for_each(|caller| world.goes_on(*caller));
    assert_eq!(world.sent("Acquire"), 1);

    world.computes(callers[0]);
    callers[1..].iter().for_each(|caller| world.looks(*caller));
    assert!(callers[1..].iter().all(|caller| world.end_of(*caller) == Some(&End::Shared(0))));
}

#[test]
fn clean_during_compute_is_not_lost() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    world.drops(Drops::TagA);
    world.computes(leader);
    world.goes_on(leader);

    let later = world.reads(1);
    world.goes_on(later);
    assert!(world.is_computing(later), "the stored value is of before the clean");
}

#[test]
fn invalidate_during_compute_fences_the_leader() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    world.drops(Drops::Key);
    world.computes(leader);
    world.goes_on(leader);
    assert_eq!(world.end_of(leader), Some(&End::Own(Fate::Fenced, Some(0))));
}

#[test]
fn a_caller_that_started_before_an_invalidation_may_share_and_one_after_may_not() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    let before = world.reads(0);
    world.goes_on(before);
    world.drops(Drops::Key);
    let after = world.reads(0);
    world.goes_on(after);
    assert!(world.is_computing(after), "the lease that it read is not the flight's");

    world.computes(leader);
    world.looks(before);
    assert_eq!(world.end_of(before), Some(&End::Shared(0)));
    world.computes(after);
    world.goes_on(after);
    assert_eq!(world.end_of(after), Some(&End::Own(Fate::Stored, Some(1))));
}

#[test]
fn an_answer_on_its_way_is_not_for_those_who_came_after_the_question() {
    let mut world = World::warm();
    let early = world.reads(0);
    world.executes(early);
    world.drops(Drops::TagB);
    let late = world.reads(0);
    world.answers(early);
    assert_eq!(world.end_of(early), Some(&End::Hit(0)), "it was there when it asked");
    world.goes_on(late);
    assert!(world.is_computing(late));
}

#[test]
fn a_lease_of_before_a_clean_is_taken_over() {
    let mut world = World::empty();
    let doomed = world.reads(0);
    world.goes_on(doomed);
    world.drops(Drops::All);
    let next = world.reads(1);
    world.goes_on(next);
    assert!(world.is_computing(next), "it does not wait for a value that nobody may use");

    world.computes(doomed);
    world.goes_on(doomed);
    assert_eq!(world.end_of(doomed), Some(&End::Own(Fate::Fenced, Some(0))));
}

#[test]
fn a_killed_leader_frees_its_key_when_its_lease_runs_out() {
    let mut world = World::empty();
    let (leader, follower) = (world.reads(0), world.reads(1));
    world.goes_on(leader);
    world.goes_on(follower);
    world.dies(0);
    world.polls(follower);
    assert!(world.is_waiting(follower));

    world.lease_runs_out();
    world.polls(follower);
    assert!(world.is_computing(follower));
}

#[test]
fn a_leader_that_was_overtaken_does_not_overwrite_its_successor() {
    let mut world = World::empty();
    let slow = world.reads(0);
    world.goes_on(slow);
    world.lease_runs_out();
    let fast = world.reads(1);
    world.goes_on(fast);
    world.computes(fast);
    world.goes_on(fast);
    world.computes(slow);
    world.goes_on(slow);
    assert_eq!(world.end_of(slow), Some(&End::Own(Fate::Fenced, Some(0))));
    assert_eq!(world.end_of(fast), Some(&End::Own(Fate::Stored, Some(0))));
}

#[test]
fn a_leader_that_fails_hands_over_at_once() {
    let mut world = World::empty();
    let (leader, follower) = (world.reads(0), world.reads(0));
    world.goes_on(leader);
    world.goes_on(follower);
    world.fails(leader);
    assert_eq!(world.end_of(leader), Some(&End::Own(Fate::Failed, None)));

    world.late_packets_arrive();
    world.looks(follower);
    world.goes_on(follower);
    assert!(world.is_computing(follower) && world.leads(follower));
}

#[test]
fn a_leader_that_goes_away_hands_over_at_once() {
    let mut world = World::empty();
    let (leader, follower) = (world.reads(0), world.reads(0));
    world.goes_on(leader);
    world.goes_on(follower);
    world.leaves(leader);
    world.late_packets_arrive();
    world.looks(follower);
    world.goes_on(follower);
    assert!(world.is_computing(follower) && world.leads(follower));
}

#[test]
fn a_follower_that_has_seen_two_leaders_fail_computes_for_itself() {
    let mut world = World::empty();
    let callers: Vec<_> = (0..4).map(|_| world.reads(0)).collect();
    callers.iter().for_each(|caller| world.goes_on(*caller));
    world.fails(callers[0]);
    world.late_packets_arrive();
    callers[1..].iter().for_each(|caller| world.looks(*caller));
    world.goes_on(callers[1]);
    callers[2..].iter().for_each(|caller| world.looks(*caller));
    world.fails(callers[1]);
    callers[2..].iter().for_each(|caller| world.looks(*caller));
    assert!(world.is_computing(callers[2]) && world.is_computing(callers[3]), "no convoy");

    world.computes(callers[2]);
    let alone = Fate::Uncommitted(Cause::LeadersFailed);
    assert_eq!(world.end_of(callers[2]), Some(&End::Own(alone, Some(0))));
}

#[test]
fn a_follower_in_another_process_sees_leaders_fail_too() {
    let mut world = World::empty();
    let first = world.reads(0);
    let follower = world.reads(1);
    world.goes_on(first);
    world.goes_on(follower);
    let mut leader = first;
    for _ in 0..2 {
        assert!(world.is_waiting(follower));
        world.leaves(leader);
        world.late_packets_arrive();
        leader = world.reads(0);
        world.goes_on(leader);
        world.polls(follower);
    }
    assert!(world.is_computing(follower) && !world.leads(follower));
}

#[test]
fn a_lease_that_could_not_be_taken_by_force_is_not_waited_for() {
    let world = World::empty();
    let lost = View {
        entry: None,
        unreadable: None,
        lease: Sight::Free,
        versions: Reading::new(History::default(), vec![None; 4]),
    };
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let ends = [Role::Refresh, Role::Set].map(|role| {
        let mut board = Board::<u8>::default();
        let mut read = world.new_read(role, &mut board);
        let _ = read.step(&mut board, world.now, nonces);
        read.answer(&mut board, Ok(Reply::Acquired(lost.clone())), world.now);
        read.step(&mut board, world.now, nonces)
    });
    let not_set = Step::Done(Outcome::Own(Fate::Unanswered(Fault::NotDone)));
    assert_eq!(ends, [Step::Compute, not_set]);
}

#[test]
fn a_value_that_may_not_be_stored_makes_nobody_wait() {
    let mut world = World::empty();
    let (leader, rider, stranger) = (world.reads(0), world.reads(0), world.reads(1));
    [leader, rider, stranger].iter().for_each(|caller| world.goes_on(*caller));
    world.computes_what_may_not_be_stored(leader);
    world.looks(rider);
    assert_eq!(world.end_of(leader), Some(&End::Own(Fate::Unstorable, Some(0))));
    assert_eq!(world.end_of(rider), Some(&End::Shared(0)));

    world.late_packets_arrive();
    world.polls(stranger);
    assert!(world.is_computing(stranger) && !world.leads(stranger));
}

#[test]
fn those_whose_patience_ends_share_one_computation() {
    let mut world = World::empty();
    let leader = world.reads(1);
    world.goes_on(leader);
    let waiting: Vec<_> = (0..10).map(|_| world.reads(0)).collect();
    waiting.iter().for_each(|caller| world.goes_on(*caller));
    world.pass(secs(60));
    waiting.iter().for_each(|caller| world.wakes(*caller));
    assert_eq!(waiting.iter().filter(|caller| world.is_computing(**caller)).count(), 1);

    let computing = *waiting.iter().find(|caller| world.is_computing(**caller)).unwrap();
    world.computes(computing);
    let shared = waiting.iter().filter(|caller| **caller != computing);
    shared.for_each(|caller| {
        world.looks(*caller);
        assert_eq!(world.end_of(*caller), Some(&End::Shared(0)));
    });
    assert_eq!(world.end_of(computing), Some(&End::Own(Fate::Uncommitted(Cause::Patience), Some(0))));
}

#[test]
fn patience_counts_for_the_process_and_not_for_each_caller() {
    let mut world = World::empty();
    let leader = world.reads(1);
    world.goes_on(leader);
    let first = world.reads(0);
    world.goes_on(first);
    world.pass(secs(61));
    world.wakes(first);
    world.computes(first);

    let second = world.reads(0);
    world.goes_on(second);
    world.wakes(second);
    assert!(world.is_computing(second), "it does not wait for that leader all over again");
}

#[test]
fn without_an_answer_a_caller_computes_and_stores_nothing() {
    let mut world = World::empty();
    let caller = world.reads(0);
    world.times_out(caller);
    world.computes(caller);
    let fate = Fate::Uncommitted(Cause::Fault(Fault::Unknown));
    assert_eq!(world.end_of(caller), Some(&End::Own(fate, Some(0))));
}

#[test]
fn callers_whose_backend_is_down_share_one_computation() {
    let mut world = World::empty();
    let callers: Vec<_> = (0..20).map(|_| world.reads(0)).collect();
    callers.iter().for_each(|caller| world.times_out(*caller));
    assert_eq!(callers.iter().filter(|caller| world.is_computing(**caller)).count(), 1);
}

#[test]
fn a_lease_whose_answer_was_lost_is_given_back() {
    for role in [Role::Read, Role::Refresh, Role::Set] {
        let mut world = World::empty();
        let caller = world.starts(0, role);
        if role == Role::Read {
            world.answers(caller); // fetch
        }
        world.executes(caller);
        world.times_out(caller);
        world.late_packets_arrive();

        let next = world.reads(1);
        world.goes_on(next);
        assert!(world.leads(next), "{role:?}: nobody waits for a lease that is nobody's");
    }
}

#[test]
fn a_lease_whose_commit_was_lost_is_given_back() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    world.computes(leader);
    world.times_out(leader);
    world.late_packet_arrives("Release");

    let next = world.reads(1);
    world.goes_on(next);
    assert!(world.leads(next));
    world.late_packet_arrives("Commit");
    world.computes(next);
    world.goes_on(next);
    assert_eq!(world.end_of(next), Some(&End::Own(Fate::Stored, Some(0))));
}

#[test]
fn a_lease_that_is_taken_after_it_was_given_back_lives_until_it_runs_out_known_limit() {
    let mut world = World::empty();
    let caller = world.reads(0);
    world.answers(caller);
    world.times_out(caller);
    world.drops(Drops::Key);
    world.late_packet_arrives("Release");
    world.late_packet_arrives("Acquire");
    world.computes(caller);
    assert_eq!(world.sent("Commit"), 0);

    let waiting = world.reads(1);
    world.goes_on(waiting);
    assert!(world.is_waiting(waiting));

    world.lease_runs_out();
    world.polls(waiting);
    assert!(world.leads(waiting));
}

#[test]
fn set_fences_a_leader_under_way() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    let set = world.starts(1, Role::Set);
    world.goes_on(set);
    assert_eq!(world.end_of(set), Some(&End::Own(Fate::Stored, None)));
    world.computes(leader);
    world.goes_on(leader);
    assert_eq!(world.end_of(leader), Some(&End::Own(Fate::Fenced, Some(0))));
}

#[test]
fn set_that_an_invalidation_overtakes_writes_nothing() {
    let mut world = World::empty();
    let set = world.starts(0, Role::Set);
    world.answers(set);
    world.drops(Drops::Key);
    world.goes_on(set);
    assert_eq!(world.end_of(set), Some(&End::Own(Fate::Fenced, None)));
}

#[test]
fn what_a_set_was_to_replace_is_not_served_after_it() {
    let overtakes: [fn(&mut World); 2] = [World::lease_runs_out, |world| {
        let refresh = world.starts(1, Role::Refresh);
        world.goes_on(refresh);
        world.fails(refresh);
        world.goes_on(refresh);
    }];
    for overtake in overtakes {
        let mut world = World::warm();
        let set = world.starts(0, Role::Set);
        world.answers(set);
        overtake(&mut world);
        world.goes_on(set);
        // Which the driver tells the user as `Ok`.
        assert_eq!(world.end_of(set), Some(&End::Own(Fate::Fenced, None)));
        let reader = world.reads(1);
        world.goes_on(reader);
        assert_ne!(world.end_of(reader), Some(&End::Hit(0)), "the entry from before the set");
    }
}

#[test]
fn set_reports_that_nobody_answered() {
    let mut world = World::empty();
    let set = world.starts(0, Role::Set);
    world.times_out(set);
    assert_eq!(world.end_of(set), Some(&End::Own(Fate::Unanswered(Fault::Unknown), None)));
}

#[test]
fn refresh_replaces_a_good_entry() {
    let mut world = World::warm();
    let refresh = world.starts(0, Role::Refresh);
    world.goes_on(refresh);
    assert!(world.is_computing(refresh));
    let reader = world.reads(1);
    world.goes_on(reader);
    assert_eq!(world.end_of(reader), Some(&End::Hit(0)), "the old entry is served meanwhile");
    world.computes(refresh);
    world.goes_on(refresh);
    assert_eq!(world.end_of(refresh), Some(&End::Own(Fate::Stored, Some(0))));
}

#[test]
fn refresh_to_what_may_not_be_stored_drops_a_good_entry() {
    let mut world = World::warm();
    let refresh = world.starts(0, Role::Refresh);
    world.goes_on(refresh);
    world.computes_what_may_not_be_stored(refresh);
    world.late_packets_arrive();
    assert_eq!(world.end_of(refresh), Some(&End::Own(Fate::Unstorable, Some(0))));

    let reader = world.reads(1);
    world.goes_on(reader);
    assert!(world.leads(reader));
}

#[test]
fn peek_never_computes_and_never_waits() {
    let mut world = World::empty();
    let leader = world.reads(0);
    world.goes_on(leader);
    let peek = world.starts(0, Role::Peek);
    world.goes_on(peek);
    assert_eq!(world.end_of(peek), Some(&End::Missing));
}

#[test]
fn an_evicted_tag_is_a_miss() {
    let mut world = World::warm();
    world.backend.data.tags.pop();
    let caller = world.reads(0);
    world.goes_on(caller);
    assert!(world.is_computing(caller));
}

#[test]
fn a_server_that_comes_back_from_a_snapshot_serves_nothing_of_before() {
    let mut world = World::warm();
    world.backend.snapshot = Some(world.backend.data.clone());
    world.drops(Drops::TagA);
    world.backend.restart();
    let caller = world.reads(0);
    world.goes_on(caller);
    assert!(world.is_computing(caller));
}

#[test]
fn a_server_that_is_full_costs_the_entry_and_not_the_call() {
    let mut world = World::empty();
    world.backend.full = true;
    let caller = world.reads(0);
    world.goes_on(caller);
    world.computes(caller);
    world.goes_on(caller);
    assert_eq!(world.end_of(caller), Some(&End::Own(Fate::Refused, Some(0))));
    assert_eq!(world.backend.data.lease, None, "nobody waits for what will not come");
}

#[test]
fn an_expired_entry_is_computed_again() {
    let mut world = World::warm();
    world.pass(secs(3_599));
    let hit = world.reads(0);
    world.goes_on(hit);
    assert_eq!(world.end_of(hit), Some(&End::Hit(0)));
    world.pass(secs(1));
    let miss = world.reads(0);
    world.goes_on(miss);
    assert!(world.is_computing(miss));
}

#[test]
fn an_entry_that_cannot_be_decoded_is_computed_again() {
    let mut world = World::warm();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Read, &mut board);
    let mut carry = |read: &mut Read, board: &mut Board<u8>| {
        loop {
            match read.step(board, world.now, &mut |bytes: &mut [u8]| bytes.fill(7)) {
                Step::Ask(command) => read.answer(board, Ok(world.backend.carry(&command)), world.now),
                step => return step,
            }
        }
    };
    let Step::Done(Outcome::Hit(entry)) = carry(&mut read, &mut board) else { panic!("the entry is a hit") };
    read.refuse(&mut board, &entry, Moment::MAX);
    assert_eq!(carry(&mut read, &mut board), Step::Compute);
}

#[test]
fn a_lease_that_a_fetch_has_won_needs_no_acquire() {
    let mut world = World::warm();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Read, &mut board);
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let Step::Ask(fetch) = read.step(&mut board, world.now, nonces) else { panic!("it asks") };
    let Reply::Fetched(mut view) = world.backend.carry(&fetch) else { panic!("it is a fetch") };
    view.lease = Sight::Won(view.entry.take().expect("it was warm").id);
    read.answer(&mut board, Ok(Reply::Fetched(view)), world.now);
    assert_eq!(read.step(&mut board, world.now, nonces), Step::Compute);
}

#[test]
fn a_lease_that_a_fetch_has_won_without_versions_is_kept_by_an_acquire() {
    let world = World::empty();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Read, &mut board);
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let won = Token::from_bytes([9; 16]);
    let _ = read.step(&mut board, world.now, nonces);
    let versions = Reading::new(History::default(), vec![None; 4]);
    let view = View { entry: None, unreadable: None, lease: Sight::Won(won), versions };
    read.answer(&mut board, Ok(Reply::Fetched(view.clone())), world.now);
    let Step::Ask(Command::Acquire { token, manner, fresh, .. }) = read.step(&mut board, world.now, nonces)
    else {
        panic!("only the versions are missing")
    };
    assert_eq!((token, manner), (won, Manner::Held));

    let versions = Reading::new(History::default(), fresh.into_iter().map(Some).collect());
    read.answer(&mut board, Ok(Reply::Acquired(View { versions, ..view })), world.now);
    assert_eq!(read.step(&mut board, world.now, nonces), Step::Compute);
}

#[test]
fn versions_that_are_lost_at_once_store_nothing() {
    let world = World::empty();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Refresh, &mut board);
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let Step::Ask(Command::Acquire { token, .. }) = read.step(&mut board, world.now, nonces) else {
        panic!("it asks for the lease")
    };
    let versions = Reading::new(History::default(), vec![None; 4]);
    let view = View { entry: None, unreadable: None, lease: Sight::Won(token), versions };
    read.answer(&mut board, Ok(Reply::Acquired(view)), world.now);
    assert!(matches!(read.step(&mut board, world.now, nonces), Step::Tell(Command::Release { .. })));
    assert_eq!(read.step(&mut board, world.now, nonces), Step::Compute);
    assert!(read.heartbeat(&board).is_none(), "nothing is computed to be stored under an absent version");
}

#[test]
fn a_lease_is_renewed_thrice_in_its_life_until_the_leash_ends() {
    let world = World::empty();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Refresh, &mut board);
    let mut backend = world.backend.clone();
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let Step::Ask(acquire) = read.step(&mut board, world.now, nonces) else { panic!("it asks") };
    read.answer(&mut board, Ok(backend.carry(&acquire)), world.now);
    assert_eq!(read.step(&mut board, world.now, nonces), Step::Compute);

    let mut heartbeat = read.heartbeat(&board).expect("it holds a lease");
    let mut beats = 0;
    while let Some(due) = heartbeat.due() {
        let beat = heartbeat.beat(due);
        assert!(matches!(beat, Command::Renew { .. }));
        heartbeat.answer(&mut board, &Ok(backend.carry(&beat)));
        beats += 1;
    }
    let policy = Policy::default();
    let most = policy.leash().as_nanos() / policy.heartbeat().as_nanos();
    assert!((most - 1..=most).contains(&beats), "{beats} beats");
}

#[test]
fn a_lost_lease_is_not_taken_again_by_its_heartbeat() {
    let mut world = World::empty();
    let mut board = Board::<u8>::default();
    let mut read = world.new_read(Role::Refresh, &mut board);
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let Step::Ask(acquire) = read.step(&mut board, world.now, nonces) else { panic!("it asks") };
    read.answer(&mut board, Ok(world.backend.carry(&acquire)), world.now);
    let _ = read.step(&mut board, world.now, nonces);
    let mut heartbeat = read.heartbeat(&board).expect("it holds a lease");

    world.lease_runs_out();
    let beat = heartbeat.beat(world.now);
    heartbeat.answer(&mut board, &Ok(world.backend.carry(&beat)));
    assert_eq!(heartbeat.due(), None);
    assert_eq!(world.backend.data.lease, None);
}

#[test]
fn one_caller_of_a_process_polls_for_all() {
    let mut world = World::empty();
    let leader = world.reads(1);
    world.goes_on(leader);
    let waiting: Vec<_> = (0..10).map(|_| world.reads(0)).collect();
    waiting.iter().for_each(|caller| world.goes_on(*caller));
    let before = world.sent("Fetch");
    for _ in 0..5 {
        world.pass(secs(1));
        waiting.iter().for_each(|caller| world.wakes_if_due(*caller));
        waiting.iter().for_each(|caller| world.goes_on(*caller));
    }
    assert_eq!(world.sent("Fetch") - before, 5);
}

#[test]
fn a_caller_that_polls_and_never_comes_back_is_replaced() {
    let mut world = World::empty();
    let leader = world.reads(1);
    world.goes_on(leader);
    let (polls, other) = (world.reads(0), world.reads(0));
    world.goes_on(polls);
    world.goes_on(other);
    world.computes(leader);
    world.goes_on(leader);
    // The task that polls is not driven any more.
    world.polls(other);
    assert!(matches!(world.end_of(other), Some(End::Hit(_))), "{:?}", world.end_of(other));
    world.polls(polls);
    assert!(matches!(world.end_of(polls), Some(End::Hit(_))));
}

#[test]
fn callers_of_one_key_with_other_tags_share_nothing() {
    let now = world::T0;
    let nonces = &mut |bytes: &mut [u8]| bytes.fill(7);
    let point = Point::function("f", None);
    let key = Key::new(&Namespace::default(), &point, &Arguments::new());
    let plan = |tag| {
        let target = Arc::new(Target { key: key.clone(), tags: Tags::new(&point, [tag]) });
        Plan { target, readable: world::READABLE, policy: Policy::default() }
    };
    let mut board = Board::<u8>::default();
    let mut backend = World::empty().backend;
    let mut reads = ["a", "b", "a"].map(|tag| Read::new(plan(tag), Verb::Read, &mut board, now));
    let mut carry = |read: &mut Read, board: &mut Board<u8>| match read.step(board, now, nonces) {
        Step::Ask(command) => {
            read.answer(board, Ok(backend.carry(&command)), now);
            None
        }
        step => Some(step),
    };
    for read in &mut reads {
        assert_eq!(carry(read, &mut board), None);
    }
    assert_eq!(carry(&mut reads[0], &mut board), None);
    assert_eq!(carry(&mut reads[0], &mut board), Some(Step::Compute));
    reads[0].computed(&mut board, Computed::Unstorable(1), now);

    let [_, other, same] = &mut reads;
    assert_eq!(carry(same, &mut board), Some(Step::Done(Outcome::Shared(1))));
    assert_eq!(carry(other, &mut board), None, "it asks for itself");
}

#[test]
fn a_board_is_idle_once_nobody_needs_it() {
    let world = World::warm();
    let mut board = Board::<u8>::default();
    let read = world.new_read(Role::Read, &mut board);
    assert!(!board.is_idle(&Policy::default(), world.now));
    assert_eq!(read.abandon(&mut board), (None, None));
    assert!(board.is_idle(&Policy::default(), world.now));
}

#[test]
fn a_clean_is_confirmed_by_all_buckets_or_not_at_all() {
    let mut clean = Invalidation::of_everything(&Namespace::default(), Buckets::Many);
    clean.answer(&Err(Fault::Unknown));
    for _ in 1..256 {
        assert_eq!(clean.verdict(), None);
        clean.answer(&Ok(Reply::Done));
    }
    assert_eq!(clean.verdict(), Some(Err(Fault::Unknown)));
}

#[test]
fn a_clean_of_no_tags_is_done_at_once() {
    let clean = Invalidation::of_tags(&Namespace::default(), [""; 0], Buckets::Many);
    assert_eq!(clean.verdict(), Some(Ok(())));
}
