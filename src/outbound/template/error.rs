//! What is wrong with a template, or with what it made, and where.

use minijinja::ErrorKind;

use super::{BODY_BYTES_MAX, TEMPLATE_BYTES_MAX};

/// A place in a text, as editors count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub offset: usize,
}

impl Place {
    /// The place of a byte of a text; its end where there is no such byte.
    pub(super) fn at(text: &str, offset: usize) -> Self {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, offset }
    }

    /// Where a line of a text begins, counted from 1, in bytes.
    pub(super) fn of_line(text: &str, line: usize) -> usize {
        let behind = text.match_indices('\n').map(|(at, _)| at + 1);
        std::iter::once(0).chain(behind).nth(line.saturating_sub(1)).unwrap_or(text.len())
    }
}

/// Why a template is refused, or makes no body. It names no value of the event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is nothing in it.
    #[error("the template is empty")]
    Empty,
    /// More than [`TEMPLATE_BYTES_MAX`].
    #[error("the template is longer than {} KiB", TEMPLATE_BYTES_MAX / 1024)]
    TooLong,
    /// It cannot be read, or does something that templates may not, or fails there.
    #[error("line {}, column {} of the template: {what}", place.line, place.column)]
    Template {
        /// Where, in the template.
        place: Place,
        /// What is wrong, and what to do.
        what: String,
    },
    /// It takes more work than a template may.
    #[error("the template takes more work than is allowed for one event: loop over less, or join shorter texts")]
    TooMuchWork,
    /// More than [`BODY_BYTES_MAX`].
    #[error("the result is larger than {} KiB", BODY_BYTES_MAX / 1024)]
    TooLarge,
    /// The result is no JSON.
    #[error("line {}, column {} of the result is not valid JSON: {what}", place.line, place.column)]
    Json {
        /// Where, in the result.
        place: Place,
        /// What is wrong.
        what: String,
        /// What the template made.
        result: String,
    },
    /// The result is JSON that no receiver takes as a body.
    #[error("the result is {0}: a body is a JSON object or a list")]
    NoBody(&'static str),
    /// The event is no JSON object, which is not the template's fault.
    #[error("the event cannot be read")]
    Event,
    /// The machine has no room to read the template.
    #[error("there is no room to read the template: try again")]
    NoRoom,
}

impl TemplateError {
    /// An error of the engine about `source`.
    pub(super) fn of_engine(source: &str, error: &minijinja::Error) -> Self {
        if error.kind() == ErrorKind::OutOfFuel {
            return Self::TooMuchWork;
        }
        let what = match error.detail() {
            // Filters and the engine both say `undefined`, which people know as a field without a value.
            Some(detail) => detail.to_owned(),
            None => error.kind().to_string(),
        };
        let offset =
            error.range().map_or_else(|| Place::of_line(source, error.line().unwrap_or(1)), |range| range.start);
        Self::Template { place: Place::at(source, offset), what }
    }

    /// What is at a place of the template.
    pub(super) fn at(source: &str, offset: u32, what: impl Into<String>) -> Self {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        Self::Template { place: Place::at(source, offset), what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_as_editors_count() {
        let place = |offset| {
            let place = Place::at("ab\néöx\n", offset);
            (place.line, place.column)
        };
        assert_eq!([0, 2, 3, 5, 7, 8, 99].map(place), [(1, 1), (1, 3), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1)]);
        assert_eq!(place(4), (2, 1), "within a character");
    }
}
