//! Finds a link without a site by its slug, with the widget whose channel it leads to.

use std::sync::Arc;

use super::Clicks;
use super::find_cached::find_cached;
use super::find_widget::find_widget;
use crate::cache::ENTRIES_MAX;
use crate::domain::link::Slug;
use crate::store::links::{self, Link};
use crate::store::widgets::Widget;

/// Fills the cache at the start, so that links are known should the database become unavailable.
pub async fn preload(clicks: &Clicks) -> anyhow::Result<()> {
    let now = clicks.core.clock.now();
    let most = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
    for link in clicks.core.db.read(async move |conn| Ok(links::first(conn, most).await?)).await? {
        let link = Arc::new(link);
        clicks.links.insert(&link.slug, link.clone(), now);
    }
    Ok(())
}

/// The link of that slug, whether it is active, paused or removed, and its widget; `None` where nobody ever made it. An error where the
/// database is unavailable and the cache does not have it.
pub async fn find_link(clicks: &Clicks, slug: &Slug) -> anyhow::Result<Option<(Arc<Link>, Arc<Widget>)>> {
    let wanted = slug.clone();
    let read = clicks.core.db.read(async move |conn| Ok(links::find(conn, &wanted).await?));
    let Some(link) = find_cached(clicks, &clicks.links, slug.as_str(), read).await? else { return Ok(None) };
    let widget = find_widget(clicks, &link.widget).await?;
    Ok(widget.map(|widget| (link, widget)))
}
