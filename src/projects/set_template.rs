//! Gives a webhook a payload template, or takes it away.

use std::sync::Arc;

use serde_json::json;

use crate::core::Core;
use crate::db::Error;
use crate::deliveries::endpoint::event_body;
use crate::deliveries::samples::{bare_sample, sample};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::event::EventType;
use crate::domain::ids::{ProjectId, WebhookId};
use crate::domain::time::Timestamp;
use crate::outbound::template::{Template, TemplateError, Variables};
use crate::store::webhooks::{self, Webhook};
use crate::store::{audit, payload_templates};

/// The id of events that a template is checked with.
const EVENT_ID: &str = "evt_019b7e0f4c007000800000000000e4a1";

/// Why a template is refused, in words for its owner.
#[derive(Debug, thiserror::Error)]
pub enum TemplateRefused {
    /// It cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It makes no body of an event that the webhook receives.
    #[error("the template makes no body of {}{}: {error}", event.as_str(), if *is_bare { " with nothing known" } else { "" })]
    Event {
        /// The event.
        event: EventType,
        /// Whether it was one of which as little is known as may be.
        is_bare: bool,
        /// Why not.
        error: TemplateError,
    },
    /// The template could not be stored.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Checks a template with samples of the events that a webhook receives, of which all is known, and of which as little is known as
/// may be.
pub fn check_template(
    core: &Core,
    webhook: &Webhook,
    events: &[String],
    text: &str,
) -> Result<Arc<Template>, TemplateRefused> {
    let template = core.templates.read(text)?;
    let now = core.clock.now();
    let received = EventType::ALL.into_iter().filter(|event| events.iter().any(|word| word == event.as_str()));
    for event in received {
        for is_bare in [false, true] {
            let rendered = sample_variables(webhook, event, is_bare, now).and_then(|event| template.render(&event));
            rendered.map_err(|error| TemplateRefused::Event { event, is_bare, error })?;
        }
    }
    Ok(template)
}

/// What a template reads of a sample, as a webhook gets it.
pub(super) fn sample_variables(
    webhook: &Webhook,
    event: EventType,
    is_bare: bool,
    now: Timestamp,
) -> Result<Variables, TemplateError> {
    let make = if is_bare { bare_sample } else { sample };
    let event = make(event, EVENT_ID.to_owned(), now).into();
    Variables::of(EVENT_ID, event_body(webhook, &event))
}

/// Gives a webhook this template: it makes the body of every attempt from now on. Returns its version, also where it is the present
/// one already; `None` where there is no such webhook.
pub async fn set_template(
    core: &Core,
    actor: &Actor,
    webhook: &Webhook,
    text: &str,
) -> Result<Option<u32>, TemplateRefused> {
    check_template(core, webhook, &webhook.events, text)?;
    let (project, id, text) = (webhook.project, webhook.id, text.to_owned());
    let (actor, now) = (actor.clone(), core.clock.now());
    let set = core.db.write(async move |tx| {
        let before = match webhooks::get(tx, project, id).await {
            Err(Error::NoRow) => return Ok(None),
            found => found?,
        };
        if let Some(present) = before.template.filter(|present| present.text == text) {
            return Ok(Some(present.version));
        }
        let version = payload_templates::set(tx, project, id, &text, now).await?;
        let change = Change::new(Action::SetTemplate, Object::Webhook(before.public_id));
        let change = change.with(json!({"version": version, "bytes": text.len()}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(version)
    });
    Ok(set.await?)
}

/// Takes the template from a webhook: events go as they are. `false` where there is no such webhook, or it has none.
pub async fn remove_template(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    webhook: WebhookId,
) -> anyhow::Result<bool> {
    let (actor, now) = (actor.clone(), core.clock.now());
    core.db
        .write(async move |tx| {
            if !payload_templates::remove(tx, project, webhook).await? {
                return Ok(false);
            }
            let object = Object::Webhook(webhooks::get(tx, project, webhook).await?.public_id);
            audit::record(tx, project, &actor, &Change::new(Action::RemoveTemplate, object), now).await?;
            Ok(true)
        })
        .await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::outbound::receivers::Receiver;

    /// What the starter of a receiver makes of the body of an event.
    fn made(receiver: Receiver, body: &str) -> Value {
        let source = receiver.guide().template.expect("a starter");
        let rendered = Template::read(source).and_then(|template| template.render(&Variables::of(EVENT_ID, body)?));
        let rendered = rendered.unwrap_or_else(|error| panic!("{receiver:?} of {body}: {error}"));
        serde_json::from_str(&rendered).expect("it was checked")
    }

    fn starters() -> impl Iterator<Item = Receiver> {
        Receiver::ALL.into_iter().filter(|receiver| receiver.guide().template.is_some())
    }

    fn body(event: EventType, is_bare: bool) -> String {
        let make = if is_bare { bare_sample } else { sample };
        make(event, EVENT_ID.to_owned(), Timestamp::UNIX_EPOCH).body
    }

    #[test]
    fn starters_make_what_their_receivers_document() {
        let check =
            |receiver, expected: Value| assert_eq!(made(receiver, &body(EventType::LeadCreated, false)), expected);
        check(
            Receiver::HubSpot,
            json!({"properties": {"firstname": "Mock User", "email": "mock@example.com", "phone": "+6587487282",
                                  "message": "Testing Webhooks"}}),
        );
        check(
            Receiver::Pipedrive,
            json!({"name": "Mock User", "phones": [{"value": "+6587487282", "label": "mobile", "primary": true}],
                   "emails": [{"value": "mock@example.com", "label": "work", "primary": true}]}),
        );
        check(
            Receiver::AmoCrm,
            json!([{"name": "WhatsApp: Mock User", "_embedded": {"tags": [{"name": "Aurix"}], "contacts": [
                {"first_name": "Mock User", "custom_fields_values": [
                    {"field_code": "PHONE", "values": [{"value": "+6587487282", "enum_code": "MOB"}]},
                    {"field_code": "EMAIL", "values": [{"value": "mock@example.com", "enum_code": "WORK"}]}]}]}}]),
        );
        check(
            Receiver::Bitrix24,
            json!({"fields": {"TITLE": "WhatsApp: Mock User", "NAME": "Mock User",
                              "PHONE": [{"VALUE": "+6587487282", "VALUE_TYPE": "MOBILE"}],
                              "EMAIL": [{"VALUE": "mock@example.com", "VALUE_TYPE": "WORK"}],
                              "COMMENTS": "Testing Webhooks", "SOURCE_ID": "WEB", "SOURCE_DESCRIPTION": "whatsapp"},
                   "params": {"REGISTER_SONET_EVENT": "Y"}}),
        );
        check(
            Receiver::Notion,
            json!({"parent": {"database_id": "YOUR-DATABASE-ID"}, "properties": {
                "Name": {"title": [{"text": {"content": "Mock User"}}]}, "Phone": {"phone_number": "+6587487282"},
                "Email": {"email": "mock@example.com"}, "Message": {"rich_text": [{"text": {"content": "Testing Webhooks"}}]}}}),
        );
        check(Receiver::Slack, json!({"text": "*Mock User* +6587487282 mock@example.com\nTesting Webhooks"}));
        check(
            Receiver::Telegram,
            json!({"chat_id": "YOUR-CHAT-ID", "text": "Mock User\n+6587487282, mock@example.com\nTesting Webhooks"}),
        );
    }

    #[test]
    fn starters_make_a_body_of_every_event_whatever_is_known() {
        for receiver in starters() {
            for event in EventType::ALL {
                for is_bare in [false, true] {
                    let template = Template::read(receiver.guide().template.expect("a starter")).expect("it is read");
                    let variables = Variables::of(EVENT_ID, &body(event, is_bare)).expect("an object");
                    template.render(&variables).unwrap_or_else(|error| panic!("{receiver:?} of {event:?}: {error}"));
                    let known =
                        EventType::ALL.map(|event| Variables::of(EVENT_ID, &body(event, false)).expect("an object"));
                    for name in template.names() {
                        assert!(known.iter().any(|event| event.has(name)), "{receiver:?}: {name} is in no event");
                    }
                }
            }
        }
    }

    #[test]
    fn the_examples_of_the_docs_make_bodies() {
        let docs = include_str!("../../docs/templates.md");
        let examples: Vec<&str> =
            docs.split("```jinja\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert_eq!(examples.len(), 3);
        for example in examples {
            let template = Template::read(example).unwrap_or_else(|error| panic!("{example}: {error}"));
            for event in [EventType::LeadCreated, EventType::LeadComplete] {
                let variables = Variables::of(EVENT_ID, &body(event, false)).expect("an object");
                template.render(&variables).unwrap_or_else(|error| panic!("{example}: {error}"));
            }
        }
        for filter in crate::outbound::template::FILTERS {
            assert!(
                docs.contains(&format!("`{}`", filter.name)) || docs.contains(&format!("|{}", filter.name)),
                "{}",
                filter.name
            );
        }
    }

    #[test]
    fn strangers_change_no_shape_of_a_starter() {
        for hostile in
            ["\",\"admin\":true,\"x\":\"", "<!channel> & <https://evil.example|x>", "\\\n\u{0}{{ lead }}", "\"]}],"]
        {
            for event in EventType::ALL {
                let mut whole: Value = serde_json::from_str(&body(event, false)).expect("JSON");
                replace_texts(&mut whole, hostile);
                for receiver in starters() {
                    let of = |text: &str| shape(&made(receiver, text));
                    assert_eq!(
                        of(&whole.to_string()),
                        of(&body(event, false)),
                        "{receiver:?} of {event:?}: {hostile:?}"
                    );
                }
            }
        }
        let mention =
            json!({"event": "lead.created", "lead": {"name": "<!channel>", "message": "<!here> & co"}}).to_string();
        assert_eq!(made(Receiver::Slack, &mention)["text"], "*&lt;!channel&gt;*  \n&lt;!here&gt; &amp; co");
    }

    /// Puts a text in the place of every text of a person.
    fn replace_texts(value: &mut Value, with: &str) {
        match value {
            Value::String(text) => with.clone_into(text),
            Value::Array(list) => list.iter_mut().for_each(|value| replace_texts(value, with)),
            Value::Object(fields) => {
                let fields = fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "event" | "event_type"));
                fields.for_each(|(_, value)| replace_texts(value, with));
            }
            _ => {}
        }
    }

    /// A value without its texts.
    fn shape(value: &Value) -> Value {
        match value {
            Value::String(_) => json!("text"),
            Value::Array(list) => list.iter().map(shape).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
            other => other.clone(),
        }
    }
}
