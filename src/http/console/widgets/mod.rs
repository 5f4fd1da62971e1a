//! `/p/{project}/widgets`: the buttons on sites, each with its tag and where it was last seen.

mod edit;
mod preview;

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::frame::Frame;
use super::view::page;
use super::webhook::health::grouped;
use super::who::Member;
use crate::domain::account::Permission;
use crate::domain::counts::At;
use crate::domain::ids::WidgetId;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::engines::Engines;
use crate::http::error::Result;
use crate::http::routes::Routes;
use crate::store::channels;
use crate::store::source_counts;
use crate::store::widgets::{self, WidgetDetails};

/// Widgets that are listed.
const LISTED_MAX: u32 = 200;
/// After so long without a click, a widget that had some is silent.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(24);

pub fn routes() -> Routes {
    Routes::default().get("/p/{project}/widgets", list).merge(edit::routes()).merge(preview::routes())
}

/// What can be said of a widget on its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WidgetState {
    /// It was never clicked.
    Never,
    /// It was, and not for a day.
    Silent,
    /// It was clicked within a day.
    On,
}

impl WidgetState {
    fn of(clicked_at: Option<Timestamp>, now: Timestamp) -> Self {
        match clicked_at {
            None => Self::Never,
            Some(at) if now - SILENT_AFTER > at => Self::Silent,
            Some(_) => Self::On,
        }
    }
}

struct WidgetRow {
    path: String,
    name: String,
    opens: String,
    page: Option<String>,
    clicked_at: Option<Timestamp>,
    clicks_today: String,
    state: WidgetState,
}

#[derive(Template)]
#[template(path = "widgets/widgets.html")]
struct WidgetsPage {
    frame: Frame,
    rows: Vec<WidgetRow>,
    has_channel: bool,
}

async fn list(State(engines): State<Engines>, member: Member) -> Result<Response> {
    let project = member.project.id;
    let now = engines.core.clock.now();
    let today = At::of(now, &member.project.zone()).day;
    let read = engines.core.db.read(async move |conn| {
        let clicks = source_counts::clicks_of_widgets(conn, project, today).await?;
        Ok((widgets::details(conn, project, LISTED_MAX).await?, channels::list(conn, project, 1).await?, clicks))
    });
    let (listed, channels, clicks) = read.await?;
    let clicks: HashMap<WidgetId, i64> = clicks.into_iter().collect();
    let row = |WidgetDetails { widget, look, clicked_at, clicked_page }| WidgetRow {
        path: format!("{}/widgets/{}", member.path(), widget.public_id),
        name: name(&look.name, &widget.public_id),
        opens: widget.opens(),
        page: clicked_page,
        state: WidgetState::of(clicked_at, now),
        clicks_today: grouped(clicks.get(&widget.id).map_or(0, |clicks| clicks.unsigned_abs())),
        clicked_at,
    };
    let rows = listed.into_iter().map(row).collect();
    let frame = Frame::of_member(&engines.core, &member, "widgets").await?;
    page(&WidgetsPage { frame, rows, has_channel: !channels.is_empty() })
}

/// As people call a widget, or its id.
pub fn name(name: &str, public_id: &str) -> String {
    if name.is_empty() { public_id.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_widget_is_silent_after_a_day_without_a_click() {
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        assert_eq!(WidgetState::of(None, now), WidgetState::Never);
        assert_eq!(WidgetState::of(Some(now - SILENT_AFTER), now), WidgetState::On);
        assert_eq!(WidgetState::of(Some(now - SILENT_AFTER * 2), now), WidgetState::Silent);
    }
}
