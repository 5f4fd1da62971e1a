//! The platform's error codes: what cures them, and what they mean to the operator of the channel.

use crate::channels::Limit;
use crate::channels::json::{integer, items, text};
use jiff::SignedDuration;
use serde_json::Value;

use crate::domain::text::cut;

/// Errors of one message or status that are read.
const ERRORS_MAX: usize = 10;

/// Characters of the platform's own words that are kept.
const WORDS_CHARS_MAX: usize = 300;

/// Characters of a trace id that are kept.
const TRACE_CHARS_MAX: usize = 64;

/// An error as the platform reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PlatformError {
    /// The platform's code, as 131047.
    pub(super) code: Option<i64>,
    /// Its title.
    pub(super) title: Option<String>,
    /// What it says besides.
    pub(super) details: Option<String>,
    /// By which the platform's support finds the request.
    pub(super) trace_id: Option<String>,
}

impl PlatformError {
    /// What happened and what to do, in an operator's words.
    pub(super) fn explanation(&self) -> String {
        let known = self.code.and_then(meaning).map(|meaning| meaning.explanation.to_owned());
        let said = known.unwrap_or_else(|| self.in_platform_words());
        match &self.trace_id {
            Some(trace_id) => {
                format!("{said} Meta's support finds it by fbtrace_id {}.", cut(trace_id, TRACE_CHARS_MAX))
            }
            None => said,
        }
    }

    /// Where the message may go through once more, though the platform took it: the code, and after how long.
    pub(super) fn again_after(&self) -> Option<(i64, SignedDuration)> {
        match meaning(self.code?)?.cure {
            Cure::Once(seconds) => Some((self.code?, SignedDuration::from_secs(seconds))),
            _ => None,
        }
    }

    /// Whether the person has asked for no more marketing messages.
    pub(super) fn is_unwanted(&self) -> bool {
        self.code.and_then(meaning).is_some_and(|meaning| meaning.cure == Cure::Person)
    }

    fn in_platform_words(&self) -> String {
        let code = self.code.map_or_else(String::new, |code| format!(" (code {code})"));
        let said =
            [&self.title, &self.details].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(": ");
        let said = cut(&said, WORDS_CHARS_MAX);
        if said.is_empty() {
            format!("WhatsApp refused the message{code} and gave no reason.")
        } else {
            format!("WhatsApp refused the message{code} and said: {said}")
        }
    }
}

/// Reads one error, as it stands in webhooks and in responses.
pub(super) fn read_one(error: &Value) -> PlatformError {
    PlatformError {
        code: integer(error, &["code"]),
        title: text(error, &["title"]).or_else(|| text(error, &["message"])),
        details: text(error, &["error_data", "details"]).or_else(|| text(error, &["details"])),
        trace_id: text(error, &["fbtrace_id"]),
    }
}

/// Reads the `errors` of a message or a status.
pub(super) fn read(value: &Value) -> Vec<PlatformError> {
    items(value, &["errors"]).iter().take(ERRORS_MAX).map(read_one).collect()
}

/// What it takes for the same message to go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cure {
    /// Another attempt.
    Time,
    /// One more attempt after so many seconds.
    Once(i64),
    /// Fewer messages, for so many seconds.
    Fewer(Limit, i64),
    /// The person: they want no marketing messages.
    Person,
    /// The operator of the channel: credentials, permissions, billing, registration.
    Operator,
    /// Nothing.
    None,
}

/// What cures an error, and what caused it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    /// What it takes for the same message to go through.
    pub(super) cure: Cure,
    /// What happened and what to do.
    pub(super) explanation: &'static str,
}

