//! All that is left to chance in a run: drawn from its seed.

use aurix::domain::random::Random;
use aurix::domain::time::SignedDuration;

pub struct Dice(Random);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }

    /// From 0 up to but without `end`.
    pub fn below(&self, end: u64) -> u64 {
        u64::from_le_bytes(self.0.bytes()) % end
    }

    /// Both ends are drawn too.
    pub fn between(&self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    pub fn index(&self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    pub fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    pub fn milliseconds(&self, first: u64, last: u64) -> SignedDuration {
        SignedDuration::from_millis(self.between(first, last) as i64)
    }

    /// One of `of`, each as often as its weight says.
    pub fn weighted<T: Copy>(&self, of: &[(u64, T)]) -> T {
        let mut at = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in of {
            match at.checked_sub(*weight) {
                Some(left) => at = left,
                None => return *one,
            }
        }
        unreachable!("it is below the sum")
    }
}
