//! Signing in with an OpenID Connect provider, scripted at its HTTP border, and behind a proxy that names who is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aurix::config::{Config, OidcProvider};
use aurix::domain::account::Role;
use aurix::domain::time::SignedDuration;
use aurix::net::Method;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

use crate::support::TestApp;
use crate::support::console::Browser;

/// The provider: what it was asked last, and the claims that it gives next.
#[derive(Clone)]
struct Provider {
    issuer: String,
    claims: Arc<Mutex<Value>>,
    /// The challenge of the last departure.
    challenge: Arc<Mutex<String>>,
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("bound"));
        let provider = Self { issuer, claims: Arc::default(), challenge: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn settings(&self) -> impl FnOnce(&mut Config) {
        let oidc = OidcProvider {
            issuer: self.issuer.clone(),
            client_id: "aurix".to_owned(),
            client_secret: "the secret".into(),
            domains: vec!["shop.example".to_owned()],
        };
        move |config| config.oidc = Some(oidc)
    }

    /// A person goes there, is who the claims say, and comes back with the code.
    async fn visit(&self, app: &TestApp, browser: &Browser<'_>, mut claims: Value) -> crate::support::HttpResponse {
        let departed = browser.get("/sign-in/oidc?next=/account").await;
        let url = url::Url::parse(departed.header("location")).expect("a URL");
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["redirect_uri"], format!("{}/sign-in/oidc/callback", app.base_url));
        *self.challenge.lock().expect("not poisoned") = query["code_challenge"].clone();
        let defaults = json!({"iss": self.issuer, "aud": "aurix", "nonce": query["nonce"],
                              "exp": app.core.clock.now().as_second() + 60, "email_verified": true});
        for (name, value) in defaults.as_object().expect("an object") {
            claims.as_object_mut().expect("an object").entry(name).or_insert(value.clone());
        }
        *self.claims.lock().expect("not poisoned") = claims;
        browser.get(&format!("/sign-in/oidc/callback?code=the-code&state={}", query["state"])).await
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let Provider { issuer, .. } = provider;
    Json(
        json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token")}),
    )
}

/// Checks what the standard demands of the request, then gives an ID token.
async fn token(State(provider): State<Provider>, headers: axum::http::HeaderMap, body: Bytes) -> Json<Value> {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!(challenge, *provider.challenge.lock().expect("not poisoned"));
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "the-code"));
    assert_eq!(headers["authorization"], "Basic YXVyaXg6dGhlK3NlY3JldA==");
    let claims = provider.claims.lock().expect("not poisoned").to_string();
    Json(json!({"id_token": format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims)), "token_type": "Bearer"}))
}

async fn scenario(app: &TestApp, provider: &Provider) {
    let project = app.project().await;
    app.account("mei@example.com", Some((project.id, Role::Admin))).await;
    assert!(app.browser().get("/sign-in").await.text().contains("Continue with single sign-on"));

    let browser = app.browser();
    let back = provider.visit(app, &browser, json!({"email": "Mei@example.com"})).await;
    assert_eq!(back.header("location"), "/account", "{}", back.text());
    assert_eq!(browser.get("/account").await.status(), 200);

    let stranger = provider.visit(app, &app.browser(), json!({"email": "eve@example.com"})).await;
    assert!(stranger.status() == 422 && stranger.text().contains("There is no account for eve@example.com"));
    let unverified = json!({"email": "mei@example.com", "email_verified": false});
    assert_eq!(provider.visit(app, &app.browser(), unverified).await.status(), 422);
    let replayed = json!({"email": "mei@example.com", "nonce": "of another attempt"});
    assert_eq!(provider.visit(app, &app.browser(), replayed).await.status(), 422);

    let own = app.browser();
    let joined = provider.visit(app, &own, json!({"email": "ben@shop.example", "name": "Ben"})).await;
    assert_eq!(joined.status(), 303, "{}", joined.text());
    assert!(
        own.get("/account").await.text().contains("value=\"Ben\""),
        "an address of an allowed domain gets an account"
    );

    app.account("oli@example.com", Some((project.id, Role::Owner))).await;
    let owner = app.signed_in("oli@example.com").await;
    let invite = format!("/p/{}/people/invite", project.public_id);
    owner.post(&invite, &[("email", "rosa@example.com"), ("role", "viewer")]).await;
    let rosa = app.browser();
    assert_eq!(provider.visit(app, &rosa, json!({"email": "rosa@example.com"})).await.status(), 303);
    assert_eq!(rosa.get(&format!("/p/{}/people", project.public_id)).await.status(), 200, "the invitation is taken up");

    let state = async |browser: &Browser<'_>| {
        let url = url::Url::parse(browser.get("/sign-in/oidc").await.header("location")).expect("a URL");
        url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned()).expect("a state")
    };
    let (one, other) = (app.browser(), app.browser());
    let stolen = state(&one).await;
    state(&other).await;
    let callback = |state: &str| format!("/sign-in/oidc/callback?code=the-code&state={state}");
    assert_eq!(
        other.get(&callback(&stolen)).await.status(),
        422,
        "a link of another browser's attempt signs nobody in"
    );
    assert_eq!(app.browser().get(&callback(&stolen)).await.status(), 422);
    app.advance(SignedDuration::from_mins(10));
    assert_eq!(one.get(&callback(&stolen)).await.status(), 422, "too late");
    let refused =
        app.browser().get("/sign-in/oidc/callback?error=access_denied&error_description=No+<b>access</b>").await;
    assert!(refused.status() == 422 && !refused.text().contains("<b>access"), "{}", refused.text());
}

#[tokio::test]
async fn a_provider_signs_in_whom_it_vouches_for_on_sqlite() {
    let provider = Provider::start().await;
    let app = TestApp::on_sqlite_with(provider.settings()).await;
    scenario(&app, &provider).await;
    app.end().await;
}

#[tokio::test]
async fn a_provider_signs_in_whom_it_vouches_for_on_postgres() {
    let provider = Provider::start().await;
    let app = TestApp::on_postgres_with(provider.settings()).await;
    scenario(&app, &provider).await;
    app.end().await;
}

#[tokio::test]
async fn a_trusted_proxy_names_who_is_there_and_nobody_else_does() {
    let named = [("remote-email", "mei@example.com")];
    let header = |config: &mut Config| config.auth_header = Some("remote-email".parse().expect("a name"));
    let trusted = TestApp::on_sqlite_with(|config| {
        header(config);
        config.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
    });
    let trusted = trusted.await;
    trusted.operator_account("mei@example.com").await;
    let status = async |app: &TestApp, headers: &[(&str, &str)]| {
        app.browser().send(Method::GET, "/account", headers, String::new()).await.status()
    };
    assert_eq!(status(&trusted, &named).await, 200);
    assert_eq!(status(&trusted, &[("remote-email", "eve@example.com")]).await, 303, "only accounts that exist");
    assert_eq!(status(&trusted, &[]).await, 303);
    trusted.end().await;

    let open = TestApp::on_sqlite_with(header).await;
    open.operator_account("mei@example.com").await;
    assert_eq!(status(&open, &named).await, 303, "the peer is no trusted proxy");
    open.end().await;
}
