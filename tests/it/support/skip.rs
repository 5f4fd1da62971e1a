//! Tests that cannot run here say so by name, and `./test` counts them; and the shared data, for lack of which some cannot.

use std::path::PathBuf;

/// The folder of real inputs that are not ours to publish: beside the checkout, or where `AURIX_SHARED_DATA` says.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the product")]
fn shared_data_folder() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    std::env::var_os("AURIX_SHARED_DATA").map_or_else(|| beside.into(), PathBuf::from)
}

/// A file or folder of the shared data. `None`, and the calling test is counted as skipped, where it is absent.
pub fn shared_data(path: &str) -> Option<PathBuf> {
    let wanted = shared_data_folder().join(path);
    if !wanted.exists() {
        skip(&format!("there is no shared data {path}; AURIX_SHARED_DATA names its folder"));
        return None;
    }
    Some(wanted)
}

/// Reports that the calling test did not run, and why. Call it on the test's own thread, which has the test's name.
pub fn skip(why: &str) {
    let thread = std::thread::current();
    println!("skipped: {}: {why}", thread.name().unwrap_or("a test"));
}
