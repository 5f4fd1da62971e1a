//! Reads a burst of messages: changed values, commands, the intent, and text without a value.

use std::collections::BTreeMap;

use super::class::Class;
use super::fold::{fold, is_ideograph, split};
use super::language;
use super::pack::packs;
use super::read::read;
use super::reader::{Context, Doubt, Reading, Source, Taken};
use super::span::Span;
use super::state::{Incoming, Input, Known, Message, Pending, State};
use super::words::{Command, Words};
use super::{corrections, intent};
use crate::domain::form::{EMAIL, FieldKind, NAME, PHONE};
use crate::domain::phone::PhoneNumber;
use crate::domain::text::cut;

/// The content of a burst.
#[derive(Default)]
pub(super) struct Burst {
    /// Changed values by key, the last one of each.
    pub(super) changes: BTreeMap<String, Taken>,
    /// All values known after the burst.
    pub(super) known: BTreeMap<String, Known>,
    /// Keys of known values that the person has replaced, with the old ones.
    pub(super) replaced: BTreeMap<String, String>,
    /// The last command in the burst.
    pub(super) command: Option<Command>,
    /// Why the person wrote, if the burst says so.
    pub(super) intent: Option<String>,
    /// Text without a value, joined: an invalid answer, a question, small talk.
    pub(super) rest: String,
    /// Whether a message has no text.
    pub(super) wordless: bool,
    /// Whether there are any messages.
    pub(super) anything: bool,
    /// Whether the person wrote anything but corrected words of earlier messages.
    pub(super) spoken: bool,
    /// Whether the person asks a question.
    pub(super) asks: bool,
    /// Words about fields that give no value.
    pub(super) doubts: Vec<Doubt>,
    /// Whether the person gave a phone number in place of the email address that they were asked for, or the other way round.
    pub(super) instead: bool,
    /// The language of the conversation, as the place of its pack.
    pub(super) language: usize,
    /// Whether the person said yes or no to what they were asked to confirm.
    pub(super) confirms: Option<bool>,
}

/// Reads a burst. `asked` is the key of the open question.
pub(super) fn read_burst(input: &Input<'_>, asked: Option<&str>) -> Burst {
    let mut burst = Burst {
        known: input.known.clone(),
        anything: !input.messages.is_empty(),
        spoken: input.messages.iter().any(|incoming| !incoming.is_correction),
        language: language::of_conversation(input.form, input.state),
        ..Burst::default()
    };
    if let Some(phone) = input.channel_phone {
        let words = phone.bare().to_owned();
        let (key, value) = (PHONE.to_owned(), phone.to_string());
        let taken = Taken { key, words, value, source: Source::Channel, at: None };
        // A number that the channel told before is followed by the newer one.
        let is_followed = burst.known.get(PHONE).is_some_and(|known| known.at.is_none() && known.value != taken.value);
        if is_followed && input.form.field(PHONE).is_some() {
            burst.put(taken);
        } else {
            burst.fill(input, taken);
        }
    }
    let mut chars_left = super::BURST_CHARS_MAX;
    for incoming in input.messages.iter().take(super::BURST_MESSAGES_MAX) {
        match &incoming.message {
            Message::Text(text) | Message::Button { text, .. } => {
                let text = cut(text, chars_left.min(super::TEXT_CHARS_MAX));
                chars_left -= text.chars().count();
                burst.text(input, incoming, text, asked);
            }
            Message::Contact { name, phone, email } => {
                let phone = phone.as_deref().and_then(|phone| PhoneNumber::parse(phone, input.region).ok());
                let cards = [
                    (NAME, name.clone()),
                    (PHONE, phone.map(String::from)),
                    (EMAIL, email.as_ref().map(|email| email.trim().to_lowercase())),
                ];
                for (key, value) in cards {
                    if let Some(value) = value.filter(|value| !value.trim().is_empty() && value.chars().count() <= 200)
                    {
                        let (key, words, at) = (key.to_owned(), value.clone(), Some(incoming.at));
                        burst.fill(input, Taken { key, words, value, source: Source::Contact, at });
                    }
                }
            }
            Message::Other => burst.wordless = true,
        }
    }
    burst.compose_name(input);
    burst.replaced = burst.changes.values().filter_map(|taken| replaced(taken, input.known)).collect();
    burst
}

