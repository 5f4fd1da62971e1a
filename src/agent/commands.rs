//! Commands to the agent itself: stop, start, "a human please".

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::compile;

/// Longest message that can be a command, in words.
const COMMAND_WORDS_MAX: usize = 6;

const STOP: &[&str] = &[
    "stop",
    "unsubscribe",
    "stopp",
    "aufhören",
    "abmelden",
    "arrêter",
    "arrêtez",
    "arreter",
    "désabonner",
    "parar",
    "pare",
    "detener",
    "cancelar suscripción",
    "berhenti",
    "henti",
    "停止",
    "退订",
    "取消订阅",
    "停",
    "别发了",
    "optout",
    "opt-out",
    "stopall",
];
const START: &[&str] = &[
    "start",
    "unstop",
    "restart",
    "resume",
    "continue",
    "subscribe",
    "weiter",
    "anfangen",
    "commencer",
    "reprendre",
    "empezar",
    "comenzar",
    "reanudar",
    "continuar",
    "mula",
    "sambung",
    "开始",
    "继续",
];
/// Words that may surround a command without changing it.
const FILLERS: &[&str] = &[
    "please",
    "pls",
    "now",
    "it",
    "this",
    "messaging",
    "texting",
    "writing",
    "contacting",
    "sending",
    "messages",
    "me",
    "bot",
    "all",
    "the",
    "to",
    "ok",
    "okay",
    "just",
    "again",
    "bitte",
    "s'il",
    "vous",
    "plaît",
    "por",
    "favor",
    "sila",
    "tolong",
    "im",
    "i'm",
    "want",
    "i",
    "from",
    "would",
    "like",
    "thanks",
    "thank",
    "you",
    "hi",
    "hello",
    "yes",
    "let's",
    "a",
    "an",
    "get",
    "talk",
    "with",
    "my",
    "can",
];
const HUMAN: &[&str] = &[
    "human",
    "agent",
    "operator",
    "representative",
    "person",
    "live agent",
    "real person",
    "mensch",
    "humain",
    "humano",
    "persona",
    "manusia",
    "orang",
    "人工",
    "真人",
    "人工客服",
    "客服",
    "转人工",
];

static ASKS_FOR_HUMAN: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?ix)\b(?:talk|speak|chat)(?:ing)?\s+(?:to|with)\s+(?:an?\s+|the\s+|your\s+|some\s+|my\s+)?(?:real\s+|live\s+|actual\s+|human\s+|sales\s+)?(?:human|agent|person|someone|somebody|representative|rep|operator|staff|manager|consultant|advisor|colleague|people|team)\b
        | \b(?:connect|transfer|put)\s+me\s+(?:through\s+)?(?:to|with)\b
        | \b(?:want|need|get|give|prefer|like)\s+(?:me\s+)?(?:an?\s+|to\s+have\s+an?\s+)?(?:real\s+(?:human|person|agent)|human(?:\s+being|\s+agent)?|live\s+(?:person|agent)|operator|representative|customer\s+service)\b
        | \b(?:mit|einen|einem)\s+(?:echten\s+)?menschen\b | \b(?:parler|discuter)\s+(?:à|avec)\s+(?:une?\s+)?(?:personne|humain|conseiller|quelqu['’]un)
        | \bhablar\s+con\s+(?:una?\s+)?(?:persona|humano|agente|alguien) | \bcakap\s+dengan\s+(?:orang|manusia|staf)",
    )
});

/// A command to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Stop,
    Start,
    Human,
}

/// The command of a text that is nothing else: "the bus stop" is not one.
pub(super) fn of(text: &str) -> Option<Command> {
    let lower = text.trim().to_lowercase();
    let words: Vec<&str> = lower
        .split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '\'' | '-')))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        return None;
    }
    if words.len() <= COMMAND_WORDS_MAX {
        let core: Vec<&str> = words.iter().copied().filter(|word| !FILLERS.contains(word)).collect();
        let core = core.join(" ");
        let is = |names: &[&str]| names.contains(&core.as_str()) || names.contains(&lower.as_str());
        for (names, command) in [(STOP, Command::Stop), (START, Command::Start), (HUMAN, Command::Human)] {
            if is(names) {
                return Some(command);
            }
        }
    }
    (ASKS_FOR_HUMAN.is_match(&lower) || lower.contains("转人工")).then_some(Command::Human)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(of(text), expected, "{text:?}");
        }
    }
}
