//! What every row of a seed hangs on: the project with its people and webhooks, and the numbers.

use anyhow::Context as _;

use super::calendar::Calendar;
use super::history::{CHANNEL, PEOPLE, WEBHOOKS};
use super::marks::Mark;
use super::shape::Shape;
use aurix::core::Core;
use aurix::db::Conn;
use aurix::domain::account::Email;
use aurix::domain::channel::ChannelKind;
use aurix::domain::event::PhoneStyle;
use aurix::domain::form::Form;
use aurix::domain::ids::{ChannelId, ProjectId, UserId, WebhookId, WidgetId};
use aurix::store::{channels, projects, users, webhooks, widgets};

/// Widgets and webhooks that are read.
const READ_MAX: u32 = 1_000;

/// All of it.
pub struct World {
    /// The numbers.
    pub shape: Shape,
    /// The times.
    pub calendar: Calendar,
    /// The block in which the first delivery is, and how many are left out at its beginning.
    pub window: (u64, u64),
    /// The row key of the first conversation, and of its lead.
    pub first_lead: i64,
    /// The project.
    pub project: ProjectId,
    /// Its UUID.
    pub project_public_id: String,
    /// What it asks people.
    pub form: Form,
    /// Its channel.
    pub channel: ChannelId,
    /// Its widgets, and the start of the text that each prefills.
    pub widgets: Vec<(WidgetId, String)>,
    /// Its people, with their addresses.
    pub people: Vec<(UserId, String)>,
    /// Its webhooks, in the order of [`WEBHOOKS`].
    pub webhooks: Vec<Webhook>,
}

/// A webhook.
pub struct Webhook {
    /// Its row key.
    pub id: WebhookId,
    /// What its deliveries are signed with.
    pub secret: String,
    /// How it wants phone numbers.
    pub phones: PhoneStyle,
    /// Its own headers.
    pub headers: Vec<(String, String)>,
}

impl World {
    /// Reads what the first step of the history made.
    pub async fn read(core: &Core, shape: Shape) -> anyhow::Result<Self> {
        let inside = core.clone();
        core.db.read(async move |conn| Self::of(conn, &inside, shape).await).await
    }

    async fn of(conn: &Conn, core: &Core, shape: Shape) -> anyhow::Result<Self> {
        let channel = channels::find(conn, ChannelKind::WhatsApp, CHANNEL).await?.context("the seed's channel")?;
        let project = projects::get(conn, channel.project).await?;
        let mut people = Vec::new();
        for person in &PEOPLE {
            let user = users::find_by_email(conn, &Email::parse(person.email)?).await?.context("the seed's people")?;
            people.push((user.id, user.email));
        }
        let all = webhooks::page_of_all(conn, WebhookId(0), READ_MAX).await?;
        let mut own = Vec::new();
        for plan in &WEBHOOKS {
            let is_it = |webhook: &&webhooks::Webhook| webhook.project == project.id && webhook.url == plan.url;
            let webhook = all.iter().find(is_it).with_context(|| format!("the seed's webhook to {}", plan.url))?;
            own.push(Webhook {
                id: webhook.id,
                secret: core.seal.open(webhook.secret_place(), &webhook.sealed_secret)?,
                phones: PhoneStyle::of_service(&webhook.service_name),
                headers: serde_json::from_str(&core.seal.open(webhook.headers_place(), &webhook.sealed_headers)?)?,
            });
        }
        let widgets = widgets::list(conn, project.id, READ_MAX).await?;
        let (block, skipped) = (Mark::WindowBlock.get(conn).await?, Mark::WindowSkipped.get(conn).await?);
        Ok(Self {
            shape,
            calendar: Calendar::up_to(Mark::Now.get(conn).await?),
            window: (u64::try_from(block)?, u64::try_from(skipped)?),
            first_lead: Mark::FirstLead.get(conn).await?,
            form: Form::parse(project.form.as_deref().context("the seed's form")?)?,
            channel: channel.id,
            widgets: widgets.into_iter().map(|widget| (widget.id, widget.greeting)).collect(),
            people,
            webhooks: own,
            project_public_id: project.public_id,
            project: project.id,
        })
    }
}
