//! Where memcached servers are: what a URL says of it.
//! Connects to nothing.

use std::fmt;

use crate::backend::settings::{Host, Settings};

const PORT: u16 = 11211;

/// The schemes of URLs that this backend opens.
pub(super) const SCHEMES: [&str; 1] = ["memcached"];

/// A server's address. `Display` is what people call it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// The servers that a URL names, each once.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn read(settings: &Settings) -> Result<Vec<Address>, String> {
    let Settings { user, password, hosts, path, ca, .. } = settings;
    if ca.is_some() {
        return Err(
            "memcached:// is not encrypted, so there is no certificate to trust; leave `ca` out".into()
        );
    }
    if user.is_some() || password.is_some() {
        return Err("memcached:// takes no name and no password; leave them out".into());
    }
    if path.iter().any(|part| !part.is_empty()) {
        return Err(
            "memcached:// takes hosts only, and no path; write memcached://one:11211,two:11211".into()
        );
    }
    if hosts.is_empty() {
        return Err("it names no host; write memcached://localhost:11211".into());
    }
    let address =
        |Host { name, port }: &Host| Address { host: name.to_lowercase(), port: port.unwrap_or(PORT) };
    let mut addresses = Vec::with_capacity(hosts.len());
    for address in hosts.iter().map(address) {
        if addresses.contains(&address) {
            return Err(format!("it names {address} twice"));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(hosts: &[(&str, Option<u16>)]) -> Settings {
        let host = |(name, port): &(&str, Option<u16>)| Host { name: (*name).into(), port: *port };
        Settings { hosts: hosts.iter().map(host).collect(), ..Settings::default() }
    }

    #[test]
    fn a_server_is_called_by_host_and_port() {
        let read = read(&settings(&[("One", None), ("two", Some(1)), ("::1", None)])).unwrap();
        let called: Vec<_> = read.iter().map(Address::to_string).collect();
        assert_eq!(called, ["one:11211", "two:1", "[::1]:11211"]);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let one = settings(&[("one", None)]);
        for (settings, why) in [
            (settings(&[]), "it names no host"),
            (settings(&[("one", None), ("ONE", Some(11211))]), "it names one:11211 twice"),
            (Settings { password: Some("secret".into()), ..one.clone() }, "no password"),
            (Settings { path: vec!["0".into()], ..one }, "no path"),
        ] {
            let said = read(&settings).unwrap_err();
            assert!(said.contains(why) && !said.contains("secret"), "{said}");
        }
    }
}
