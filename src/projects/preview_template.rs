//! Shows what a payload template makes of an event, before anything is saved or sent.

use crate::core::Core;
use crate::deliveries::endpoint::event_body;
use crate::deliveries::samples::EventChoice;
use crate::domain::event::EventType;
use crate::domain::form::Form;
use crate::outbound::template::{TemplateError, Variables};
use crate::projects::set_template::sample_variables;
use crate::store::projects;
use crate::store::webhooks::Webhook;

/// Fields that are listed as unknown.
const UNKNOWN_MAX: usize = 10;

/// An event, and what a template makes of it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The event's body, as the webhook gets it without a template.
    pub event: String,
    /// The body that would be sent, or why there is none.
    pub made: Result<String, TemplateError>,
    /// Fields that the template names and that none of the webhook's events has: mistakes in typing.
    pub unknown: Vec<String>,
}

/// Renders `text` for an event of the webhook's project; `None` where there is no real one of that type. Nothing is stored.
pub async fn preview_template(
    core: &Core,
    webhook: &Webhook,
    text: &str,
    choice: EventChoice,
) -> anyhow::Result<Option<Preview>> {
    let Some(content) = choice.find(core, webhook.project).await? else { return Ok(None) };
    let event = event_body(webhook, &content).to_owned();
    let template = match core.templates.read(text) {
        Ok(template) => template,
        Err(error) => return Ok(Some(Preview { event, made: Err(error), unknown: Vec::new() })),
    };
    let variables = Variables::of(&content.event_id, &event);
    let made = variables.clone().and_then(|variables| template.render(&variables));
    let project = webhook.project;
    let project = core.db.read(async move |conn| Ok(projects::get(conn, project).await?)).await?;
    let form = project.form.as_deref().and_then(|form| Form::parse(form).ok());
    let samples = EventType::ALL.into_iter().filter_map(|event| {
        let is_received = webhook.events.iter().any(|word| word == event.as_str());
        is_received.then(|| sample_variables(webhook, event, false, core.clock.now()).ok())?
    });
    let known: Vec<_> = samples.chain(variables.ok()).collect();
    let is_unknown = |path: &&String| !known.iter().any(|event| event.has(path)) && !is_of_form(form.as_ref(), path);
    let unknown = template.names().iter().filter(is_unknown).take(UNKNOWN_MAX).cloned().collect();
    Ok(Some(Preview { event, made, unknown }))
}

/// Whether a path is a field of the project's own form, which samples do not have.
fn is_of_form(form: Option<&Form>, path: &str) -> bool {
    let field = ["lead.", "data.lead_data."].into_iter().find_map(|parent| path.strip_prefix(parent));
    field.zip(form).is_some_and(|(field, form)| form.field(field).is_some())
}
