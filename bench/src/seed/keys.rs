//! Row keys and ids of which each is made once, whichever part of a seed is made first.

use super::draw::Draw;
use aurix::domain::ids::{RowKey, RowKeys};
use aurix::domain::time::from_microseconds;

/// Rows whose keys differ although their times may be the same.
#[derive(Clone, Copy)]
pub enum Side {
    /// Sessions, clicks, and their events and deliveries.
    Clicks = 1,
    /// Messages, and events and deliveries of leads.
    Leads = 1301,
    /// Messages that change others.
    Changes = 2601,
}

/// Node numbers of a side.
const NODES: u64 = 1_300;
/// Keys that a node makes in a millisecond.
const SEQUENCE: u64 = 1_024;

/// A key of a time, in microseconds since 1970. Of neighbours in the numbers none has the same.
pub fn row_key<K: RowKey>(at: i64, side: Side, number: u64) -> K {
    let node = side as i64 + (number % NODES) as i64;
    let first: i64 = RowKeys::new(node).next::<Key>(from_microseconds(at)).0;
    K::from_i64(first + (number / NODES % SEQUENCE) as i64)
}

#[derive(Clone, Copy)]
struct Key(i64);

impl RowKey for Key {
    fn from_i64(value: i64) -> Self {
        Self(value)
    }

    fn as_i64(self) -> i64 {
        self.0
    }
}

/// `evt_` and a UUID that sorts by time, without hyphens.
pub fn event_id(at: i64, draw: &mut Draw) -> String {
    let (first, second) = (draw.below(0x1000), draw.below(1 << 60));
    format!("evt_{:012x}7{first:03x}8{second:015x}", at / 1_000)
}

/// A UUID whose neighbours in time are its neighbours: an index of a million of them is written from left to right.
pub fn uuid_at(at: i64, draw: &mut Draw) -> String {
    let ms = at / 1_000;
    let (first, second) = (draw.below(0x1000), draw.below(1 << 48));
    format!("{:08x}-{:04x}-7{first:03x}-8000-{second:012x}", ms >> 16, ms & 0xffff)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use aurix::domain::ids::MessageId;

    use super::*;
    use crate::seed::draw::For;

    #[test]
    fn neighbours_of_one_time_have_keys_of_their_own() {
        let at = 1_796_000_000_000_000;
        let sides = [Side::Clicks, Side::Leads, Side::Changes];
        let keys = (0..10_000).flat_map(|number| sides.map(|side| row_key(at, side, number)));
        let keys: HashSet<MessageId> = keys.collect();
        assert_eq!(keys.len(), 30_000);
        assert!(row_key::<MessageId>(at, Side::Leads, 99_999) < row_key(at + 1_000, Side::Clicks, 0));
        assert_eq!(event_id(at, &mut Draw::new(For::Lead, 1)).len(), 36);
    }
}
