//! Links without a site: creates, changes, pauses, resumes and deletes them. Every node sees a change within a second.

use anyhow::Context as _;
use serde_json::json;

use super::create_widget::{NewWidget, check, store as store_widget};
use crate::core::Core;
use crate::db::Tx;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{LinkId, ProjectId, WidgetId};
use crate::domain::link::{Campaign, InvalidCampaign, InvalidSlug, LinkStatus, Slug};
use crate::domain::text::cut;
use crate::domain::time::Timestamp;
use crate::domain::widget::{Look, TEXT_CHARS_MAX};
use crate::store::links::{self, Link};
use crate::store::{audit, channels, widgets};

/// Tries at a slug that is free.
const DRAWS_MAX: usize = 8;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// The channel of a widget, by the id in its tag.
    Widget(String),
    /// A channel, by its id at the platform: its newest widget, which is made where there is none.
    Channel(String),
}

/// What a link starts with.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The end of its address; one is made where there is none.
    pub slug: Option<String>,
    /// Where it leads.
    pub opens: Opens,
    /// What it says.
    pub campaign: Campaign,
}

/// Why a link is not saved.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefused {
    /// The end of the address has other characters, or too few or too many.
    #[error(transparent)]
    Slug(#[from] InvalidSlug),
    /// It is another link's.
    #[error("/l/{0} is taken: choose another end of the address")]
    Taken(Slug),
    /// There is no such widget or channel in the project.
    #[error("the project has no such widget or channel: choose another")]
    Opens,
    /// What it says is missing, or too long.
    #[error(transparent)]
    Campaign(#[from] InvalidCampaign),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Creates a link. The slug of a link that the project has deleted brings that back, with what is said now.
pub async fn create_link(core: &Core, actor: &Actor, project: ProjectId, new: NewLink) -> Result<Link, LinkRefused> {
    let campaign = new.campaign.check()?;
    let own = new.slug.filter(|slug| !slug.trim().is_empty()).map(|slug| Slug::parse(&slug)).transpose()?;
    let drawn: Vec<Slug> = match &own {
        Some(slug) => vec![slug.clone()],
        None => (0..DRAWS_MAX).map(|_| Slug::generate(&core.random)).collect(),
    };
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let stored = core.db.write(async move |tx| {
        let Some(widget) = widget_of(tx, &inside, project, &new.opens, (&actor, now)).await? else {
            return Ok(Err(LinkRefused::Opens));
        };
        for slug in &drawn {
            let Some(id) = links::insert(tx, project, (slug, widget, &campaign), now).await? else { continue };
            let link = links::find_in(tx, project, id).await?.context("a link that was stored")?;
            record(tx, (&actor, now), Action::CreateCampaignLink, &link).await?;
            return Ok(Ok(link));
        }
        match own {
            Some(slug) => Ok(Err(LinkRefused::Taken(slug))),
            None => anyhow::bail!("no free slug in {DRAWS_MAX} draws"),
        }
    });
    stored.await?
}

/// Changes where a link leads and what it says; its address stays, since it may be printed. `false` where the project has no such link.
pub async fn update_link(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    id: LinkId,
    (opens, campaign): (Opens, Campaign),
) -> Result<bool, LinkRefused> {
    let campaign = campaign.check()?;
    let (inside, actor, now) = (core.clone(), actor.clone(), core.clock.now());
    let stored = core.db.write(async move |tx| {
        let Some(widget) = widget_of(tx, &inside, project, &opens, (&actor, now)).await? else {
            return Ok(Err(LinkRefused::Opens));
        };
        if !links::update(tx, project, id, (widget, &campaign)).await? {
            return Ok(Ok(false));
        }
        let link = links::find_in(tx, project, id).await?.context("a link that was changed")?;
        record(tx, (&actor, now), Action::UpdateCampaignLink, &link).await?;
        Ok(Ok(true))
    });
    stored.await?
}

/// Pauses, resumes or deletes a link; `false` where the project has no such link, or it is so already. A link that was deleted still leads
/// to the chat, as one that is paused does.
pub async fn set_link_status(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    id: LinkId,
    status: LinkStatus,
) -> anyhow::Result<bool> {
    let action = match status {
        LinkStatus::Active => Action::ResumeCampaignLink,
        LinkStatus::Paused => Action::PauseCampaignLink,
        LinkStatus::Removed => Action::RemoveCampaignLink,
    };
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            let Some(link) = links::find_in(tx, project, id).await? else { return Ok(false) };
            if !links::set_status(tx, project, id, status).await? {
                return Ok(false);
            }
            record(tx, (&actor, now), action, &link).await?;
            Ok(true)
        })
        .await
}

async fn record(tx: &Tx, (actor, now): (&Actor, Timestamp), action: Action, link: &Link) -> anyhow::Result<()> {
    let said = &link.campaign;
    let detail =
        json!({"widget": &link.widget, "source": &said.source, "medium": &said.medium, "campaign": &said.campaign});
    let change = Change::new(action, Object::Link(link.slug.clone())).with(detail);
    audit::record(tx, link.project, actor, &change, now).await?;
    Ok(())
}

/// The widget that a link leads by; `None` where the project has no such widget or channel.
async fn widget_of(
    tx: &Tx,
    core: &Core,
    project: ProjectId,
    opens: &Opens,
    by: (&Actor, Timestamp),
) -> anyhow::Result<Option<WidgetId>> {
    match opens {
        Opens::Widget(id) => {
            let found = widgets::find_details(tx, project, id).await?;
            Ok(found.map(|found| found.widget.id))
        }
        Opens::Channel(id) => {
            let Some(channel) = channels::find_in(tx, project, id).await? else { return Ok(None) };
            if let Some(widget) = widgets::newest_of_channel(tx, project, channel.id).await? {
                return Ok(Some(widget));
            }
            let name = format!("Links to {} {}", channel.kind.name(), channel.label());
            let name = cut(&name, TEXT_CHARS_MAX).trim().to_owned();
            let new = NewWidget {
                channel_id: channel.external_id.clone(),
                origins: Vec::new(),
                greeting: None,
                look: Look { name, ..Look::default() },
            };
            let public_id = core.random.token("w_", 12);
            Ok(Some(store_widget(tx, (&channel, &public_id), (&check(&new)?, &new.look), by).await?))
        }
    }
}
