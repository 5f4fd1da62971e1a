//! Finds a person's name in a text, and distinguishes first names from last names.

use std::cell::LazyCell;
use std::ops::Deref;
use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::{is_common, is_everyday, is_particle, is_question};
use super::name_answer;
use super::name_words::{NAME_WORDS_MAX, is_capitalised, is_family_name, is_mark, is_name_like, is_plain, word_at};
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};

/// Which part of a name was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The whole name, or a single word that may be any part.
    Whole,
    /// A first name by the words around it.
    First,
    /// A family name by the words around it.
    Last,
}

/// A name in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) span: Span,
    pub(super) part: Part,
}

/// How reliably a lead is followed by a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lead {
    /// "for": needs two capitalised words.
    Weak,
    /// "under": needs one capitalised word.
    Fair,
    /// "my name is": takes words in any case.
    Strong,
}

static LEADS: LazyLock<Vec<(Regex, Lead)>> = LazyLock::new(|| {
    let strong = [
        r"\bmy\s+(?:full\s+|first\s+|given\s+|christian\s+|last\s+|family\s+|second\s+|sur|middle\s+)?name(?:['’]?s|\s+is|\s+was|\s+would\s+be)?\b\s*[:,-]?",
        r"\b(?:first|given|last|family|second|sur|full)\s*-?name\s*(?:is|was|['’]s|:|=|-)?",
        r"\b(?:(?:the|booking|reservation|contact|your)\s+)?name(?:['’]s|\s+is|\s*[:=])(?:\s+for\s+the\s+reservation\s+is)?",
        r"\bcalls?\s+(?:call\s+)?(?:me|be)\b(?:\s+as)?",
        r"\b(?:i['’]?m|i\s+am)\s+(?:called|known\s+as|named)\b|\bi\s+go\s+by\b|\buse\s+the\s+name\b|\b(?:i['’]?m|i\s+am)\s+[^\w\s]?known\b",
        r"\b(?:in|under|on|by|of|with|for)\s+(?:the\s+|my\s+)?names?\b(?:\s+of|\s+is|\s+as|,)?",
        r"\bthe\s+name\s+of\b|\bnamed\s+me\b",
        r"\bnama\s+saya(?:\s+ialah)?\b|\bme\s+llamo\b|\bmi\s+nombre\s+es\b|\bich\s+hei(?:ß|ss)e\b|\bmein\s+name\s+ist\b|\bje\s+m['’]appelle\b|\bmon\s+nom\s+est\b",
    ];
    let fair = [
        r"\b(?:listed|booked|reserved|made|placed|reservation|booking|table|it)?\s*(?:is\s+)?under\b",
        r"\bthis\s+is\b|\b(?:i['’]?m|i\s+am)\b(?:\s+with\b)?|\bspeaking\s+(?:with|to)\b|\bich\s+bin\b|\bje\s+suis\b|\bsoy\b|\bsaya\b|\bit['’]?s\b|\bits\b|\bit\s+is\b",
        r"\b(?:mr|mrs|ms|miss|mdm|madam|dr)\b\.?",
        r"\s[-–—]\s",
    ];
    let weak = [r"\b(?:for|by|from|with|of|and)\b(?:\s+i\s+think\b)?", r"[,;.!]\s|^"];
    let before_name = |way: &str| compile(&format!(r#"(?i)(?:{way})[\s"“'‘(]*"#));
    let with = |ways: &[&str], lead: Lead| ways.iter().map(|way| (before_name(way), lead)).collect::<Vec<_>>();
    [with(&strong, Lead::Strong), with(&fair, Lead::Fair), with(&weak, Lead::Weak)].concat()
});

/// Words after a name that show that it is one.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)^["”'’)]?\s*,?\s*(?:here\b|speaking\b|is\s+(?:my|the|her|his)\s+(?:full\s+|first\s+|last\s+|family\s+|second\s+|sur|given\s+|reservation\s+|booking\s+)?name\b|(?:that\s+is|that['’]s|thats)\s+my\s+name|is\s+what\s+(?:you\s+can|they|people)\s+call|(?:is\s+)?has?\s+(?:a\s+)?(?:booking|reservation|table|booked|reserved|done|made)|party\b|(?:booking|reservation)\b|(?:might|may|probably)?\s*(?:have|has)\s+(?:done|made|booked))"#,
    )
});

