//! The modules of the bench import only those above them in the list at the head of `bench/src/main.rs`: no cycles. A folder is
//! one of them.

use super::source;

/// What is wrong with the imports of the files `(path, text)` below `bench/src/`, `main.rs` among them.
pub fn complaints(files: &[(String, String)]) -> Vec<String> {
    let name = |file: &str| {
        let path = file.trim_start_matches("bench/src/").trim_end_matches(".rs");
        path.split('/').next().unwrap_or_default().to_owned()
    };
    let head = files.iter().find(|(file, _)| name(file) == "main").map_or("", |(_, text)| text.as_str());
    let order = listed(head);
    let place = |module: &str| order.iter().position(|listed| listed == module);
    let mut found = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| name(file) != "main") {
        let Some(mine) = place(&name(file)) else {
            found.push(format!("{file}:1: `{}` is not in the list at the head of bench/src/main.rs", name(file)));
            continue;
        };
        for (line, module) in imported(text) {
            if place(&module).is_some_and(|other| other > mine) {
                found.push(format!("{file}:{line}: `{module}` stands below this module in bench/src/main.rs"));
            }
        }
    }
    found
}

/// The names in backticks of the list at the head, in order.
fn listed(head: &str) -> Vec<String> {
    let lines = head.lines().take_while(|line| line.starts_with("//!"));
    let items = lines.filter(|line| line.starts_with("//! - ") || line.starts_with("//!   "));
    let names = items.flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>());
    names.collect()
}

/// The modules that a file names behind `crate::`, alone or in braces, each with its line.
fn imported(text: &str) -> Vec<(usize, String)> {
    let tokens = source::tokens(text);
    let mut found = Vec::new();
    for at in 0..tokens.len().saturating_sub(2) {
        if tokens[at].text != "crate" || tokens[at + 1].text != "::" {
            continue;
        }
        let names = &tokens[at + 2..];
        let end = if names[0].text == "{" { names.iter().position(|token| token.text == "}").unwrap_or(1) } else { 1 };
        found.extend(names[..end].iter().map(|token| (token.line, token.text.clone())));
    }
    found
}

#[test]
fn an_import_from_below_and_a_module_without_a_place_are_found() {
    let head = "//! Owns.\n//!\n//! - figures: `clock`, `plan`,\n//!   `rows`\n\nmod clock;";
    let check = |file: &str, text: &str, expected: &[&str]| {
        let files = [("bench/src/main.rs", head), (file, text)].map(|(file, text)| (file.to_owned(), text.to_owned()));
        let found = complaints(&files);
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        assert!(found.iter().zip(expected).all(|(sentence, part)| sentence.contains(part)), "{found:#?}");
    };
    check("bench/src/plan.rs", "use crate::clock::now; use aurix::rows::x;", &[]);
    check("bench/src/plan.rs", "\nuse crate::rows::{self, Count};", &["bench/src/plan.rs:2: `rows` stands below"]);
    check("bench/src/clock.rs", "use crate::{plan, rows};", &["`plan`", "`rows`"]);
    check("bench/src/clock.rs", "fn a() { crate::rows::b() }", &["`rows`"]);
    check("bench/src/other.rs", "", &["`other` is not in the list"]);
    check("bench/src/clock/hand.rs", "use crate::clock::face; use crate::plan;", &["`plan`"]);
    check("bench/src/other/mod.rs", "", &["`other` is not in the list"]);
}
