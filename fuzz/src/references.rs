//! Any message that may hold references: few candidates, each written like an id.

use aurix::domain::correlation::{CANDIDATES_MAX, CorrelationId, find_correlation_ids, fold};

/// Panics where it does not hold for this input.
pub fn check(text: &str) {
    let found = find_correlation_ids(text);
    assert!(found.len() <= CANDIDATES_MAX);
    for candidate in found {
        assert_eq!(fold(&candidate.folded), candidate.folded);
        if let Some(id) = candidate.exact {
            assert_eq!(id.folded(), candidate.folded);
            assert_eq!(CorrelationId::parse(id.as_str()), Ok(id));
        }
    }
}
