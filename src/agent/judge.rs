//! Judges what a model proposes: a value counts only where its words stand in an unread message of the person, the field's own parser
//! reads exactly it in them and in the whole message, and the built-in reader says nothing else. Even then it is no fact yet: it is
//! shown to the person, and stored with their yes.

use super::burst::Burst;
use super::choice;
use super::filter;
use super::fold::{Folded, fold, is_ideograph, is_letter};
use super::intent::own_words;
use super::language;
use super::model::{Act, Dropped, Help, QUOTE_CHARS_MAX, Quoted, Reason, count};
use super::pack::packs;
use super::read::read;
use super::reader::{Context, Taken};
use super::span::Span;
use super::state::{Incoming, Input, Message, Pending};
use super::words::Words;
use crate::domain::form::{Field, FieldKind, Form};
use crate::domain::text::cut;

/// Values that the person is shown at once.
const PENDING_MAX: usize = 5;

/// What of a proposal counts.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Values to show to the person.
    pub(super) pending: Vec<Pending>,
    /// An answer to their question, as it may be sent.
    pub(super) answer: Option<String>,
    /// The model takes the burst for a question.
    pub(super) asks: bool,
    /// What they may want: stop or a person. Only asking makes sure.
    pub(super) act: Option<Act>,
    /// The model takes the answer to the open question for a refusal.
    pub(super) refuses: bool,
    /// What does not count.
    pub(super) dropped: Dropped,
}

/// Judges a proposal about a burst that the built-in reader has read.
pub(super) fn judge(input: &Input<'_>, help: &Help, burst: &Burst, asked: Option<&str>) -> Judged {
    let proposal = &help.proposal;
    let mut judged = Judged {
        asks: proposal.act == Act::Question,
        refuses: asked.is_some_and(|key| proposal.refused.iter().any(|refused| refused == key)),
        ..Judged::default()
    };
    for _ in 0..proposal.ignored {
        count(&mut judged.dropped, Reason::TooMany);
    }
    if matches!(proposal.act, Act::Stop | Act::Human) {
        match burst.command {
            Some(_) => {}
            None if input.state.acts_asked.len() < 2 && !input.state.acts_asked.contains(&act_word(proposal.act)) => {
                judged.act = Some(proposal.act);
            }
            None => count(&mut judged.dropped, Reason::ActUnconfirmed),
        }
    }
    let bench = Bench { input, burst, texts: texts(input), act: proposal.act };
    for quoted in &proposal.values {
        let is_full = judged.pending.len() >= PENDING_MAX;
        let is_double = judged.pending.iter().any(|pending| pending.key == quoted.field);
        match bench.value(quoted) {
            Ok(Some(_)) if is_full => count(&mut judged.dropped, Reason::TooMany),
            Ok(Some(_)) if is_double => count(&mut judged.dropped, Reason::NotOpen),
            Ok(Some(pending)) => judged.pending.push(pending),
            // Both readers agree.
            Ok(None) => {}
            Err(reason) => count(&mut judged.dropped, reason),
        }
    }
    if let Some(answer) = &proposal.answer {
        let own: Vec<&str> = bench.texts.iter().map(|text| text.own.as_str()).collect();
        match filter::check(answer, help, (input.form, burst.language), &own) {
            Ok(answer) => judged.answer = Some(answer),
            Err(reason) => count(&mut judged.dropped, reason),
        }
    }
    judged
}

/// The word by which the state remembers that an act was asked about.
pub(super) fn act_word(act: Act) -> String {
    if act == Act::Stop { "stop" } else { "human" }.to_owned()
}

/// An unread message's own words.
struct Own<'a> {
    own: String,
    folded: Plain,
    incoming: &'a Incoming,
}

