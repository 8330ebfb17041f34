//! Asks a server who it is when a connection opens, and finds out whether it will do.

use super::{leases::Identity, talk::Server};

/// What is asked.
pub(super) const QUESTION: &[u8] = b"stats\r\nstats settings\r\n";

/// No memcached has more to say of itself.
const MOST_BYTES: usize = 64 * 1024;

/// The first version whose meta commands are those of today.
const OLDEST: [u32; 2] = [1, 6];

/// What a server has answered so far; none where there is more to come.
///
/// # Errors
/// A sentence that says why it will not do.
pub(super) fn hear(bytes: &[u8]) -> Result<Option<Server>, String> {
    let text = String::from_utf8_lossy(bytes);
    let is_whole = text.ends_with("END\r\n") && text.lines().filter(|line| *line == "END").count() == 2;
    let mut lines = text.lines();
    match lines
        .find(|line| !line.starts_with("STAT ") && *line != "END" && text.contains(&format!("{line}\r\n")))
    {
        Some(line) if line.contains("unauthenticated") => {
            return Err(
                "it asks for a name and a password, which Hermes does not give; start it without -Y and -S"
                    .into(),
            );
        }
        Some(line) => {
            return Err(format!("it said {line:?}, which no memcached says; is it one?"));
        }
        None if is_whole => {}
        None if bytes.len() > MOST_BYTES => {
            return Err("it said more than a memcached says; is it one?".into());
        }
        None => return Ok(None),
    }
    let stat = |name: &str| {
        let found =
            text.lines().find_map(|line| line.strip_prefix("STAT ")?.strip_prefix(name)?.strip_prefix(' '));
        found.ok_or_else(|| format!("it does not tell its {name}; is it a memcached?"))
    };
    let number = |name: &str| {
        let told = stat(name)?;
        told.parse::<u64>().map_err(|_| format!("it tells {told:?} for its {name}; is it a memcached?"))
    };
    let version = stat("version")?;
    let parts: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    if parts.as_slice() < OLDEST.as_slice() {
        return Err(format!("it is memcached {version}; Hermes needs 1.6 or newer, for its meta commands"));
    }
    if stat("cas_enabled")? != "yes" {
        return Err("it runs without CAS, on which leases depend; start it without -C".into());
    }
    let began = number("time")?.saturating_sub(number("uptime")?);
    let process = u32::try_from(number("pid")?).unwrap_or(u32::MAX);
    let max_item_bytes = usize::try_from(number("item_size_max")?).unwrap_or(usize::MAX);
    Ok(Some(Server { identity: Identity::new(process, began), max_item_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str =
        "STAT pid 7\r\nSTAT uptime 3\r\nSTAT time 1795441997\r\nSTAT version 1.6.18\r\nEND\r\n";
    const SETTINGS: &str = "STAT cas_enabled yes\r\nSTAT item_size_max 1048576\r\nEND\r\n";

    fn whole() -> String {
        format!("{STATS}{SETTINGS}")
    }

    #[test]
    fn a_memcached_is_known_by_its_process_and_the_second_in_which_it_began() {
        let server = Server { identity: Identity::new(7, 1_795_441_994), max_item_bytes: 1 << 20 };
        assert_eq!(hear(whole().as_bytes()), Ok(Some(server)));
    }

    #[test]
    fn what_has_no_end_yet_is_waited_for() {
        let whole = whole();
        for len in 0..whole.len() {
            assert_eq!(hear(&whole.as_bytes()[..len]), Ok(None), "{len}");
        }
    }

    #[test]
    fn what_will_not_do_is_told_why() {
        for (from, to, why) in [
            ("1.6.18", "1.5.22", "Hermes needs 1.6 or newer"),
            ("1.6.18", "unknown", "Hermes needs 1.6 or newer"),
            ("cas_enabled yes", "cas_enabled no", "start it without -C"),
            ("STAT pid 7\r\n", "", "it does not tell its pid"),
            ("time 1795441997", "time x", "it tells \"x\" for its time"),
            ("STAT pid 7", "CLIENT_ERROR unauthenticated", "asks for a name and a password"),
            ("STAT pid 7", "HTTP/1.1 400 Bad Request", "is it one?"),
        ] {
            let said = hear(whole().replace(from, to).as_bytes()).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
