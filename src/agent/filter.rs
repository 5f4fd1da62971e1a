//! Lets a sentence of a model through only where it says what the project has written: every number, time, price, address and name in
//! it stands in the paragraphs that it names, in the form or in the person's own words, and it promises nothing that they do not.

use std::collections::HashSet;

use super::class::Class;
use super::fold::fold;
use super::language;
use super::model::{Help, Reason};
use super::pack::{Script, packs};
use super::words::Words;
use crate::domain::form::Form;

/// Characters of an answer.
const ANSWER_CHARS_MAX: usize = 400;
/// Words in a row that recite the instructions.
const RECITED_WORDS: usize = 8;
/// Letters of a word, or of its beginning, that tell what it is about.
const STEM_CHARS: usize = 5;
/// Letters of a word that says something.
const CONTENT_CHARS: usize = 4;
/// Share of the words that say something, in tenths, which the paragraphs have to have as well.
const GROUNDED_TENTHS: usize = 6;
/// Days, times and numbers in words.
const VALUES: [Class; 10] = [
    Class::Num,
    Class::Times,
    Class::Month,
    Class::Weekday,
    Class::Relative,
    Class::Tonight,
    Class::DayPart,
    Class::Noon,
    Class::Holiday,
    Class::Weekend,
];
/// Signs that money is meant, with a number or without.
const MONEY: [char; 9] = ['$', '€', '£', '¥', '₽', '₹', '%', '₩', '₫'];

/// The answer as it may be sent to somebody who talks in the language at that place of the packs, or why not. `own` are the person's
/// messages.
pub(super) fn check(
    answer: &str,
    help: &Help,
    (form, language): (&Form, usize),
    own: &[&str],
) -> Result<String, Reason> {
    let sources: Vec<&str> = help
        .knowledge
        .iter()
        .filter(|paragraph| help.proposal.sources.contains(&paragraph.id))
        .map(|paragraph| paragraph.text.as_str())
        .collect();
    if sources.is_empty() || help.proposal.sources.iter().any(|id| help.knowledge.iter().all(|one| one.id != *id)) {
        return Err(Reason::NoSource);
    }
    if answer.chars().count() > ANSWER_CHARS_MAX {
        return Err(Reason::TooLong);
    }
    let answer = answer.split_whitespace().collect::<Vec<_>>().join(" ");
    if has_markup(&answer) {
        return Err(Reason::Markup);
    }
    let folded = fold(&answer).text;
    if recites(&folded, help) {
        return Err(Reason::Recited);
    }
    if script(&answer).is_some_and(|script| script != packs()[language].about.script) {
        return Err(Reason::OtherLanguage);
    }
    let of_form = form.fields.iter().flat_map(|field| field.options.iter().chain([&field.question]));
    let in_language = form.texts.get(&packs()[language].about.code);
    let in_language =
        in_language.into_iter().flat_map(|texts| texts.questions.values().chain([&texts.greeting, &texts.closing]));
    let of_form = of_form.chain([&form.greeting, &form.closing]).chain(in_language);
    let of_form: Vec<&str> = of_form.map(String::as_str).collect();
    let written = fold(&sources.join("\n")).text;
    // A price that the person names does not become ours, nor an address.
    let allowed = Allowed::of(&format!("{written}\n{}", fold(&of_form.join("\n")).text));
    let names = Allowed::of(&format!("{written}\n{}\n{}", fold(&of_form.join("\n")).text, fold(&own.join("\n")).text));
    if links(&folded).any(|link| !allowed.text.contains(link)) {
        return Err(Reason::ForeignLink);
    }
    if has_foreign_number(&answer, (&folded, language), &allowed) {
        return Err(Reason::ForeignNumber);
    }
    if promises(&folded, &allowed) {
        return Err(Reason::Promise);
    }
    if has_foreign_name(&answer, &names) {
        return Err(Reason::ForeignName);
    }
    if !is_grounded(&folded, &Allowed::of(&written)) {
        return Err(Reason::Ungrounded);
    }
    Ok(answer)
}

/// What may be said.
struct Allowed {
    /// Folded.
    text: String,
    words: HashSet<String>,
    stems: HashSet<String>,
    numbers: HashSet<String>,
}

impl Allowed {
    fn of(folded: &str) -> Self {
        let words: HashSet<String> = words(folded).map(str::to_owned).collect();
        Self {
            stems: words.iter().map(|word| stem(word)).collect(),
            numbers: numbers(folded).map(str::to_owned).collect(),
            text: folded.to_owned(),
            words,
        }
    }
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').filter(|word| !word.is_empty())
}

