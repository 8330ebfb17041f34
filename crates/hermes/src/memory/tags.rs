//! The tag table: one counter for each tag in use, and the groups of counters that entries hang on.
//! Knows nothing of entries or keys.

use std::{
    borrow::Borrow,
    collections::HashSet,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    explain::Cleaned,
    shim::{Mutex, lock},
};

const SHARDS: usize = 64;

/// A tag's counter. A clean adds one to it.
///
/// The table owns it, and drops it, under its own lock, only when nobody else holds it: a clean can therefore
/// never miss a counter that a computation or an entry depends on.
#[derive(Debug)]
pub(crate) struct Cell {
    tag: Box<str>,
    cleans: AtomicU64,
    /// How many cleans there had been, of whatever tag, with its own last one: to tell which tag of a group it was.
    last_clean: AtomicU64,
}

impl Cell {
    fn new(tag: &str) -> Arc<Self> {
        Arc::new(Self { tag: tag.into(), cleans: AtomicU64::new(0), last_clean: AtomicU64::new(0) })
    }
}

/// Stands for a set of tag names: a hash under a key that is drawn for each cache, so that nobody can know two
/// sets with one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamesHash(u64);

/// The tags of one entry or of many: the cells that they hang on, and their counts at one time.
///
/// The cells are the namespace's, the function's, and the user's tags', sorted.
#[derive(Debug)]
pub(crate) struct Group {
    names: NamesHash,
    /// The sum of all counts when the group was made. Counts only grow, so an equal sum later says that no cell
    /// was cleaned in between: one number stands for the versions of all tags.
    stamp: u64,
    /// How many cleans there had been when the sum was last found equal. While there is no other, neither the sum
    /// nor the cells need be looked at.
    checked_at: AtomicU64,
    cells: Box<[Arc<Cell>]>,
    table: Arc<TagTable>,
}

/// How many cells of a group are not tags of the user: the namespace's and the function's.
const IMPLICIT: usize = 2;

impl Group {
    fn new(names: NamesHash, cells: Box<[Arc<Cell>]>, table: Arc<TagTable>) -> Self {
        // Cleans are counted after their cells: one that is not in the sum is not in this count either.
        let checked_at = AtomicU64::new(table.cleans());
        Self { names, stamp: sum(&cells), checked_at, cells, table }
    }

    /// Whether none of the tags was cleaned since the group was made. Two loads; after a clean of whatever tag,
    /// once, one more for each tag.
    #[inline]
    pub(crate) fn holds(&self) -> bool {
        let cleans = self.table.cleans();
        self.checked_at.load(Ordering::Acquire) == cleans || self.check(cleans)
    }

    #[cold]
    fn check(&self, cleans: u64) -> bool {
        let holds = sum(&self.cells) == self.stamp;
        if holds {
            self.checked_at.store(cleans, Ordering::Release);
        }
        holds
    }

    /// Which tags were cleaned since the group was made. For people: of a clean that is under way it may not know yet.
    pub(crate) fn cleaned(&self) -> Vec<Cleaned> {
        let held_at = self.checked_at.load(Ordering::Acquire);
        let cells = self.cells.iter().enumerate();
        let cleaned = cells.filter(|(_, cell)| cell.last_clean.load(Ordering::Relaxed) > held_at);
        let named = cleaned.map(|(place, cell)| match place {
            0 => Cleaned::Everything,
            1 => Cleaned::Function,
            _ => Cleaned::Tag(cell.tag.to_string()),
        });
        named.collect()
    }

    /// The user's tags, sorted, each once.
    pub(crate) fn tags(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cells[IMPLICIT..].iter().map(|cell| &*cell.tag)
    }

    /// Stands for the user's tags.
    #[inline]
    pub(crate) fn names(&self) -> NamesHash {
        self.names
    }
}

#[inline]
fn sum(cells: &[Arc<Cell>]) -> u64 {
    cells.iter().fold(0, |sum, cell| sum.wrapping_add(cell.cleans.load(Ordering::Acquire)))
}

impl Drop for Group {
    fn drop(&mut self) {
        for cell in std::mem::take(&mut self.cells).into_iter().skip(IMPLICIT) {
            self.table.give_back(cell);
        }
    }
}

/// All cells in use, by tag.
#[derive(Debug)]
pub(crate) struct TagTable {
    hasher: RandomState,
    shards: Box<[Mutex<HashSet<Named>>]>,
    /// How many cleans there have been, of whatever tag.
    cleans: AtomicU64,
}

