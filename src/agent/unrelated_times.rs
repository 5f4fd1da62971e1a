//! Recognises days and times that are unrelated to the booking: a call back, a visit last week, the opening hours, a farewell.
//!
//! A sentence about the booking itself (`BOOKING`) is never unrelated.

use std::sync::LazyLock;

use regex::Regex;

use super::lexicon::is_question;
use super::pattern::compile;
use super::span::{Span, lead_in, lead_out};

/// Bytes before and after a value that are searched for the words around it.
const NEAR_BYTES: usize = 64;
/// Bytes of its sentence before and after a value at most.
const SENTENCE_BYTES_MAX: usize = 240;

/// Words of a sentence about the booking itself: a place in a calendar, or who comes.
static BOOKING: LazyLock<Regex> = LazyLock::new(|| {
    let nouns = r"book\w*|reserv\w*|tables?|seat\w*|part(?:y|ies)|group|appointments?|slots?|spots?|space|room|schedul\w*|reschedul\w*|viewing|availab\w*|free|any(?:thing|\s?time)|something";
    let people = r"people|persons?|pax|guests?|adults?|us|dine|dining";
    let verbs = r"come|join|squeeze|fit|chang\w*|mov\w*|switch\w*|instead|accommodate|arriv\w*|make it|want|would like|i['’]?d like|prefer";
    let count = r"for\s+(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)";
    compile(&format!(r"(?i)\b(?:{nouns}|{people}|{verbs}|{count})\b"))
});

/// A proposal: "can we do lunch on Friday", "how about dinner tomorrow".
static PROPOSAL: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:(?:can|could|may|shall|should|might)\s+(?:i|we)|(?:how|what)\s+about|let['’]?s|possible|works?|would)\b",
    )
});

/// Words before a day or time at which people will talk or decide something.
static CONTACT: LazyLock<Regex> = LazyLock::new(|| {
    let day = r"(?:today|tonight|tomorrow|later|back|again|monday|tuesday|wednesday|thursday|friday|saturday|sunday|morning|afternoon|evening)";
    let joint = r"(?:\s+(?:on|at|by|before|after|until|till|around|in|from|between|the|this|next|first\s+thing|some\s?time|early|late))*";
    let whom = format!(r"(?:\s+(?:you|u|me|us|to|with|him|her|them|up|in|guys|someone|{day}))*");
    let contact = r"(?:call|ring|phone|text|message|e-?mail|contact|speak|talk|write|chat|reply|respond|remind|get\s+back|check\s+back|try\s+again|be\s+in\s+touch|drop\s+(?:me|you|us)\s+a\s+line)(?:ed|ing)?";
    let ways = [
        format!(r"{contact}{whom}{joint}"),
        format!(r"let\s+(?:you|u|me|us|them|him|her|ya)\s+know{joint}"),
        format!(
            r"(?:check|discuss|talk|speak|confer)\s+(?:it\s+|this\s+)?(?:with|to)\s+(?:my|our|his|her|the)\s+[\w'’]+{joint}"
        ),
        format!(r"(?:pay|decide|think\s+about\s+(?:it|this|that)|sleep\s+on\s+it){joint}"),
    ];
    compile(&format!(r"(?i)\b(?:{})\s+$", ways.join("|")))
});

/// Words before a day that recurs or is over, or before a wish.
static HABIT: LazyLock<Regex> = LazyLock::new(|| {
    let good = r"good|great|nice|lovely|wonderful|fantastic|fab|amazing|happy|super|pleasant|fun|merry|blessed|awesome|beautiful|relaxing";
    let ways = [
        r"(?:since|all|each|every|last|this\s+past|previous|built|(?:expires?|ends?|valid|runs\s+out))(?:\s+(?:on|at|for|until|by))?".to_owned(),
        r"how\s+(?:are|r|was|were)\s+(?:you|u|ya|things|they)(?:\s+(?:all|guys|doing|feeling|going))*".to_owned(),
        format!(r"happy|merry|enjoy\s+(?:the\s+rest\s+of\s+)?your|thank\s+god\s+it(?:['’]?s|\s+is)|have\s+an?\s+(?:(?:very|really)\s+)?(?:{good})"),
    ];
    compile(&format!(r"(?i)\b(?:{})\s+$", ways.join("|")))
});

/// "Book it today": "today" is when to make the booking, not the day of it.
static DO_IT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:book|reserve|confirm|place|submit|finali[sz]e|send)\s+(?:it|this|that|them)(?:\s+(?:right|please))*\s+$",
    )
});

/// "See you tomorrow" is a farewell; "see you at 8" gives a time.
static FAREWELL: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:see|c|meet|catch)\s+(?:you|u|ya|y['’]?all)(?:\s+(?:all|then|guys|there|again|later|soon|on|this|next|the))*\s*$|\b(?:bye|goodbye|ciao|until|till)\s+$",
    )
});