/// What a code means, where it is known.
pub(super) fn meaning(code: i64) -> Option<Meaning> {
    if (200..300).contains(&code) {
        return meaning(10);
    }
    let known = |table: &[(i64, &'static str)]| {
        table.iter().find(|(known, _)| *known == code).map(|(_, explanation)| *explanation)
    };
    let limit = LIMITS.iter().find(|(known, ..)| *known == code);
    if let Some((_, cure, explanation)) = limit {
        return Some(Meaning { cure: *cure, explanation });
    }
    [(TRANSIENT, Cure::Time), (UNWANTED, Cure::Person), (FAULTS, Cure::Operator), (PERMANENT, Cure::None)]
        .into_iter()
        .find_map(|(table, cure)| known(table).map(|explanation| Meaning { cure, explanation }))
}

const DAY_SECONDS: i64 = 24 * 60 * 60;

const LIMITS: &[(i64, Cure, &str)] = &[
    (
        4,
        Cure::Fewer(Limit::Calls, 60),
        "The Meta app has reached its limit of API calls. It is tried again later; if this stays, spread the traffic.",
    ),
    (
        80007,
        Cure::Fewer(Limit::Calls, 60),
        "The WhatsApp business account has reached its rate limit. It is tried again later.",
    ),
    (
        130429,
        Cure::Fewer(Limit::Channel, 5),
        "The number sends faster than WhatsApp allows. It is tried again more slowly.",
    ),
    (
        131049,
        Cure::Once(DAY_SECONDS),
        "WhatsApp chose not to deliver the message, to keep people from getting too many. It is tried once more a day later.",
    ),
    (
        131056,
        Cure::Fewer(Limit::Person, 4),
        "Too many messages went to this person in a short time. It is tried again in a while.",
    ),
    (131057, Cure::Fewer(Limit::Channel, 60), "The WhatsApp business account is in maintenance. It is tried again."),
    (135000, Cure::Once(0), "WhatsApp had an error that it does not explain. It is tried once more."),
];

const TRANSIENT: &[(i64, &str)] = &[
    (1, "WhatsApp had an unknown error. It is tried again."),
    (2, "WhatsApp is down or overloaded for the moment. It is tried again."),
    (131000, "WhatsApp failed for a reason it does not tell. It is tried again."),
    (131016, "A part of WhatsApp is unavailable. It is tried again."),
    (132069, "The flow is sent too often: 10 times an hour at most. It is tried again later."),
    (133004, "WhatsApp's server is unavailable. It is tried again."),
];

const UNWANTED: &[(i64, &str)] =
    &[(131050, "The person has asked for no more marketing messages from this number. Choose a utility template.")];

const FAULTS: &[(i64, &str)] = &[
    (0, "WhatsApp does not accept the access token. Make a new one in the Meta app and enter it in the channel."),
    (3, "The access token lacks a permission. Make one with whatsapp_business_messaging and enter it in the channel."),
    (10, "The access token lacks a permission. Make one with whatsapp_business_messaging and enter it in the channel."),
    (33, "The business number no longer exists. Check the channel's phone number id."),
    (190, "The access token has expired or was revoked. Make a new one in the Meta app and enter it in the channel."),
    (368, "WhatsApp has blocked the business account for breaking its policies. See the account's page at Meta."),
    (131005, "The access token may not use this number. Give it the permission in the Meta app."),
    (131031, "WhatsApp has locked the business account. See the account's page at Meta."),
    (131037, "The number's display name is not approved yet. Have it approved in WhatsApp Manager."),
    (131042, "WhatsApp cannot charge the business account. Check its payment settings at Meta."),
    (131045, "The number is not registered properly. Register it again in WhatsApp Manager."),
    (133010, "The number is not registered with WhatsApp. Register it in WhatsApp Manager."),
    (133016, "The number was registered too often. Wait 72 hours, then register it again in WhatsApp Manager."),
];

const PERMANENT: &[(i64, &str)] = &[
    (
        100,
        "WhatsApp says that the request is invalid: mostly the phone number id is not this token's. Check the channel.",
    ),
    (130472, "The person is part of a WhatsApp experiment and gets no such messages. Nothing can be done."),
    (130497, "The business account may not write to people in this country."),
    (131008, "WhatsApp misses a part of the request. Please report this."),
    (131009, "WhatsApp finds a wrong value in the request. Check the channel's settings."),
    (131021, "The number would write to itself. Nothing was sent."),
    (
        131026,
        "The person cannot get the message: no WhatsApp, an old version, or its terms not accepted. Try another way.",
    ),
    (
        131030,
        "The number is in test mode and the person is not on its list. Add them at Meta, or take the number live.",
    ),
    (
        131047,
        "The person last wrote more than 24 hours ago, so that only a template may be sent. Wait until they write.",
    ),
    (
        131048,
        "WhatsApp restricts the number, as people have blocked or reported it. See its quality in WhatsApp Manager.",
    ),
    (131051, "WhatsApp does not support this type of message."),
    (131052, "WhatsApp could not fetch what the person sent. Ask them to send it again."),
    (131053, "WhatsApp could not take the file. Check its type and size."),
    (131062, "This message needs the person's phone number, and only their user id is known."),
    (131063, "WhatsApp takes marketing templates on another path. Use a utility template here."),
    (131064, "The account sent too many templates in the wrong category. See the account's page at Meta."),
    (132000, "The template has another number of parameters. Compare it with the one in WhatsApp Manager."),
    (132001, "The template does not exist in that language, or is not approved. See WhatsApp Manager."),
    (132005, "The template's text is too long with these values. Shorten them."),
    (132007, "The template breaks WhatsApp's policy on characters or formats. See it in WhatsApp Manager."),
    (132008, "A value is not allowed in the template. Remove line breaks, tabs and rows of spaces from it."),
    (132012, "A value has another format than the template wants. Compare it with the one in WhatsApp Manager."),
    (132015, "WhatsApp paused the template because people reject it. Use another one."),
    (132016, "WhatsApp disabled the template for good because people reject it. Use another one."),
    (132068, "WhatsApp blocked the flow. See it in WhatsApp Manager."),
    (
        137000,
        "WhatsApp says that the person's device changed, and the message is for the old one. Answer their next message.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_what_cures_them() {
        for code in [131000, 131016] {
            assert_eq!(meaning(code).unwrap().cure, Cure::Time, "{code}");
        }
        for (code, limit) in
            [(4, Limit::Calls), (80007, Limit::Calls), (130429, Limit::Channel), (131056, Limit::Person)]
        {
            let cure = meaning(code).unwrap().cure;
            assert!(matches!(cure, Cure::Fewer(whose, _) if whose == limit), "{code}: {cure:?}");
        }
        for code in [0, 10, 190, 200, 299, 131_005, 131_042, 133_010] {
            assert_eq!(meaning(code).unwrap().cure, Cure::Operator, "{code}");
        }
        assert_eq!(meaning(131_050).unwrap().cure, Cure::Person);
        for code in [131_026, 131_047, 131_051, 132_001, 132_015, 137_000, 100] {
            assert_eq!(meaning(code).unwrap().cure, Cure::None, "{code}");
        }
        assert!(meaning(999_999).is_none());
    }

    #[test]
    fn an_unknown_error_is_quoted() {
        let error = |code, title: Option<&str>| PlatformError {
            code,
            title: title.map(str::to_owned),
            details: None,
            trace_id: None,
        };
        assert_eq!(error(Some(7), Some("Odd")).explanation(), "WhatsApp refused the message (code 7) and said: Odd");
        let traced = PlatformError { trace_id: Some("AbC1".to_owned()), ..error(Some(131_000), None) };
        assert!(traced.explanation().ends_with("Meta's support finds it by fbtrace_id AbC1."));
        assert_eq!(error(None, None).explanation(), "WhatsApp refused the message and gave no reason.");
        assert!(error(Some(131047), Some("Re-engagement message")).explanation().contains("24 hours"));
        assert!(error(None, Some(&"x".repeat(5000))).explanation().len() < 400);
    }
}
