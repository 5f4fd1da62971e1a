//! Compiles the patterns of this module: small ones, since each is kept for the life of the program.

use regex::Regex;

/// Compiles a pattern whose `\d` means 0 to 9 and whose `\s` means the spaces that people type: the full Unicode classes
/// would cost several times the memory and match nothing that is understood here.
pub(super) fn compile(way: &str) -> Regex {
    let small = way.replace(r"\d", "[0-9]").replace(r"\s", r"[\x20\t\r\n\u{a0}\u{3000}]");
    Regex::new(&small).expect("the patterns of this module are constants, each compiled by a test")
}
