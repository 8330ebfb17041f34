//! Invalidations and cleans: deletions, of whatever is there.

use hermescache_protocol::{Bucket, Buckets, Key, Namespace, Reply, Tag};

use super::{Next, Refusal, said};
use crate::memcached::meta::{Asks, Responses, Status};

/// Entry and lease share a name.
pub(super) fn entry(key: &Key, buckets: Buckets) -> Asks {
    let mut asks = Asks::new(1);
    asks.delete(|name| key.write_entry_name(buckets, name)).end();
    asks
}

pub(super) fn versions(namespace: &Namespace, bucket: Bucket, tags: &[Tag]) -> Asks {
    let mut asks = Asks::new(tags.len());
    for tag in tags {
        asks.delete(|name| tag.write_name(namespace, bucket, name)).end();
    }
    asks
}

pub(super) fn hear(answers: Responses<'_>) -> Result<Next, Refusal> {
    for answer in answers.iter() {
        match answer.status {
            Status::Done | Status::Absent => {}
            Status::Failed | Status::Confused => return Err(said(answer)),
            _ => return Err(Refusal::Nonsense),
        }
    }
    Ok(Next::Reply(Ok(Reply::Done)))
}
