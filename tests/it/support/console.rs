//! A person with a browser, on the console: cookies, forms, and who they are.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aurix::accounts::create_user::NewUser;
use aurix::domain::account::{Email, NewPassword, Role};
use aurix::domain::ids::ProjectId;
use aurix::net::Method;

use super::{HttpResponse, TestApp, operator};

/// What everybody signs in with.
pub const PASSWORD: &str = "correct horse battery";

/// A browser. It keeps cookies and follows nothing.
pub struct Browser<'a> {
    app: &'a TestApp,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl TestApp {
    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser<'_> {
        Browser { app: self, cookies: RefCell::default() }
    }

    /// An account; a member of the project with that role.
    pub async fn account(&self, email: &str, member: Option<(ProjectId, Role)>) -> aurix::store::users::User {
        self.account_with(email, member, false).await
    }

    /// An account that looks after the instance.
    pub async fn operator_account(&self, email: &str) -> aurix::store::users::User {
        self.account_with(email, None, true).await
    }

    async fn account_with(
        &self,
        email: &str,
        member: Option<(ProjectId, Role)>,
        is_operator: bool,
    ) -> aurix::store::users::User {
        let email = Email::parse(email).expect("an address");
        let password = NewPassword::parse(PASSWORD, &email).expect("long enough");
        let name = email.as_str().split('@').next().unwrap_or_default().to_owned();
        let new = NewUser { email, name, password: Some(password), is_operator, member };
        self.engines.accounts.create_user(&operator(), new).await.expect("an account")
    }

    /// A browser in which that account is signed in.
    pub async fn signed_in(&self, email: &str) -> Browser<'_> {
        let browser = self.browser();
        let response = browser.sign_in(email, PASSWORD).await;
        assert_eq!(response.status(), 303, "{}", response.text());
        browser
    }
}

impl Browser<'_> {
    pub async fn sign_in(&self, email: &str, password: &str) -> HttpResponse {
        self.post("/sign-in", &[("email", email), ("password", password)]).await
    }

    pub async fn get(&self, path: &str) -> HttpResponse {
        self.send(Method::GET, path, &[], String::new()).await
    }

    /// Sends a form, as a page of this site does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> HttpResponse {
        self.post_from(&self.app.base_url, path, fields).await
    }

    /// Sends a form from a page of another site, perhaps.
    pub async fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> HttpResponse {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        self.send(Method::POST, path, &headers, body.finish()).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> HttpResponse {
        let cookies = self.cookies();
        let mut all = vec![("accept", "text/html"), ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")];
        all.extend(headers);
        if !cookies.is_empty() {
            all.push(("cookie", &cookies));
        }
        let response = self.app.send(method, path, &all, body).await;
        for (name, value) in &response.0.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
                let (name, value) = pair.split_once('=').expect("a cookie");
                if attributes.contains("Max-Age=0") {
                    self.cookies.borrow_mut().remove(name);
                } else {
                    self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
                }
            }
        }
        response
    }

    /// The status of a response that does not end.
    pub async fn status_of_stream(&self, path: &str) -> u16 {
        let request = aurix::net::Request {
            method: Method::GET,
            url: format!("{}{path}", self.app.base_url),
            headers: vec![("accept".to_owned(), "text/html".to_owned()), ("cookie".to_owned(), self.cookies())],
            body: Default::default(),
            timeout: std::time::Duration::from_secs(30),
            response_bytes_max: 1,
        };
        self.app.client.send(request).await.expect("the server answers").status
    }

    /// All cookies, as a browser sends them.
    pub fn cookies(&self) -> String {
        let cookies = self.cookies.borrow();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The cookie of that name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// A browser that has one cookie of this one, and no other.
    pub fn with_only(&self, name: &str) -> Self {
        let all = self.cookies.borrow();
        let cookies = all.iter().filter(|(key, _)| *key == name);
        let cookies = cookies.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self { app: self.app, cookies: RefCell::new(cookies) }
    }
}
