//! Finds email addresses and phone numbers, written out or spelled in words.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::class::Class;
use super::fold::fold;
use super::lexer::{Kind, Token};
use super::numbers::digit;
use super::reader::{Found, Reader};
use super::span::Span;
use crate::domain::phone::{PHONE_DIGITS_MAX, PhoneNumber, Plausibility};

/// Longest email address, in bytes (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;
/// Tokens before and after the "at" of an address, at most.
const SIDE_TOKENS_MAX: usize = 40;
/// Digits of a number without a label, at least.
const DIGITS_MIN: usize = 6;
/// Digits that belong to one run, at most.
const RUN_DIGITS_MAX: usize = 2 * PHONE_DIGITS_MAX;
/// Digits of a spoken number, at least, and how many of them are words.
const SPOKEN_MIN: (usize, usize) = (7, 4);

/// The top-level domains that exist: IANA's list.
static TOP_LEVEL: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../packs/tlds.txt").split_whitespace().collect());

/// Providers whose names are often mistyped, and others that look like them.
const PROVIDERS: [&str; 6] = ["gmail.com", "hotmail.com", "yahoo.com", "outlook.com", "icloud.com", "googlemail.com"];
const LOOK_ALIKES: [&str; 8] =
    ["mail.com", "email.com", "ymail.com", "gmx.com", "hotmail.co", "ymail.co", "myyahoo.com", "hotmail.co.uk"];

/// Finds email addresses in order.
pub(super) fn emails(reader: &Reader<'_>, asked: bool) -> Vec<Found> {
    let tokens = &reader.tokens;
    let mut found: Vec<Found> = Vec::new();
    for at in 0..tokens.len() {
        let hit = if tokens[at].is_mark('@') {
            written(reader.text, tokens, at)
        } else if tokens[at].is(Class::At) {
            spelled(reader.text, tokens, at, asked)
        } else {
            None
        };
        found.extend(hit.filter(|hit| !found.iter().any(|other| other.span.overlaps(hit.span))));
    }
    found
}

/// An address around an `@`, as far as it goes without a space; one space beside the `@` is a slip.
fn written(text: &str, tokens: &[Token], at: usize) -> Option<Found> {
    let part = |token: &Token| token.kind != Kind::Mark || "._%+'&/=~-".contains(token.text.as_str());
    let mut from = at;
    while from > 0
        && at - from < SIDE_TOKENS_MAX
        && part(&tokens[from - 1])
        && (tokens[from].glued || from == at && !is_sentence(tokens, from - 1))
    {
        from -= 1;
    }
    while from < at && tokens[from].kind == Kind::Mark && tokens[from].text != "_" && tokens[from].text != "+" {
        from += 1;
    }
    let mut to = at + 1;
    while to < tokens.len()
        && to - at < SIDE_TOKENS_MAX
        && (tokens[to].glued || to == at + 1 || is_spaced_dot(tokens, to))
        && (tokens[to].kind != Kind::Mark || "._-@".contains(tokens[to].text.as_str()))
    {
        to += 1;
    }
    while to > at + 1 && tokens[to - 1].kind == Kind::Mark {
        to -= 1;
    }
    if from == at || to == at + 1 {
        return None;
    }
    let span = tokens[from].span.covering(tokens[to - 1].span);
    let address: String = fold_address(span.words(text));
    Some(graded_email(span, &address))
}

/// "gmail .com": a full stop with a space beside it, and the end of an address after it.
fn is_spaced_dot(tokens: &[Token], to: usize) -> bool {
    let top = |at: usize| tokens.get(at).is_some_and(|token| TOP_LEVEL.contains(token.text.as_str()));
    tokens[to].is_mark('.') && top(to + 1) && tokens[to + 1].glued
        || tokens[to - 1].is_mark('.') && tokens[to - 1].glued && top(to) && !tokens[to].capital
}

/// Whether a word before a spaced `@` belongs to the sentence: "lunch @ noon".
fn is_sentence(tokens: &[Token], at: usize) -> bool {
    !tokens[at + 1].glued && tokens[at].is_known() && tokens[at].kind == Kind::Word
}

fn fold_address(words: &str) -> String {
    fold_widths(words).split_whitespace().collect::<String>().to_lowercase()
}

