//! What a number in a text counts, by the words right before and after it.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::pattern::compile;
use super::span::{Span, lead_in, lead_out};

/// Bytes before and after a number that are searched.
const NEAR_BYTES: usize = 32;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Nothing: the number stands alone, or before a word that is not a counted noun ("4 at seven", "5 please").
    Alone,
    /// People: guests, adults, heads.
    People,
    /// Things: minutes, stars, dollars; or the number is part of a name, as in "table 5".
    Thing,
    /// An unknown word follows.
    Unknown,
}

/// Words after a number that are not counted by it.
const ALONE: &str = "a about actually after again all also altogether am an and any approx approximately around as at \
    available be because been before being best better booked both breakfast brunch but by came can cannot cheers come comes \
    coming correct could dear dinner do done due either else every exactly except fine for from good great had has have hello \
    hi hope how i if in inc incl including indoors inside instead is ish it joining just late later like lunch mate max \
    maximum may maybe me might min minimum my near need needs next no not now of off ok okay on only onwards or our out \
    outdoor outdoors outside over overall past perfect perhaps please pls plus preferably probably reserved right roughly \
    seated shall sharp she should sir sitting so soon sorry sounds still suits sure than thank thanks that the their then \
    there they this thx till to today together tom tomorrow tonight too top total until upstairs us use wanted wants was we \
    were what when where which while who will with within without works would yeah yes yet you are under attending afternoon \
    evening morning night noon weekend christmas monday tuesday wednesday thursday friday saturday sunday mon tue tues wed \
    thu thur thurs fri sat sun january february march april june july august september october november december jan feb \
    mar apr jun jul aug sep sept oct nov dec";

const PEOPLE: &str = "people person persons peoples folk folks individual individuals human humans adult adults kid kids \
    child children man men woman women guy guys girl girls boy boys lady ladies gentleman gentlemen gents lads senior seniors \
    pensioners elders teen teens teenagers toddlers baby babies infants couple couples guest guests pax head heads diner \
    diners eaters visitor visitors customers client clients member members participants attendees delegates employees staff \
    worker workers co co-worker co-workers coworkers colleague colleagues friend friends mates pals buddies neighbors neighbours \
    relatives cousins brothers sisters siblings parents students pupils players passengers travellers travelers other others \
    seat seats seater seating covers places males females grandparents grandchildren grandkids family families associates";

const THINGS: &str = "more additional extra star stars table tables highchair highchairs high-chair high-chairs \
    booster booth booths course courses second seconds sec secs minute minutes mins hour hours hr hrs day days week weeks \
    month months year years yrs percent dollar dollars pound pounds quid bucks euro euros cent cents pence ringgit rupees \
    baht yen usd sgd gbp eur mile miles km kms metre metres meter meters feet ft inch inches kg kilo kilos gram grams litre \
    litres bottle bottles glass glasses cup cups pint pints beers wines coffees drinks pizzas burgers portions plates dishes \
    meals menus ticket tickets voucher vouchers car cars bikes pram prams stroller strollers buggies wheelchair wheelchairs \
    dog dogs cats pets room rooms beds bedrooms bags boxes parcels order orders item items pieces copies units question \
    questions problem problems thing things point points reason reasons option options issue issues request requests step \
    steps stairs floor floors time times o'clock oclock birthday birthdays anniversary score vegan vegans vegetarian \
    vegetarians coeliac coeliacs celiac celiacs smoker smokers disabled pregnant moment moments street road avenue lane drive";

static WORDS: LazyLock<HashMap<&str, Counts>> = LazyLock::new(|| {
    let of = |list: &'static str, counts: Counts| list.split_whitespace().map(move |word| (word, counts));
    of(ALONE, Counts::Alone).chain(of(PEOPLE, Counts::People)).chain(of(THINGS, Counts::Thing)).collect()
});

/// The word after a number.
static FOLLOWER: LazyLock<Regex> = LazyLock::new(|| compile(r"^(?:\s*-\s*|\s+)(?P<word>[\p{L}]+(?:['’-][\p{L}]+)*)"));

