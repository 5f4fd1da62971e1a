//! Finds email addresses and phone numbers, written out or spelled in words.

use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::is_everyday;
use super::numbers::digit;
use super::pattern::compile;
use super::span::{Span, is_free, lead_in};
use crate::domain::phone::{PHONE_DIGITS_MAX, PhoneNumber, Plausibility, Region};

/// Longest email address, in bytes (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"(?i)[\p{L}\p{N}._%+'&/=~-]+\s?[@＠]\s?[\p{L}\p{N}-]+(?:\s?\.\s?[\p{L}\p{N}-]+)*\.[\p{L}]{2,24}")
});

/// "a dot b at c dot com": with at least one "dot" after the "at".
static SPELLED: LazyLock<Regex> = LazyLock::new(|| {
    let part = r"(?:[a-z0-9._-]+)";
    let dot = r"(?:\s*\(?\[?\bdot\b\]?\)?\s*|\s*\bpoint\b\s*|\s*\.\s*|\s+punkt\s+|\s+punto\s+)";
    let mark = format!(r"(?:{dot}|\s*\bunderscore\b\s*|\s+(?:dash|hyphen|minus)\s+|\s+plus\s+)");
    let at = r"(?:\s*[\(\[]\s*at\s*[\)\]]\s*|\s+at\s+|\s*@\s*|\s+arroba\s+|\s+arobase\s+)";
    let letters = r"(?:\b[a-z0-9](?:[\s-]+[a-z0-9]\b)+)";
    compile(&format!(
        r"(?i)(?:{letters}|{part})(?:{mark}(?:{letters}|{part}))*{at}(?:{letters}|{part})(?:{dot}{part}){{1,4}}"
    ))
});

static DIGITS: LazyLock<Regex> = LazyLock::new(|| compile(r"(?:\+|＋)?\(?\d[\d\s().\-–/\u{a0}]{4,28}\d"));

/// A date in digits, which is not a phone number.
static DAY: LazyLock<Regex> =
    LazyLock::new(|| compile(r"^\(?(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d)\b"));

/// Finds email addresses in order: the part of the text, and the address in lower case.
pub(super) fn emails(text: &str, asked: bool) -> Vec<(Span, String)> {
    let mut found: Vec<(Span, String)> = Vec::new();
    for hit in EMAIL.find_iter(text) {
        let span = without_edges(text, Span::of(text, hit));
        let address: String = span.words(text).split_whitespace().collect::<String>().replace('＠', "@");
        if let Some(address) = checked_email(&address) {
            found.push((span, address));
        }
    }
    let spans: Vec<Span> = found.iter().map(|(span, _)| *span).collect();
    for hit in SPELLED.find_iter(text) {
        let span = Span::of(text, hit);
        if !is_free(span, &spans) {
            continue;
        }
        if follows_a_name(text, span.start) {
            continue;
        }
        if let Some(address) = spelled_email(span.words(text), asked) {
            found.push((span, address));
        }
    }
    found.sort_by_key(|(span, _)| span.start);
    found
}

/// "tan ah kow at gmail dot com" may be tanahkow, tan.ah.kow or kow: ambiguous, so it is asked again.
fn follows_a_name(text: &str, start: usize) -> bool {
    let before = &text[..start];
    let word = before
        .trim_end_matches(' ')
        .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '\'')
        .next()
        .unwrap_or_default();
    before.ends_with(' ')
        && !word.is_empty()
        && (!is_everyday(word) || word == "ah")
        && !word.ends_with("mail")
        && word.parse::<u64>().is_err()
}

/// Without punctuation before the address.
fn without_edges(text: &str, span: Span) -> Span {
    let words = span.words(text);
    let left = words.trim_start_matches(['.', '\'', '-', '/', '=', '%', '&', '~']);
    Span::new(span.end - left.len(), span.end)
}

fn checked_email(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let top = domain.rsplit('.').next()?;
    let fits = address.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !address.contains("..")
        && domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && top.chars().all(char::is_alphabetic)
        && top.chars().count() >= 2;
    fits.then(|| address.to_lowercase())
}

/// Joins the words of a spelled address.
fn spelled_email(words: &str, asked: bool) -> Option<String> {
    let mut address = String::new();
    let mut dots_said = 0;
    let spaced = words.to_lowercase().replace(['(', ')', '[', ']'], " ");
    for word in spaced.split_whitespace() {
        match word {
            "at" | "arroba" | "arobase" if !address.contains('@') => address.push('@'),
            "dot" | "point" | "punkt" | "punto" => {
                address.push('.');
                dots_said += 1;
            }
            "underscore" => address.push('_'),
            "dash" | "hyphen" | "minus" => address.push('-'),
            "plus" => address.push('+'),
            word => address.push_str(word),
        }
    }
    let (_, domain) = address.split_once('@')?;
    (dots_said > 0 || asked && domain.contains('.')).then(|| checked_email(&address)).flatten()
}

/// Finds phone numbers in order. Unless one was asked for or has a label, only assigned numbers and those with a plus count.
pub(super) fn phones(text: &str, region: Region, asked: bool) -> Vec<(Span, PhoneNumber)> {
    let mut found = Vec::new();
    for hit in DIGITS.find_iter(text) {
        let span = whole_number(text, Span::of(text, hit));
        if DAY.is_match(span.words(text)) || text[span.end..].starts_with(|after: char| after.is_alphanumeric()) {
            continue;
        }
        let labelled = asked || is_labelled(text, span.start);
        if let Some(phone) = graded(span.words(text), region, labelled) {
            found.push((span, phone));
        }
    }
    for (span, digits) in spoken_numbers(text) {
        let labelled = asked || is_labelled(text, span.start);
        let clear = !found.iter().any(|(other, _): &(Span, PhoneNumber)| other.overlaps(span));
        if let Some(phone) = graded(&digits, region, labelled).filter(|_| clear) {
            found.push((span, phone));
        }
    }
    found.sort_by_key(|(span, _)| span.start);
    found
}

