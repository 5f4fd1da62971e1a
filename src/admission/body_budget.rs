//! How many bytes of request bodies are in memory at the same time, over all requests. Bytes count as they arrive: a request that
//! announces a large body and sends none takes nothing from others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::tally::Tally;
use crate::domain::time::Clock;

/// Bytes that are allocated at once where a body announces so many: most bodies are read into one piece.
const FIRST_BYTES_MAX: usize = 16 * 1024;

/// The budget is used up: the request has to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUsedUp;

/// The budget of a process. Cheap to clone.
#[derive(Clone)]
pub struct BodyBudget(Arc<Parts>);

struct Parts {
    bytes_max: usize,
    bytes: AtomicUsize,
    refused: Tally,
}

impl BodyBudget {
    /// With nothing in memory.
    pub fn new(bytes_max: usize, clock: Clock) -> Self {
        let log = |requests| tracing::warn!(requests, "request refused: too many bytes of bodies in memory");
        let refused = Tally::new(clock, log);
        Self(Arc::new(Parts { bytes_max, bytes: AtomicUsize::new(0), refused }))
    }

    /// Bytes that are held now.
    pub fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// An empty body of which so many bytes are announced.
    pub fn body(&self, announced_bytes: usize) -> HeldBody {
        HeldBody { budget: self.clone(), announced_bytes, bytes: Vec::new(), reserved: 0 }
    }

    fn reserve(&self, bytes: usize) -> Result<(), BudgetUsedUp> {
        let held = self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        if held.saturating_add(bytes) <= self.0.bytes_max {
            return Ok(());
        }
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.0.refused.add();
        Err(BudgetUsedUp)
    }
}

/// A body while it is read, and as long as its bytes are used. What it allocates is reserved in the budget.
pub struct HeldBody {
    budget: BodyBudget,
    announced_bytes: usize,
    bytes: Vec<u8>,
    reserved: usize,
}

impl HeldBody {
    /// Bytes that have arrived.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether none has arrived.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends what has arrived.
    pub fn append(&mut self, data: &[u8]) -> Result<(), BudgetUsedUp> {
        let wanted = self.bytes.len() + data.len();
        if wanted > self.reserved {
            let announced = self.announced_bytes.min((2 * self.reserved).max(FIRST_BYTES_MAX));
            let capacity = wanted.max(announced);
            self.budget.reserve(capacity - self.reserved)?;
            self.reserved = capacity;
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// The body. It counts until the last reference to its bytes is gone.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        self.budget.0.bytes.fetch_sub(self.reserved, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn budget(bytes_max: usize) -> BodyBudget {
        BodyBudget::new(bytes_max, Clock::manual(Timestamp::UNIX_EPOCH))
    }

    #[tokio::test]
    async fn bodies_together_take_no_more_than_the_budget() {
        let budget = budget(100_000);
        let mut held: Vec<HeldBody> = (0..600).map(|_| budget.body(1 << 20)).collect();
        assert_eq!(budget.bytes(), 0, "what is announced takes nothing");
        let refused = held.iter_mut().filter_map(|body| body.append(&[0; 1_000]).err()).count();
        assert_eq!(refused, 600 - 100_000 / FIRST_BYTES_MAX);
        assert!(budget.bytes() <= 100_000);
        drop(held);
        assert_eq!(budget.bytes(), 0);
    }

    #[tokio::test]
    async fn a_body_counts_until_its_last_bytes_are_dropped() {
        let budget = budget(3_000);
        let mut body = budget.body(1_000);
        body.append(&[1; 1_000]).unwrap();
        let bytes = body.into_bytes();
        let part = bytes.slice(10..20);
        drop(bytes);
        assert_eq!(budget.bytes(), 1_000);
        drop(part);
        assert_eq!(budget.bytes(), 0);
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_appended() {
        let budget = budget(10);
        let mut body = budget.body(0);
        body.append(b"12345").unwrap();
        body.append(b"67").unwrap();
        assert_eq!((body.as_ref(), budget.bytes()), (b"1234567".as_slice(), 7));
        assert_eq!(body.append(b"8901"), Err(BudgetUsedUp));
        body.append(b"890").unwrap();
        assert_eq!(body.len(), 10);
    }
}
