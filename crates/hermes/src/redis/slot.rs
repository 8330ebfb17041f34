//! A Redis Cluster's hash slots: which slot a bucket lies in, and which node has it.
//! Asks nobody.

use std::ops::RangeInclusive;

use hermescache_protocol::Bucket;
use redis::Value;

use super::address::Address;

const SLOTS: u16 = 16_384;

/// The slot of all keys of a bucket: that of the name between its braces.
pub(super) fn of(bucket: Bucket) -> u16 {
    let name = bucket.prefix().trim_start_matches('{').trim_end_matches("}:");
    crc16(name.as_bytes()) % SLOTS
}

/// The masters and their slots, as the node at `guide` tells them in its answer to `CLUSTER SLOTS`.
pub(super) fn ranges(answer: &Value, guide: &Address) -> Option<Vec<(RangeInclusive<u16>, Address)>> {
    let Value::Array(ranges) = answer else { return None };
    ranges.iter().map(|range| self::range(range, guide)).collect()
}

fn range(range: &Value, guide: &Address) -> Option<(RangeInclusive<u16>, Address)> {
    let Value::Array(parts) = range else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = parts.as_slice() else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else { return None };
    let host = match host {
        Value::BulkString(host) => str::from_utf8(host).ok()?,
        // The node that was asked, which does not know its own name.
        Value::Nil => "",
        _ => return None,
    };
    let slots = u16::try_from(*first).ok()?..=u16::try_from(*last).ok()?;
    Some((slots, guide.beside(&format!("{host}:{port}"))?))
}

/// CRC16 as the cluster specification has it: polynomial 0x1021, from zero.
/// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use hermescache_protocol::Buckets;

    use super::*;

    #[test]
    fn buckets_are_spread_evenly_over_the_slots() {
        for (n, bucket) in (0..).zip(Buckets::Many.all()) {
            assert_eq!(of(bucket) / 64, n);
        }
    }

    #[test]
    fn a_node_without_a_name_is_the_one_that_was_asked() {
        let node = |host| Value::Array(vec![host, Value::Int(7001)]);
        let range = |host| Value::Array(vec![Value::Int(0), Value::Int(99), node(host)]);
        let guide = Address::Tcp("10.0.0.1".into(), 7000);
        let own = Address::Tcp("10.0.0.1".into(), 7001);
        let other = Address::Tcp("10.0.0.2".into(), 7001);
        for (host, address) in [
            (Value::Nil, &own),
            (Value::BulkString(b"".into()), &own),
            (Value::BulkString(b"10.0.0.2".into()), &other),
        ] {
            let answer = Value::Array(vec![range(host)]);
            assert_eq!(ranges(&answer, &guide), Some(vec![(0..=99, address.clone())]));
        }
    }
}
