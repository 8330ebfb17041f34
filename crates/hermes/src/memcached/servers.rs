//! Which server has a bucket's keys: each gives every server a score, and lies on the one with the highest. Without a server,
//! its buckets find others, and no other bucket moves.
//!
//! A bucket never moves because its server does not answer: another would have entries of before, when it came back.

use hermescache_protocol::{Bucket, Buckets};

use super::address::Address;

/// The owners of all buckets, by their places in the list of servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owners {
    buckets: Buckets,
    of: Vec<usize>,
}

impl Owners {
    pub(super) fn among(servers: &[Address]) -> Self {
        let buckets = if servers.len() == 1 { Buckets::One } else { Buckets::Many };
        let names: Vec<_> = servers.iter().map(Address::to_string).collect();
        let owner = |bucket: Bucket| {
            let score = |place: &usize| (score(&names[*place], bucket), &names[*place]);
            (0..names.len()).max_by_key(score).unwrap_or_default()
        };
        Self { buckets, of: buckets.all().map(owner).collect() }
    }

    pub(super) fn buckets(&self) -> Buckets {
        self.buckets
    }

    /// The place of a bucket's server in the list.
    pub(super) fn of(&self, bucket: Bucket) -> usize {
        self.of[usize::from(bucket.number().unwrap_or_default())]
    }
}

/// FNV-1a of the server's name and the bucket's number, mixed as splitmix64 mixes. Part of the stored format: two processes
/// that disagreed would not see each other's invalidations.
fn score(server: &str, bucket: Bucket) -> u64 {
    let bytes = server.bytes().chain(bucket.number());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Vec<Address> {
        names.iter().map(|name| Address { host: (*name).into(), port: 11211 }).collect()
    }

    /// The server of each bucket.
    fn places(names: &[&str]) -> Vec<String> {
        let owners = Owners::among(&servers(names));
        owners.buckets.all().map(|bucket| names[owners.of(bucket)].to_owned()).collect()
    }

    #[test]
    fn one_server_has_the_one_bucket() {
        assert_eq!(places(&["one"]), ["one"]);
    }

    #[test]
    fn several_servers_have_about_as_many_buckets_each() {
        let places = places(&["a", "b", "c", "d"]);
        for name in ["a", "b", "c", "d"] {
            let count = places.iter().filter(|place| *place == name).count();
            assert!((40..=90).contains(&count), "{name}: {count}");
        }
    }

    #[test]
    fn the_order_of_the_list_makes_no_difference() {
        assert_eq!(places(&["a", "b", "c"]), places(&["c", "a", "b"]));
    }

    #[test]
    fn a_server_that_is_taken_out_moves_no_other_ones_buckets() {
        let (with, without) = (places(&["a", "b", "c"]), places(&["a", "b"]));
        assert!(with.iter().zip(&without).all(|(with, without)| with == "c" || with == without));
    }

    #[test]
    fn buckets_stay_where_they_were_in_earlier_versions() {
        let places: String = places(&["a", "b", "c"])[..32].concat();
        assert_eq!(places, "bacabaaccaaacabbaaaabbcbacbaacca");
    }
}
