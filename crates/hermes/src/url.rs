//! Reads a cache's URL, scheme, place and parameters, and shows one without its secrets.
//! Knows neither schemes nor parameters; `place` and `options` do.

use std::time::Duration;

/// The parts of `scheme://place?name=value&…`. All but the place are decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) place: String,
    pub(crate) parameters: Vec<(String, String)>,
}

/// What is said of a port that is none.
pub(crate) const NO_PORT: &str =
    "a port is none from 1 to 65535; if it belongs to a password, write ? as %3F there, and @host after it";

impl Url {
    /// # Errors
    /// A sentence that says what is wrong, in words of its own: the wrong part may be one of a password.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (Some(scheme), rest) = split(text) else {
            return Err("it has no scheme; a cache's URL looks like memory://?capacity=10000".into());
        };
        if !rest.contains('@') && may_be_a_login(rest) {
            return Err(NO_PORT.into());
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if query.contains('@') {
            return Err(
                "it has an @ after the ?; write ? as %3F in a password, and @ as %40 in a parameter".into()
            );
        }
        let parameters =
            query.split('&').filter(|part| !part.is_empty()).map(parameter).collect::<Result<_, _>>()?;
        Ok(Self { scheme: scheme.to_ascii_lowercase(), place: place.into(), parameters })
    }

    /// # Errors
    /// A sentence that says that there is a place nevertheless.
    pub(crate) fn takes_no_place(&self) -> Result<(), String> {
        match self.place.as_str() {
            "" => Ok(()),
            _ => Err(format!("{}:// takes no host or path; its parameters follow a ?", self.scheme)),
        }
    }
}

/// A URL that may be shown: without its login, and without what may be one that was written wrongly.
pub(crate) fn redacted(text: &str, is_parameter: impl Fn(&str) -> bool) -> String {
    let (scheme, rest) = split(text);
    let shown = match rest.rsplit_once('@') {
        // A login may hold anything that was to be encoded and is not.
        Some((_, place)) => format!("***@{}", without_values(place, is_parameter)),
        None if may_be_a_login(rest) => "***".into(),
        None => without_values(rest, is_parameter),
    };
    scheme.map_or_else(|| shown.clone(), |scheme| format!("{scheme}://{shown}"))
}

/// The scheme, where there is one, and the rest.
fn split(text: &str) -> (Option<&str>, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    match text.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && scheme.chars().all(is_part) => (Some(scheme), rest),
        _ => (None, text),
    }
}

/// Whether what stands where a port belongs is none: then it may be a password whose host was forgotten.
fn may_be_a_login(rest: &str) -> bool {
    let place = rest.split('?').next().unwrap_or_default();
    let hosts = place.split('/').next().unwrap_or_default();
    hosts.split(',').any(|host| {
        let port = host.rsplit_once(']').map_or(host, |(_, port)| port);
        port.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err())
    })
}

/// The values of parameters that there are can be shown, those of others might be meant as passwords.
fn without_values(rest: &str, is_parameter: impl Fn(&str) -> bool) -> String {
    let Some((place, query)) = rest.split_once('?') else { return rest.into() };
    let parameters = query.split('&').map(|part| match part.split_once('=') {
        _ if is_parameter(part.split('=').next().unwrap_or_default()) => part.into(),
        Some((name, _)) => format!("{name}=***"),
        None => "***".into(),
    });
    format!("{place}?{}", parameters.collect::<Vec<_>>().join("&"))
}

fn parameter(part: &str) -> Result<(String, String), String> {
    let Some((name, value)) = part.split_once('=') else {
        return Err("a parameter has no value; write name=value, and ? as %3F in a password".into());
    };
    Ok((decoded(name)?, decoded(value)?))
}

/// Replaces `%41` by `A`.
pub(crate) fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('%');
    let mut bytes = Vec::from(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        // `from_str_radix` would take a sign for a digit.
        let Some(code) = code.filter(|_| !part.starts_with('+')) else {
            let code: String = part.chars().take(2).collect();
            return Err(format!("%{code} is not a percent-encoded byte; write % as %25"));
        };
        bytes.push(code);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 after percent-decoding".into())
}

/// Reads whole seconds (`600`) or numbers with units (`20m`, `1h30m`, `250ms`).
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a time; write seconds (600) or units (500ms, 30s, 20m, 12h, 7d, 1h30m)");
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = &rest[..rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len())];
        rest = &rest[unit.len()..];
        let ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(ms).map(Duration::from_millis);
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("{text:?} is too long a time"))?;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_place_and_parameters() {
        let url = Url::parse("MEMORY://?capacity=10&namespace=a%3Ab").unwrap();
        assert_eq!((url.scheme.as_str(), url.place.as_str()), ("memory", ""));
        let expected = [("capacity", "10"), ("namespace", "a:b")];
        assert_eq!(url.parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_broken_url_is_told_why() {
        for (text, why) in [
            ("memory", "it has no scheme"),
            ("memory://?capacity", "a parameter has no value"),
            ("memory://?a=%zz", "%zz is not a percent-encoded byte"),
            ("memory://?a=%", "% is not a percent-encoded byte"),
            ("memory://?a=%+1", "%+1 is not a percent-encoded byte"),
            ("memory://?a=%é", "%é is not a percent-encoded byte"),
            ("memory://?a=%offline", "%of is not a percent-encoded byte"),
            ("memory://?a=b@c", "write ? as %3F in a password, and @ as %40 in a parameter"),
            ("shop:secret@redis://host", "it has no scheme"),
            ("memory://?a=%ff", "is not UTF-8"),
        ] {
            let said = Url::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_a_secret() {
        for (text, shown) in [
            ("memory://?capacity=0", "memory://?capacity=0"),
            ("redis://host:6379/1?capacity=5", "redis://host:6379/1?capacity=5"),
            ("redis://[::1]:6379,other", "redis://[::1]:6379,other"),
            ("redis+unix:///run/a:b.sock", "redis+unix:///run/a:b.sock"),
            ("redis://shop:secret@host", "redis://***@host"),
            ("redis://shop:sec?ret@host?capacity=5", "redis://***@host?capacity=5"),
            ("redis://shop:secret", "redis://***"),
            ("redis://host?password=secret&secret", "redis://host?password=***&***"),
            ("shop:secret@redis://host", "***@redis://host"),
            ("redis:shop:secret@host", "***@host"),
            ("redis:secret", "***"),
        ] {
            assert_eq!(redacted(text, |name| name == "capacity"), shown, "{text}");
        }
    }

    #[test]
    fn times_are_seconds_or_have_units() {
        for (text, ms) in
            [("600", 600_000), ("20m", 1_200_000), ("1h30m", 5_400_000), ("250ms", 250), ("7d", 604_800_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "m", "10x", "10m5", "-1", "1.5s", "99999999999999999999d", "600000000000000d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
