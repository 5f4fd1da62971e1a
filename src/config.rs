//! Every setting: its name, default, check and meaning. Each is an environment variable and a flag of the same name.

mod acme;
mod listed;
mod llm;
mod mail;
mod otlp;
mod parse;
mod secret;
mod sign_in;

pub use acme::{Acme, AcmeSettings};
pub use listed::{GROUPS, Setting, settings};
use llm::llm_endpoint;
use mail::mail_server;
pub use otlp::Otlp;
use otlp::otlp;
use parse::{
    base_url, drain, keep_alive, listen, log_filter, log_format, metrics_token, networks, rates, secret_key, size,
    wait, yes_or_no,
};
pub use secret::credential;
pub use sign_in::{OidcProvider, OpenConsole};
use sign_in::{header_name, oidc_provider};
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use secrecy::SecretString;

use crate::db::Location;
use crate::domain::rates::Rates;
use crate::domain::retention::Retention;
use crate::domain::retry::Schedule;
use crate::domain::time::SignedDuration;
use crate::llm::Endpoint;
use crate::smtp::MailServer;

/// The settings as they were given: read by the command line, checked by [`Settings::check`]. An empty one is as good as
/// none: files that set variables often name them all.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address to serve on; port 0 picks one and prints it [default: 127.0.0.1:8080; port 443 of all addresses with AURIX_ACME_DOMAIN].
    #[arg(long, env = "AURIX_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// TLS built in.
    #[command(flatten)]
    pub acme: AcmeSettings,
    /// How the outside reaches it: the beginning of every link [default: http:// and the address served on; https:// and the first
    /// of AURIX_ACME_DOMAIN].
    #[arg(long, env = "AURIX_BASE_URL", value_name = "URL")]
    pub base_url: Option<String>,
    /// Folder of the SQLite file and of the generated key.
    #[arg(long, env = "AURIX_DATA_DIR", default_value = "./aurix-data", value_name = "FOLDER")]
    pub data_dir: String,
    /// `sqlite` (a file in the data folder), `sqlite:FILE`, or `postgres://USER:PASSWORD@HOST/DATABASE`, with `?sslmode=verify-full`
    /// and `&sslrootcert=FILE` for an encrypted connection to that server alone.
    #[arg(long, env = "AURIX_DATABASE", default_value = "sqlite", value_name = "WHERE", hide_env_values = true)]
    pub database: String,
    /// Encrypts webhook secrets, channel tokens and header values at rest: 12 characters at least, or `@FILE`
    /// [default: generated in the data folder].
    #[arg(long, env = "AURIX_SECRET_KEY", value_name = "TEXT", hide_env_values = true)]
    pub secret_key: Option<String>,
    /// Whoever asks for `/metrics` has to send it as `Authorization: Bearer`: 12 characters at least, or `@FILE`; without it there are none.
    #[arg(long, env = "AURIX_METRICS_TOKEN", value_name = "TEXT", hide_env_values = true)]
    pub metrics_token: Option<String>,
    /// Networks that deliveries may reach although they are not public, separated by commas: 127.0.0.0/8,10.0.0.0/8.
    #[arg(long, env = "AURIX_ALLOW_NETWORKS", value_name = "CIDRS")]
    pub allow_networks: Option<String>,
    /// Lets deliveries go to `http:` addresses.
    #[arg(
        long,
        env = "AURIX_ALLOW_HTTP",
        default_value = "false",
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        value_name = "BOOL"
    )]
    pub allow_http: String,
    /// Proxies whose forwarding headers count, separated by commas.
    #[arg(long, env = "AURIX_TRUSTED_PROXIES", value_name = "CIDRS")]
    pub trusted_proxies: Option<String>,
    /// Header in which a trusted proxy (AURIX_TRUSTED_PROXIES) says who is signed in, by e-mail address: Remote-Email, for example.
    #[arg(long, env = "AURIX_AUTH_HEADER", value_name = "HEADER")]
    pub auth_header: Option<String>,
    /// Address of an OpenID Connect provider that signs people in: its issuer, with AURIX_OIDC_CLIENT_ID and AURIX_OIDC_CLIENT_SECRET.
    #[arg(long, env = "AURIX_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// How that provider knows Aurix.
    #[arg(long, env = "AURIX_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// What Aurix proves itself with to that provider; or `@FILE`.
    #[arg(long, env = "AURIX_OIDC_CLIENT_SECRET", value_name = "TEXT", hide_env_values = true)]
    pub oidc_client_secret: Option<String>,
    /// Domains of e-mail addresses, separated by commas, that get an account when that provider vouches for them. Others need an
    /// account or an invitation.
    #[arg(long, env = "AURIX_OIDC_DOMAINS", value_name = "DOMAINS")]
    pub oidc_domains: Option<String>,
    /// Mail server that alerts, invitations and links for a new password are sent by: `smtp://USER:PASSWORD@HOST:587` (STARTTLS), or
    /// `smtps://…`; or `@FILE`. Nothing needs one.
    #[arg(long, env = "AURIX_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Who these mails are from, beside AURIX_SMTP_URL: `Aurix <aurix@example.com>`.
    #[arg(long, env = "AURIX_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Waits before each further attempt of a delivery [default: 5s,30s,2m,10m,30m,1h,3h,6h,12h,24h].
    #[arg(long, env = "AURIX_RETRY_SCHEDULE", value_name = "WAITS")]
    pub retry_schedule: Option<String>,
    /// How long begun work is left to its process: where that dies, the work is taken up again after so long. It has to be
    /// longer than an attempt can take (15s), or a slow one is made twice.
    #[arg(long, env = "AURIX_LEASE", default_value = "30s", value_name = "WAIT")]
    pub lease: String,
    /// How long a server that was asked to stop goes on serving: /readyz says that it is not ready, so that a load balancer
    /// sends new requests elsewhere. Give it a little more than the balancer takes to notice.
    #[arg(long, env = "AURIX_DRAIN", default_value = "0s", value_name = "WAIT")]
    pub drain: String,
    /// How long a connection without a request is kept open. Give it more than the idle timeout of the load balancer in front (60 s
    /// is usual), or the balancer's next request meets a closed connection.
    #[arg(long, env = "AURIX_KEEP_ALIVE", default_value = "75s", value_name = "WAIT")]
    pub keep_alive: String,
    /// Bytes of request bodies that may be in memory at the same time (`64MiB`). What comes beyond gets 503 and `Retry-After`.
    #[arg(long, env = "AURIX_BODY_MEMORY", default_value = "64MiB", value_name = "SIZE")]
    pub body_memory: String,
    /// Requests a minute and node beyond which a source gets 429: `clicks` of an address on a widget, `guesses` of keys and verify
    /// tokens from an address, `calls` and webhook `tests` with a key, `chats` that an address opens by a widget, `messages` of one chat. `off` for no limit [default:
    /// clicks=1200,guesses=60,calls=3000,tests=10,chats=120,messages=20].
    #[arg(long, env = "AURIX_RATE_LIMITS", value_name = "RATES")]
    pub rate_limits: Option<String>,
    /// How long what grows is kept, where a project does not say so itself: `clicks=400d,events=90d,messages=forever`, and
    /// `attempts` for the log of what was sent and answered [default: attempts=30d, all else forever].
    #[arg(long, env = "AURIX_RETENTION", value_name = "PERIODS")]
    pub retention: Option<String>,
    /// How long a conversation has to be silent before webhooks get `lead.created` of somebody who left a contact detail and no
    /// name, and before somebody who was asked whether all is right has agreed.
    #[arg(long, env = "AURIX_LEAD_SILENCE", default_value = "15m", value_name = "WAIT")]
    pub lead_silence: String,
    /// OpenAI-compatible server of a language model that helps the agent, up to `/chat/completions`: `https://api.example.com/v1`, or
    /// http://localhost:11434/v1 (Ollama). None: the built-in agent alone.
    #[arg(long, env = "AURIX_LLM_BASE_URL", value_name = "URL")]
    pub llm_base_url: Option<String>,
    /// Name of the model, as that server knows it.
    #[arg(long, env = "AURIX_LLM_MODEL", value_name = "NAME")]
    pub llm_model: Option<String>,
    /// Key for that server, or `@FILE`. A local one needs none.
    #[arg(long, env = "AURIX_LLM_API_KEY", value_name = "TEXT", hide_env_values = true)]
    pub llm_api_key: Option<String>,
    /// Headers for that server besides the key, separated by semicolons (`api-key: 123; x-team: shop`), or `@FILE`.
    #[arg(long, env = "AURIX_LLM_HEADERS", value_name = "HEADERS", hide_env_values = true)]
    pub llm_headers: Option<String>,
    /// JSON object that is merged into the body of each request to it: `{"reasoning_effort":"low"}`.
    #[arg(long, env = "AURIX_LLM_EXTRA", value_name = "JSON")]
    pub llm_extra: Option<String>,
    /// Milliseconds that the model may take for a turn, from 100 to 15000; then the built-in agent answers [default: 12000].
    #[arg(long, env = "AURIX_LLM_TIMEOUT_MS", value_name = "MS")]
    pub llm_timeout_ms: Option<String>,
    /// Collector that traces are sent to, by OTLP over HTTP: `http://localhost:4318`. None: there are no traces. What else there is to say
    /// of them, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS say, as everywhere.
    #[arg(long, env = "AURIX_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// What is logged: a level, or a tracing filter such as `aurix=debug,info`.
    #[arg(long, env = "AURIX_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// How it is logged: `text` or `json`.
    #[arg(long, env = "AURIX_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
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
    /// TLS built in, where there is a domain for it.
    pub acme: Option<Acme>,
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
    /// What whoever asks for the metrics has to send.
    pub metrics_token: Option<SecretString>,
    /// Networks that deliveries may reach although they are not public.
    pub allow_networks: Vec<IpNet>,
    /// Whether deliveries may go to `http:`.
    pub allow_http: bool,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: Vec<IpNet>,
    /// The provider that signs people in besides passwords.
    pub oidc: Option<OidcProvider>,
    /// Whether the console wants no password. No setting: only the demo has it.
    pub open_console: Option<OpenConsole>,
    /// The header in which a trusted proxy says who is signed in.
    pub auth_header: Option<axum::http::HeaderName>,
    /// The mail server, where there is one.
    pub mail: Option<MailServer>,
    /// The language model, where there is one.
    pub llm: Option<Endpoint>,
    /// The waits between attempts.
    pub retry_schedule: Schedule,
    /// How long a claimed delivery, reply or turn is left alone.
    pub lease: SignedDuration,
    /// How long a conversation is silent before its lead is told although no name is known.
    pub lead_silence: SignedDuration,
    /// How long requests are accepted after the process was asked to stop.
    pub drain: Duration,
    /// How long a connection without a request is kept open.
    pub keep_alive: Duration,
    /// Bytes of request bodies in memory.
    pub body_memory: usize,
    /// Requests a minute and source.
    pub rate_limits: Rates,
    /// How long what grows is kept.
    pub retention: Retention,
    /// Where traces go, where there is a place for them.
    pub otlp: Option<Otlp>,
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
        let holds = Config::default();
        let base_url = checked("AURIX_BASE_URL", self.base_url.as_deref(), base_url)?;
        let acme = acme::acme(&self.acme, base_url.as_deref())?;
        let base_url = base_url.or_else(|| acme.as_ref().map(Acme::base_url));
        let listen = checked("AURIX_LISTEN", self.listen.as_deref(), listen)?;
        let listen = listen.unwrap_or_else(|| acme.as_ref().map_or(holds.listen, |_| Acme::listen_default()));
        let data_dir = given(Some(&self.data_dir)).map_or(holds.data_dir, PathBuf::from);
        let in_data_dir = |text: &str| Location::parse(text, &data_dir);
        let database = checked("AURIX_DATABASE", Some(&self.database), |text| in_data_dir(&credential(text)?))?;
        let parse_retention = |text: &str| Retention::parse(text).map_err(|error| error.to_string());
        let parse_waits = |text: &str| Schedule::parse(text).map_err(|error| error.to_string());
        Ok(Config {
            base_url_is_default: base_url.is_none(),
            base_url: base_url.unwrap_or_else(|| format!("http://localhost:{}", listen.port())),
            listen,
            acme,
            database: database.unwrap_or_else(|| Location::Sqlite(data_dir.join("aurix.db"))),
            data_dir,
            secret_key: checked("AURIX_SECRET_KEY", self.secret_key.as_deref(), secret_key)?,
            metrics_token: checked("AURIX_METRICS_TOKEN", self.metrics_token.as_deref(), metrics_token)?,
            allow_networks: checked("AURIX_ALLOW_NETWORKS", self.allow_networks.as_deref(), networks)?
                .unwrap_or_default(),
            allow_http: checked("AURIX_ALLOW_HTTP", Some(&self.allow_http), yes_or_no)?.unwrap_or(holds.allow_http),
            trusted_proxies: checked("AURIX_TRUSTED_PROXIES", self.trusted_proxies.as_deref(), networks)?
                .unwrap_or_default(),
            oidc: oidc_provider(&self)?,
            open_console: None,
            auth_header: checked("AURIX_AUTH_HEADER", self.auth_header.as_deref(), header_name)?,
            mail: mail_server(&self)?,
            llm: llm_endpoint(&self)?,
            retry_schedule: checked("AURIX_RETRY_SCHEDULE", self.retry_schedule.as_deref(), parse_waits)?
                .unwrap_or(holds.retry_schedule),
            lease: checked("AURIX_LEASE", Some(&self.lease), wait)?.unwrap_or(holds.lease),
            lead_silence: checked("AURIX_LEAD_SILENCE", Some(&self.lead_silence), wait)?.unwrap_or(holds.lead_silence),
            drain: checked("AURIX_DRAIN", Some(&self.drain), drain)?.unwrap_or(holds.drain),
            keep_alive: checked("AURIX_KEEP_ALIVE", Some(&self.keep_alive), keep_alive)?.unwrap_or(holds.keep_alive),
            body_memory: checked("AURIX_BODY_MEMORY", Some(&self.body_memory), size)?.unwrap_or(holds.body_memory),
            rate_limits: checked("AURIX_RATE_LIMITS", self.rate_limits.as_deref(), rates)?.unwrap_or(holds.rate_limits),
            retention: checked("AURIX_RETENTION", self.retention.as_deref(), parse_retention)?
                .unwrap_or(holds.retention),
            otlp: otlp(&self)?,
            log: checked("AURIX_LOG", Some(&self.log), log_filter)?.unwrap_or(holds.log),
            log_format: checked("AURIX_LOG_FORMAT", Some(&self.log_format), log_format)?.unwrap_or(holds.log_format),
        })
    }
}