/// The words of the person in a burst, as far as they are read. Corrected words of earlier messages are the built-in reader's.
fn texts<'a>(input: &Input<'a>) -> Vec<Own<'a>> {
    let mut chars_left = super::BURST_CHARS_MAX;
    let mut texts = Vec::new();
    for incoming in input.messages.iter().take(super::BURST_MESSAGES_MAX).filter(|one| !one.is_correction) {
        let (Message::Text(text) | Message::Button { text, .. }) = &incoming.message else { continue };
        let text = cut(text, chars_left.min(super::TEXT_CHARS_MAX));
        chars_left -= text.chars().count();
        let own = own_words(text, input.prefilled_greeting);
        texts.push(Own { folded: Plain::of(&own), own, incoming });
    }
    texts
}

/// A folded text with single spaces, and where each of its bytes came from.
struct Plain {
    text: String,
    origin: Vec<usize>,
}

impl Plain {
    fn of(text: &str) -> Self {
        let Folded { text: folded, origin } = fold(text);
        let mut plain =
            Self { text: String::with_capacity(folded.len()), origin: Vec::with_capacity(folded.len() + 1) };
        let mut was_space = true;
        for (at, letter) in folded.char_indices() {
            let is_space = letter.is_whitespace();
            if !(is_space && was_space) {
                plain.text.push(if is_space { ' ' } else { letter });
                plain.origin.resize(plain.text.len(), origin[at]);
            }
            was_space = is_space;
        }
        plain.origin.push(*origin.last().unwrap_or(&0));
        plain
    }

    /// The part of the text as written that is these words, and whole ones.
    fn find(&self, words: &str) -> Option<Span> {
        let continues = |letter: Option<char>| {
            letter.is_some_and(|letter| (is_letter(letter) || letter.is_ascii_digit()) && !is_ideograph(letter))
        };
        let mut from = 0;
        while let Some(at) = self.text.get(from..)?.find(words) {
            let (start, end) = (from + at, from + at + words.len());
            let inside = |edge: char| !is_ideograph(edge) && (is_letter(edge) || edge.is_ascii_digit());
            let cuts_first =
                words.chars().next().is_some_and(inside) && continues(self.text[..start].chars().next_back());
            let cuts_last = words.chars().next_back().is_some_and(inside) && continues(self.text[end..].chars().next());
            if !cuts_first && !cuts_last {
                return Some(Span::new(self.origin[start], self.origin[end]));
            }
            from = start + words.chars().next().map_or(1, char::len_utf8);
        }
        None
    }
}

/// What a proposed value is judged by.
struct Bench<'a> {
    input: &'a Input<'a>,
    burst: &'a Burst,
    texts: Vec<Own<'a>>,
    act: Act,
}

