//! One question to the model: within the gate, the breaker, the time and two calls, whatever the server does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument as _, trace_span};

use super::answer::{self, Answer};
use super::ask::{Ask, Usage, estimate_tokens};
use super::breaker::Breaker;
use super::endpoint::Endpoint;
use super::gate::Gate;
use super::ladder::{Profile, Rung};
use super::request;
use crate::domain::retry::RetryAfter;
use crate::domain::text::cut;
use crate::domain::time::{Clock, Timestamp};
use crate::net::{AddressPolicy, Cause, Client, Method, Options, Request, Resolver, Response, SendError};

/// Calls of a turn: one, and one more after a step down, an unreadable answer or a wait.
const CALLS_MAX: u32 = 2;
/// What connecting may take, the name included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of an answer.
const RESPONSE_BYTES_MAX: usize = 256 * 1024;
/// The longest wait that a busy server may ask for.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Bytes of a refusal that are looked at.
const REFUSAL_BYTES_MAX: usize = 4 * 1024;
/// Characters of a server's own words that are passed on.
const WORDS_CHARS_MAX: usize = 300;

/// Why there is no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many calls are under way and wait.
    #[error("too many calls wait for the model")]
    Busy,
    /// The server has failed several times of late.
    #[error("the model's server failed several times and is left alone for a while")]
    Open,
    /// Not within the time.
    #[error("the model did not answer in time")]
    Timeout,
    /// No connection, or it broke off.
    #[error("the model's server cannot be reached: {0}")]
    Unreachable(String),
    /// It answered with an error.
    #[error("the model's server answered {0}: {1}")]
    Status(u16, String),
    /// Its answer has no object in it.
    #[error("the model's answer has no object in it")]
    Unreadable,
    /// The model, or a filter, would not answer.
    #[error("the model would not answer")]
    Refused,
}

impl Failure {
    /// The word in counters and in the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Open => "breaker",
            Self::Timeout => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Status(429, _) => "rate_limited",
            Self::Status(..) => "status",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }

    /// Whether it is the server's: several of these make it be left alone.
    fn counts(&self) -> bool {
        !matches!(self, Self::Busy | Self::Open | Self::Refused)
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The object.
    pub result: Result<Map<String, Value>, Failure>,
    /// The calls that were made.
    pub calls: u32,
    /// Their tokens; estimated where the server does not count, or did not answer.
    pub usage: Usage,
    /// The way in which it was asked last.
    pub rung: Rung,
    /// What the calls took.
    pub duration: Duration,
    /// The model's text, as it came last.
    pub text: String,
}

/// A model. Cheap to clone.
#[derive(Clone)]
pub struct Llm(Arc<Parts>);

struct Parts {
    endpoint: Endpoint,
    client: Client,
    clock: Clock,
    gate: Gate,
    breaker: Breaker,
    profile: Mutex<Profile>,
}

impl Llm {
    /// A model at an address that the operator configured. Connects to nothing yet.
    pub fn new(endpoint: Endpoint, clock: Clock) -> Self {
        let options =
            Options { connect_timeout: CONNECT_TIMEOUT, lookup_timeout: CONNECT_TIMEOUT, ..Options::default() };
        let client = Client::new(AddressPolicy::trusted(), Resolver::System, options);
        let reasons = endpoint.extra().keys().any(|name| name.contains("reason") || name.contains("think"));
        let profile = Mutex::new(Profile::new(reasons));
        Self(Arc::new(Parts { endpoint, client, clock, gate: Gate::new(), breaker: Breaker::default(), profile }))
    }

    /// Where it is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Tokens that a question costs at most, as they are set aside before it is asked.
    pub fn tokens_max(&self, ask: &Ask) -> u64 {
        let profile = self.profile(self.0.clock.now());
        prompt_tokens(ask) + u64::from(request::answer_tokens(profile))
    }

