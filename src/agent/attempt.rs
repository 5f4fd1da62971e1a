//! Whether words that gave no value look like an attempt at one.

use crate::domain::form::FieldKind;

/// Whether a text looks like an attempt to answer a question of that type.
pub(super) fn is_attempt(kind: FieldKind, rest: &str) -> bool {
    let words = rest.split_whitespace().count();
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    match kind {
        FieldKind::Email => rest.contains(['@', '＠']) || words <= 2 || rest.contains(" dot ") || rest.contains(".com"),
        FieldKind::Phone => digits >= 3 || words <= 2,
        FieldKind::Name => words <= 4,
        FieldKind::Number | FieldKind::Date | FieldKind::Datetime | FieldKind::Time => words <= 5 || digits > 0,
        FieldKind::Choice | FieldKind::YesNo => words <= 6,
        FieldKind::Text => false,
    }
}
