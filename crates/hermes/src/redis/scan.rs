//! Lists a namespace on one server, by SCAN, which never blocks it for long.
//! Sends nothing: it says what to ask next.

use std::mem;

use hermescache_protocol::{History, Key, Namespace, Tag, decode_entry_head};
use redis::{Cmd, Value, cmd};

use super::{answer::Nonsense, node::Answers};
use crate::backend::Listed;

/// How many keys the server looks at between other clients' commands.
const AT_ONCE: usize = 500;

/// So much of a value is read first: the head of an entry with 500 tags.
const HEAD_BYTES: usize = 4096;

/// And so much where that was not enough: the head of one with 130,000. An entry with more is not listed.
const LONG_HEAD_BYTES: usize = 1024 * 1024;

/// A walk through the keys of one server.
#[derive(Debug)]
pub(super) struct Scan<'n> {
    namespace: &'n Namespace,
    /// None at the end.
    cursor: Option<Vec<u8>>,
    /// Found, and not read so far; and how much of each to read.
    names: Vec<(String, usize)>,
    listed: Vec<Listed>,
}

impl<'n> Scan<'n> {
    pub(super) fn new(namespace: &'n Namespace) -> Self {
        Self { namespace, cursor: Some(b"0".into()), names: Vec::new(), listed: Vec::new() }
    }

    /// What to ask next; `None` at the end.
    pub(super) fn next(&self) -> Option<Vec<Cmd>> {
        if self.names.is_empty() {
            let mut scan = cmd("SCAN");
            scan.arg(self.cursor.as_ref()?).arg("MATCH").arg(self.pattern()).arg("COUNT").arg(AT_ONCE);
            return Some(vec![scan]);
        }
        let read = |(name, bytes): &(String, usize)| {
            [cmd("GETRANGE").arg(name).arg(0).arg(bytes - 1).take(), cmd("STRLEN").arg(name).take()]
        };
        Some(self.names.iter().flat_map(read).collect())
    }

    /// Takes the answers to what was asked last.
    pub(super) fn take(&mut self, (values, history): Answers) -> Result<(), Nonsense> {
        if self.names.is_empty() {
            self.take_names(values)
        } else {
            self.take_heads(&values, history);
            Ok(())
        }
    }

    /// What was found, each once.
    pub(super) fn into_listed(mut self) -> Vec<Listed> {
        self.listed.sort_by(|a, b| a.name.cmp(&b.name));
        self.listed.dedup_by(|a, b| a.name == b.name);
        self.listed
    }

    fn take_names(&mut self, mut values: Vec<Value>) -> Result<(), Nonsense> {
        let Some(Value::Array(parts)) = values.pop() else { return Err(Nonsense) };
        let Ok([Value::BulkString(cursor), Value::Array(names)]) = <[Value; 2]>::try_from(parts) else {
            return Err(Nonsense);
        };
        self.cursor = (cursor != b"0").then_some(cursor);
        let names = names.into_iter().filter_map(|name| match name {
            Value::BulkString(name) => String::from_utf8(name).ok(),
            _ => None,
        });
        let ours = |name: &String| {
            Key::from_name(self.namespace, name).is_some() || Tag::from_name(self.namespace, name).is_some()
        };
        self.names = names.filter(ours).map(|name| (name, HEAD_BYTES)).collect();
        Ok(())
    }

    fn take_heads(&mut self, values: &[Value], history: History) {
        let names = mem::take(&mut self.names).into_iter();
        for ((name, bytes), values) in names.zip(values.chunks_exact(2)) {
            // What is gone meanwhile, or no string, is no entry.
            let [Value::BulkString(head), Value::Int(len)] = values else { continue };
            if head.len() == HEAD_BYTES && bytes == HEAD_BYTES && decode_entry_head(head).is_err() {
                self.names.push((name, LONG_HEAD_BYTES));
                continue;
            }
            let len_bytes = u64::try_from(*len).unwrap_or(0);
            self.listed.push(Listed { name, head: head.clone(), len_bytes, history });
        }
    }

    /// All names of the namespace. What has a meaning in patterns is escaped.
    fn pattern(&self) -> String {
        let mut pattern = String::new();
        for c in self.namespace.as_str().chars() {
            if matches!(c, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern + ":*"
    }
}
