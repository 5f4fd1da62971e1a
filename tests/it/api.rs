//! The management API: who may call what, and what comes of it.

mod access;
mod answers;
mod document;
mod leads;
mod links;
mod operator;
mod people;
mod schemas;
mod set_up;
mod webhooks;
mod world;

use aurix::domain::token::{TokenOwner, TokenScope};
use aurix::net::Method;
use aurix::projects::create_token::{NewToken, create_token};
use serde_json::Value;

use crate::support::{HttpResponse, Project, TestApp, operator};

/// A program with a token.
struct Program<'a> {
    app: &'a TestApp,
    authorization: String,
    /// `/api/v1/projects/{project}`
    base: String,
}

impl<'a> Program<'a> {
    /// One of a project.
    async fn new(app: &'a TestApp, project: &Project, scope: TokenScope) -> Self {
        Self::of(app, TokenOwner::Project(project.id), project, scope).await
    }

    /// One of the operator.
    async fn of_operator(app: &'a TestApp, project: &Project) -> Self {
        Self::of(app, TokenOwner::Operator, project, TokenScope::Admin).await
    }

    async fn of(app: &'a TestApp, owner: TokenOwner, project: &Project, scope: TokenScope) -> Self {
        let new = NewToken { name: format!("a program that may {}", scope.as_str()), scope, expires_at: None };
        let token = create_token(&app.core, &operator(), owner, new).await.expect("a token").token;
        Self::with(app, project, &token)
    }

    fn with(app: &'a TestApp, project: &Project, token: &str) -> Self {
        let base = format!("/api/v1/projects/{}", project.public_id);
        Self { app, authorization: format!("Bearer {token}"), base }
    }

    async fn get(&self, path: &str) -> HttpResponse {
        self.app.get(&format!("{}{path}", self.base), &[("authorization", &self.authorization)]).await
    }

    /// The body of what is there.
    async fn read(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}: {}", response.text());
        response.json()
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> HttpResponse {
        self.send_with(method, path, &[], body).await
    }

    async fn send_with(&self, method: Method, path: &str, more: &[(&str, &str)], body: &Value) -> HttpResponse {
        let own = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        let headers = [&own[..], more].concat();
        self.app.send(method, &format!("{}{path}", self.base), &headers, body.to_string()).await
    }

    /// The body of the answer to a change that is made.
    async fn does(&self, method: Method, path: &str, body: &Value) -> Value {
        let response = self.send(method.clone(), path, body).await;
        assert!((200..300).contains(&response.status()), "{method} {path}: {} {}", response.status(), response.text());
        if response.text().is_empty() { Value::Null } else { response.json() }
    }
}

/// The status of a problem and the fields that it names.
fn problem(response: &HttpResponse) -> (u16, String) {
    assert_eq!(response.header("content-type"), "application/problem+json", "{}", response.text());
    let json = response.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap_or("?").to_owned()).collect();
    (response.status(), fields.join(" "))
}
