//! `…/widgets/new` and `…/widgets/{widget}`: a widget's settings beside its button.

use askama::Template;
use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::Response;

use super::{LISTED_MAX, name};
use crate::domain::account::Permission;
use crate::domain::origin::AllowedOrigin;
use crate::domain::widget::{InvalidLook, Look, Side};
use crate::engines::Engines;
use crate::http::console::FRAMING_POLICY;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::create_widget::{GREETING, NewWidget, create_widget, snippet};
use crate::projects::update_widget::{allow_origin, update_widget};
use crate::store::channels;
use crate::store::widgets::{self, RefusedOrigin, WidgetDetails};

/// Refused sites that are listed.
const REFUSED_MAX: u32 = 50;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/widgets/new", show_new)
        .post("/p/{project}/widgets/new", create)
        .get("/p/{project}/widgets/{widget}", show)
        .post("/p/{project}/widgets/{widget}", update)
        .post("/p/{project}/widgets/{widget}/allow", allow)
}

/// Lets a page show the preview in a frame, besides what every page may do.
fn framing(mut response: Response) -> Result<Response> {
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, FRAMING_POLICY);
    Ok(response)
}

/// What stands in the fields.
struct Values {
    look: Look,
    greeting: String,
    channel: String,
    origins: String,
}

#[derive(Template)]
#[template(path = "widgets/widget.html")]
struct WidgetPage {
    frame: Frame,
    mistakes: Mistakes,
    heading: String,
    here: String,
    values: Values,
    channels: Vec<(String, String)>,
    seen: Option<WidgetDetails>,
    tag: Option<String>,
    refused: Vec<RefusedOrigin>,
    preview: String,
}

async fn show_new(State(engines): State<Engines>, member: Member<Configure>) -> Result<Response> {
    framing(page(&widget_page(&engines, &member, None).await?)?)
}

async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, widget)): Path<(String, String)>,
) -> Result<Response> {
    let details = find(&engines, &member, widget).await?;
    framing(page(&widget_page(&engines, &member, Some(details)).await?)?)
}

async fn create(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let (values, mistakes) = read(&form);
    if !mistakes.is_empty() {
        return framing(invalid(&WidgetPage { values, mistakes, ..widget_page(&engines, &member, None).await? })?);
    }
    let created = create_widget(&engines.core, &member.actor(), member.project.id, new(&values)).await;
    match created {
        Ok(created) => Ok(go(&format!("{}/widgets/{}", member.path(), created.public_id))),
        Err(error) => refuse(error, values, widget_page(&engines, &member, None).await?),
    }
}

async fn update(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, widget)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let details = find(&engines, &member, widget.clone()).await?;
    let (values, mistakes) = read(&form);
    let shown = widget_page(&engines, &member, Some(details)).await?;
    if !mistakes.is_empty() {
        return framing(invalid(&WidgetPage { values, mistakes, ..shown })?);
    }
    match update_widget(&engines.core, &member.actor(), member.project.id, &widget, new(&values)).await {
        Ok(_) => Ok(go(&format!("{}/widgets/{widget}", member.path()))),
        Err(error) => refuse(error, values, shown),
    }
}

/// Adds a site that was refused to the widget's list.
async fn allow(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, widget)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let details = find(&engines, &member, widget.clone()).await?;
    let Ok(origin) = AllowedOrigin::parse(form.text("origin")) else { return Err(no_such_path().await) };
    allow_origin(&engines.core, &member.actor(), member.project.id, details, origin).await?;
    Ok(go(&format!("{}/widgets/{widget}", member.path())))
}

/// The form with what the use case refused; an error of ours goes on as one.
fn refuse(error: anyhow::Error, values: Values, shown: WidgetPage) -> Result<Response> {
    if crate::db::Error::is_unavailable(&error) {
        return Err(error.into());
    }
    framing(invalid(&WidgetPage { values, mistakes: Mistakes::one("channel", error), ..shown })?)
}

