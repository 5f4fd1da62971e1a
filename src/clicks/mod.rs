//! Layer 4: clicks. Records a click, keeps sessions, and spools what cannot be stored now.
//!
//! Actors: a visitor's request ([`record`]) gives its click to the [`writer`], which assigns [`sessions`], stores many clicks in
//! one transaction and claims their deliveries. While the database is unavailable the [`breaker`] is open and clicks go to the [`spool`], from which
//! [`replay`] stores them later, under the correlation ids that their visitors have.

pub mod automated_requests;
pub mod breaker;
pub mod click;
mod find_cached;
pub mod find_link;
pub mod find_links_domain;
pub mod find_widget;
pub mod record;
pub mod replay;
pub mod sessions;
pub mod spool;
pub mod widget_sightings;
pub mod writer;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use self::automated_requests::AutomatedRequests;
use self::breaker::CircuitBreaker;
use self::spool::ClickSpool;
use self::widget_sightings::WidgetSightings;
use self::writer::StoreClicks;
use crate::cache::Cache;
use crate::core::Core;
use crate::db::BatchWriter;
use crate::deliveries::Deliveries;
use crate::domain::ids::ProjectId;
use crate::store::links::Link;
use crate::store::widgets::Widget;

/// The click engine. Cheap to clone: every click does.
#[derive(Clone)]
pub struct Clicks(Arc<ClicksParts>);

/// What [`Clicks`] are made of.
pub struct ClicksParts {
    /// The shared parts.
    pub core: Core,
    deliveries: Deliveries,
    writer: BatchWriter<StoreClicks>,
    /// Clicks that could not be stored yet.
    pub spool: ClickSpool,
    /// Whether clicks try the database.
    pub breaker: CircuitBreaker,
    /// Known also while the database is unavailable.
    widgets: Cache<Widget>,
    links: Cache<Link>,
    /// The hosts that were asked for, each with the project whose links have it.
    links_domains: Cache<Option<ProjectId>>,
    automated_requests: AutomatedRequests,
    widget_sightings: WidgetSightings,
}

impl Clicks {
    /// An engine that stores each click with its deliveries, after waiting `linger` for others to share the transaction.
    pub fn new(core: Core, deliveries: Deliveries, linger: Duration) -> Self {
        let store = StoreClicks { core: core.clone(), local_dispatch: deliveries.local_dispatch.clone() };
        Self(Arc::new(ClicksParts {
            writer: BatchWriter::with_linger(core.db.clone(), store, linger),
            spool: ClickSpool::new(&core.config.data_dir),
            breaker: CircuitBreaker::default(),
            widgets: Cache::default(),
            links: Cache::default(),
            links_domains: Cache::default(),
            automated_requests: AutomatedRequests::default(),
            widget_sightings: WidgetSightings::default(),
            deliveries,
            core,
        }))
    }
}

impl Deref for Clicks {
    type Target = ClicksParts;
    fn deref(&self) -> &ClicksParts {
        &self.0
    }
}