/// Words after a day or time that belongs to something else: "today's specials", "the Sunday roast", "Friday nights".
static TAILS: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^(?:['’]s\s+(?:caf[eé]|bar\b|restaurant|in\b|special|menu|soup|date|weather|game|match|news|offer|deal|event|show|rate|price|hours)|\s+(?:nights?\s+|evening\s+|afternoon\s+|lunch\s+)?(?:roasts?|specials?|quiz|offers?|deals?|menu|buffet|club|market|edition|newspaper|thing|vibes?|mood|blues|best|school|service|football|match|game|off\b|ago\b)|\s+(?:nights|evenings|mornings|afternoons|lunches|lunchtimes)\b|\s+is\s+(?:another\s+day|an?\s+(?:\w+\s+)?holiday)\b|\s+at\s+last\b)",
    )
});

/// Sentences about the past, about how people are, and about what day it is.
static SMALL_TALK: LazyLock<Regex> = LazyLock::new(|| {
    let who = r"(?:i|we|he|she|they|you|someone|somebody|one\s+of\s+(?:us|them|your\s+\w+)|(?:my|your|our|the)\s+\w+)";
    let also = r"(?:\s+(?:should|could|would|might|already|just|also|only|have|had|['’]ve|actually|then|even|once|recently|never))*";
    let did = r"(?:called|rang|phoned|spoke|talked|emailed|e-mailed|texted|messaged|wrote|visited|ate|dined|came|went|left|lost|forgot|ordered|paid|bought|met|heard|stayed|waited|complained|enjoyed|loved|received|sent|placed)";
    let was = r"(?:was|were)\s+(?:there|here|in|at|with|on|charged|served|sick|ill|unhappy|disappointed|late)";
    let ways = [
        format!(r"{who}(?:['’]ve)?{also}\s+(?:{did}|{was})"),
        r"how\s+(?:are|r|was|were|have)\s+(?:you|u|things|ya|we|they|your|everything)|how(?:['’]?s|\s+is|\s+was)\s+(?:it|your|the|life|everything|business)\b".to_owned(),
        r"weather|shining|rain(?:s|ing|y)?|snow(?:s|ing|y)?|sunny|(?:so|too|very|really)\s+(?:hot|cold|warm|wet|windy)|feel(?:ing)?\s+(?:well|sick|ill|unwell|tired|good|great|better|bad)|i(?:['’]?m|\s+am)\s+(?:busy|sick|ill|tired|off|working|at\s+work|hungry|not\s+feeling)".to_owned(),
        r"(?:i|we)(?:['’]?m|['’]?re|\s+am|\s+are)\s+(?:away|on\s+(?:holiday|leave|vacation)|out\s+of\s+town|travelling|traveling|abroad|unavailable)|(?:i|we)\s+(?:work|finish|get\s+paid)".to_owned(),
        r"(?:who|what\s+\w+)(?:['’]s|\s+is)\s+(?:on|playing|cooking|performing|working|singing)".to_owned(),
        r"(?:what|which)\s+(?:day|date)\s+is\s+it|what(?:['’]?s|\s+is)\s+(?:the|today['’]s)\s+(?:date|time|day)|is\s+it\s+\w+\s+(?:already|yet|today)|is\s+(?:today|tomorrow)\b|today['’]s\s+date|not\s+(?:today|tonight|now)|(?:is|are)\s+\w+\s+(?:working|around)|here\s+today|put\s+off".to_owned(),
    ];
    compile(&format!(r"(?i)\b(?:{})\b", ways.join("|")))
});

/// Questions about the opening hours and offers of the business.
static BUSINESS: LazyLock<Regex> = LazyLock::new(|| {
    let house = r"(?:you|u|y['’]?all|guys|they|it|place|restaurant|kitchen|bar|pub|shop|store|office|venue|caf[eé]|house|branch|outlet|location|doors?|park|museum|gallery|clinic|salon|gym)";
    let asks = r"(?:do\s+(?:you|they)|does|did\s+(?:you|they)|(?:is|are|will)\s+(?:there|the|you|they|it)|(?:what|when|where)(?:['’]?s|\s+is|\s+are|\s+time\s+is)|how\s+(?:much|late|long|busy))";
    let offer = r"music|band|dj|quiz|match|game|football|rugby|specials?|menu|soup|roast|buffet|happy\s+hour|offers?|deals?|discounts?|events?|karaoke|parking|take-?\s?away|take-?\s?out|kitchen|last\s+orders?|breakfast|brunch|lunch|dinner|food|drinks?|alcohol|show|performance|entertainment|deliver\w*|walk-?ins?|dress\s+code|surcharge|service\s+charge";
    let ways = [
        format!(r"{house}\b[^.?!]{{0,24}}\b(?:opens?|closed?|closes|closing|shut|served?)"),
        r"(?:opening|closing)\s+(?:hours?|times?)".to_owned(),
        r"(?:when|time)\s+do(?:es)?\s+(?:you|they|it|the\s+\w+)\s+(?:open|close|shut|start|stop|finish)".to_owned(),
        format!(r"{asks}\b[^.?!]{{0,40}}\b(?:{offer})"),
        format!(r"any\s+(?:\w+\s+)?(?:{offer})"),
        format!(r"(?:{offer})\s+served"),
    ];
    compile(&format!(r"(?i)\b(?:{})\b", ways.join("|")))
});