fn read(form: &Form) -> (Values, Mistakes) {
    let mut mistakes = Mistakes::default();
    let look = Look {
        name: form.text("name").to_owned(),
        label: form.text("label").to_owned(),
        color: form.text("color").to_lowercase(),
        side: Side::parse(form.text("side")).unwrap_or(Side::Right),
        takes_links: form.has("links"),
    };
    if look.name.is_empty() {
        mistakes.add("name", "write a name");
    }
    if let Err(error) = look.check() {
        let field = match error {
            InvalidLook::Name => "name",
            InvalidLook::Label => "label",
            InvalidLook::Color | InvalidLook::TooLight => "color",
        };
        mistakes.add(field, error);
    }
    let wrong = form.text("origins").lines().map(str::trim).filter(|line| !line.is_empty());
    if let Some(error) = wrong.map(AllowedOrigin::parse).find_map(std::result::Result::err) {
        mistakes.add("origins", error);
    }
    if form.text("channel").is_empty() {
        mistakes.add("channel", "choose the channel that the button opens");
    }
    let values = Values {
        look,
        greeting: form.text("greeting").to_owned(),
        channel: form.text("channel").to_owned(),
        origins: form.text("origins").to_owned(),
    };
    (values, mistakes)
}

fn new(values: &Values) -> NewWidget {
    let lines = values.origins.lines().map(str::trim).filter(|line| !line.is_empty());
    NewWidget {
        channel_id: values.channel.clone(),
        origins: lines.map(str::to_owned).collect(),
        greeting: Some(values.greeting.clone()),
        look: values.look.clone(),
    }
}

async fn widget_page<N: Needs>(
    engines: &Engines,
    member: &Member<N>,
    details: Option<WidgetDetails>,
) -> Result<WidgetPage> {
    let (project, id) = (member.project.id, details.as_ref().map(|details| details.widget.id));
    let (own_channels, refused) = engines
        .core
        .db
        .read(async move |conn| {
            let refused = match id {
                Some(id) => widgets::refused_origins(conn, project, id, REFUSED_MAX).await?,
                None => Vec::new(),
            };
            Ok((channels::list(conn, project, LISTED_MAX).await?, refused))
        })
        .await?;
    let channel_of =
        |id| own_channels.iter().find(|channel| channel.id == id).map(|channel| channel.external_id.clone());
    let values = match &details {
        Some(WidgetDetails { widget, look, .. }) => Values {
            look: look.clone(),
            greeting: widget.greeting.clone(),
            channel: channel_of(widget.channel).unwrap_or_default(),
            origins: widget.origins.iter().map(AllowedOrigin::as_str).collect::<Vec<_>>().join("\n"),
        },
        None => Values {
            look: Look::default(),
            greeting: GREETING.to_owned(),
            channel: own_channels.first().map(|channel| channel.external_id.clone()).unwrap_or_default(),
            origins: String::new(),
        },
    };
    let base_url = &engines.core.config.base_url;
    let public_id = details.as_ref().map(|details| details.widget.public_id.clone());
    Ok(WidgetPage {
        frame: Frame::of_member(&engines.core, member, "widgets").await?,
        mistakes: Mistakes::default(),
        heading: public_id.as_ref().map_or_else(|| "Add widget".to_owned(), |id| name(&values.look.name, id)),
        here: format!("{}/widgets/{}", member.path(), public_id.as_deref().unwrap_or("new")),
        tag: details
            .as_ref()
            .map(|details| &details.widget)
            .map(|widget| snippet(base_url, &widget.public_id, &values.look, widget.channel_kind)),
        channels: own_channels
            .into_iter()
            .map(|channel| (channel.external_id.clone(), format!("{} {}", channel.kind.name(), channel.label())))
            .collect(),
        preview: super::preview::address(&member.path(), &values.look),
        seen: details,
        refused,
        values,
    })
}

async fn find<N: Needs>(engines: &Engines, member: &Member<N>, widget: String) -> Result<WidgetDetails> {
    let project = member.project.id;
    let found = engines.core.db.read(async move |conn| Ok(widgets::find_details(conn, project, &widget).await?));
    match found.await? {
        Some(details) => Ok(details),
        None => Err(no_such_path().await),
    }
}
