//! What a project lets a language model spend, in tokens of its local days and months.

/// Share of the tokens, in percent, from which on people are warned.
pub const WARN_FROM_PERCENT: i64 = 80;
/// Share of the tokens, in percent, from which on they count as spent: what a question costs at most is set aside before it is asked, so
/// that the very last ones never are.
const SPENT_FROM_PERCENT: i64 = 98;

/// Whether so many tokens are so near to their limit that people are warned.
pub fn is_near(spent: i64, most: i64) -> bool {
    spent.saturating_mul(100) >= most.saturating_mul(WARN_FROM_PERCENT)
}

/// Whether so many tokens are as good as all.
pub fn is_spent(spent: i64, most: i64) -> bool {
    spent.saturating_mul(100) >= most.saturating_mul(SPENT_FROM_PERCENT)
}

/// The first and the last day of a day's month, `2026-01-02`.
pub fn month_of(day: &str) -> (String, String) {
    let month = day.get(..7).unwrap_or(day);
    (format!("{month}-01"), format!("{month}-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_warned_from_four_fifths_on() {
        assert_eq!([799, 800, 979, 980].map(|spent| is_near(spent, 1_000)), [false, true, true, true]);
        assert_eq!([799, 800, 979, 980].map(|spent| is_spent(spent, 1_000)), [false, false, false, true]);
        assert!(!is_near(0, i64::MAX) && is_near(i64::MAX, i64::MAX));
    }

    #[test]
    fn a_month_has_its_days() {
        assert_eq!(month_of("2026-02-17"), ("2026-02-01".to_owned(), "2026-02-31".to_owned()));
    }
}
