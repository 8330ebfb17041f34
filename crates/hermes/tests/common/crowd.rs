//! Processes that ask for one cold key at once, and what they tell of it.
//!
//! They are the test's own program, run again: it has a test that does nothing but [`play`].

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{self, Child, ChildStdin, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hermes::Cache;

use super::{TAG, Way, cache, pass, pass_async, run};

pub const PROCESSES: usize = 4;
pub const CALLERS: usize = 8;

/// Nothing here takes longer, even on a machine that does much else.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a process tells, in lines that begin with `> `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Ready,
    /// A loader begins to compute this value.
    Computes(u64),
    /// It ends, at this time.
    Computed(Duration),
    /// A caller has this value, since this time.
    Served(u64, Duration),
}

impl News {
    fn tell(self) {
        let line = match self {
            Self::Ready => "ready".to_owned(),
            Self::Computes(value) => format!("computes {value}"),
            Self::Computed(at) => format!("computed {}", at.as_nanos()),
            Self::Served(value, at) => format!("served {value} {}", at.as_nanos()),
        };
        println!("> {line}");
    }

    /// None for what the test harness says.
    fn read(line: &str) -> Option<Self> {
        let (_, line) = line.split_once("> ")?;
        let mut words = line.split(' ');
        let word = words.next()?;
        let mut number = || words.next()?.parse().ok();
        Some(match word {
            "ready" => Self::Ready,
            "computes" => Self::Computes(number()?),
            "computed" => Self::Computed(Duration::from_nanos(number()?)),
            "served" => Self::Served(number()?, Duration::from_nanos(number()?)),
            _ => return None,
        })
    }
}

/// The time, as all processes of this machine see it.
#[expect(clippy::disallowed_methods, reason = "it is compared between processes")]
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// What a process does that was made one of a crowd: nothing, if it was not.
pub fn play() {
    let Ok(url) = env::var("CROWD_URL") else { return };
    let computing = Duration::from_millis(env::var("CROWD_COMPUTING_MS").unwrap().parse().unwrap());
    let cache = cache(&url);
    for way in [Way::Blocking, Way::Async] {
        assert_eq!(way.get(&cache, "warm"), None);
    }
    News::Ready.tell();
    std::io::stdin().read_line(&mut String::new()).unwrap();

    match env::var("CROWD_WAY").unwrap().as_str() {
        "Blocking" => thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| call(&cache, computing));
            }
        }),
        _ => run(async {
            let tasks: Vec<_> =
                (0..CALLERS).map(|_| tokio::spawn(call_async(cache.clone(), computing))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        }),
    }
}

fn call(cache: &Cache, computing: Duration) {
    let value = cache.entry("hot").tags([TAG]).get_or_compute(|| {
        let value = begin_to_compute();
        pass(computing);
        News::Computed(now()).tell();
        value
    });
    News::Served(value, now()).tell();
}

async fn call_async(cache: Cache, computing: Duration) {
    let hot = cache.entry("hot").tags([TAG]);
    let value = hot.get_or_compute_async(async || {
        let value = begin_to_compute();
        pass_async(computing).await;
        News::Computed(now()).tell();
        value
    });
    News::Served(value.await, now()).tell();
}

/// The value of a computation that begins: no other has it.
fn begin_to_compute() -> u64 {
    static COMPUTATIONS: AtomicU64 = AtomicU64::new(0);
    let value = u64::from(process::id()) * 100 + COMPUTATIONS.fetch_add(1, SeqCst);
    News::Computes(value).tell();
    value
}

/// Processes that have opened their connections and wait for the start.
pub struct Crowd {
    pub processes: Vec<(Child, ChildStdin)>,
    news: Receiver<News>,
    teller: Sender<News>,
}

impl Crowd {
    pub fn of(size: usize, url: &str, way: Way, computing: Duration) -> Self {
        let (teller, news) = channel();
        let mut crowd = Self { processes: Vec::new(), news, teller };
        (0..size).for_each(|_| crowd.add(url, way, computing));
        crowd
    }

