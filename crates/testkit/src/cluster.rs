//! A Redis cluster: formed from six servers, asked who is who, and failed over.
//! Moving slots is the affair of `slots`; what a node says of the others is read in `view`.

mod slots;
mod view;

use view::View;

use crate::{
    patience::{in_time, wait_for, wait_until},
    redis::{Redis, value_in},
};

const MASTERS: usize = 3;
const SLOTS: usize = 16384;

/// What makes a cluster quick enough for tests, and which of Redis's defaults is not kept.
const ARGUMENTS: [&str; 6] = [
    // A master is given up after so many milliseconds; less, and a busy machine looks like a dead one.
    "--cluster-node-timeout",
    "1500",
    // However long a replica did not hear of its master, it may take its place.
    "--cluster-replica-validity-factor",
    "0",
    // Where one master is down, the slots of the others go on: what a test does to a part of the cluster stays
    // there. A test of the other setting asks for it.
    "--cluster-require-full-coverage",
    "no",
];

/// A cluster of three masters with one replica each.
///
/// ```no_run
/// use hermes_testkit::Cluster;
///
/// let cluster = Cluster::start();
/// let slot = cluster.slot_of("user:1");
/// let old = cluster.master_of_slot(slot);
///
/// old.kill();
/// cluster.wait_until_settled(); // its replica has taken over
/// assert_ne!(cluster.master_of_slot(slot).port(), old.port());
/// ```
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts one, and returns when all nodes agree that all is well; that takes two to three seconds.
    ///
    /// # Panics
    /// If it is not formed in time.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with further arguments for each node, as on the command line of `redis-server`.
    ///
    /// # Panics
    /// If it is not formed in time.
    #[must_use]
    pub fn with(arguments: &[&str]) -> Self {
        let node = Redis::builder().cluster_node().arguments(&ARGUMENTS).arguments(arguments);
        let cluster = Self { nodes: (0..2 * MASTERS).map(|_| node.clone().start()).collect() };
        let (masters, replicas) = cluster.nodes.split_at(MASTERS);

        for (number, master) in masters.iter().enumerate() {
            // With epochs of their own from the start, masters need not settle first which of them is the elder.
            master.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
            let first = number * SLOTS / MASTERS;
            let last = (number + 1) * SLOTS / MASTERS - 1;
            master.command(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
        }
        cluster.introduce();
        for (replica, master) in replicas.iter().zip(masters) {
            let id = master.command(&["CLUSTER", "MYID"]);
            wait_until("the replica has heard of its master", || {
                replica.try_command(&["CLUSTER", "REPLICATE", id.text()]).is_ok()
            });
        }
        wait_until("the masters have their replicas", || {
            replicas.iter().all(|replica| View::of(replica).is_some_and(|view| view.masters() == MASTERS))
        });
        cluster.wait_until_settled();
        cluster
    }

    /// `redis+cluster://HOST:PORT,HOST:PORT,HOST:PORT`, with half of the nodes; they know the others.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> = self.nodes[..MASTERS].iter().map(|node| node.address().to_string()).collect();
        format!("redis+cluster://{}", addresses.join(","))
    }

    /// All six: those that were masters in the beginning, then those that were their replicas, in the same order.
    #[must_use]
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// Who has this slot, whether it still serves or not.
    ///
    /// # Panics
    /// If nobody has it, or no node serves.
    #[must_use]
    pub fn master_of_slot(&self, slot: u16) -> &Redis {
        let view = self.view();
        self.node(view.master_of_slot(slot).unwrap_or_else(|| panic!("nobody has slot {slot}")).port)
    }

    /// Who copies this master now, if anybody does.
    ///
    /// # Panics
    /// If no node serves.
    #[must_use]
    pub fn replica_of(&self, master: &Redis) -> Option<&Redis> {
        Some(self.node(self.view().replica_of(master.port())?.port))
    }

    /// Makes the replica of this master the master, and returns it when all nodes know. Nothing that was written is
    /// lost; the old master serves as the replica.
    ///
    /// # Panics
    /// If the master has no replica, or one of both does not serve.
    pub fn fail_over(&self, master: &Redis) -> &Redis {
        let replica = self.replica_of(master).expect("the master has a replica");
        replica.command(&["CLUSTER", "FAILOVER"]);
        wait_until("the replica is the master", || replica.info("role").as_deref() == Some("master"));
        self.wait_until_settled();
        replica
    }

    /// Waits until all nodes that serve agree: each slot has a master, which serves, and each replica is linked to
    /// its own. After a master was killed or frozen, that is when its replica has taken over.
    ///
    /// # Panics
    /// After half a minute, with what the nodes say.
    pub fn wait_until_settled(&self) {
        if in_time(|| self.is_settled().then_some(())).is_none() {
            let views: Vec<_> = self.serving().map(View::of).collect();
            panic!("the nodes do not come to agree: {views:#?}");
        }
    }

    fn is_settled(&self) -> bool {
        let mut views = self.serving().map(View::of);
        let Some(Some(view)) = views.next() else { return false };
        view.slots_of(|port| self.node(port).is_serving()) == SLOTS
            && views.all(|other| other.as_ref() == Some(&view))
            && self.serving().all(|node| is_well(node).unwrap_or(false))
    }

    /// Everybody meets everybody; left to gossip alone, it would take some seconds.
    fn introduce(&self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let bus = node.setting("cluster-port");
            for other in &self.nodes[..number] {
                let port = node.port().to_string();
                other.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
    }

    /// What the first node that serves says.
    fn view(&self) -> View {
        let node = self.serving().next().expect("a node serves");
        wait_for("the node tells who is who", || View::of(node))
    }

    fn serving(&self) -> impl Iterator<Item = &Redis> {
        self.nodes.iter().filter(|node| node.is_serving())
    }

    fn node(&self, port: u16) -> &Redis {
        self.nodes.iter().find(|node| node.port() == port).expect("all nodes of the cluster are ours")
    }
}

/// Whether a node thinks that the cluster is well, and is linked to its master if it has one.
fn is_well(node: &Redis) -> Option<bool> {
    let state = value_in(node.try_command(&["CLUSTER", "INFO"]).ok()?.text(), "cluster_state")?;
    let link = node.info("master_link_status");
    Some(state == "ok" && link.is_none_or(|link| link == "up"))
}
