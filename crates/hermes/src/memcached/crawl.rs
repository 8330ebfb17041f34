//! Lists a namespace on one server: its names, as the server's crawler tells them, and then what lies there.
//! For people: it may be slow, and the server works on meanwhile.

use std::{thread, time::Duration};

use hermescache_protocol::{History, Key, Namespace, Tag, decode_entry_head};

use super::{failure::Failure, link::Link, meta::Asks, node::Node, slot::Slot};
use crate::backend::{BackendError, Listed};

/// The whole hash table, from its first to its last place; before 1.6.13, the lists of what was used.
const QUESTIONS: [&[u8]; 2] = [b"lru_crawler metadump hash\r\n", b"lru_crawler metadump all\r\n"];

/// A server crawls for one at a time.
const PAUSE: Duration = Duration::from_millis(20);
const MOST_PAUSES: u32 = 500;

/// So many are read at once.
const AT_ONCE: usize = 100;

/// The head of an entry with 500 tags; more is seldom worth keeping.
const HEAD_BYTES: usize = 4096;

/// What a server has of a namespace.
pub(super) fn list(node: &Node, namespace: &Namespace) -> Result<Vec<Listed>, Failure> {
    let mut link = node.open()?;
    let names = names(node, &mut link, namespace)?;
    let mut listed = Vec::with_capacity(names.len());
    for names in names.chunks(AT_ONCE) {
        let mut asks = [Asks::new(names.len())];
        for name in names {
            asks[0].get(|to| to.push_str(name)).flags("v c t").end();
        }
        link.send(&asks, &node.address)?;
        for (name, answer) in names.iter().zip(link.receive(&asks, &node.address)?.iter()) {
            let bytes = match Tag::from_name(namespace, name) {
                Some(_) => Some(answer.value),
                None => Slot::of(answer).entry_bytes(),
            };
            // What is gone meanwhile is no entry, nor is a lease.
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                let head = head(bytes).to_vec();
                let len_bytes = bytes.len() as u64;
                listed.push(Listed { name: name.clone(), head, len_bytes, history: History::default() });
            }
        }
    }
    Ok(listed)
}

/// The beginning of a value, or all of it where that is not enough.
fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..HEAD_BYTES).filter(|head| decode_entry_head(head).is_ok()).unwrap_or(bytes)
}

fn names(node: &Node, link: &mut Link, namespace: &Namespace) -> Result<Vec<String>, Failure> {
    let mut questions = QUESTIONS.iter();
    let mut question = questions.next();
    let mut pauses = 0;
    let mut names = Vec::new();
    while let Some(asked) = question {
        link.send_plain(asked, &node.address)?;
        loop {
            let line = link.line(&node.address)?;
            if line == "END" {
                names.sort_unstable();
                names.dedup();
                return Ok(names);
            } else if let Some(told) = line.strip_prefix("key=") {
                let name = told.split(' ').next().and_then(decoded);
                names.extend(name.filter(|name| {
                    Key::from_name(namespace, name).is_some() || Tag::from_name(namespace, name).is_some()
                }));
            } else if line.starts_with("BUSY") && pauses < MOST_PAUSES {
                pauses += 1;
                thread::park_timeout(PAUSE);
                break;
            } else if line.starts_with("ERROR") || line.starts_with("CLIENT_ERROR") {
                question = questions.next();
                if question.is_none() {
                    return Err(refused(node, &line));
                }
                break;
            } else {
                return Err(refused(node, &line));
            }
        }
    }
    Ok(names)
}

fn refused(node: &Node, line: &str) -> Failure {
    let why = format!("{} does not list its keys; it said {line:?}", node.address);
    Failure::Refused(BackendError::not_done(why))
}

/// Replaces `%41` by `A`.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = Vec::from(parts.next()?);
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_percent_encoded() {
        assert_eq!(decoded("shop%3Aentry%3A%2A"), Some("shop:entry:*".into()));
        for garbage in ["%", "%4", "%zz", "%ff", "%é"] {
            assert_eq!(decoded(garbage), None, "{garbage}");
        }
    }
}