/// What a value of the person's replaces. The other half of a day with a time adds to the one that is known.
fn replaced(taken: &Taken, known: &BTreeMap<String, Known>) -> Option<(String, String)> {
    let old = &known.get(&taken.key).filter(|_| matches!(taken.source, Source::Words | Source::Model))?.value;
    let is_half = taken.value.split_once('T').is_some_and(|(day, time)| old == day || old == time);
    (*old != taken.value && !is_half).then(|| (taken.key.clone(), old.clone()))
}

impl Burst {
    /// A value that is not from the person's words: set only where none is known.
    fn fill(&mut self, input: &Input<'_>, taken: Taken) {
        if input.form.field(&taken.key).is_some() && !self.known.contains_key(&taken.key) {
            self.put(taken);
        }
    }

    fn put(&mut self, mut taken: Taken) {
        if let Some(known) = self.known.get(&taken.key) {
            taken.value = merged_moment(&known.value, &taken.value).unwrap_or(taken.value);
        }
        self.known.insert(taken.key.clone(), Known::from(&taken));
        self.changes.insert(taken.key.clone(), taken);
    }

    fn text(&mut self, input: &Input<'_>, incoming: &Incoming, text: &str, asked: Option<&str>) {
        let own = intent::own_words(text, input.prefilled_greeting);
        if own.is_empty() {
            return;
        }
        let (folded, current) = (fold(&own), self.language);
        let parts = split(&folded);
        let changed = language::change(&folded, &parts, current).filter(|_| input.form.follow_language);
        self.language = changed.unwrap_or(current);
        let tag = packs()[self.language].about.code.as_str();
        let said = Words::of(&own, language::of_text(&folded, &parts, tag));
        if let Some(command) = said.command() {
            // "start" is a command only after "stop".
            if command != Command::Start || input.state.paused.is_some() {
                self.command = Some(command);
                return;
            }
        }
        if self.accepts_offer(input, incoming, &said) || self.answers_confirmation(input, incoming, &said) {
            return;
        }
        // A press answers its own question, also one that was answered before. Any other is open only until it is answered.
        let open = pressed(input, incoming).or(asked.filter(|key| !self.changes.contains_key(*key)));
        let mut requested: Vec<String> = open.map(str::to_owned).into_iter().collect();
        if incoming.is_correction {
            let of_message = self.known.iter().filter(|(_, known)| known.at == Some(incoming.at));
            requested.extend(of_message.map(|(key, _)| key.clone()));
        }
        let (form, now) = (input.form, incoming.at);
        let context = Context { form, region: input.region, timezone: input.timezone, now, language: Some(tag) };
        let Reading { mut taken, doubts } = read(&context, &own, &requested);
        taken.retain(|taken| self.is_news(&said, taken, &requested));
        if let Some(change) = corrections::find(&said, incoming.at, input.form, &self.known) {
            taken.retain(|taken| taken.key != change.key);
            taken.push(change);
        }
        if open.is_some_and(|key| self.corrects_another(&said, &taken, key)) {
            let is_whole = |key: &str| form.field(key).is_some_and(|field| field.kind == FieldKind::Text);
            taken.retain(|taken| Some(taken.key.as_str()) != open || !is_whole(&taken.key));
        }
        // Platforms bring messages late: what was written before the known value does not replace it.
        taken.retain(|taken| self.known.get(&taken.key).is_none_or(|known| known.at <= Some(incoming.at)));
        if incoming.is_correction {
            return taken.into_iter().for_each(|taken| self.put(taken));
        }
        self.intent_of(input, &said, &taken, open);
        let answers_question = open.is_some_and(|key| taken.iter().any(|taken| taken.key == key));
        let asks = said.is_question() && !answers_question;
        let other = [(EMAIL, PHONE), (PHONE, EMAIL)].into_iter().find(|(one, _)| open == Some(*one));
        let gives_other = other.is_some_and(|(_, other)| taken.iter().any(|taken| taken.key == other));
        self.instead |= gives_other && !answers_question && said.is_refusal();
        if taken.is_empty() && doubts.is_empty() || asks {
            self.rest = format!("{} {own}", self.rest).trim().to_owned();
        }
        self.asks |= asks && !requests_change(&own, &taken);
        if input.state.reviewing && taken.is_empty() && doubts.is_empty() && !asks && agrees(&said) {
            self.confirms = self.confirms.or(Some(true));
        }
        let is_open = |key: &String| !self.known.contains_key(key) || requested.contains(key) || input.state.reviewing;
        for doubt in doubts.into_iter().filter(|doubt| is_open(&doubt.key)) {
            self.doubts.retain(|other| other.key != doubt.key);
            self.doubts.push(doubt);
        }
        for taken in taken {
            self.doubts.retain(|doubt| doubt.key != taken.key);
            self.put(taken);
        }
    }

