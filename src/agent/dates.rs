//! Finds days in a text: dates, weekdays, ordinals, and days relative to today.

use std::sync::LazyLock;

use regex::Regex;

use super::calendar::{months_pattern, ordinals_pattern, weekdays_pattern};
use super::numbers::NUMBER;
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};
use super::unrelated_times::{is_farewell, is_unrelated};

/// Words of an answer that is only a day, at most.
const ANSWER_WORDS_MAX: usize = 4;

/// Days that are recognised anywhere in a sentence.
static ANYWHERE: LazyLock<Regex> = LazyLock::new(|| {
    let month = format!(r"{}\b\.?", months_pattern());
    let weekday = weekdays_pattern(true);
    let long_weekday = weekdays_pattern(false);
    let ordinal = ordinals_pattern();
    let day = format!(r"(?:\d{{1,2}}(?:\s?(?:st|nd|rd|th)\b)?|{ordinal}\b)");
    let ordinal_day = format!(r"(?:\d{{1,2}}\s?(?:st|nd|rd|th)\b|{ordinal}\b)");
    let lead = format!(r"(?:\b{weekday}\b\.?(?:\s*,\s*|\s+)(?:on\s+)?(?:the\s+)?)?");
    let tail =
        format!(r"(?:\s*,?\s*(?:of\s+|de\s+)?(?:19|20)\d\d\b|\s+this year\b)?(?:\s*,?\s+(?:on\s+)?{weekday}\b)?");
    let some = format!(r"(?:{NUMBER}|an?|a couple of|a few)");
    let and_more = format!(r"(?:\s+and\s+(?:{NUMBER}|a)\s+(?:day|week)s?\b)?");
    let ways = [
        format!(r"{lead}\b\d{{4}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}\b"),
        format!(r"{lead}\b\d{{1,2}}/\d{{1,2}}(?:/\d{{4}}|/\d{{2}})?\b(?:\s+this year\b)?"),
        format!(r"{lead}\b\d{{1,2}}(?:\.\d{{1,2}}\.|-\d{{1,2}}-)\d{{2,4}}\b"),
        r"\d{1,2}月\d{1,2}[日号]".to_owned(),
        format!(r"{lead}\b{day}(?:\s+of|\s+de|\.)?\s*,?\s*\b{month}{tail}"),
        format!(r"{lead}\b{month}\s*,?\s*(?:the\s+)?{day}{tail}"),
        format!(
            r"\b(?:first|second|third|fourth|last)\s+{long_weekday}\s+(?:of|in)\s+(?:(?:this|next|the)\s+month|{month})"
        ),
        format!(r"\b{weekday}\b\.?\s*,?\s+(?:the\s+)?{ordinal_day}(?:\s+(?:19|20)\d\d\b)?"),
        format!(
            r"\bin\s+(?:about\s+|around\s+|exactly\s+|just\s+)?{some}\s+(?:more\s+)?(?:day|week|month)s?\b{and_more}"
        ),
        format!(r"\b{some}\s+(?:day|week|month)s?\b{and_more}\s+from\s+(?:now|today|tomorrow|{long_weekday})\b"),
        format!(r"\b{NUMBER}\s+{long_weekday}s\s+from\s+now\b"),
        format!(r"\b(?:next|this|coming)\s+(?:week\s+)?{weekday}\b"),
        format!(r"\b{long_weekday}\s+next\s+week\b"),
        r"\b(?:next|this)\s+(?:week(?:end)?|month)\b".to_owned(),
        r"\bday after tomorrow\b|\b(?:today|tonight|tonite|tomorrow|tomm?or+ow|tmrw?|2moro)\b".to_owned(),
        r"\bthis\s+(?:evening|afternoon|morning)\b".to_owned(),
        r"\b(?:christmas|new year['’]?s)\s+(?:eve|day)\b|\bvalentine['’]?s\s+day\b".to_owned(),
        r"\b(?:heute|übermorgen|demain|après-demain|aujourd['’]hui|mañana|esok|lusa|hari ini)\b".to_owned(),
        r"今天|明天|后天|今晚|下?(?:周|星期)[一二三四五六日天]".to_owned(),
        r"\b\d{1,2}(?:st|nd|rd|th)\b".to_owned(),
        format!(r"\b{long_weekday}\b"),
    ];
    compile(&format!("(?i)(?:{})", ways.join("|")))
});

/// Days that are recognised only after a question for one.
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    let weekday = weekdays_pattern(true);
    let ordinal = ordinals_pattern();
    let way = format!(
        r"(?i)\b(?:yesterday|now|morgen|christmas|valentine['’]?s|{weekday}|{ordinal}|\d{{1,2}}[./-]\d{{1,2}})\b"
    );
    compile(&way)
});

/// A duration from now: it is a day as well as a time.
static SOON: LazyLock<Regex> = LazyLock::new(|| {
    let some = format!(r"(?:{NUMBER}|an?|a couple of|a few)");
    let way = format!(
        r"(?i)\bin\s+(?:about\s+|around\s+)?(?:half an hour|{some}\s+(?:hour|hr|minute|min)s?\b(?:\s+and a half)?)|\b(?:half an hour|{some}\s+(?:hour|minute)s?)\s+from now\b|\b(?:free|available)\s+now\b"
    );
    compile(&way)
});

