//! PostgreSQL for real processes: a database of one's own on the tests' server, or a whole server that can be stopped.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{free_port, fresh_folder, next_number, signal, until};
use crate::support::skip::skip;

/// How long a server of a test may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A database, and where it can be removed.
#[derive(Clone)]
pub struct Database {
    pub url: String,
    server: String,
    name: String,
}

impl Database {
    /// A new database on the PostgreSQL that was started for the tests.
    pub async fn on_shared_server() -> Self {
        Self::on(&crate::support::postgres_server()).await
    }

    /// A new database on the server of that connection string.
    pub async fn on(server: &str) -> Self {
        Self::made_on(server, "").await
    }

    async fn made_on(server: &str, options: &str) -> Self {
        let name = format!("process_{}_{}", std::process::id(), next_number());
        run(server, &format!("CREATE DATABASE {name} {options}")).await.expect("the tests may make databases");
        let (start, query) = server.split_once('?').unwrap_or((server, ""));
        let (host, _) = start.rsplit_once('/').expect("postgres://USER@HOST/DATABASE");
        Self { url: format!("{host}/{name}?{query}"), server: server.to_owned(), name }
    }

    pub async fn remove(self) {
        let _ = run(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
    }
}

async fn run(server: &str, statement: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(statement).await
}

/// A PostgreSQL server of one test.
pub struct Cluster {
    pub url: String,
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    user: Option<&'static str>,
}

impl Cluster {
    /// `None`, with a message, where PostgreSQL's programs are not installed.
    pub async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("there is no initdb; ./test installs PostgreSQL");
            return None;
        };
        let (folder, port) = (fresh_folder(), free_port());
        // PostgreSQL refuses to run as root.
        let user = is_root().then_some("postgres");
        if let Some(user) = user {
            let owned = Command::new("chown").arg(user).arg(&folder).status().expect("chown runs");
            assert!(owned.success(), "a folder can be given to {user}");
        }
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let cluster = Self { url, programs, folder, port, user };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"]);
        cluster.go_on().await;
        Some(cluster)
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    /// Starts the server that was stopped.
    pub async fn go_on(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c max_connections=60",
            self.port,
            self.folder.display()
        );
        let log = self.folder.join("log").display().to_string();
        self.run("pg_ctl", &["-D", &self.data(), "-o", &options, "-l", &log, "-W", "start"]);
        until("PostgreSQL answers", START_TIMEOUT, async || run(&self.url, "SELECT 1").await.is_ok()).await;
    }

    /// Has the server encrypt connections with a certificate and its key.
    pub async fn encrypt(&self, certificate: &str, key: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = Path::new(&self.data()).join(name);
            std::fs::write(&path, text).expect("a file of the server");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its own file");
            if let Some(user) = self.user {
                let owned = Command::new("chown").arg(user).arg(&path).status().expect("chown runs");
                assert!(owned.success(), "a file can be given to {user}");
            }
        }
        run(&self.url, "ALTER SYSTEM SET ssl = on").await.expect("a setting");
        run(&self.url, "SELECT pg_reload_conf()").await.expect("the server reads its settings");
        let is_on = async || run(&self.url, "DO $$ BEGIN ASSERT current_setting('ssl') = 'on'; END $$").await.is_ok();
        until("PostgreSQL encrypts", START_TIMEOUT, is_on).await;
    }

    /// Stops the server as a power cut does to its clients: connections break, transactions in flight are gone.
    pub fn cut(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// A new database of which all tables are in `folder`.
    pub async fn database_in(&self, folder: &Path) -> Database {
        if let Some(user) = self.user {
            let owned = Command::new("chown").arg(user).arg(folder).status().expect("chown runs");
            assert!(owned.success(), "a folder can be given to {user}");
        }
        let make = format!("CREATE TABLESPACE elsewhere LOCATION '{}'", folder.display());
        run(&self.url, &make).await.expect("the folder can be used");
        Database::made_on(&self.url, "TABLESPACE elsewhere").await
    }

    /// Ends all connections to the databases of the test.
    pub async fn end_connections(&self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'process%'";
        run(&self.url, end).await.expect("connections can be ended");
    }

    /// Stops all its processes where they are: connections stay open, and nobody answers on them.
    pub fn hang(&self) {
        // The one that makes the others first, so that there are no new ones.
        signal("STOP", &[self.pid()]);
        signal("STOP", &self.children());
    }

    /// Lets the processes go on where they were.
    pub fn unhang(&self) {
        signal("CONT", &self.children());
        signal("CONT", &[self.pid()]);
    }

    fn pid(&self) -> u32 {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("the server runs");
        file.lines().next().and_then(|line| line.trim().parse().ok()).expect("a process id")
    }

    fn children(&self) -> Vec<u32> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        children.split_whitespace().map(|pid| pid.parse().expect("a process id")).collect()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(&program);
                command
            }
            None => Command::new(&program),
        };
        // The server goes on in the background: it must not hold the pipes of this command.
        let out = self.folder.join("out");
        let file = std::fs::File::create(&out).expect("a file for what the program prints");
        let both = file.try_clone().expect("a file can be shared");
        let status = command.args(arguments).current_dir(&self.folder).stdout(file).stderr(both).status();
        let printed = std::fs::read_to_string(&out).unwrap_or_default();
        assert!(status.is_ok_and(|status| status.success()), "{}: {printed}", program.display());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.unhang();
            self.cut();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The folder of the newest PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|version| Some((number(&version.path())?, version.path()))).max()?;
    Some(newest.1.join("bin")).filter(|programs| programs.join("initdb").exists())
}