/// Words before the name of a business, not of a person.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"(?i)\b(?:restaurants?|place|cafe|café|pub|bar|diner|eatery|hotel|venue|shop)\b[^.!?]{0,24}$")
});

/// Words of a search for a place by its name.
static SEARCH: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?:find|search\w*|looking|look\s+up|info|information|details)\b[^.!?]*$"));

/// Words of the names of places and companies, not of people.
const ORGANISATIONS: &str = " agency airlines airways arms association bank bar bistro brasserie cafe café centre center church club \
    college company diner express foundation garden gardens gmbh grill group hospital hotel inc inn italia kitchen limited llc \
    lounge ltd mall market noodle office palace party pizza plc pte pub restaurant road school shop square station store street \
    sushi tavern team terrace tower university wars ";

/// Words before the name of the person addressed or asked for: "good morning, Mr Tan", "can I speak to Mrs Lim".
static TO_THEM: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\b(?:hello|hi|hiya|hey|dear|thanks|thank\s+you|cheers|bye|morning|afternoon|evening|(?:speak|talk|spoke|talked|chat|see|saw|met|ask|asked|look|looking)(?:\s+(?:to|with|for))?|at|know|about|visit|try)[\s,!]*$",
    )
});

/// Chinese self-introductions and the Han letters after them.
static HAN: LazyLock<Regex> =
    LazyLock::new(|| compile(r"(?:我叫|我是|名字(?:是|叫)|姓名[是:：]?|叫我)\s*(\p{Han}{2,4})"));

/// Finds the names of a text, the most reliable first. `asked` also accepts an answer that is only a name.
pub(super) fn find(text: &str, taken: &[Span], asked: bool) -> Vec<Found> {
    let mut found: Vec<(Lead, Found)> = Vec::new();
    let mut add = |lead: Lead, name: Found| {
        if is_free(name.span, taken) && !found.iter().any(|(_, other)| other.span.overlaps(name.span)) {
            found.push((lead, name));
        }
    };
    for name in HAN.captures_iter(text).filter_map(|capture| capture.get(1)) {
        add(Lead::Strong, Found { span: Span::of(text, name), part: Part::Whole });
    }
    for name in before_tails(text, taken) {
        add(Lead::Strong, name);
    }
    let lower = LazyCell::new(|| text.to_lowercase());
    for (pattern, lead) in LEADS.iter() {
        for cue in pattern.find_iter(text) {
            let place = Place { text, lower: &lower, start: cue.start(), end: cue.end() };
            if let Some(name) = after_lead(&place, *lead, taken) {
                add(*lead, name);
            }
        }
    }
    if found.is_empty() && asked {
        found.extend(name_answer::find(text, taken).map(|span| (Lead::Strong, Found { span, part: Part::Whole })));
    }
    found.sort_by_key(|(lead, name)| (std::cmp::Reverse(*lead), name.span.start));
    found.into_iter().map(|(_, name)| name).collect()
}

/// Where a lead stands in a text.
struct Place<'a> {
    text: &'a str,
    /// The text in lower case, made once.
    lower: &'a dyn Deref<Target = String>,
    start: usize,
    end: usize,
}