/// Month names that are also everyday words: they need an ordinal, an "of" or a year.
static EVERYDAY_MONTH: LazyLock<Regex> = LazyLock::new(|| compile(r"(?i)\b(?:may|mar|mac|mars|mai)\b"));

/// Finds the days of a text in order. `asked` widens what counts.
pub(super) fn find(text: &str, taken: &[Span], asked: bool) -> Vec<Span> {
    let mut spans: Vec<Span> = ANYWHERE
        .find_iter(text)
        .map(|found| Span::of(text, found))
        .filter(|span| is_free(*span, taken) && is_day(text, *span))
        .collect();
    for found in SOON.find_iter(text) {
        let span = without_leading_word(text, Span::of(text, found));
        if is_free(span, taken) && is_free(span, &spans) && !is_moment(span.words(text)) {
            spans.push(span);
        }
    }
    if spans.is_empty() && asked && text.split_whitespace().count() <= ANSWER_WORDS_MAX {
        let all = ASKED.find_iter(text).map(|found| Span::of(text, found));
        spans = all.filter(|span| is_free(*span, taken) && is_short_day(text, *span)).collect();
    }
    spans.retain(|span| !is_unrelated(text, *span, asked) && !is_farewell(text, *span));
    spans.sort();
    spans
}

/// "in a minute" is not a time, though "in 20 minutes" is.
pub(super) fn is_moment(words: &str) -> bool {
    words.eq_ignore_ascii_case("in a minute") || words.eq_ignore_ascii_case("in a min")
}

/// "free now" is matched as a whole; only "now" is the day.
fn without_leading_word(text: &str, span: Span) -> Span {
    let words = span.words(text);
    if words.len() > 4 && words.to_lowercase().ends_with(" now") && !words.to_lowercase().contains("from") {
        return Span::new(span.end - 3, span.end);
    }
    span
}

/// Whether a short word is a day, not a verb, the sun or a moment: "we sat there", "in the sun", "one second", "not now".
fn is_short_day(text: &str, span: Span) -> bool {
    let lower = span.words(text).to_lowercase();
    let (before, after) = (lead_in(text, span.start, 16), lead_out(text, span.end, 16));
    let leads = before.trim_end().rsplit(' ').next().unwrap_or_default();
    match lower.as_str() {
        "sun" => !matches!(leads, "the" | "in" | "more"),
        "sat" | "wed" => {
            !matches!(leads, "i" | "we" | "they" | "you" | "he" | "she" | "have" | "had" | "just" | "newly" | "get")
        }
        "now" => !matches!(leads, "not" | "for" | "until" | "about"),
        "first" | "second" | "third" => {
            let ends =
                !after.trim_start().starts_with(char::is_alphanumeric) || after.trim_start().starts_with("please");
            ends && !matches!(leads, "one" | "a")
        }
        _ => true,
    }
}

/// Whether a text such as "24/7" or "50/50" is a fraction, not a day of a month.
fn is_fraction(lower: &str) -> bool {
    let mut parts = lower.split('/').map(|part| part.trim().parse::<u32>());
    let (Some(Ok(first)), Some(Ok(second)), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    lower == "24/7" || first.min(second) == 0 || first.min(second) > 12 || first.max(second) > 31
}

fn is_day(text: &str, span: Span) -> bool {
    let words = span.words(text);
    let lower = words.to_lowercase();
    let before = lead_in(text, span.start, 24);
    let after = lead_out(text, span.end, 16);
    if EVERYDAY_MONTH.is_match(words) && !lower.contains(" of ") && !lower.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    if is_fraction(&lower) || lower.starts_with("in a ") && after.trim_start().starts_with("of ") {
        return false;
    }
    // "a 60th", "my 30th": a birthday, not a day of the month.
    let is_ordinal = lower.len() <= 4 && lower.starts_with(|letter: char| letter.is_ascii_digit());
    if is_ordinal
        && ["a", "an", "my", "his", "her", "our", "their"]
            .contains(&before.trim_end().rsplit(' ').next().unwrap_or_default())
    {
        return false;
    }
    if after.trim_start().starts_with("of us") || lower.ends_with(" month") && before.ends_with(" of ") {
        return false;
    }
    if EVERYDAY_MONTH.is_match(words) && !starts_capital_month(words) && !has_ordinal_or_year(&lower) {
        return ["i ", "we ", "have", "be ", "people", "of us"]
            .iter()
            .all(|word| !after.trim_start().starts_with(word));
    }
    let counts = [
        "birthday",
        "anniversary",
        "floor",
        "street",
        "time",
        "avenue",
        "grade",
        "row",
        "place",
        "attempt",
        "try",
        "child",
        "kid",
        "son",
        "daughter",
        "century",
        "district",
        "course",
        "option",
        "choice",
        "question",
        "wheel",
        "edition",
        "exit",
        "and main",
    ];
    if lower.len() <= 4 && counts.iter().any(|word| after.trim_start().starts_with(word)) {
        return false;
    }
    if after.trim_start().starts_with("ago") || before.ends_with("last ") || before.ends_with("every ") {
        return false;
    }
    !(lower.contains('/') && lower.len() < 4 && after.starts_with('/'))
}

fn starts_capital_month(words: &str) -> bool {
    words.contains("May") || words.contains("Mar") || words.contains("MAY")
}

fn has_ordinal_or_year(lower: &str) -> bool {
    ["st", "nd", "rd", "th", " 20", ",20"].iter().any(|mark| lower.contains(mark))
}
