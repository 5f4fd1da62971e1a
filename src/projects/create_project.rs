//! Makes a project.

use anyhow::ensure;

use crate::core::Core;
use crate::domain::phone::Region;
use crate::domain::visitor::IpPolicy;
use crate::store::projects::{self, Project};

/// Characters of a project's name.
const NAME_CHARS_MAX: usize = 200;

/// What a project is made of.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// As its owner calls it.
    pub name: String,
    /// ISO 3166 alpha-2.
    pub region: String,
    /// IANA name.
    pub time_zone: String,
    /// What is kept of visitors' addresses.
    pub ip_policy: IpPolicy,
}

impl Default for NewProject {
    fn default() -> Self {
        Self { name: String::new(), region: "SG".to_owned(), time_zone: "UTC".to_owned(), ip_policy: IpPolicy::Full }
    }
}

/// Makes a project with the default form.
pub async fn create_project(core: &Core, new: NewProject) -> anyhow::Result<Project> {
    let name = new.name.trim().to_owned();
    ensure!(
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX,
        "a project's name has 1 to {NAME_CHARS_MAX} characters"
    );
    let region = Region::parse(&new.region)?;
    ensure!(
        jiff::tz::TimeZone::get(&new.time_zone).is_ok(),
        "{:?} is no time zone: write an IANA name, for example Asia/Singapore",
        new.time_zone
    );
    let (public_id, now) = (core.random.uuid().to_string(), core.clock.now());
    core.db
        .write(async move |tx| {
            let row = projects::NewProject {
                public_id: &public_id,
                name: &name,
                region: region.as_str(),
                time_zone: &new.time_zone,
                ip_policy: new.ip_policy.as_str(),
            };
            Ok(projects::insert(tx, &row, now).await?)
        })
        .await
}