    /// "Yes" to a value that was offered back: then it is the person's.
    fn accepts_offer(&mut self, input: &Input<'_>, incoming: &Incoming, said: &Words<'_>) -> bool {
        let Some(Doubt { key, words, offer: Some(value) }) = input.state.offered.clone() else { return false };
        let agrees = said.yes_no().is_some_and(|(_, yes)| yes) && said.is_small_talk();
        if agrees && !self.changes.contains_key(&key) {
            self.put(Taken { key, words, value, source: Source::Words, at: Some(incoming.at) });
        }
        agrees
    }

    /// "Yes" to what a model found, or to what it took them to want; and "no", which says nothing else.
    fn answers_confirmation(&mut self, input: &Input<'_>, incoming: &Incoming, said: &Words<'_>) -> bool {
        let State { pending, asked_act, reviewing, .. } = input.state;
        if pending.is_empty() && asked_act.is_none() && !reviewing || self.confirms.is_some() || !said.is_small_talk() {
            return false;
        }
        // "Thanks, yes": a yes behind other words may be no more than politeness.
        let is_first = |span: Span| !said.text[..span.start].chars().any(char::is_alphanumeric);
        self.confirms = said.yes_no().filter(|(span, agrees)| !agrees || is_first(*span)).map(|(_, agrees)| agrees);
        if self.confirms != Some(true) {
            return self.confirms.is_some();
        }
        match asked_act.as_deref() {
            Some("stop") => self.command = Some(Command::Stop),
            Some(_) => self.command = Some(Command::Human),
            None => {}
        }
        for Pending { key, words, value, .. } in pending.iter().cloned() {
            if !self.changes.contains_key(&key) {
                self.put(Taken { key, words, value, source: Source::Model, at: Some(incoming.at) });
            }
        }
        true
    }

    /// Whether a value is new; for a known name that was not requested, whether the text is about that name.
    fn is_news(&self, said: &Words<'_>, taken: &Taken, requested: &[String]) -> bool {
        let Some(known) = self.known.get(&taken.key) else { return true };
        if known.value == taken.value {
            return false;
        }
        let is_name = has_words(&known.value.to_lowercase(), &taken.value.to_lowercase());
        let speaks_of_it = [Class::NameIntro, Class::NameIntroWeak, Class::Correction, Class::Change, Class::Negation];
        let speaks_of_it = speaks_of_it.into_iter().any(|class| said.says(class));
        requested.contains(&taken.key)
            || !is_name && (speaks_of_it || taken.value.chars().any(|letter| letter.is_ascii_digit() || letter == '@'))
            || !is_name && !looks_like_name(taken)
    }

    /// "Sorry, 4 pm, not 3", or another number than the known one, when something else was asked for: no answer to that in the
    /// person's words.
    fn corrects_another(&self, said: &Words<'_>, taken: &[Taken], open: &str) -> bool {
        let objects = [Class::Correction, Class::Change, Class::Negation].into_iter().any(|class| said.says(class));
        let corrects = |taken: &Taken| {
            let known = self.known.get(&taken.key).filter(|_| taken.key != open);
            known.is_some_and(|known| objects || known.value != taken.value)
        };
        taken.iter().any(corrects)
    }

