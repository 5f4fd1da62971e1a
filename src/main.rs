//! The `aurix` program.
fn main() {}
