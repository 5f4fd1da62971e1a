//! `GET /`: to the only project, or to the list of them.

use axum::extract::State;
use axum::response::Response;

use super::view::go;
use super::who::{Member, SignedIn};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::routes::Routes;
use crate::store::{members, projects};

pub fn routes() -> Routes {
    Routes::default().get("/", show).get("/p/{project}", show_project)
}

async fn show(State(engines): State<Engines>, who: SignedIn) -> Result<Response> {
    if let Some(open) = &engines.core.config.open_console {
        return Ok(go(open.home));
    }
    let (user, is_operator) = (who.user.id, who.user.is_operator);
    let own = engines.core.db.read(async move |conn| {
        Ok(if is_operator {
            projects::list(conn, 2).await?
        } else {
            members::projects_of(conn, user, 2).await?.into_iter().map(|(project, _)| project).collect()
        })
    });
    match own.await?.as_slice() {
        [only] => Ok(go(&format!("/p/{}", only.public_id))),
        _ => Ok(go("/projects")),
    }
}

async fn show_project(member: Member) -> Response {
    go(&format!("{}/overview", member.path()))
}
