//! A master, its replica, and the sentinels that choose which of them is the master.
//! What a single server can do is the affair of `redis`.

use crate::{
    patience::{in_time, wait_for, wait_until},
    redis::Redis,
    resp::Answer,
};

/// The name under which the sentinels know the master, as in Redis's own examples.
const NAME: &str = "mymaster";

const SENTINELS: usize = 3;

/// How many sentinels must find the master dead. They need a majority to elect anyway.
const QUORUM: &str = "2";

/// What is said of the master to each sentinel.
const SETTINGS: [(&str, &str); 2] = [
    // Less, and a busy machine looks like a dead master.
    ("down-after-milliseconds", "1000"),
    // Where two sentinels vote for themselves, they vote again after twice as long.
    ("failover-timeout", "2000"),
];

/// How often sentinels look and tell, in ms; by themselves they take up to ten seconds to learn of each other, of a
/// replica, or of a master that came back. Who hears of no failover for four times the period of publishing makes a
/// promoted replica a replica again, so that one must leave time for a failover.
const PERIODS: [(&str, &str); 4] =
    [("INFO-PERIOD", "200"), ("PING-PERIOD", "200"), ("PUBLISH-PERIOD", "500"), ("ASK-PERIOD", "200")];

/// A master with one replica, watched by three sentinels.
///
/// ```no_run
/// use hermes_testkit::Sentinels;
///
/// let sentinels = Sentinels::start();
/// let old = sentinels.master();
///
/// old.kill();
/// sentinels.wait_until_settled(); // they have elected the replica
/// assert_ne!(sentinels.master().port(), old.port());
/// ```
#[derive(Debug)]
pub struct Sentinels {
    /// First, so that they are stopped first, and elect nobody while the others are being stopped.
    sentinels: Vec<Redis>,
    servers: [Redis; 2],
}

impl Sentinels {
    /// Starts all five, and returns when the sentinels agree that all is well.
    ///
    /// # Panics
    /// If they do not in time.
    #[must_use]
    pub fn start() -> Self {
        let master = Redis::start();
        let replica = Redis::with(&["--replicaof", "127.0.0.1", &master.port().to_string()]);
        // A sentinel learns of replicas from the master.
        wait_until("the master has its replica", || is_linked(&replica) && has_replica(&master));

        let port = master.port().to_string();
        let sentinels = (0..SENTINELS).map(|_| watching(&port)).collect();
        let all = Self { sentinels, servers: [master, replica] };
        all.wait_until_settled();
        all
    }