    /// Asks, within the time of a turn. What it was not asked for in time is not waited for.
    pub async fn ask(&self, ask: &Ask) -> Called {
        let span = trace_span!(
            "model",
            model = self.endpoint().model(),
            outcome = Empty,
            calls = Empty,
            prompt_tokens = Empty,
            answer_tokens = Empty
        );
        let called = self.ask_within(ask).instrument(span.clone()).await;
        span.record("outcome", called.result.as_ref().map_or_else(Failure::as_str, |_| "answered"));
        span.record("calls", called.calls).record("prompt_tokens", called.usage.prompt_tokens);
        span.record("answer_tokens", called.usage.completion_tokens);
        called
    }

    async fn ask_within(&self, ask: &Ask) -> Called {
        let parts = &*self.0;
        let mut tally = Tally::new(self.profile(parts.clock.now()).rung);
        let result = if parts.breaker.try_acquire(parts.clock.now()) {
            match timeout(parts.endpoint.timeout, self.exchange(ask, &mut tally)).await {
                Ok(result) => result,
                Err(_) => Err(Failure::Timeout),
            }
        } else {
            Err(Failure::Open)
        };
        if tally.is_under_way {
            tally.usage.add(Usage { prompt_tokens: prompt_tokens(ask), ..Usage::default() });
            tally.duration = tally.duration.max(parts.endpoint.timeout);
        }
        match &result {
            Ok(_) => parts.breaker.succeeded(),
            Err(failure) if failure.counts() && parts.breaker.failed(parts.clock.now()) => {
                tracing::warn!(host = parts.endpoint.host(), %failure, "model left alone for a while");
            }
            Err(_) => {}
        }
        let Tally { calls, usage, rung, duration, text, .. } = tally;
        Called { result, calls, usage, rung, duration, text }
    }

    fn profile(&self, now: Timestamp) -> Profile {
        self.0.profile.lock().unwrap_or_else(PoisonError::into_inner).at(now)
    }

    fn remember(&self, profile: Profile) {
        *self.0.profile.lock().unwrap_or_else(PoisonError::into_inner) = profile;
    }

    async fn exchange(&self, ask: &Ask, tally: &mut Tally) -> Result<Map<String, Value>, Failure> {
        let parts = &*self.0;
        let _permit = parts.gate.enter().await.map_err(|_| Failure::Busy)?;
        let mut profile = self.profile(parts.clock.now());
        loop {
            tally.rung = profile.rung;
            let is_last = tally.calls + 1 >= CALLS_MAX;
            let step = match self.call(ask, profile, tally).await {
                Ok(response) => self.after(ask, response, profile, tally),
                Err(SendError { cause: Cause::Timeout { .. }, .. }) => {
                    // The server may have read it all the same.
                    tally.usage.add(Usage { prompt_tokens: prompt_tokens(ask), ..Usage::default() });
                    return Err(Failure::Timeout);
                }
                Err(error) => return Err(Failure::Unreachable(parts.endpoint.without_secrets(&error.to_string()))),
            };
            match step {
                Step::Done(object) => {
                    self.remember(Profile { reasons: profile.reasons || tally.reasons, ..profile });
                    return Ok(object);
                }
                Step::Again { next, failure, is_certain } => {
                    if is_certain {
                        self.remember(next);
                    }
                    if is_last {
                        return Err(failure);
                    }
                    profile = next;
                }
                // The wait is real time, whatever a test's clock says.
                Step::Wait(pause, _) if !is_last => Clock::System.sleep(pause).await,
                Step::Wait(_, failure) | Step::Fail(failure) => return Err(failure),
            }
        }
    }

