//! `GET …/attribution`: the clicks of a project with what became of each, newest first.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::list_query::ListQuery;
use super::stream::{self, Listed, STATUS_FIRST};
use crate::core::Core;
use crate::db::{self, Conn};
use crate::domain::ids::ProjectId;
use crate::domain::time::with_microseconds;
use crate::http::auth::Partner;
use crate::http::error::Result;
use crate::store::attribution::{self, AttributedClick};
use crate::store::window::{Position, Window};

/// The same for every family.
pub async fn list(State(core): State<Core>, partner: Partner, query: ListQuery) -> Result<Response> {
    stream::answer::<AttributedClick>(&core, &partner, query, STATUS_FIRST).await
}

/// Two documents describe this row: it has the names of both.
#[derive(Serialize)]
struct Row<'a> {
    correlation_id: &'a str,
    device_id: Option<&'a str>,
    created_at: String,
    correlated_at: Option<&'a str>,
    click_url: Option<&'a str>,
    first_raw_url: Option<&'a str>,
    parsed_params: &'a RawValue,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    lead_type: Option<&'a str>,
    wa_inbound_source_correlation_id: &'a str,
    wa_inbound_source_device_id: Option<&'a str>,
    wa_inbound_source_correlated_at: Option<&'a str>,
    wa_inbound_source_click_url: Option<&'a str>,
    wa_inbound_source_first_raw_url: Option<&'a str>,
    wa_inbound_source_parsed_params: &'a RawValue,
    wa_inbound_source_ip_address: Option<&'a str>,
    wa_inbound_source_user_agent: Option<&'a str>,
}

impl Listed for AttributedClick {
    async fn read(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Vec<Self>> {
        attribution::page(conn, project, window).await
    }

    async fn end(conn: &Conn, project: ProjectId, window: &Window) -> db::Result<Option<Position>> {
        attribution::end(conn, project, window).await
    }

    fn position(&self) -> Position {
        self.position()
    }

    fn write(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let correlated_at = self.correlated_at.map(with_microseconds);
        let parsed_params = serde_json::from_str(&self.parsed_params)?;
        let row = Row {
            correlation_id: &self.correlation_id,
            device_id: self.device_id.as_deref(),
            created_at: with_microseconds(self.created_at),
            correlated_at: correlated_at.as_deref(),
            click_url: self.click_url.as_deref(),
            first_raw_url: self.first_raw_url.as_deref(),
            parsed_params,
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
            lead_type: self.lead_type.as_deref(),
            wa_inbound_source_correlation_id: &self.correlation_id,
            wa_inbound_source_device_id: self.device_id.as_deref(),
            wa_inbound_source_correlated_at: correlated_at.as_deref(),
            wa_inbound_source_click_url: self.click_url.as_deref(),
            wa_inbound_source_first_raw_url: self.first_raw_url.as_deref(),
            wa_inbound_source_parsed_params: parsed_params,
            wa_inbound_source_ip_address: self.ip_address.as_deref(),
            wa_inbound_source_user_agent: self.user_agent.as_deref(),
        };
        serde_json::to_writer(out, &row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of the correlation document, with the second set of names behind it.
    #[test]
    fn a_click_reads_as_in_both_documents() {
        let click = AttributedClick {
            id: 1,
            correlation_id: "O-PimWNfy".into(),
            device_id: Some("16e1d281-9fc7-48fa-b34c-2dbac4ae4879".into()),
            created_at: "2026-01-07T09:52:24.744651Z".parse().expect("a time"),
            correlated_at: Some("2026-01-07T09:53:40.377977Z".parse().expect("a time")),
            click_url: Some("https://app.aurix.com.sg/auth/login".into()),
            first_raw_url: None,
            parsed_params: "{}".into(),
            ip_address: Some("101.100.185.9".into()),
            user_agent: Some("Mozilla/5.0 (Macintosh)".into()),
            lead_type: None,
        };
        let mut out = Vec::new();
        click.write(&mut out).expect("stored JSON is valid");
        assert_eq!(
            String::from_utf8(out).expect("JSON is UTF-8"),
            concat!(
                r#"{"correlation_id":"O-PimWNfy","device_id":"16e1d281-9fc7-48fa-b34c-2dbac4ae4879","#,
                r#""created_at":"2026-01-07T09:52:24.744651Z","correlated_at":"2026-01-07T09:53:40.377977Z","#,
                r#""click_url":"https://app.aurix.com.sg/auth/login","first_raw_url":null,"parsed_params":{},"#,
                r#""ip_address":"101.100.185.9","user_agent":"Mozilla/5.0 (Macintosh)","lead_type":null,"#,
                r#""wa_inbound_source_correlation_id":"O-PimWNfy","#,
                r#""wa_inbound_source_device_id":"16e1d281-9fc7-48fa-b34c-2dbac4ae4879","#,
                r#""wa_inbound_source_correlated_at":"2026-01-07T09:53:40.377977Z","#,
                r#""wa_inbound_source_click_url":"https://app.aurix.com.sg/auth/login","#,
                r#""wa_inbound_source_first_raw_url":null,"wa_inbound_source_parsed_params":{},"#,
                r#""wa_inbound_source_ip_address":"101.100.185.9","wa_inbound_source_user_agent":"Mozilla/5.0 (Macintosh)"}"#
            )
        );
    }
}
