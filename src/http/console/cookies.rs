//! The console's cookies: the session, and what a browser is known by after somebody signed in there.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::config::Config;

/// Seconds for which a browser is known: a year.
const KNOWN_BROWSER_S: i64 = 365 * 24 * 3600;

/// Seconds for which a person may be at the provider.
const OIDC_ATTEMPT_S: i64 = 600;

/// Which cookies there are. Behind https their names say that no other host and no plain connection can have set them.
#[derive(Clone, Copy, Debug)]
pub enum Cookie {
    /// The token of the session; gone with the browser's end or after 90 days.
    Session,
    /// By which the browser is known.
    KnownBrowser,
    /// What belongs to an attempt at the OpenID Connect provider.
    OidcAttempt,
}

impl Cookie {
    fn name(self, config: &Config) -> String {
        let prefix = if is_secure(config) { "__Host-" } else { "" };
        match self {
            Self::Session => format!("{prefix}aurix"),
            Self::KnownBrowser => format!("{prefix}aurix-browser"),
            Self::OidcAttempt => format!("{prefix}aurix-oidc"),
        }
    }

    /// Its value in a request.
    pub fn of<'a>(self, headers: &'a HeaderMap, config: &Config) -> Option<&'a str> {
        let name = self.name(config);
        let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(';')).find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// Sets it.
    pub fn set(self, value: &str, config: &Config) -> HeaderValue {
        let seconds = match self {
            Self::Session => crate::accounts::sessions::AGE_MAX.as_secs(),
            Self::KnownBrowser => KNOWN_BROWSER_S,
            Self::OidcAttempt => OIDC_ATTEMPT_S,
        };
        self.header(value, seconds, config)
    }

    /// Removes it.
    pub fn remove(self, config: &Config) -> HeaderValue {
        self.header("", 0, config)
    }

    fn header(self, value: &str, seconds: i64, config: &Config) -> HeaderValue {
        let secure = if is_secure(config) { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name(config));
        HeaderValue::try_from(text).expect("tokens and base64 are ASCII")
    }
}

fn is_secure(config: &Config) -> bool {
    config.base_url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_by_its_whole_name() {
        let config = Config { base_url: "https://aurix.example".to_owned(), ..Config::default() };
        let headers = |value: &'static str| HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(value))]);
        let check = |value, expected| assert_eq!(Cookie::Session.of(&headers(value), &config), expected, "{value}");
        check("a=b; __Host-aurix=token; c=d", Some("token"));
        check("__Host-aurix=", Some(""));
        check("aurix=token", None);
        check("__Host-aurix-browser=token", None);
        let set = Cookie::Session.set("token", &config);
        assert_eq!(set, "__Host-aurix=token; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure");
        let plain = Config { base_url: "http://localhost:8080".to_owned(), ..Config::default() };
        assert_eq!(Cookie::Session.remove(&plain), "aurix=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }
}
