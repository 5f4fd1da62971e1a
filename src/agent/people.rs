//! Finds how many people a text speaks of: "8 people", "the 6 of us", "me, my wife and 2 kids", "a table for four".

use std::sync::LazyLock;

use regex::Regex;

use super::numbers::{NUMBER, number};
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};

/// People counted by these words; they belong to the value, as in "4 adults".
const UNIT: &str = r"(?:people|person|adults?|kids?|child(?:ren)?|m[ae]n|wom[ae]n|seniors?|couples?|guests?|guys|girls?|boys?|teen(?:ager)?s?|bab(?:y|ies)|toddlers?|grandparents)";
/// People that stand in a relation to the person who writes.
const KIN: &str = r"(?:friends?|mates?|pals?|budd(?:y|ies)|wife|husband|hubby|spouse|partner|(?:girl|boy)friends?|fianc[ée]+|sons?|daughters?|kids?|child(?:ren)?|twins|parents?|mother|father|mom|mum|dad|brothers?|sisters?|sis|siblings?|colleagues?|co-?workers?|associates?|cousins?|boss|aunt|uncle|nephew|niece|grand(?:mother|father|son|daughter|parents|ma|pa)|in-laws|other(?:s)?(?: people)?)";

/// Members joined to a party; what of it counts is decided afterwards.
static PARTY: LazyLock<Regex> = LazyLock::new(|| {
    let whose = r"(?:my|our|his|her|their|the|a|an|one)";
    let kin = format!(r"(?:(?:lady|young|little|older|younger)\s+)?{KIN}");
    let member = format!(
        r"(?:me(?:\s+alone)?\b|myself\b|I\b|(?:with\s+)?no one\b|(?:{whose}\s+)?{NUMBER}\s+of\s+my\s+{kin}\b|(?:{whose}\s+)?{NUMBER}\s+(?:{UNIT}|{kin})\b|{whose}\s+(?:{UNIT}|{kin})\b|(?:wife|hubby|husband|parents|daughter|son|mom|dad)\b)"
    );
    let more = format!(
        r"(?:(?:\s*,\s*(?:and\s+|plus\s+)?|\s+(?:and|plus|&)\s+)(?:{member}|{kin}\b)|(?:\s+and|\s+plus)\s+(?:the\s+)?{NUMBER}\b|\s+{NUMBER}\s+{UNIT}\b|\s+one\s+{UNIT}\b)*"
    );
    compile(&format!(r"(?i)\b(?:{member}|{NUMBER}\s+plus\s+(?:me|{NUMBER}|an?\s+{UNIT})\b){more}"))
});

/// A bare number where only a number of people makes sense.
static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    let near = r"(?:about\s+|around\s+|just\s+|only\s+|now\s+|likely\s+)?";
    let ways = [
        format!(r"\b((?:the\s+)?{NUMBER})\s+of\s+us\b"),
        format!(r"\bus\s+({NUMBER})\b"),
        format!(r"\b((?:a\s+)?{NUMBER})(?:\s+|-)person\s+(?:table|booking|reservation|party)"),
        format!(
            r"\b({NUMBER})(?:\s+|-)(?:in\s+(?:total|all|(?:our|my|the)\s+(?:party|group))|total|persons|pax|heads?|diners?|seats?|members?|board members|co-? ?workers|customers?|attending|are\s+(?:attending|coming|with)|coming|visitors?|participants?|top)\b"
        ),
        format!(
            r"\b(?:party|group|table|booking|reservation|band|gang|family|room|space|seats?|people|total|team|here)\s*(?:size)?\s*(?:of|is|for|:)\s*{near}({NUMBER})\b"
        ),
        format!(
            r"\b(?:(?:number|amount)\s+of\s+\w+|(?:party|group)\s+size|size|count|total)\b[^.?!\d]{{0,40}}?\b(?:is|to|be|now)\s+{near}({NUMBER})\b"
        ),
        format!(r"\b({NUMBER})\s+is\s+the\s+(?:number|amount|size|total)\b"),
        format!(r"\b(?:chang|switch|updat|amend|increas|reduc|modif|mov)\w*\b[^.?!]{{0,90}}?\bto\s+{near}({NUMBER})\b"),
        format!(
            r"\b(?:for|seat|seat\s+all|seating|accom+[oa]date|acomm?[oa]date|fit|hold|we\s+are|we['’]?re|we\s+will\s+be|we['’]ll\s+be|there\s+(?:are|is|will\s+be|would\s+be)|there['’]s|there['’]ll\s+be|it\s+will\s+be|it['’]ll\s+be|(?:only|just)\s+be|expect|only|just|ma(?:ke|kes)\s+(?:it|that)|it['’]?s|it\s+is|for\s+us)\s+{near}((?:the\s+|a\s+)?{NUMBER})\b"
        ),
        format!(r"\bwe\s+have\s+({NUMBER})\s*(?:[.,!]|$)"),
        format!(
            r"\b({NUMBER})\s+(?:at\s+\d|(?:at|for)\s+(?:around\s+|about\s+)?(?:\d{{1,2}}(?:[:.]\d\d|\s?[ap]m)|noon\b|half\b|quarter\b|breakfast\b|lunch\b|dinner\b|brunch\b))"
        ),
    ];
    compile(&format!("(?i)(?:{})", ways.join("|")))
});

