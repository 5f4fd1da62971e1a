//! Counts what asks for a widget's link without being a press of a person. Counted in memory, stored by house work.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::app::App;
use crate::domain::visitor::Visit;
use crate::store::clicks;

/// Sorts of visit past which new ones are not counted until some are stored.
const KEPT_MAX: usize = 10_000;

/// Widget, day and kind.
type Sort = (i64, String, &'static str);

/// Visits that are not stored yet.
#[derive(Default)]
pub struct Visits(Mutex<HashMap<Sort, i64>>);

impl Visits {
    fn add(&self, more: impl IntoIterator<Item = (Sort, i64)>) {
        let mut counts = self.lock();
        for (sort, visits) in more {
            if counts.len() < KEPT_MAX || counts.contains_key(&sort) {
                *counts.entry(sort).or_default() += visits;
            }
        }
    }

    fn take(&self) -> HashMap<Sort, i64> {
        std::mem::take(&mut *self.lock())
    }

    /// Nothing panics while it is held; a poisoned lock would still guard a usable value.
    fn lock(&self) -> MutexGuard<'_, HashMap<Sort, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a visit that was no click.
pub fn count_visit(app: &App, widget: i64, visit: Visit) {
    let kind = match visit {
        Visit::Person => return,
        Visit::Crawler(_) => "crawler",
        Visit::Prefetch => "prefetch",
        Visit::Head => "head",
    };
    let day = app.clock.now().strftime("%Y-%m-%d").to_string();
    app.visits.add([((widget, day, kind), 1)]);
}

/// Stores what was counted. Where that fails it goes on waiting.
pub async fn store_visits(app: &App) -> anyhow::Result<()> {
    let counted = app.visits.take();
    if counted.is_empty() {
        return Ok(());
    }
    let storing = counted.clone();
    let stored = app.db.write(async move |tx| {
        for ((widget, day, kind), visits) in &storing {
            clicks::add_uncounted(tx, *widget, day, kind, *visits).await?;
        }
        Ok(())
    });
    stored.await.inspect_err(|_| app.visits.add(counted))
}
