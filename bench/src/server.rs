//! A server process of the `aurix` that is measured.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::clock::moment;
use crate::program::Program;
use crate::stage::Database;
use crate::wire::Wire;

/// How long a server may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a starting server is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// Waits after a failed delivery: a sink that held its responses for too long is asked again at once.
const RETRY_SCHEDULE: &str = "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s";

/// A process that ends when this is dropped.
pub struct Process {
    child: Child,
    /// Stays open, so that the process can go on printing.
    _output: Option<BufReader<ChildStdout>>,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Runs a command and waits until it prints where it listens.
    pub async fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("starting a server")?;
        let output = child.stdout.take().context("the output of a server")?;
        let mut process = Self { child, _output: None, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let read = tokio::task::spawn_blocking(move || {
            let (mut output, mut line) = (BufReader::new(output), String::new());
            output.read_line(&mut line).map(|_| (output, line))
        });
        let (output, line) =
            tokio::time::timeout(START_TIMEOUT, read).await.context("a server does not start")???;
        let Some((_, address)) = line.trim().rsplit_once("http://") else { bail!("a server did not start: see above") };
        process.address = address.parse().with_context(|| format!("reading where a server listens: {line:?}"))?;
        process._output = Some(output);
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `aurix serve`.
pub struct Server {
    process: Process,
    /// From its start to the first response that it is ready.
    pub ready_after: Duration,
}

impl Server {
    /// Starts a server on a database and waits until it is ready.
    pub async fn start(database: &Database) -> anyhow::Result<Self> {
        Self::start_on(&database.program, &database.folder, &database.url).await
    }

    /// [`Server::start`], with the program, the data folder and the setting of the database.
    pub async fn start_on(program: &Program, folder: &Path, database: &str) -> anyhow::Result<Self> {
        Self::start_with(program, (folder, database), &[]).await
    }

    /// [`Server::start_on`], with more settings.
    pub async fn start_with(
        program: &Program,
        (folder, database): (&Path, &str),
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let texts = [
            ["--listen", "127.0.0.1:0"],
            ["--allow-networks", "127.0.0.0/8"],
            ["--retry-schedule", RETRY_SCHEDULE],
            ["--log", "warn"],
            ["--database", database],
        ];
        let mut arguments = vec![OsStr::new("serve"), OsStr::new("--allow-http=true"), OsStr::new("--data-dir")];
        arguments.push(folder.as_os_str());
        arguments.extend(texts.iter().flatten().map(OsStr::new));
        let began = moment();
        let mut command = program.command(&arguments);
        // The load comes from one address. A variable: programs of before the setting are measured too.
        command.env("AURIX_RATE_LIMITS", "off").envs(settings.iter().copied());
        let process = Process::start(command).await?;
        tokio::time::timeout(START_TIMEOUT, until_ready(process.address)).await.context("a server is not ready")?;
        Ok(Self { process, ready_after: began.elapsed() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }
}

async fn until_ready(address: SocketAddr) {
    let mut ask = tokio::time::interval(ASK_EVERY);
    loop {
        ask.tick().await;
        let Ok(mut wire) = Wire::connect(address).await else { continue };
        if wire.exchange(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n", 200).await.is_ok() {
            return;
        }
    }
}
