//! Signing in with an OpenID Connect provider: authorization code with PKCE.
//!
//! The ID token comes straight from the token endpoint over TLS, so that its signature need not be checked (OpenID Connect Core,
//! 3.1.3.7, 6); its claims are. Whom the provider vouches for has an account, an invitation, or an address of an allowed domain.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::create_user::{NewUser, join, store_user};
use super::sessions::{StartedSession, person};
use super::sign_in::Remote;
use super::{Accounts, NAME_CHARS_MAX};
use crate::config::OidcProvider;
use crate::domain::account::Email;
use crate::domain::actor::{Actor, Scope};
use crate::domain::seal::Place;
use crate::domain::text::cut;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::net::{self, Method, Request};
use crate::store::user_links::{self, Purpose};
use crate::store::users::{self, User};

/// How long a person may be at the provider.
const ATTEMPT_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
/// How far the provider's clock may be off.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// Bytes of an answer that are read.
const RESPONSE_BYTES_MAX: usize = 256 * 1024;

/// A person on their way to the provider.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Where the browser goes.
    pub url: String,
    /// What the browser keeps meanwhile, sealed.
    pub attempt: String,
}

/// What is kept while a person is at the provider.
#[derive(Serialize, Deserialize)]
struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    expires_at: Timestamp,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcRefused {
    /// No provider is configured.
    #[error("no single sign-on is configured")]
    NotConfigured,
    /// The browser came back without what it left with, or too late.
    #[error("this took too long, or began in another browser: sign in again")]
    Stale,
    /// The provider said no, or something that cannot be believed.
    #[error("the provider did not sign you in: {0}")]
    Provider(String),
    /// There is no account for that address.
    #[error("there is no account for {0}: an owner of a project can invite you")]
    Unknown(String),
    /// Looking failed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// What is read of a provider's description of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

/// What is read of an ID token.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Value,
    azp: Option<String>,
    exp: i64,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
}

impl Accounts {
    /// Sends a person to the provider; `next` is where they go on to afterwards.
    pub async fn depart(&self, next: &str) -> Result<Departure, OidcRefused> {
        let provider = self.provider()?;
        let discovery = self.discover(provider).await?;
        let attempt = Attempt {
            state: self.new_token(),
            nonce: self.new_token(),
            verifier: self.new_token(),
            next: next.to_owned(),
            expires_at: self.core.clock.now() + ATTEMPT_LIFETIME,
        };
        let mut url = url::Url::parse(&discovery.authorization_endpoint).map_err(anyhow::Error::from)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", "openid email profile")
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        let text = serde_json::to_string(&attempt).map_err(anyhow::Error::from)?;
        Ok(Departure { url: url.into(), attempt: self.core.seal.seal(Place::OidcAttempt, &text) })
    }

    /// Signs a person in who comes back from the provider; gives where they go on to.
    pub async fn arrive(
        &self,
        attempt: Option<&str>,
        state: &str,
        code: &str,
        from: &Remote,
    ) -> Result<(StartedSession, String), OidcRefused> {
        let provider = self.provider()?;
        let opened = attempt.and_then(|sealed| self.core.seal.open(Place::OidcAttempt, sealed).ok());
        let attempt: Option<Attempt> = opened.and_then(|text| serde_json::from_str(&text).ok());
        let is_fresh = |attempt: &Attempt| attempt.state == state && self.core.clock.now() < attempt.expires_at;
        let attempt = attempt.filter(is_fresh).ok_or(OidcRefused::Stale)?;
        let discovery = self.discover(provider).await?;
        let claims = self.redeem_code(provider, &discovery, &attempt, code).await?;
        let email = check_claims(&claims, provider, &attempt.nonce, self.core.clock.now())?;
        let session = self.admit_vouched(provider, &email, claims.name.as_deref(), from).await?;
        Ok((session, attempt.next))
    }

    fn provider(&self) -> Result<&OidcProvider, OidcRefused> {
        self.core.config.oidc.as_ref().ok_or(OidcRefused::NotConfigured)
    }

    fn redirect_uri(&self) -> String {
        format!("{}/sign-in/oidc/callback", self.core.config.base_url)
    }

    async fn discover(&self, provider: &OidcProvider) -> Result<Discovery, OidcRefused> {
        let url = format!("{}/.well-known/openid-configuration", provider.issuer);
        let discovery: Discovery = self.ask(Method::GET, url, Vec::new(), String::new()).await?;
        if discovery.issuer.trim_end_matches('/') != provider.issuer {
            return Err(OidcRefused::Provider(format!("it calls itself {}", discovery.issuer)));
        }
        Ok(discovery)
    }

