//! A time as the partner API writes it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::domain::time::{Timestamp, with_microseconds};

/// RFC 3339 in UTC with microseconds.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(as = Time, value_type = String, format = DateTime, example = "2026-01-07T09:52:24.744651Z")]
pub struct UtcMicroseconds(pub Timestamp);

impl<'de> Deserialize<'de> for UtcMicroseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for UtcMicroseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&with_microseconds(self.0))
    }
}
