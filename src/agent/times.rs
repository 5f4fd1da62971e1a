//! Finds times of day in a text, and resolves them.

use std::sync::LazyLock;

use jiff::civil::{DateTime, Time};
use jiff::{Span as Duration, Timestamp, tz::TimeZone};
use regex::Regex;

use super::counted_noun::{Counts, counts, is_pronoun};
use super::dates::is_moment;
use super::numbers::{NUMBER, number};
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};
use super::unrelated_times::is_unrelated;

/// Words of an answer that is only a time, at most.
const ANSWER_WORDS_MAX: usize = 6;
const MERIDIEM: &str = r"(?:\s*(?:[ap]\.\s?m\b\.?|[ap]m\b))";
const HOUR_WORDS: &str = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)";

/// Times that are recognised anywhere in a sentence.
static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| {
    let some = format!(r"(?:{NUMBER}|an?|a couple of|a few)");
    let part = r"(?:\s+(?:in the|this)\s+(?:morning|afternoon|evening)\b|\s+at night\b|\s+tonight\b)";
    let lead = r"(?:\b(?:evening|night)\s+(?:at|around)\s+)?";
    let clock = r"(?:[01]?\d|2[0-4])[:.][0-5]\d\b";
    let ish = r"(?:\s?-?\s?ish\b)";
    let hour = format!(r"(?:(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?|{HOUR_WORDS}|noon|midnight|midday)");
    let ways = [
        format!(
            r"\bin\s+(?:about\s+|around\s+)?(?:half an hour|{some}\s+(?:hour|hr|minute|min)s?\b(?:\s+and a half)?)"
        ),
        format!(r"\b(?:half an hour|{some}\s+(?:hour|minute)s?)\s+from now\b"),
        format!(
            r"\b(?:(?:an hour|half an hour|quarter|half|{NUMBER}(?:\s+(?:min(?:ute)?s?|hours?))?)(?:\s+|-)(?:past|after|to|before|till)\s+){hour}(?:{MERIDIEM}|\s?ish\b|{part}|\b)"
        ),
        format!(r"\bhalf\s+(?:{HOUR_WORDS}|\d{{1,2}})\b"),
        format!(r"{lead}\b(?:[01]?\d|2[0-4])[:.h][0-5]\d{MERIDIEM}"),
        format!(r"{lead}\b{clock}{ish}?{part}?"),
        format!(r"\b(?:[01]?\d|2[0-4]){MERIDIEM}"),
        format!(r"\b\d{{3,4}}{MERIDIEM}"),
        format!(
            r"\b{HOUR_WORDS}[ -](?:thirty|fifteen|forty[ -]five|twenty|ten|forty|fifty|oh five|o'?clock){MERIDIEM}?"
        ),
        format!(r"\b{HOUR_WORDS}{MERIDIEM}"),
        format!(r"{lead}\b(?:\d{{1,2}}|{HOUR_WORDS})(?:{ish}{part}?|\s?o['’]?\s?clock\b{part}?|{part})"),
        format!(r"\b(?:evening|night)\s+(?:at|around)\s+(?:\d{{1,2}}|{HOUR_WORDS})\b"),
        r"\b(?:[01]?\d|2[0-4])\s?(?:hrs?|uhr)\b|\b\d{1,2}h(?:[0-5]\d)?\b".to_owned(),
        r"\b(?:noon|midday|midnight)\b".to_owned(),
        r"(?:上午|下午|早上|晚上|中午)?(?:\d{1,2}|[一二两三四五六七八九十]{1,3})点(?:半|\d{1,2}分?)?".to_owned(),
        r"\b(?:free|available)\s+now\b".to_owned(),
    ];
    compile(&format!("(?i)(?:{})", ways.join("|")))
});

/// An hour alone after a word that introduces a time.
static AT_HOUR: LazyLock<Regex> = LazyLock::new(|| {
    let way = format!(
        r"(?i)(?:\bat|\baround|\babout\s+at|@|\b(?:some|any)(?:thing|\s?time)(?:\s+is\s+good)?\s+(?:after|before|around)|\blater\s+than|^after|^before)\s*(?:about\s+|like\s+)?(\d{{1,4}}|{HOUR_WORDS})\b"
    );
    compile(&way)
});