    async fn redeem_code(
        &self,
        provider: &OidcProvider,
        discovery: &Discovery,
        attempt: &Attempt,
        code: &str,
    ) -> Result<Claims, OidcRefused> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: String,
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("code_verifier", &attempt.verifier)
            .finish();
        // RFC 6749, 2.3.1: both are form-encoded before they are joined.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("{}:{}", encoded(&provider.client_id), encoded(provider.client_secret.expose_secret()));
        let headers = vec![
            ("authorization".to_owned(), format!("Basic {}", STANDARD.encode(basic))),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ];
        let tokens: Tokens = self.ask(Method::POST, discovery.token_endpoint.clone(), headers, body).await?;
        let unreadable = || OidcRefused::Provider("its ID token cannot be read".to_owned());
        let payload = tokens.id_token.split('.').nth(1).ok_or_else(unreadable)?;
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| unreadable())?;
        serde_json::from_slice(&payload).map_err(|_| unreadable())
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        url: String,
        mut headers: Vec<(String, String)>,
        body: String,
    ) -> Result<T, OidcRefused> {
        headers.push(("accept".to_owned(), "application/json".to_owned()));
        let request = Request {
            method,
            url,
            headers,
            body: Bytes::from(body),
            timeout: net::client::TIMEOUT_DEFAULT,
            response_bytes_max: RESPONSE_BYTES_MAX,
        };
        let response = self.core.platform_client.send(request).await;
        let response = response.map_err(|error| OidcRefused::Provider(format!("it cannot be reached ({error})")))?;
        if !(200..300).contains(&response.status) {
            let said: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            let why = said["error_description"].as_str().or(said["error"].as_str()).unwrap_or_default();
            return Err(OidcRefused::Provider(format!("it answered {} {}", response.status, cut(why, 200))));
        }
        serde_json::from_slice(&response.body)
            .map_err(|error| OidcRefused::Provider(format!("its answer cannot be read ({error})")))
    }

    /// Signs in whom the provider vouches for.
    async fn admit_vouched(
        &self,
        provider: &OidcProvider,
        email: &Email,
        name: Option<&str>,
        from: &Remote,
    ) -> Result<StartedSession, OidcRefused> {
        let domain = email.as_str().rsplit('@').next().unwrap_or_default();
        let is_allowed = provider.domains.iter().any(|allowed| allowed == domain);
        let fallback = email.as_str().split('@').next().unwrap_or_default();
        let name = name.map(str::trim).filter(|name| !name.is_empty() && !name.contains(char::is_control));
        let name = cut(name.unwrap_or(fallback), NAME_CHARS_MAX).to_owned();
        let new = NewUser { email: email.clone(), name, password: None, is_operator: false, member: None };
        let checked = self.check_user(new).await?;
        let (core, token, browser) = (self.core.clone(), self.new_token(), from.browser());
        let (now, email) = (self.core.clock.now(), email.clone());
        let wanted = email.clone();
        let admitted = self.core.db.write(async move |tx| {
            let invitation = user_links::find_invitation(tx, wanted.as_str(), now).await?;
            let user: Option<User> = match users::find_by_email(tx, &wanted).await? {
                Some(user) => Some(user),
                None if invitation.is_some() || is_allowed => store_user(tx, &Actor::System, &checked, now).await?,
                None => None,
            };
            let Some(user) = user else { return Ok(None) };
            if let Some(link) = invitation
                && let Purpose::Invitation { project, role, .. } = link.purpose
                && user_links::remove(tx, link.id).await?
            {
                let actor = person(user.id, &user.email, Scope::Project(project));
                join(tx, &actor, project, &user, role, now).await?;
            }
            Ok(Some(Self::start_session(&core, tx, &user, token, &browser, now).await?))
        });
        admitted.await?.ok_or_else(|| OidcRefused::Unknown(email.as_str().to_owned()))
    }
}

/// The verified address of an ID token that is for us, of now, and of this attempt.
fn check_claims(claims: &Claims, provider: &OidcProvider, nonce: &str, now: Timestamp) -> Result<Email, OidcRefused> {
    let refused = |why: &str| Err(OidcRefused::Provider(why.to_owned()));
    let is_for_us = match &claims.aud {
        Value::String(audience) => *audience == provider.client_id,
        Value::Array(all) => {
            all.iter().any(|one| *one == provider.client_id.as_str())
                && (all.len() == 1 || claims.azp.as_ref() == Some(&provider.client_id))
        }
        _ => false,
    };
    if claims.iss.trim_end_matches('/') != provider.issuer {
        return refused("its ID token is of another issuer");
    }
    if !is_for_us || claims.azp.as_ref().is_some_and(|party| *party != provider.client_id) {
        return refused("its ID token is for somebody else");
    }
    if Timestamp::from_second(claims.exp).map_or(true, |at| at + CLOCK_SKEW < now) {
        return refused("its ID token has expired");
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return refused("its ID token is of another attempt");
    }
    let is_verified = matches!(&claims.email_verified, Some(Value::Bool(true)))
        || claims.email_verified.as_ref().and_then(Value::as_str) == Some("true");
    match claims.email.as_deref().map(Email::parse) {
        Some(Ok(email)) if is_verified => Ok(email),
        Some(Ok(email)) => refused(&format!("it has not verified the address {}", email.as_str())),
        _ => refused("it told no e-mail address"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_has_to_be_for_us_of_now_and_of_this_attempt() {
        let provider = OidcProvider {
            issuer: "https://id.example".to_owned(),
            client_id: "aurix".to_owned(),
            client_secret: "secret".into(),
            domains: Vec::new(),
        };
        let now: Timestamp = "2026-01-02T10:00:00Z".parse().expect("a time");
        let right = json!({"iss": "https://id.example/", "aud": "aurix", "exp": now.as_second() + 60, "nonce": "n",
                           "email": "Mei@example.com", "email_verified": true});
        let check = |name: &str, value: Value| {
            let mut claims = right.clone();
            claims[name] = value;
            check_claims(&serde_json::from_value(claims).expect("claims"), &provider, "n", now)
                .map(|email| email.as_str().to_owned())
        };
        assert_eq!(check("x", Value::Null).expect("right"), "mei@example.com");
        assert!(check("aud", json!(["aurix"])).is_ok());
        assert!(check("email_verified", json!("true")).is_ok());
        for (name, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!("other")),
            ("aud", json!(["aurix", "other"])),
            ("aud", Value::Null),
            ("azp", json!("other")),
            ("exp", json!(now.as_second() - 301)),
            ("exp", json!(i64::MAX)),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("email", Value::Null),
            ("email_verified", json!(false)),
            ("email_verified", Value::Null),
        ] {
            assert!(check(name, value.clone()).is_err(), "{name} {value}");
        }
    }
}