impl Bench<'_> {
    /// The value to show to the person; `None` where the built-in reader has it as well.
    fn value(&self, quoted: &Quoted) -> Result<Option<Pending>, Reason> {
        if quoted.quote.chars().count() > QUOTE_CHARS_MAX || quoted.field.len() > QUOTE_CHARS_MAX {
            return Err(Reason::TooLong);
        }
        let form = self.input.form;
        let field = form.field(&quoted.field).ok_or(Reason::UnknownField)?;
        let (own, span) = self.said(&quoted.quote).ok_or(Reason::NotSaid)?;
        let (words, value) = self.parsed(field, own, span, quoted.option.as_deref())?;
        let known = self.burst.known.get(&field.key);
        if known.is_some_and(|known| known.value == value) {
            return Ok(None);
        }
        if matches!(field.kind, FieldKind::Email | FieldKind::Phone)
            || self.burst.doubts.iter().any(|doubt| doubt.key == field.key)
        {
            return Err(Reason::BuiltInDecides);
        }
        let is_new = self.burst.changes.contains_key(&field.key);
        if known.is_some() && !is_new && self.act != Act::Correct {
            return Err(Reason::NotOpen);
        }
        // Platforms bring messages late: what was written before the known value does not replace it.
        if known.is_some_and(|known| known.at > Some(own.incoming.at) || known.at.is_none() && !is_new) {
            return Err(Reason::NotOpen);
        }
        if is_new && field.kind == FieldKind::Text {
            return Err(Reason::BuiltInDecides);
        }
        let pending = Pending { key: field.key.clone(), words, value, old: known.map(|known| known.value.clone()) };
        if self.input.state.refuted.contains(&field.key) || self.input.state.refuted_times >= 2 {
            return Err(Reason::Refuted);
        }
        Ok(Some(pending))
    }

    /// The message that has the words, and where.
    fn said(&self, quote: &str) -> Option<(&Own<'_>, Span)> {
        let words = Plain::of(quote).text;
        let words = words.trim();
        if !words.chars().any(char::is_alphanumeric) {
            return None;
        }
        self.texts.iter().rev().find_map(|text| Some((text, text.folded.find(words)?)))
    }

    /// The value that the field's own parser reads in the words, and in the whole message too.
    fn parsed(
        &self,
        field: &Field,
        own: &Own<'_>,
        span: Span,
        option: Option<&str>,
    ) -> Result<(String, String), Reason> {
        let quote = span.words(&own.own);
        let belongs_elsewhere = self.burst.changes.values().any(|taken| {
            let is_composed = taken.source == super::Source::Composed;
            taken.key != field.key
                && !is_composed
                && own.own.find(&taken.words).is_some_and(|at| span.overlaps(Span::new(at, at + taken.words.len())))
        });
        if belongs_elsewhere {
            return Err(Reason::OtherField);
        }
        match field.kind {
            FieldKind::Choice => self.option(field, own, quote, option),
            FieldKind::Text => text_value(quote, self.burst.language).map(|text| (text.clone(), text)),
            _ => {
                let alone = Form { fields: vec![field.clone()], ..self.input.form.clone() };
                let in_quote = self.read(&alone, quote, own, field).ok_or(Reason::NoValue)?;
                let in_message = self.read(self.input.form, &own.own, own, field).ok_or(Reason::OutOfContext)?;
                if in_message.value != in_quote.value {
                    return Err(Reason::OutOfContext);
                }
                Ok((in_message.words, in_message.value))
            }
        }
    }

    fn read(&self, form: &Form, text: &str, own: &Own<'_>, field: &Field) -> Option<Taken> {
        let context = Context {
            form,
            region: self.input.region,
            timezone: self.input.timezone,
            now: own.incoming.at,
            language: Some(packs()[self.burst.language].about.code.as_str()),
        };
        let reading = read(&context, text, std::slice::from_ref(&field.key));
        reading.taken.into_iter().find(|taken| taken.key == field.key)
    }

    /// An option of a choice: named in the words, or at least one that the form has, for the person to agree to.
    fn option(
        &self,
        field: &Field,
        own: &Own<'_>,
        quote: &str,
        option: Option<&str>,
    ) -> Result<(String, String), Reason> {
        let languages = language::relatives(self.burst.language);
        let named = |text: &str| {
            choice::find(&Words::of(text, languages), field, false).map(|(_, place)| field.options[place].clone())
        };
        let in_quote = named(quote);
        if in_quote.is_some() && named(&own.own) != in_quote {
            return Err(Reason::OutOfContext);
        }
        let value = match (in_quote, option) {
            (Some(value), _) => value,
            (None, Some(option)) => {
                field.options.iter().find(|own| own.as_str() == option).ok_or(Reason::UnknownOption)?.clone()
            }
            (None, None) => return Err(Reason::NoValue),
        };
        Ok((quote.to_owned(), value))
    }
}

/// Words that can be the value of a field of type text.
fn text_value(quote: &str, language: usize) -> Result<String, Reason> {
    let text = quote.trim_matches(|letter: char| letter.is_whitespace() || ".,;!?:\"'".contains(letter));
    let said = Words::of(text, language::relatives(language));
    if text.chars().count() < 2 || said.is_small_talk() || said.is_refusal() || said.is_question() {
        return Err(Reason::NoValue);
    }
    Ok(text.to_owned())
}
