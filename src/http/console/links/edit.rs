//! `…/links/new` and `…/links/{link}`: what a link says and where it leads, beside its QR code.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{Came, choices, days, find};
use crate::domain::account::Permission;
use crate::domain::link::{Campaign, InvalidCampaign, LinkStatus, address};
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::frame::Frame;
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member, Needs};
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::links::{LinkRefused, NewLink, Opens, create_link, update_link};
use crate::store::links::Link;
use crate::store::source_counts;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/links/new", show_new)
        .post("/p/{project}/links/new", create)
        .get("/p/{project}/links/{link}", show)
        .post("/p/{project}/links/{link}", update)
}

/// What stands in the fields.
#[derive(Default)]
struct Values {
    slug: String,
    /// `widget:ID` or `channel:ID`.
    opens: String,
    campaign: Campaign,
}

/// What there is of a link that is stored.
struct Shown {
    address: String,
    is_paused: bool,
    came: Came,
}

#[derive(Template)]
#[template(path = "links/link.html")]
struct LinkPage {
    frame: Frame,
    mistakes: Mistakes,
    heading: String,
    here: String,
    /// What the addresses of links begin with.
    start: String,
    values: Values,
    choices: Vec<(String, String)>,
    shown: Option<Shown>,
}

async fn show_new(State(engines): State<Engines>, member: Member<Configure>) -> Result<Response> {
    page(&link_page(&engines, &member, None).await?)
}

async fn show(
    State(engines): State<Engines>,
    member: Member,
    Path((_, link)): Path<(String, String)>,
) -> Result<Response> {
    let link = find(&engines, &member, &link).await?;
    page(&link_page(&engines, &member, Some(link)).await?)
}

async fn create(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let (values, opens) = read(&form);
    let Some(opens) = opens else {
        return refuse(LinkRefused::Opens, values, link_page(&engines, &member, None).await?);
    };
    let new = NewLink { slug: Some(values.slug.clone()), opens, campaign: values.campaign.clone() };
    match create_link(&engines.core, &member.actor(), member.project.id, new).await {
        Ok(link) => Ok(go(&format!("{}/links/{}", member.path(), link.id))),
        Err(error) => refuse(error, values, link_page(&engines, &member, None).await?),
    }
}

async fn update(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, link)): Path<(String, String)>,
    form: Form,
) -> Result<Response> {
    let link = find(&engines, &member, &link).await?;
    let (values, opens) = read(&form);
    let (id, shown) = (link.id, link_page(&engines, &member, Some(link)).await?);
    let Some(opens) = opens else { return refuse(LinkRefused::Opens, values, shown) };
    let changed = (opens, values.campaign.clone());
    match update_link(&engines.core, &member.actor(), member.project.id, id, changed).await {
        Ok(_) => Ok(go(&format!("{}/links/{id}", member.path()))),
        Err(error) => refuse(error, values, shown),
    }
}

/// The form with what the use case refused; an error of ours goes on as one.
fn refuse(error: LinkRefused, values: Values, shown: LinkPage) -> Result<Response> {
    let field = match error {
        LinkRefused::Failed(error) => return Err(error.into()),
        LinkRefused::Slug(_) | LinkRefused::Taken(_) => "slug",
        LinkRefused::Opens => "opens",
        LinkRefused::Campaign(InvalidCampaign::NoSource | InvalidCampaign::Source) => "source",
        LinkRefused::Campaign(InvalidCampaign::Medium) => "medium",
        LinkRefused::Campaign(InvalidCampaign::Campaign) => "campaign",
        LinkRefused::Campaign(InvalidCampaign::Text) => "text",
    };
    invalid(&LinkPage { values, mistakes: Mistakes::one(field, error), ..shown })
}

fn read(form: &Form) -> (Values, Option<Opens>) {
    let field = |name: &str| form.text(name).to_owned();
    let campaign =
        Campaign { source: field("source"), medium: field("medium"), campaign: field("campaign"), text: field("text") };
    let opens = match form.text("opens").split_once(':') {
        Some(("widget", id)) => Some(Opens::Widget(id.to_owned())),
        Some(("channel", id)) => Some(Opens::Channel(id.to_owned())),
        _ => None,
    };
    (Values { slug: field("slug"), opens: field("opens"), campaign }, opens)
}

async fn link_page<N: Needs>(engines: &Engines, member: &Member<N>, link: Option<Link>) -> Result<LinkPage> {
    let (project, id, days) = (member.project.id, link.as_ref().map(|link| link.id), days(engines, member));
    let read = engines.core.db.read(async move |conn| {
        let sums = match id {
            Some(id) => source_counts::of_links(conn, project, &[id], days).await?,
            None => Vec::new(),
        };
        Ok((choices(conn, project).await?, sums))
    });
    let (choices, sums) = read.await?;
    let base_url = &engines.core.config.base_url;
    let shown = link.as_ref().map(|link| Shown {
        address: link.address(base_url),
        is_paused: link.status == LinkStatus::Paused,
        came: Came::of(&member.path(), link.id, sums.first().map(|(_, sums)| *sums).unwrap_or_default()),
    });
    let page = id.map_or_else(|| "new".to_owned(), |id| id.to_string());
    Ok(LinkPage {
        frame: Frame::of_member(&engines.core, member, "links").await?,
        mistakes: Mistakes::default(),
        heading: link.as_ref().map_or_else(|| "Add link".to_owned(), |link| format!("/l/{}", link.slug)),
        here: format!("{}/links/{page}", member.path()),
        start: address(base_url, member.project.links_domain.as_deref(), ""),
        values: link.map_or_else(Values::default, |link| Values {
            opens: format!("widget:{}", link.widget),
            slug: link.slug,
            campaign: link.campaign,
        }),
        choices,
        shown,
    })
}