/// Times that are recognised only after a question for one.
static ASKED: LazyLock<Regex> = LazyLock::new(|| compile(&format!(r"(?i)\b(?:{HOUR_WORDS}[ -])?{NUMBER}\b|\bnow\b")));

/// Text after a number that counts something.
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^\s*(?:-?\s?(?:people|persons?|pax|guests?|of us|adults?|kids?|child\w*|others?|friends?|men|women|seats?|couples?)\b|(?:more\s+)?(?:days?|weeks?|months?|years?|stars?|seats?|tables?)\b|%|/|(?:st|nd|rd|th)\b)|^,?\d",
    )
});

/// Text after a house number.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"(?i)^\s+(?:[\p{L}'’]+\s+){0,2}(?:street|road|avenue|lane|drive|square|st\.|rd\.|ave)(?:[^\p{L}]|$)")
});

/// Text before a number that is not a time, though one was asked for.
static NO_HOUR: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?:not|we\s+are|we['’]re|there\s+are|(?:table|party|group)\s+(?:for|of))\s+$"));

/// Whether a number alone can be an hour: it counts nothing, and is not part of an address.
fn is_hour(text: &str, span: Span) -> bool {
    let after = span.after(text);
    let follows_name = after.trim_start().starts_with(char::is_uppercase) && text.contains(char::is_lowercase);
    match counts(text, span) {
        Counts::Alone => !ADDRESS.is_match(after) && !COUNTED.is_match(after),
        Counts::Unknown => {
            !ADDRESS.is_match(after) && !COUNTED.is_match(after) && !follows_name && !is_pronoun(text, span)
        }
        Counts::People | Counts::Thing => false,
    }
}

/// Finds the times of a text in order. `asked` widens what counts.
pub(super) fn find(text: &str, taken: &[Span], asked: bool) -> Vec<Span> {
    let mut spans: Vec<Span> = ANYWHERE
        .find_iter(text)
        .map(|found| beside(text, trimmed_now(text, Span::of(text, found)), taken))
        .filter(|span| !span.is_empty() && is_free(*span, taken) && is_time(text, *span))
        .collect();
    for found in AT_HOUR.captures_iter(text).filter_map(|found| found.get(1)) {
        let span = Span::of(text, found);
        let fits =
            number(span.words(text)).is_some_and(|hour| (1..=24).contains(&hour) || (100..=2400).contains(&hour));
        if fits && is_free(span, taken) && is_free(span, &spans) && is_hour(text, span) {
            spans.push(span);
        }
    }
    if spans.is_empty() && asked && text.split_whitespace().count() <= ANSWER_WORDS_MAX {
        let fits = |span: &Span| {
            let hour = number(span.words(text)).unwrap_or(0);
            let stands = counts(text, *span) == Counts::Alone
                && !is_pronoun(text, *span)
                && !NO_HOUR.is_match(&lead_in(text, span.start, 16));
            is_free(*span, taken) && stands && is_hour(text, *span) && (hour < 25 || (100..=2400).contains(&hour))
        };
        spans.extend(ASKED.find_iter(text).map(|found| Span::of(text, found)).find(fits));
    }
    spans.retain(|span| !is_unrelated(text, *span, asked));
    spans.sort();
    spans
}

/// A time without the words that it shares with a day: "this evening at 8:15" is a day and "8:15".
fn beside(text: &str, span: Span, taken: &[Span]) -> Span {
    let Some(day) = taken.iter().find(|day| day.overlaps(span)) else { return span };
    let rest = if day.start <= span.start {
        Span::new(day.end.min(span.end), span.end)
    } else {
        Span::new(span.start, day.start)
    };
    let words = rest.words(text);
    let joint = ["at ", "around "].into_iter().find(|joint| words.trim_start().to_lowercase().starts_with(joint));
    let head = joint.map_or(0, |joint| words.len() - words.trim_start().len() + joint.len());
    Span::new(rest.start + head, rest.end).trimmed(text)
}

fn trimmed_now(text: &str, span: Span) -> Span {
    let lower = span.words(text).to_lowercase();
    if lower.len() > 4 && lower.ends_with(" now") && !lower.contains("from") {
        return Span::new(span.end - 3, span.end);
    }
    span
}

fn is_time(text: &str, span: Span) -> bool {
    let lower = span.words(text).to_lowercase();
    if lower.starts_with("half ") && !lower.contains(':') && lower.contains("half an") {
        return lower.contains("hour");
    }
    if is_moment(&lower) {
        return false;
    }
    let before = lead_in(text, span.start, 8);
    let counts = lower.ends_with("tonight") && before.ends_with(" of ");
    let is_change =
        lower.split_once(" to ").is_some_and(|(from, _)| number(from).is_some_and(|from| from < 5 || from % 5 != 0));
    if counts || is_change {
        return false;
    }
    let after = lead_out(text, span.end, 12);
    let is_decimal = lower.contains('.')
        && !lower.contains('m')
        && (before.ends_with(['$', '€', '£']) || after.starts_with(['%', '.']));
    let is_range = after.starts_with('/') || before.ends_with('/');
    !is_decimal && !is_range && !COUNTED.is_match(span.after(text)) || lower.contains(':')
}

/// Resolves a time; `None` where a.m. or p.m. is open. `now` and the time zone decide what "in an hour" means.
pub(super) fn resolve(words: &str, now: Timestamp, timezone: &TimeZone) -> Option<Moment> {
    let lower = words.to_lowercase();
    if let Some(minutes) = minutes_from_now(&lower) {
        let then = now.to_zoned(timezone.clone()).checked_add(Duration::new().try_minutes(minutes).ok()?).ok()?;
        return Some(Moment { time: then.time().round(jiff::Unit::Minute).ok()?, at: Some(then.datetime()) });
    }
    let evening = ["pm", "p.m", "p. m", "evening", "night", "tonight", "afternoon", "下午", "晚上", "midday", "noon"];
    let morning = ["am", "a.m", "a. m", "morning", "上午", "早上"];
    let half_day = if evening.iter().any(|word| lower.contains(word)) {
        Some(12)
    } else if morning.iter().any(|word| lower.contains(word)) {
        Some(0)
    } else {
        None
    };
    let (hour, minute, is_24h) = clock(&lower)?;
    let hour = match (half_day, hour) {
        (Some(12), 12) if lower.contains("midnight") || (lower.contains("night") && !lower.contains("mid")) => 0,
        (Some(12), hour) if hour < 12 => hour + 12,
        (Some(0), 12) => 0,
        (None, hour) if !is_24h && (1..=11).contains(&hour) => return None,
        (_, hour) => hour,
    };
    let time = Time::new(i8::try_from(hour % 24).ok()?, 0, 0, 0).ok()?;
    let time = time.wrapping_add(Duration::new().minutes(minute));
    Some(Moment { time, at: None })
}

/// A time of day, with its day where the words have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Time,
    pub(super) at: Option<DateTime>,
}

