//! `GET …/leads`: the people that a project has heard from, newest first.

use std::borrow::Cow;
use std::fmt;

use axum::extract::State;
use axum::response::Response;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::list_query::ListQuery;
use super::stream::{self, Envelope, Listed};
use crate::core::Core;
use crate::db::{self, Conn};
use crate::domain::ids::ProjectId;
use crate::domain::time::with_microseconds;
use crate::http::auth::{Family, Partner};
use crate::http::error::Result;
use crate::store::lead_list::{self, ExternalLead, ServiceLead};
use crate::store::window::{Position, Window};

/// Its shape follows the path: one document for `external`, another for every other service.
pub async fn list(State(core): State<Core>, partner: Partner, query: ListQuery) -> Result<Response> {
    let envelope = Envelope::of_leads(&partner.family);
    match partner.family {
        Family::External => stream::answer::<ExternalLead>(&core, &partner, query, envelope).await,
        Family::Service(_) => stream::answer::<ServiceLead>(&core, &partner, query, envelope).await,
    }
}

#[derive(serde::Serialize)]
struct ExternalRow<'a> {
    lead_id: i64,
    lead_status: &'a str,
    lead_json: LeadJson<'a>,
    created_at: String,
    updated_at: String,
    click_url: Option<&'a str>,
    parsed_params: Option<&'a RawValue>,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
}

impl Listed for ExternalLead {
    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        lead_list::external(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        lead_list::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        self.position()
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = ExternalRow {
            lead_id: self.id,
            lead_status: &self.status,
            lead_json: LeadJson(&self.fields),
            created_at: with_microseconds(self.created_at),
            updated_at: with_microseconds(self.updated_at),
            click_url: self.click_url.as_deref(),
            parsed_params: raw(self.parsed_params.as_deref())?,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
        };
        serde_json::to_writer(out, &row)
    }
}

#[derive(serde::Serialize)]
struct ServiceRow<'a> {
    wa_inbound_source_correlation_id: Option<&'a str>,
    conversation_id: i64,
    created_at: String,
    wa_inbound_source_correlated_at: Option<String>,
    wa_inbound_source_click_url: Option<&'a str>,
    wa_inbound_source_parsed_params: Option<&'a RawValue>,
}

impl Listed for ServiceLead {
    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        lead_list::service(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        lead_list::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        self.position()
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = ServiceRow {
            wa_inbound_source_correlation_id: self.correlation_id.as_deref(),
            conversation_id: self.conversation_id,
            created_at: with_microseconds(self.created_at),
            wa_inbound_source_correlated_at: self.correlated_at.map(with_microseconds),
            wa_inbound_source_click_url: self.click_url.as_deref(),
            wa_inbound_source_parsed_params: raw(self.parsed_params.as_deref())?,
        };
        serde_json::to_writer(out, &row)
    }
}

/// Stored JSON, to go out as it is.
pub(super) fn raw(text: Option<&str>) -> serde_json::Result<Option<&RawValue>> {
    text.map(serde_json::from_str).transpose()
}

/// The fields of a lead as the document names them: `contact_name`, `contact_number`, `contact_email`, then the form's
/// own.
struct LeadJson<'a>(&'a str);

/// The names that the document gives to what every lead has.
const CONTACT: [(&str, &str); 3] = [("name", "contact_name"), ("phone", "contact_number"), ("email", "contact_email")];

impl Serialize for LeadJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Fields(fields) = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        for (key, name) in CONTACT {
            let value = fields.iter().find(|(given, _)| given == key).and_then(|(_, field)| field.text());
            map.serialize_entry(name, &value.as_deref().map(|text| if key == "phone" { bare(text) } else { text }))?;
        }
        let taken = |key: &str| CONTACT.iter().any(|(own, name)| *own == key || *name == key);
        for (key, field) in fields.iter().filter(|(key, _)| !taken(key)) {
            if let Some(text) = field.text() {
                map.serialize_entry(key, &text)?;
            }
        }
        map.end()
    }
}

