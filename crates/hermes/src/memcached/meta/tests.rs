//! The codec beside the one of the crate `memcache`, and on bytes that nobody says.

use memcache::exp::{
    DeleteOptions, GetOptions, MetaResponse, ReturnCode, SetMode, SetOptions, build_delete, build_get,
    build_set, parse_meta_result,
};
use proptest::{collection::vec, option, prelude::*};

use super::{reply::Malformed, *};

/// What is written for one command, with the number of its answer.
fn written(write: impl FnOnce(&mut Asks)) -> (String, Vec<u8>) {
    let mut asks = Asks::new(1);
    write(&mut asks);
    let opaque = asks.opaques().next().expect("there is one command");
    (opaque.to_string(), asks.bytes().to_vec())
}

/// The words of a command, which have no order behind the name and the length, and its value.
fn words(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").expect("a command has a line");
    let mut words: Vec<_> = bytes[..end].split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect();
    words[2..].sort_unstable();
    (words, bytes[end + 2..].to_vec())
}

fn name() -> impl Strategy<Value = String> {
    "[!-~]{1,229}"
}

fn life() -> impl Strategy<Value = u32> {
    1..=30 * 24 * 60 * 60_u32
}

/// All answers in bytes that come in these pieces.
fn read_in_pieces(bytes: &[u8], pieces: &[usize], count: usize) -> Result<Option<Vec<OwnAnswer>>, Malformed> {
    let mut reader = Reader::default();
    let mut come = 0;
    for piece in pieces.iter().chain([&bytes.len()]) {
        come = bytes.len().min(come + piece);
        if reader.read(&bytes[..come], count)? {
            return Ok(Some(reader.answers(&bytes[..come]).iter().map(OwnAnswer::from).collect()));
        }
    }
    Ok(None)
}

#[derive(Debug, PartialEq)]
struct OwnAnswer {
    status: Status,
    value: Vec<u8>,
    opaque: Option<u32>,
    cas: u64,
    ttl: Option<i64>,
    won: bool,
}

impl From<Response<'_>> for OwnAnswer {
    fn from(answer: Response<'_>) -> Self {
        let Response { status, value, opaque, cas, ttl, won } = answer;
        Self { status, value: value.to_vec(), opaque, cas, ttl, won }
    }
}

