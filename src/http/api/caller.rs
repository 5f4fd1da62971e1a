//! Who calls: a program with a token of the management API, and the project of the path.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::db::Conn;
use crate::domain::account::{Permission, Role};
use crate::domain::actor::{Actor, Person, Scope, TokenHolder};
use crate::domain::ids::ProjectId;
use crate::domain::token::{TokenOwner, TokenScope};
use crate::engines::Engines;
use crate::http::error::{ApiError, Result, no_such_path};
use crate::store::projects::{self, Project};
use crate::store::tokens::Token;
use crate::store::users::User;
use crate::store::{members, users};

/// Who asks, as far as the project does not matter.
#[derive(Clone, Debug)]
pub enum Authenticated {
    /// A program with a token, which the guard has found valid.
    Token(Box<Token>),
    /// A command on the machine of the data, which no guard asks for a token.
    Command(Actor),
}

impl Authenticated {
    /// What is asked may be of these projects.
    pub fn owner(&self) -> TokenOwner {
        match self {
            Self::Token(token) => token.owner,
            Self::Command(_) => TokenOwner::Operator,
        }
    }

    fn scope(&self) -> TokenScope {
        match self {
            Self::Token(token) => token.scope,
            Self::Command(_) => TokenScope::Admin,
        }
    }

    /// Who asks for a change: the person, where the token is one's.
    fn actor(&self, person: Option<&User>, scope: Scope) -> Actor {
        match (self, person) {
            (Self::Command(actor), _) => actor.clone(),
            (Self::Token(_), Some(User { id, email, .. })) => {
                Actor::Person(Person { user: *id, email: email.clone(), scope })
            }
            (Self::Token(token), None) => {
                let Token { id, owner, name, .. } = &**token;
                Actor::Token(TokenHolder { token_id: *id, project: owner.columns().0, name: name.clone() })
            }
        }
    }
}

impl FromRequestParts<Engines> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Engines) -> Result<Self> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(ApiError::Unauthorized("Send a token, as Authorization: Bearer <token>."))
    }
}

/// What a call needs.
pub trait Needs: Send + Sync + 'static {
    /// The scope that the token has.
    const SCOPE: TokenScope;
    /// What the role of the person allows, where the token is a person's.
    const PERMISSION: Permission;
    /// Whether it shows what people wrote, who they are and what is known of them.
    const SHOWS_PEOPLE: bool = false;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident: $scope:ident, $permission:ident $(, $people:literal)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Needs for $name {
                const SCOPE: TokenScope = TokenScope::$scope;
                const PERMISSION: Permission = Permission::$permission;
                $(const SHOWS_PEOPLE: bool = $people;)?
            }
        )*
    };
}

needs! {
    /// To read how a project is set up.
    Read: Read, See;
    /// To read of people.
    People: Read, See, true;
    /// To export leads.
    Export: Read, Export, true;
    /// To work with leads and conversations.
    Reply: Write, Reply, true;
    /// To resend deliveries.
    Resend: Write, Resend, true;
    /// To set up.
    Write: Write, Configure;
    /// To decide on keys.
    Keys: Admin, Configure;
    /// To decide on people and privacy.
    Admin: Admin, Own;
}

/// A program that may do what the call needs in the project of the path. A foreign project is 404, a missing scope or permission 403.
#[derive(Clone, Debug)]
pub struct Caller<N: Needs = Read> {
    authenticated: Authenticated,
    /// The person whose token it is.
    person: Option<User>,
    /// The project.
    pub project: Project,
    needs: PhantomData<N>,
}

impl<N: Needs> Caller<N> {
    /// Who asks for a change: the person, where the token is one's.
    pub fn actor(&self) -> Actor {
        self.authenticated.actor(self.person.as_ref(), Scope::Project(self.id()))
    }

    /// The row key of the project.
    pub fn id(&self) -> ProjectId {
        self.project.id
    }
}

