//! Finds a widget by its public id: in the cache, and past its TTL while the database is unavailable, so that a visitor
//! reaches the chat all the same.

use std::sync::Arc;
use std::time::Duration;

use super::Clicks;
use crate::cache::{ENTRIES_MAX, is_fresh};
use crate::db::Error;
use crate::store::widgets::{self, Widget};

/// How long a visitor waits for the database.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

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
    let now = clicks.core.clock.now();
    let cached = clicks.widgets.get(id);
    if let Some((widget, read_at)) = &cached
        && (is_fresh(*read_at, now) || clicks.breaker.is_open(now))
    {
        return Ok(Some(widget.clone()));
    }
    let wanted = id.to_owned();
    let read = clicks.core.db.read(async move |conn| Ok(widgets::find(conn, &wanted).await?));
    match (tokio::time::timeout(READ_TIMEOUT, read).await, cached) {
        (Ok(Ok(Some(widget))), _) => {
            let widget = Arc::new(widget);
            clicks.widgets.insert(id, widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Ok(None)), _) => {
            clicks.widgets.remove(id);
            Ok(None)
        }
        (Ok(Err(_)) | Err(_), Some((widget, _))) => {
            // The next visitor need not wait again.
            clicks.widgets.insert(id, widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Err(error)), None) => Err(error),
        (Err(_), None) => Err(Error::Unavailable(anyhow::anyhow!("no response within {READ_TIMEOUT:?}")).into()),
    }
}
