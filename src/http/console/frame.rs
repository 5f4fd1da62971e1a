//! What stands around a page: the sidebar, the project, the person, and how times and links are written on it.

use super::times::Times;
use super::view::Html;
use super::who::{Member, Needs, SignedIn};
use crate::core::Core;
use crate::domain::account::{Permission, Role};
use crate::domain::time::Timestamp;
use crate::http::assets;
use crate::http::error::Result;
use crate::store::handling::{self, Attention};
use crate::store::users::User;
use crate::store::{members, projects};

/// Projects in the switcher.
const SWITCHER_MAX: u32 = 50;
/// Items that are counted in the bell.
const BELL_MAX: i64 = 100;

/// What stands around a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where the files are.
    pub assets: &'static str,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// How times are written.
    pub times: Times,
    /// Who looks at it.
    pub person: Option<PersonFrame>,
    /// The project that is looked at.
    pub project: Option<ProjectFrame>,
    /// The page of the sidebar that is open: its word in addresses, or empty.
    pub nav: &'static str,
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub struct PersonFrame {
    /// As they call themselves.
    pub name: String,
    /// Two letters.
    pub initials: String,
    /// Whether they look after the instance.
    pub is_operator: bool,
    /// Whether keys are commands.
    pub hot_keys: bool,
}

/// The project that is looked at.
#[derive(Clone, Debug)]
pub struct ProjectFrame {
    /// As its owner calls it.
    pub name: String,
    /// Two letters.
    pub initials: String,
    /// `/p/{project}`
    pub path: String,
    /// The role of who looks.
    pub role: Role,
    /// Whether members export and resend.
    pub members_may_export: bool,
    /// What needs a hand.
    pub attention: Attention,
    /// The other projects of the person.
    pub others: Vec<(String, String)>,
}

impl Frame {
    /// Around pages for nobody in particular.
    pub fn bare(core: &Core) -> Self {
        Self {
            assets: &assets::BASE,
            theme: "system".to_owned(),
            times: Times::new(core.clock.now(), "UTC"),
            person: None,
            project: None,
            nav: "",
        }
    }

    /// Around pages of a person that belong to no project.
    pub fn of_person(core: &Core, who: &SignedIn) -> Self {
        let zone = who.user.time_zone.as_deref().unwrap_or("UTC");
        Self {
            theme: who.user.theme.clone(),
            times: Times::new(core.clock.now(), zone),
            person: Some(person(&who.user)),
            ..Self::bare(core)
        }
    }

    /// Around the pages of a project.
    pub async fn of_member<N: Needs>(core: &Core, member: &Member<N>, nav: &'static str) -> Result<Self> {
        let (user, is_operator, own) = (member.who.user.id, member.who.user.is_operator, member.project.id);
        let read = core.db.read(async move |conn| {
            let list = if is_operator {
                projects::list(conn, SWITCHER_MAX).await?
            } else {
                members::projects_of(conn, user, SWITCHER_MAX).await?.into_iter().map(|(project, _)| project).collect()
            };
            let attention = handling::attention(conn, own).await?;
            let others = list.into_iter().filter(|project| project.id != own);
            Ok((attention, others.map(|project| (project.name, format!("/p/{}", project.public_id))).collect()))
        });
        let (attention, others) = read.await?;
        let project = ProjectFrame {
            name: member.project.name.clone(),
            initials: initials(&member.project.name),
            path: member.path(),
            role: member.role,
            members_may_export: member.project.members_may_export,
            attention,
            others,
        };
        let zone = member.who.user.time_zone.as_deref().unwrap_or(&member.project.time_zone);
        Ok(Self {
            times: Times::new(core.clock.now(), zone),
            project: Some(project),
            nav,
            ..Self::of_person(core, &member.who)
        })
    }

    /// The bell of the project: a link to what needs attention, with the count of it.
    pub fn bell(&self) -> Html {
        let Some(project) = &self.project else { return Html::default() };
        let (path, icon, current) = (&project.path, self.icon("bell"), self.current("attention"));
        let (label, count) = match project.attention.open {
            0 => ("Attention: nothing".to_owned(), String::new()),
            open => {
                let shown = if open < BELL_MAX { open.to_string() } else { format!("{}+", BELL_MAX - 1) };
                (format!("Attention: {shown}"), format!(r#"<span class="count bad">{shown}</span>"#))
            }
        };
        Html(format!(r#"<a class="bell" href="{path}/attention" aria-label="{label}"{current}>{icon}{count}</a>"#))
    }

    /// An icon of the sprite.
    pub fn icon(&self, name: &str) -> Html {
        let assets = self.assets;
        Html(format!(r#"<svg class="i" aria-hidden="true"><use href="{assets}/icons.svg#{name}"/></svg>"#))
    }

    /// A time: how long ago, and exactly on hover.
    pub fn time(&self, at: &Timestamp) -> Html {
        let (text, exact) = (self.times.short(*at), self.times.exact(*at));
        Html(format!(r#"<time datetime="{at}" title="{exact}">{text}</time>"#))
    }

    /// A date and a time of day.
    pub fn date(&self, at: &Timestamp) -> String {
        self.times.date(*at)
    }

    /// A time to the second, as the log has it, and exactly on hover.
    pub fn seconds(&self, at: &Timestamp) -> Html {
        let (text, exact) = (self.times.seconds(*at), self.times.exact(*at));
        Html(format!(r#"<time datetime="{at}" title="{exact}">{text}</time>"#))
    }

    /// The address of a page of the project.
    pub fn path(&self, page: &str) -> String {
        match &self.project {
            Some(project) => format!("{}/{page}", project.path),
            None => format!("/{page}"),
        }
    }

    /// Whether who looks may do what needs that.
    pub fn may(&self, permission: Permission) -> bool {
        self.project.as_ref().is_some_and(|project| project.role.may(permission, project.members_may_export))
    }

    /// Whether who looks may set the project up.
    pub fn may_configure(&self) -> bool {
        self.may(Permission::Configure)
    }

    /// `aria-current` for the page of the sidebar that is open.
    pub fn current(&self, page: &str) -> Html {
        Html(if self.nav == page { r#" aria-current="page""#.to_owned() } else { String::new() })
    }
}

fn person(user: &User) -> PersonFrame {
    PersonFrame {
        name: user.name.clone(),
        initials: initials(&user.name),
        is_operator: user.is_operator,
        hot_keys: user.hot_keys,
    }
}

/// The first letters of the first two words.
pub fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let letters: String = letters.take(2).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_words() {
        for (name, expected) in [("Mei Tan", "MT"), ("juniper", "J"), ("Ōta (shop)  of bikes", "ŌS"), ("…", "?")] {
            assert_eq!(initials(name), expected);
        }
    }
}
