//! Counts what asks for a widget's link without being a press of a person. Counted in memory, stored by the minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::app::App;
use crate::domain::visitor::Visit;
use crate::store::clicks;

/// Kinds of visit kept in memory between two stores: (widget, day, kind).
const KEPT_MAX: usize = 10_000;

/// Visits that are not stored yet.
#[derive(Default)]
pub struct Visits(Mutex<HashMap<(i64, String, &'static str), i64>>);

/// Counts a visit that was no click.
pub fn count_visit(app: &App, widget: i64, visit: Visit) {
    let kind = match visit {
        Visit::Person => return,
        Visit::Crawler(_) => "crawler",
        Visit::Prefetch => "prefetch",
        Visit::Head => "head",
    };
    let day = app.clock.now().strftime("%Y-%m-%d").to_string();
    let mut visits = app.visits.0.lock().unwrap_or_else(PoisonError::into_inner);
    if visits.len() < KEPT_MAX {
        *visits.entry((widget, day, kind)).or_default() += 1;
    }
}

/// Stores what was counted.
pub async fn store_visits(app: &App) -> anyhow::Result<()> {
    let counted = std::mem::take(&mut *app.visits.0.lock().unwrap_or_else(PoisonError::into_inner));
    if counted.is_empty() {
        return Ok(());
    }
    app.db
        .write(async move |tx| {
            for ((widget, day, kind), visits) in &counted {
                clicks::add_uncounted(tx, *widget, day, kind, *visits).await?;
            }
            Ok(())
        })
        .await
}
