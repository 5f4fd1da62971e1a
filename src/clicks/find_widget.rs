//! Finds a widget by its public id.

use std::sync::Arc;

use super::Clicks;
use super::find_cached::find_cached;
use crate::cache::ENTRIES_MAX;
use crate::store::widgets::{self, Widget};

/// Fills the cache at the start, so that widgets are known should the database become unavailable.
pub async fn preload(clicks: &Clicks) -> anyhow::Result<()> {
    let now = clicks.core.clock.now();
    let most = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
    for widget in clicks.core.db.read(async move |conn| Ok(widgets::first(conn, most).await?)).await? {
        let widget = Arc::new(widget);
        clicks.widgets.insert(&widget.public_id, widget.clone(), now);
    }
    Ok(())
}

/// The widget of that public id; `None` where there is none. An error where the database is unavailable and the cache does
/// not have it.
pub async fn find_widget(clicks: &Clicks, id: &str) -> anyhow::Result<Option<Arc<Widget>>> {
    let wanted = id.to_owned();
    let read = clicks.core.db.read(async move |conn| Ok(widgets::find(conn, &wanted).await?));
    find_cached(clicks, &clicks.widgets, id, read).await
}
