//! What an event says of a lead that the one before it did not say.

use std::collections::BTreeMap;

use serde_json::Value;

/// What tells of which lead an event is, and stands differently in the two envelopes.
const IDS: [&str; 4] = ["conversation_id", "correlation_id", "channel_id", "channel"];

/// A fact that changed between two events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In words: `lead status`.
    pub name: String,
    /// What it was; `None` where it was not known.
    pub before: Option<String>,
    /// What it is; `None` where it is not known any more.
    pub now: Option<String>,
}

/// What two bodies of events say differently of one lead, by name. A fact that one of them cannot have, as its type has none, is left
/// out.
pub fn differences(before: &str, now: &str) -> Vec<Difference> {
    let (before, now) = (facts(before), facts(now));
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let both = before.iter().filter_map(|(name, was)| Some((name, was, now.get(name)?)));
    let changed = both.filter(|(_, was, is)| was != is);
    let only_now = now.iter().filter(|(name, is)| !before.contains_key(*name) && !is.is_null());
    let mut found: Vec<Difference> = changed
        .map(|(name, was, is)| Difference { name: name.replace('_', " "), before: text(was), now: text(is) })
        .chain(only_now.map(|(name, is)| Difference { name: name.replace('_', " "), before: None, now: text(is) }))
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// What a body says, by name, whichever of the two envelopes it has.
fn facts(body: &str) -> BTreeMap<String, Value> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let mut facts = BTreeMap::new();
    for part in [&body["lead"], &body["data"], &body["data"]["lead_data"]] {
        let leaves = part.as_object().into_iter().flatten();
        let told = leaves.filter(|(name, value)| !value.is_object() && !IDS.contains(&name.as_str()));
        facts.extend(told.map(|(name, value)| (name.clone(), value.clone())));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(before: &str, now: &str) -> Vec<String> {
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let line = |one: Difference| format!("{}: {} > {}", one.name, text(one.before), text(one.now));
        differences(before, now).into_iter().map(line).collect()
    }

    #[test]
    fn what_changed_is_named_in_either_envelope() {
        let created = r#"{"event": "lead.created", "created_at": "a", "lead": {"name": "Mei", "email": null, "phone": "+65", "conversation_id": "u"}}"#;
        let updated = r#"{"event": "lead.updated", "created_at": "b", "lead": {"name": "Mei Tan", "email": "m@x.org", "phone": null}}"#;
        assert_eq!(lines(created, updated), ["email: - > m@x.org", "name: Mei > Mei Tan", "phone: +65 > -"]);
        let complete = r#"{"event_id": "evt_2", "timestamp": "c", "data": {"lead_status": "complete", "conversation_id": 1, "correlation_id": "O-1",
            "lead_data": {"name": "Mei", "email": null, "phone": "+65", "party_size": 4, "company": null}}}"#;
        assert_eq!(lines(created, complete), ["lead status: - > complete", "party size: - > 4"]);
    }

    #[test]
    fn the_same_has_none_and_no_json_is_nothing() {
        let body = r#"{"data": {"lead_status": "correlated"}}"#;
        assert!(lines(body, body).is_empty());
        assert!(lines("", "nonsense").is_empty());
    }
}
