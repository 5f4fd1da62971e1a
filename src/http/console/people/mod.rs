//! `/p/{project}/people`: members, roles and invitations.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Form, Mistakes};
use super::frame::Frame;
use super::view::{go, invalid, page};
use super::who::{Member, Needs, Own};
use crate::accounts::links::NewLink;
use crate::domain::account::{Email, Permission, Role};
use crate::domain::actor::Scope;
use crate::domain::ids::{UserId, UserLinkId};
use crate::domain::time::Timestamp;
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::routes::Routes;
use crate::projects::members::{MemberRefused, change_role, invite_member, remove_member, revoke_invitation};
use crate::store::user_links::{self, Purpose};
use crate::store::users::User;
use crate::store::{members, users};

/// People that are listed: all that a project may have.
const LISTED_MAX: u32 = 500;

pub fn routes() -> Routes {
    Routes::default()
        .get("/p/{project}/people", show)
        .post("/p/{project}/people/invite", invite)
        .post("/p/{project}/people/revoke", revoke)
        .post("/p/{project}/people/role", set_role)
        .post("/p/{project}/people/link", link)
        .post("/p/{project}/people/remove", remove)
}

#[derive(Template)]
#[template(path = "people/people.html")]
struct PeoplePage {
    frame: Frame,
    mistakes: Mistakes,
    members: Vec<members::Member>,
    invitations: Vec<InvitationRow>,
    roles: [Role; Role::ALL.len()],
    me: UserId,
    email: String,
    /// Whether invitations are mailed.
    has_mail: bool,
    link: Option<ShownLink>,
    refused: Option<String>,
}

impl PeoplePage {
    fn invite_hint(&self) -> &'static str {
        if self.has_mail { "A link is mailed there, and shown to you to hand over." } else { NO_MAIL }
    }
}

/// Said where a link would be mailed.
const NO_MAIL: &str = "No mail server is configured: you get a link to hand over.";

struct InvitationRow {
    id: UserLinkId,
    email: String,
    role: &'static str,
    expires_at: Timestamp,
}

/// A link that was just made: shown once.
struct ShownLink {
    email: String,
    role: String,
    url: String,
    expires_at: Timestamp,
    /// Whether it was mailed, too.
    is_mailed: bool,
}

impl ShownLink {
    fn new(link: NewLink, email: &str, role: &str) -> Self {
        let (email, role) = (email.to_owned(), role.to_owned());
        Self { email, role, url: link.url, expires_at: link.expires_at, is_mailed: false }
    }
}

async fn show(State(engines): State<Engines>, member: Member) -> Result<Response> {
    page(&people_page(&engines, &member).await?)
}

async fn people_page<N: Needs>(engines: &Engines, member: &Member<N>) -> Result<PeoplePage> {
    let core = &engines.core;
    let (project, now) = (member.project.id, core.clock.now());
    let (members, invitations) = core
        .db
        .read(async move |conn| {
            let members = members::list(conn, project, LISTED_MAX).await?;
            Ok((members, user_links::invitations(conn, project, now, LISTED_MAX).await?))
        })
        .await?;
    let row = |link: user_links::UserLink| match link.purpose {
        Purpose::Invitation { email, role, .. } => {
            Some(InvitationRow { id: link.id, email, role: role.as_str(), expires_at: link.expires_at })
        }
        _ => None,
    };
    Ok(PeoplePage {
        frame: Frame::of_member(core, member, "people").await?,
        mistakes: Mistakes::default(),
        members,
        invitations: invitations.into_iter().filter_map(row).collect(),
        roles: Role::ALL,
        me: member.who.user.id,
        email: String::new(),
        has_mail: core.mailer.is_some(),
        link: None,
        refused: None,
    })
}

async fn invite(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let mut mistakes = Mistakes::default();
    let email = mistakes.check("email", Email::parse(form.text("email")));
    let role = mistakes.check("role", Role::parse(form.text("role")).ok_or("choose a role"));
    if let (Some(email), Some(role)) = (email, role) {
        match invite_member(&engines.accounts, &member.actor(), member.project.id, &email, role).await {
            Ok(link) => {
                let is_mailed = engines.core.mailer.is_some();
                let link = ShownLink { is_mailed, ..ShownLink::new(link, email.as_str(), role.as_str()) };
                return page(&PeoplePage { link: Some(link), ..people_page(&engines, &member).await? });
            }
            Err(error) => mistakes.add("email", refused(error)?),
        }
    }
    let email = form.text("email").to_owned();
    invalid(&PeoplePage { mistakes, email, ..people_page(&engines, &member).await? })
}

async fn revoke(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    let Ok(invitation) = form.text("invitation").parse() else { return Err(no_such_path().await) };
    let revoked = revoke_invitation(&engines.core, &member.actor(), member.project.id, invitation).await;
    show_result(&engines, &member, revoked).await
}

async fn set_role(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    let role = Role::parse(form.text("role")).ok_or_else(|| ApiError::field("role", "choose a role"))?;
    let changed = change_role(&engines.core, &member.actor(), member.project.id, user.id, role).await;
    show_result(&engines, &member, changed).await
}

async fn remove(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    let removed = remove_member(&engines.core, &member.actor(), member.project.id, user.id).await;
    if removed.is_ok() && user.id == member.who.user.id && !user.is_operator {
        return Ok(go("/projects"));
    }
    show_result(&engines, &member, removed).await
}

/// A link with which a member sets a new password: nobody needs a mail server.
async fn link(State(engines): State<Engines>, member: Member<Own>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let user = named(&engines, &form).await?;
    let project = member.project.id;
    let id = user.id;
    let role = engines.core.db.read(async move |conn| Ok(members::find_role(conn, project, id).await?)).await?;
    if role.is_none() {
        return Err(no_such_path().await);
    }
    // Who owns one project must not take over an account that may do more elsewhere.
    let others = engines.core.db.read(async move |conn| Ok(members::projects_of(conn, id, LISTED_MAX).await?)).await?;
    if user.is_operator || others.iter().any(|(other, _)| other.id != project) {
        let refused =
            format!("{} works in other projects too: the operator makes the link, with `aurix user link`.", user.email);
        return invalid(&PeoplePage { refused: Some(refused), ..people_page(&engines, &member).await? });
    }
    let link = engines.accounts.create_password_link(&member.who.actor(Scope::Account), &user).await?;
    let link = ShownLink::new(link, &user.email, "before, with a new password");
    page(&PeoplePage { link: Some(link), ..people_page(&engines, &member).await? })
}

/// The person that a form names.
async fn named(engines: &Engines, form: &Form) -> Result<User> {
    let public_id = form.text("user").to_owned();
    match engines.core.db.read(async move |conn| Ok(users::find_public(conn, &public_id).await?)).await? {
        Some(user) => Ok(user),
        None => Err(no_such_path().await),
    }
}

async fn show_result(
    engines: &Engines,
    member: &Member<Own>,
    result: std::result::Result<(), MemberRefused>,
) -> Result<Response> {
    match result {
        Ok(()) => Ok(go(&format!("{}/people", member.path()))),
        Err(MemberRefused::Unknown) => Err(no_such_path().await),
        Err(error) => {
            let refused = Some(format!("{}.", refused(error)?));
            invalid(&PeoplePage { refused, ..people_page(engines, member).await? })
        }
    }
}

/// What to say; an error of ours goes on as one.
fn refused(error: MemberRefused) -> Result<String> {
    match error {
        MemberRefused::Failed(error) => Err(error.into()),
        error => Ok(error.to_string()),
    }
}
