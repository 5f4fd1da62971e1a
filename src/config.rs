//! Every setting: its name, default, check and meaning. Each is an environment variable and a flag of the same name.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use crate::db::Location;
use crate::domain::random::Random;
use crate::domain::retry::{Schedule, parse_wait};
use crate::domain::time::SignedDuration;

/// The settings as they were given: read by the command line, checked by [`Settings::check`].
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings (each is also an environment variable)")]
pub struct Settings {
    /// Address to serve on; port 0 picks one and prints it.
    #[arg(long, env = "AURIX_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT", global = true)]
    pub listen: String,
    /// How the outside reaches it: the beginning of every link [default: http:// and the address served on].
    #[arg(long, env = "AURIX_BASE_URL", value_name = "URL", global = true)]
    pub base_url: Option<String>,
    /// Folder of the SQLite file and of the generated key.
    #[arg(long, env = "AURIX_DATA_DIR", default_value = "./aurix-data", value_name = "FOLDER", global = true)]
    pub data_dir: PathBuf,
    /// `sqlite` (a file in the data folder), `sqlite:FILE`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(long, env = "AURIX_DATABASE", default_value = "sqlite", value_name = "WHERE", hide_env_values = true, global = true)]
    pub database: String,
    /// Encrypts webhook secrets, channel tokens and header values at rest [default: generated in the data folder].
    #[arg(long, env = "AURIX_SECRET_KEY", value_name = "TEXT", hide_env_values = true, global = true)]
    pub secret_key: Option<String>,
    /// Networks that deliveries may reach although they are not public, separated by commas: 127.0.0.0/8,10.0.0.0/8.
    #[arg(long, env = "AURIX_ALLOW_NETWORKS", value_name = "CIDRS", global = true)]
    pub allow_networks: Option<String>,
    /// Lets deliveries go to `http:` addresses.
    #[arg(long, env = "AURIX_ALLOW_HTTP", default_value = "false", default_missing_value = "true", num_args = 0..=1, value_name = "BOOL", global = true)]
    pub allow_http: String,
    /// Proxies whose forwarding headers count, separated by commas.
    #[arg(long, env = "AURIX_TRUSTED_PROXIES", value_name = "CIDRS", global = true)]
    pub trusted_proxies: Option<String>,
    /// Waits before each further attempt of a delivery [default: 5s,30s,2m,10m,30m,1h,3h,6h,12h,24h].
    #[arg(long, env = "AURIX_RETRY_SCHEDULE", value_name = "WAITS", global = true)]
    pub retry_schedule: Option<String>,
    /// How long begun work is left to its process: where that dies, the work is taken up again after so long. It has to be
    /// longer than an attempt can take (15s), or a slow one is made twice.
    #[arg(long, env = "AURIX_LEASE", default_value = "30s", value_name = "WAIT", global = true)]
    pub lease: String,
    /// What is logged: a level, or a tracing filter such as `aurix=debug,info`.
    #[arg(long, env = "AURIX_LOG", default_value = "info", value_name = "FILTER", global = true)]
    pub log: String,
    /// How it is logged: `text` or `json`.
    #[arg(long, env = "AURIX_LOG_FORMAT", default_value = "text", value_name = "FORMAT", global = true)]
    pub log_format: String,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// An object a line.
    Json,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to serve on.
    pub listen: SocketAddr,
    /// How the outside reaches it, without a slash at the end.
    pub base_url: String,
    /// Nobody said: the server puts the address there that it got.
    pub base_url_is_default: bool,
    /// Folder of what the process keeps.
    pub data_dir: PathBuf,
    /// Where the rows are.
    pub database: Location,
    /// Given by the operator; otherwise generated, see [`Config::secret`].
    pub secret_key: Option<SecretString>,
    /// Networks that deliveries may reach although they are not public.
    pub allow_networks: Vec<IpNet>,
    /// Whether deliveries may go to `http:`.
    pub allow_http: bool,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// The waits between attempts.
    pub retry_schedule: Schedule,
    /// How long a claimed delivery, reply or turn is left alone.
    pub lease: SignedDuration,
    /// A tracing filter.
    pub log: String,
    /// How the log is written.
    pub log_format: LogFormat,
}

/// A setting that cannot be used: one line that names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct InvalidSetting {
    /// Its environment variable.
    pub setting: &'static str,
    problem: String,
}

