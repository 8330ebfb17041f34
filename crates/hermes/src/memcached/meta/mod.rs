//! The meta commands of memcached's text protocol, as bytes: what is asked, and what is said to it.
//! Neither sends nor receives, and knows nothing of caches. <https://docs.memcached.org/protocols/meta/>

mod ask;
mod reply;

pub(super) use self::{
    ask::Asks,
    reply::{Reader, Response, Responses, Status},
};

#[cfg(test)]
mod tests;
