//! Who is looking at a page, and what they may do: a handler that takes one of these serves nobody else.

use std::marker::PhantomData;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method, header};

use super::cookies::Cookie;
use crate::accounts::sessions::CONFIRMED_FOR;
use crate::accounts::sign_in::Remote;
use crate::core::Core;
use crate::domain::account::{Email, Permission, Role};
use crate::domain::actor::{Actor, Person, Scope};
use crate::engines::Engines;
use crate::http::client_address::ClientAddress;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::store::members;
use crate::store::projects::{self, Project};
use crate::store::user_sessions::UserSession;
use crate::store::users::{self, User};

/// Bytes of a path that is gone on to after signing in.
const NEXT_BYTES_MAX: usize = 500;

/// A person who is signed in. Whoever is not is sent to the sign-in page, and from there back.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// Their session; `None` where a proxy says who they are.
    pub session: Option<UserSession>,
    /// Where the page was asked for, to come back to.
    here: String,
}

impl SignedIn {
    /// The person, as the one who asks for a change.
    pub fn actor(&self, scope: Scope) -> Actor {
        Actor::Person(Person { user: self.user.id, email: self.user.email.clone(), scope })
    }

    /// Goes on only where the person proved who they are a short time ago; else asks them to.
    pub fn confirmed(&self, core: &Core) -> Result<()> {
        let is_recent = |session: &UserSession| core.clock.now() - CONFIRMED_FOR < session.confirmed_at;
        match &self.session {
            Some(session) if !is_recent(session) => Err(ApiError::ConfirmWanted { next: self.here.clone() }),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Engines> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let here = here(parts);
        let config = &engines.core.config;
        if let Some(user) = vouched_for(parts, engines).await? {
            return Ok(Self { user, session: None, here });
        }
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, engines).await?;
        let found = match Cookie::Session.of(&parts.headers, config) {
            Some(token) => engines.accounts.find_session(token, Some(ip)).await?,
            None => None,
        };
        match found {
            Some((session, user)) => Ok(Self { user, session: Some(session), here }),
            None => Err(ApiError::SignInWanted { next: here }),
        }
    }
}

impl OptionalFromRequestParts<Engines> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Option<Self>> {
        match <Self as FromRequestParts<Engines>>::from_request_parts(parts, engines).await {
            Ok(who) => Ok(Some(who)),
            Err(ApiError::SignInWanted { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The person whom a trusted proxy names in the header of the settings, or the only one of a console without a password.
async fn vouched_for(parts: &mut Parts, engines: &Engines) -> Result<Option<User>> {
    let config = &engines.core.config;
    if config.auth_header.is_none() && config.open_console.is_none() {
        return Ok(None);
    }
    let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, engines).await?;
    let peer = peer.ip().to_canonical();
    let is_trusted = config.trusted_proxies.iter().any(|network| network.contains(&peer));
    let header = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let named = config.auth_header.as_ref().and_then(header).filter(|_| is_trusted);
    // A page of another site that resolves to this machine has another host.
    let is_here = peer.is_loopback()
        && !parts.headers.contains_key("x-forwarded-for")
        && header(&header::HOST)
            .is_some_and(|host| config.base_url.split_once("://").is_some_and(|(_, own)| own == host));
    let open = config.open_console.as_ref().filter(|_| is_here).map(|open| open.email.as_str());
    let Some(email) = named.or(open).and_then(|value| Email::parse(value).ok()) else { return Ok(None) };
    Ok(engines.core.db.read(async move |conn| Ok(users::find_by_email(conn, &email).await?)).await?)
}

/// The page that was asked for. A change is come back to by the page that its button was on.
fn here(parts: &Parts) -> String {
    let path = if parts.method == Method::GET {
        parts.uri.path_and_query().map(|path| path.as_str().to_owned())
    } else {
        let referer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
        referer.and_then(|text| url::Url::parse(text).ok()).map(|url| url[url::Position::BeforePath..].to_owned())
    };
    path.filter(|path| path.len() <= NEXT_BYTES_MAX).unwrap_or_else(|| "/".to_owned())
}

/// A person who looks after the instance. To others there is nothing here.
#[derive(Clone, Debug)]
pub struct Operator(pub SignedIn);

impl FromRequestParts<Engines> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let who = <SignedIn as FromRequestParts<Engines>>::from_request_parts(parts, engines).await?;
        if who.user.is_operator { Ok(Self(who)) } else { Err(no_such_path().await) }
    }
}

/// What a page or a change needs of a person.
pub trait Needs: Send + Sync + 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Needs for $name {
                const PERMISSION: Permission = Permission::$name;
            }
        )*
    };
}

needs! {
    /// To see.
    See,
    /// To reply, take over, edit fields and write notes.
    Reply,
    /// To export leads.
    Export,
    /// To resend deliveries.
    Resend,
    /// To set the project up, and to erase a person.
    Configure,
    /// To decide on people, privacy and the end of the project.
    Own,
}

/// A member of the project in the path who has the permission `N` there. A foreign project is 404, a missing permission 403.
#[derive(Clone, Debug)]
pub struct Member<N: Needs = See> {
    /// The person.
    pub who: SignedIn,
    /// The project.
    pub project: Project,
    /// What they are there.
    pub role: Role,
    needs: PhantomData<N>,
}

impl<N: Needs> Member<N> {
    /// The member, as the one who asks for a change.
    pub fn actor(&self) -> Actor {
        self.who.actor(Scope::Project(self.project.id))
    }

    /// Whether phone numbers and e-mail addresses are not theirs to read.
    pub fn sees_masked(&self) -> bool {
        self.role == Role::Viewer && self.project.viewers_see_masked
    }

    /// `/p/{project}`
    pub fn path(&self) -> String {
        format!("/p/{}", self.project.public_id)
    }
}

impl<N: Needs> FromRequestParts<Engines> for Member<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let who = <SignedIn as FromRequestParts<Engines>>::from_request_parts(parts, engines).await?;
        let Ok(path) = RawPathParams::from_request_parts(parts, engines).await else {
            return Err(no_such_path().await);
        };
        let public_id = path.iter().find(|(name, _)| *name == "project").map(|(_, id)| id.to_owned());
        let (user, is_operator) = (who.user.id, who.user.is_operator);
        let found = engines.core.db.read(async move |conn| {
            let Some(public_id) = public_id else { return Ok(None) };
            let Some(project) = projects::find_public(conn, &public_id).await? else { return Ok(None) };
            let role = members::find_role(conn, project.id, user).await?;
            // Whoever looks after the instance can reach its database anyhow.
            let role = if is_operator { Some(Role::Owner) } else { role };
            Ok(role.map(|role| (project, role)))
        });
        let Some((project, role)) = found.await? else { return Err(no_such_path().await) };
        if !role.may(N::PERMISSION, project.members_may_export) {
            return Err(ApiError::Forbidden(format!(
                "You are a {} of this project; this needs more. Its owners can give you another role.",
                role.as_str()
            )));
        }
        Ok(Self { who, project, role, needs: PhantomData })
    }
}

/// Where a request comes from, for those who are not signed in.
pub struct Guest(pub Remote);

impl FromRequestParts<Engines> for Guest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let ClientAddress(ip) = ClientAddress::from_request_parts(parts, engines).await?;
        let user_agent = parts.headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let known = Cookie::KnownBrowser.of(&parts.headers, &engines.core.config).map(str::to_owned);
        Ok(Self(Remote { ip, user_agent: user_agent.map(std::borrow::Cow::into_owned), known_browser: known }))
    }
}