/// What was said about a setting, unless it is blank.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn checked<T>(
    setting: &'static str,
    text: Option<&str>,
    check: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, InvalidSetting> {
    // A problem that quotes what was given stays on its line.
    let wrong = |problem: String| InvalidSetting { setting, problem: problem.replace(['\r', '\n'], " ") };
    given(text).map(check).transpose().map_err(wrong)
}

impl Default for Config {
    /// What holds where nothing is set.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            acme: None,
            base_url: "http://localhost:8080".to_owned(),
            base_url_is_default: true,
            data_dir: PathBuf::from("./aurix-data"),
            database: Location::Sqlite(PathBuf::from("./aurix-data/aurix.db")),
            secret_key: None,
            metrics_token: None,
            allow_networks: Vec::new(),
            allow_http: false,
            trusted_proxies: Vec::new(),
            oidc: None,
            open_console: None,
            auth_header: None,
            mail: None,
            llm: None,
            retry_schedule: Schedule::default(),
            lease: SignedDuration::from_secs(30),
            lead_silence: SignedDuration::from_mins(15),
            drain: Duration::ZERO,
            keep_alive: Duration::from_secs(75),
            body_memory: 64 << 20,
            rate_limits: Rates::default(),
            retention: Retention::default(),
            otlp: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}