/// Full-width letters as plain ones, but accents as they are: an address may have them.
fn fold_widths(words: &str) -> String {
    words
        .chars()
        .map(|letter| match letter {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
            _ => letter,
        })
        .filter(|letter| !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// A value where the address can exist; otherwise a doubt, with what may have been meant.
fn graded_email(span: Span, address: &str) -> Found {
    let offer = mistyped(address);
    let value = is_address(address).then(|| address.to_owned()).filter(|_| offer.is_none());
    Found { span, value, offer }
}

pub(super) fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    address.len() <= EMAIL_BYTES_MAX
        && (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !address.contains("..")
        && labels.len() >= 2
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|top| {
            TOP_LEVEL.contains(fold(top).text.as_str()) || !top.is_ascii() || *top == "example" || *top == "test"
        })
}

/// The address with the provider or ending that was probably meant.
fn mistyped(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    if PROVIDERS.contains(&domain) || LOOK_ALIKES.contains(&domain) {
        return None;
    }
    let close = PROVIDERS.iter().find(|provider| {
        domain.chars().count() + 2 >= provider.len() && super::choice::distance(domain, provider, 1).is_some()
    });
    let close = close.or_else(|| {
        PROVIDERS.iter().find(|provider| !is_address(address) && super::choice::distance(domain, provider, 2).is_some())
    });
    let mended = close.map(|provider| (*provider).to_owned()).or_else(|| {
        let (name, top) = domain.rsplit_once('.')?;
        let meant = ["com", "net", "org"].into_iter().find(|meant| super::choice::distance(top, meant, 1).is_some())?;
        (!TOP_LEVEL.contains(top)).then(|| format!("{name}.{meant}"))
    })?;
    Some(format!("{local}@{mended}")).filter(|offer| is_address(offer))
}

/// "a dot b at c dot com": with at least one "dot" after the "at", unless it was asked for.
fn spelled(text: &str, tokens: &[Token], at: usize, asked: bool) -> Option<Found> {
    let before = at - usize::from(at > 0 && tokens[at - 1].is_mark('('));
    let after = at + 1 + usize::from(tokens.get(at + 1).is_some_and(|mark| mark.is_mark(')') || mark.is_mark(']')));
    let before = if at > 0 && tokens[at - 1].is_mark('[') { at - 1 } else { before };
    let (from, local) = spelled_back(tokens, before)?;
    let (to, domain, said) = spelled_on(tokens, after)?;
    let span = tokens[from].span.covering(tokens[to - 1].span);
    let address = format!("{local}@{domain}");
    if !(said || asked) || !is_address(&address) {
        return None;
    }
    // "the booking is at example.com"
    if !said && before == from + 1 && tokens[from].is_known() {
        return None;
    }
    // Letters of another alphabet are spelled by ear, and may be written in many ways.
    if !address.is_ascii() {
        return Some(Found { span, value: None, offer: None });
    }
    // "tan ah kow at gmail dot com" may be tanahkow or kow: it is asked again.
    let follows_name = from > 0 && tokens[from].kind == Kind::Word && {
        let word = &tokens[from - 1];
        word.kind == Kind::Word
            && (!word.is_known() || word.is(Class::AlsoName))
            && !word.is_any(&[Class::EmailLabel, Class::Carrier])
            && text[word.span.end..tokens[from].span.start].trim().is_empty()
    };
    let mut found = graded_email(span, &address);
    if follows_name {
        found.value = None;
    }
    Some(found)
}

/// What a token adds to an address that is spelled: a word, digits, or a mark by its name.
fn joiner(token: &Token) -> Option<char> {
    let named = [(Class::Dot, '.'), (Class::Underscore, '_'), (Class::Dash, '-'), (Class::Plus, '+')];
    let by_name = named.into_iter().find(|(class, _)| token.is_word() && token.is(*class)).map(|(_, mark)| mark);
    by_name.or_else(|| {
        (token.kind == Kind::Mark).then(|| token.text.chars().next()).flatten().filter(|mark| "._-+".contains(*mark))
    })
}

fn is_part(token: &Token) -> bool {
    token.kind != Kind::Mark
}

/// The part before the "at", read backwards: words that joiners keep together, or single letters.
fn spelled_back(tokens: &[Token], end: usize) -> Option<(usize, String)> {
    let mut from = end;
    let mut wants_part = true;
    while from > 0 && end - from < SIDE_TOKENS_MAX {
        let token = &tokens[from - 1];
        let bracket = matches!(token.text.as_str(), "(" | ")" | "[" | "]") && token.kind == Kind::Mark;
        let single = !wants_part
            && is_part(token)
            && token.text.chars().count() == 1
            && tokens.get(from).is_some_and(|next| next.text.chars().count() == 1);
        let glued = !wants_part && is_part(token) && tokens[from].glued && is_part(&tokens[from]);
        if wants_part && is_part(token) && joiner(token).is_none() || single || glued {
            wants_part = false;
        } else if !wants_part
            && joiner(token).is_some()
            && !(token.kind == Kind::Mark && !tokens[from].glued && !token.glued)
        {
            wants_part = true;
        } else if !bracket || from == end {
            break;
        }
        from -= 1;
    }
    while from < end && (joiner(&tokens[from]).is_some() || tokens[from].kind == Kind::Mark) {
        from += 1;
    }
    let local: String = tokens[from..end]
        .iter()
        .filter(|token| !matches!(token.text.as_str(), "(" | ")" | "[" | "]"))
        .map(said)
        .collect();
    (from < end).then_some((from, local))
}

fn said(token: &Token) -> String {
    joiner(token).map_or_else(|| token.text.clone(), String::from)
}

/// The domain after the "at": its end, its letters, and whether a "dot" was said.
fn spelled_on(tokens: &[Token], start: usize) -> Option<(usize, String, bool)> {
    let (mut at, mut domain, mut said_dot, mut end) = (start, String::new(), false, start);
    while let Some(token) = tokens.get(at).filter(|_| at - start < SIDE_TOKENS_MAX) {
        let single = token.text.chars().count() == 1 && at > start && tokens[at - 1].text.chars().count() == 1;
        let wants_part = domain.is_empty() || domain.ends_with(['.', '-']);
        if is_part(token) && joiner(token).is_none() && (wants_part || single || token.glued) {
            domain.push_str(&token.text);
            end = at + 1;
        } else if let Some(mark) = joiner(token).filter(|mark| matches!(mark, '.' | '-') && !wants_part) {
            if token.kind == Kind::Mark && !tokens.get(at + 1).is_some_and(|next| next.glued) {
                break;
            }
            said_dot |= mark == '.' && token.is_word();
            domain.push(mark);
        } else if !matches!(token.text.as_str(), "(" | ")" | "[" | "]") || token.is_word() {
            break;
        }
        at += 1;
    }
    let domain = domain.trim_end_matches(['.', '-']).to_owned();
    domain.contains('.').then_some((end, domain, said_dot))
}

/// A run of digits as written, with its spaces and marks.
struct Run {
    from: usize,
    to: usize,
    /// With the plus, if it has one.
    digits: String,
}

/// Finds phone numbers in order. Unless one was asked for or has a label, only assigned numbers and those with a plus count.
pub(super) fn phones(reader: &Reader<'_>, asked: bool) -> Vec<Found> {
    let tokens = &reader.tokens;
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let run = if reader.is_free_token(at) {
            written_number(tokens, at).or_else(|| spoken_number(tokens, at))
        } else {
            None
        };
        let Some(run) = run else {
            at += 1;
            continue;
        };
        let labelled = asked || is_labelled(tokens, run.from);
        found.extend(graded_phone(reader, &run, labelled));
        at = run.to;
    }
    found
}

