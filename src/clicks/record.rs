//! Records a click on a widget, or by a link without a site, and gives the correlation id that the visitor takes along.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tracing::Instrument as _;

use super::Clicks;
use super::click::{Click, Promise, draw_correlation_id};
use super::writer::{Stored, UnstoredClick};
use crate::core::Core;
use crate::db::Error;
use crate::deliveries::emit::event_id;
use crate::deliveries::local_dispatch::dispatch;
use crate::domain::attribution::{cap_url, parsed_params};
use crate::domain::text::cut;
use crate::metrics::ClickResult;
use crate::notifier::Work;
use crate::store::links::Link;
use crate::store::widgets::Widget;

/// How long a visitor waits for the database before the click is spooled.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// Characters kept of a user agent.
const USER_AGENT_CHARS_MAX: usize = 1024;

/// What came with a hit.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The widget that was clicked.
    pub widget: Arc<Widget>,
    /// The link without a site that was followed, where one was: `click_url` is its own address then.
    pub link: Option<Arc<Link>>,
    /// The browser, if it sent a UUID.
    pub device_id: Option<String>,
    /// The page of the hit.
    pub click_url: Option<String>,
    /// The first page of the visit.
    pub first_raw_url: Option<String>,
    /// Where the visit came from.
    pub referrer: Option<String>,
    /// The visitor's address.
    pub ip: IpAddr,
    /// As the browser sent it.
    pub user_agent: Option<String>,
}

/// Records a click and gives its correlation id. It never fails: a click that cannot be stored now is spooled.
pub async fn record_click(clicks: &Clicks, hit: Hit) -> String {
    let (breaker, clock) = (&clicks.breaker, &clicks.core.clock);
    // A link says nothing of whether the button is on its site.
    if hit.link.is_none() {
        clicks.widget_sightings.note_click(&hit.widget, hit.click_url.as_deref(), clock.now());
    }
    let mut click = Arc::new(prepare(&clicks.core, hit));
    if breaker.try_acquire(clock.now()) {
        let promise = Promise::default();
        match store_in_time(clicks, &click, &promise).await {
            Ok(correlation_id) => {
                breaker.record_success();
                clicks.core.metrics.click(ClickResult::Stored);
                return correlation_id;
            }
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "a click cannot be stored; it is spooled");
                if Error::is_unavailable(&error) {
                    breaker.record_failure(clock.now());
                }
            }
        }
        if let Some(promised) = promise.close() {
            Arc::make_mut(&mut click).correlation_id = promised;
        }
    }
    clicks.core.metrics.click(ClickResult::Spooled);
    clicks.spool.append(&click).await;
    click.correlation_id.clone()
}

async fn store_in_time(clicks: &Clicks, click: &Arc<Click>, promise: &Promise) -> anyhow::Result<String> {
    let new = UnstoredClick { click: click.clone(), promise: promise.clone() };
    // A visitor who closes the page does not stop it: what is stored is dispatched.
    let stored = tokio::spawn(store(clicks.clone(), new).in_current_span());
    let late = || Error::Unavailable(anyhow::anyhow!("no response within {STORE_TIMEOUT:?}")).into();
    let stored = tokio::time::timeout(STORE_TIMEOUT, stored).await.unwrap_or_else(|_| Ok(Err(late())))?;
    stored?.context("the visitor went on")
}

/// Stores a click and dispatches its deliveries; gives its correlation id.
async fn store(clicks: Clicks, new: UnstoredClick) -> anyhow::Result<Option<String>> {
    let Some(Stored { correlation_id, emitted }) = clicks.writer.write(new).await? else { return Ok(None) };
    if emitted.has_due {
        clicks.core.notifier.notify(Work::Deliveries);
    }
    dispatch(&clicks.deliveries, emitted.leased).await;
    Ok(Some(correlation_id))
}

fn prepare(core: &Core, hit: Hit) -> Click {
    let now = core.clock.now();
    let cap = |url: Option<String>| url.map(cap_url);
    // Read before the addresses are cut: what stands behind the cut counts too.
    let params = parsed_params(hit.click_url.as_deref(), hit.first_raw_url.as_deref());
    let params = match &hit.link {
        Some(link) => link.campaign.over(params),
        None => params,
    };
    Click {
        id: core.row_keys.next(now),
        event_id: event_id(&core.random, now),
        correlation_id: draw_correlation_id(&core.random),
        project: hit.widget.project,
        widget: hit.widget.id,
        channel: Some(hit.widget.channel),
        link: hit.link.as_ref().map(|link| link.id),
        device_id: hit.device_id,
        parsed_params: params.to_json(),
        params: Some(params),
        click_url: cap(hit.click_url),
        first_raw_url: cap(hit.first_raw_url),
        referrer: cap(hit.referrer),
        ip_address: hit.widget.ip_policy.apply(hit.ip).map(|ip| ip.to_string()),
        user_agent: hit.user_agent.map(|text| cut(&text, USER_AGENT_CHARS_MAX).to_owned()),
        at: now.as_microsecond(),
    }
}
