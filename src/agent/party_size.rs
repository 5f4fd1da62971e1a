//! Finds how many people come: "8 people", "the 6 of us", "me, my wife and 2 kids", "a table for four".

use std::sync::LazyLock;

use regex::Regex;

use super::counted_noun::{Counts, counts, is_pronoun};
use super::lexicon::is_question;
use super::numbers::{NUMBER, number};
use super::pattern::compile;
use super::span::{Span, is_free, lead_in, lead_out};

/// Words that count people; they belong to the value, as in "4 adults".
const UNIT: &str = r"(?:people|person|adults?|kids?|child(?:ren)?|m[ae]n|wom[ae]n|seniors?|couples?|guests?|guys|girls?|boys?|teen(?:ager)?s?|bab(?:y|ies)|toddlers?|grandparents)";
/// Relatives, friends and colleagues of the person who writes.
const KIN: &str = r"(?:friends?|mates?|pals?|budd(?:y|ies)|wife|husband|hubby|spouse|partner|(?:girl|boy)friends?|fianc[ée]+|sons?|daughters?|kids?|child(?:ren)?|twins|parents?|mother|father|mom|mum|dad|brothers?|sisters?|sis|siblings?|colleagues?|co-?workers?|associates?|cousins?|boss|aunt|uncle|nephew|niece|grand(?:mother|father|son|daughter|parents|ma|pa)|in-laws|other(?:s)?(?: people)?)";

/// The members of a party; [`is_party`] decides whether they count.
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

/// A number without a noun where only a number of people makes sense.
static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    let near = r"(?:about\s+|around\s+|just\s+|only\s+|now\s+|likely\s+)?";
    let ways = [
        format!(r"\b((?:the\s+)?{NUMBER})\s+of\s+us\b"),
        format!(r"\bus\s+({NUMBER})\b"),
        format!(r"\b((?:a\s+)?{NUMBER})(?:\s+|-)person\s+(?:table|booking|reservation|party)"),
        format!(
            r"\b({NUMBER})(?:\s+|-)(?:in\s+(?:total|all|(?:our|my|the)\s+(?:party|group))|total|persons|pax|individuals|folks|diners?|seats?|members?|board members|co-? ?workers|customers?|attending|are\s+(?:attending|coming|with)|coming|visitors?|participants?|top)\b"
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
        format!(r"\bi\s+(?:said|meant|mean)\s+(?:for\s+)?({NUMBER})\b"),
        format!(
            r"\bnot\s+{NUMBER}(?:\s+\w+)?\s*,?\s*(?:but\s+)?({NUMBER})\b|\b({NUMBER})\s+(?:is\s+coming\s+)?not\s+{NUMBER}\b"
        ),
        format!(
            r"\b({NUMBER})\s+(?:at\s+\d|(?:at|for)\s+(?:around\s+|about\s+)?(?:\d{{1,2}}(?:[:.]\d\d|\s?[ap]m)|noon\b|half\b|quarter\b|breakfast\b|lunch\b|dinner\b|brunch\b))"
        ),
    ];
    compile(&format!("(?i)(?:{})", ways.join("|")))
});

/// Matters that concern only some of the party.
static SIDE_MATTER: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:vegans?|vegetarians?|allerg\w+|co?eliacs?|intoleran\w+|gluten|dairy|lactose|diets?|dietary|diabetic|pescatarians?|wheelchairs?|crutches|walker|high ?-?chairs?|kid chairs?|booster|prams?|strollers?|bugg(?:y|ies)|push ?chairs?|smok\w+|late|later|disab\w+|blind|deaf|pregnant|membership|halal|kosher|seafood|shellfish|pork|nuts?|(?:don['’]?t|doesn['’]?t|can['’]?t|cannot|not)\s+(?:eat|drink|have))\b",
    )
});

/// Text after a number that is a time, or counts a part of the party.
static OTHER_THING: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^\s*(?:am\b|pm\b|a\.m|p\.m|ish\b|-ish\b|o['’]?clock|on\s+the|one\b|of\s+(?:my|the|our|those|your|them|high|extra|spare|pet|one)\b|off\b|that\b|kids\b|kid\s)",
    )
});

/// Words before a party's size, whatever noun follows: "a table for 5 tenors".
static PARTY_LEAD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\b(?:tables?|book(?:ing)?|reserv(?:e|ation)|party|group|seats?|seating|room|space|accommodate|fit)\s+(?:for\s+|of\s+)?(?:about\s+|around\s+|just\s+|only\s+|us\s+)?$",
    )
});

/// Words before a number that is a rating or an amount.
static GRADED: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?:rating|rated|stars?|score|price|budget|discount|volume|temperature)\b[^.?!]*$"));

/// People who are or need something, as a part of the party.
static SUBSET: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^\s*(?:of\s+us|\w+)\s+(?:who|that|is|are|has|have|had|needs?|will|would|may|might|can|cannot|can['’]t|does|do|uses?|using|prefers?|wants?|requires?)\b",
    )
});

/// A report, not a party: "5 people told me".
static REPORT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^\s*(?:told|said|say|recommended|work|works|complained|waiting|in front|ahead|behind|walked|left|died|share|can['’]?t|cannot|couldn['’]t|won['’]t|got|cancel\w*|dropped|pulled|backed|less|fewer|ate|dined|came|visited|went|loved|enjoyed|stayed)\b",
    )
});

