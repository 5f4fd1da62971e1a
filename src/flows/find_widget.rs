//! Finds a widget by its public id. What was found is kept for a moment, and used past it while the database is away: a
//! visitor reaches WhatsApp all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::app::App;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::widgets::{self, Widget};

/// How old a kept widget may be while the database answers. Changes by command are seen within a second.
const FRESH: SignedDuration = SignedDuration::from_millis(500);
/// How long a visitor waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);
/// Widgets kept in memory.
const KEPT_MAX: usize = 10_000;

/// The widgets that were found before.
#[derive(Default)]
pub struct Widgets(Mutex<HashMap<String, (Arc<Widget>, Timestamp)>>);

impl Widgets {
    fn kept(&self, id: &str) -> Option<(Arc<Widget>, Timestamp)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn keep(&self, widget: Arc<Widget>, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX || kept.contains_key(&widget.public_id) {
            kept.insert(widget.public_id.clone(), (widget, now));
        }
    }

    fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Reads the widgets that there are, so that they are known when the database is away.
pub async fn preload(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let most = u32::try_from(KEPT_MAX).unwrap_or(u32::MAX);
    for widget in app.db.read(async move |conn| Ok(widgets::first(conn, most).await?)).await? {
        app.widgets.keep(Arc::new(widget), now);
    }
    Ok(())
}

/// The widget of that public id; `None` where there is none. An error where the database is away and it was never seen.
pub async fn find_widget(app: &App, id: &str) -> anyhow::Result<Option<Arc<Widget>>> {
    let now = app.clock.now();
    let kept = app.widgets.kept(id);
    if let Some((widget, since)) = &kept
        && (now.duration_since(*since) < FRESH || app.aside.is_resting(now))
    {
        return Ok(Some(widget.clone()));
    }
    let wanted = id.to_owned();
    let read = app.db.read(async move |conn| Ok(widgets::find(conn, &wanted).await?));
    match (tokio::time::timeout(PATIENCE, read).await, kept) {
        (Ok(Ok(Some(widget))), _) => {
            let widget = Arc::new(widget);
            app.widgets.keep(widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Ok(None)), _) => {
            app.widgets.forget(id);
            Ok(None)
        }
        (Ok(Err(_)) | Err(_), Some((widget, _))) => {
            // The next visitor need not wait again.
            app.widgets.keep(widget.clone(), now);
            Ok(Some(widget))
        }
        (Ok(Err(error)), None) => Err(error),
        (Err(_), None) => Err(crate::db::Error::Unavailable(anyhow::anyhow!("no answer within {PATIENCE:?}")).into()),
    }
}