/// `6587487282`, as the document has it.
fn bare(phone: &str) -> &str {
    phone.strip_prefix('+').unwrap_or(phone)
}

/// Stored fields, in their order.
struct Fields<'a>(Vec<(Cow<'a, str>, StoredField)>);

#[derive(serde::Deserialize)]
struct StoredField {
    value: Value,
}

impl StoredField {
    fn text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Null => None,
            Value::String(text) => Some(text.into()),
            other => Some(other.to_string().into()),
        }
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key()? {
                    fields.push((key, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(row: &impl Listed) -> String {
        let mut out = Vec::new();
        row.write(&mut out).expect("stored JSON is valid");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn time(text: &str) -> jiff::Timestamp {
        text.parse().expect("a time")
    }

    /// The example of the document for `external`.
    #[test]
    fn an_external_lead_reads_as_in_its_document() {
        let fields = r#"{"phone":{"value":"+6587487282","words":"87487282"},"name":{"value":"Jane Doe","words":"Jane Doe"},
            "preferred_outlet":{"value":"Orchard Gateway","words":"orchard"},"email":{"value":"jane@example.com","words":"j"},
            "selected_service":{"value":"Eyelash Extensions","words":"lashes"},"guests":{"value":2,"words":"two"},
            "preferred_date_time":{"value":"1 January 2026","words":"1 January 2026"},"later":{"value":null,"words":""}}"#;
        let lead = ExternalLead {
            id: 470,
            status: "active".into(),
            fields: fields.into(),
            created_at: time("2025-12-31T12:20:16.583181Z"),
            updated_at: time("2026-01-02T01:38:05.868837Z"),
            click_url: None,
            parsed_params: None,
            ip_address: None,
            user_agent: None,
        };
        assert_eq!(
            written(&lead),
            concat!(
                r#"{"lead_id":470,"lead_status":"active","lead_json":{"contact_name":"Jane Doe","contact_number":"6587487282","#,
                r#""contact_email":"jane@example.com","preferred_outlet":"Orchard Gateway","selected_service":"Eyelash Extensions","#,
                r#""guests":"2","preferred_date_time":"1 January 2026"},"created_at":"2025-12-31T12:20:16.583181Z","#,
                r#""updated_at":"2026-01-02T01:38:05.868837Z","click_url":null,"parsed_params":null,"ip_address":null,"#,
                r#""user_agent":null}"#
            )
        );
        let unknown = ExternalLead { fields: "{}".into(), parsed_params: Some(r#"{"gclid":"a\"b"}"#.into()), ..lead };
        assert!(
            written(&unknown)
                .contains(r#""lead_json":{"contact_name":null,"contact_number":null,"contact_email":null}"#)
        );
        assert!(written(&unknown).contains(r#""parsed_params":{"gclid":"a\"b"}"#));
    }

    /// The example of the document for `topkee`.
    #[test]
    fn a_services_lead_reads_as_in_its_document() {
        let lead = ServiceLead {
            id: 1,
            correlation_id: Some("O-xY123zQ".into()),
            conversation_id: 105,
            created_at: time("2024-01-23T10:30:00.123Z"),
            correlated_at: Some(time("2024-01-23T10:35:00.456Z")),
            click_url: Some("https://example.com/landing?...".into()),
            parsed_params: Some(r#"{"utm_source":"google","gclid":"AbCd123"}"#.into()),
        };
        assert_eq!(
            written(&lead),
            concat!(
                r#"{"wa_inbound_source_correlation_id":"O-xY123zQ","conversation_id":105,"#,
                r#""created_at":"2024-01-23T10:30:00.123000Z","wa_inbound_source_correlated_at":"2024-01-23T10:35:00.456000Z","#,
                r#""wa_inbound_source_click_url":"https://example.com/landing?...","#,
                r#""wa_inbound_source_parsed_params":{"utm_source":"google","gclid":"AbCd123"}}"#
            )
        );
    }
}
