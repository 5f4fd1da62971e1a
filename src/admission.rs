//! Layer 4: which requests a node takes on. Each limit is per process, in memory of a fixed size: several nodes admit as many times
//! more.

pub mod body_budget;
pub mod rate_limiter;
pub mod tally;

use crate::domain::rates::Rates;
use crate::domain::time::Clock;

use self::body_budget::BodyBudget;
use self::rate_limiter::RateLimiter;

/// The limits that hold over all requests. Cheap to clone.
#[derive(Clone)]
pub struct Admission {
    /// Bytes of bodies.
    pub bodies: BodyBudget,
    /// Requests a minute.
    pub rates: RateLimiter,
}

impl Admission {
    /// Limits with nothing counted.
    pub fn new(body_bytes_max: usize, rates: Rates, clock: Clock) -> Self {
        Self { bodies: BodyBudget::new(body_bytes_max, clock.clone()), rates: RateLimiter::new(rates, clock) }
    }
}
