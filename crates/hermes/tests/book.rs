//! The pages for people: each is compiled, has its place in the table of contents, and its links lead somewhere.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn pages_in(folder: &str) -> Vec<String> {
    let files = fs::read_dir(root().join(folder)).unwrap().map(|file| file.unwrap().file_name());
    files.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".md")).collect()
}

/// What a page's links lead to, but for other sites and places on the same page.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(to, _)| to);
    targets.filter_map(|to| to.split('#').next()).filter(|to| !to.is_empty() && !to.contains("://"))
}

#[test]
fn each_page_with_code_is_compiled_and_stands_in_the_table_of_contents() {
    let (compiled, contents) = (text("crates/hermes/src/lib.rs"), text("docs/README.md"));
    for page in pages_in("docs") {
        assert!(
            page == "README.md" || contents.contains(&format!("({page})")),
            "docs/README.md lacks {page}"
        );
        let has_code = text(format!("docs/{page}")).contains("```rust");
        assert!(!has_code || compiled.contains(&format!("docs/{page}\"")), "{page} is not compiled");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for folder in ["", "docs", "docs/decisions", "docs/formats"] {
        for page in pages_in(folder) {
            for link in links(&text(format!("{folder}/{page}").trim_start_matches('/'))) {
                let target = root().join(folder).join(link);
                assert!(target.exists(), "{folder}/{page} leads to {link}, which is not there");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} links are too few to be all");
}
