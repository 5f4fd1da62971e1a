//! Clicks that could not be stored because the database was away: kept in a file, and stored when it is back.

use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;

use crate::app::App;
use crate::db::Error;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::flows::store_clicks::{Click, store_late};
use crate::wake::Work;

/// What the file may grow to; past it clicks are lost, and the log says so.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Clicks that wait in memory while the file cannot be written either; past it clicks are lost, and the log says so.
const LINES_MAX: usize = 10_000;
/// How long a visitor waits for the disk.
const PATIENCE: Duration = Duration::from_secs(1);
/// Clicks stored in one transaction.
const BATCH: usize = 200;
/// How long no click waits for a database that was found away.
const REST: SignedDuration = SignedDuration::from_secs(1);
/// How long the one click that tries again may take before another one does.
const TRIAL: SignedDuration = SignedDuration::from_secs(3);
/// [`Aside::rest_until`] while the database answers.
const NO_REST: i64 = i64::MIN;

/// The files of clicks kept aside, in the data folder.
pub struct Aside {
    /// Held while lines are written or the file is taken away.
    waiting: Arc<tokio::sync::Mutex<PathBuf>>,
    taken: PathBuf,
    refused: PathBuf,
    lines: Arc<Mutex<Lines>>,
    /// Whether there may be lines or one of the files.
    any: Arc<AtomicBool>,
    /// The disk kept a visitor waiting, and has not answered since.
    disk_hangs: AtomicBool,
    /// One at a time stores what was kept.
    storing: Arc<tokio::sync::Mutex<()>>,
    /// The database was found away: until then (microseconds since 1970) clicks are kept aside without trying it.
    rest_until: AtomicI64,
}

/// Clicks that are not in a file yet.
#[derive(Default)]
struct Lines {
    /// Those that nobody has tried to write.
    fresh: Vec<String>,
    /// Those that there was no room for on the disk.
    unwritten: Vec<String>,
}

/// Which lines are written.
#[derive(Clone, Copy)]
enum Which {
    /// Not those that there was no room for: with a full disk every click would try all of them again.
    Fresh,
    All,
}

impl Aside {
    /// Keeps its files in `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            waiting: Arc::new(tokio::sync::Mutex::new(data_dir.join("clicks-aside.jsonl"))),
            taken: data_dir.join("clicks-aside.taken.jsonl"),
            refused: data_dir.join("clicks-aside.refused.jsonl"),
            lines: Arc::default(),
            any: Arc::new(AtomicBool::new(true)),
            disk_hangs: AtomicBool::new(false),
            storing: Arc::default(),
            rest_until: AtomicI64::new(NO_REST),
        }
    }

    /// Whether a click may wait for the database. While that is away one a second may, and the others need not wait.
    pub fn may_try(&self, now: Timestamp) -> bool {
        let until = self.rest_until.load(Ordering::Relaxed);
        if until == NO_REST {
            return true;
        }
        let next = (now + TRIAL).as_microsecond();
        let is_over = until <= now.as_microsecond();
        is_over && self.rest_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether the database was found away a moment ago.
    pub fn is_resting(&self, now: Timestamp) -> bool {
        self.rest_until.load(Ordering::Relaxed) > now.as_microsecond()
    }

    /// The database was found away.
    pub fn database_is_away(&self, now: Timestamp) {
        self.rest_until.store((now + REST).as_microsecond(), Ordering::Relaxed);
    }

    /// The database stored a click.
    pub fn database_answers(&self) {
        self.rest_until.store(NO_REST, Ordering::Relaxed);
    }

    /// Appends a click and waits until it is on disk, together with those that come at the same time. Where that fails or
    /// takes long the click waits in memory: the visitor goes on all the same.
    pub async fn keep(&self, click: &Click) {
        if !lock(&self.lines).add(in_a_line(click)) {
            tracing::error!("{LINES_MAX} clicks wait for the disk already: a click is lost");
            return;
        }
        self.any.store(true, Ordering::Relaxed);
        if self.disk_hangs.load(Ordering::Relaxed) {
            return;
        }
        match tokio::time::timeout(PATIENCE, self.write(Which::Fresh)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %format!("{error:#}"), "clicks could not be kept aside: they wait in memory");
            }
            Err(_) => {
                self.disk_hangs.store(true, Ordering::Relaxed);
                tracing::error!("the disk does not answer within {PATIENCE:?}: clicks wait in memory");
            }
        }
    }

    /// Writes lines that wait, whoever brought them, and tells how many. What there is no room for goes on waiting. Once
    /// begun it ends also when nobody waits for it any more.
    async fn write(&self, which: Which) -> anyhow::Result<usize> {
        let path = self.waiting.clone().lock_owned().await;
        self.disk_hangs.store(false, Ordering::Relaxed);
        // Somebody else may have written it beside their own.
        let mut group = lock(&self.lines).take(which);
        if group.is_empty() {
            return Ok(0);
        }
        let (lines, any) = (self.lines.clone(), self.any.clone());
        let written = tokio::task::spawn_blocking(move || {
            any.store(true, Ordering::Relaxed);
            let written = append(&path, group.concat().as_bytes());
            let count = group.len();
            written.inspect_err(|_| lock(&lines).unwritten.append(&mut group))?;
            Ok(count)
        });
        written.await.context("writing")?
    }

    /// Writes what waits in memory before the process ends. What there is no room for is lost, and the log says so.
    pub async fn end(&self) {
        if let Err(error) = self.write(Which::All).await {
            let clicks = lock(&self.lines).unwritten.len();
            tracing::error!(clicks, error = %format!("{error:#}"), "clicks that waited in memory are lost");
        }
    }

    /// Takes the file away, so that new clicks go to a fresh one, and tells whether there is one. What was taken before
    /// and not finished comes first.
    async fn take(&self) -> anyhow::Result<bool> {
        let waiting = self.waiting.clone().lock_owned().await;
        let (taken, lines, any) = (self.taken.clone(), self.lines.clone(), self.any.clone());
        let took = tokio::task::spawn_blocking(move || {
            if taken.exists() {
                return Ok(true);
            }
            match std::fs::rename(&*waiting, &taken) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // A click may have come in between that there was no room for.
                    let lines = lock(&lines);
                    any.store(!lines.is_empty(), Ordering::Relaxed);
                    Ok(false)
                }
                renamed => renamed.map(|()| true).context("taking the clicks that were kept aside"),
            }
        });
        took.await.context("taking")?
    }
}

