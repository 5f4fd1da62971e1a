//! Changes the settings of a project.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use url::Url;

use super::create_project::{check_name, check_time_zone};
use crate::core::Core;
use crate::counts::recount;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::ProjectId;
use crate::domain::lead::CreatedWhen;
use crate::domain::links_domain::LinksDomain;
use crate::domain::phone::Region;
use crate::domain::time::SignedDuration;
use crate::domain::visitor::IpPolicy;
use crate::store::audit;
use crate::store::projects::{self, Project};

/// What is to be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProjectChanges {
    /// As its owner calls it.
    pub name: Option<String>,
    /// ISO 3166 alpha-2.
    pub region: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// How much of a visitor's IP address is stored, from now on.
    pub ip_policy: Option<IpPolicy>,
    /// When `lead.created` is emitted, from the next message on.
    pub lead_created: Option<CreatedWhen>,
    /// Whether members may export leads and resend deliveries.
    pub members_may_export: Option<bool>,
    /// Whether viewers see phone numbers and e-mail addresses masked.
    pub viewers_see_masked: Option<bool>,
    /// How long after a person's last message the agent asks once more: [`NUDGE_AFTER`], or never.
    pub nudge_after: Option<Option<SignedDuration>>,
    /// How long after it a lead that is not complete counts as abandoned: [`ABANDONED_AFTER`].
    pub abandoned_after: Option<SignedDuration>,
    /// The host that its links have instead of the server's; `None` within for the server's.
    pub links_domain: Option<Option<LinksDomain>>,
}

/// Why nothing changes.
#[derive(Debug, thiserror::Error)]
pub enum UpdateRefused {
    /// Another project's links have that host.
    #[error("{0} is the domain of another project's links: choose another")]
    DomainTaken(LinksDomain),
    /// Console and API are there.
    #[error("{0} is this server's own address, which links have without a domain of their own: choose another")]
    OwnHost(LinksDomain),
    /// Changing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// The shortest and the longest time until a nudge. WhatsApp takes none a day after the person's last message.
pub const NUDGE_AFTER: RangeInclusive<SignedDuration> = SignedDuration::from_mins(30)..=SignedDuration::from_hours(20);
/// The shortest and the longest time until a lead counts as abandoned.
pub const ABANDONED_AFTER: RangeInclusive<SignedDuration> =
    SignedDuration::from_hours(1)..=SignedDuration::from_hours(30 * 24);

/// Changes a project, and gives it as it is then. Widgets, links and hosts that other requests hold see the change within a second.
pub async fn update_project(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    changes: ProjectChanges,
) -> Result<Project, UpdateRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    if let Some(Some(domain)) = &changes.links_domain
        && is_own_host(&core.config.base_url, domain)
    {
        return Err(UpdateRefused::OwnHost(domain.clone()));
    }
    let updated = core.db.write(async move |tx| {
        if let Some(Some(domain)) = &changes.links_domain
            && projects::find_by_links_domain(tx, domain).await?.is_some_and(|other| other != project)
        {
            return Ok(Err(UpdateRefused::DomainTaken(domain.clone())));
        }
        let mut project = projects::get(tx, project).await?;
        let zone = project.time_zone.clone();
        let detail = apply(&mut project, changes)?;
        projects::update(tx, &project).await?;
        if project.time_zone != zone {
            recount::begin_with_days(tx, project.id).await?;
        }
        let change = Change::new(Action::UpdateProject, Object::Project(project.public_id.clone()));
        audit::record(tx, project.id, &actor, &change.with(Value::Object(detail)), now).await?;
        Ok(Ok(project))
    });
    updated.await?
}

/// Whether that is the host of the base URL.
fn is_own_host(base_url: &str, domain: &LinksDomain) -> bool {
    Url::parse(base_url).is_ok_and(|base| base.host_str() == Some(domain.as_str()))
}

/// Applies checked changes, and gives what is different.
fn apply(project: &mut Project, changes: ProjectChanges) -> anyhow::Result<Map<String, Value>> {
    let mut detail = Map::new();
    let mut note = |key: &str, value: &str| detail.insert(key.to_owned(), Value::from(value));
    if let Some(name) = changes.name {
        project.name = check_name(&name)?;
        note("name", &project.name);
    }
    if let Some(region) = changes.region {
        project.region = Region::parse(&region)?.as_str().to_owned();
        note("region", &project.region);
    }
    if let Some(time_zone) = changes.time_zone {
        check_time_zone(&time_zone)?;
        note("timezone", &time_zone);
        project.time_zone = time_zone;
    }
    if let Some(policy) = changes.ip_policy {
        project.ip_policy = policy.as_str().to_owned();
        note("ip", policy.as_str());
    }
    if let Some(when) = changes.lead_created {
        project.lead_created = when;
        note("lead_created", when.as_str());
    }
    if let Some(may) = changes.members_may_export {
        project.members_may_export = may;
        note("members_may_export", yes_or_no(may));
    }
    if let Some(masked) = changes.viewers_see_masked {
        project.viewers_see_masked = masked;
        note("viewers_see_masked", yes_or_no(masked));
    }
    if let Some(after) = changes.nudge_after {
        let fits = after.is_none_or(|after| NUDGE_AFTER.contains(&after));
        anyhow::ensure!(fits, "a nudge comes 30 minutes to 20 hours after the last message, or never");
        project.nudge_after = after;
        note("nudge_after", &after.map_or_else(|| "never".to_owned(), |after| format!("{after:#}")));
    }
    if let Some(after) = changes.abandoned_after {
        anyhow::ensure!(ABANDONED_AFTER.contains(&after), "a lead is abandoned after one hour to 30 days");
        project.abandoned_after = after;
        note("abandoned_after", &format!("{after:#}"));
    }
    if let Some(domain) = changes.links_domain {
        project.links_domain = domain.map(|domain| domain.to_string());
        note("links_domain", project.links_domain.as_deref().unwrap_or("none"));
    }
    Ok(detail)
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_host_is_no_domain_of_links() {
        let domain = LinksDomain::parse("aurix.example.com").expect("a host name");
        for (base_url, is_own) in [
            ("https://aurix.example.com", true),
            ("https://Aurix.example.com:8443/", true),
            ("https://www.aurix.example.com", false),
            ("http://localhost:8080", false),
        ] {
            assert_eq!(is_own_host(base_url, &domain), is_own, "{base_url}");
        }
    }
}
