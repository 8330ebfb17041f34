//! A Redis cluster of three masters and their replicas. Its nodes tell each other's addresses, so there is no proxy before them.

use std::{ops::Range, sync::OnceLock, time::Duration};

use hermes_testkit::{Cluster, Redis};

use super::{
    Fault, NAMESPACE, Stage,
    neighbours::Neighbours,
    network::A_MOMENT,
    redis::{USER, as_user, look, trespasses},
};
use crate::clock::{Dice, pass};

/// Far shorter than what makes the others give a master up: a client that is cut off with a deposed master reads what was true
/// before it was deposed, and no cache can know.
const A_BLINK: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(500);

pub(super) fn open() -> Box<dyn Stage> {
    Box::new(Clustered { cluster: Cluster::with(&USER), neighbours: OnceLock::new() })
}

struct Clustered {
    cluster: Cluster,
    neighbours: OnceLock<Neighbours>,
}

impl Stage for Clustered {
    fn url(&self) -> String {
        as_user(&self.cluster.url())
    }

    fn faults(&self) -> Vec<Fault<'_>> {
        let cluster = &self.cluster;
        vec![
            Fault::new("failover", |dice| {
                cluster.fail_over(a_master(cluster, dice));
            })
            .that_loses(),
            Fault::new("crash", |dice| {
                let master = a_master(cluster, dice);
                master.kill();
                cluster.wait_until_settled();
                pass(dice.span(A_MOMENT));
                master.start_again();
                cluster.wait_until_settled();
            })
            .that_loses(),
            Fault::new("freeze", |dice| a_master(cluster, dice).freeze_while(|| pass(dice.span(A_BLINK)))),
            Fault::new("client-kill", |dice| a_master(cluster, dice).kill_clients()),
            Fault::new("flush", |dice| a_master(cluster, dice).flush_all()).that_loses(),
            Fault::new("reshard", |dice| reshard(cluster, dice)),
        ]
    }

    fn settle_neighbours(&self) {
        let put = |name: &str| drop(self.master_of(name).command(&["SET", name, name]));
        self.neighbours.get_or_init(|| Neighbours::settle(&self.cluster.url(), put));
    }

    fn harm_to_neighbours(&self, lost: bool) -> Vec<String> {
        let Some(neighbours) = self.neighbours.get() else { return Vec::new() };
        let mut harm = neighbours.harm(lost, |name| look(self.master_of(name), name));
        harm.extend(self.cluster.nodes().iter().filter_map(trespasses));
        harm
    }
}

impl Clustered {
    fn master_of(&self, name: &str) -> &Redis {
        self.cluster.master_of_slot(self.cluster.slot_of(name))
    }
}

fn a_master<'a>(cluster: &'a Cluster, dice: &mut Dice) -> &'a Redis {
    const SLOTS: u32 = 16384;
    let slot = u16::try_from(dice.below(SLOTS)).expect("there are 16384 slots");
    cluster.master_of_slot(slot)
}

/// Moves a slot that has keys of the run to another master, with pauses between the steps.
fn reshard(cluster: &Cluster, dice: &mut Dice) {
    let from = a_master(cluster, dice);
    let keys = from.command(&["KEYS", &format!("{NAMESPACE}:*")]);
    if keys.list().is_empty() {
        return;
    }
    let slot = cluster.slot_of(dice.pick(keys.list()).bytes());
    let to = loop {
        let to = a_master(cluster, dice);
        if to.port() != from.port() {
            break to;
        }
    };
    cluster.begin_move(slot, to);
    pass(dice.span(A_BLINK));
    cluster.move_keys(slot, to);
    pass(dice.span(A_BLINK));
    cluster.end_move(slot, to);
}
