//! Who works in a project: invitations, roles, and leaving.

use serde_json::json;

use crate::accounts::Accounts;
use crate::accounts::links::NewLink;
use crate::core::Core;
use crate::db::Tx;
use crate::domain::account::{Email, Role};
use crate::domain::actor::Actor;
use crate::domain::audit::{Action, Change, Object};
use crate::domain::ids::{ProjectId, UserId, UserLinkId};
use crate::domain::mail::MailKind;
use crate::mails::{self, Addressee};
use crate::notifier::Work;
use crate::store::user_links::{self, Purpose};
use crate::store::{audit, members, projects, users};

/// People that a project may have, invitations among them.
const PEOPLE_MAX: usize = 500;

/// Why nothing changes.
#[derive(Debug, thiserror::Error)]
pub enum MemberRefused {
    /// Nobody could decide on people any more.
    #[error("this is the only owner of the project: make another one first")]
    LastOwner,
    /// They work here already.
    #[error("{0} is in this project already")]
    AlreadyMember(String),
    /// There is no such member, or no such invitation.
    #[error("there is nobody by that name in this project")]
    Unknown,
    /// More people than a project may have.
    #[error("this project has {PEOPLE_MAX} people, the maximum")]
    TooMany,
    /// Changing failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Invites an address: whoever has the link joins with that role. An invitation of the address from before is replaced. The link is
/// mailed too, where there is a mail server.
pub async fn invite_member(
    accounts: &Accounts,
    actor: &Actor,
    project: ProjectId,
    email: &Email,
    role: Role,
) -> Result<NewLink, MemberRefused> {
    let core = &accounts.core;
    let (token_hash, link) = accounts.new_invitation();
    let (actor, email, now, expires_at) = (actor.clone(), email.clone(), core.clock.now(), link.expires_at);
    let (core_then, url) = (core.clone(), link.url.clone());
    let invited = core.db.write(async move |tx| {
        let most = u32::try_from(PEOPLE_MAX)?;
        let people = members::list(tx, project, most).await?;
        let invitations = user_links::invitations(tx, project, now, most).await?;
        if people.iter().any(|member| member.user.email == email.as_str()) {
            return Ok(Err(MemberRefused::AlreadyMember(email.as_str().to_owned())));
        }
        if people.len() + invitations.len() >= PEOPLE_MAX {
            return Ok(Err(MemberRefused::TooMany));
        }
        user_links::remove_invitations_of(tx, project, email.as_str()).await?;
        let purpose = Purpose::Invitation { email: email.as_str().to_owned(), project, role };
        user_links::insert(tx, &purpose, &token_hash, now, expires_at).await?;
        let name = projects::get(tx, project).await?.name;
        let by = (actor.name().unwrap_or("Somebody"), role);
        let letter = mails::invitation(&core_then.config.base_url, &name, by, &url);
        let to = Addressee { user: None, email: email.as_str() };
        mails::write_letter(&core_then, tx, MailKind::Invitation, to, &letter).await?;
        let change = Change::new(Action::InviteMember, Object::User(email.as_str().to_owned()));
        audit::record(tx, project, &actor, &change.with(json!({"role": role.as_str()})), now).await?;
        Ok(Ok(()))
    });
    invited.await??;
    core.notifier.notify(Work::Mails);
    Ok(link)
}

/// Takes an invitation back.
pub async fn revoke_invitation(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    invitation: UserLinkId,
) -> Result<(), MemberRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let revoked = core.db.write(async move |tx| {
        let Some(email) = user_links::remove_invitation(tx, project, invitation).await? else { return Ok(false) };
        let change = Change::new(Action::RevokeInvitation, Object::User(email));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(true)
    });
    if revoked.await? { Ok(()) } else { Err(MemberRefused::Unknown) }
}

/// Gives a member another role.
pub async fn change_role(
    core: &Core,
    actor: &Actor,
    project: ProjectId,
    user: UserId,
    role: Role,
) -> Result<(), MemberRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let changed = core.db.write(async move |tx| {
        let before = match replaceable(tx, project, user, role == Role::Owner).await? {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
        members::put(tx, project, user, role, now).await?;
        let change = Change::new(Action::ChangeRole, Object::User(users::get(tx, user).await?.email));
        let change = change.with(json!({"from": before.as_str(), "role": role.as_str()}));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    changed.await?
}

/// Removes a member from a project; their account stays.
pub async fn remove_member(core: &Core, actor: &Actor, project: ProjectId, user: UserId) -> Result<(), MemberRefused> {
    let (actor, now) = (actor.clone(), core.clock.now());
    let removed = core.db.write(async move |tx| {
        if let Err(refused) = replaceable(tx, project, user, false).await? {
            return Ok(Err(refused));
        }
        members::remove(tx, project, user).await?;
        let change = Change::new(Action::RemoveMember, Object::User(users::get(tx, user).await?.email));
        audit::record(tx, project, &actor, &change, now).await?;
        Ok(Ok(()))
    });
    removed.await?
}

/// The role that a member has, where it may go: the last owner stays one.
async fn replaceable(
    tx: &Tx,
    project: ProjectId,
    user: UserId,
    stays_owner: bool,
) -> anyhow::Result<Result<Role, MemberRefused>> {
    let Some(role) = members::find_role(tx, project, user).await? else { return Ok(Err(MemberRefused::Unknown)) };
    let is_last = role == Role::Owner && !stays_owner && members::count_other_owners(tx, project, user).await? == 0;
    Ok(if is_last { Err(MemberRefused::LastOwner) } else { Ok(role) })
}
