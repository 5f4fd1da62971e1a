//! What a template can read: one event, and nothing else.

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::error::TemplateError;
use super::values;

/// The fields of an event: those of its body, and the few that every event has under one name, so that a template can serve
/// several events.
#[derive(Clone, Debug)]
pub struct Variables(Map<String, Json>);

impl Variables {
    /// From the body of an event: `event`, `event_id`, `timestamp` and `lead` are added where they are not there.
    pub fn of(event_id: &str, body: &str) -> Result<Self, TemplateError> {
        let mut fields: Map<String, Json> = serde_json::from_str(body).map_err(|_| TemplateError::Event)?;
        let renamed = |fields: &Map<String, Json>, name: &str| fields.get(name).cloned().unwrap_or_default();
        let (event, timestamp, lead) =
            (renamed(&fields, "event_type"), renamed(&fields, "created_at"), lead_of(renamed(&fields, "data")));
        fields.entry("event").or_insert(event);
        fields.entry("timestamp").or_insert(timestamp);
        fields.entry("event_id").or_insert_with(|| event_id.into());
        fields.entry("lead").or_insert(lead);
        Ok(Self(fields))
    }

    /// Whether there is such a field, be it `null`: `lead.name`. Within campaign parameters every name may be one.
    pub fn has(&self, path: &str) -> bool {
        let mut names = path.split('.');
        let Some(mut here) = names.next().and_then(|name| self.0.get(name)) else { return false };
        let mut above = "";
        for name in names {
            let Json::Object(fields) = here else { return !here.is_null() };
            let Some(next) = fields.get(name) else { return above == "parsed_params" };
            (here, above) = (next, name);
        }
        true
    }

    /// For the engine.
    pub(super) fn to_value(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(name, value)| (name.as_str(), values::from_json(value))))
    }
}

/// `lead` of an event whose body has its fields elsewhere, with `message` for what `lead_data` calls `intent`.
fn lead_of(data: Json) -> Json {
    let Json::Object(mut data) = data else { return Json::Object(Map::new()) };
    let mut lead = match data.remove("lead_data") {
        Some(Json::Object(lead)) => lead,
        _ => Map::new(),
    };
    if let Some(intent) = lead.get("intent").cloned() {
        lead.entry("message").or_insert(intent);
    }
    if let Some(phone) = data.remove("phone_number") {
        lead.entry("phone").or_insert(phone);
    }
    Json::Object(lead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let variables = Variables::of("evt_7", body).expect("an object");
        let expected: Json = serde_json::from_str(expected).expect("JSON");
        assert_eq!(Json::Object(variables.0), expected, "{body}");
    }

    #[test]
    fn every_event_has_the_same_few_names() {
        check(
            r#"{"event":"lead.created","created_at":"T","lead":{"name":null}}"#,
            r#"{"event":"lead.created","created_at":"T","lead":{"name":null},"timestamp":"T","event_id":"evt_7"}"#,
        );
        check(
            r#"{"event_type":"lead.complete","event_id":"evt_1","timestamp":"T","data":{"lead_data":{"name":"Mei","intent":"tea"}}}"#,
            r#"{"event_type":"lead.complete","event_id":"evt_1","timestamp":"T","data":{"lead_data":{"name":"Mei","intent":"tea"}},
                "event":"lead.complete","lead":{"name":"Mei","intent":"tea","message":"tea"}}"#,
        );
        check(
            r#"{"event_type":"lead.correlated","timestamp":"T","data":{"phone_number":"+65"}}"#,
            r#"{"event_type":"lead.correlated","timestamp":"T","data":{"phone_number":"+65"},
                "event":"lead.correlated","event_id":"evt_7","lead":{"phone":"+65"}}"#,
        );
        assert!(matches!(Variables::of("evt_7", "[1]"), Err(TemplateError::Event)));
    }

    #[test]
    fn a_misspelt_name_is_known_to_be_none() {
        let body = r#"{"event":"x","lead":{"name":null},"data":{"parsed_params":{"gclid":"1"},"list":[1]}}"#;
        let variables = Variables::of("evt_7", body).expect("an object");
        for path in ["lead", "lead.name", "event_id", "data.parsed_params.utm_term", "data.list.0"] {
            assert!(variables.has(path), "{path}");
        }
        for path in ["leed", "lead.nmae", "lead.name.first", "data.lead_data"] {
            assert!(!variables.has(path), "{path}");
        }
    }
}
