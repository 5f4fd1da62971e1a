//! What is done to a link with one button, and its QR code as files.

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use super::find;
use super::qr::Qr;
use crate::domain::link::LinkStatus;
use crate::engines::Engines;
use crate::http::console::view::go;
use crate::http::console::who::{Configure, Member};
use crate::http::error::Result;
use crate::http::extract::Path;
use crate::http::routes::Routes;
use crate::projects::links::set_link_status;

/// Project and link of an address.
type Names = Path<(String, String)>;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/links/{link}/qr.svg", show_svg)
        .get("/p/{project}/links/{link}/qr.png", show_png)
        .post("/p/{project}/links/{link}/pause", pause)
        .post("/p/{project}/links/{link}/resume", resume)
        .post("/p/{project}/links/{link}/delete", delete)
}

async fn pause(state: State<Engines>, member: Member<Configure>, names: Names) -> Result<Response> {
    set_status(state, member, names, LinkStatus::Paused).await
}

async fn resume(state: State<Engines>, member: Member<Configure>, names: Names) -> Result<Response> {
    set_status(state, member, names, LinkStatus::Active).await
}

async fn delete(state: State<Engines>, member: Member<Configure>, names: Names) -> Result<Response> {
    set_status(state, member, names, LinkStatus::Removed).await
}

async fn set_status(
    State(engines): State<Engines>,
    member: Member<Configure>,
    Path((_, id)): Names,
    status: LinkStatus,
) -> Result<Response> {
    let link = find(&engines, &member, &id).await?;
    set_link_status(&engines.core, &member.actor(), member.project.id, link.id, status).await?;
    let links = format!("{}/links", member.path());
    Ok(go(&if status == LinkStatus::Removed { links } else { format!("{links}/{}", link.id) }))
}

async fn show_svg(State(engines): State<Engines>, member: Member, Path((_, id)): Names) -> Result<Response> {
    let link = find(&engines, &member, &id).await?;
    let svg = Qr::of(&link.address(&engines.core.config.base_url))?.svg();
    Ok(file(&link.slug, ("svg", "image/svg+xml"), svg.into_bytes()))
}

async fn show_png(State(engines): State<Engines>, member: Member, Path((_, id)): Names) -> Result<Response> {
    let link = find(&engines, &member, &id).await?;
    let png = Qr::of(&link.address(&engines.core.config.base_url))?.png();
    Ok(file(&link.slug, ("png", "image/png"), png.map_err(anyhow::Error::from)?))
}

/// A picture that is saved under the link's name; a page shows it all the same.
fn file(slug: &str, (ending, kind): (&str, &'static str), picture: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{slug}.{ending}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], picture).into_response()
}
