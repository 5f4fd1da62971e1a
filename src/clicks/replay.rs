//! Replays the click spool into the database once that is available again. Replaying twice stores nothing twice.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::Context as _;

use super::Clicks;
use super::click::Click;
use super::spool::{Which, encode_line};
use super::writer::store_spooled;
use crate::db::Error;
use crate::notifier::Work;

/// Clicks stored in one transaction.
const BATCH_MAX: usize = 200;

/// Stores the clicks of the spool, and returns how many. Once begun, it goes on when the caller is gone: otherwise a large
/// file would be begun anew again and again.
pub async fn replay(clicks: &Clicks) -> anyhow::Result<usize> {
    if !clicks.spool.is_used() {
        return Ok(0);
    }
    let alone = clicks.spool.replaying.clone().lock_owned().await;
    let clicks = clicks.clone();
    let stored = tokio::spawn(async move {
        let stored = replay_files(&clicks).await;
        drop(alone);
        stored
    });
    stored.await.context("replaying the click spool")?
}

async fn replay_files(clicks: &Clicks) -> anyhow::Result<usize> {
    clicks.spool.flush(Which::All).await.context("writing the click spool")?;
    let mut count = 0;
    while let Some(file) = clicks.spool.rotate().await? {
        count += replay_file(clicks, file).await?;
    }
    if count > 0 {
        clicks.core.notifier.notify(Work::Deliveries);
        tracing::info!(clicks = count, "the click spool is replayed");
    }
    Ok(count)
}

async fn replay_file(clicks: &Clicks, path: &Path) -> anyhow::Result<usize> {
    let file = File::open(path).context("reading the click spool")?;
    let mut lines = BufReader::new(file).split(b'\n');
    let mut count = 0;
    loop {
        let batch: Vec<Vec<u8>> = lines.by_ref().take(BATCH_MAX).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        count += replay_batch(clicks, batch).await?;
    }
    std::fs::remove_file(path).context("removing the replayed click spool")?;
    Ok(count)
}

async fn replay_batch(clicks: &Clicks, lines: Vec<Vec<u8>>) -> anyhow::Result<usize> {
    let (mut batch, mut rejected) = (Vec::new(), Vec::new());
    for line in lines.into_iter().filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<Click>(&line) {
            Ok(click) => batch.push(click),
            // Left unfinished by a process that was killed while it wrote: its visitor was never answered.
            Err(_) => rejected.push([line.as_slice(), b"\n"].concat()),
        }
    }
    let mut count = batch.len();
    match store(clicks, batch.clone()).await {
        Err(error) if Error::is_unavailable(&error) => return Err(error),
        Err(_) => {
            // One that can never be stored must not keep the others out.
            for click in batch {
                let line = encode_line(&click);
                match store(clicks, vec![click]).await {
                    Err(error) if Error::is_unavailable(&error) => return Err(error),
                    Err(error) => {
                        let file = clicks.spool.rejected_file().display();
                        tracing::error!(error = %format!("{error:#}"), %file, "a spooled click cannot be stored; it is rejected");
                        rejected.push(line.into_bytes());
                        count -= 1;
                    }
                    Ok(()) => {}
                }
            }
        }
        Ok(()) => {}
    }
    rejected.iter().try_for_each(|line| clicks.spool.reject(line))?;
    Ok(count)
}

async fn store(clicks: &Clicks, batch: Vec<Click>) -> anyhow::Result<()> {
    let core = clicks.core.clone();
    clicks.core.db.write(async move |tx| store_spooled(tx, &core, &batch).await).await
}