fn minutes_from_now(lower: &str) -> Option<i64> {
    let counts_up = lower.starts_with("in ") || lower.ends_with("from now") || lower == "now";
    if !counts_up || lower.contains(" the ") || lower.contains(':') {
        return None;
    }
    if lower == "now" {
        return Some(0);
    }
    if lower.contains("half an hour") {
        return Some(30);
    }
    let words: Vec<&str> = lower.trim_start_matches("in ").split_whitespace().collect();
    let unit =
        words.iter().position(|word| word.starts_with("hour") || word.starts_with("hr") || word.starts_with("min"))?;
    let count: Vec<&str> =
        words[..unit].iter().copied().filter(|word| !matches!(*word, "about" | "around" | "of")).collect();
    let count = i64::from(number(&count.join(" "))?);
    let half = if lower.contains("and a half") { 30 } else { 0 };
    Some(if words[unit].starts_with("min") { count } else { count * 60 + half })
}

/// Hour, minutes to add (negative for "quarter to"), and whether it is a 24-hour clock.
fn clock(lower: &str) -> Option<(u32, i64, bool)> {
    for (name, hour) in [("midnight", 24), ("midday", 12), ("noon", 12)] {
        if lower.ends_with(name) {
            let shift = lower.strip_suffix(name).map_or(Some(0), shift_before)?;
            return Some((hour, shift, true));
        }
    }
    if let Some((hour, minute)) = lower.split_once('点') {
        let hour = number(hour.trim_start_matches(|letter: char| "上下早晚中午".contains(letter)))?;
        let minute = if minute == "半" { Some(30) } else { number(minute.trim_end_matches('分')) };
        return Some((hour, i64::from(minute.unwrap_or(0)), hour > 12));
    }
    let numbers: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .flat_map(|word| {
            let digits = word.len() - word.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            [&word[..digits], if digits == 0 { word } else { "" }]
        })
        .filter(|word| !word.is_empty() && number(word).is_some() && !matches!(*word, "a" | "an"))
        .collect();
    for joint in ["past ", "after ", "to ", "before ", "till "] {
        if let Some((shift, _)) = lower.split_once(joint) {
            let hour = number(numbers.last()?)?;
            let minutes = shift_before(&format!("{shift}{joint}"))?;
            return (hour <= 24).then_some((hour, minutes, hour > 12));
        }
    }
    if lower.starts_with("half ") {
        return Some((number(numbers.first()?)?, 30, false));
    }
    let first = *numbers.first()?;
    let value = number(first)?;
    let minute = numbers.get(1).and_then(|word| number(word)).unwrap_or(if lower.contains('半') { 30 } else { 0 });
    let (hour, minute) = if first.len() >= 3 && first.starts_with(|letter: char| letter.is_ascii_digit()) {
        (value / 100, value % 100)
    } else {
        (value, minute + numbers.get(2).and_then(|word| number(word)).unwrap_or(0))
    };
    let is_24h = hour > 12 || hour == 0 || first.starts_with('0') || lower.contains("hr") || lower.contains("uhr");
    (hour <= 24 && minute < 60).then_some((hour, i64::from(minute), is_24h || first.len() == 4))
}

