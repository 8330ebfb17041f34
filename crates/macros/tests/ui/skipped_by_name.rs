//! Tags, keys and `skip` that contradict each other.

use std::sync::LazyLock;

use hermes::{Cache, cached};

static CACHE: LazyLock<Cache> = LazyLock::new(|| Cache::from_url("memory://").unwrap());

#[cached(CACHE, skip = [db])]
fn unknown(id: u64) -> u64 {
    id
}

#[cached(CACHE, skip = [db], tags = ["db:{db}", format!("x{db}"), name_of(db)], key = (id, db))]
fn named(id: u64, db: u64) -> u64 {
    id + db
}

#[cached(CACHE, skip = [db], tags = all(id, db), key = "{db}")]
fn named_as_a_whole(id: u64, db: u64) -> u64 {
    id + db
}

#[cached(CACHE, skip = db)]
fn no_list(id: u64, db: u64) -> u64 {
    id + db
}

#[cached(CACHE, skip = [self])]
fn of_self(id: u64) -> u64 {
    id
}

fn main() {}
