//! Which core runs what: a server has the last, and one thread that asks it the first.
//!
//! Left to itself, the kernel now and then runs both on one, for as long as a run lasts. To wake each other up they need not
//! wake a core then, which takes longer than all else: a hit on a server takes a third of the time.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Runs something on the core of servers, with all that it starts.
pub fn on_servers_core<T>(what: impl FnOnce() -> T) -> T {
    on_one(<[usize]>::last, what)
}

/// The same, on that of who asks them.
pub fn on_callers_core<T>(what: impl FnOnce() -> T) -> T {
    on_one(<[usize]>::first, what)
}

/// Picks one of the cores that this thread may run on.
fn on_one<T>(pick: fn(&[usize]) -> Option<&usize>, what: impl FnOnce() -> T) -> T {
    let all = sched_getaffinity(None).expect("Linux tells it");
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
    let mut one = CpuSet::new();
    one.set(*pick(&cores).expect("a thread has a core to run on"));
    keep_to(&one);
    let told = what();
    keep_to(&all);
    told
}

/// Lets this thread run on these cores only, and what it starts from now on.
fn keep_to(cores: &CpuSet) {
    sched_setaffinity(None, cores).expect("a thread may keep to cores that it has");
}
