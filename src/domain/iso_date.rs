//! Dates as list queries carry them: ISO 8601, a day or a moment, with an offset or without one (then UTC).

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use super::time::{SignedDuration, Timestamp};

/// Characters that a date has at most; the longest sensible one has 35.
const CHARS_MAX: usize = 40;

/// A text that names no day and no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 8601 date or time that exists, such as 2026-01-02 or 2026-01-02T10:00:00Z")]
pub struct InvalidDate;

/// The first moment that a period beginning at `text` includes: of a day, its start.
pub fn start(text: &str) -> Result<Timestamp, InvalidDate> {
    let (time, _) = parse(text)?;
    Ok(time)
}

/// The first moment that a period ending at `text` does not include: the moment itself, or, of a day, the start of the next.
pub fn end(text: &str) -> Result<Timestamp, InvalidDate> {
    let (time, is_day) = parse(text)?;
    let length = SignedDuration::from_hours(if is_day { 24 } else { 0 });
    Ok(time.checked_add(length).unwrap_or(Timestamp::MAX))
}

/// The moment, rounded up to the microseconds that are stored, and whether it stands for a whole day.
fn parse(text: &str) -> Result<(Timestamp, bool), InvalidDate> {
    let text = text.trim();
    if text.len() > CHARS_MAX {
        return Err(InvalidDate);
    }
    let text = with_plus(text);
    let pieces = Pieces::parse(&text).map_err(|_| InvalidDate)?;
    if pieces.time_zone_annotation().is_some() {
        return Err(InvalidDate);
    }
    let local = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    let time = moment(local, pieces.to_numeric_offset().unwrap_or(Offset::UTC));
    Ok((rounded_up(time), pieces.time().is_none()))
}

/// Puts back the `+` of an offset that a query decoded to a space. The first space may stand for the `T`.
fn with_plus(text: &str) -> String {
    let (Some(time_at), Some(space_at)) = (text.find([' ', 'T', 't']), text.rfind(' ')) else {
        return text.to_owned();
    };
    if space_at == time_at {
        return text.to_owned();
    }
    let (moment, offset) = (&text[..space_at], &text[space_at + 1..]);
    let sign = if offset.starts_with(['+', '-']) { "" } else { "+" };
    format!("{}{sign}{offset}", moment.trim_end())
}

/// The ends of the calendar stand for moments beyond them.
fn moment(local: DateTime, offset: Offset) -> Timestamp {
    offset.to_timestamp(local).unwrap_or(if local.year() < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn rounded_up(time: Timestamp) -> Timestamp {
    let microseconds = time.as_microsecond();
    let is_whole = time.as_nanosecond() <= i128::from(microseconds) * 1_000;
    Timestamp::from_microsecond(if is_whole { microseconds } else { microseconds + 1 }).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::with_microseconds;

    fn check(text: &str, from: &str, to: &str) {
        assert_eq!(start(text).map(with_microseconds), Ok(from.to_owned()), "the start of {text:?}");
        assert_eq!(end(text).map(with_microseconds), Ok(to.to_owned()), "the end of {text:?}");
    }

    #[test]
    fn a_day_is_the_whole_day() {
        check("2026-01-02", "2026-01-02T00:00:00.000000Z", "2026-01-03T00:00:00.000000Z");
        check("20260102", "2026-01-02T00:00:00.000000Z", "2026-01-03T00:00:00.000000Z");
        check("2024-02-29", "2024-02-29T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z");
        check(" 2026-12-31 ", "2026-12-31T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_moment_is_itself() {
        for (text, time) in [
            ("2026-01-02T10:00", "2026-01-02T10:00:00.000000Z"),
            ("2026-01-02T10:00:00", "2026-01-02T10:00:00.000000Z"),
            ("2026-01-02 10:00:00", "2026-01-02T10:00:00.000000Z"),
            ("2026-01-02t10:00:00z", "2026-01-02T10:00:00.000000Z"),
            ("20260102T100000Z", "2026-01-02T10:00:00.000000Z"),
            ("2026-01-02T00:00", "2026-01-02T00:00:00.000000Z"),
            ("2026-01-02T10:00:00.5Z", "2026-01-02T10:00:00.500000Z"),
            ("2026-01-02T10:00:00.123456Z", "2026-01-02T10:00:00.123456Z"),
            ("2026-01-02T10:00:00.1234561Z", "2026-01-02T10:00:00.123457Z"),
            ("1969-12-31T23:59:59.9999999Z", "1970-01-01T00:00:00.000000Z"),
            ("1969-12-31T23:59:59.1234561Z", "1969-12-31T23:59:59.123457Z"),
            ("2026-01-02T10:00:00+08:00", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02T10:00:00 08:00", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02 10:00:00 08:00", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02T10:00:00 0800", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02T10:00 08", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02T10:00:00 +08:00", "2026-01-02T02:00:00.000000Z"),
            ("2026-01-02T10:00:00-05:30", "2026-01-02T15:30:00.000000Z"),
            ("2026-01-02 10:00:00 -05:30", "2026-01-02T15:30:00.000000Z"),
        ] {
            check(text, time, time);
        }
    }

    #[test]
    fn the_ends_of_the_calendar_hold() {
        assert_eq!(end("9999-12-31"), Ok(Timestamp::MAX));
        assert_eq!(start("9999-12-31T23:59:59Z"), Ok(Timestamp::MAX));
        assert_eq!(start("-009999-01-01"), Ok(Timestamp::MIN));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            " ",
            "yesterday",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2025-02-29",
            "2026-00-10",
            "2026-01-00",
            "2026-1-2",
            "02/01/2026",
            "2026-01-02T25:00",
            "2026-01-02T24:00",
            "2026-01-02T10:60",
            "2026-01-02T10:00:00+99:00",
            "2026-01-02T10:00:00[Asia/Singapore]",
            "2026-01-02T10:00:00Z and more",
            "2026-01-02T10:00:00Z Z",
            "1767312000",
            "٢٠٢٦-٠١-٠٢",
            "2026-01-02\0",
            "2026-01-02T10:00:00.000000000000000000000000000000000000000000Z",
        ] {
            assert_eq!(start(text), Err(InvalidDate), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", near in "[0-9]{0,5}-?[0-9]{0,3}-?[0-9]{0,3}[ Tt]?[0-9:.,]{0,20}[ +Zz-]{0,2}[0-9:]{0,6}") {
            let _ = (start(&text), end(&text), start(&near), end(&near));
        }

        #[test]
        fn what_the_lists_print_is_read_back(microsecond in -1_000_000_000_000_000i64..4_000_000_000_000_000) {
            let time = Timestamp::from_microsecond(microsecond).expect("in range");
            prop_assert_eq!(start(&with_microseconds(time)), Ok(time));
            prop_assert_eq!(end(&with_microseconds(time)), Ok(time));
        }
    }
}
