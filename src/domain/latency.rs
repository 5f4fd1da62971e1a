//! How long responses took, in twelve buckets from 10 ms to 15 s: enough to tell a median and the slowest twentieth.

/// The upper end of each bucket, in milliseconds. What takes longer counts in the last one.
pub const BUCKETS_MS: [u64; BUCKETS] = [10, 25, 50, 100, 200, 400, 800, 1_500, 3_000, 6_000, 10_000, 15_000];
/// How many there are.
pub const BUCKETS: usize = 12;

/// Responses, by how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies(pub [i64; BUCKETS]);

impl Latencies {
    /// The bucket of a response that took so long.
    pub fn bucket(duration_ms: u64) -> usize {
        BUCKETS_MS.iter().position(|end| duration_ms <= *end).unwrap_or(BUCKETS - 1)
    }

    /// Adds others.
    pub fn add(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(sum, more)| *sum += more);
    }

    /// How long the quickest part of `percent` in 100 took at most: good to a bucket. `None` where nothing responded.
    pub fn percentile_ms(&self, percent: i64) -> Option<u64> {
        let total: i64 = self.0.iter().sum();
        let wanted = (total * percent + 99) / 100;
        let mut seen = 0;
        let reaches = |count: &i64| {
            seen += count;
            seen >= wanted
        };
        let bucket = self.0.iter().position(reaches)?;
        (total > 0).then_some(BUCKETS_MS[bucket])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_good_to_a_bucket() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile_ms(50), None);
        for ms in [0, 10, 11, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 20_000] {
            latencies.0[Latencies::bucket(ms)] += 1;
        }
        assert_eq!((latencies.percentile_ms(50), latencies.percentile_ms(95)), (Some(100), Some(100)));
        assert_eq!(latencies.percentile_ms(96), Some(15_000));
        assert_eq!(latencies.0, [2, 1, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
