//! The rules of the tree that a compiler does not know: imports point down, files stay small, everything in its place.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::skip::skip;

mod imports;
mod order;
mod shape;
pub mod source;
mod templates;

/// Words that have no place in any tracked file, in pieces, so that this file passes too. The flag asks that the word
/// does not continue a path or a name (`network/` is not meant).
const FOREIGN_WORDS: &[(&str, &str, bool)] = &[
    ("/wo", "rk/", true),
    ("/fa", "rm/", true),
    ("farm-", "studio", false),
    ("farm-", "bench", false),
    ("before-", "stop", false),
    ("DEVELOPERS", ".md", false),
    ("registry.npm", "js", false),
    ("static.", "crates", false),
    ("index.", "crates", false),
    ("pythonhosted", ".org", false),
];

/// Marks of unfinished thought, in pieces.
const UNFINISHED: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME"), ("XX", "X")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file below a folder of the tree, as its path from the root with `/`, and its text.
pub fn rust_files(folder: &str) -> Vec<(String, String)> {
    files(folder, "rs")
}

/// Every file below a folder of the tree whose name ends so, as its path from the root with `/`, and its text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let (mut waiting, mut files) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = waiting.pop() {
        let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder of the tree can be read").path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                files.push((from_root(&path), std::fs::read_to_string(&path).expect("a source file is UTF-8")));
            }
        }
    }
    files.sort();
    files
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("the walk starts at the root").to_string_lossy().replace('\\', "/")
}

/// The files that git tracks or would track; nothing where there is no git or no repository.
fn tracked_files() -> Option<Vec<PathBuf>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed =
        Command::new("git").args(list).current_dir(root()).output().ok().filter(|listed| listed.status.success())?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut files: Vec<_> = names.split('\0').filter(|name| !name.is_empty()).map(|name| root().join(name)).collect();
    files.retain(|file| file.is_file());
    Some(files)
}

/// The words in a text that do not belong in the tree, as `file:line: what to do`.
fn foreign_words(file: &str, text: &str) -> Vec<String> {
    let continues = |before: &str| before.ends_with(|c: char| c.is_ascii_alphabetic() || c == '.');
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", number + 1);
        let lower = line.to_ascii_lowercase();
        for (head, tail, alone) in FOREIGN_WORDS {
            let word = format!("{head}{tail}").to_ascii_lowercase();
            if lower.match_indices(&word).any(|(at, _)| !alone || !continues(&lower[..at])) {
                found.push(format!(
                    "{place}: `{head}{tail}` is of this machine or that host, not of Aurix: leave it out"
                ));
            }
        }
        for (head, tail) in UNFINISHED {
            let word = format!("{head}{tail}");
            if line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word) {
                found.push(format!("{place}: `{word}`: do it, or write an issue"));
            }
        }
    }
    found
}

pub fn assert_tidy(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} to mend:\n{}\n", complaints.len(), complaints.join("\n"));
}

#[test]
fn templates_obey_the_policy() {
    let files = files("src/http/console", "html");
    assert!(files.len() > 20, "only {} templates were found", files.len());
    assert_tidy(&files.iter().flat_map(|(file, text)| templates::complaints(file, text)).collect::<Vec<_>>());
}

#[test]
fn imports_point_down_only() {
    let files = rust_files("src");
    assert!(files.iter().any(|(file, _)| file.starts_with("src/domain/")), "the walk over src/ found no layer 1");
    assert_tidy(&files.iter().flat_map(|(file, text)| imports::complaints(file, text)).collect::<Vec<_>>());
    assert_tidy(&imports::cycles(&files));
}

#[test]
fn modules_of_the_bench_import_those_above_them() {
    let files = rust_files("bench/src");
    assert!(files.len() > 1, "the walk over bench/src found nothing");
    assert_tidy(&order::complaints(&files));
}

#[test]
fn every_file_is_in_shape() {
    let (sources, bench, tests) = (rust_files("src"), rust_files("bench"), rust_files("tests"));
    let all = sources.iter().chain(&bench).chain(&tests);
    assert_tidy(&all.flat_map(|(file, text)| shape::complaints(file, text)).collect::<Vec<_>>());
    let mut lengths: Vec<_> = sources.iter().map(|(_, text)| text.lines().count()).collect();
    lengths.sort_unstable();
    println!(
        "figure: {} files in src/, median {} lines, longest {}",
        lengths.len(),
        lengths[lengths.len() / 2],
        lengths[lengths.len() - 1]
    );
}

#[test]
fn the_tree_speaks_of_aurix_alone() {
    let Some(files) = tracked_files() else {
        skip("there is no git, so no list of tracked files to read");
        return;
    };
    let read = |file: &PathBuf| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
    let texts = files.iter().map(|file| (from_root(file), read(file))).filter(|(_, text)| !text.contains('\0'));
    assert_tidy(&texts.flat_map(|(file, text)| foreign_words(&file, &text)).collect::<Vec<_>>());
}

#[test]
fn a_foreign_word_and_an_unfinished_mark_are_found() {
    let foreign = format!("fine\ncd {}{}main", "/wo", "rk/");
    assert!(foreign_words("a.md", &foreign)[0].starts_with("a.md:2: "));
    assert!(foreign_words("a.md", &format!("see {}{}", "developers", ".md")).len() == 1);
    assert!(foreign_words("a.rs", &format!("// {}{}: later", "TO", "DO")).len() == 1);
    let fine = format!("the netwo{} card, .github{}{}flows, METHO{}S", "rk/", "/wo", "rk", "DO");
    assert_eq!(foreign_words("a.md", &fine), Vec::<String>::new());
}