/// An answer as memcached gives it.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let flags = vec(
        prop_oneof![
            any::<u64>().prop_map(|cas| format!(" c{cas}")),
            any::<u32>().prop_map(|opaque| format!(" O{opaque}")),
            prop_oneof![Just(-1_i64), 0..=i64::MAX].prop_map(|ttl| format!(" t{ttl}")),
            Just(" W".to_owned()),
            Just(" Z".to_owned()),
            Just(" f30".to_owned()),
        ],
        0..5,
    )
    .prop_map(|flags| flags.concat());
    let code = prop_oneof![Just("HD"), Just("EN"), Just("NF"), Just("EX"), Just("NS")];
    prop_oneof![
        (code, flags.clone()).prop_map(|(code, flags)| format!("{code}{flags}\r\n").into_bytes()),
        (vec(any::<u8>(), 0..300), flags).prop_map(|(value, flags)| {
            let line = format!("VA {}{flags}\r\n", value.len());
            [line.as_bytes(), &value, b"\r\n"].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn reads_are_written_as_another_client_writes_them(
        name in name(), value: bool, cas: bool, ttl: bool, touch in option::of(life()), takes in option::of(life()),
    ) {
        let (opaque, bytes) = written(|asks| {
            let mut ask = asks.get(|to| to.push_str(&name));
            for (flag, _) in [("v", value), ("c", cas), ("t", ttl)].iter().filter(|(_, is_set)| *is_set) {
                ask = ask.flags(flag);
            }
            if let Some(life) = touch {
                ask = ask.number(b'T', life.into());
            }
            if let Some(life) = takes {
                ask = ask.number(b'N', life.into());
            }
            ask.end();
        });
        let mut options = GetOptions::default();
        (options.value, options.return_cas, options.return_ttl) = (value, cas, ttl);
        (options.touch, options.vivify_ttl, options.opaque) = (touch, takes, Some(opaque.into_bytes()));
        let theirs = build_get(&name, &options).unwrap().encode().unwrap();
        prop_assert_eq!(words(&bytes), words(&theirs));
    }

    #[test]
    fn writes_are_written_as_another_client_writes_them(
        name in name(), parts in vec(vec(any::<u8>(), 0..100), 0..3), life in life(), cas in option::of(any::<u64>()), told: bool,
    ) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let value = parts.concat();
        let (opaque, bytes) = written(|asks| {
            let mut ask = asks.set(|to| to.push_str(&name), value.len()).number(b'T', life.into());
            ask = match cas {
                Some(cas) => ask.number(b'C', cas),
                None => ask.flags("ME"),
            };
            if told { ask.flags("c") } else { ask }.end_with(&parts);
        });
        let mut options = SetOptions::default();
        options.mode = if cas.is_none() { SetMode::Add } else { SetMode::default() };
        (options.ttl, options.compare_cas, options.return_cas) = (Some(life), cas, told);
        options.opaque = Some(opaque.into_bytes());
        let theirs = build_set(&name, value, &options).unwrap().encode().unwrap();
        prop_assert_eq!(words(&bytes), words(&theirs));
    }

    #[test]
    fn deletions_are_written_as_another_client_writes_them(name in name(), cas in option::of(any::<u64>())) {
        let (opaque, bytes) = written(|asks| {
            let ask = asks.delete(|to| to.push_str(&name));
            match cas {
                Some(cas) => ask.number(b'C', cas),
                None => ask,
            }
            .end();
        });
        let mut options = DeleteOptions::default();
        (options.compare_cas, options.opaque) = (cas, Some(opaque.into_bytes()));
        let theirs = build_delete(&name, &options).unwrap().encode().unwrap();
        prop_assert_eq!(words(&bytes), words(&theirs));
    }

    #[test]
    fn answers_are_read_as_another_client_reads_them(bytes in answers()) {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let theirs = parse_meta_result(MetaResponse::parse_header(&bytes[..end]).unwrap()).unwrap();
        let mine = read_in_pieces(&bytes, &[], 1).unwrap().unwrap().remove(0);
        let status = match theirs.rc {
            ReturnCode::Hd => Status::Done,
            ReturnCode::Va => Status::Value,
            ReturnCode::En | ReturnCode::Nf => Status::Absent,
            ReturnCode::Ex => Status::Exists,
            ReturnCode::Ns => Status::NotStored,
            other => unreachable!("{other:?} is none of the answers here"),
        };
        let opaque = theirs.opaque.map(|digits| String::from_utf8(digits).unwrap().parse().unwrap());
        prop_assert_eq!((mine.status, mine.opaque, mine.ttl, mine.won), (status, opaque, theirs.ttl, theirs.won));
        prop_assert_eq!(mine.cas, theirs.cas.unwrap_or(0));
        if status == Status::Value {
            prop_assert_eq!(&bytes[end + 2..bytes.len() - 2], mine.value);
        }
    }

    #[test]
    fn answers_may_come_in_any_pieces(all in vec(answers(), 1..8), pieces in vec(0..40_usize, 0..60)) {
        let bytes = all.concat();
        let whole = read_in_pieces(&bytes, &[], all.len());
        prop_assert!(whole.as_ref().unwrap().is_some());
        prop_assert_eq!(read_in_pieces(&bytes, &pieces, all.len()), whole);
        prop_assert_eq!(read_in_pieces(&bytes[..bytes.len() - 1], &pieces, all.len()), Ok(None));
    }

    #[test]
    fn whatever_the_bytes_reading_ends(bytes in vec(any::<u8>(), 0..4000), pieces in vec(0..200_usize, 0..20)) {
        let in_pieces = read_in_pieces(&bytes, &pieces, 3);
        prop_assert_eq!(in_pieces, read_in_pieces(&bytes, &[], 3));
    }

    #[test]
    fn whatever_is_broken_in_an_answer_reading_ends(mut bytes in answers(), at: prop::sample::Index, byte: u8) {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        drop(read_in_pieces(&bytes, &[1, 2, 3], 1));
    }
}

#[test]
fn a_line_without_end_is_not_waited_for() {
    for length in [2048, 10_000] {
        assert_eq!(read_in_pieces(&vec![b'H'; length], &[100], 1), Err(Malformed), "{length}");
    }
    assert_eq!(read_in_pieces(&[b'H'; 2047], &[], 1), Ok(None));
}

#[test]
fn a_value_longer_than_any_is_refused_before_it_comes() {
    for line in [
        "VA 1073741825 O1\r\n",
        "VA 99999999999999999999 O1\r\n",
        "VA -1\r\n",
        "VA\r\n",
        "VA x\r\n",
        "VA 1x\r\n",
    ] {
        assert_eq!(read_in_pieces(line.as_bytes(), &[], 1), Err(Malformed), "{line:?}");
    }
}

#[test]
fn the_servers_own_words_are_kept() {
    for (line, status, words) in [
        ("SERVER_ERROR out of memory storing object\r\n", Status::Failed, "out of memory storing object"),
        ("CLIENT_ERROR bad data chunk\r\n", Status::Confused, "bad data chunk"),
        ("ERROR\r\n", Status::Confused, ""),
    ] {
        let read = read_in_pieces(line.as_bytes(), &[5], 1).unwrap().unwrap().remove(0);
        assert_eq!((read.status, read.value.as_slice()), (status, words.as_bytes()));
    }
    for garbage in ["OK\r\n", "HTTP/1.1 400 Bad Request\r\n", "\r\n", "HD\n", "XY O1\r\n"] {
        assert_eq!(read_in_pieces(garbage.as_bytes(), &[], 1), Err(Malformed), "{garbage:?}");
    }
}

#[test]
fn after_confusion_nothing_more_is_expected() {
    let read = read_in_pieces(b"HD O1\r\nERROR\r\nHD O3\r\n", &[], 3).unwrap().unwrap();
    assert_eq!(read.len(), 2);
}