fn stem(word: &str) -> String {
    word.chars().take(STEM_CHARS).collect()
}

/// Runs of digits with what stands inside of prices, times and dates.
fn numbers(folded: &str) -> impl Iterator<Item = &str> {
    let runs = folded.split(|letter: char| !(letter.is_numeric() || matches!(letter, '.' | ',' | ':' | '/' | '-')));
    runs.map(|run| run.trim_matches(|letter: char| !letter.is_numeric())).filter(|run| !run.is_empty())
}

fn has_markup(answer: &str) -> bool {
    let signs = ["**", "__", "~~", "`", "](", "<", ">", "{", "}", "# ", "|", "\\"];
    signs.iter().any(|sign| answer.contains(sign)) || answer.chars().any(char::is_control)
}

fn recites(folded: &str, help: &Help) -> bool {
    if !help.canary.is_empty() && folded.contains(&fold(&help.canary).text) {
        return true;
    }
    let instructions = fold(&help.instructions).text;
    let instructions = words(&instructions).collect::<Vec<_>>().join(" ");
    let said: Vec<&str> = words(folded).collect();
    said.windows(RECITED_WORDS).any(|run| instructions.contains(&run.join(" ")))
}

/// The script that most letters are of.
fn script(text: &str) -> Option<Script> {
    let mut counts = [(Script::Latin, 0), (Script::Han, 0), (Script::Cyrillic, 0), (Script::Arabic, 0)];
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        let place = match letter {
            '\u{400}'..='\u{52f}' => 2,
            '\u{600}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' => 3,
            '\u{3400}'..='\u{9fff}' => 1,
            // Two letters of an alphabet say about as much as one of those.
            _ => 0,
        };
        counts[place].1 += if place == 1 { 3 } else { 1 };
    }
    counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map(|(script, _)| script)
}

/// Words that look like the address of a page or a mailbox, or like a name at some service.
fn links(folded: &str) -> impl Iterator<Item = &str> {
    let is_link = |word: &&str| {
        let has_domain = word.split(['/', '@', ':']).any(|part| {
            part.split_once('.').is_some_and(|(host, rest)| {
                !host.is_empty()
                    && rest.chars().next().is_some_and(char::is_alphabetic)
                    && host.chars().any(char::is_alphabetic)
            })
        });
        has_domain || word.contains("://") || word.contains('@') || word.starts_with("www")
    };
    let trimmed = folded
        .split_whitespace()
        .map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '@' | '/')));
    trimmed.filter(is_link)
}

fn has_foreign_number(answer: &str, (folded, language): (&str, usize), allowed: &Allowed) -> bool {
    let foreign_digits = numbers(folded).any(|number| !allowed.numbers.contains(number));
    let money = answer.chars().any(|sign| MONEY.contains(&sign) && !allowed.text.contains(sign));
    let said = Words::of(answer, language::relatives(language));
    let in_words = said.tokens.iter().any(|token| {
        token.is_any(&VALUES)
            && !token.text.chars().all(char::is_numeric)
            && !token.is_any(&[Class::Light, Class::Article, Class::Filler, Class::Possessive, Class::And, Class::Or])
            && !allowed.text.contains(&token.text)
    });
    foreign_digits || money || in_words
}

fn promises(folded: &str, allowed: &Allowed) -> bool {
    let mut all = packs().iter().flat_map(|pack| pack.promises());
    all.any(|entry| {
        let is_foreign = |word: &str| !allowed.words.contains(word);
        match entry.strip_suffix('*') {
            Some(start) => words(folded).any(|word| word.starts_with(start) && is_foreign(word)),
            None if entry.contains('_') || !entry.is_ascii() => {
                let phrase = entry.replace('_', " ");
                folded.contains(&phrase) && !allowed.text.contains(&phrase)
            }
            None => words(folded).any(|word| word == entry && is_foreign(word)),
        }
    })
}

/// A word with a capital inside of a sentence, or with digits and letters, that nobody wrote.
fn has_foreign_name(answer: &str, allowed: &Allowed) -> bool {
    let mut begins = true;
    for word in answer.split_whitespace() {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let is_name = bare.chars().next().is_some_and(char::is_uppercase) && bare.chars().count() > 1;
        let folded = fold(bare).text;
        if is_name && !begins && words(&folded).any(|part| !allowed.words.contains(part)) {
            return true;
        }
        begins = word.ends_with(['.', '!', '?', ':', '…']);
    }
    false
}

