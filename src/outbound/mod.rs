//! Layer 3: one signed POST of an event to a webhook, and what its response means.

pub mod headers;
mod post;
pub mod receivers;
mod sent;
pub mod template;

pub use post::{ATTEMPT_BODY_BYTES_MAX, Attempt, Delivery, post};
pub use sent::{Sent, USER_AGENT};
