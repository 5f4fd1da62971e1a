//! `GET …/attribution`: the clicks of a project with what became of each, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::list_query::ListQuery;
use super::stream::{self, ListResponse, Listed};
use super::timestamp::UtcMicroseconds;
use crate::core::Core;
use crate::db::{self, Conn};
use crate::domain::ids::ProjectId;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::http::error::openapi::{CallErrors, QueryErrors};
use crate::store::attribution::{self, AttributedClick};
use crate::store::window::{Position, Window};

/// List clicks
///
/// One row for each click, newest first, ties broken by id. The list is streamed: a transfer that breaks off is not a
/// whole list.
#[utoipa::path(
    get,
    path = "/attribution",
    operation_id = "list_clicks",
    tag = "Lists",
    params(ListQuery),
    responses((status = 200, description = "The clicks of the project.", body = AttributionList), CallErrors, QueryErrors)
)]
pub async fn list(State(core): State<Core>, partner: Partner, query: ListQuery) -> Result<Response> {
    stream::respond::<AttributedClick>(&core, &partner, query).await
}

/// Clicks of a project.
#[derive(Serialize, ToSchema)]
pub struct AttributionList {
    /// The status code of the response.
    #[schema(example = 200)]
    status: u16,
    #[schema(example = "ok")]
    message: &'static str,
    data: Vec<AttributionRow<'static>>,
    /// Where the next page begins. Only where there are more rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "AAZIT8fVfcMAAAAAAAAB1g")]
    next_cursor: Option<String>,
}

impl ListResponse for AttributionList {
    fn empty(next_cursor: Option<String>) -> Self {
        Self { status: 200, message: "ok", data: Vec::new(), next_cursor }
    }
}

/// A click, and the conversation that it led to. Two documents describe this row: it has the names of both.
#[derive(Serialize, ToSchema)]
#[schema(as = AttributedClick)]
struct AttributionRow<'a> {
    /// The correlation id of the click's session.
    #[schema(example = "O-PimWNfy")]
    correlation_id: &'a str,
    /// The browser.
    #[schema(required, example = "16e1d281-9fc7-48fa-b34c-2dbac4ae4879")]
    device_id: Option<&'a str>,
    /// When the visitor clicked.
    created_at: UtcMicroseconds,
    /// When the session was linked to a conversation.
    #[schema(required)]
    correlated_at: Option<UtcMicroseconds>,
    /// The page of the click.
    #[schema(required, example = "https://shop.example/?utm_source=google")]
    click_url: Option<&'a str>,
    /// The first page of the visit.
    #[schema(required, example = "https://shop.example/")]
    first_raw_url: Option<&'a str>,
    /// Campaign parameters.
    #[schema(value_type = HashMap<String, String>, example = json!({"utm_source": "google"}))]
    parsed_params: &'a RawValue,
    /// As the project's policy allows.
    #[schema(required, example = "101.100.185.9")]
    ip_address: Option<&'a str>,
    /// The browser's `User-Agent`.
    #[schema(required, example = "Mozilla/5.0 (Macintosh)")]
    user_agent: Option<&'a str>,
    /// The channel of the lead.
    #[schema(required, example = "whatsapp")]
    lead_type: Option<&'a str>,
    /// The same as `correlation_id`.
    #[schema(example = "O-PimWNfy")]
    wa_inbound_source_correlation_id: &'a str,
    /// The same as `device_id`.
    #[schema(required, example = "16e1d281-9fc7-48fa-b34c-2dbac4ae4879")]
    wa_inbound_source_device_id: Option<&'a str>,
    /// The same as `correlated_at`.
    #[schema(required)]
    wa_inbound_source_correlated_at: Option<UtcMicroseconds>,
    /// The same as `click_url`.
    #[schema(required, example = "https://shop.example/?utm_source=google")]
    wa_inbound_source_click_url: Option<&'a str>,
    /// The same as `first_raw_url`.
    #[schema(required, example = "https://shop.example/")]
    wa_inbound_source_first_raw_url: Option<&'a str>,
    /// The same as `parsed_params`.
    #[schema(value_type = HashMap<String, String>, example = json!({"utm_source": "google"}))]
    wa_inbound_source_parsed_params: &'a RawValue,
    /// The same as `ip_address`.
    #[schema(required, example = "101.100.185.9")]
    wa_inbound_source_ip_address: Option<&'a str>,
    /// The same as `user_agent`.
    #[schema(required, example = "Mozilla/5.0 (Macintosh)")]
    wa_inbound_source_user_agent: Option<&'a str>,
}

impl Listed for AttributedClick {
    type Response = AttributionList;

    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        attribution::page(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        attribution::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        Position::of(self.created_at, self.id)
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let correlated_at = self.correlated_at.map(UtcMicroseconds);
        let parsed_params = serde_json::from_str(&self.parsed_params)?;
        let row = AttributionRow {
            correlation_id: &self.correlation_id,
            device_id: self.device_id.as_deref(),
            created_at: UtcMicroseconds(self.created_at),
            correlated_at,
            click_url: self.click_url.as_deref(),
            first_raw_url: self.first_raw_url.as_deref(),
            parsed_params,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
            lead_type: self.lead_type.as_deref(),
            wa_inbound_source_correlation_id: &self.correlation_id,
            wa_inbound_source_device_id: self.device_id.as_deref(),
            wa_inbound_source_correlated_at: correlated_at,
            wa_inbound_source_click_url: self.click_url.as_deref(),
            wa_inbound_source_first_raw_url: self.first_raw_url.as_deref(),
            wa_inbound_source_parsed_params: parsed_params,
            wa_inbound_source_ip_address: self.ip_address.as_deref(),
            wa_inbound_source_user_agent: self.user_agent.as_deref(),
        };
        serde_json::to_writer(out, &row)
    }
}
