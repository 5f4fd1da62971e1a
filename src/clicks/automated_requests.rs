//! Counts requests for a widget's link that are no click of a person: crawlers, prefetches, `HEAD`, what is over the rate limit, and who
//! follows a link that was paused. In memory first; the maintenance task stores the counts.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Clicks;
use crate::domain::ids::{LinkId, ProjectId};
use crate::domain::visitor::RequestKind;
use crate::store::clicks::{AutomatedRequestCounter, count_automated_requests};
use crate::store::links::{self, Link};
use crate::store::widgets::Widget;

/// Counters in memory past which new ones are dropped until some are stored.
const COUNTERS_MAX: usize = 10_000;

/// Counts that are not stored yet.
#[derive(Default)]
pub struct AutomatedRequests(Mutex<Counts>);

#[derive(Clone, Default)]
struct Counts {
    requests: HashMap<AutomatedRequestCounter, i64>,
    /// Who followed links that were paused.
    followed: HashMap<(ProjectId, LinkId), i64>,
}

impl Counts {
    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.followed.is_empty()
    }
}

/// Adds to counters, of which no more than [`COUNTERS_MAX`] are remembered.
fn add<K: Eq + Hash>(counts: &mut HashMap<K, i64>, more: impl IntoIterator<Item = (K, i64)>) {
    for (counter, requests) in more {
        if counts.len() < COUNTERS_MAX || counts.contains_key(&counter) {
            *counts.entry(counter).or_default() += requests;
        }
    }
}

impl AutomatedRequests {
    fn add(&self, more: Counts) {
        let mut counts = self.lock();
        add(&mut counts.requests, more.requests);
        add(&mut counts.followed, more.followed);
    }

    fn take(&self) -> Counts {
        std::mem::take(&mut *self.lock())
    }

    /// Nothing panics while it is locked; a poisoned lock would still guard a usable value.
    fn lock(&self) -> MutexGuard<'_, Counts> {
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
pub fn count_paused(clicks: &Clicks, widget: &Widget, link: &Link) {
    count_kind(clicks, widget, "paused");
    add(&mut clicks.automated_requests.lock().followed, [((link.project, link.id), 1)]);
}

fn count_kind(clicks: &Clicks, widget: &Widget, kind: &'static str) {
    let day = clicks.core.clock.now().strftime("%Y-%m-%d").to_string();
    let counter = AutomatedRequestCounter { project: widget.project, widget: widget.id, day, kind };
    add(&mut clicks.automated_requests.lock().requests, [(counter, 1)]);
}

/// Stores the counts. Where that fails, they stay in memory.
pub async fn store(engine: &Clicks) -> anyhow::Result<()> {
    let counted = engine.automated_requests.take();
    if counted.is_empty() {
        return Ok(());
    }
    let (storing, now) = (counted.clone(), engine.core.clock.now());
    let stored = engine.core.db.write(async move |tx| {
        for (counter, requests) in &storing.requests {
            count_automated_requests(tx, counter, *requests).await?;
        }
        for ((project, link), people) in &storing.followed {
            links::count_followed(tx, *project, *link, *people, now).await?;
        }
        Ok(())
    });
    stored.await.inspect_err(|_| engine.automated_requests.add(counted))
}
