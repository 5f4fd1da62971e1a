//! Why deliveries fail, in words: what happened, and the one next step.

use crate::domain::attempt_result::{AttemptResult, NoResponse};
use crate::http::error::status_name;

/// Where a next step is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Another URL is to be set.
    EditUrl,
    /// A header is to be added.
    EditHeaders,
    /// A limit is to be set.
    EditLimits,
    /// The template is to be changed.
    EditTemplate,
    /// Nothing here: at the receiver.
    AtReceiver,
}

impl Step {
    /// The name of its link, and the page of the webhook that it leads to; `None` where nothing is to be done here.
    pub fn link(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::EditUrl => Some(("Edit URL", "edit#url")),
            Self::EditHeaders => Some(("Add header", "edit#headers")),
            Self::EditLimits => Some(("Set a limit", "edit#limits")),
            Self::EditTemplate => Some(("Edit template", "template")),
            Self::AtReceiver => None,
        }
    }
}

/// A cause in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// For a pill: `401`, `Too slow`.
    pub short: &'static str,
    /// Behind the name of the webhook: `answers 401 Unauthorized`.
    pub verb: &'static str,
    /// What happened.
    pub what: &'static str,
    /// What to do.
    pub next: &'static str,
    /// Where.
    pub step: Step,
}

/// Whether a result is a failure, and why. A 2xx is none.
pub fn cause(result: AttemptResult) -> Option<Cause> {
    match result {
        AttemptResult::Status(200..=299) => None,
        AttemptResult::Status(status) => Some(of_status(status)),
        AttemptResult::None(why) => Some(without_response(why)),
    }
}

fn of_status(status: u16) -> Cause {
    use Step::{AtReceiver, EditHeaders, EditLimits, EditTemplate, EditUrl};
    let (what, next, step) = match status {
        300..=399 => (
            "The receiver redirects to another address.",
            "Redirects are not followed: set the address that it redirects to as URL.",
            EditUrl,
        ),
        401 | 403 => (
            "Your CRM wants an authorization header.",
            "Add the header, or a new token where the old one has expired, then test.",
            EditHeaders,
        ),
        404 | 405 => (
            "There is nothing at this URL that takes events.",
            "Copy the webhook URL from your CRM again: it may have been removed, or be the address of a page.",
            EditUrl,
        ),
        410 => (
            "The receiver says that this URL is gone for good.",
            "Make a new webhook URL in your CRM, set it here, then turn the webhook on.",
            EditUrl,
        ),
        413 => (
            "The event is larger than the receiver takes.",
            "Raise the limit for bodies at the receiver: events have a few kilobytes.",
            AtReceiver,
        ),
        415 | 422 | 400 => (
            "The receiver does not understand the event.",
            "Compare the body with what it expects, and shape it with a payload template.",
            EditTemplate,
        ),
        429 => (
            "The receiver gets more events than it takes.",
            "Set a limit of deliveries per second for this webhook: the rest waits its turn.",
            EditLimits,
        ),
        500..=599 => (
            "The receiver has an error of its own.",
            "Look into its log at the time of the attempt. Deliveries are tried again meanwhile.",
            AtReceiver,
        ),
        _ => (
            "The receiver refused the event.",
            "Read its answer, and look into its log at the time of the attempt.",
            AtReceiver,
        ),
    };
    Cause { short: "", verb: "", what, next, step }
}

fn without_response(why: NoResponse) -> Cause {
    use Step::{AtReceiver, EditTemplate, EditUrl};
    let (short, verb, what, next, step) = match why {
        NoResponse::NoAddress => (
            "No address",
            "has no public address",
            "The name in the URL leads to no public address.",
            "Check the spelling, and that the address is reachable from the internet (not localhost).",
            EditUrl,
        ),
        NoResponse::NotConnected => (
            "Refused",
            "refuses connections",
            "Nobody takes connections at this address.",
            "Check that the receiver runs, that its firewall lets us in, and the port in the URL.",
            AtReceiver,
        ),
        NoResponse::NotSecure => (
            "Certificate",
            "has no valid certificate",
            "The secure connection failed.",
            "Renew the certificate at the receiver, with its intermediate certificates, for the name in the URL.",
            AtReceiver,
        ),
        NoResponse::TooSlow => (
            "Too slow",
            "gave no answer within 15 s",
            "The receiver gave no answer within 15 seconds.",
            "Let it answer first and work afterwards. It may have taken the event all the same: `webhook-id` tells.",
            AtReceiver,
        ),
        NoResponse::BrokenOff => (
            "Broken off",
            "breaks the connection off",
            "The connection ended before the answer did.",
            "Look into the receiver's log at the time of the attempt: it may have been restarted.",
            AtReceiver,
        ),
        NoResponse::NotHttp => (
            "No HTTP",
            "does not answer in HTTP",
            "What came back is no HTTP.",
            "Check the port in the URL: another service may listen there.",
            EditUrl,
        ),
        NoResponse::NotSendable => (
            "Not sendable",
            "cannot be sent to",
            "The URL or a header cannot be sent.",
            "Check the URL and the custom headers.",
            EditUrl,
        ),
        NoResponse::NotRendered => (
            "Template",
            "has a template that fails",
            "The template makes no valid body of the event. Nothing was sent.",
            "Mend the template: what is tried again uses the new one. What waits for a person is then resent.",
            EditTemplate,
        ),
    };
    Cause { short, verb, what, next, step }
}

/// A status with its name: `401 Unauthorized`.
pub fn status_text(status: u16) -> String {
    status_name(status).map_or_else(|| status.to_string(), |name| format!("{status} {name}"))
}

/// A result in a cell of a table: `401`, `Too slow`.
pub fn short_text(result: AttemptResult) -> String {
    match result {
        AttemptResult::Status(status) => status.to_string(),
        AttemptResult::None(why) => without_response(why).short.to_owned(),
    }
}

/// What a webhook does, behind its name: `answers 401 Unauthorized`.
pub fn verb_text(result: AttemptResult) -> String {
    match result {
        AttemptResult::Status(status) => format!("answers {}", status_text(status)),
        AttemptResult::None(why) => without_response(why).verb.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_sentence_and_a_next_step() {
        let step = |status| cause(AttemptResult::Status(status)).map(|cause| cause.step);
        assert_eq!([200, 204].map(step), [None, None]);
        assert_eq!([301, 404, 405, 410].map(step), [Some(Step::EditUrl); 4]);
        assert_eq!([401, 403].map(step), [Some(Step::EditHeaders); 2]);
        assert_eq!(step(429), Some(Step::EditLimits));
        assert_eq!([400, 415, 422].map(step), [Some(Step::EditTemplate); 3]);
        assert_eq!([413, 500, 503, 418].map(step), [Some(Step::AtReceiver); 4]);
        let not_rendered = cause(AttemptResult::None(NoResponse::NotRendered)).map(|cause| cause.step);
        assert_eq!(not_rendered, Some(Step::EditTemplate));
        assert_eq!(verb_text(AttemptResult::Status(401)), "answers 401 Unauthorized");
        assert_eq!(short_text(AttemptResult::None(NoResponse::TooSlow)), "Too slow");
    }
}