impl Settings {
    /// Checks every setting; the first wrong one is named.
    pub fn check(self) -> Result<Config, InvalidSetting> {
        let wrong = |setting, problem: String| InvalidSetting { setting, problem };
        let listen = self.listen.parse().map_err(|_| {
            wrong("AURIX_LISTEN", format!("{:?} is no address: write HOST:PORT, for example 127.0.0.1:8080", self.listen))
        })?;
        let base_url = self.base_url.as_deref().map(base_url).transpose().map_err(|why| wrong("AURIX_BASE_URL", why))?;
        let database =
            Location::parse(&self.database, &self.data_dir).map_err(|why| wrong("AURIX_DATABASE", why))?;
        let nets = |setting, text: &Option<String>| networks(text.as_deref()).map_err(|why| wrong(setting, why));
        let schedule = self.retry_schedule.as_deref().map(Schedule::parse).transpose();
        let log_format = match self.log_format.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => return Err(wrong("AURIX_LOG_FORMAT", format!("{other:?} is neither `text` nor `json`"))),
        };
        tracing_subscriber::EnvFilter::try_new(&self.log).map_err(|error| wrong("AURIX_LOG", error.to_string()))?;
        Ok(Config {
            listen,
            base_url_is_default: base_url.is_none(),
            base_url: base_url.unwrap_or_else(|| format!("http://localhost:{}", listen.port())),
            allow_networks: nets("AURIX_ALLOW_NETWORKS", &self.allow_networks)?,
            allow_http: yes_or_no(&self.allow_http).map_err(|why| wrong("AURIX_ALLOW_HTTP", why))?,
            trusted_proxies: nets("AURIX_TRUSTED_PROXIES", &self.trusted_proxies)?,
            retry_schedule: schedule
                .map_err(|error| wrong("AURIX_RETRY_SCHEDULE", error.to_string()))?
                .unwrap_or_default(),
            lease: lease(&self.lease).map_err(|why| wrong("AURIX_LEASE", why))?,
            secret_key: self.secret_key.filter(|key| !key.is_empty()).map(SecretString::from),
            database,
            data_dir: self.data_dir,
            log: self.log,
            log_format,
        })
    }
}

fn base_url(text: &str) -> Result<String, String> {
    let fault = || format!("{text:?} is no address: write http:// or https:// and a host, for example https://aurix.example.com");
    let url = url::Url::parse(text).map_err(|_| fault())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.query().is_some() {
        return Err(fault());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn networks(text: Option<&str>) -> Result<Vec<IpNet>, String> {
    let items = text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let address = || item.parse::<std::net::IpAddr>().map(IpNet::from).ok();
            item.parse().ok().or_else(address).ok_or_else(|| format!("{item:?} is no network: write it like 10.0.0.0/8"))
        })
        .collect()
}

fn lease(text: &str) -> Result<SignedDuration, String> {
    let wait = parse_wait(text).map_err(|error| error.to_string())?;
    SignedDuration::try_from(wait).map_err(|error| error.to_string())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "on" | "yes" => Ok(true),
        "" | "false" | "0" | "off" | "no" => Ok(false),
        other => Err(format!("{other:?} is neither `true` nor `false`")),
    }
}

impl Default for Config {
    /// What holds where nothing is set.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: "http://localhost:8080".to_owned(),
            base_url_is_default: true,
            data_dir: PathBuf::from("./aurix-data"),
            database: Location::Sqlite(PathBuf::from("./aurix-data/aurix.db")),
            secret_key: None,
            allow_networks: Vec::new(),
            allow_http: false,
            trusted_proxies: Vec::new(),
            retry_schedule: Schedule::default(),
            lease: SignedDuration::from_secs(30),
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

impl Config {
    /// The operator's key, or the one in the data folder, which is made at the first call.
    pub fn secret(&self, random: &Random) -> anyhow::Result<String> {
        std::fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("AURIX_DATA_DIR: cannot make the folder {}", self.data_dir.display()))?;
        if let Some(key) = &self.secret_key {
            return Ok(key.expose_secret().to_owned());
        }
        let path = self.data_dir.join("secret.key");
        if let Ok(key) = std::fs::read_to_string(&path) {
            return Ok(key.trim().to_owned());
        }
        // Linked into place whole: of two processes that start at once, one makes the key and both read it.
        let draft = self.data_dir.join(format!("secret.key.{}", random.token("", 12)));
        write_private(&draft, &random.token("", 43)).context("writing a new secret key")?;
        let _ = std::fs::hard_link(&draft, &path);
        let _ = std::fs::remove_file(&draft);
        let key = std::fs::read_to_string(&path).with_context(|| format!("reading the secret key {}", path.display()))?;
        Ok(key.trim().to_owned())
    }
}

fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
