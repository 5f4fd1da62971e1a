//! Names of months and weekdays, and the date that words mean.

use jiff::Span as Duration;
use jiff::civil::{Date, Weekday};

use super::numbers::number;

/// Month names: English with its abbreviations, then German, French, Spanish and Malay.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "januar", "janvier", "enero", "januari"],
    &["february", "feb", "februar", "février", "fevrier", "febrero", "februari"],
    &["march", "mar", "märz", "mars", "marzo", "mac"],
    &["april", "apr", "avril", "abril"],
    &["may", "mai", "mayo", "mei"],
    &["june", "jun", "juni", "juin", "junio"],
    &["july", "jul", "juli", "juillet", "julio", "julai"],
    &["august", "aug", "août", "aout", "agosto", "ogos"],
    &["september", "sep", "sept", "septembre", "septiembre"],
    &["october", "oct", "oktober", "octobre", "octubre"],
    &["november", "nov", "novembre", "noviembre"],
    &["december", "dec", "dezember", "décembre", "diciembre", "disember"],
];

/// Weekday names from Monday on, in the same languages and Chinese.
const WEEKDAYS: [&[&str]; 7] = [
    &["monday", "mon", "montag", "lundi", "lunes", "isnin", "周一", "星期一"],
    &["tuesday", "tue", "tues", "dienstag", "mardi", "martes", "selasa", "周二", "星期二"],
    &["wednesday", "wed", "weds", "mittwoch", "mercredi", "miércoles", "miercoles", "rabu", "周三", "星期三"],
    &["thursday", "thu", "thur", "thurs", "donnerstag", "jeudi", "jueves", "khamis", "周四", "星期四"],
    &["friday", "fri", "freitag", "vendredi", "viernes", "jumaat", "周五", "星期五"],
    &["saturday", "sat", "samstag", "samedi", "sábado", "sabado", "sabtu", "周六", "星期六"],
    &["sunday", "sun", "sonntag", "dimanche", "domingo", "ahad", "周日", "星期日", "星期天"],
];

/// Ordinals for a day of the month.
const ORDINALS: [&str; 12] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
];

/// A pattern of all month names.
pub(super) fn months_pattern() -> String {
    pattern(MONTHS.iter().copied().flatten().copied())
}

/// A pattern of all weekday names; `short` includes abbreviations.
pub(super) fn weekdays_pattern(short: bool) -> String {
    pattern(WEEKDAYS.iter().copied().flatten().copied().filter(|name| short || name.len() > 5))
}

/// A pattern of ordinal words.
pub(super) fn ordinals_pattern() -> String {
    pattern(ORDINALS.into_iter())
}

/// An alternation, longest first, so that `mon` does not match in `monday`.
fn pattern<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    format!("(?:{})", names.join("|"))
}

fn month(word: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(place + 1).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    let place = WEEKDAYS.iter().position(|names| names.contains(&word))?;
    Weekday::from_monday_one_offset(i8::try_from(place + 1).ok()?).ok()
}

/// The parts of a date in words, before they are resolved.
#[derive(Default)]
struct Parts {
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
    weekday: Option<Weekday>,
}

/// Resolves a day relative to `today`; `None` where it is open or does not exist. `month_first` decides what 4/5 means.
pub(super) fn resolve(words: &str, today: Date, month_first: bool) -> Option<Date> {
    let lower = words.to_lowercase();
    relative(&lower, today).or_else(|| numeric(&lower, today, month_first)).or_else(|| named(&lower, today))
}

/// Today, tomorrow, in three days, a week from now.
fn relative(lower: &str, today: Date) -> Option<Date> {
    let days = |count: i64| today.checked_add(Duration::new().try_days(count).ok()?).ok();
    let is_any = |names: &[&str]| names.iter().any(|name| lower.contains(name));
    if is_any(&["day after tomorrow", "übermorgen", "après-demain", "pasado mañana", "lusa", "后天"]) {
        return days(2);
    }
    if is_any(&[
        "tomorrow",
        "tommorow",
        "tommorrow",
        "tomorow",
        "tmr",
        "tmrw",
        "2moro",
        "demain",
        "mañana",
        "esok",
        "明天",
        "morgen",
    ]) {
        return days(1);
    }
    if is_any(&[
        "today",
        "tonight",
        "tonite",
        "this evening",
        "this afternoon",
        "this morning",
        "now",
        "hour",
        "minute",
        "heute",
    ]) && !is_any(&["from now", "from today"])
        || is_any(&["aujourd", "hoy", "hari ini", "今天", "今晚"])
    {
        return days(0);
    }
    if is_any(&["yesterday", "昨天"]) {
        return days(-1);
    }
    if is_any(&["hour", "minute"]) {
        return days(0);
    }
    let words: Vec<&str> = lower.split([' ', '-']).collect();
    let mut total: Option<i64> = None;
    let mut months = 0;
    for (place, word) in words.iter().enumerate().skip(1) {
        let unit = match word.trim_end_matches(['s', '.', ',']) {
            "day" => 1,
            "week" => 7,
            "month" => 30,
            _ => continue,
        };
        let back = if words[place - 1] == "more" { 2 } else { 1 };
        let Some(count) = place.checked_sub(back).and_then(|at| number(words[at])) else { continue };
        if unit == 30 {
            months += count;
        }
        total = Some(total.unwrap_or(0) + if unit == 30 { 0 } else { unit * i64::from(count) });
    }
    if lower.contains("from") && !lower.contains("now") && !lower.contains("today") || lower.contains("ago") {
        return None;
    }
    today.checked_add(Duration::new().try_months(i64::from(months)).ok()?.try_days(total?).ok()?).ok()
}

