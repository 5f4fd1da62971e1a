//! A text as tokens in the languages of its conversation, and what it is as a whole: yes or no, a refusal, small talk, a command.

use super::asides;
use super::class::Class;
use super::fold::{fold, split};
use super::lexer::{Kind, Token, tokens};
use super::pack::Languages;
use super::span::Span;

/// Longest message that can be a command, in words.
const COMMAND_WORDS_MAX: usize = 6;
/// Words between "talk to" and "a person", at most.
const REACH_WORDS_MAX: usize = 4;

/// Pictures that are an answer by themselves.
const YES_SIGNS: [char; 4] = ['👍', '👌', '✅', '🆗'];
const NO_SIGNS: [char; 2] = ['👎', '❌'];

/// A command to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Stop,
    Start,
    Human,
}

/// A text with its tokens.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    /// The tokens of a text in those languages.
    pub(super) fn of(text: &'a str, languages: Languages) -> Self {
        let folded = fold(text);
        let parts = split(&folded);
        Self { text, tokens: tokens(text, &folded, &parts, languages) }
    }

    fn words(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.kind != Kind::Mark)
    }

    pub(super) fn says(&self, class: Class) -> bool {
        self.tokens.iter().any(|token| token.is(class))
    }

    /// Yes (`true`) or no (`false`) at the start of an answer, and where it stands.
    pub(super) fn yes_no(&self) -> Option<(Span, bool)> {
        let answer = |token: &Token| match (token.is(Class::Yes), token.is(Class::No)) {
            (true, false) => Some((token.span, true)),
            (false, true) => Some((token.span, false)),
            _ => None,
        };
        let Some(first) = self.words().next() else { return self.sign() };
        answer(first).or_else(|| {
            let second =
                self.words().nth(1).filter(|_| first.is_any(&[Class::Filler, Class::Greeting, Class::Thanks]))?;
            answer(second)
        })
    }

    /// Yes or no by a picture alone.
    fn sign(&self) -> Option<(Span, bool)> {
        let (at, sign) = self.text.char_indices().find(|(_, letter)| !letter.is_whitespace())?;
        let span = Span::new(at, at + sign.len_utf8());
        (YES_SIGNS.contains(&sign) || NO_SIGNS.contains(&sign)).then(|| (span, YES_SIGNS.contains(&sign)))
    }

    /// Whether it is a question.
    pub(super) fn is_question(&self) -> bool {
        asides::is_question(&self.tokens)
    }

    /// Whether it declines to answer, or says that the person does not know or has none.
    pub(super) fn is_refusal(&self) -> bool {
        let bare = self.words().all(|token| token.is_any(&[Class::None, Class::No, Class::Filler, Class::Thanks]));
        let says = self.words().any(|token| token.is_any(&[Class::None, Class::No]));
        // "I don't have one": a phrase; "none" alone is the whole answer, or part of something else.
        let none =
            self.words().any(|token| token.is(Class::None) && token.span.end - token.span.start > token.text.len());
        let why = self.words().any(|token| token.value(Class::Why) == Some(1));
        bare && says || none || why || self.says(Class::Refuse) || self.text.trim() == "-"
    }

    /// Whether it asks what a value is needed for: "why do you need it?", or "why?" alone.
    pub(super) fn asks_why(&self) -> bool {
        let says_nothing = [Class::Filler, Class::Greeting, Class::Thanks];
        let is_bare = self.words().all(|token| token.is(Class::Why) || token.is_any(&says_nothing));
        self.words().any(|token| token.value(Class::Why).is_some_and(|value| value == 1 || is_bare))
    }

    /// Whether it says that there is no such thing to give: "I don't have an email".
    pub(super) fn has_none(&self) -> bool {
        self.is_refusal() && self.says(Class::None)
    }

    /// Whether it is only a greeting, thanks, and words that say nothing.
    pub(super) fn is_small_talk(&self) -> bool {
        self.words().all(|token| token.is_any(&[Class::Greeting, Class::Thanks, Class::Filler, Class::Yes, Class::No]))
    }

    /// The command of a text that is nothing else: "the bus stop" is not one.
    pub(super) fn command(&self) -> Option<Command> {
        let count = self.words().count();
        if count > 0 && count <= COMMAND_WORDS_MAX {
            let mut core = self
                .words()
                .filter(|token| {
                    !token.is_any(&[Class::Filler, Class::Greeting, Class::Thanks, Class::Carrier, Class::Light])
                        || token.is_any(&[Class::Stop, Class::Start, Class::Human])
                })
                .peekable();
            let is_all = |class: Class| self.words().any(|token| token.is(class) && token.value(class) != Some(2));
            let all = core.peek().is_some();
            let core: Vec<&Token> = core.collect();
            for (class, command) in
                [(Class::Stop, Command::Stop), (Class::Start, Command::Start), (Class::Human, Command::Human)]
            {
                if all && is_all(class) && core.iter().all(|token| token.is(class)) {
                    return Some(command);
                }
            }
        }
        self.asks_for_human().then_some(Command::Human)
    }

    fn asks_for_human(&self) -> bool {
        let reaches = self.tokens.iter().enumerate().filter(|(_, token)| token.is(Class::Reach));
        reaches.into_iter().any(|(at, _)| {
            let next = self.tokens[at + 1..].iter().take(REACH_WORDS_MAX);
            let mut next = next.skip_while(|token| {
                token.is_any(&[Class::Light, Class::Article, Class::Filler, Class::Reach, Class::Common])
                    && !token.is(Class::Human)
            });
            next.next().is_some_and(|token| token.is(Class::Human))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words<'_> {
        Words::of(text, (0..10).map(Languages::one).fold(Languages::default(), Languages::with))
    }

    #[test]
    fn yes_and_no_are_recognised_in_several_languages() {
        for (text, expected) in [
            ("Yes please!", Some(true)),
            ("no, thanks", Some(false)),
            ("Nope", Some(false)),
            ("I don’t", Some(false)),
            ("是的", Some(true)),
            ("不是", Some(false)),
            ("oui", Some(true)),
            ("tidak", Some(false)),
            ("да", Some(true)),
            ("نعم", Some(true)),
            ("👍🏽", Some(true)),
            ("👎", Some(false)),
            ("🙂", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(words(text).yes_no().map(|(_, answer)| answer), expected, "{text:?}");
        }
    }

    #[test]
    fn questions_and_refusals_are_distinguished_from_answers() {
        let english = |text| Words::of(text, Languages::one(0));
        assert!(english("why do you need it").is_question() && english("Is it free?").is_question());
        assert!(!english("Vashti").is_question());
        assert!(english("I don’t know").is_refusal() && english("I'd rather not say").is_refusal());
        assert!(english("i dont have email").has_none() && !english("Knowles").is_refusal());
    }

    #[test]
    fn commands_are_distinguished_from_answers() {
        for (text, expected) in [
            ("STOP", Some(Command::Stop)),
            ("please stop.", Some(Command::Stop)),
            ("stop messaging me!", Some(Command::Stop)),
            ("Unsubscribe", Some(Command::Stop)),
            ("停止", Some(Command::Stop)),
            ("start", Some(Command::Start)),
            ("human", Some(Command::Human)),
            ("agent please", Some(Command::Human)),
            ("can I speak to a manager?", Some(Command::Human)),
            ("I want to talk to someone", Some(Command::Human)),
            ("转人工", Some(Command::Human)),
            ("the bus stop near Bugis", None),
            ("a table for 1 person", None),
            ("I need 3 people", None),
            ("my real estate agent told me to write", None),
            ("when do you start?", None),
            ("1 person", None),
            ("", None),
        ] {
            assert_eq!(words(text).command(), expected, "{text:?}");
        }
    }
}