fn written_number(tokens: &[Token], start: usize) -> Option<Run> {
    let plus = tokens[start].is_mark('+');
    let bracket = |at: usize| tokens.get(at).is_some_and(|token| token.is_mark('('));
    let mut at = start + usize::from(plus);
    at += usize::from(bracket(at));
    let opened = at > start;
    let first = tokens.get(at).filter(|token| token.kind == Kind::Digits)?;
    if start > 0 && tokens[start].glued && !opened && tokens[start - 1].kind != Kind::Mark {
        return None;
    }
    let mut digits = if plus { "+".to_owned() } else { String::new() };
    digits.push_str(&first.text);
    let mut to = at + 1;
    let mut next = to;
    while let Some(token) = tokens.get(next).filter(|_| digits.len() <= RUN_DIGITS_MAX) {
        if token.kind == Kind::Digits {
            let ends = tokens.get(next + 1).is_some_and(|after| after.glued && (after.is_word() || after.is_mark(':')));
            if ends {
                break;
            }
            digits.push_str(&token.text);
            to = next + 1;
        } else if !(token.kind == Kind::Mark && "()-./".contains(token.text.as_str())) || next > to + 1 {
            break;
        }
        next += 1;
    }
    let closed = tokens.get(to).is_some_and(|token| token.glued && token.is_word() && token.kind == Kind::Word);
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let run = Run { from: start, to, digits };
    (count >= DIGITS_MIN && !closed && !is_date(tokens, at, to)).then_some(run)
}

