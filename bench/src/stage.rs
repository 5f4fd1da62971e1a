//! Where it all happens: a folder below the data folder, or databases on a PostgreSQL server. All is removed at the end.

use std::cell::RefCell;
use std::path::PathBuf;

use anyhow::Context as _;
use url::Url;

use crate::program::Program;

use aurix::config::Config;
use aurix::core::Core;
use aurix::db::Location;
use aurix::domain::random::Random;

/// Where databases may be made.
pub struct Place {
    /// The folder that gets a folder for the run.
    pub data_dir: PathBuf,
    /// SQLite, or a PostgreSQL server.
    pub database: Location,
}

/// The databases of a run.
pub struct Stage {
    folder: PathBuf,
    /// The data folder was made for this run.
    made_parent: Option<PathBuf>,
    server: Option<Postgres>,
    program: Program,
}

/// A PostgreSQL server, what this run's databases begin with, and which there are.
struct Postgres {
    url: String,
    prefix: String,
    made: RefCell<Vec<String>>,
}

/// A database, and this process's own way to it.
pub struct Database {
    /// The data folder.
    pub folder: PathBuf,
    /// The setting of the database.
    pub url: String,
    /// The handles.
    pub core: Core,
    /// What runs the servers on it.
    pub program: Program,
}

impl Stage {
    /// Makes the folder, or finds the server. `program` runs the servers of its databases.
    pub async fn make(place: &Place, program: Program) -> anyhow::Result<Self> {
        let token = Random::from_system().token("", 12).to_lowercase();
        let made_parent = (!place.data_dir.exists()).then(|| place.data_dir.clone());
        let parent = std::path::absolute(&place.data_dir)?;
        let folder = parent.join(format!("bench-{token}"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("AURIX_DATA_DIR: cannot make the folder {}", folder.display()))?;
        let server = match &place.database {
            Location::Sqlite(_) => None,
            Location::Postgres(url) => {
                let (url, prefix) = (url.clone(), format!("aurix_bench_{token}_"));
                Some(Postgres { url, prefix, made: RefCell::default() })
            }
        };
        Ok(Self { folder, made_parent, server, program })
    }

    /// What runs the servers.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Whether the databases are on a PostgreSQL server.
    pub fn is_on_server(&self) -> bool {
        self.server.is_some()
    }

    /// A database without anything: its folder and its setting.
    pub async fn empty_database(&self, name: &str) -> anyhow::Result<(PathBuf, String)> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let Some(server) = &self.server else { return Ok((folder, "sqlite".to_owned())) };
        let name = format!("{}{name}", server.prefix);
        server.made.borrow_mut().push(name.clone());
        run(&server.url, &format!("CREATE DATABASE {name}")).await?;
        let mut url = Url::parse(&server.url).context("write it as postgres://USER:PASSWORD@HOST/DATABASE")?;
        url.set_path(&name);
        Ok((folder, url.into()))
    }

    /// A database with its tables.
    pub async fn database(&self, name: &str) -> anyhow::Result<Database> {
        let (folder, url) = self.empty_database(name).await?;
        let config = Config {
            data_dir: folder.clone(),
            database: Location::parse(&url, &folder).map_err(anyhow::Error::msg)?,
            allow_http: true,
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            ..Config::default()
        };
        let program = self.program.clone();
        Ok(Database { folder, url, core: aurix::serve::open(config).await?, program })
    }

    /// Removes all that the run made.
    pub async fn remove(&self) -> anyhow::Result<()> {
        if let Some(server) = &self.server {
            for name in server.made.take() {
                run(&server.url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
            }
        }
        std::fs::remove_dir_all(&self.folder)
            .with_context(|| format!("removing the folder {}", self.folder.display()))?;
        if let Some(parent) = &self.made_parent {
            // Stays where something else has been put into it.
            let _ = std::fs::remove_dir(parent);
        }
        Ok(())
    }
}

impl Database {
    /// Shows PostgreSQL's planner what is in its tables, as its own maintenance does a minute after so many rows came in.
    pub async fn analyze(&self) -> anyhow::Result<()> {
        if let Location::Postgres(url) = &self.core.config.database {
            run(url, "VACUUM (ANALYZE)").await?;
        }
        Ok(())
    }
}

/// Runs a statement on a PostgreSQL, in a connection of its own.
pub async fn run(url: &str, statement: &str) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    let done = client.batch_execute(statement).await;
    driver.abort();
    done.with_context(|| format!("running {statement}"))
}
