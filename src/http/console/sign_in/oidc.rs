//! `/sign-in/oidc`: to the OpenID Connect provider, and back.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::{sign_in_page, welcome};
use crate::accounts::single_sign_on::OidcRefused;
use crate::engines::Engines;
use crate::http::console::cookies::Cookie;
use crate::http::console::form::Mistakes;
use crate::http::console::view::{invalid, safe_next};
use crate::http::console::who::Guest;
use crate::http::error::{Result, no_such_path};
use crate::http::extract::Query;
use crate::http::routes::Routes;

pub fn routes() -> Routes {
    Routes::default().get("/sign-in/oidc", depart).get("/sign-in/oidc/callback", arrive)
}

/// It changes nothing here: the browser keeps what belongs to its attempt.
async fn depart(State(engines): State<Engines>, query: Query) -> Result<Response> {
    let next = safe_next(query.one("next").ok().flatten().unwrap_or("/")).to_owned();
    match engines.accounts.depart(&next).await {
        Ok(departure) => {
            let mut response = Redirect::to(&departure.url).into_response();
            let cookie = Cookie::OidcAttempt.set(&departure.attempt, &engines.core.config);
            response.headers_mut().append(axum::http::header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(error) => refuse(&engines, error, next).await,
    }
}

async fn arrive(
    State(engines): State<Engines>,
    Guest(from): Guest,
    headers: axum::http::HeaderMap,
    query: Query,
) -> Result<Response> {
    let config = &engines.core.config;
    let one = |name: &str| query.one(name).ok().flatten().unwrap_or_default();
    if !one("error").is_empty() {
        let said = if one("error_description").is_empty() { one("error") } else { one("error_description") };
        let refused = OidcRefused::Provider(crate::domain::text::cut(said, 200).to_owned());
        return refuse(&engines, refused, "/".to_owned()).await;
    }
    let attempt = Cookie::OidcAttempt.of(&headers, config);
    match engines.accounts.arrive(attempt, one("state"), one("code"), &from).await {
        Ok((session, next)) => {
            let mut response = welcome(&session, safe_next(&next), config);
            response.headers_mut().append(axum::http::header::SET_COOKIE, Cookie::OidcAttempt.remove(config));
            Ok(response)
        }
        Err(error) => refuse(&engines, error, "/".to_owned()).await,
    }
}

/// The sign-in page with what went wrong; an error of ours goes on as one.
async fn refuse(engines: &Engines, error: OidcRefused, next: String) -> Result<Response> {
    match error {
        OidcRefused::NotConfigured => Err(no_such_path().await),
        OidcRefused::Failed(error) => Err(error.into()),
        error => {
            let mistakes = Mistakes::one("oidc", format!("{error}."));
            invalid(&sign_in_page(engines, mistakes, String::new(), next))
        }
    }
}
