//! Reads the place of a server's URL, `user:password@host:port,host:port/path`, into what a backend is opened with.
//! Leaves to the backend which of it makes sense.

use crate::{
    backend::settings::{Host, Settings},
    options::Options,
    url::{self, Url},
};

/// All that a URL and the builder say of a backend.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn settings(url: &Url, options: &Options) -> Result<Settings, String> {
    let (login, place) = url.place.rsplit_once('@').unwrap_or(("", &url.place));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (hosts, path) = place.split_once('/').map_or((place, None), |(hosts, path)| (hosts, Some(path)));
    let default = Settings::default();
    Ok(Settings {
        scheme: url.scheme.clone(),
        user: secret(user)?,
        password: secret(password)?,
        hosts: match hosts {
            "" => Vec::new(),
            hosts => hosts.split(',').map(host).collect::<Result<_, _>>()?,
        },
        path: match path {
            None => Vec::new(),
            Some(path) => path.split('/').map(url::decoded).collect::<Result<_, _>>()?,
        },
        db: options.db,
        ca: options.ca.clone(),
        connect_timeout: options.connect_timeout.unwrap_or(default.connect_timeout),
        timeout: options.timeout.unwrap_or(default.timeout),
        trust_restored_data: options.trust_restored_data.unwrap_or(default.trust_restored_data),
    })
}

fn host(text: &str) -> Result<Host, String> {
    let (name, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((name, "")) => (name, None),
        Some((name, rest)) => {
            (name, Some(rest.strip_prefix(':').ok_or("after the ] of a host there is no port")?))
        }
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let port = match port {
        None => None,
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or(url::NO_PORT)?),
    };
    match url::decoded(name)? {
        name if name.is_empty() => Err("one of its hosts has no name".into()),
        name => Ok(Host { name, port }),
    }
}

/// A part of the login, of which no error says anything.
fn secret(text: &str) -> Result<Option<String>, String> {
    let decoded = (!text.is_empty()).then(|| url::decoded(text)).transpose();
    decoded.map_err(|_| "the login is not percent-encoded; write % as %25".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        settings(&Url::parse(text).unwrap(), &Options::default())
    }

    #[test]
    fn a_place_has_a_login_hosts_and_a_path() {
        let settings = read("redis://shop:a%3Fb@c@one,[::1]:2,%74hree:3/x%2Fy/z").unwrap();
        assert_eq!(settings.scheme, "redis");
        assert_eq!((settings.user.as_deref(), settings.password.as_deref()), (Some("shop"), Some("a?b@c")));
        let host = |name: &str, port| Host { name: name.into(), port };
        assert_eq!(settings.hosts, [host("one", None), host("::1", Some(2)), host("three", Some(3))]);
        assert_eq!(settings.path, ["x/y", "z"]);
    }

    #[test]
    fn a_place_may_be_a_path_only() {
        let settings = read("redis+unix:///run/redis.sock").unwrap();
        assert_eq!((settings.user, settings.hosts), (None, Vec::new()));
        assert_eq!(settings.path, ["run", "redis.sock"]);
    }

    #[test]
    fn a_broken_place_is_told_why() {
        for (text, why) in [
            ("redis://u:p@h:0", url::NO_PORT),
            ("redis://u:p@h:port", url::NO_PORT),
            ("redis://[::1]6379", "there is no port"),
            ("redis://a,,b", "one of its hosts has no name"),
            ("redis://:6379", "one of its hosts has no name"),
            ("redis://u:%zz@h", "the login is not percent-encoded"),
            ("redis://%zz", "%zz is not a percent-encoded byte"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
