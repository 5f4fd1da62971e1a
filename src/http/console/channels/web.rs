//! A chat on the page: `…/channels/new/web`, where it is named, and what its channel shows.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::domain::account::Permission;
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::Result;
use crate::http::routes::Routes;
use crate::projects::add_web::{WebChannel, WebRefused, add_web_channel, update_web_channel};
use crate::store::channels::{self, Channel, Sightings};
use crate::store::chat_panels::{self, Panel};
use crate::store::widgets;

/// Widgets that are listed.
const WIDGETS_MAX: u32 = 200;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/channels/new/web", show_new).post("/p/{project}/channels/new/web", add)
}

#[derive(Template)]
#[template(path = "channels/edit_web.html")]
pub struct EditWebPage {
    frame: Frame,
    mistakes: Mistakes,
    heading: &'static str,
    title: String,
    greeting: String,
}

#[derive(Template)]
#[template(path = "channels/web.html")]
pub struct WebPage {
    frame: Frame,
    here: String,
    label: String,
    external_id: String,
    greeting: Option<String>,
    seen: Sightings,
    /// Path, name, and the address of the page that has nothing but its chat.
    widgets: Vec<(String, String, String)>,
}

pub async fn edit_page(
    engines: &Engines,
    member: &Member<Configure>,
    channel: Option<&Channel>,
) -> Result<EditWebPage> {
    let panel = match channel {
        Some(channel) => panel_of(engines, member, channel).await?,
        None => Panel { title: Some(member.project.name.clone()), greeting: None },
    };
    Ok(EditWebPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        mistakes: Mistakes::default(),
        heading: if channel.is_some() { "Change chat" } else { "Add chat on the page" },
        title: panel.title.unwrap_or_default(),
        greeting: panel.greeting.unwrap_or_default(),
    })
}

async fn panel_of<N: Needs>(engines: &Engines, member: &Member<N>, channel: &Channel) -> Result<Panel> {
    let (project, id) = (member.project.id, channel.id);
    Ok(engines.core.db.read(async move |conn| Ok(chat_panels::of_channel(conn, project, id).await?)).await?)
}

async fn show_new(State(engines): State<Engines>, member: Member<Configure>) -> Result<Response> {
    page(&edit_page(&engines, &member, None).await?)
}

async fn add(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    save(&engines, &member, None, &form).await
}

/// Adds a chat, or changes what the panel of one says.
pub async fn save(
    engines: &Engines,
    member: &Member<Configure>,
    before: Option<Channel>,
    form: &Form,
) -> Result<Response> {
    let (title, greeting) = (form.text("title").to_owned(), form.text("greeting").to_owned());
    let new = WebChannel { title: Some(title.clone()), greeting: Some(greeting.clone()) };
    let (core, actor, project) = (&engines.core, member.actor(), member.project.id);
    let saved = match &before {
        Some(channel) => {
            let id = channel.external_id.clone();
            update_web_channel(core, &actor, project, &channel.external_id, new).await.map(|_| id)
        }
        None => add_web_channel(core, &actor, project, new).await.map(|channel| channel.external_id),
    };
    let (field, error) = match saved {
        Ok(id) => return Ok(go(&format!("{}/channels/{id}", member.path()))),
        Err(WebRefused::Failed(error)) => return Err(error.into()),
        Err(error @ WebRefused::Title) => ("title", error),
        Err(error @ WebRefused::Greeting) => ("greeting", error),
    };
    let shown = edit_page(engines, member, before.as_ref()).await?;
    invalid(&EditWebPage { mistakes: Mistakes::one(field, error), title, greeting, ..shown })
}

pub async fn web_page<N: Needs>(engines: &Engines, member: &Member<N>, channel: &Channel) -> Result<WebPage> {
    let (project, id) = (member.project.id, channel.id);
    let (seen, panel, listed) = engines
        .core
        .db
        .read(async move |conn| {
            let seen = channels::sightings(conn, project, id).await?;
            let panel = chat_panels::of_channel(conn, project, id).await?;
            Ok((seen, panel, widgets::details(conn, project, WIDGETS_MAX).await?))
        })
        .await?;
    let base_url = &engines.core.config.base_url;
    let own = listed.into_iter().filter(|details| details.widget.channel == id).map(|details| {
        let id = details.widget.public_id;
        let name = if details.look.name.is_empty() { id.clone() } else { details.look.name };
        (format!("{}/widgets/{id}", member.path()), name, crate::domain::correlation::chat_link(base_url, &id, None))
    });
    Ok(WebPage {
        frame: Frame::of_member(&engines.core, member, "channels").await?,
        here: format!("{}/channels/{}", member.path(), channel.external_id),
        label: channel.label(),
        external_id: channel.external_id.clone(),
        greeting: panel.greeting,
        seen,
        widgets: own.collect(),
    })
}
