//! Where the model is: the server's address, the model's name, and what every request to it carries.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

/// What a turn's calls may take together, unless the operator says otherwise.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(12);
/// The path of the one call that is made, below the address.
const PATH: &str = "/chat/completions";
/// Headers that are not the operator's to set.
const OWN_HEADERS: [&str; 6] = ["host", "content-length", "content-type", "transfer-encoding", "connection", "expect"];

/// A model behind an OpenAI-compatible server.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    model: String,
    api_key: Option<SecretString>,
    headers: Vec<(String, SecretString)>,
    extra: Map<String, Value>,
    /// What the calls of a turn may take together.
    pub timeout: Duration,
}

/// Why a text is no part of an endpoint. It never quotes a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    /// The model of that name behind a server, `https://api.example.com/v1` for example. A query (`?api-version=…`) is sent with each
    /// request.
    pub fn new(base_url: &str, model: &str) -> Result<Self, InvalidEndpoint> {
        let wrong = || {
            InvalidEndpoint(
                "this is no address of a server: write http:// or https://, a host and a path, for example \
                 https://api.example.com/v1 (a key goes into AURIX_LLM_API_KEY)"
                    .to_owned(),
            )
        };
        let mut url = Url::parse(base_url.trim()).map_err(|_| wrong())?;
        let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !is_bare {
            return Err(wrong());
        }
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
        url.set_path(&path);
        Ok(Self {
            url,
            model: model.trim().to_owned(),
            api_key: None,
            headers: Vec::new(),
            extra: Map::new(),
            timeout: TIMEOUT_DEFAULT,
        })
    }

    /// With a key, sent as `Authorization: Bearer`.
    #[must_use]
    pub fn with_api_key(self, api_key: SecretString) -> Self {
        Self { api_key: Some(api_key), ..self }
    }

    /// With headers of the operator's: `api-key: abc`, several separated by semicolons or line breaks.
    pub fn with_headers(self, text: &str) -> Result<Self, InvalidEndpoint> {
        let lines = text.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty());
        let headers = lines.map(header).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { headers, ..self })
    }

    /// With what is merged into the body of every request: a JSON object.
    pub fn with_extra(self, json: &str) -> Result<Self, InvalidEndpoint> {
        let wrong = |why: String| InvalidEndpoint(format!("{why}: write a JSON object, for example {{\"top_p\":0.9}}"));
        let extra: Map<String, Value> =
            serde_json::from_str(json).map_err(|error| wrong(format!("this is no JSON object ({error})")))?;
        if let Some(own) = ["messages", "stream", "n"].into_iter().find(|name| extra.contains_key(*name)) {
            return Err(wrong(format!("{own:?} is Aurix's to set")));
        }
        Ok(Self { extra, ..self })
    }

    /// Where requests go.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The host, as logs show it.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What is merged into every body.
    pub(super) fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Whether the server takes a key for its cache of prompts.
    pub(super) fn takes_cache_key(&self) -> bool {
        self.host().ends_with(".openai.com")
    }

    /// The headers of a request, with its secrets.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ];
        let key = self.api_key.as_ref().map(|key| format!("Bearer {}", key.expose_secret()));
        headers.extend(key.map(|key| ("authorization".to_owned(), key)));
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())));
        headers
    }

    /// A text of somebody else's without the secrets of this endpoint.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let secrets = self.api_key.iter().chain(self.headers.iter().map(|(_, value)| value));
        let long = secrets.map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= 4);
        long.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

fn header(line: &str) -> Result<(String, SecretString), InvalidEndpoint> {
    let wrong = |why: &str| InvalidEndpoint(format!("{why}: write NAME: VALUE, for example api-key: 123"));
    let (name, value) = line.split_once(':').ok_or_else(|| wrong("a header has no colon"))?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(wrong("a header has no name that HTTP knows"));
    }
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(wrong(&format!("{name:?} is Aurix's to set")));
    }
    if value.chars().any(|letter| letter.is_control() || !letter.is_ascii()) {
        return Err(wrong("a header's value has characters that HTTP does not know"));
    }
    Ok((name, SecretString::from(value)))
}

impl fmt::Debug for Endpoint {
    /// Without its secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.host())
            .field("model", &self.model)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_is_below_the_address_and_keeps_its_query() {
        let url = |base| Endpoint::new(base, "m").unwrap().url().to_owned();
        assert_eq!(url("http://localhost:11434/v1"), "http://localhost:11434/v1/chat/completions");
        assert_eq!(url("https://a.example/v1/?api-version=1"), "https://a.example/v1/chat/completions?api-version=1");
        assert_eq!(url("https://a.example/x/chat/completions"), "https://a.example/x/chat/completions");
        for wrong in ["a.example", "ftp://a.example", "https://key@a.example/v1", "https://a.example/#x", ""] {
            assert!(Endpoint::new(wrong, "m").is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_sent_and_never_shown() {
        let endpoint = Endpoint::new("https://a.example/v1", "m").unwrap();
        let endpoint = endpoint.with_api_key(SecretString::from("hunter2")).with_headers("api-key: hunter3;X-Title: a");
        let endpoint = endpoint.unwrap();
        assert!(endpoint.headers().contains(&("authorization".to_owned(), "Bearer hunter2".to_owned())));
        assert!(endpoint.headers().contains(&("api-key".to_owned(), "hunter3".to_owned())));
        assert!(!format!("{endpoint:?}").contains("hunter"));
        assert_eq!(endpoint.without_secrets("no hunter2, no hunter3"), "no …, no …");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_being_repeated() {
        let endpoint = || Endpoint::new("https://a.example/v1", "m").unwrap();
        for wrong in ["api-key hunter2", "host: hunter2", "a b: hunter2", "a: hunter2\u{e9}"] {
            let refused = endpoint().with_headers(wrong).unwrap_err().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
        assert!(endpoint().with_extra("[]").is_err() && endpoint().with_extra(r#"{"messages":[]}"#).is_err());
        assert!(endpoint().with_extra(r#"{"reasoning_effort":"low"}"#).is_ok());
    }
}
