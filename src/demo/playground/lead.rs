//! The lead panel: the lead as the database has it, sent whenever it may have changed.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Playground, state};
use crate::core::Core;
use crate::domain::form::PHONE;
use crate::domain::ids::ConversationId;
use crate::store::playground::{self as rows, LeadRow};

pub(super) use rows::Who;

/// A lead as the page shows it.
#[derive(Serialize)]
struct Lead<'a> {
    person: Option<&'a str>,
    conversation_id: ConversationId,
    lead_status: &'a str,
    /// One key for each field of the form.
    fields: BTreeMap<&'a str, Option<&'a str>>,
    correlation_id: Option<&'a str>,
    click: Option<Click<'a>>,
}

#[derive(Serialize)]
struct Click<'a> {
    click_url: Option<&'a str>,
    parsed_params: &'a RawValue,
}

/// What is known of a field, as leads store it.
#[derive(Deserialize)]
struct Known {
    value: String,
}

/// Shows the lead of `who` where it has changed. A failure is logged, and nothing else depends on it.
pub(super) async fn show(core: &Core, playground: &Playground, who: Who) {
    if let Err(error) = try_show(core, playground, who).await {
        tracing::warn!(error = format!("{error:#}"), "lead not shown");
    }
}

async fn try_show(core: &Core, playground: &Playground, who: Who) -> anyhow::Result<()> {
    let stage = &playground.stage;
    let (project, channels) = (stage.project, [stage.channel, stage.bot.channel, stage.chat.channel]);
    let row = core.db.read(async move |conn| Ok(rows::lead(conn, project, channels, &who).await?)).await?;
    let Some(row) = row else { return Ok(()) };
    let form = state::form(core, project).await?;
    let keys: Vec<&str> = form.fields.iter().map(|field| field.key.as_str()).collect();
    let known: BTreeMap<String, Known> = serde_json::from_str(&row.fields).context("reading a lead's fields")?;
    let lead = lead(&row, &keys, &known)?;
    if playground.lead_changed(serde_json::to_string(&lead)?) {
        playground.feed.publish("lead", &lead);
    }
    Ok(())
}

fn lead<'a>(row: &'a LeadRow, keys: &[&'a str], known: &'a BTreeMap<String, Known>) -> anyhow::Result<Lead<'a>> {
    let value = |key: &str| match known.get(key) {
        Some(known) => Some(known.value.as_str()),
        // The platform sends it with the first message, the agent stores it with its first turn.
        None if key == PHONE => row.phone.as_deref(),
        None => None,
    };
    let click = match &row.parsed_params {
        Some(params) => {
            let parsed_params = serde_json::from_str(params).context("reading a click's parameters")?;
            Some(Click { click_url: row.click_url.as_deref(), parsed_params })
        }
        None => None,
    };
    Ok(Lead {
        person: row.wa_id.as_deref(),
        conversation_id: row.conversation_id,
        lead_status: &row.status,
        fields: keys.iter().map(|key| (*key, value(key))).collect(),
        correlation_id: row.correlation_id.as_deref(),
        click,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> LeadRow {
        LeadRow {
            conversation_id: ConversationId(7),
            wa_id: Some("6591234567".to_owned()),
            phone: Some("+6591234567".to_owned()),
            status: "correlated".to_owned(),
            fields: r#"{"name":{"value":"Mei Tan","words":"I'm mei tan"},"old":{"value":"1","words":"1"}}"#.to_owned(),
            correlation_id: Some("O-aB3dE9z".to_owned()),
            click_url: Some("http://127.0.0.1/playground/shop".to_owned()),
            parsed_params: Some(r#"{"utm_source":"google"}"#.to_owned()),
        }
    }

    fn check(row: &LeadRow, expected: &str) {
        let known = serde_json::from_str(&row.fields).unwrap();
        let lead = lead(row, &["name", "email", "phone"], &known).unwrap();
        assert_eq!(serde_json::to_string(&lead).unwrap(), expected);
    }

    #[test]
    fn a_lead_shows_the_forms_fields_known_or_not_and_its_click() {
        check(
            &row(),
            concat!(
                r#"{"person":"6591234567","conversation_id":7,"lead_status":"correlated","#,
                r#""fields":{"email":null,"name":"Mei Tan","phone":"+6591234567"},"correlation_id":"O-aB3dE9z","#,
                r#""click":{"click_url":"http://127.0.0.1/playground/shop","parsed_params":{"utm_source":"google"}}}"#
            ),
        );
    }

    #[test]
    fn who_came_without_a_click_has_none() {
        let row = LeadRow {
            wa_id: None,
            phone: None,
            status: "active".to_owned(),
            fields: "{}".to_owned(),
            correlation_id: None,
            click_url: None,
            parsed_params: None,
            ..row()
        };
        check(
            &row,
            concat!(
                r#"{"person":null,"conversation_id":7,"lead_status":"active","#,
                r#""fields":{"email":null,"name":null,"phone":null},"correlation_id":null,"click":null}"#
            ),
        );
    }
}