/// A project that a token is valid for, and the person whose token it is with what they are there.
pub(super) async fn find(
    conn: &Conn,
    owner: TokenOwner,
    public_id: &str,
) -> anyhow::Result<Option<(Project, Option<(User, Role)>)>> {
    let Some(project) = projects::find_public(conn, public_id).await? else { return Ok(None) };
    match owner {
        TokenOwner::Operator => Ok(Some((project, None))),
        TokenOwner::Project(own) => Ok((own == project.id).then_some((project, None))),
        TokenOwner::Person(user) => {
            let user = users::get(conn, user).await?;
            let role = members::find_role(conn, project.id, user.id).await?;
            // As in the console.
            let role = if user.is_operator { Some(Role::Owner) } else { role };
            Ok(role.map(|role| (project, Some((user, role)))))
        }
    }
}

fn check<N: Needs>(scope: TokenScope, project: &Project, role: Option<Role>) -> Result<()> {
    let forbidden = |detail: String| Err(ApiError::Forbidden(detail));
    if !scope.allows(N::SCOPE) {
        let (needed, own) = (N::SCOPE.as_str(), scope.as_str());
        return forbidden(format!("This needs a token of scope {needed}; this one is of scope {own}."));
    }
    match role {
        Some(role) if !role.may(N::PERMISSION, project.members_may_export) => {
            forbidden(format!("The person of this token is a {} of this project; this needs more.", role.as_str()))
        }
        // Nothing here is masked.
        Some(Role::Viewer) if N::SHOWS_PEOPLE && project.viewers_see_masked => forbidden(
            "Viewers of this project see numbers and addresses masked, which is for the console alone.".to_owned(),
        ),
        _ => Ok(()),
    }
}

impl<N: Needs> FromRequestParts<Engines> for Caller<N> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let authenticated = Authenticated::from_request_parts(parts, engines).await?;
        let Ok(path) = RawPathParams::from_request_parts(parts, engines).await else {
            return Err(no_such_path().await);
        };
        let public_id = path.iter().find(|(name, _)| *name == "project").map(|(_, id)| id.to_owned());
        let Some(public_id) = public_id else { return Err(no_such_path().await) };
        let owner = authenticated.owner();
        let found = engines.core.db.read(async move |conn| find(conn, owner, &public_id).await).await?;
        let Some((project, person)) = found else {
            return Err(ApiError::NotFound("There is no such project, or the token is not valid there.".to_owned()));
        };
        check::<N>(authenticated.scope(), &project, person.as_ref().map(|(_, role)| *role))?;
        Ok(Self { authenticated, person: person.map(|(user, _)| user), project, needs: PhantomData })
    }
}

/// A program that may look after the whole instance: with a token of scope admin, of the operator or of a person who is one.
pub struct Operator {
    authenticated: Authenticated,
    person: Option<User>,
}

impl Operator {
    /// Who asks for a change: the person, where the token is one's.
    pub fn actor(&self) -> Actor {
        self.authenticated.actor(self.person.as_ref(), Scope::Instance)
    }
}

impl FromRequestParts<Engines> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, engines: &Engines) -> Result<Self> {
        let authenticated = Authenticated::from_request_parts(parts, engines).await?;
        let owner = authenticated.owner();
        let person = match owner {
            TokenOwner::Person(user) => {
                Some(engines.core.db.read(async move |conn| Ok(users::get(conn, user).await?)).await?)
            }
            TokenOwner::Operator | TokenOwner::Project(_) => None,
        };
        let is_operator = match owner {
            TokenOwner::Operator => true,
            TokenOwner::Person(_) => person.as_ref().is_some_and(|user| user.is_operator),
            TokenOwner::Project(_) => false,
        };
        if !is_operator || !authenticated.scope().allows(TokenScope::Admin) {
            return Err(ApiError::Forbidden("This needs a token of the operator, of scope admin.".to_owned()));
        }
        Ok(Self { authenticated, person })
    }
}
