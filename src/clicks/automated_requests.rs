//! Counts requests for a widget's link that are no click of a person: crawlers, prefetches, `HEAD`, what is over the rate limit, and who
//! follows a link that was paused. In memory first; the maintenance task stores the counts.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Clicks;
use crate::domain::visitor::RequestKind;
use crate::store::clicks::{AutomatedRequestCounter, count_automated_requests};
use crate::store::widgets::Widget;

/// Counters in memory past which new ones are dropped until some are stored.
const COUNTERS_MAX: usize = 10_000;

/// Counts that are not stored yet.
#[derive(Default)]
pub struct AutomatedRequests(Mutex<HashMap<AutomatedRequestCounter, i64>>);

impl AutomatedRequests {
    fn add(&self, more: impl IntoIterator<Item = (AutomatedRequestCounter, i64)>) {
        let mut counts = self.lock();
        for (counter, requests) in more {
            if counts.len() < COUNTERS_MAX || counts.contains_key(&counter) {
                *counts.entry(counter).or_default() += requests;
            }
        }
    }

    fn take(&self) -> HashMap<AutomatedRequestCounter, i64> {
        std::mem::take(&mut *self.lock())
    }

    /// Nothing panics while it is locked; a poisoned lock would still guard a usable value.
    fn lock(&self) -> MutexGuard<'_, HashMap<AutomatedRequestCounter, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a request, unless it is a click.
pub fn count(clicks: &Clicks, widget: &Widget, request: RequestKind) {
    let kind = match request {
        RequestKind::Person => return,
        RequestKind::Crawler(_) => "crawler",
        RequestKind::Prefetch => "prefetch",
        RequestKind::Head => "head",
    };
    count_kind(clicks, widget, kind);
}

/// Counts a click over the rate limit.
pub fn count_over_limit(clicks: &Clicks, widget: &Widget) {
    count_kind(clicks, widget, "over_limit");
}

/// Counts a person who followed a link that records no clicks.
pub fn count_paused(clicks: &Clicks, widget: &Widget) {
    count_kind(clicks, widget, "paused");
}

fn count_kind(clicks: &Clicks, widget: &Widget, kind: &'static str) {
    let day = clicks.core.clock.now().strftime("%Y-%m-%d").to_string();
    let counter = AutomatedRequestCounter { project: widget.project, widget: widget.id, day, kind };
    clicks.automated_requests.add([(counter, 1)]);
}

/// Stores the counts. Where that fails, they stay in memory.
pub async fn store(engine: &Clicks) -> anyhow::Result<()> {
    let counted = engine.automated_requests.take();
    if counted.is_empty() {
        return Ok(());
    }
    let storing = counted.clone();
    let stored = engine.core.db.write(async move |tx| {
        for (counter, requests) in &storing {
            count_automated_requests(tx, counter, *requests).await?;
        }
        Ok(())
    });
    stored.await.inspect_err(|_| engine.automated_requests.add(counted))
}
