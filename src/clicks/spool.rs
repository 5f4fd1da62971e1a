//! The click spool: clicks that could not be stored because the database is unavailable, in a file of JSON lines until
//! [`super::replay`] stores them.
//!
//! Actors: visitors' requests append; the replay rotates the file and reads it; the stop of the process flushes what is in
//! memory. A line is pending (memory), written (`click-spool.jsonl`), replaying (`click-spool.replaying.jsonl`), and then
//! gone, or rejected (`click-spool.rejected.jsonl`) where it can never be stored.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use super::click::Click;
use crate::admission::tally::Tally;
use crate::domain::time::Clock;

/// Size of the file at which clicks are dropped, with an error in the log.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Bytes of clicks in memory, while the file cannot be written either, at which further ones are dropped, with an error in the log.
const MEMORY_BYTES_MAX: usize = 16 << 20;
/// Bytes that are written at once.
const WRITE_BUFFER_BYTES: usize = 64 << 10;
/// How long a stop waits for the disk.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a visitor waits for the disk.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// The spool, in the data folder.
pub struct ClickSpool {
    /// Locked while lines are written or the file is rotated.
    file: Arc<tokio::sync::Mutex<PathBuf>>,
    replaying_file: PathBuf,
    rejected_file: PathBuf,
    lines: Arc<Mutex<Lines>>,
    /// Whether there may be lines or one of the files.
    is_used: Arc<AtomicBool>,
    /// A write exceeded its timeout and has not ended since.
    disk_hangs: AtomicBool,
    /// Clicks that found no room.
    lost: Tally,
    /// One replay at a time.
    pub(super) replaying: Arc<tokio::sync::Mutex<()>>,
}

/// Clicks in memory.
#[derive(Default)]
struct Lines {
    /// Of all lines, those among them that are being written.
    bytes: usize,
    /// Not tried yet.
    fresh: Vec<String>,
    /// Their write failed.
    unwritten: Vec<String>,
}

/// Which lines are written.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// Not those whose write failed: with a full disk every click would try all of them again.
    Fresh,
    All,
}

impl ClickSpool {
    /// Keeps its files in `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            file: Arc::new(tokio::sync::Mutex::new(data_dir.join("click-spool.jsonl"))),
            replaying_file: data_dir.join("click-spool.replaying.jsonl"),
            rejected_file: data_dir.join("click-spool.rejected.jsonl"),
            lines: Arc::default(),
            is_used: Arc::new(AtomicBool::new(true)),
            disk_hangs: AtomicBool::new(false),
            lost: Tally::new(Clock::System, |clicks| {
                tracing::error!(clicks, "the click spool is full; clicks are lost")
            }),
            replaying: Arc::default(),
        }
    }

    /// Appends a click and waits until it is on disk, together with those that come at the same time. Where the write fails
    /// or takes long, the click stays in memory and the visitor's request goes on.
    pub async fn append(&self, click: &Click) {
        if !lock(&self.lines).add(encode_line(click)) {
            self.lost.add();
            return;
        }
        self.is_used.store(true, Ordering::Relaxed);
        if self.disk_hangs.load(Ordering::Relaxed) {
            return;
        }
        match tokio::time::timeout(WRITE_TIMEOUT, self.flush(Which::Fresh)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %format!("{error:#}"), "the click spool cannot be written; clicks stay in memory");
            }
            Err(_) => {
                self.disk_hangs.store(true, Ordering::Relaxed);
                tracing::error!(timeout = ?WRITE_TIMEOUT, "the write of the click spool timed out; clicks stay in memory");
            }
        }
    }

    /// Writes pending lines, of all requests, and returns how many. What cannot be written stays pending. Once begun, it
    /// completes even when the caller is gone.
    pub(super) async fn flush(&self, which: Which) -> anyhow::Result<usize> {
        let path = self.file.clone().lock_owned().await;
        self.disk_hangs.store(false, Ordering::Relaxed);
        // Another request may have written it with its own.
        let mut batch = lock(&self.lines).take(which);
        if batch.is_empty() {
            return Ok(0);
        }
        let (lines, is_used) = (self.lines.clone(), self.is_used.clone());
        let written = tokio::task::spawn_blocking(move || {
            is_used.store(true, Ordering::Relaxed);
            let written = append(&path, &batch);
            let mut lines = lock(&lines);
            written.inspect_err(|_| lines.unwritten.append(&mut batch))?;
            lines.bytes -= bytes_of(&batch);
            Ok(batch.len())
        });
        written.await.context("writing the click spool")?
    }

    /// Whether there may be something to replay.
    pub(super) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Appends a line that can never be stored to the file of rejected ones.
    pub(super) fn reject(&self, line: &[u8]) -> anyhow::Result<()> {
        append(&self.rejected_file, &[line])
    }

    /// Where rejected lines are.
    pub(super) fn rejected_file(&self) -> &Path {
        &self.rejected_file
    }

    /// Writes what is in memory before the process ends. What cannot be written is lost, with an error in the log.
    pub async fn close(&self) {
        self.close_within(CLOSE_TIMEOUT).await;
    }

    async fn close_within(&self, limit: Duration) {
        let flushed = tokio::time::timeout(limit, self.flush(Which::All)).await;
        if let Err(error) = flushed.unwrap_or_else(|_| Err(anyhow::anyhow!("no response within {limit:?}"))) {
            let lines = lock(&self.lines);
            let (clicks, bytes) = (lines.fresh.len() + lines.unwritten.len(), lines.bytes);
            tracing::error!(clicks, bytes, error = %format!("{error:#}"), "the click spool cannot be written at the stop; clicks are lost");
        }
        self.lost.flush();
    }

    /// Rotates the file, so that new clicks go to a fresh one; gives the file to replay, if there is one. One whose replay was
    /// interrupted comes first.
    pub(super) async fn rotate(&self) -> anyhow::Result<Option<&Path>> {
        let file = self.file.clone().lock_owned().await;
        let (replaying, lines, is_used) = (self.replaying_file.clone(), self.lines.clone(), self.is_used.clone());
        let rotated = tokio::task::spawn_blocking(move || {
            if replaying.exists() {
                return Ok(true);
            }
            match std::fs::rename(&*file, &replaying) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // A click may have come in between whose write failed.
                    let lines = lock(&lines);
                    is_used.store(!lines.is_empty(), Ordering::Relaxed);
                    Ok(false)
                }
                renamed => renamed.map(|()| true).context("rotating the click spool"),
            }
        });
        let exists: bool = rotated.await.context("rotating the click spool")??;
        Ok(exists.then_some(self.replaying_file.as_path()))
    }
}

