//! Finds a widget by its public id. What was found is kept for a moment, and used past it while the database is away: a
//! visitor reaches WhatsApp all the same.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::flows::kept::{KEPT_MAX, is_fresh};
use crate::store::widgets::{self, Widget};

/// How long a visitor waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads the widgets that there are, so that they are known when the database is away.
pub async fn preload(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let most = u32::try_from(KEPT_MAX).unwrap_or(u32::MAX);
    for widget in app.db.read(async move |conn| Ok(widgets::first(conn, most).await?)).await? {
        let widget = Arc::new(widget);
        app.widgets.keep(&widget.public_id, widget.clone(), now);
    }
    Ok(())
}

/// The widget of that public id; `None` where there is none. An error where the database is away and it was never seen.
pub async fn find_widget(app: &App, id: &str) -> anyhow::Result<Option<Arc<Widget>>> {
    let now = app.clock.now();
    let kept = app.widgets.get(id);
    if let Some((widget, since)) = &kept
        && (is_fresh(*since, now) || app.aside.is_resting(now))
    {
        return Ok(Some(widget.clone()));
    }
    let wanted = id.to_owned();
    let read = app.db.read(async move |conn| Ok(widgets::find(conn, &wanted).await?));
    match (tokio::time::timeout(PATIENCE, read).await, kept) {
        (Ok(Ok(Some(widget))), _) => {
            let widget = Arc::new(widget);
            app.widgets.keep(id, widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Ok(None)), _) => {
            app.widgets.forget(id);
            Ok(None)
        }
        (Ok(Err(_)) | Err(_), Some((widget, _))) => {
            // The next visitor need not wait again.
            app.widgets.keep(id, widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Err(error)), None) => Err(error),
        (Err(_), None) => Err(crate::db::Error::Unavailable(anyhow::anyhow!("no answer within {PATIENCE:?}")).into()),
    }
}
