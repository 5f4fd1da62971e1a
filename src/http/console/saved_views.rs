//! `/p/{project}/views`: filters of the leads and of the log that are kept under a name, by the forms above these lists.

use axum::extract::State;
use axum::response::Response;

use super::form::Form;
use super::leads::query::LeadsQuery;
use super::log::read_filter;
use super::saved_bar::{may_share, path_of};
use super::view::go;
use super::who::Member;
use crate::domain::ids::SavedViewId;
use crate::domain::saved_view::{SavedPage, ViewName};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::extract::{Path, Query};
use crate::http::routes::Routes;
use crate::projects::saved_views::{ViewRefused, remove_view, save_view};
use crate::store::saved_views::NewSavedView;

pub fn routes() -> Routes {
    Routes::default().post("/p/{project}/views", save).post("/p/{project}/views/{view}/remove", remove)
}

/// A filter as the list itself writes it: nothing else is kept.
fn canonical(page: SavedPage, text: &str) -> Result<String> {
    let query = Query::parse(text)?;
    Ok(match page {
        SavedPage::Leads => LeadsQuery::parse(&query)?.with(&[]).trim_start_matches('?').to_owned(),
        SavedPage::Log => read_filter(&query).query(),
    })
}

async fn save(State(engines): State<Engines>, member: Member, form: Form) -> Result<Response> {
    let page = SavedPage::parse(form.text("page"))
        .ok_or_else(|| ApiError::field("page", "choose a list whose filter is kept: leads or log"))?;
    let name = ViewName::parse(form.text("name")).map_err(|error| ApiError::field("name", error.to_string()))?;
    let query = canonical(page, form.text("query"))?;
    if query.is_empty() {
        return Err(ApiError::field("query", "set a filter or search first: a view keeps what they say"));
    }
    let is_shared = form.has("shared");
    if is_shared && !may_share(&member) {
        return Err(ApiError::Forbidden("Admins and owners save views for everybody.".to_owned()));
    }
    let go_on = go(&format!("{}?{query}", path_of(&member, page)));
    let user = (!is_shared).then_some(member.who.user.id);
    let new = NewSavedView { page, user, name, query };
    save_view(&engines.core, &member.actor(), member.project.id, new).await.map_err(refused)?;
    Ok(go_on)
}

async fn remove(
    State(engines): State<Engines>,
    member: Member,
    Path((_, view)): Path<(String, SavedViewId)>,
) -> Result<Response> {
    let whose = (view, member.who.user.id, may_share(&member));
    match remove_view(&engines.core, &member.actor(), member.project.id, whose).await {
        Ok(page) => Ok(go(&path_of(&member, page))),
        Err(ViewRefused::Unknown) => Err(no_such_path().await),
        Err(error) => Err(refused(error)),
    }
}

fn refused(error: ViewRefused) -> ApiError {
    match error {
        ViewRefused::Failed(error) => error.into(),
        ViewRefused::Shared => ApiError::Forbidden("Admins and owners remove views that everybody sees.".to_owned()),
        ViewRefused::TooMany | ViewRefused::Unknown => ApiError::Conflict(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_only_what_the_list_understands() {
        let leads = canonical(SavedPage::Leads, "stage=won&evil=1&view=complete&after=abc&days=4").expect("a query");
        assert_eq!(leads, "view=complete&stage=won");
        let log = canonical(SavedPage::Log, "state=failed&period=day&before=1.2&nothing=").expect("a query");
        assert_eq!(log, "state=failed&period=day");
        assert_eq!(canonical(SavedPage::Log, "https://evil.example").expect("a query"), "");
    }
}
