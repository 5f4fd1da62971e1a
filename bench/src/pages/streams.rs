//! What has no end, or a far one: files to download, and the live stream.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use http_body_util::BodyExt as _;

use super::browser::{Browser, Encoding};
use super::subjects::Subjects;
use crate::clock::moment;
use crate::process::Meter;

/// How long a file is read.
const READ_FOR: Duration = Duration::from_secs(15);

/// A file.
pub struct File {
    /// As the table calls it.
    pub name: &'static str,
    /// The route that serves it.
    pub route: &'static str,
    query: &'static str,
}

const LEADS: &str = "/p/{project}/leads/export.csv";
const LOG: &str = "/p/{project}/integrations/log/export.csv";

/// All files.
pub const FILES: [File; 6] = [
    File { name: "leads.csv", route: LEADS, query: "" },
    File { name: "leads.csv: one campaign", route: LEADS, query: "?campaign=brand&stage=won" },
    File { name: "deliveries.csv", route: LOG, query: "" },
    File { name: "deliveries.csv: failed", route: LOG, query: "?state=failed" },
    File { name: "deliveries.csv: 5xx", route: LOG, query: "?answer=5xx" },
    File { name: "audit.csv", route: "/p/{project}/settings/audit.csv", query: "" },
];

/// What was read of a file.
pub struct Read {
    /// Until its first byte.
    pub first_after: Duration,
    /// Until its first row.
    pub row_after: Duration,
    /// Rows that were read, and whether that was all.
    pub rows: u64,
    /// Whether these were all.
    pub is_whole: bool,
    /// How long that took.
    pub took: Duration,
    /// Processor time of all server processes.
    pub cpu: Duration,
}

impl File {
    /// Reads it, for some time.
    pub async fn read(&self, browser: &Browser, subjects: &Subjects, meter: &Meter) -> anyhow::Result<Read> {
        // A connection of its own: it may be closed in the middle.
        let mut browser = browser.another().await?;
        let path = format!("{}{}", self.route.replace("{project}", &subjects.project), self.query);
        let (before, asked) = (meter.read_exactly()?, moment());
        let mut response = browser.begin(&path, Encoding::Plain).await?;
        ensure!(response.status() == 200, "{path} was answered with {}", response.status());
        let mut read = Read {
            first_after: Duration::ZERO,
            row_after: Duration::ZERO,
            rows: 0,
            is_whole: true,
            took: Duration::ZERO,
            cpu: Duration::ZERO,
        };
        let mut lines = 0_u64;
        while let Some(frame) = response.body_mut().frame().await {
            let Ok(data) = frame.with_context(|| format!("{path} broke off"))?.into_data() else { continue };
            if lines == 0 {
                read.first_after = asked.elapsed();
            }
            lines += data.iter().filter(|byte| **byte == b'\n').count() as u64;
            if lines > 1 && read.rows == 0 {
                read.row_after = asked.elapsed();
            }
            read.rows = lines.saturating_sub(1);
            if asked.elapsed() > READ_FOR {
                read.is_whole = false;
                break;
            }
        }
        read.took = asked.elapsed();
        read.cpu = meter.read_exactly()?.saturating_sub(before);
        Ok(read)
    }
}

/// How long it takes until the live stream has begun, and until it said something.
pub async fn live(browser: &Browser, subjects: &Subjects) -> anyhow::Result<(Duration, Duration)> {
    let mut browser = browser.another().await?;
    let path = format!("/p/{}/stream", subjects.project);
    let asked = moment();
    let mut response = browser.begin(&path, Encoding::Plain).await?;
    ensure!(response.status() == 200, "{path} was answered with {}", response.status());
    let head = asked.elapsed();
    response.body_mut().frame().await.context("a stream that ended")??;
    Ok((head, asked.elapsed()))
}