impl TagTable {
    pub(crate) fn new() -> Arc<Self> {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Arc::new(Self { hasher: RandomState::new(), shards, cleans: AtomicU64::new(0) })
    }

    /// A cell that is no user's tag and not in the table: its owner keeps it.
    pub(crate) fn implicit() -> Arc<Cell> {
        Cell::new("")
    }

    /// What stands for these tags; they are sorted, each once.
    pub(crate) fn names(&self, tags: &[Box<str>]) -> NamesHash {
        NamesHash(self.hasher.hash_one(tags))
    }

    /// A group with the counts of now; `tags` is sorted, each once.
    pub(crate) fn group(
        self: &Arc<Self>,
        namespace: &Arc<Cell>,
        point: &Arc<Cell>,
        tags: &[Box<str>],
    ) -> Arc<Group> {
        let implicit = [Arc::clone(namespace), Arc::clone(point)];
        let cells = implicit.into_iter().chain(tags.iter().map(|tag| self.cell(tag))).collect();
        Arc::new(Group::new(self.names(tags), cells, Arc::clone(self)))
    }

    /// Cleans a tag. If it has no cell, nothing hangs on it.
    pub(crate) fn clean(&self, tag: &str) {
        if let Some(cell) = lock(self.shard(tag)).get(tag) {
            self.clean_cell(&cell.0);
        }
    }

    /// Makes every entry that hangs on this cell a miss.
    pub(crate) fn clean_cell(&self, cell: &Cell) {
        // In this order: who sees the clean counted must see it in the cell, too.
        cell.cleans.fetch_add(1, Ordering::AcqRel);
        let cleans = self.cleans.fetch_add(1, Ordering::AcqRel) + 1;
        cell.last_clean.fetch_max(cleans, Ordering::Relaxed);
    }

    #[inline]
    fn cleans(&self) -> u64 {
        self.cleans.load(Ordering::Acquire)
    }

    /// How many tags are in use.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn cell(&self, tag: &str) -> Arc<Cell> {
        let mut shard = lock(self.shard(tag));
        match shard.get(tag) {
            Some(cell) => Arc::clone(&cell.0),
            None => {
                let cell = Cell::new(tag);
                shard.insert(Named(Arc::clone(&cell)));
                cell
            }
        }
    }

    /// Takes a cell back from one of its holders, and drops it if that was the last.
    fn give_back(&self, cell: Arc<Cell>) {
        let mut shard = lock(self.shard(&cell.tag));
        // The table's and this one. Others can only come through the table, whose lock is held; and it is held
        // until this one is gone, so that of two who give back at once the second is the last.
        if Arc::strong_count(&cell) == 2 {
            shard.remove(&*cell.tag);
        }
        drop(cell);
    }

    fn shard(&self, tag: &str) -> &Mutex<HashSet<Named>> {
        &self.shards[self.hasher.hash_one(tag) as usize % SHARDS]
    }
}

/// A cell that is found by its tag.
#[derive(Debug)]
struct Named(Arc<Cell>);

impl Borrow<str> for Named {
    fn borrow(&self) -> &str {
        &self.0.tag
    }
}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.tag.hash(state);
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.tag == other.0.tag
    }
}

impl Eq for Named {}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|name| Box::from(*name)).collect()
    }

    #[test]
    fn a_group_holds_until_one_of_its_tags_is_cleaned() {
        let table = TagTable::new();
        let (namespace, point) = (TagTable::implicit(), TagTable::implicit());
        let ab = table.group(&namespace, &point, &tags(&["a", "b"]));
        let b = table.group(&namespace, &point, &tags(&["b"]));
        assert!(ab.holds() && b.holds());

        table.clean("a");
        assert!(!ab.holds() && b.holds());
        assert_eq!(ab.cleaned(), [Cleaned::Tag("a".to_owned())]);

        table.clean("b");
        assert!(!b.holds());
        assert!(table.group(&namespace, &point, &tags(&["a", "b"])).holds());
    }

    #[test]
    fn a_tag_nobody_holds_leaves_the_table() {
        let table = TagTable::new();
        let (namespace, point) = (TagTable::implicit(), TagTable::implicit());
        let first = table.group(&namespace, &point, &tags(&["shared", "first"]));
        let second = table.group(&namespace, &point, &tags(&["shared", "second"]));
        assert_eq!(table.len(), 3);

        drop(first);
        assert_eq!(table.len(), 2);
        drop(second);
        assert_eq!(table.len(), 0);
    }
}
