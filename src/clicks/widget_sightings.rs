//! When a widget was last clicked, and from which page; and which sites it refused. In memory first; the maintenance task stores it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Clicks;
use crate::domain::ids::{ProjectId, WidgetId};
use crate::domain::text::cut;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::widgets::{self, RefusedOrigin, Widget};

/// How exactly the last click is known.
const EXACT_TO: SignedDuration = SignedDuration::from_secs(5);
/// Widgets and sites in memory past which new ones are dropped until some are stored.
const REMEMBERED_MAX: usize = 10_000;
/// Characters of a page that are stored.
const PAGE_CHARS_MAX: usize = 300;
/// Characters of an origin that are stored.
const ORIGIN_CHARS_MAX: usize = 200;
/// Sites that a widget is remembered to have refused.
const REFUSED_MAX: u32 = 50;

type Key = (ProjectId, WidgetId);

/// What is not stored yet.
#[derive(Default)]
pub struct WidgetSightings(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    clicks: HashMap<Key, (Timestamp, Option<String>)>,
    refused: HashMap<(Key, String), RefusedOrigin>,
}

impl WidgetSightings {
    /// Nothing panics while it is locked; a poisoned lock would still guard a usable value.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a click.
    pub(super) fn note_click(&self, widget: &Widget, click_url: Option<&str>, now: Timestamp) {
        let mut seen = self.lock();
        let key = (widget.project, widget.id);
        let known = seen.clicks.get(&key);
        let is_due = known.is_none_or(|(at, _)| now - EXACT_TO >= *at);
        if is_due && (known.is_some() || seen.clicks.len() < REMEMBERED_MAX) {
            seen.clicks.insert(key, (now, click_url.and_then(page)));
        }
    }
}

/// Notes that a site's script was refused.
pub fn note_refused(clicks: &Clicks, widget: &Widget, origin: &str) {
    let now = clicks.core.clock.now();
    let origin = cut(origin, ORIGIN_CHARS_MAX).replace('\0', "");
    let mut seen = clicks.widget_sightings.lock();
    let key = ((widget.project, widget.id), origin.clone());
    if seen.refused.len() < REMEMBERED_MAX || seen.refused.contains_key(&key) {
        let entry = seen.refused.entry(key).or_insert(RefusedOrigin { origin, requests: 0, last_at: now });
        entry.requests += 1;
        entry.last_at = now;
    }
}

/// Stores what was noted. Where that fails, it is noted again at the next click.
pub async fn store(clicks: &Clicks) -> anyhow::Result<()> {
    let Seen { clicks: clicked, refused } = std::mem::take(&mut *clicks.widget_sightings.lock());
    if clicked.is_empty() && refused.is_empty() {
        return Ok(());
    }
    clicks
        .core
        .db
        .write(async move |tx| {
            for ((project, widget), (at, page)) in &clicked {
                widgets::note_click(tx, *project, *widget, page.as_deref(), *at).await?;
            }
            for (((project, widget), _), origin) in &refused {
                let known = widgets::refused_origins(tx, *project, *widget, REFUSED_MAX).await?;
                let has_room = known.len() < REFUSED_MAX as usize;
                if has_room || known.iter().any(|one| one.origin == origin.origin) {
                    widgets::count_refused(tx, *project, *widget, origin).await?;
                }
            }
            Ok(())
        })
        .await
}

/// Host and path of a page.
fn page(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(cut(&format!("{}{port}{}", url.host_str()?, url.path()), PAGE_CHARS_MAX).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_its_host_and_path() {
        assert_eq!(page("https://shop.example/winter?utm_source=a#b").as_deref(), Some("shop.example/winter"));
        assert_eq!(page("http://localhost:3000/").as_deref(), Some("localhost:3000/"));
        assert_eq!(page("no url"), None);
    }
}
