//! Layer 3: asks a language model behind an OpenAI-compatible server for one JSON object, within limits of time and calls.
//!
//! It knows nothing of forms and people: a prompt and a schema go in, an object comes out, or why there is none. Servers differ in
//! what they take and how they answer: `ladder` remembers what this one takes, `answer` and `lenient` read what it says.
//! `gate` bounds how many calls are under way, `breaker` leaves a server alone that fails.

pub mod answer;
mod ask;
mod breaker;
mod client;
mod endpoint;
mod gate;
mod ladder;
pub mod lenient;
mod request;

pub use ask::{Ask, Usage, estimate_tokens};
pub use client::{Called, Failure, Llm};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use ladder::Rung;
