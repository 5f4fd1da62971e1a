//! `GET /p/{project}/search`: what the command menu finds while somebody types, as JSON.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::lead_name::Fields;
use super::leads::rows::name_of;
use super::who::Member;
use crate::domain::lead_words::LeadQuery;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result};
use crate::http::extract::Query;
use crate::http::routes::Routes;
use crate::store::lead_pages::{self, Filters, View};
use crate::store::window::Position;

/// People that are shown.
const PEOPLE_MAX: u32 = 8;
/// Characters that are looked for.
const SEARCH_CHARS_MAX: usize = 100;

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/search", search)
}

/// Where something is.
#[derive(Serialize)]
struct Found {
    title: String,
    /// The person's number or address, or nothing.
    detail: String,
    href: String,
}

async fn search(State(engines): State<Engines>, member: Member, query: Query) -> Result<Json<Vec<Found>>> {
    let text = query.one("q").map_err(|invalid| ApiError::Invalid(vec![invalid]))?.unwrap_or_default();
    let text: String = text.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let mut found = Vec::new();
    if text.starts_with("evt_") {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", &text).finish();
        let href = format!("{}/integrations/log?{query}", member.path());
        found.push(Found { title: "Deliveries of this event".to_owned(), detail: text.clone(), href });
    }
    let Some(wanted) = LeadQuery::parse(&text, member.project.id) else { return Ok(Json(found)) };
    let project = member.project.id;
    let page = engines.core.db.read(async move |conn| {
        let view = (&View::Found(wanted), &Filters::default());
        Ok(lead_pages::page(conn, project, view, Position::NEWEST, PEOPLE_MAX).await?)
    });
    for lead in page.await?.rows {
        let name = name_of(&lead, &Fields::parse(&lead.fields), member.sees_masked());
        let reference = lead.correlation_id.unwrap_or_default();
        let known: Vec<_> = [name.contact, reference].into_iter().filter(|part| !part.is_empty()).collect();
        let href = format!("{}/leads/{}", member.path(), lead.id);
        found.push(Found { title: name.title, detail: known.join(" · "), href });
    }
    Ok(Json(found))
}