/// Text that joins a number to something else: 5%, 4.5, 3rd, 7/10, 24-7, and the 's of "two's company".
static JOINED: LazyLock<Regex> = LazyLock::new(|| compile(r"^(?:\s*%|[#/]|[:.,-]\d|(?:['’]s|st|nd|rd|th)\b|['’]\s)"));

/// Text before a number that is an amount of money, a name, a rating, an age, or the end of a longer number.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    let names = "table|number|numbers|num|no\\.|nr\\.?|room|option|page|gate|zone|floor|platform|line|flight|item|chapter|section|unit|level|code|version|exit|block|apartment|apt|flat|suite|terminal|model|reference|ref|postcode";
    let degrees = "rated|rating|rating (?:of|is|above|over|below|under|than)|(?:higher|better|greater|more|less|lower|cheaper|older|younger) than|between|under|budget is|budget of|costs?|aged?|turns|turning";
    let shared = "(?:wine|bottle|glass|champagne|menu|ticket|platter|high ?chair|booster seat|steak|pizza|deal|offer|voucher)s?\\s+for";
    let child = "kid|child|son|daughter|baby|toddler|boy|girl|twin";
    let age = format!(
        "(?:(?:(?:{child}|he|she)(?: is|['’]s)|(?:{child}|kid|children)s? are|of (?:my|our|the) (?:{child}|children)s? is)(?: only| just| about| almost| nearly)?)"
    );
    compile(&format!(r"(?:[$€£¥#/+]\s?|\d[.,:]|\b(?:{names}|{degrees}|{shared}|{age})\s+)$"))
});

/// Words before a "one" that is not a number: "which one", "the other one", "that one".
static PRONOUN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"\b(?:which|that|this|another|any|no|some|every|each|the|other|first|second|third|last|next|same|right|wrong|good|better|best|new|old|big|bigger|small|smaller|nice|different|cheap|cheaper)\s+$",
    )
});

/// What the number at `span` counts.
pub(super) fn counts(text: &str, span: Span) -> Counts {
    let after = lead_out(text, span.end, NEAR_BYTES);
    if JOINED.is_match(&after) || LABEL.is_match(&lead_in(text, span.start, NEAR_BYTES)) {
        return Counts::Thing;
    }
    let Some(word) = FOLLOWER.captures(&after).and_then(|found| found.name("word")) else { return Counts::Alone };
    let word = word.as_str().replace('’', "'");
    let stem = word.split('\'').next().unwrap_or_default();
    WORDS.get(word.as_str()).or_else(|| WORDS.get(stem)).copied().unwrap_or(Counts::Unknown)
}

/// Whether the word at `span` is the "one" of "that one", not a number.
pub(super) fn is_pronoun(text: &str, span: Span) -> bool {
    span.words(text).eq_ignore_ascii_case("one") && PRONOUN.is_match(&lead_in(text, span.start, NEAR_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, number: &str, expected: Counts) {
        let start = text.find(number).unwrap();
        assert_eq!(counts(text, Span::new(start, start + number.len())), expected, "{text:?}");
    }

    #[test]
    fn the_words_around_a_number_say_what_it_counts() {
        check("a table for 5 at seven", "5", Counts::Alone);
        check("four, please", "four", Counts::Alone);
        check("for 6 guests", "6", Counts::People);
        check("4 ladies", "4", Counts::People);
        check("a 7-course menu", "7", Counts::Thing);
        check("parking for 2 cars", "2", Counts::Thing);
        check("is it $20", "20", Counts::Thing);
        check("table 5 please", "5", Counts::Thing);
        check("rated 4", "4", Counts::Thing);
        check("two's company", "two", Counts::Thing);
        check("4.5 or more", "4", Counts::Thing);
        check("at 12 Baker Street", "12", Counts::Unknown);
        check("three tenors", "three", Counts::Unknown);
    }

    #[test]
    fn one_is_a_pronoun_after_a_demonstrative() {
        for (text, expected) in [("that one", true), ("Which one?", true), ("a table for one", false), ("one", false)] {
            let start = text.find("one").unwrap();
            assert_eq!(is_pronoun(text, Span::new(start, start + 3)), expected, "{text:?}");
        }
    }
}
