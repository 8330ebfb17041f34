//! Reads a cache's URL: scheme, place and parameters.
//! Knows neither schemes nor parameters; `builder` does.

use std::time::Duration;

/// The parts of `scheme://place?name=value&…`. All but the place are decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: String,
    pub(crate) place: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Url {
    /// # Errors
    /// A sentence that says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("it has no scheme; a cache's URL looks like memory://?capacity=10000".into());
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters =
            query.split('&').filter(|part| !part.is_empty()).map(parameter).collect::<Result<_, _>>()?;
        Ok(Self { scheme: scheme.to_ascii_lowercase(), place: place.into(), parameters })
    }

    /// # Errors
    /// A sentence that says what place there is nevertheless.
    pub(crate) fn takes_no_place(&self) -> Result<(), String> {
        match self.place.as_str() {
            "" => Ok(()),
            place => Err(format!("{}:// takes no host or path, but it has {place:?}", self.scheme)),
        }
    }
}

/// A URL that may be shown: without the password.
pub(crate) fn redacted(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.into() };
    let place = rest.find('?').map_or(rest, |end| &rest[..end]);
    match place.rfind('@') {
        Some(at) => {
            let user = place[..at].split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***{}", &rest[at..])
        }
        None => text.into(),
    }
}

fn parameter(part: &str) -> Result<(String, String), String> {
    let Some((name, value)) = part.split_once('=') else {
        return Err(format!("parameter {part:?} has no value"));
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
            return Err(format!("%{part} is not a percent-encoded byte; write % as %25"));
        };
        bytes.push(code);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| format!("{text:?} is not UTF-8 after percent-decoding"))
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
            ("memory://?capacity", "parameter \"capacity\" has no value"),
            ("memory://?a=%zz", "%zz is not a percent-encoded byte"),
            ("memory://?a=%", "% is not a percent-encoded byte"),
            ("memory://?a=%+1", "%+1 is not a percent-encoded byte"),
            ("memory://?a=%é", "%é is not a percent-encoded byte"),
            ("memory://?a=%ff", "is not UTF-8"),
        ] {
            let said = Url::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
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