    async fn call(&self, ask: &Ask, profile: Profile, tally: &mut Tally) -> Result<Response, SendError> {
        let parts = &*self.0;
        let request = Request {
            method: Method::POST,
            url: parts.endpoint.url().to_owned(),
            headers: parts.endpoint.headers(),
            body: Bytes::from(request::body(&parts.endpoint, ask, profile)),
            timeout: parts.endpoint.timeout,
            response_bytes_max: RESPONSE_BYTES_MAX,
        };
        tally.calls += 1;
        tally.is_under_way = true;
        let sent = parts.client.send(request).await;
        tally.is_under_way = false;
        tally.duration += sent.as_ref().map_or_else(|error| error.duration, |response| response.duration);
        sent
    }

    /// What an answer means for what comes next.
    fn after(&self, ask: &Ask, response: Response, profile: Profile, tally: &mut Tally) -> Step {
        let now = self.0.clock.now();
        if !(200..300).contains(&response.status) {
            return self.refused(&response, profile);
        }
        let wanted: Vec<&str> = ask.schema["properties"]
            .as_object()
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let Some(answer) = answer::read(&response.body, &wanted) else {
            tally.usage.add(Usage { prompt_tokens: prompt_tokens(ask), ..Usage::default() });
            return Step::Fail(Failure::Unreadable);
        };
        let Answer { object, text, is_refusal, is_cut, reasons, usage } = answer;
        let estimate =
            || Usage { prompt_tokens: prompt_tokens(ask), completion_tokens: estimate_tokens(&text), cached_tokens: 0 };
        tally.usage.add(usage.unwrap_or_else(estimate));
        tally.text = text;
        tally.reasons |= reasons;
        if let Some(object) = object {
            return Step::Done(object);
        }
        if is_refusal {
            return Step::Fail(Failure::Refused);
        }
        let failure = Failure::Unreadable;
        if reasons && is_cut && !profile.reasons {
            // It thought until there was no room left.
            return Step::Again { next: Profile { reasons: true, ..profile }, failure, is_certain: true };
        }
        match profile.after_unreadable(now) {
            Some(next) => Step::Again { next, failure, is_certain: false },
            None => Step::Fail(failure),
        }
    }

    fn refused(&self, response: &Response, profile: Profile) -> Step {
        let body = &response.body[..response.body.len().min(REFUSAL_BYTES_MAX)];
        let words = self.0.endpoint.without_secrets(&String::from_utf8_lossy(body));
        let lower = words.to_lowercase();
        if response.status == 400 && (lower.contains("content_filter") || lower.contains("content management policy")) {
            return Step::Fail(Failure::Refused);
        }
        let failure = Failure::Status(response.status, cut(&words, WORDS_CHARS_MAX).replace(['\r', '\n'], " "));
        if let Some(next) = profile.after_refusal(response.status, &words, self.0.clock.now()) {
            return Step::Again { next, failure, is_certain: true };
        }
        let asks = response.header("retry-after").and_then(RetryAfter::parse);
        let now = self.0.clock.now();
        let wait = asks.map(|asks| Duration::try_from(asks.at(now).duration_since(now)).unwrap_or_default());
        match wait {
            Some(wait) if response.status == 429 && wait <= WAIT_MAX => Step::Wait(wait, failure),
            _ => Step::Fail(failure),
        }
    }
}

/// What a turn's calls came to so far.
struct Tally {
    calls: u32,
    usage: Usage,
    rung: Rung,
    duration: Duration,
    text: String,
    reasons: bool,
    /// A call was begun and has not ended.
    is_under_way: bool,
}

impl Tally {
    fn new(rung: Rung) -> Self {
        Self {
            calls: 0,
            usage: Usage::default(),
            rung,
            duration: Duration::ZERO,
            text: String::new(),
            reasons: false,
            is_under_way: false,
        }
    }
}

enum Step {
    Done(Map<String, Value>),
    /// Once more in another way; `is_certain`: the server said that it does not take this one.
    Again {
        next: Profile,
        failure: Failure,
        is_certain: bool,
    },
    Wait(Duration, Failure),
    Fail(Failure),
}

fn prompt_tokens(ask: &Ask) -> u64 {
    estimate_tokens(&ask.system) + estimate_tokens(&ask.user) + 8
}