/// What only concerns some of the party.
static SIDE_MATTER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:vegans?|vegetarians?|allerg\w+|c[oe]eliacs?|intoleran\w+|pescatarians?|wheelchairs?|high ?-?chairs?|kid chairs?|smok\w+|late|later|disab\w+|pregnant|membership|halal|kosher|pork|nuts?)\b",
    )
});

/// What follows a number that counts something else than people.
static OTHER_THING: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?ix)^\s*(?:-\s*)?(?:more|additional|extra|\#|stars?|tables?|high\s?-?chairs?|booths?|course|courses|days?|weeks?|months?|years?|hours?|
        minutes?|mins?|percent|%|dollars?|pounds?|euros?|[:./]\d|st\b|nd\b|rd\b|th\b|am\b|pm\b|a\.m|p\.m|ish\b|o['’]?clock|on\s+the|one\b|of\s+(?:my|the|our|those|your|them|high|extra|spare|pet)\b|that\b|questions?|kids\b|kid\s)",
    )
});

/// A bare number as an answer.
static BARE: LazyLock<Regex> =
    LazyLock::new(|| compile(&format!(r"(?i)\b(?:{NUMBER}|solo|alone|(?:a )?couple|(?:just|only) me)\b")));

/// Finds the numbers of people in a text, in order. `asked` widens what counts.
pub(super) fn find(text: &str, taken: &[Span], asked: bool) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let side = !asked && SIDE_MATTER.is_match(text);
    for found in PARTY.find_iter(text) {
        let span = without_next_clause(text, Span::of(text, found));
        if is_free(span, taken) && is_party(text, span, asked, side) {
            spans.push(span);
        }
    }
    for found in COUNT.captures_iter(text).filter_map(|found| found.iter().flatten().nth(1)) {
        let span = Span::of(text, found);
        let words = span.words(text).to_lowercase();
        let of_us =
            lead_out(text, span.end, 8).starts_with(" of us") && (side && !words.starts_with("the") || words == "one");
        let or_more = words == "one" && side;
        if is_free(span, taken)
            && is_free(span, &spans)
            && !OTHER_THING.is_match(span.after(text))
            && !of_us
            && !or_more
        {
            spans.push(span);
        }
    }
    if spans.is_empty() && asked {
        let bare = BARE.find_iter(text).map(|found| Span::of(text, found));
        spans.extend(bare.filter(|span| is_free(*span, taken) && !OTHER_THING.is_match(span.after(text))).last());
    }
    spans.sort();
    spans
}

/// "5 people and I need…": the last word begins another clause.
fn without_next_clause(text: &str, span: Span) -> Span {
    let lower = span.words(text).to_lowercase();
    let joint = [" and i", ", i"].into_iter().find(|joint| lower.ends_with(joint));
    match joint {
        Some(joint) if !lower.contains("my ") && !lower.contains("friend") => {
            Span::new(span.start, span.end - joint.len()).trimmed(text)
        }
        _ => span,
    }
}