impl Lines {
    /// `false` where there is no room.
    fn add(&mut self, line: String) -> bool {
        let bytes = bytes_of(std::slice::from_ref(&line));
        let fits = self.bytes + bytes <= MEMORY_BYTES_MAX;
        if fits {
            self.bytes += bytes;
            self.fresh.push(line);
        }
        fits
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.unwritten.is_empty()
    }

    /// Their bytes count until they are written.
    fn take(&mut self, which: Which) -> Vec<String> {
        let mut lines = match which {
            Which::Fresh => Vec::new(),
            Which::All => std::mem::take(&mut self.unwritten),
        };
        lines.append(&mut self.fresh);
        lines
    }
}

/// What lines take in memory.
fn bytes_of(lines: &[String]) -> usize {
    lines.iter().map(|line| line.capacity() + size_of::<String>()).sum()
}

/// Nothing panics while it is held; a poisoned lock would still guard a usable value.
fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn encode_line(click: &Click) -> String {
    serde_json::to_string(click).expect("a click is plain data") + "\n"
}

/// Appends lines, all or none. A line that a killed process left unfinished is terminated first, so that it spoils no other.
fn append(path: &Path, lines: &[impl AsRef<[u8]>]) -> anyhow::Result<()> {
    let mut file = File::options().create(true).read(true).append(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    anyhow::ensure!(length < FILE_BYTES_MAX, "{} is full ({FILE_BYTES_MAX} bytes)", path.display());
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let end: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
    let written = write_pieces(&file, end, lines).and_then(|()| file.sync_data());
    // A part that a full disk took is removed again.
    Ok(written.inspect_err(|_| drop(file.set_len(length)))?)
}

/// Through a buffer: all lines in one piece would take their memory once more.
fn write_pieces(file: &File, end: &[u8], lines: &[impl AsRef<[u8]>]) -> std::io::Result<()> {
    let mut buffered = BufWriter::with_capacity(WRITE_BUFFER_BYTES, file);
    buffered.write_all(end)?;
    lines.iter().try_for_each(|line| buffered.write_all(line.as_ref()))?;
    buffered.flush()
}

#[cfg(test)]
mod tests;
