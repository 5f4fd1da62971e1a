//! A person's own tokens of the management API: making and revoking them.

use axum::extract::State;
use axum::response::Response;

use super::{AccountPage, account_page};
use crate::domain::actor::Scope;
use crate::domain::token::TokenOwner;
use crate::engines::Engines;
use crate::http::console::api::TokenForm;
use crate::http::console::form::{Form, Mistakes};
use crate::http::console::view::{go, invalid, page};
use crate::http::console::who::SignedIn;
use crate::http::error::{Result, no_such_path};
use crate::http::routes::Routes;
use crate::projects::create_token::{TokenRefused, create_token};
use crate::projects::revoke_token::revoke_token;

pub fn routes() -> Routes {
    Routes::default().post("/account/tokens", create).post("/account/tokens/revoke", revoke)
}

async fn create(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    who.confirmed(&engines.core)?;
    let token = TokenForm::parse(&form, "token_name");
    let (new, owner) = (token.new_token(engines.core.clock.now()), TokenOwner::Person(who.user.id));
    match create_token(&engines.core, &who.actor(Scope::Account), owner, new).await {
        Ok(made) => page(&AccountPage { new_token: Some(made.token), ..account_page(&engines, &who).await? }),
        Err(TokenRefused::Failed(error)) => Err(error.into()),
        Err(refused) => {
            let mistakes = Mistakes::one("token_name", refused.to_string());
            invalid(&AccountPage { mistakes, token, ..account_page(&engines, &who).await? })
        }
    }
}

async fn revoke(State(engines): State<Engines>, who: SignedIn, form: Form) -> Result<Response> {
    let owner = TokenOwner::Person(who.user.id);
    match revoke_token(&engines.core, &who.actor(Scope::Account), owner, form.text("token")).await? {
        true => Ok(go("/account")),
        false => Err(no_such_path().await),
    }
}
