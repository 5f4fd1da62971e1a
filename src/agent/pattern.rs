//! Compiles this module's patterns to small automata, since each stays in memory.

use regex::Regex;

/// Compiles a pattern in which `\d` is 0 to 9 and `\s` is the spaces that people type: the full Unicode classes would take
/// several times the memory and match nothing that is parsed here.
pub(super) fn compile(way: &str) -> Regex {
    let small = way.replace(r"\d", "[0-9]").replace(r"\s", r"[\x20\t\r\n\u{a0}\u{3000}]");
    Regex::new(&small).expect("the patterns of this module are constants, each compiled by a test")
}
