//! Finds the project whose links have a host of their own.

use std::sync::Arc;

use super::Clicks;
use super::find_cached::find_cached;
use crate::cache::ENTRIES_MAX;
use crate::domain::ids::ProjectId;
use crate::domain::links_domain::LinksDomain;
use crate::store::projects;

/// Fills the cache at the start, so that domains are known should the database become unavailable.
pub async fn preload(clicks: &Clicks) -> anyhow::Result<()> {
    let now = clicks.core.clock.now();
    let most = u32::try_from(ENTRIES_MAX).unwrap_or(u32::MAX);
    for (domain, project) in clicks.core.db.read(async move |conn| Ok(projects::domains(conn, most).await?)).await? {
        clicks.links_domains.insert(&domain, Arc::new(Some(project)), now);
    }
    Ok(())
}

/// The project whose links have that host; `None` where no project has it, which is remembered as well: every request for another name
/// of this server asks. An error where the database is unavailable and the cache does not have it.
pub async fn find_links_domain(clicks: &Clicks, domain: &LinksDomain) -> anyhow::Result<Option<ProjectId>> {
    let wanted = domain.clone();
    let read = clicks.core.db.read(async move |conn| Ok(Some(projects::find_by_links_domain(conn, &wanted).await?)));
    let found = find_cached(clicks, &clicks.links_domains, domain.as_str(), read).await?;
    Ok(found.and_then(|project| *project))
}
