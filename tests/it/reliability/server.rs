//! A real `aurix serve` process in a folder of its own: started, asked, commanded, killed and started again on one port.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use aurix::db::{Db, Location};
use aurix::net::{self, AddressPolicy, Resolver};
use serde_json::Value;

use super::database::Database;
use super::{free_port, fresh_folder, until};

/// How long a process may take to start or to stop where a test does not say otherwise.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(30);
/// The operator's key.
pub const SECRET: &str = "the secret of the tests";
/// The server's log is this much, in characters, where a test fails.
const LOG_TAIL: usize = 4_000;

/// A server that may be running or not.
pub struct Server {
    pub base_url: String,
    pub data_dir: PathBuf,
    pub client: net::Client,
    port: u16,
    database: Option<Database>,
    settings: Vec<(&'static str, String)>,
    process: Option<Child>,
}

impl Server {
    pub fn on_sqlite() -> Self {
        Self::new(None)
    }

    pub async fn on_postgres() -> Self {
        Self::new(Some(Database::on_shared_server().await))
    }

    pub fn new(database: Option<Database>) -> Self {
        let port = free_port();
        let client = net::Client::new(AddressPolicy::trusted(), Resolver::System, net::Options::default());
        let base_url = format!("http://127.0.0.1:{port}");
        Self { base_url, data_dir: fresh_folder(), client, port, database, settings: Vec::new(), process: None }
    }

    pub fn set(mut self, setting: &'static str, value: &str) -> Self {
        self.settings.push((setting, value.to_owned()));
        self
    }

    pub fn location(&self) -> Location {
        match &self.database {
            Some(database) => Location::Postgres(database.url.clone()),
            None => Location::Sqlite(self.data_dir.join("aurix.db")),
        }
    }

    /// The rows, beside whatever the process does with them.
    pub async fn rows(&self) -> Db {
        Db::open(&self.location()).await.expect("the database opens")
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aurix"));
        let database = self.database.as_ref().map_or("sqlite", |database| database.url.as_str());
        command
            .args(arguments)
            .env("AURIX_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("AURIX_DATA_DIR", &self.data_dir)
            .env("AURIX_DATABASE", database)
            .env("AURIX_SECRET_KEY", SECRET)
            .env("AURIX_ALLOW_HTTP", "true")
            .env("AURIX_RATE_LIMITS", "off")
            .env("AURIX_ALLOW_NETWORKS", "127.0.0.0/8")
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command beside the server and gives what it prints.
    pub fn command(&self, arguments: &[&str]) -> Value {
        let output = self.program(arguments).arg("--json").output().expect("the program is built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error} in {}", text(&output.stdout)))
    }

    /// Starts the process, which needs a moment until it responds.
    pub fn start(&mut self) {
        self.start_as(&["serve"]);
    }

    pub fn start_as(&mut self, arguments: &[&str]) {
        assert!(self.process.is_none(), "it runs already");
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut program = self.program(arguments);
        let process = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        self.process = Some(process.expect("the program is built"));
    }

    /// Starts the process and waits until it says that it is ready.
    pub async fn start_ready(&mut self) {
        self.start();
        until("the server is ready", PROCESS_TIMEOUT, async || self.status_of("/readyz").await == Some(200)).await;
    }

    /// The status that a path is answered with, if it is answered.
    pub async fn status_of(&self, path: &str) -> Option<u16> {
        self.get(path).await.ok().map(|response| response.status)
    }

    pub async fn get(&self, path: &str) -> Result<net::Response, net::SendError> {
        get(&self.client, &format!("{}{path}", self.base_url)).await
    }

    /// `kill -9`, and waits until the process is gone.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("a child can be killed");
        process.wait().expect("a child can be waited for");
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// Memory of the process in KiB: `VmRSS` is in use now, `VmHWM` was in use at most.
    pub fn memory_kib(&self, which: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("the kernel tells it");
        line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().expect("a number")
    }

    /// SIGTERM; gives how the process ended, within `limit`.
    pub async fn stop(&mut self, limit: Duration) -> ExitStatus {
        super::signal("TERM", &[self.pid()]);
        self.ended(limit).await
    }

    /// How the process ended by itself, within `limit`.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let mut process = self.process.take().expect("it runs");
        let mut status = None;
        until("the process ends", limit, async || {
            status = process.try_wait().expect("a child can be asked");
            status.is_some()
        })
        .await;
        status.expect("waited for")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data_dir.join("log")
    }

    /// Ends the test and removes what it left.
    pub async fn end(mut self) {
        if self.process.is_some() {
            self.kill();
        }
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(LOG_TAIL);
            eprintln!("the end of the server's log:\n{}", String::from_utf8_lossy(&log.as_bytes()[tail..]));
        }
    }
}

pub async fn get(client: &net::Client, url: &str) -> Result<net::Response, net::SendError> {
    const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/143.0 Safari/537.36";
    let headers = [("user-agent", BROWSER)];
    client.send(request(net::Method::GET, url, &headers, Vec::new())).await
}

pub fn request(method: net::Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> net::Request {
    net::Request {
        method,
        url: url.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.into(),
        timeout: PROCESS_TIMEOUT,
        response_bytes_max: net::client::RESPONSE_BYTES_MAX,
    }
}
