//! The closed sets of the API as schemas, and what fields of a body may be besides absent.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::schema::{Object, SchemaType, Type};

use crate::deliveries::log_filter::Period;
use crate::domain::account::Role;
use crate::domain::delivery::{DeliveryStatus, Policy};
use crate::domain::event::EventType;
use crate::domain::form::FieldKind;
use crate::domain::lead::{CreatedWhen, Handling, LeadStatus, Quality, Stage};
use crate::domain::link::LinkStatus;
use crate::domain::token::TokenScope;
use crate::domain::widget::Side;
use crate::projects::pause_webhook::Waiting;

fn words(words: &[&'static str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.to_vec())).build()
}

/// Of a field that may be absent: `null` says the same.
fn words_or_null(words: &[&'static str]) -> Object {
    let values: Vec<Option<&str>> = words.iter().copied().map(Some).chain([None]).collect();
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .enum_values(Some(values))
        .build()
}

macro_rules! sets {
    ($build:ident: $($name:ident = $set:ident),* $(,)?) => {
        $(pub fn $name() -> Object {
            $build(&$set::ALL.map($set::as_str))
        })*
    };
}

sets! {
    words:
    quality = Quality,
    handling = Handling,
    lead_status = LeadStatus,
    delivery_status = DeliveryStatus,
    policy = Policy,
    event_type = EventType,
    period = Period,
    waiting = Waiting,
    role = Role,
    side = Side,
    field_kind = FieldKind,
    created_when = CreatedWhen,
    scope = TokenScope,
}

sets! {
    words_or_null:
    quality_or_null = Quality,
    policy_or_null = Policy,
    event_type_or_null = EventType,
    period_or_null = Period,
    side_or_null = Side,
    created_when_or_null = CreatedWhen,
    stage_or_null = Stage,
    scope_or_null = TokenScope,
}

/// Of a link that is there.
pub fn link_status() -> Object {
    words(&[LinkStatus::Active, LinkStatus::Paused].map(LinkStatus::as_str))
}

/// `open`, or a stage.
pub fn open_or_stage() -> Object {
    let all: Vec<_> = ["open"].into_iter().chain(Stage::ALL.map(Stage::as_str)).collect();
    words(&all)
}

/// A number of a row that is too large for JavaScript: its digits.
pub fn digits() -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,19}$")).examples(["8213004521472001"]).build()
}

/// The same in a field that may be absent.
pub fn digits_or_null() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .pattern(Some("^[0-9]{1,19}$"))
        .examples(["8213004521472001"])
        .build()
}

/// Tells `null` from a field that is not there.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