/// A date in digits, which is not a phone number.
fn is_date(tokens: &[Token], from: usize, to: usize) -> bool {
    let Some([a, mark, b, again, c, ..]) = tokens.get(from..to) else { return false };
    let year = |token: &Token| token.text.len() == 4 && (token.text.starts_with("19") || token.text.starts_with("20"));
    let marks = mark.kind == Kind::Mark && mark.text == again.text && "-/.".contains(mark.text.as_str());
    marks
        && b.text.len() <= 2
        && (year(a) && c.text.len() <= 2 || a.text.len() <= 2 && (year(c) || to == from + 5 && c.text.len() <= 2))
}

/// "nine one two three…", "double five", also mixed with digits.
fn spoken_number(tokens: &[Token], start: usize) -> Option<Run> {
    let (mut digits, mut said, mut at, mut times, mut to) = (String::new(), 0, start, 1, start);
    while let Some(token) = tokens.get(at).filter(|_| digits.len() <= RUN_DIGITS_MAX) {
        if let Some(digit) = digit(token).filter(|_| token.is_word()) {
            digits.extend(std::iter::repeat_n(digit, times));
            (said, times, to) = (said + 1, 1, at + 1);
        } else if token.kind == Kind::Digits {
            digits.push_str(&token.text.repeat(times));
            (times, to) = (1, at + 1);
        } else if let Some(repeat) = token.value(Class::Repeat).and_then(|repeat| usize::try_from(repeat).ok()) {
            times = repeat;
        } else if digits.is_empty() && token.is_word() && token.is(Class::Plus) {
            digits.push('+');
        } else if token.kind != Kind::Mark || !"-,".contains(token.text.as_str()) || digits.is_empty() {
            break;
        }
        at += 1;
    }
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    (count >= SPOKEN_MIN.0 && said >= SPOKEN_MIN.1).then_some(Run { from: start, to, digits })
}

/// A number of the region, or one with its country code. Another country's without a plus is only offered back.
fn graded_phone(reader: &Reader<'_>, run: &Run, labelled: bool) -> Option<Found> {
    let region = reader.context.region;
    let span = reader.span(run.from, run.to);
    let abroad = || {
        let (phone, plausibility) = PhoneNumber::parse_graded(&format!("+{}", run.digits), region).ok()?;
        (plausibility == Plausibility::Valid).then(|| String::from(phone))
    };
    let doubt = |offer: Option<String>| Found { span, value: None, offer };
    match PhoneNumber::parse_graded(&run.digits, region) {
        Ok((phone, Plausibility::Valid)) => Some(Found { span, value: Some(phone.into()), offer: None }),
        Ok((phone, Plausibility::Possible)) => {
            let has_plus = run.digits.starts_with('+');
            let offer = abroad().filter(|offer| !has_plus && *offer != phone.as_e164());
            let found = Found { span, value: Some(phone.into()), offer: None };
            (labelled || has_plus).then(|| if offer.is_some() { doubt(offer) } else { found })
        }
        Err(_) => {
            let count = run.digits.bytes().filter(u8::is_ascii_digit).count();
            (labelled && count >= SPOKEN_MIN.0).then(|| doubt(abroad()))
        }
    }
}

fn is_labelled(tokens: &[Token], start: usize) -> bool {
    tokens[..start].iter().rev().take(8).any(|token| token.is(Class::PhoneLabel))
}
