//! `GET …/leads` of `external`: the people who wrote to a project, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::lead_json::LeadJson;
use super::list_query::ListQuery;
use super::stored_json;
use super::stream::{self, ListResponse, Listed};
use super::timestamp::UtcMicroseconds;
use crate::core::Core;
use crate::db::{self, Conn};
use crate::domain::attributed::Attributed;
use crate::domain::ids::ProjectId;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::http::error::openapi::{CallErrors, QueryErrors};
use crate::store::lead_list::{self, ExternalLead};
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
    responses((status = 200, description = "The leads of the project.", body = ExternalLeadList), CallErrors, QueryErrors)
)]
pub async fn list(State(core): State<Core>, partner: Partner, query: ListQuery) -> Result<Response> {
    stream::respond::<ExternalLead>(&core, &partner, query).await
}

/// Leads of a project.
#[derive(Serialize, ToSchema)]
pub struct ExternalLeadList {
    /// The status code of the response.
    #[schema(example = 200)]
    status: u16,
    #[schema(example = "ok")]
    message: &'static str,
    data: Vec<ExternalLeadRow<'static>>,
    /// Where the next page begins. Only where there are more rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "AAZIT8fVfcMAAAAAAAAB1g")]
    next_cursor: Option<String>,
}

impl ListResponse for ExternalLeadList {
    fn empty(next_cursor: Option<String>) -> Self {
        Self { status: 200, message: "ok", data: Vec::new(), next_cursor }
    }
}

/// A lead, with the first click of its first session. What comes of the click is `null` where there was none.
#[derive(Serialize, ToSchema)]
#[schema(as = ExternalLead)]
struct ExternalLeadRow<'a> {
    #[schema(example = 470)]
    lead_id: i64,
    /// `active`: talking, no click known. `correlated`: linked to a click. `complete`: all required fields are known.
    #[schema(example = "correlated")]
    lead_status: &'a str,
    lead_json: LeadJson<'a>,
    /// When the conversation began.
    created_at: UtcMicroseconds,
    /// When something last became known.
    updated_at: UtcMicroseconds,
    #[schema(required, example = "https://shop.example/?utm_source=google")]
    click_url: Option<&'a str>,
    /// Campaign parameters of the click.
    #[schema(required, value_type = Option<HashMap<String, String>>, example = json!({"utm_source": "google"}))]
    parsed_params: Option<&'a RawValue>,
    #[schema(required, example = "101.100.185.9")]
    ip_address: Option<&'a str>,
    #[schema(required, example = "Mozilla/5.0 (Macintosh)")]
    user_agent: Option<&'a str>,
    /// `qualified`, `won` or `lost`; `null` until a person sets it.
    #[schema(required, example = "won")]
    stage: Option<&'a str>,
    /// `good`, `poor` or `not_a_lead`; `unknown` until a person says so.
    #[schema(example = "good")]
    quality: &'a str,
    /// How the lead came by its click: `reference`, `repaired` or `referral`; else why it has none.
    #[schema(example = "reference")]
    attribution: &'a str,
}

impl Listed for ExternalLead {
    type Response = ExternalLeadList;

    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        lead_list::external(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        lead_list::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        Position::of(self.created_at, self.id)
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let row = ExternalLeadRow {
            lead_id: self.id.0,
            lead_status: &self.status,
            lead_json: LeadJson(&self.fields),
            created_at: UtcMicroseconds(self.created_at),
            updated_at: UtcMicroseconds(self.updated_at),
            click_url: self.click_url.as_deref(),
            parsed_params: stored_json(self.parsed_params.as_deref())?,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
            stage: self.stage.as_deref(),
            quality: &self.quality,
            attribution: self.attributed.as_deref().unwrap_or(Attributed::NotNoted.as_str()),
        };
        serde_json::to_writer(out, &row)
    }
}