/// Whether a run of members is the party and not, say, "one of my friends" or "for me".
fn is_party(text: &str, span: Span, asked: bool, side: bool) -> bool {
    let lower = span.words(text).to_lowercase();
    let before = lead_in(text, span.start, 40);
    let before = before.trim_end();
    let after = lead_out(text, span.end, 24);
    let has_self = lower.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "me" | "myself" | "i"));
    let members =
        lower.split([',', '&']).flat_map(|part| part.split(" and ")).flat_map(|part| part.split(" plus ")).count();
    let has_count = lower.split(' ').any(|word| number(word).is_some_and(|_| !matches!(word, "a" | "an")));
    let is_extra = ["add", "adding", "another", "extra", "under", "or"].iter().any(|word| before.ends_with(word));
    let owned = ["i have", "i've got", "have got", "bring", "bringing"].iter().any(|word| before.ends_with(word));
    if is_extra && !before.ends_with("or") || after.starts_with("'s") || after.trim_start().starts_with("more") {
        return false;
    }
    if owned && !lower.contains("people") && !lower.contains("adult") && !lower.contains("couple") {
        return false;
    }
    let is_some = lower.contains(" of my ") || lower == "a couple" && after.trim_start().starts_with("of ");
    if lower == "i" || side && members < 2 || !has_self && is_some || lower.starts_with("no one") {
        return false;
    }
    if !has_self && members < 2 && lower.starts_with("my ") && !asked && !before.ends_with("for") {
        return false;
    }
    if lower.starts_with("a person") || after.trim_start().starts_with("will be having") {
        return false;
    }
    match (has_self, members) {
        (true, 2..) => true,
        (true, _) => {
            let alone = lower.contains("alone") || before.ends_with("just") || before.ends_with("only");
            asked || alone || (lower == "myself" && before.ends_with("for"))
        }
        (false, 2..) => has_count || asked || before.ends_with("for") || before.ends_with("take"),
        (false, _) => {
            has_count
                || (asked && lower.contains(' '))
                || lower == "a couple" && (before.ends_with("as") || before.ends_with("for"))
        }
    }
}

/// How many people the words come to; `None` where they leave it open ("me and my kids").
pub(super) fn count(words: &str) -> Option<u32> {
    let lower = words.to_lowercase();
    if let Some(value) = number(lower.trim_start_matches("the ").trim_start_matches("a ")) {
        return Some(value);
    }
    if matches!(lower.as_str(), "solo" | "alone" | "with no one" | "just me" | "only me" | "me alone") {
        return Some(1);
    }
    let mut total: u32 = 0;
    let mut pending: Option<u32> = None;
    let mut counted = false;
    for word in lower
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '-'))
        .filter(|word| !word.is_empty())
        .take(64)
    {
        match word {
            "and" | "plus" | "with" | "the" | "of" | "people" if pending.is_none() && counted => {}
            "me" | "myself" | "i" => {
                total = total.checked_add(pending.take().unwrap_or(0))?.checked_add(1)?;
                counted = true;
            }
            "and" | "plus" => total = total.checked_add(pending.take().unwrap_or(0))?,
            "with" | "the" | "of" | "my" | "our" | "his" | "her" | "their" | "lady" | "young" | "little" => {}
            word if number(word).is_some() => pending = number(word),
            word => {
                let each = if word.starts_with("couple") { 2 } else { 1 };
                let count = match pending.take() {
                    Some(count) => count * each,
                    None if matches!(word, "parents" | "twins") => 2,
                    None if word.ends_with('s') && !matches!(word, "boss" | "sis")
                        || matches!(word, "children" | "people") =>
                    {
                        return None;
                    }
                    None => each,
                };
                total = total.checked_add(count)?;
                counted = true;
            }
        }
    }
    total = total.checked_add(pending.unwrap_or(0))?;
    (counted && total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = find(text, &[], false).iter().map(|span| span.words(text)).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn parties_are_found() {
        check("a table for 8 people please", &["8 people"]);
        check("There will be 2 adults and 3 kids", &["2 adults and 3 kids"]);
        check("for me, my wife and 2 kids", &["me, my wife and 2 kids"]);
        check("the 6 of us", &["the 6"]);
        check("we need space for 10 persons", &["10"]);
        check("a party of nine", &["nine"]);
        check("it's just me", &["me"]);
        check("my wife and I are coming", &["my wife and I"]);
        check("please book it for me", &[]);
        check("one of us is allergic", &[]);
        check("I have two kids", &[]);
        check("add 1 more person", &[]);
        check("for 5 stars", &[]);
    }

    #[test]
    fn parties_are_counted() {
        for (words, expected) in [
            ("8 people", Some(8)),
            ("the two", Some(2)),
            ("2 adults and 3 kids", Some(5)),
            ("me, my wife and 2 kids", Some(4)),
            ("myself and five others", Some(6)),
            ("my wife and I", Some(2)),
            ("3 couples", Some(6)),
            ("me and my parents", Some(3)),
            ("me and my kids", None),
            ("solo", Some(1)),
        ] {
            assert_eq!(count(words), expected, "{words:?}");
        }
    }
}
