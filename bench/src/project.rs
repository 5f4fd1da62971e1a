//! A project of the bench's own, made as an operator makes one.

use std::net::SocketAddr;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use aurix::core::Core;
use aurix::domain::actor::Actor;
use aurix::domain::event::EventType;
use aurix::domain::ids::ProjectId;
use aurix::domain::widget::Look;
use aurix::projects::add_channel::{WhatsAppChannel, add_whatsapp_channel};
use aurix::projects::add_webhook::{NewWebhook, add_webhook};
use aurix::projects::create_project::{NewProject, create_project};
use aurix::projects::create_widget::{NewWidget, create_widget};
use aurix::store::{webhooks, widgets};

/// The channel's id at its platform, in the first project of a database.
pub const PHONE_NUMBER_ID: &str = "100000000000001";
/// The platform signs with it.
pub const APP_SECRET: &str = "the secret of an app that there is not";
/// Things that are made at once: as many share a commit on SQLite.
pub const MADE_AT_ONCE: usize = 64;

/// What was set up.
#[derive(Clone, Debug)]
pub struct Project {
    /// Row key of the project.
    pub id: i64,
    /// Row key of the channel.
    pub channel: i64,
    /// Row key of the widget.
    pub widget: i64,
    /// Row key of the first webhook.
    pub webhook: i64,
    /// What stands in the link.
    pub widget_id: String,
}

impl Project {
    /// Makes the project of a number, from 1: its platform is the sink, its webhooks subscribe to clicks and lead to `urls`.
    pub async fn make(core: &Core, number: u64, sink: SocketAddr, urls: &[String]) -> anyhow::Result<Self> {
        let phone_number_id = format!("{:015}", 100_000_000_000_000 + number);
        let name = "Bench".to_owned();
        let project = create_project(core, &Actor::System, NewProject { name, ..NewProject::default() }).await?.id;
        let secret = || core.random.token("", 40);
        let channel = WhatsAppChannel {
            phone_number_id: phone_number_id.clone(),
            number: "+6580001234".to_owned(),
            access_token: secret(),
            app_secret: APP_SECRET.to_owned(),
            verify_token: secret(),
            api_base: Some(format!("http://{sink}")),
            link_base: None,
        };
        let channel = add_whatsapp_channel(core, &Actor::System, project, channel).await?.id;
        let widget =
            NewWidget { channel_id: phone_number_id, origins: Vec::new(), greeting: None, look: Look::default() };
        let widget_id = create_widget(core, &Actor::System, project, widget).await?.public_id;
        let added = urls.iter().map(|url| add(core, project, url));
        stream::iter(added).buffer_unordered(MADE_AT_ONCE).try_collect::<()>().await?;
        let public_id = widget_id.clone();
        core.db
            .read(async move |conn| {
                let widget = widgets::find(conn, &public_id).await?.context("the widget that was made")?.id.0;
                let webhook = webhooks::list(conn, project).await?.first().context("a webhook that was made")?.id;
                Ok(Self { id: project.0, channel: channel.0, widget, webhook: webhook.0, widget_id: public_id })
            })
            .await
    }
}

async fn add(core: &Core, project: ProjectId, url: &str) -> anyhow::Result<()> {
    let webhook = NewWebhook {
        url: url.to_owned(),
        events: vec![EventType::WidgetClick.as_str().to_owned()],
        ..NewWebhook::default()
    };
    add_webhook(core, &Actor::System, project, webhook).await?;
    Ok(())
}