    /// `redis+sentinel://HOST:PORT,HOST:PORT,HOST:PORT/mymaster`, with all sentinels.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<_> =
            self.sentinels.iter().map(|sentinel| sentinel.address().to_string()).collect();
        format!("redis+sentinel://{}/{NAME}", addresses.join(","))
    }

    /// The sentinels themselves.
    #[must_use]
    pub fn sentinels(&self) -> &[Redis] {
        &self.sentinels
    }

    /// Who is the master, whether it still serves or not.
    ///
    /// # Panics
    /// If no sentinel serves.
    #[must_use]
    pub fn master(&self) -> &Redis {
        self.by_role().0
    }

    /// The other one.
    ///
    /// # Panics
    /// If no sentinel serves.
    #[must_use]
    pub fn replica(&self) -> &Redis {
        self.by_role().1
    }

    /// Makes the replica the master, and returns it when all sentinels know and the old master serves as its
    /// replica.
    ///
    /// # Panics
    /// If they do not come to that in time.
    pub fn fail_over(&self) -> &Redis {
        let replica = self.replica();
        let sentinel = self.serving().next().expect("a sentinel serves");
        // It refuses while another failover is not quite over, and until it has heard from the replica.
        wait_until("the sentinel begins a failover", || {
            sentinel.try_command(&["SENTINEL", "FAILOVER", NAME]).is_ok()
        });
        wait_until("the replica is the master", || self.master().port() == replica.port());
        self.wait_until_settled();
        replica
    }

    /// Waits until all sentinels that serve agree on the master, which serves, and until the other one is linked to
    /// it, if it serves. After the master was killed or frozen, that is when the replica has taken over.
    ///
    /// # Panics
    /// After half a minute, with what the sentinels say.
    pub fn wait_until_settled(&self) {
        if in_time(|| self.is_settled()?.then_some(())).is_none() {
            let masters: Vec<_> = self.serving().map(master_port).collect();
            panic!("the sentinels do not come to agree; they name as the master {masters:?}");
        }
    }

    fn is_settled(&self) -> Option<bool> {
        let port = master_port(self.serving().next()?)?;
        let (master, other) = self.split_by(port);
        // Whoever does not serve is not asked: a frozen server would not answer.
        if !master.is_serving() || master.info("role")? != "master" {
            return Some(false);
        }
        let other_is_well = !other.is_serving() || is_linked(other) && has_replica(master);
        let knows_all = |sentinel| {
            master_port(sentinel) == Some(port)
                && knows_master(sentinel).unwrap_or(false)
                && (!other.is_serving() || knows_replica(sentinel).unwrap_or(false))
        };
        Some(other_is_well && self.serving().all(knows_all))
    }

    /// The master, and the other one.
    fn by_role(&self) -> (&Redis, &Redis) {
        let sentinel = self.serving().next().expect("a sentinel serves");
        self.split_by(wait_for("the sentinel names the master", || master_port(sentinel)))
    }

    fn split_by(&self, master_port: u16) -> (&Redis, &Redis) {
        let [one, other] = &self.servers;
        if one.port() == master_port { (one, other) } else { (other, one) }
    }

    fn serving(&self) -> impl Iterator<Item = &Redis> {
        self.sentinels.iter().filter(|sentinel| sentinel.is_serving())
    }
}

/// A sentinel that watches the master on this port.
fn watching(port: &str) -> Redis {
    let sentinel = Redis::builder().sentinel().start();
    for (period, ms) in PERIODS {
        sentinel.command(&["SENTINEL", "DEBUG", period, ms]);
    }
    sentinel.command(&["SENTINEL", "MONITOR", NAME, "127.0.0.1", port, QUORUM]);
    for (setting, value) in SETTINGS {
        sentinel.command(&["SENTINEL", "SET", NAME, setting, value]);
    }
    sentinel
}

fn master_port(sentinel: &Redis) -> Option<u16> {
    let address = sentinel.try_command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).ok()?;
    address.list()[1].text().parse().ok()
}

/// Whether a sentinel finds the master well, and knows the other sentinels.
fn knows_master(sentinel: &Redis) -> Option<bool> {
    let master = sentinel.try_command(&["SENTINEL", "MASTER", NAME]).ok()?;
    let others = (SENTINELS - 1).to_string();
    Some(field(&master, "flags")? == "master" && field(&master, "num-other-sentinels")? == others)
}

/// Whether a sentinel finds the replica well, and has seen it as one. One that has last seen it as a master would
/// undo the next failover.
fn knows_replica(sentinel: &Redis) -> Option<bool> {
    let replicas = sentinel.try_command(&["SENTINEL", "REPLICAS", NAME]).ok()?;
    let [replica] = replicas.list() else { return None };
    Some(field(replica, "flags")? == "slave" && field(replica, "role-reported")? == "slave")
}

/// The value under a name, where names and values take turns.
fn field<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let (pairs, _) = answer.list().as_chunks::<2>();
    pairs.iter().find(|[key, _]| key.text() == name).map(|[_, value]| value.text())
}

fn is_linked(replica: &Redis) -> bool {
    replica.info("master_link_status").as_deref() == Some("up")
}

fn has_replica(master: &Redis) -> bool {
    master.info("connected_slaves").as_deref() == Some("1")
}
