//! What was found in the body of a webhook, in slices.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::channels::Inbound;
use crate::channels::json::{Fields, list};

/// Items that are read at once: what the platform sends in one call at most.
pub const SLICE_ITEMS_MAX: usize = 1_000;

/// What was found since the last slice.
pub(super) struct Found<'a> {
    slice: Vec<Inbound>,
    /// Its messages, each by its number and id.
    seen: HashSet<(Option<String>, String)>,
    take: &'a mut dyn FnMut(Vec<Inbound>) -> bool,
    wants_more: bool,
}

impl<'a> Found<'a> {
    /// Gives slices to `take` until that says `false`.
    pub(super) fn new(take: &'a mut dyn FnMut(Vec<Inbound>) -> bool) -> Self {
        Self { slice: Vec::new(), seen: HashSet::new(), take, wants_more: true }
    }

    pub(super) fn push(&mut self, inbound: Inbound) {
        if let Inbound::Message(message) = &inbound
            && !self.seen.insert((message.channel.clone(), message.external_id.clone()))
        {
            return;
        }
        self.slice.push(inbound);
        if self.slice.len() == SLICE_ITEMS_MAX {
            self.give();
        }
    }

    /// Whether more items are asked for.
    pub(super) fn wants_more(&self) -> bool {
        self.wants_more
    }

    /// Gives what is left.
    pub(super) fn give(&mut self) {
        self.seen.clear();
        let slice = std::mem::take(&mut self.slice);
        if self.wants_more && !slice.is_empty() {
            self.wants_more = (self.take)(slice);
        }
    }
}

/// The elements of the array under `key`. What stands there instead of an array is kept.
pub(super) fn elements<'a>(fields: &Fields<'a>, key: &str, field: &str, found: &mut Found<'_>) -> Vec<&'a RawValue> {
    let Some(raw) = fields.get(key).filter(|raw| raw.get() != "null") else { return Vec::new() };
    list(raw).unwrap_or_else(|| {
        found.push(other(field, raw));
        Vec::new()
    })
}

pub(super) fn other(field: &str, raw: &RawValue) -> Inbound {
    Inbound::Other { external_id: None, kind: field.to_owned(), raw: raw.get().to_owned() }
}