/// "quarter to ", "10 minutes past ": the minutes, with their sign.
fn shift_before(lead: &str) -> Option<i64> {
    let lead = lead.replace('-', " ");
    let lead = lead.trim();
    if lead.is_empty() || matches!(lead, "at" | "around" | "night at" | "evening at") {
        return Some(0);
    }
    let (amount, joint) = lead.rsplit_once(' ')?;
    let minutes = match amount.trim() {
        "quarter" | "a quarter" => 15,
        "half" | "half an hour" => 30,
        amount if amount.contains("hour") => 60 * i64::from(number(amount.split(' ').next()?)?),
        amount => i64::from(number(amount.split(' ').next()?)?),
    };
    Some(if matches!(joint, "to" | "before" | "till") { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, asked: bool, expected: &[&str]) {
        let found: Vec<&str> = find(text, &[], asked).iter().map(|span| span.words(text)).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[track_caller]
    fn means(words: &str, expected: Option<&str>) {
        let now: Timestamp = "2026-11-21T04:10:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let time = resolve(words, now, &zone).map(|moment| moment.time.strftime("%H:%M").to_string());
        assert_eq!(time.as_deref(), expected, "{words:?}");
    }

    #[test]
    fn times_are_found_with_their_words() {
        check("see you at 8:30pm then", false, &["8:30pm"]);
        check("half past seven works", false, &["half past seven"]);
        check("tomorrow night at 8:15", false, &["night at 8:15"]);
        check("7 in the evening for 5", false, &["7 in the evening"]);
        check("at 5", false, &["5"]);
        check("around 12 people", false, &[]);
        check("at 5 people", false, &[]);
        check("a rating of 4.5%", false, &[]);
        check("from 18:00 to 17:45", false, &["18:00", "17:45"]);
        check("1815", true, &["1815"]);
        check("1815", false, &[]);
        check("8 people", true, &[]);
        check("下午3点半", false, &["下午3点半"]);
    }

    #[test]
    fn times_are_resolved_unless_am_or_pm_is_open() {
        means("8:30pm", Some("20:30"));
        means("8.30 a.m.", Some("08:30"));
        means("12am", Some("00:00"));
        means("12:15 PM", Some("12:15"));
        means("half past seven", None);
        means("half past seven in the evening", Some("19:30"));
        means("quarter to 8 pm", Some("19:45"));
        means("30 minutes before 12pm", Some("11:30"));
        means("10 minutes before noon", Some("11:50"));
        means("midnight", Some("00:00"));
        means("1815", Some("18:15"));
        means("715pm", Some("19:15"));
        means("19hr", Some("19:00"));
        means("in an hour", Some("13:10"));
        means("in 20 minutes", Some("12:30"));
        means("8:30", None);
        means("07:30", Some("07:30"));
        means("six thirty pm", Some("18:30"));
        means("night at 8:15", Some("20:15"));
        means("下午3点半", Some("15:30"));
    }
}