/// With the opening bracket that belongs to it.
fn whole_number(text: &str, span: Span) -> Span {
    let opened = span.words(text).contains(')') && !span.words(text).contains('(') && text[..span.start].ends_with('(');
    Span::new(span.start - usize::from(opened), span.end)
}

fn graded(digits: &str, region: Region, labelled: bool) -> Option<PhoneNumber> {
    let (phone, plausibility) = PhoneNumber::parse_graded(digits, region).ok()?;
    let has_plus = digits.trim_start().starts_with(['+', '＋']);
    (plausibility == Plausibility::Valid || labelled || has_plus).then_some(phone)
}

fn is_labelled(text: &str, start: usize) -> bool {
    let before = lead_in(text, start, 40);
    [
        "phone",
        "number",
        "mobile",
        "handphone",
        "hp",
        "call",
        "tel",
        "whatsapp",
        "reach",
        "contact",
        "cell",
        "sms",
        "text me",
        "nombor",
        "telefon",
        "teléfono",
        "téléphone",
        "电话",
        "手机",
    ]
    .iter()
    .any(|word| before.contains(word))
}

/// "nine one two three…", "double five", also mixed with digits: the part of the text and its digits.
fn spoken_numbers(text: &str) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let mut run: Option<(Span, String)> = None;
    let mut times = 1;
    let mut said = 0;
    let mut finish = |run: &mut Option<(Span, String)>, said: &mut usize| {
        if let Some((span, digits)) = run.take().filter(|(_, digits)| digits.len() >= 7 && *said >= 4) {
            found.push((span, digits));
        }
        *said = 0;
    };
    for word in text.split(|letter: char| !letter.is_alphanumeric() && letter != '+').filter(|word| !word.is_empty()) {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let lower = word.to_lowercase();
        let repeats = match lower.as_str() {
            "double" => 2,
            "triple" | "treble" => 3,
            _ => 0,
        };
        let digits = match digit(&lower) {
            Some(digit) => digit.to_string().repeat(times),
            None if lower == "plus" && run.is_none() => "+".to_owned(),
            None if lower.bytes().all(|byte| byte.is_ascii_digit()) => lower.repeat(times),
            None if repeats > 0 => String::new(),
            None => {
                finish(&mut run, &mut said);
                times = 1;
                continue;
            }
        };
        said += usize::from(digit(&lower).is_some());
        times = repeats.max(1);
        let span = Span::new(start, start + word.len());
        let (whole, all) = run.get_or_insert_with(|| (span, String::new()));
        *whole = whole.covering(span);
        all.push_str(&digits);
        if all.len() > 2 * PHONE_DIGITS_MAX {
            run = None;
            said = 0;
        }
    }
    finish(&mut run, &mut said);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn email(text: &str, expected: &[(&str, &str)]) {
        let found = emails(text, false);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(span, address)| (span.words(text), address.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[track_caller]
    fn phone(text: &str, asked: bool, expected: &[(&str, &str)]) {
        let found = phones(text, Region::SINGAPORE, asked);
        let found: Vec<(&str, &str)> = found.iter().map(|(span, phone)| (span.words(text), phone.as_e164())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn email_addresses_are_found_written_and_spelled() {
        email("mail me at Vashti.S@Example.COM.", &[("Vashti.S@Example.COM", "vashti.s@example.com")]);
        email("my mail is a dot b at c dot com", &[("a dot b at c dot com", "a.b@c.com")]);
        email(
            "john underscore tan at gmail dot com thanks",
            &[("john underscore tan at gmail dot com", "john_tan@gmail.com")],
        );
        email("tan(at)example(dot)sg", &[("tan(at)example(dot)sg", "tan@example.sg")]);
        email("j o h n at gmail dot com", &[("j o h n at gmail dot com", "john@gmail.com")]);
        email("a@b.co and c+d@e.org", &[("a@b.co", "a@b.co"), ("c+d@e.org", "c+d@e.org")]);
        email("tan ah kow at gmail dot com", &[]);
        email("see you at five. dot", &[]);
        email("me@home, a@@b.com x@.com .@. @b.com", &[]);
        email("the booking is at example.com", &[]);
    }

    #[test]
    fn phone_numbers_are_found_written_and_spelled() {
        phone(
            "call me at nine one two three four five six seven",
            false,
            &[("nine one two three four five six seven", "+6591234567")],
        );
        phone(
            "nine one double two double three four five",
            false,
            &[("nine one double two double three four five", "+6591223345")],
        );
        phone("it's 9123 4567.", false, &[("9123 4567", "+6591234567")]);
        phone("+65 9123-4567 or later", false, &[("+65 9123-4567", "+6591234567")]);
        phone("my number is (65) 91234567", false, &[("(65) 91234567", "+6591234567")]);
        phone("+1 555 000 9999", false, &[("+1 555 000 9999", "+15550009999")]);
        phone("on 2018/05/12 at 01:00", false, &[]);
        phone("one two three four people", true, &[]);
        phone("order 12345", true, &[]);
    }
}
