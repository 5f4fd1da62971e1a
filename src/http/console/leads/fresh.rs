//! How many leads have a newer message than the first one of a page, under the same filters.

use axum::extract::State;
use axum::response::Response;

use super::super::fresh::{FRESH_MAX, fresh_part};
use super::super::who::Member;
use super::query::LeadsQuery;
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::extract::Query;
use crate::http::partner::cursor;
use crate::store::lead_pages::{self, start};

pub async fn fresh(State(engines): State<Engines>, member: Member, query: Query) -> Result<Response> {
    let top = query.one("top").ok().flatten().and_then(cursor::decode);
    let query = LeadsQuery::parse(&query)?;
    let (project, view) = (member.project.id, query.view(member.project.id, member.who.user.id));
    let filters = query.filters(engines.core.clock.now());
    let page = engines
        .core
        .db
        .read(async move |conn| Ok(lead_pages::page(conn, project, (&view, &filters), start(&view), FRESH_MAX).await?));
    let rows = page.await?.rows;
    let count = rows.iter().take_while(|lead| top.is_none_or(|top| lead.position() > top)).count();
    fresh_part(format!("{}/leads", member.path()), query.with(&[]).trim_start_matches('?').to_owned(), count)
}
