//! Creates a project.

use anyhow::ensure;

use crate::core::Core;
use crate::domain::account::Role;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::lead::CreatedWhen;
use crate::domain::phone::Region;
use crate::domain::visitor::IpPolicy;
use crate::store::projects::{self, Project};
use crate::store::{audit, members};

/// Characters of a project's name.
const NAME_CHARS_MAX: usize = 200;

/// What a project starts with.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// As its owner calls it.
    pub name: String,
    /// ISO 3166 alpha-2.
    pub region: String,
    /// IANA name.
    pub time_zone: String,
    /// How much of a visitor's IP address is stored.
    pub ip_policy: IpPolicy,
    /// When `lead.created` is emitted.
    pub lead_created: CreatedWhen,
}

impl Default for NewProject {
    fn default() -> Self {
        Self {
            name: String::new(),
            region: "SG".to_owned(),
            time_zone: "UTC".to_owned(),
            ip_policy: IpPolicy::Full,
            lead_created: CreatedWhen::Details,
        }
    }
}

/// Creates a project with the default form. A person who does so is its owner.
pub async fn create_project(core: &Core, actor: &Actor, new: NewProject) -> anyhow::Result<Project> {
    let name = check_name(&new.name)?;
    let region = Region::parse(&new.region)?;
    check_time_zone(&new.time_zone)?;
    let (actor, public_id, now) = (actor.clone(), core.random.uuid().to_string(), core.clock.now());
    core.db
        .write(async move |tx| {
            let row = projects::NewProject {
                public_id: &public_id,
                name: &name,
                region: region.as_str(),
                time_zone: &new.time_zone,
                ip_policy: new.ip_policy.as_str(),
                lead_created: new.lead_created,
            };
            let project = projects::insert(tx, &row, now).await?;
            let change = Change::new(Action::CreateProject, Object::Project(public_id.clone()));
            audit::record(tx, project.id, &actor, &change, now).await?;
            if let Actor::Person(person) = &actor {
                members::put(tx, project.id, person.user, Role::Owner, now).await?;
            }
            Ok(project)
        })
        .await
}

/// The name of a project, without the spaces around it.
pub fn check_name(name: &str) -> anyhow::Result<String> {
    let name = name.trim();
    ensure!(
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX,
        "the name of a project must have 1 to {NAME_CHARS_MAX} characters"
    );
    Ok(name.to_owned())
}

/// Refuses what is no IANA name.
pub fn check_time_zone(name: &str) -> anyhow::Result<()> {
    ensure!(
        jiff::tz::TimeZone::get(name).is_ok(),
        "{name:?} is not a time zone: write an IANA name, for example Asia/Singapore"
    );
    Ok(())
}
