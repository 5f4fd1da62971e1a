//! `GET …/leads` of every service but `external`: the people who wrote to a project, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::external_leads;
use super::list_query::ListQuery;
use super::stored_json;
use super::stream::{self, ListResponse, Listed};
use super::timestamp::UtcMicroseconds;
use crate::core::Core;
use crate::db::{self, Conn};
use crate::domain::ids::ProjectId;
use crate::http::auth::{Family, Partner};
use crate::http::error::Result;
use crate::http::error::openapi::{CallErrors, QueryErrors};
use crate::store::lead_list::{self, ServiceLead};
use crate::store::window::{Position, Window};

/// List leads
///
/// Newest first, ties broken by id. The list is streamed: a transfer that breaks off is not a whole list.
#[utoipa::path(
    get,
    path = "/leads",
    operation_id = "list_leads",
    tag = "Lists",
    params(ListQuery),
    responses((status = 200, description = "The leads of the project.", body = ServiceLeadList), CallErrors, QueryErrors)
)]
pub async fn list(State(core): State<Core>, partner: Partner, query: ListQuery) -> Result<Response> {
    if partner.family == Family::External {
        // The path has the name percent-encoded, so that the router took it for another service's.
        return external_leads::list(State(core), partner, query).await;
    }
    stream::respond::<ServiceLead>(&core, &partner, query).await
}

/// Leads of a project.
#[derive(Serialize, ToSchema)]
pub struct ServiceLeadList {
    data: Vec<ServiceLeadRow<'static>>,
    #[schema(example = "Leads fetched successfully")]
    message: &'static str,
    /// Where the next page begins. Only where there are more rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "AAZIT8fVfcMAAAAAAAAB1g")]
    next_cursor: Option<String>,
}

impl ListResponse for ServiceLeadList {
    fn empty(next_cursor: Option<String>) -> Self {
        Self { data: Vec::new(), message: "Leads fetched successfully", next_cursor }
    }
}

/// A lead, with the first click of its first session. What comes of the click is `null` where there was none.
#[derive(Serialize, ToSchema)]
#[schema(as = ServiceLead)]
struct ServiceLeadRow<'a> {
    #[schema(required, example = "O-xY123zQ")]
    wa_inbound_source_correlation_id: Option<&'a str>,
    #[schema(example = 105)]
    conversation_id: i64,
    /// When the conversation began.
    created_at: UtcMicroseconds,
    /// When the conversation was linked to the session.
    #[schema(required)]
    wa_inbound_source_correlated_at: Option<UtcMicroseconds>,
    #[schema(required, example = "https://example.com/landing?utm_source=google")]
    wa_inbound_source_click_url: Option<&'a str>,
    /// Campaign parameters of the click.
    #[schema(required, value_type = Option<HashMap<String, String>>, example = json!({"utm_source": "google"}))]
    wa_inbound_source_parsed_params: Option<&'a RawValue>,
}

impl Listed for ServiceLead {
    type Response = ServiceLeadList;

    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        lead_list::service(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        lead_list::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        Position::of(self.created_at, self.id)
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = ServiceLeadRow {
            wa_inbound_source_correlation_id: self.correlation_id.as_deref(),
            conversation_id: self.conversation_id.0,
            created_at: UtcMicroseconds(self.created_at),
            wa_inbound_source_correlated_at: self.correlated_at.map(UtcMicroseconds),
            wa_inbound_source_click_url: self.click_url.as_deref(),
            wa_inbound_source_parsed_params: stored_json(self.parsed_params.as_deref())?,
        };
        serde_json::to_writer(out, &row)
    }
}
