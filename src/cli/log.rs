//! Where the program logs to.

use std::io::IsTerminal as _;

use crate::config::{Config, LogFormat};
use crate::traces::Traces;

/// The server logs to standard error; the commands only what is wrong, and what they do to the tables of an older database.
pub fn start(config: &Config, serves: bool, traces: Option<&Traces>) {
    let filter = if serves { config.log.as_str() } else { "warn,aurix::db::migrate=info" };
    let ansi = std::io::stderr().is_terminal();
    if let Some(traces) = traces {
        let subscriber = traces.subscriber(filter, config.log_format, ansi, std::io::stderr);
        return tracing::dispatcher::set_global_default(subscriber).expect("nothing logs yet");
    }
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // These are printed to standard error too: with a full disk behind it, that would end the thread that logs.
        .log_internal_errors(false)
        .with_ansi(ansi);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