/// The name right after a lead.
fn after_lead(place: &Place<'_>, lead: Lead, taken: &[Span]) -> Option<Found> {
    let Place { text, lower, start: lead_start, end: start } = *place;
    let cue = text[lead_start..start].to_lowercase();
    let before = lead_in(text, lead_start, 48);
    if PLACE.is_match(&before)
        || PLACE.is_match(&cue)
        || before.ends_with("not ")
        || before.trim_end().ends_with("what")
    {
        return None;
    }
    if is_title(&cue) && TO_THEM.is_match(&before) || cue.contains("speaking") && before.trim_end().ends_with("am i") {
        return None;
    }
    let words = words_from(text, start, taken, lead == Lead::Strong);
    let is_other = words.iter().all(|word| is_plain(word.words(text))) || names_organisation(text, &words);
    if lead != Lead::Strong && is_other
        || SEARCH.is_match(&before) && !before.contains("book") && !before.contains("reserv")
    {
        return None;
    }
    let span = words.first()?.covering(*words.last()?);
    let is_title = is_title(&cue);
    let fits = match lead {
        Lead::Strong => !cue.contains("under") && !cue.contains("by") || is_capitalised(words[0].words(text)),
        Lead::Fair => is_capitalised(words[0].words(text)) && (words.len() > 1 || is_name_like_alone(&cue, text, span)),
        Lead::Weak => words.len() > 1 && weak_fits((text, lower), &cue, &before, span, words.len()),
    };
    let after = lead_out(text, span.end, 14);
    let is_place = after.trim_start().starts_with("restaurant") || after.trim_start().starts_with("area");
    if !fits || is_place {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|word| cue.contains(word));
    let alone = words.len() == 1 && (is_title || cue.trim_start().starts_with("under"));
    let part = match () {
        () if says(&["first", "given", "christian"]) => Part::First,
        () if alone || says(&["last", "family", "second", "sur"]) => Part::Last,
        () => Part::Whole,
    };
    Some(Found { span, part })
}

fn names_organisation(text: &str, words: &[Span]) -> bool {
    words.len() > 1
        && words.iter().any(|word| ORGANISATIONS.contains(&format!(" {} ", word.words(text).to_lowercase())))
}

fn is_title(cue: &str) -> bool {
    matches!(cue.trim().trim_end_matches('.'), "mr" | "mrs" | "ms" | "miss" | "mdm" | "madam" | "dr")
}

/// Whether a single capitalised word after this lead is a name: "I'm Vashti" is, "I'm Polish" may not be.
fn is_name_like_alone(cue: &str, text: &str, span: Span) -> bool {
    let trimmed = cue.trim();
    // In a text all in capitals, a capital does not mean a name.
    if trimmed.ends_with("m with")
        || !text.contains(char::is_lowercase) && !is_title(cue) && !trimmed.ends_with("under")
    {
        return false;
    }
    let ends = lead_out(text, span.end, 3);
    let is_end =
        ends.is_empty() || ends.starts_with(['.', ',', '!', ';']) || ends.starts_with(" a") || ends.starts_with(" i");
    is_title(cue)
        || trimmed.ends_with("under")
        || (is_end && !trimmed.starts_with(['-', '–', '—']) && !trimmed.starts_with("it"))
}

/// "for X Y" is a name in a sentence about a booking, "X Y," at the start of it.
fn weak_fits(
    (text, lower): (&str, &dyn Deref<Target = String>),
    cue: &str,
    before: &str,
    span: Span,
    words: usize,
) -> bool {
    let lower = lower.as_str();
    let is_booking = ["book", "reserv", "table", "appointment", "party of"].iter().any(|word| lower.contains(word));
    let asks_of_place = lower.contains("restaurant")
        || lower.contains("information")
        || lower.contains("cuisine")
        || lower.contains("food");
    if asks_of_place || words > 3 {
        return false;
    }
    let is_separator = cue.trim().is_empty() || cue.trim().len() == 1;
    if !is_separator {
        return is_booking
            && (cue.starts_with("for") || cue.starts_with("by") || cue.starts_with("and") && before.contains("name"));
    }
    let after = lead_out(text, span.end, 2);
    let alone = after.is_empty() || after.starts_with([',', '.', ';', '!']);
    is_booking && alone && !lower.starts_with("what")
}