    pub fn add(&mut self, url: &str, way: Way, computing: Duration) {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_process_of_the_crowd", "--ignored", "--nocapture"])
            .env("CROWD_URL", format!("{url}?lease=2s"))
            .env("CROWD_WAY", format!("{way:?}"))
            .env("CROWD_COMPUTING_MS", computing.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let teller = self.teller.clone();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // Nobody listens any more when a story has ended.
            lines.filter_map(|line| News::read(&line)).all(|news| teller.send(news).is_ok());
        });
        self.processes.push((child, input));
        assert_eq!(self.next(), News::Ready);
    }

    pub fn start(&mut self) {
        self.processes.iter_mut().for_each(|(_, input)| input.write_all(b"go\n").unwrap());
    }

    pub fn start_last(&mut self) {
        self.processes.last_mut().unwrap().1.write_all(b"go\n").unwrap();
    }

    #[track_caller]
    pub fn next(&self) -> News {
        self.news.recv_timeout(PATIENCE).expect("nobody hangs")
    }

    /// Listens until so many callers have been served.
    pub fn until_served(&self, callers: usize) -> Tale {
        let mut tale = Tale::default();
        while tale.served.len() < callers {
            match self.next() {
                News::Ready => {}
                News::Computes(value) => tale.computes.push(value),
                News::Computed(at) => tale.ended = at,
                News::Served(value, at) => tale.served.push((value, at)),
            }
        }
        tale
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for (child, _) in &mut self.processes {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What happened to a crowd.
#[derive(Debug, Default)]
pub struct Tale {
    pub computes: Vec<u64>,
    /// When the last computation ended.
    pub ended: Duration,
    pub served: Vec<(u64, Duration)>,
}

impl Tale {
    /// How long after the end of the computation the last caller was served.
    pub fn lateness(&self) -> Duration {
        self.served.iter().map(|(_, at)| *at).max().unwrap().saturating_sub(self.ended)
    }
}

/// One computes, and all are served.
pub fn one_computes(url: &str, way: Way, computing: Duration) {
    let mut crowd = Crowd::of(PROCESSES, url, way, computing);
    crowd.start();
    let tale = crowd.until_served(PROCESSES * CALLERS);
    assert_eq!(tale.computes.len(), 1, "{tale:?}");
    assert!(tale.served.iter().all(|(value, _)| *value == tale.computes[0]), "{tale:?}");
    println!(
        "{way:?}, {computing:?}: the last of {} was served after {:?}",
        tale.served.len(),
        tale.lateness()
    );
}

/// The leading process is killed, and another one computes.
pub fn another_one_computes(url: &str, way: Way) {
    let mut crowd = Crowd::of(1, url, way, PATIENCE);
    crowd.start();
    assert!(matches!(crowd.next(), News::Computes(_)));
    for _ in 1..PROCESSES {
        crowd.add(url, way, Duration::from_millis(100));
        crowd.start_last();
    }
    // Real time: for others to come, and for the leader's heartbeat, without which its lease would end by now.
    pass(Duration::from_secs(3));
    let killed = now();
    crowd.processes[0].0.kill().unwrap();

    let tale = crowd.until_served((PROCESSES - 1) * CALLERS);
    assert_eq!(tale.computes.len(), 1, "{tale:?}");
    assert!(tale.served.iter().all(|(value, _)| *value == tale.computes[0]), "{tale:?}");
    println!("{way:?}: the next one had computed {:?} after the kill", tale.ended.saturating_sub(killed));
}

/// An entry is invalidated while it is computed, and all see it.
pub fn an_invalidation_is_seen(url: &str, way: Way) {
    let cache = cache(url);
    let mut crowd = Crowd::of(PROCESSES, url, way, Duration::from_millis(500));
    crowd.start();
    let News::Computes(old) = crowd.next() else { panic!("a computation comes first") };
    // Real time: for the others to come, and wait.
    pass(Duration::from_millis(200));
    cache.entry("hot").invalidate().unwrap();

    let tale = crowd.until_served(PROCESSES * CALLERS);
    assert_eq!(tale.computes.len(), 1, "{tale:?}");
    let new = tale.computes[0];
    assert!(tale.served.iter().all(|(value, _)| [old, new].contains(value)), "{tale:?}");
    assert_eq!(way.get(&cache, "hot"), Some(new));
}
