//! A command of the caller's beside what is measured: a profiler that looks at the servers while they are loaded, and only then.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::plan::Plan;
use crate::rows;
use crate::scene::Scene;

/// How long it may take to begin.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to write down what it found.
const END_TIMEOUT: Duration = Duration::from_secs(300);
/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The command, while it runs; nothing where the plan has none. It is killed when this is dropped.
pub struct Attached(Option<Child>);

impl Attached {
    /// Starts the plan's command and waits until it says, by a line of output, that it looks. It gets in `WHAT` what is
    /// measured, by `SERVERS` the servers' processes and by `BACKENDS` those that PostgreSQL has for this database.
    pub async fn begin(plan: &Plan, scene: &Scene, what: &str) -> anyhow::Result<Self> {
        let Some(command) = &plan.attach else { return Ok(Self(None)) };
        let mut child = Command::new("sh")
            .args(["-c", command])
            .env("WHAT", what)
            .env("SERVERS", list(scene.servers.iter().map(|server| server.pid())))
            .env("BACKENDS", list(rows::backends(&scene.database.core.db).await?))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("--attach")?;
        let output = child.stdout.take().context("--attach: its output")?;
        let attached = Self(Some(child));
        let read = tokio::task::spawn_blocking(move || BufReader::new(output).read_line(&mut String::new()));
        let bytes = tokio::time::timeout(BEGIN_TIMEOUT, read).await.context("--attach: it does not begin")???;
        ensure!(bytes > 0, "--attach: it ended before it said by a line that it looks");
        Ok(attached)
    }

    /// Closes the command's input, which makes it end, and waits until it has.
    pub async fn end(mut self) -> anyhow::Result<()> {
        let Some(child) = &mut self.0 else { return Ok(()) };
        drop(child.stdin.take());
        let status = tokio::time::timeout(END_TIMEOUT, ended(child)).await.context("--attach: it does not end")??;
        ensure!(status.success(), "--attach: {status}");
        Ok(())
    }
}

async fn ended(child: &mut Child) -> anyhow::Result<ExitStatus> {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn list(pids: impl IntoIterator<Item = u32>) -> String {
    pids.into_iter().map(|pid| pid.to_string()).collect::<Vec<_>>().join(",")
}
