//! Clicks that could not be stored because the database was away: kept in a file, and stored when it is back.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use crate::app::App;
use crate::flows::record_click::{Click, store_late};

/// What the file may grow to; past it clicks are lost, and the log says so.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Clicks stored in one transaction.
const BATCH: usize = 200;

/// The files of clicks kept aside, in the data folder.
#[derive(Clone)]
pub struct Aside {
    /// Held while a line is written or the file is taken away.
    waiting: Arc<Mutex<PathBuf>>,
    taken: PathBuf,
    refused: PathBuf,
}

impl Aside {
    /// Keeps its files in `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            waiting: Arc::new(Mutex::new(data_dir.join("clicks-aside.jsonl"))),
            taken: data_dir.join("clicks-aside.taken.jsonl"),
            refused: data_dir.join("clicks-aside.refused.jsonl"),
        }
    }

    /// Appends a click and waits until it is on disk. A failure is logged: the visitor goes on all the same.
    pub async fn keep(&self, click: &Click) {
        let line = serde_json::to_string(click).expect("a click is plain data") + "\n";
        let waiting = self.waiting.clone();
        let written = tokio::task::spawn_blocking(move || {
            let path = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            append(&path, &line)
        });
        if let Err(error) = written.await.context("writing").and_then(|result| result) {
            tracing::error!(error = %format!("{error:#}"), "a click could not be kept aside: it is lost");
        }
    }

    /// Takes the file away, so that new clicks go to a fresh one, and gives its text. What was taken before and not
    /// finished comes first.
    fn take(&self) -> anyhow::Result<Option<String>> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.taken.exists() {
            match std::fs::rename(&*waiting, &self.taken) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                renamed => renamed.context("taking the clicks that were kept aside")?,
            }
        }
        Ok(Some(std::fs::read_to_string(&self.taken).context("reading the clicks that were kept aside")?))
    }
}

fn append(path: &Path, line: &str) -> anyhow::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    anyhow::ensure!(file.metadata()?.len() < FILE_BYTES_MAX, "{} is full ({FILE_BYTES_MAX} bytes)", path.display());
    file.write_all(line.as_bytes())?;
    Ok(file.sync_data()?)
}

/// Stores the clicks that were kept aside, and tells how many. Doing it twice stores nothing twice.
pub async fn store_kept_aside(app: &App) -> anyhow::Result<usize> {
    let Some(text) = app.aside.take()? else { return Ok(0) };
    let mut clicks = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match serde_json::from_str::<Click>(line) {
            Ok(click) => clicks.push(click),
            // The last line of a process that was killed while it wrote: its visitor was never answered.
            Err(_) => append(&app.aside.refused, &format!("{line}\n"))?,
        }
    }
    let count = clicks.len();
    for batch in clicks.chunks(BATCH) {
        let batch = batch.to_vec();
        app.db
            .write(async move |tx| {
                for click in &batch {
                    store_late(tx, click).await?;
                }
                Ok(())
            })
            .await?;
    }
    std::fs::remove_file(&app.aside.taken).context("removing the clicks that were stored late")?;
    app.wake.ring();
    tracing::info!(clicks = count, "clicks that were kept aside are stored");
    Ok(count)
}