    fn intent_of(&mut self, input: &Input<'_>, said: &Words<'_>, taken: &[Taken], open: Option<&str>) {
        let answered = open.is_some_and(|key| taken.iter().any(|taken| taken.key == key));
        let early = input.state.asked_counts.values().sum::<u32>() <= 2;
        if input.state.intent.is_some() || self.intent.is_some() || answered || !early {
            return;
        }
        let is_answer_gone_wrong = open.is_some() && !said.is_question() && said.text.split_whitespace().count() < 4;
        if !is_answer_gone_wrong {
            self.intent = intent::of(said, taken);
        }
    }

    /// Composes the whole name of its parts, where the form asks for the parts.
    fn compose_name(&mut self, input: &Input<'_>) {
        let parts: Vec<&str> = input
            .form
            .fields
            .iter()
            .filter(|field| field.kind == FieldKind::Name && is_part(&field.key))
            .map(|field| field.key.as_str())
            .collect();
        let changed = parts.iter().any(|key| self.changes.contains_key(*key));
        let named = input.form.field(NAME).is_some() && !self.changes.contains_key(NAME);
        let missing =
            |key: &&str| !self.known.contains_key(*key) && input.form.field(key).is_some_and(|field| field.required);
        if parts.is_empty() || !changed || !named || parts.iter().any(missing) {
            return;
        }
        let values: Vec<&str> =
            parts.iter().filter_map(|key| self.known.get(*key)).map(|known| known.value.as_str()).collect();
        let value = values.join(" ");
        let at = parts.iter().filter_map(|key| self.known.get(*key)?.at).max();
        self.put(Taken { key: NAME.to_owned(), words: value.clone(), value, source: Source::Composed, at });
    }

    /// The text without a value.
    pub(super) fn rest(&self) -> Words<'_> {
        Words::of(&self.rest, language::relatives(self.language))
    }

    /// Whether the text without a value is more than a greeting or thanks.
    pub(super) fn has_substance(&self) -> bool {
        !self.rest.is_empty() && !self.rest().is_small_talk()
    }
}

/// Merges a date-time with a new day or time: "make it 4 pm" keeps the day, "Tuesday instead" keeps the time.
fn merged_moment(old: &str, new: &str) -> Option<String> {
    let (day, time) = (
        |value: &str| value.parse::<jiff::civil::Date>().is_ok(),
        |value: &str| value.len() == 5 && value.contains(':'),
    );
    let (old_day, old_time) = old.split_once('T').unwrap_or(if day(old) { (old, "") } else { ("", old) });
    if time(new) && day(old_day) {
        Some(format!("{old_day}T{new}"))
    } else if day(new) && !new.contains('T') && time(old_time) {
        Some(format!("{new}T{old_time}"))
    } else {
        None
    }
}

/// "Yes, everything is fine", "perfect": a yes to whether all is right, if it has no but.
fn agrees(said: &Words<'_>) -> bool {
    let objects = [Class::But, Class::Correction, Class::Change, Class::Negation, Class::No];
    let is_content = said.is_small_talk() && (said.says(Class::Filler) || said.says(Class::Thanks));
    let says_yes = said.yes_no().is_some_and(|(_, agrees)| agrees);
    (says_yes || is_content) && !objects.into_iter().any(|class| said.says(class))
}

/// "Can you change it to 5 people?" is a question that needs no answer by a person.
fn requests_change(text: &str, taken: &[Taken]) -> bool {
    !taken.is_empty() && text.len() < 120
}

/// Whether a name has these words: "Mei Tan" is no part of "Mei Tang".
fn has_words(name: &str, words: &str) -> bool {
    format!(" {name} ").contains(&format!(" {words} ")) || words.contains(is_ideograph) && name.contains(words)
}

fn looks_like_name(taken: &Taken) -> bool {
    taken.key.contains("name")
}

/// Whether a key of type name holds a part of the name.
pub(super) fn is_part(key: &str) -> bool {
    let lower = key.to_lowercase();
    ["first", "last", "given", "family", "surname", "fname", "lname"].iter().any(|part| lower.contains(part))
}

/// The key of the field that a press on an option answers.
fn pressed<'a>(input: &Input<'_>, incoming: &'a Incoming) -> Option<&'a str> {
    let Message::Button { field: Some(key), .. } = &incoming.message else { return None };
    input.form.field(key).map(|_| key.as_str())
}
