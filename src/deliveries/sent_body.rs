//! The body that an attempt sent, made again: a template makes the same bytes of the same event, so that they are not stored.

use crate::core::Core;
use crate::domain::ids::ProjectId;
use crate::outbound::template::{TemplateError, Variables};
use crate::store::payload_templates;

/// What stood in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentBody {
    /// The event as it is.
    Event,
    /// What a template made of the event; where it made none, nothing was sent.
    Made {
        /// Its version.
        version: u32,
        /// The body.
        body: Result<String, TemplateError>,
    },
    /// What a version of the template made that is not kept any more.
    NotKept {
        /// The version.
        version: u32,
    },
}

/// The body of an attempt at a delivery to the project's webhook of that UUID, by the version of the template that its log names.
/// `event` is the id and the body of the event.
pub async fn sent_body(
    core: &Core,
    project: ProjectId,
    webhook: &str,
    version: Option<u32>,
    event: (&str, &str),
) -> anyhow::Result<SentBody> {
    let Some(version) = version else { return Ok(SentBody::Event) };
    let webhook = webhook.to_owned();
    let found = core.db.read(async move |conn| Ok(payload_templates::find(conn, project, &webhook, version).await?));
    let Some(template) = found.await? else { return Ok(SentBody::NotKept { version }) };
    let made =
        |(event_id, body): (&str, &str)| core.templates.read(&template.text)?.render(&Variables::of(event_id, body)?);
    Ok(SentBody::Made { version, body: made(event) })
}
