//! The servers that were met, by address.
//! Connects to none of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    address::{Access, Address},
    node::Node,
};

/// So many servers are remembered that nobody uses any more: their addresses may come again.
const REMEMBERED: usize = 64;

/// Servers that are let in to in the same way.
pub(super) struct Nodes {
    access: Access,
    met: Mutex<HashMap<Address, Arc<Node>>>,
}

impl Nodes {
    pub(super) fn new(access: Access) -> Self {
        Self { access, met: Mutex::default() }
    }

    /// The server at this address, the same each time.
    pub(super) fn at(&self, address: &Address) -> Result<Arc<Node>, String> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = met.get(address) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::new(address.clone(), &self.access)?);
        let mut forgotten = Vec::new();
        if met.len() >= REMEMBERED {
            forgotten.extend(met.extract_if(|_, node| Arc::strong_count(node) == 1));
        }
        met.insert(address.clone(), Arc::clone(&node));
        drop(met);
        drop(forgotten);
        Ok(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_nobody_uses_are_forgotten() {
        let nodes = Nodes::new(Access::to_any());
        let at = |n: u32| nodes.at(&Address::Tcp(format!("node-{n}"), 6379)).unwrap();
        let used: Vec<_> = (0..100).map(at).collect();
        for n in 0..1000 {
            at(n);
        }
        assert!(nodes.met.lock().unwrap().len() <= used.len() + REMEMBERED);
        assert!(used.iter().zip(0..).all(|(node, n)| Arc::ptr_eq(node, &at(n))));
    }
}
