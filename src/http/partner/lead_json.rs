//! The fields of a lead as the partner API shows them to `external`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// Stored fields. They go out as `contact_name`, `contact_number` and `contact_email`, then the form's own.
pub struct LeadJson<'a>(pub &'a str);

/// The names that the document gives to what every lead has.
const CONTACT: [(&str, &str); 3] = [("name", "contact_name"), ("phone", "contact_number"), ("email", "contact_email")];

impl Serialize for LeadJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
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
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
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

impl ToSchema for LeadJson<'_> {}

impl PartialSchema for LeadJson<'_> {
    fn schema() -> RefOr<Schema> {
        let text = |example: &str| {
            let text_or_null = SchemaType::Array(vec![Type::String, Type::Null]);
            ObjectBuilder::new().schema_type(text_or_null).examples([example])
        };
        let custom = ObjectBuilder::new().schema_type(Type::String);
        let examples = BTreeMap::from([("name", "Jane Doe"), ("phone", "6587487282"), ("email", "jane@example.com")]);
        CONTACT
            .iter()
            .fold(ObjectBuilder::new(), |object, (key, name)| {
                object.property(*name, text(examples.get(key).copied().unwrap_or_default())).required(*name)
            })
            .additional_properties(Some(custom))
            .description(Some(
                "What is known of the person; `null` until it is. Each custom field has a key once it is known.",
            ))
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &str, expected: &str) {
        assert_eq!(serde_json::to_string(&LeadJson(fields)).expect("stored JSON is valid"), expected);
    }

    #[test]
    fn fields_go_out_as_texts_and_an_unknown_contact_as_null() {
        check("{}", r#"{"contact_name":null,"contact_number":null,"contact_email":null}"#);
        check(
            r#"{"phone":{"value":"+6587487282","words":"87487282"},"guests":{"value":2,"words":"two"},"later":{"value":null}}"#,
            r#"{"contact_name":null,"contact_number":"6587487282","contact_email":null,"guests":"2"}"#,
        );
    }
}
