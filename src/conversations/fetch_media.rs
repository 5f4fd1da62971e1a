//! Fetches what people sent besides words: claimed with a lease, fetched outside of any transaction, settled behind the number of its
//! attempt. Platforms keep it for minutes to days, so it is fetched at once and tried for about an hour.

use std::sync::Arc;

use super::open_channel::open;
use crate::channels::{self as platforms, FetchOutcome, Wanted};
use crate::core::Core;
use crate::domain::media_type::media_type;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::channels;
use crate::store::media::{self, LeasedMedium, Settlement};

/// Bytes of a medium that are kept: WhatsApp's pictures, sounds and videos have fewer.
pub const MEDIA_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a claimed medium is left alone: longer than an attempt can take.
const LEASE: SignedDuration = SignedDuration::from_mins(3);
/// How long after an attempt comes the next one.
const WAITS: [SignedDuration; 5] = [
    SignedDuration::from_secs(10),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_mins(35),
];

/// Claims up to `most` media that are due.
pub async fn claim_media(core: &Core, most: u32) -> anyhow::Result<Vec<LeasedMedium>> {
    let now = core.clock.now();
    // Most looks find nothing: they commit nothing, either.
    let due = core.db.read(async move |conn| Ok(media::has_due(conn, now).await?)).await?;
    if !due {
        return Ok(Vec::new());
    }
    core.db.write(async move |tx| Ok(media::claim(tx, now, now + LEASE, most).await?)).await
}

/// When the next medium falls due that is not due now.
pub async fn next_medium_due(core: &Core) -> anyhow::Result<Option<Timestamp>> {
    let now = core.clock.now();
    core.db.read(async move |conn| Ok(media::next_due(conn, now).await?)).await
}

/// Makes one attempt. Where every attempt ended without a word, as with its process, there is no further one.
pub async fn fetch_medium(core: &Core, leased: &LeasedMedium) -> anyhow::Result<FetchOutcome> {
    if usize::try_from(leased.attempt).is_ok_and(|attempt| attempt > WAITS.len() + 1) {
        return Ok(FetchOutcome::GiveUp("It was tried too often, and nobody said what became of it.".to_owned()));
    }
    let (project, id) = (leased.project, leased.channel);
    let channel = core.db.read(async move |conn| Ok(channels::find_by_id(conn, project, id).await?)).await?;
    let Some(channel) = channel else {
        return Ok(FetchOutcome::GiveUp("The channel is gone.".to_owned()));
    };
    let channel = open(core, Arc::new(channel))?;
    let wanted =
        Wanted { external_id: &leased.external_id, sha256: leased.sha256.as_deref(), bytes_max: MEDIA_BYTES_MAX };
    Ok(platforms::fetch(&core.platform_client, channel.account(), wanted).await)
}

/// Stores how an attempt ended.
pub async fn settle_medium(core: &Core, leased: &LeasedMedium, outcome: &FetchOutcome) -> anyhow::Result<()> {
    let (message, attempt, outcome) = (leased.message, leased.attempt, outcome.clone());
    let next = WAITS.get(usize::try_from(attempt).unwrap_or(usize::MAX).saturating_sub(1));
    let retry_at = next.map(|wait| core.clock.now() + *wait);
    core.db
        .write(async move |tx| {
            let nothing = Settlement { message, attempt, content: None, due_at: None, error: None };
            let settled = match &outcome {
                FetchOutcome::Fetched(bytes) => Settlement { content: Some((media_type(bytes), bytes)), ..nothing },
                FetchOutcome::Retry(why) => Settlement { due_at: retry_at, error: Some(why), ..nothing },
                FetchOutcome::GiveUp(why) => Settlement { error: Some(why), ..nothing },
            };
            if let Some(why) = settled.error {
                tracing::info!(message_id = message.0, attempt, why, "medium not fetched");
            }
            Ok(media::settle(tx, &settled).await?)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_is_tried_for_about_an_hour() {
        let minutes = WAITS.iter().map(|wait| wait.as_secs()).sum::<i64>() / 60;
        assert!((55..60).contains(&minutes), "{minutes}");
    }
}
