//! Entries and leases as they lie on a server. What was read and written is read as the same.

use hermes::backend::{decode_entry, decode_entry_head, decode_lease, encode_entry, encode_lease};

pub(crate) fn read(bytes: &[u8]) {
    if let Ok(entry) = decode_entry(bytes) {
        // Once more: a date of the year 2554 and later is cut to what a clock can tell.
        let written = decode_entry(&encode_entry(&entry)).expect("what was written can be read");
        assert_eq!(decode_entry(&encode_entry(&written)), Ok(written));
    }
    let _ = decode_entry_head(bytes);
    if let Ok(record) = decode_lease(bytes) {
        assert_eq!(decode_lease(&encode_lease(&record)), Ok(record));
    }
}
