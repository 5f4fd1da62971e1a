//! A person of the business writes to a customer with a template that the platform has approved: the only way once its window closed.

use std::collections::BTreeMap;

use super::open_channel::open;
use super::reply_as_person::{ReplyRefused, Words, say};
use crate::channels::{ApprovedTemplate, approved};
use crate::core::Core;
use crate::db::Conn;
use crate::domain::actor::Actor;
use crate::domain::ids::{LeadId, MessageId, ProjectId};
use crate::store::{channel_troubles, channels, handling};

/// Characters of a value in a template.
pub const VALUE_CHARS_MAX: usize = 500;

/// Which template, and what stands in it.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its values, by their names.
    pub values: BTreeMap<String, String>,
    /// The newest message that its sender had seen.
    pub seen: MessageId,
}

/// Why a template is not sent.
#[derive(Debug, thiserror::Error)]
pub enum TemplateRefused {
    /// There is no such lead.
    #[error("there is no such lead in this project")]
    Unknown,
    /// The platform does not say which templates there are, in words.
    #[error("{0}")]
    Platform(String),
    /// It is not among those that are approved.
    #[error("the platform has no approved template {0} any more: choose another one")]
    NotApproved(String),
    /// A value would be refused.
    #[error(
        "fill in {0}: one line of 1 to {VALUE_CHARS_MAX} characters, without tabs and without more than four spaces in a row"
    )]
    Value(String),
    /// The person wants none of that kind.
    #[error(
        "this person wants no marketing messages from this number, so that WhatsApp would not deliver it: choose a utility template, or wait until they write"
    )]
    NoMarketing,
    /// As for any reply.
    #[error(transparent)]
    Reply(#[from] ReplyRefused),
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The templates that can be sent to a lead, as the platform says now.
pub async fn templates_for(
    core: &Core,
    project: ProjectId,
    lead: LeadId,
) -> Result<Vec<ApprovedTemplate>, TemplateRefused> {
    let found = core.db.read(async move |conn| {
        let Some(handled) = handling::find(conn, project, lead).await? else { return Ok(None) };
        Ok(channels::find_by_id(conn, project, handled.channel).await?)
    });
    let channel = found.await?.ok_or(TemplateRefused::Unknown)?;
    let channel = open(core, channel.into())?;
    approved(&core.platform_client, channel.account()).await.map_err(TemplateRefused::Platform)
}

/// Queues one of `templates`, which [`templates_for`] has just given, with its values. The conversation is the person's from then on.
pub async fn send_template(
    core: &Core,
    actor: &Actor,
    (project, lead): (ProjectId, LeadId),
    templates: &[ApprovedTemplate],
    choice: Choice,
) -> Result<(), TemplateRefused> {
    let is_chosen = |one: &&ApprovedTemplate| one.name == choice.name && one.language == choice.language;
    let template = templates.iter().find(is_chosen).ok_or(TemplateRefused::NotApproved(choice.name.clone()))?;
    let value = |name: &str| choice.values.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
    if let Some(wrong) = template.values().into_iter().find(|name| !fits(&value(name))) {
        return Err(TemplateRefused::Value(wrong));
    }
    if template.category.eq_ignore_ascii_case("marketing") && refuses_marketing(core, project, lead).await? {
        return Err(TemplateRefused::NoMarketing);
    }
    let (text, template) = template.filled(value);
    say(core, actor, (project, lead), Words { text, template: Some(template) }, choice.seen).await?;
    Ok(())
}

async fn refuses_marketing(core: &Core, project: ProjectId, lead: LeadId) -> anyhow::Result<bool> {
    let since = async move |conn: &Conn| Ok(channel_troubles::no_marketing_since(conn, project, lead).await?);
    Ok(core.db.read(since).await?.is_some())
}

/// What the platform takes as a value.
fn fits(value: &str) -> bool {
    let count = value.chars().count();
    (1..=VALUE_CHARS_MAX).contains(&count) && !value.contains(['\n', '\r', '\t']) && !value.contains("     ")
}