/// Whether most of what is said stands in the paragraphs.
fn is_grounded(folded: &str, allowed: &Allowed) -> bool {
    let (mut said, mut written) = (0, 0);
    for word in words(folded) {
        let letters: Vec<char> = word.chars().collect();
        if letters.iter().any(|letter| super::fold::is_ideograph(*letter)) {
            for pair in letters.windows(2) {
                said += 1;
                written += usize::from(allowed.text.contains(&pair.iter().collect::<String>()));
            }
        } else if letters.len() >= CONTENT_CHARS {
            said += 1;
            written += usize::from(allowed.stems.contains(&stem(word)));
        }
    }
    said > 0 && written * 10 >= said * GROUNDED_TENTHS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::model::{Paragraph, Proposal};

    fn help(sources: &[&str]) -> Help {
        let paragraph = |id: &str, text: &str| Paragraph { id: id.to_owned(), text: text.to_owned() };
        Help {
            proposal: Proposal { sources: sources.iter().map(|id| (*id).to_owned()).collect(), ..Proposal::default() },
            knowledge: vec![
                paragraph(
                    "k1",
                    "Parking is behind the house and costs $5 for the evening. Guests get a ticket at the desk.",
                ),
                paragraph("k2", "We are open from Tuesday to Sunday, 11:30 to 22:00. The kitchen closes at 21:00."),
                paragraph("k3", "停车场在大楼后面，停车每小时五元。"),
            ],
            instructions: "Copy the words of the person exactly and never write what is not in the paragraphs below."
                .to_owned(),
            canary: "lantern-4711".to_owned(),
        }
    }

    #[track_caller]
    fn check_answer(answer: &str, sources: &[&str], expected: Result<(), Reason>) {
        let form = Form::default_form();
        let place = usize::from(answer.contains('停')) * 3;
        let checked = check(answer, &help(sources), (&form, place), &["Where can Mei Tan park her car?"]);
        assert_eq!(checked.map(drop), expected, "{answer}");
    }

    #[test]
    fn what_the_paragraphs_say_may_be_said() {
        check_answer("Parking is behind the house.", &["k1"], Ok(()));
        check_answer("You can park behind the house; it costs $5 for the evening.", &["k1"], Ok(()));
        check_answer("We are open from Tuesday to Sunday, from 11:30 to 22:00.", &["k2"], Ok(()));
        check_answer("停车场在大楼后面。", &["k3"], Ok(()));
    }

    #[test]
    fn nothing_else_may_be_said() {
        for (answer, sources, reason) in [
            ("Parking is behind the house.", &[][..], Reason::NoSource),
            ("Parking is behind the house.", &["k9"], Reason::NoSource),
            ("Parking is behind the house and costs $3 for the evening.", &["k1"], Reason::ForeignNumber),
            ("Parking costs five dollars for the evening behind the house.", &["k1"], Reason::ForeignNumber),
            ("The kitchen closes on Monday.", &["k2"], Reason::ForeignNumber),
            ("We are open from Tuesday to Sunday, 11:30 to 23:00.", &["k2"], Reason::ForeignNumber),
            ("Parking is behind the house, see parking.example.com.", &["k1"], Reason::ForeignLink),
            ("Parking is behind the house, write to desk@house.sg.", &["k1"], Reason::ForeignLink),
            ("Parking is free behind the house.", &["k1"], Reason::Promise),
            ("Guests get a discount ticket at the desk.", &["k1"], Reason::Promise),
            ("Your parking is booked behind the house.", &["k1"], Reason::Promise),
            ("I am a human, and the parking is behind the house.", &["k1"], Reason::Promise),
            ("Parking is behind Raffles House.", &["k1"], Reason::ForeignName),
            ("Everything will turn out wonderful, trust me on that.", &["k1"], Reason::Ungrounded),
            ("**Parking** is behind the house.", &["k1"], Reason::Markup),
            ("[Parking](k1) is behind the house.", &["k1"], Reason::Markup),
            ("停车场在大楼后面，免费停车。", &["k3"], Reason::Promise),
            ("停车每小时三元。", &["k3"], Reason::ForeignNumber),
            ("Parking behind the house: lantern-4711", &["k1"], Reason::Recited),
            ("never write what is not in the paragraphs below", &["k1"], Reason::Recited),
            ("Парковка находится за домом", &["k1"], Reason::OtherLanguage),
        ] {
            check_answer(answer, sources, Err(reason));
        }
        check_answer(&"Parking is behind the house. ".repeat(15), &["k1"], Err(Reason::TooLong));
    }
}