/// The words of a name from `start` on.
fn words_from(text: &str, start: usize, taken: &[Span], any_case: bool) -> Vec<Span> {
    let mut words: Vec<Span> = Vec::new();
    let mut at = start;
    while words.len() < NAME_WORDS_MAX {
        let Some(word) = word_at(text, at) else { break };
        let letters = word.words(text);
        let is_first = words.is_empty();
        let follows_capital = words.first().is_some_and(|first| is_capitalised(first.words(text)));
        let fits_case = is_capitalised(letters) || is_particle(letters) && !is_first || any_case && !follows_capital;

        if !is_free(word, taken)
            || !fits_case
            || is_common(letters) && !is_capitalised(letters)
            || is_everyday(letters)
                && !is_particle(letters)
                && !is_name_like(letters)
                && (is_first || !is_family_name(letters))
        {
            break;
        }
        words.push(word);
        at = word.end;
        let gap = text[at..].len() - text[at..].trim_start_matches(' ').len();
        if gap == 0 || gap > 2 {
            break;
        }
        at += gap;
    }
    while words.last().is_some_and(|word| is_particle(word.words(text))) && words.len() > 1 {
        words.pop();
    }
    words
}

/// "Vashti Sampaia here", "Exie Bichoff is my name".
fn before_tails(text: &str, taken: &[Span]) -> Vec<Found> {
    let mut found = Vec::new();
    for (start, _) in text.char_indices().filter(|(at, letter)| {
        letter.is_alphabetic()
            && !text[..*at].ends_with(|before: char| {
                before.is_alphanumeric() || matches!(before, '\'' | '’' | '-') || is_mark(before)
            })
    }) {
        if found.last().is_some_and(|last: &Found| start < last.span.end) {
            continue;
        }
        let words = words_from(text, start, taken, false);
        let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
        if words.iter().all(|word| is_plain(word.words(text))) || names_organisation(text, &words) {
            continue;
        }
        let span = first.covering(*last);
        let Some(tail) = TAIL.find(span.after(text)).map(|tail| tail.as_str().to_lowercase()) else { continue };
        let needs_two = tail.contains("booking")
            || tail.contains("reservation") && !tail.contains("name")
            || tail.contains("has ")
            || tail.contains("have ");
        if needs_two && words.len() < 2
            || PLACE.is_match(&lead_in(text, start, 48))
            || tail.contains("call") && is_question(text)
        {
            continue;
        }
        let part = match () {
            () if tail.contains("first") || tail.contains("given") => Part::First,
            () if ["last", "family", "second", "sur"].iter().any(|word| tail.contains(word)) => Part::Last,
            () if tail.contains("party") && words.len() == 1 => Part::Last,
            () => Part::Whole,
        };
        found.push(Found { span, part });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, asked: bool, expected: Option<&str>) {
        let found = find(text, &[], asked);
        assert_eq!(found.first().map(|name| name.span.words(text)), expected, "{text:?}");
    }

    #[test]
    fn names_are_found_where_people_introduce_them() {
        check("My name is Tan Wei Ming", false, Some("Tan Wei Ming"));
        check("i'm Nur Aisyah binte Ahmad, nice to meet you", false, Some("Nur Aisyah binte Ahmad"));
        check("my name is vashti and i need a table", false, Some("vashti"));
        check("This is O'Brien", false, Some("O'Brien"));
        check("José García here", false, Some("José García"));
        check("我叫陈伟明，你好", false, Some("陈伟明"));
        check("a table for 5 under the name Kim Lee at 8", false, Some("Kim Lee"));
        check("Please cancel the booking for Ada Lovelace", false, Some("Ada Lovelace"));
        check("Nama saya Siti binti Ali", false, Some("Siti binti Ali"));
        check("Ich heiße Jürgen", false, Some("Jürgen"));
        check("Dr. Strangelove", false, Some("Strangelove"));
        check("vashti", true, Some("vashti"));
        check("it's wei ming", true, Some("wei ming"));
        check("Jean-Luc Picard, thanks", true, Some("Jean-Luc Picard"));
    }

    #[test]
    fn other_words_are_not_names() {
        for text in [
            "I'm looking for a table",
            "What's your name?",
            "I want a restaurant called Curry Palace",
            "this is ridiculous",
            "I am allergic to nuts",
            "why do you need it?",
            "I don't know",
            "no thanks",
            "Can I dine under the full moon",
            "that's my business",
            "",
        ] {
            check(text, false, None);
            check(text, true, None);
        }
    }
}
