//! The views of a list that are kept, as they stand above it, and the form to keep what it shows.

use super::who::Member;
use crate::core::Core;
use crate::domain::account::Permission;
use crate::domain::ids::SavedViewId;
use crate::domain::saved_view::SavedPage;
use crate::http::error::Result;
use crate::store::saved_views::visible;

/// What stands above a list.
#[derive(Clone, Debug)]
pub struct SavedViews {
    /// The list.
    pub page: SavedPage,
    /// In their order.
    pub views: Vec<Shown>,
    /// The filter that could be kept: none where nothing is filtered, or where it is kept already.
    pub to_save: Option<String>,
    /// Whether who looks may keep views for everybody.
    pub may_share: bool,
}

/// A view that is kept.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Row key.
    pub id: SavedViewId,
    /// What it is called.
    pub name: String,
    /// The list with its filter.
    pub href: String,
    /// Whether the list shows just that.
    pub is_open: bool,
    /// Whether who looks may remove it.
    pub may_remove: bool,
}

impl SavedViews {
    /// The views of a list, of which the filter `query` is open, as it stands in the address without `?`.
    pub async fn load(core: &Core, member: &Member, page: SavedPage, query: &str) -> Result<Self> {
        let (project, user) = (member.project.id, member.who.user.id);
        let kept = core.db.read(async move |conn| Ok(visible(conn, project, page, user).await?)).await?;
        let (path, may_share) = (path_of(member, page), may_share(member));
        let views: Vec<_> = kept
            .into_iter()
            .map(|view| Shown {
                href: format!("{path}?{}", view.query),
                is_open: view.query == query,
                may_remove: may_share || !view.is_shared,
                id: view.id,
                name: view.name,
            })
            .collect();
        let is_kept = views.iter().any(|view| view.is_open);
        let to_save = (!query.is_empty() && !is_kept).then(|| query.to_owned());
        Ok(Self { page, views, to_save, may_share })
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty() && self.to_save.is_none()
    }
}

/// Whether who looks may keep views for everybody: what everybody sees is set up by those who set the project up.
pub fn may_share(member: &Member) -> bool {
    member.role.may(Permission::Configure, member.project.members_may_export)
}

/// The address of a list.
pub fn path_of(member: &Member, page: SavedPage) -> String {
    let list = match page {
        SavedPage::Leads => "leads",
        SavedPage::Log => "integrations/log",
    };
    format!("{}/{list}", member.path())
}