/// Words before a time of the business, a train or a film.
static EVENT: LazyLock<Regex> = LazyLock::new(|| {
    let joint = r"(?:\s+(?:at|from|till|until|by|before|after|around|on|between))*";
    let house = r"(?:you|u|they|it|kitchen|bar|restaurant|place|pub|doors?|shop|store|office|gym|clinic|salon)";
    let event = r"(?:train|flight|plane|bus|ferry|film|movie|concert|game|match|show|play)";
    let ways = [
        format!(r"{house}(?:\s+\w+)?\s+(?:opens?|close[sd]?|shuts?|stops?|finish(?:es)?)(?:\s+serving)?{joint}"),
        format!(r"(?:last\s+(?:orders?|entry)|happy\s+hour|kick\s?-?off)(?:\s+(?:is|are))?{joint}"),
        format!(r"{event}(?:\s+(?:is|starts?|begins?|ends?|finish(?:es)?|lands?|leaves?|departs?|arrives?))+{joint}"),
    ];
    compile(&format!(r"(?i)(?:\b(?:{})|^\s*open{joint})\s+$", ways.join("|")))
});

/// Questions whether a booking is needed.
static POLICY: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:do|does|will|would|did)\s+(?:you|i|we|they|one)\s+(?:(?:need|require)\s+(?:to\s+(?:book|reserve)|an?\s+(?:booking|reservation))|have\s+to\s+(?:book|reserve))|\b(?:booking|reservations?|bookings)\s+(?:needed|required|necessary|essential|mandatory)",
    )
});

/// The sentence around a part of the text.
fn sentence(text: &str, at: Span) -> Span {
    let is_end = |place: usize, letter: char| match letter {
        '\n' | '?' | '!' | ';' => true,
        // A full stop in "6 p.m. on Friday" does not end the sentence.
        '.' => text[place + 1..].starts_with(' ') && text[place + 1..].trim_start().starts_with(char::is_uppercase),
        _ => false,
    };
    let (from, to) =
        (text.floor_char_boundary(at.start.saturating_sub(SENTENCE_BYTES_MAX)), at.end + SENTENCE_BYTES_MAX);
    let to = text.floor_char_boundary(to.min(text.len()));
    let before = text[from..at.start].char_indices().rfind(|(place, letter)| is_end(from + place, *letter));
    let behind = text[at.end..to].char_indices().find(|(place, letter)| is_end(at.end + place, *letter));
    Span::new(before.map_or(from, |(place, _)| from + place + 1), behind.map_or(to, |(place, _)| at.end + place))
}

/// Whether the day or time at `span` is unrelated to the booking. After a question for one (`asked`), a time for a call or of
/// the business counts as the answer.
pub(super) fn is_unrelated(text: &str, span: Span, asked: bool) -> bool {
    let around = sentence(text, span);
    let words = around.words(text);
    let before = lead_in(text, span.start, (span.start - around.start).min(NEAR_BYTES));
    let after = lead_out(text, span.end, (around.end - span.end).min(NEAR_BYTES));
    let is_at_once = matches!(span.words(text).to_lowercase().as_str(), "today" | "now");
    if HABIT.is_match(&before) || !asked && CONTACT.is_match(&before) || is_at_once && DO_IT.is_match(&before) {
        return true;
    }
    let asks = is_question(words) || text[around.end..].starts_with('?');
    if !asked && asks && POLICY.is_match(words) {
        return true;
    }
    if BOOKING.is_match(words) {
        return false;
    }
    let is_event = !asked && EVENT.is_match(&before) && !BOOKING.is_match(text);
    is_event
        || TAILS.is_match(&after)
        || SMALL_TALK.is_match(words)
        || !asked && asks && BUSINESS.is_match(words) && !PROPOSAL.is_match(words) && !BOOKING.is_match(text)
}

/// Whether the day at `span` is part of a farewell without a time.
pub(super) fn is_farewell(text: &str, span: Span) -> bool {
    let around = sentence(text, span);
    let before = lead_in(text, span.start, (span.start - around.start).min(NEAR_BYTES));
    FAREWELL.is_match(&before) && !text[span.end..around.end].contains(|letter: char| letter.is_ascii_digit())
}