impl Lines {
    /// `false` where there are too many.
    fn add(&mut self, line: String) -> bool {
        let fits = self.fresh.len() + self.unwritten.len() < LINES_MAX;
        if fits {
            self.fresh.push(line);
        }
        fits
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.unwritten.is_empty()
    }

    fn take(&mut self, which: Which) -> Vec<String> {
        let mut lines = match which {
            Which::Fresh => Vec::new(),
            Which::All => std::mem::take(&mut self.unwritten),
        };
        lines.append(&mut self.fresh);
        lines
    }
}

/// Nothing panics while it is held; a poisoned lock would still guard a usable value.
fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

fn in_a_line(click: &Click) -> String {
    serde_json::to_string(click).expect("a click is plain data") + "\n"
}

/// Appends lines, all or none. One that a killed process left unfinished is ended first, so that it spoils no other.
fn append(path: &Path, line: &[u8]) -> anyhow::Result<()> {
    let mut file = File::options().create(true).read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    anyhow::ensure!(length < FILE_BYTES_MAX, "{} is full ({FILE_BYTES_MAX} bytes)", path.display());
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let end: &[u8] = if last == *b"\n" { b"" } else { b"\n" };
    let written = file.write_all(&[end, line].concat()).and_then(|()| file.sync_data());
    // What a full disk took of them is taken back.
    Ok(written.inspect_err(|_| drop(file.set_len(length)))?)
}

/// Stores the clicks that were kept aside, and tells how many. Doing it twice stores nothing twice. Once begun it goes on also
/// when nobody waits for it any more: otherwise a large file would be begun anew again and again.
pub async fn store_kept_aside(app: &App) -> anyhow::Result<usize> {
    if !app.aside.any.load(Ordering::Relaxed) {
        return Ok(0);
    }
    let alone = app.aside.storing.clone().lock_owned().await;
    let app = app.clone();
    let stored = tokio::spawn(async move {
        let stored = store_files(&app).await;
        drop(alone);
        stored
    });
    stored.await.context("storing the clicks that were kept aside")?
}

async fn store_files(app: &App) -> anyhow::Result<usize> {
    app.aside.write(Which::All).await.context("writing the clicks that wait in memory")?;
    let mut count = 0;
    while app.aside.take().await? {
        count += store_taken(app).await?;
    }
    if count > 0 {
        app.wake.ring(Work::Deliveries);
        tracing::info!(clicks = count, "clicks that were kept aside are stored");
    }
    Ok(count)
}

async fn store_taken(app: &App) -> anyhow::Result<usize> {
    let file = File::open(&app.aside.taken).context("reading the clicks that were kept aside")?;
    let mut lines = BufReader::new(file).split(b'\n');
    let mut count = 0;
    loop {
        let batch: Vec<Vec<u8>> = lines.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        count += store_batch(app, batch).await?;
    }
    std::fs::remove_file(&app.aside.taken).context("removing the clicks that were stored late")?;
    Ok(count)
}

async fn store_batch(app: &App, lines: Vec<Vec<u8>>) -> anyhow::Result<usize> {
    let (mut clicks, mut refused) = (Vec::new(), Vec::new());
    for line in lines.into_iter().filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<Click>(&line) {
            Ok(click) => clicks.push(click),
            // Left unfinished by a process that was killed while it wrote: its visitor was never answered.
            Err(_) => refused.push([line.as_slice(), b"\n"].concat()),
        }
    }
    let mut count = clicks.len();
    match store_all(app, clicks.clone()).await {
        Err(error) if Error::is_unavailable(&error) => return Err(error),
        Err(_) => {
            // One that can never be stored must not keep the others out.
            for click in clicks {
                let line = in_a_line(&click);
                match store_all(app, vec![click]).await {
                    Err(error) if Error::is_unavailable(&error) => return Err(error),
                    Err(error) => {
                        tracing::error!(error = %format!("{error:#}"), file = %app.aside.refused.display(), "a click that was kept aside cannot be stored");
                        refused.push(line.into_bytes());
                        count -= 1;
                    }
                    Ok(()) => {}
                }
            }
        }
        Ok(()) => {}
    }
    refused.iter().try_for_each(|line| append(&app.aside.refused, line))?;
    Ok(count)
}

async fn store_all(app: &App, clicks: Vec<Click>) -> anyhow::Result<()> {
    app.db.write(async move |tx| store_late(tx, &clicks).await).await
}

#[cfg(test)]
mod tests;
