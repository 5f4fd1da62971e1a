//! Creates a project.

use anyhow::ensure;

use crate::core::Core;
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::phone::Region;
use crate::domain::visitor::IpPolicy;
use crate::store::audit;
use crate::store::projects::{self, Project};

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
}

impl Default for NewProject {
    fn default() -> Self {
        Self { name: String::new(), region: "SG".to_owned(), time_zone: "UTC".to_owned(), ip_policy: IpPolicy::Full }
    }
}

/// Creates a project with the default form.
pub async fn create_project(core: &Core, actor: &Actor, new: NewProject) -> anyhow::Result<Project> {
    let name = new.name.trim().to_owned();
    ensure!(
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX,
        "the name of a project must have 1 to {NAME_CHARS_MAX} characters"
    );
    let region = Region::parse(&new.region)?;
    ensure!(
        jiff::tz::TimeZone::get(&new.time_zone).is_ok(),
        "{:?} is not a time zone: write an IANA name, for example Asia/Singapore",
        new.time_zone
    );
    let (actor, public_id, now) = (actor.clone(), core.random.uuid().to_string(), core.clock.now());
    core.db
        .write(async move |tx| {
            let row = projects::NewProject {
                public_id: &public_id,
                name: &name,
                region: region.as_str(),
                time_zone: &new.time_zone,
                ip_policy: new.ip_policy.as_str(),
            };
            let project = projects::insert(tx, &row, now).await?;
            let change = Change::new(Action::CreateProject, Object::Project(public_id.clone()));
            audit::record(tx, project.id, &actor, &change, now).await?;
            Ok(project)
        })
        .await
}
