//! Names and tags are text of any kind: what is odd about it is never taken for something else.
//! Leaves odd namespaces to `neighbours`.

use crate::conformance::place::Place;

fn odd_texts() -> Vec<String> {
    let texts = [
        "",
        " ",
        "  ",
        "two words",
        "{",
        "}",
        "{}",
        "}{",
        "a{b}c",
        "{{a}}",
        ":",
        "::",
        ":entry:",
        ":lease:",
        ":tag:",
        "cache:tag:=a",
        "*",
        "@",
        "=",
        "#",
        "=a",
        "@*",
        "?",
        "[a]",
        "\\",
        "\"",
        "'",
        "%41",
        "A",
        "a",
        "\0",
        "\n",
        "\r\n",
        "a\r\nFLUSHALL\r\n",
        "\t",
        "\u{7f}",
        "é",
        "e\u{301}",
        "漢字",
        "🦀",
        "\u{202e}a",
    ];
    let long = ["x".repeat(10_000), "x".repeat(10_001), "é".repeat(5_000), " ".repeat(250), "x".repeat(121)];
    texts.into_iter().map(str::to_owned).chain(long).collect()
}

pub fn names_may_be_any_text(place: &Place) {
    let cache = place.cache();
    for (number, name) in odd_texts().iter().enumerate() {
        cache.entry(name).set(number).unwrap();
    }

    for (number, name) in odd_texts().iter().enumerate() {
        assert_eq!(cache.entry(name).get::<usize>(), Some(number), "{name:.50?}");
    }
    assert_eq!(cache.dump().unwrap().len(), odd_texts().len());
}

pub fn tags_may_be_any_text(place: &Place) {
    let cache = place.cache();
    let texts = odd_texts();
    for tag in &texts {
        cache.entry(tag).tags([tag]).set(true).unwrap();
    }

    for (number, tag) in texts.iter().enumerate() {
        cache.clean([tag]).unwrap();
        assert_eq!(cache.entry(tag).tags([tag]).get::<bool>(), None, "{tag:.50?}");
        if let Some(next) = texts.get(number + 1) {
            assert_eq!(cache.entry(next).tags([next]).get::<bool>(), Some(true), "{tag:.50?}, {next:.50?}");
        }
    }
}

pub fn all_odd_tags_at_once_are_one_entrys(place: &Place) {
    let cache = place.cache();
    for tag in odd_texts() {
        cache.entry("k").tags(odd_texts()).set(1).unwrap();
        assert_eq!(cache.entry("k").tags(odd_texts()).get::<i32>(), Some(1));

        cache.clean([&tag]).unwrap();

        assert_eq!(cache.entry("k").tags(odd_texts()).get::<i32>(), None, "{tag:.50?}");
    }
}
