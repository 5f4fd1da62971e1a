//! What a server takes: the strictest way to ask it for an object, and which parameters it wants under other names. It is found out by
//! what it refuses, one step a turn, and remembered for a day.

use crate::domain::time::{SignedDuration, Timestamp};

/// How long a step down is remembered; then the top is tried again.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A way to ask for an object. The schema is in the prompt, too, on each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// `response_format: json_schema` with `strict`.
    StrictSchema,
    /// The same without `strict`.
    Schema,
    /// `response_format: json_object`.
    JsonObject,
    /// One tool whose arguments are the object.
    Tool,
    /// Nothing but the prompt.
    Text,
}

impl Rung {
    /// All of them, the strictest first.
    pub const ALL: [Self; 5] = [Self::StrictSchema, Self::Schema, Self::JsonObject, Self::Tool, Self::Text];

    /// The word in logs and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StrictSchema => "json_schema, strict",
            Self::Schema => "json_schema",
            Self::JsonObject => "json_object",
            Self::Tool => "tool call",
            Self::Text => "plain text",
        }
    }

    /// The next one down.
    pub(super) fn below(self) -> Option<Self> {
        let place = Self::ALL.iter().position(|rung| *rung == self)?;
        Self::ALL.get(place + 1).copied()
    }

    /// The words by which a refusal names this way of asking.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::StrictSchema | Self::Schema => &[
                "response_format",
                "response format",
                "json_schema",
                "strict",
                "schema",
                "structured output",
                "grammar",
            ],
            Self::JsonObject => &["response_format", "response format", "json_object", "json mode"],
            Self::Tool => &["tool", "function"],
            Self::Text => &[],
        }
    }
}

/// What is known of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) rung: Rung,
    /// It refuses `temperature`.
    pub(super) without_temperature: bool,
    /// It wants `max_completion_tokens` in the place of `max_tokens`.
    pub(super) completion_tokens: bool,
    /// It thinks before it answers: its answers need more room.
    pub(super) reasons: bool,
    pub(super) stepped_at: Option<Timestamp>,
}

impl Profile {
    /// Of a server that nothing is known of.
    pub(super) fn new(reasons: bool) -> Self {
        Self {
            rung: Rung::StrictSchema,
            without_temperature: false,
            completion_tokens: false,
            reasons,
            stepped_at: None,
        }
    }

    /// As it is to be used at `now`: after a day the strictest way is tried again.
    pub(super) fn at(self, now: Timestamp) -> Self {
        match self.stepped_at {
            Some(stepped_at) if now >= stepped_at + REMEMBERED_FOR => Self::new(self.reasons),
            _ => self,
        }
    }

    /// One step, where a refusal (400 or 422) names what this profile sends.
    pub(super) fn after_refusal(self, status: u16, words: &str, now: Timestamp) -> Option<Self> {
        if !matches!(status, 400 | 422) {
            return None;
        }
        let words = words.to_lowercase();
        let stepped = Self { stepped_at: Some(now), ..self };
        if !self.completion_tokens && words.contains("max_tokens") && !words.contains("context") {
            return Some(Self { completion_tokens: true, ..stepped });
        }
        if !self.without_temperature && words.contains("temperature") {
            return Some(Self { without_temperature: true, ..stepped });
        }
        let is_named = self.rung.names().iter().any(|name| words.contains(name));
        Some(Self { rung: self.rung.below().filter(|_| is_named)?, ..stepped })
    }

    /// One rung down, for a server that takes what is sent and does not heed it.
    pub(super) fn after_unreadable(self, now: Timestamp) -> Option<Self> {
        Some(Self { rung: self.rung.below()?, stepped_at: Some(now), ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_names_the_parameter_is_one_step_down() {
        let (now, mut profile) = (Timestamp::UNIX_EPOCH, Profile::new(false));
        for rung in &Rung::ALL[1..] {
            let words = "Unsupported: response_format json_schema tools";
            profile = profile.after_refusal(400, words, now).expect("there is one below");
            assert_eq!(profile.rung, *rung);
        }
        assert_eq!(profile.after_refusal(400, "response_format tools", now), None);
        assert_eq!(Profile::new(false).after_refusal(400, "bad request", now), None, "it names nothing");
        assert_eq!(Profile::new(false).after_refusal(500, "response_format", now), None);
    }

    #[test]
    fn other_parameters_are_left_out_or_renamed() {
        let (now, profile) = (Timestamp::UNIX_EPOCH, Profile::new(false));
        let renamed = profile.after_refusal(400, "Use 'max_completion_tokens' instead of 'max_tokens'.", now).unwrap();
        assert!(renamed.completion_tokens && renamed.rung == Rung::StrictSchema);
        let without = renamed.after_refusal(400, "Unsupported value: 'temperature'", now).unwrap();
        assert!(without.without_temperature && without.completion_tokens);
    }

    #[test]
    fn a_step_is_remembered_for_a_day() {
        let now = Timestamp::UNIX_EPOCH;
        let lower = Profile::new(true).after_refusal(422, "response_format", now).unwrap();
        let day = SignedDuration::from_hours(24);
        assert_eq!(lower.at(now + day - SignedDuration::from_secs(1)).rung, Rung::Schema);
        assert_eq!(lower.at(now + day), Profile::new(true));
    }
}
