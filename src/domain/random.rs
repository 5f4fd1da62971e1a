//! The only source of randomness: passed in wherever it is needed, seeded by tests.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

/// A cryptographic generator, seeded by the operating system or by a test. Cheap to clone.
#[derive(Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Random {
    /// Seeded by the operating system.
    #[expect(clippy::disallowed_methods, reason = "the only place that asks the system for randomness")]
    pub fn from_system() -> Self {
        Self(Arc::new(Mutex::new(rand::make_rng())))
    }

    /// The same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        let mut generator = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        generator.fill_bytes(bytes);
    }

    /// An array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID that sorts by time (version 7).
    pub fn uuid_at(&self, now: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        f64::from(u32::from_le_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }

    /// `prefix` and `length` characters of `[0-9A-Za-z]`: about 5.95 bits each.
    pub fn token(&self, prefix: &str, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut token = prefix.to_owned();
        while token.len() < prefix.len() + length {
            // 248 = 4 × 62: larger bytes would make some characters more likely.
            token.extend(
                self.bytes::<16>()
                    .iter()
                    .filter(|byte| **byte < 248)
                    .map(|byte| char::from(ALPHABET[usize::from(*byte % 62)])),
            );
        }
        token.truncate(prefix.len() + length);
        token
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_fraction_is_below_one_and_anywhere_there() {
        let random = Random::seeded(7);
        let fractions: Vec<f64> = (0..100).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)), "{fractions:?}");
        assert!(fractions.iter().any(|fraction| *fraction < 0.2) && fractions.iter().any(|fraction| *fraction > 0.8));
    }

    #[test]
    fn every_character_of_a_token_is_about_as_likely() {
        const EACH: usize = 100;
        let token = Random::seeded(7).token("t_", 62 * EACH);
        let mut counts: BTreeMap<char, usize> = BTreeMap::new();
        token
            .strip_prefix("t_")
            .expect("the prefix")
            .chars()
            .for_each(|letter| *counts.entry(letter).or_default() += 1);
        assert_eq!((counts.len(), counts.values().sum()), (62, 62 * EACH));
        assert!(counts.values().all(|count| (EACH / 2..EACH * 3 / 2).contains(count)), "{counts:?}");
    }
}