/// Statements about people who may be the party: "are both vegetarian", "smoke".
static STATE: LazyLock<Regex> = LazyLock::new(|| {
    compile(r"^\s+(?:who\s+)?(?:are|is|am|both|have|has|smokes?|needs?|(?:do|ca)n['’]?t)\b[\w' ]{0,24}")
});

/// Things for some of the party.
static CHAIRS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\b(?:high\s?-?chairs?|boosters?(?:\s+seats?)?|baby\s+(?:seats?|chairs?)|cots?|enough|share)\s+for(?:\s+my|\s+our)?$",
    )
});

/// Statements about a relative: "my husband is running late".
static SPOKEN_OF: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"^\s*(?:is|isn['’]t|was|wasn['’]t|has|had|hates?|loves?|likes?|can['’]t|cannot|couldn['’]t|won['’]t|will\s+(?:call|pay|decide|tell|confirm|let|get|contact|phone|message)|said|says|thinks|wants|needs|smokes?|eats|doesn['’]t|does)\b",
    )
});

/// "just me", "only going to be me".
static ALONE: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\b(?:just|only)(?:\s+(?:for|be|going\s+to\s+be|gonna\s+be))?$"));

/// A number alone as an answer.
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
        if is_free(span, taken) && is_free(span, &spans) && is_count(text, span, side) {
            spans.push(span);
        }
    }
    if spans.is_empty() && asked {
        let bare = BARE.find_iter(text).map(|found| Span::of(text, found));
        let is_short = text.split_whitespace().count() <= 3;
        let fits = |span: &Span| {
            let stands = match counts(text, *span) {
                Counts::Alone | Counts::People => true,
                Counts::Unknown => is_short,
                Counts::Thing => false,
            };
            stands && is_free(*span, taken) && !OTHER_THING.is_match(span.after(text)) && !is_pronoun(text, *span)
        };
        spans.extend(bare.filter(fits).last());
    }
    spans.sort();
    spans
}

/// Whether a number without a noun counts people.
fn is_count(text: &str, span: Span, side: bool) -> bool {
    let words = span.words(text).to_lowercase();
    let after = lead_out(text, span.end, 40);
    let is_some = side && (SUBSET.is_match(&after) || words == "one") && !words.starts_with("the");
    let fits = match counts(text, span) {
        Counts::Thing => false,
        Counts::Alone | Counts::People => true,
        Counts::Unknown => words.starts_with("the ") || PARTY_LEAD.is_match(&lead_in(text, span.start, 40)),
    };
    let one_of_us = words == "one" && after.starts_with(" of us");
    let is_grade = GRADED.is_match(&lead_in(text, span.start, 40));
    fits && !is_grade && !is_some && !one_of_us && !is_pronoun(text, span) && !OTHER_THING.is_match(span.after(text))
}

/// Whether a text says only that one person comes: "me", "it's for me please".
fn is_only_me(text: &str) -> bool {
    let filler =
        "it it's its is will be it'll i'll for me myself i a table just only please yes thanks one going to and";
    let lower = text.to_lowercase().replace('’', "'");
    let mut words =
        lower.split(|letter: char| !(letter.is_alphanumeric() || letter == '\'')).filter(|word| !word.is_empty());
    !is_question(text) && words.all(|word| filler.split(' ').any(|known| known == word))
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
    let is_extra = ["add", "adding", "another", "additional", "minus", "extra", "under", "or"]
        .iter()
        .any(|word| before.ends_with(word));
    let owned = ["i have", "i've got", "have got", "bring", "bringing"].iter().any(|word| before.ends_with(word));
    let has_children = ["we have", "we've got", "there's", "there is"].iter().any(|word| before.ends_with(word))
        && members < 2
        && ["kid", "child", "bab", "toddler"].iter().any(|word| lower.contains(word));
    let is_state = STATE.find(&after).is_some_and(|found| SIDE_MATTER.is_match(found.as_str()));
    if has_children || is_state || CHAIRS.is_match(before) {
        return false;
    }
    let is_left = lower.ends_with("alone") && ["leave", "left"].iter().any(|word| before.ends_with(word));
    if is_left
        || is_extra && !before.ends_with("or")
        || after.starts_with("'s")
        || after.trim_start().starts_with("more")
    {
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
    if !has_self && members < 2 && !has_count && SPOKEN_OF.is_match(&after) || REPORT.is_match(&after) {
        return false;
    }
    if !has_self && members < 2 && !has_count && lower.ends_with("other") {
        return false;
    }
    if lower.starts_with("a person") || after.trim_start().starts_with("will be having") {
        return false;
    }
    match (has_self, members) {
        (true, 2..) => true,
        (true, _) => {
            let alone = lower.contains("alone") || ALONE.is_match(before);
            asked && is_only_me(text) || alone || (lower == "myself" && before.ends_with("for"))
        }
        (false, 2..) => has_count || asked || before.ends_with("for") || before.ends_with("take"),
        (false, _) => {
            has_count
                || (asked && lower.contains(' '))
                || lower == "a couple" && (before.ends_with("as") || before.ends_with("for"))
        }
    }
}

/// The number of people; `None` where the words leave it open ("me and my kids").
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
