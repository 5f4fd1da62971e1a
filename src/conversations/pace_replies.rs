//! Claims replies at the pace of their channels' platforms: a channel that has sent its second's worth waits until it may send again.

use std::collections::BTreeMap;

use crate::db::Tx;
use crate::domain::ids::{ChannelId, ProjectId};
use crate::domain::rate_limit::RateLimit;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::replies::{self, DueReply, LeasedReply};
use crate::store::reply_pace;

/// How long a channel waits at least that has sent what it may: so that few claims find few.
const HELD_FOR: SignedDuration = SignedDuration::from_millis(250);

/// The pace of a channel, while it is locked.
struct Paced {
    project: ProjectId,
    rate: RateLimit,
    from: Timestamp,
    permits: usize,
    /// How many are due.
    due: usize,
}

/// Claims replies that are due until `lease_until`, at most `most`. Channels are locked before messages, as a settlement does.
pub(super) async fn claim_in_pace(
    tx: &Tx,
    now: Timestamp,
    lease_until: Timestamp,
    most: u32,
) -> anyhow::Result<Vec<LeasedReply>> {
    let due = replies::due(tx, now, most).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut paced = lock_paces(tx, &due, now).await?;
    let mut wanted = Vec::with_capacity(due.len());
    for reply in due {
        if let Some(pace) = paced.get_mut(&reply.channel) {
            pace.due += 1;
            if pace.due > pace.permits {
                continue;
            }
        }
        wanted.push(reply);
    }
    let claimed = replies::claim(tx, &wanted, now, lease_until).await?;
    for (channel, pace) in paced {
        let count = claimed.iter().filter(|reply| reply.channel == channel).count();
        let next_at = pace.rate.after_all(pace.from, count);
        let held_until = (pace.due > pace.permits).then(|| next_at.max(now + HELD_FOR));
        reply_pace::advance(tx, pace.project, channel, next_at, held_until).await?;
    }
    Ok(claimed)
}

/// The channels that have a pace, in the order of their keys: two nodes never wait for each other.
async fn lock_paces(tx: &Tx, due: &[DueReply], now: Timestamp) -> anyhow::Result<BTreeMap<ChannelId, Paced>> {
    let mut channels: BTreeMap<ChannelId, &DueReply> = BTreeMap::new();
    channels.extend(due.iter().map(|reply| (reply.channel, reply)));
    let mut paced = BTreeMap::new();
    for (channel, reply) in channels {
        if reply.kind.messages_per_second(false).is_none() {
            continue;
        }
        let Some(pace) = reply_pace::lock(tx, reply.project, channel).await? else { continue };
        let Some(default) = reply.kind.messages_per_second(pace.is_in_app) else { continue };
        let rate = RateLimit::per_second(pace.rate_per_second.unwrap_or(default));
        let (permits, from) = rate.permits(pace.next_at, now);
        paced.insert(channel, Paced { project: reply.project, rate, from, permits, due: 0 });
    }
    Ok(paced)
}
