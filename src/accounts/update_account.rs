//! A person changes how they are called and how pages look to them.

use super::{Accounts, check_name};
use crate::domain::closed_set::closed_set;
use crate::store::users::{self, User};

closed_set! {
    /// How pages look.
    pub enum Theme {
        /// As the system does.
        System = "system",
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}

/// What a person chooses.
#[derive(Clone, Debug)]
pub struct AccountChanges {
    /// As they call themselves.
    pub name: String,
    /// How pages look.
    pub theme: Theme,
    /// IANA name; `None` for that of the project.
    pub time_zone: Option<String>,
    /// Whether keys of the keyboard are commands.
    pub hot_keys: bool,
}

impl Accounts {
    /// Stores what a person chose.
    pub async fn update_account(&self, user: &User, changes: AccountChanges) -> anyhow::Result<()> {
        let zone_is_known = |name: &String| jiff::tz::TimeZone::get(name).is_ok();
        anyhow::ensure!(changes.time_zone.as_ref().is_none_or(zone_is_known), "this is not a time zone");
        let user = User {
            name: check_name(&changes.name)?,
            theme: changes.theme.as_str().to_owned(),
            time_zone: changes.time_zone,
            hot_keys: changes.hot_keys,
            ..user.clone()
        };
        self.core.db.write(async move |tx| Ok(users::update(tx, &user).await?)).await?;
        Ok(())
    }
}
