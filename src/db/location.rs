//! Where the rows are: the setting, read, and as people see it.

use std::path::{Path, PathBuf};

use super::{postgres, sqlite_file};

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Location {
    /// The file of a SQLite database; made when absent.
    Sqlite(PathBuf),
    /// A `postgres://` connection string.
    Postgres(String),
}

impl Location {
    /// Reads the setting `AURIX_DATABASE`: `sqlite`, `sqlite:{path}` or `postgres://…`.
    pub fn parse(text: &str, data_dir: &Path) -> Result<Self, String> {
        match text {
            "" | "sqlite" => Ok(Self::Sqlite(data_dir.join("aurix.db"))),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                postgres::check(text).map_err(|why| format!("is no PostgreSQL connection string: {why}"))?;
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => match text.strip_prefix("sqlite:") {
                Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
                None => Err("must be `sqlite`, `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`".to_owned()),
            },
        }
    }

    /// An error where a SQLite database is open somewhere: in a server, or in a command. Other databases are meant to be.
    pub fn ensure_unused(&self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(path) if path.exists() => sqlite_file::open_exclusively(path).map(drop),
            _ => Ok(()),
        }
    }

    /// Where it is, for people: a connection string without its password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(url) => without_password(url),
        }
    }

    /// Whether the process that had a SQLite file did not close it, or has it still.
    pub fn was_stopped_uncleanly(&self) -> bool {
        matches!(self, Self::Sqlite(path) if sqlite_file::has_leftover_log(path))
    }
}

fn without_password(url: &str) -> String {
    let (start, query) = url.split_once('?').map_or((url, None), |(start, query)| (start, Some(query)));
    let (scheme, rest) = start.split_once("://").unwrap_or(("postgres", start));
    let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
    let shown = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let kept: Vec<_> =
        query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.starts_with("password=")).collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    format!("{scheme}://{shown}/{path}{query}")
}
