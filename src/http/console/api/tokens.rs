//! Making and revoking tokens of the management API.

use axum::extract::State;
use axum::response::Response;

use super::{ApiPage, api_page};
use crate::domain::account::Permission;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::domain::token::{TokenOwner, TokenScope};
use crate::engines::Engines;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::{Configure, Member};
use crate::http::error::{ApiError, Result, no_such_path};
use crate::http::routes::Routes;
use crate::projects::create_token::{NewToken, TokenRefused, create_token};
use crate::projects::revoke_token::revoke_token;
use crate::store::tokens::Token;

/// How long a token is valid: days, or 0 for until it is revoked.
const PERIODS: [(i64, &str); 4] = [(30, "30 days"), (90, "90 days"), (365, "One year"), (0, "Until it is revoked")];
/// The period that is proposed.
const PROPOSED_DAYS: i64 = 90;

pub fn routes() -> Routes {
    Routes::default().post("/p/{project}/api/tokens", create).post("/p/{project}/api/tokens/revoke", revoke)
}

/// What is chosen for a new token.
#[derive(Clone, Debug)]
pub struct TokenForm {
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scope: TokenScope,
    /// How long it is valid.
    pub days: i64,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self { name: String::new(), scope: TokenScope::Read, days: PROPOSED_DAYS }
    }
}

impl TokenForm {
    /// Reads what was chosen; `name` is the field of the name.
    pub fn parse(form: &Form, name: &str) -> Self {
        let known = |days: &i64| PERIODS.iter().any(|(known, _)| known == days);
        Self {
            name: form.text(name).to_owned(),
            scope: TokenScope::parse(form.text("scope")).unwrap_or(TokenScope::Read),
            days: form.text("days").parse().ok().filter(known).unwrap_or(PROPOSED_DAYS),
        }
    }

    /// The token that is made of it.
    pub fn new_token(&self, now: Timestamp) -> NewToken {
        let expires_at = (self.days > 0).then(|| now + SignedDuration::from_hours(24 * self.days));
        NewToken { name: self.name.clone(), scope: self.scope, expires_at }
    }

    /// The scopes to choose from: what decides on people is made by those alone who do.
    pub fn scopes(&self, is_owner: bool) -> Vec<(&'static str, &'static str)> {
        let title = |scope| match scope {
            TokenScope::Read => "Read",
            TokenScope::Write => "Read and write",
            TokenScope::Admin => "Everything, also keys, people and retention",
        };
        let offered = TokenScope::ALL.into_iter().filter(|scope| is_owner || *scope != TokenScope::Admin);
        offered.map(|scope| (scope.as_str(), title(scope))).collect()
    }

    /// The periods to choose from.
    pub fn periods(&self) -> [(i64, &'static str); 4] {
        PERIODS
    }
}

impl ApiPage {
    pub(super) fn is_valid(&self, token: &Token) -> bool {
        token.is_valid(self.now)
    }
}

async fn create(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    member.who.confirmed(&engines.core)?;
    let token = TokenForm::parse(&form, "name");
    let may_all = member.role.may(Permission::Own, member.project.members_may_export);
    if token.scope == TokenScope::Admin && !may_all {
        return Err(ApiError::Forbidden("Only owners make tokens that decide on keys and people.".to_owned()));
    }
    let new = token.new_token(engines.core.clock.now());
    match create_token(&engines.core, &member.actor(), TokenOwner::Project(member.project.id), new).await {
        Ok(made) => page(&ApiPage { new_token: Some(made.token), ..api_page(&engines, &member).await? }),
        Err(TokenRefused::Failed(error)) => Err(error.into()),
        Err(refused) => {
            let mistakes = Mistakes::one("name", refused.to_string());
            invalid(&ApiPage { mistakes, token, ..api_page(&engines, &member).await? })
        }
    }
}

async fn revoke(State(engines): State<Engines>, member: Member<Configure>, form: Form) -> Result<Response> {
    let owner = TokenOwner::Project(member.project.id);
    match revoke_token(&engines.core, &member.actor(), owner, form.text("token")).await? {
        true => Ok(go(&format!("{}/api", member.path()))),
        false => Err(no_such_path().await),
    }
}
