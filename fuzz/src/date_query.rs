//! Any date in a list's query: refused, or a period that does not end before it begins.

use aurix::domain::iso_date;

/// Panics where it does not hold for this input.
pub fn check(text: &str) {
    match (iso_date::start(text), iso_date::end(text)) {
        (Ok(start), Ok(end)) => assert!(start <= end),
        (start, end) => assert!(start.is_err() && end.is_err()),
    }
}
