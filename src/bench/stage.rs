//! Where it all happens: a folder below the data folder or databases on a PostgreSQL server, removed at the end, with a project.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use url::Url;

use super::process::Meter;
use super::server::Server;
use super::sink::HELD_PATH;
use crate::app::App;
use crate::config::Config;
use crate::db::Location;
use crate::domain::event::EventType;
use crate::domain::random::Random;
use crate::flows::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use crate::flows::add_webhook::{NewWebhook, add_webhook};
use crate::flows::create_project::{NewProject, create_project};
use crate::flows::create_widget::{NewWidget, create_widget};
use crate::store::{webhooks, widgets};

/// The channel's id at its platform.
pub const PHONE_NUMBER_ID: &str = "100000000000001";
/// The platform signs with it.
pub const APP_SECRET: &str = "the secret of an app that there is not";
/// Databases of one run on a PostgreSQL server.
const DATABASES: [&str; 4] = ["main", "bare", "bare_messages", "new"];

/// The place of a run.
pub struct Stage {
    folder: PathBuf,
    /// The data folder was made for this run.
    made_parent: Option<PathBuf>,
    server: Option<Postgres>,
}

/// A PostgreSQL server and what this run's databases begin with.
struct Postgres {
    url: String,
    prefix: String,
}

/// A database with a project, and this process's own way to it.
pub struct Database {
    /// The data folder.
    pub folder: PathBuf,
    /// The setting of the database.
    pub url: String,
    /// The handles.
    pub app: App,
    /// Row keys and ids.
    pub project: Project,
}

/// What was set up.
#[derive(Clone, Debug)]
pub struct Project {
    /// Row key of the project.
    pub id: i64,
    /// Row key of the channel.
    pub channel: i64,
    /// Row key of the widget.
    pub widget: i64,
    /// Row key of the webhook.
    pub webhook: i64,
    /// What stands in the link.
    pub widget_id: String,
}

impl Stage {
    /// Makes the folder, or finds the server.
    pub async fn make(config: &Config) -> anyhow::Result<Self> {
        let token = Random::from_system().token("", 12).to_lowercase();
        let made_parent = (!config.data_dir.exists()).then(|| config.data_dir.clone());
        let parent = std::path::absolute(&config.data_dir)?;
        let folder = parent.join(format!("bench-{token}"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("AURIX_DATA_DIR: cannot make the folder {}", folder.display()))?;
        let server = match &config.database {
            Location::Sqlite(_) => None,
            Location::Postgres(url) => Some(Postgres { url: url.clone(), prefix: format!("aurix_bench_{token}_") }),
        };
        Ok(Self { folder, made_parent, server })
    }

    /// A database without anything: its folder and its setting.
    pub async fn empty_database(&self, name: &'static str) -> anyhow::Result<(PathBuf, String)> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let Some(server) = &self.server else { return Ok((folder, "sqlite".to_owned())) };
        let name = format!("{}{name}", server.prefix);
        server.run(&format!("CREATE DATABASE {name}")).await?;
        let mut url = Url::parse(&server.url).context("write it as postgres://USER:PASSWORD@HOST/DATABASE")?;
        url.set_path(&name);
        Ok((folder, url.into()))
    }

    /// A database with a project whose channel and webhook lead to `sink`.
    pub async fn database(&self, name: &'static str, sink: SocketAddr) -> anyhow::Result<Database> {
        let (folder, url) = self.empty_database(name).await?;
        let config = Config {
            data_dir: folder.clone(),
            database: Location::parse(&url, &folder).map_err(anyhow::Error::msg)?,
            allow_http: true,
            allow_networks: vec!["127.0.0.0/8".parse().expect("a network")],
            ..Config::default()
        };
        let app = crate::serve::open(config).await?;
        let project = set_up(&app, sink).await.context("setting up a project")?;
        Ok(Database { folder, url, app, project })
    }

    /// Removes all that the run made.
    pub async fn remove(&self) -> anyhow::Result<()> {
        if let Some(server) = &self.server {
            for name in DATABASES {
                server.run(&format!("DROP DATABASE IF EXISTS {}{name} WITH (FORCE)", server.prefix)).await?;
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

impl Postgres {
    async fn run(&self, statement: &str) -> anyhow::Result<()> {
        let (client, connection) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await?;
        let driver = tokio::spawn(connection);
        let done = client.batch_execute(statement).await;
        driver.abort();
        done.with_context(|| format!("running {statement}"))
    }
}

async fn set_up(app: &App, sink: SocketAddr) -> anyhow::Result<Project> {
    let name = "Bench".to_owned();
    let project = create_project(app, NewProject { name, ..NewProject::default() }).await?.id;
    let secret = || app.random.token("", 40);
    let channel = WhatsAppChannel {
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        number: "+6580001234".to_owned(),
        access_token: secret(),
        app_secret: APP_SECRET.to_owned(),
        verify_token: secret(),
        api_base: Some(format!("http://{sink}")),
        link_base: None,
    };
    let channel = add_whatsapp_channel(app, project, channel).await?;
    let widget = NewWidget { channel_id: PHONE_NUMBER_ID.to_owned(), origins: Vec::new(), greeting: None };
    let widget_id = create_widget(app, project, widget).await?.public_id;
    let webhook = NewWebhook {
        url: format!("http://{sink}{HELD_PATH}"),
        events: vec![EventType::WidgetClick.as_str().to_owned()],
        policy: "retry".to_owned(),
        ..NewWebhook::default()
    };
    let webhook_id = add_webhook(app, project, webhook).await?.public_id;
    let public_id = widget_id.clone();
    app.db
        .read(async move |conn| {
            let widget = widgets::find(conn, &public_id).await?.context("the widget that was made")?.id;
            let webhooks = webhooks::list(conn, project).await?;
            let webhook =
                webhooks.iter().find(|row| row.public_id == webhook_id).context("the webhook that was made")?.id;
            Ok(Project { id: project.0, channel: channel.id, widget, webhook, widget_id: public_id })
        })
        .await
}

impl Database {
    /// The processes that work for `server` on this database.
    pub async fn meter(&self, server: &Server) -> anyhow::Result<Meter> {
        Ok(Meter::new(server.pid(), super::rows::backend(&self.app.db).await?))
    }
}
