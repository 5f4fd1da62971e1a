//! When something began.

/// When something began. It measures how long work takes and is never stored or shown as a time.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures how long things take")]
pub fn moment() -> std::time::Instant {
    std::time::Instant::now()
}