/// 2026-11-21, 21/11/2026, 21.11., 11月21日.
fn numeric(lower: &str, today: Date, month_first: bool) -> Option<Date> {
    let is_numeric = |letter: char| letter.is_ascii_digit();
    let runs: Vec<&str> = lower.split(|letter| !is_numeric(letter)).filter(|run| !run.is_empty()).collect();
    if lower.contains('月') {
        let [month, day] = runs.as_slice() else { return None };
        return nearest(month.parse().ok()?, day.parse().ok()?, today);
    }
    if !lower.chars().any(|letter| matches!(letter, '/' | '-' | '.'))
        || lower.chars().filter(|c| c.is_alphabetic()).count() > 9
    {
        return None;
    }
    let order = |first: &str, second: &str| -> Option<(i8, i8)> {
        let (first, second): (i8, i8) = (first.parse().ok()?, second.parse().ok()?);
        let swap = second > 12 || (month_first && first <= 12);
        Some(if swap { (second, first) } else { (first, second) })
    };
    match runs.as_slice() {
        [year, month, day] if year.len() == 4 => {
            Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
        }
        [first, second, year] if matches!(year.len(), 2 | 4) => {
            let (day, month) = order(first, second)?;
            let year: i16 = year.parse().ok()?;
            Date::new(if year < 100 { 2000 + year } else { year }, month, day).ok()
        }
        [first, second] => {
            let (day, month) = order(first, second)?;
            nearest(month, day, today)
        }
        _ => None,
    }
}

/// The 5th, Friday, 5 March, Friday the 5th of March 2027.
fn named(lower: &str, today: Date) -> Option<Date> {
    let mut parts = Parts::default();
    if lower.contains(" from ") {
        return None;
    }
    for word in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).take(16) {
        let digits = word.trim_end_matches(char::is_alphabetic);
        if let Some(found) = month(word).filter(|_| parts.month.is_none()) {
            parts.month = Some(found);
        } else if let Some(found) = weekday(word) {
            parts.weekday = Some(found);
        } else if let Some(place) = ORDINALS.iter().position(|ordinal| *ordinal == word) {
            parts.day = i8::try_from(place + 1).ok();
        } else if digits.len() == 4 {
            parts.year = digits.parse().ok();
        } else if !digits.is_empty() && parts.day.is_none() {
            parts.day = Some(digits.parse().ok()?);
        } else if word == "last" {
            return None;
        }
    }
    match parts {
        Parts { day: Some(day), month: Some(month), year: Some(year), .. } => Date::new(year, month, day).ok(),
        Parts { day: Some(day), month: Some(month), .. } => nearest(month, day, today),
        Parts { day: Some(day), month: None, .. } => next_day_of_month(day, today),
        Parts { day: None, month: None, weekday: Some(weekday), .. } => {
            let next = lower.contains("next week") || lower.contains("下");
            let from = if next { today.nth_weekday(1, Weekday::Monday).ok()?.yesterday().ok()? } else { today };
            from.nth_weekday(1, weekday).ok()
        }
        _ => None,
    }
}

/// That day of this year, or of the next year if it is past.
fn nearest(month: i8, day: i8, today: Date) -> Option<Date> {
    let this_year = Date::new(today.year(), month, day).ok();
    match this_year {
        Some(date) if date >= today => Some(date),
        _ => Date::new(today.year().checked_add(1)?, month, day).ok().or(this_year),
    }
}

/// The next date with that day of the month.
fn next_day_of_month(day: i8, today: Date) -> Option<Date> {
    let mut first = today.first_of_month();
    for _ in 0..12 {
        if let Ok(date) = Date::new(first.year(), first.month(), day)
            && date >= today
        {
            return Some(date);
        }
        first = first.checked_add(Duration::new().months(1)).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Saturday, 21 November 2026.
    const TODAY: Date = date(2026, 11, 21);

    #[track_caller]
    fn check(words: &str, expected: Option<&str>) {
        let resolved = resolve(words, TODAY, false).map(|date| date.to_string());
        assert_eq!(resolved.as_deref(), expected, "{words:?}");
    }

    #[test]
    fn days_are_resolved_from_today() {
        check("today", Some("2026-11-21"));
        check("tonight", Some("2026-11-21"));
        check("Tomorrow", Some("2026-11-22"));
        check("the day after tomorrow", Some("2026-11-23"));
        check("in 3 days", Some("2026-11-24"));
        check("in twelve days", Some("2026-12-03"));
        check("9 days from now", Some("2026-11-30"));
        check("in a week", Some("2026-11-28"));
        check("in 2 weeks and 3 days", Some("2026-12-08"));
        check("a month from now", Some("2026-12-21"));
        check("Friday", Some("2026-11-27"));
        check("next week monday", Some("2026-11-23"));
        check("the 5th", Some("2026-12-05"));
        check("31st", Some("2026-12-31"));
        check("5th of March", Some("2027-03-05"));
        check("Friday, Dec. 4", Some("2026-12-04"));
        check("August 20, 2018", Some("2018-08-20"));
        check("2018/04/24", Some("2018-04-24"));
        check("3/4/2027", Some("2027-04-03"));
        check("08/20/2018", Some("2018-08-20"));
        check("24.12.", Some("2026-12-24"));
        check("12月24日", Some("2026-12-24"));
        check("明天", Some("2026-11-22"));
        check("demain", Some("2026-11-22"));
        check("3 de abril", Some("2027-04-03"));
    }

    #[test]
    fn ambiguous_and_missing_days_are_not_resolved() {
        for words in
            ["31st of February", "99/99/2020", "soon", "two weeks from saturday", "last friday of this month", ""]
        {
            check(words, None);
        }
    }
}
