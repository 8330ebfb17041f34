//! Drops one entry, all that carry some tags, a function's, or a namespace's.
//! Knows nothing of those who read or compute meanwhile: deleting is enough to depose them.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    bucket::Buckets,
    command::{Command, Fault, Reply},
    key::{Key, Namespace, Point},
    tag::Tag,
};

/// An invalidation on its way: all of its commands have to be confirmed.
///
/// The commands may be sent at once, in any order, and answered in any order. An invalidation passes an open
/// breaker: one that did not happen must not look as if it had.
///
/// ```
/// use hermescache_protocol::{Buckets, Invalidation, Namespace, Reply};
///
/// let mut clean = Invalidation::of_tags(&Namespace::default(), ["user:42"], Buckets::Many);
/// assert_eq!(clean.commands().len(), 256);
/// for _ in 0..256 {
///     assert_eq!(clean.verdict(), None);
///     clean.answer(&Ok(Reply::Done));
/// }
/// assert_eq!(clean.verdict(), Some(Ok(())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Invalidation {
    commands: Vec<Command>,
    unanswered: usize,
    fault: Option<Fault>,
}

impl Invalidation {
    /// Drops one entry. One command.
    #[must_use]
    pub fn of_key(key: &Key) -> Self {
        Self::new([Command::Invalidate { key: key.clone() }].into())
    }

    /// Drops all entries that carry any of these tags. One command for each bucket, or none without tags.
    pub fn of_tags<T: AsRef<str>>(
        namespace: &Namespace,
        texts: impl IntoIterator<Item = T>,
        buckets: Buckets,
    ) -> Self {
        let mut tags: Vec<_> = texts.into_iter().map(|text| Tag::user(text.as_ref())).collect();
        tags.sort_unstable();
        tags.dedup();
        Self::clean(namespace, tags, buckets)
    }

    /// Drops all entries of one function. One command for each bucket.
    #[must_use]
    pub fn of_point(namespace: &Namespace, point: &Point, buckets: Buckets) -> Self {
        Self::clean(namespace, [Tag::point(point)].into(), buckets)
    }

    /// Drops all entries of a namespace. One command for each bucket.
    #[must_use]
    pub fn of_everything(namespace: &Namespace, buckets: Buckets) -> Self {
        Self::clean(namespace, [Tag::everything()].into(), buckets)
    }

    fn clean(namespace: &Namespace, tags: Vec<Tag>, buckets: Buckets) -> Self {
        if tags.is_empty() {
            return Self::new(Vec::new());
        }
        let tags: Arc<[Tag]> = tags.into();
        let clean = |bucket| Command::Clean { namespace: namespace.clone(), bucket, tags: Arc::clone(&tags) };
        Self::new(buckets.all().map(clean).collect())
    }

    fn new(commands: Vec<Command>) -> Self {
        Self { unanswered: commands.len(), commands, fault: None }
    }

    /// What to send.
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The answer to one of the commands, whichever.
    pub fn answer(&mut self, answer: &Result<Reply, Fault>) {
        self.unanswered = self.unanswered.saturating_sub(1);
        match answer {
            Ok(Reply::Done) => {}
            Ok(_) => self.fault = Some(Fault::Unknown),
            Err(fault) => self.fault = self.fault.or(Some(*fault)),
        }
    }

    /// Once all commands are answered: whether all were confirmed. Until then `None`.
    #[must_use]
    pub fn verdict(&self) -> Option<Result<(), Fault>> {
        match (self.unanswered, self.fault) {
            (0, None) => Some(Ok(())),
            (0, Some(fault)) => Some(Err(fault)),
            _ => None,
        }
    }
}
