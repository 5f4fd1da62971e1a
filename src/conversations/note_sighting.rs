//! Notes when a channel's platform was last seen, so that its page can say whether the set-up works. To a minute: a busy channel
//! would be written all the time otherwise.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Conversations;
use crate::domain::ids::ChannelId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::channels::{self, Channel, Sighting};

/// How exactly it is known.
const EXACT_TO: SignedDuration = SignedDuration::from_mins(1);
/// Channels that are remembered; beyond them, all are forgotten, and noted again.
const REMEMBERED_MAX: usize = 10_000;

/// What this process noted, and when.
#[derive(Default)]
pub struct Noted(Mutex<HashMap<(ChannelId, Sighting), Timestamp>>);

impl Noted {
    /// Whether it is time to note this.
    fn is_due(&self, channel: ChannelId, sighting: Sighting, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&(channel, sighting)).is_some_and(|at| now - EXACT_TO < *at) {
            return false;
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        noted.insert((channel, sighting), now);
        true
    }
}

/// Notes that the platform of a channel was seen. That it could not be noted is logged: nothing depends on it.
pub async fn note_sighting(engine: &Conversations, channel: &Channel, sighting: Sighting) {
    let now = engine.core.clock.now();
    if !engine.noted.is_due(channel.id, sighting, now) {
        return;
    }
    let (project, id) = (channel.project, channel.id);
    let noted = async move |tx: &crate::db::Tx| Ok(channels::note(tx, project, id, sighting, now).await?);
    if let Err(error) = engine.core.db.write(noted).await {
        tracing::warn!(channel = channel.external_id, error = %format!("{error:#}"), "sighting of a channel not stored");
    }
}
