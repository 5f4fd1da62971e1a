//! Who requested a click link: a person or a program, and from which IP address.

mod address;
mod crawlers;

pub use address::{HOPS_MAX, IpPolicy, client_ip};

/// The parts of a request that tell a person from a program. Header values as received, `None` where missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestSigns<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// `Sec-Purpose`: sent with a prefetch by current browsers.
    pub sec_purpose: Option<&'a str>,
    /// `Purpose` or `X-Purpose`: sent by older browsers.
    pub purpose: Option<&'a str>,
    /// `X-Moz`: sent by older Firefox versions.
    pub x_moz: Option<&'a str>,
}

/// The kind of a request for a click link. All get the redirect; only a person's is a click, the others are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A person, or a program that does not announce itself: a click. Command-line clients and headless browsers count as
    /// people, since integrators test their sites with them.
    Person,
    /// A known crawler, monitor or link-preview fetcher, by its name.
    Crawler(&'static str),
    /// A browser that prefetches a link.
    Prefetch,
    /// A `HEAD` request.
    Head,
}

impl RequestKind {
    /// Classifies a request.
    pub fn of(signs: &RequestSigns<'_>) -> Self {
        let says = |header: Option<&str>, words: &[&str]| {
            header.is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                words.iter().any(|word| value.contains(word))
            })
        };
        if signs.method.eq_ignore_ascii_case("HEAD") {
            return Self::Head;
        }
        if let Some(name) = signs.user_agent.and_then(crawlers::name_of) {
            return Self::Crawler(name);
        }
        let in_advance = ["prefetch", "prerender", "preview"];
        if [signs.sec_purpose, signs.purpose, signs.x_moz].into_iter().any(|header| says(header, &in_advance)) {
            return Self::Prefetch;
        }
        Self::Person
    }

    /// Whether it counts as a click.
    pub fn is_click(self) -> bool {
        self == Self::Person
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHROME: &str =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36";

    #[test]
    fn a_request_by_a_person_is_a_click() {
        let signs = RequestSigns { method: "GET", user_agent: Some(CHROME), ..RequestSigns::default() };
        assert_eq!(RequestKind::of(&signs), RequestKind::Person);
        assert!(!RequestKind::of(&RequestSigns { method: "HEAD", ..signs }).is_click());
        assert!(RequestKind::of(&RequestSigns { method: "POST", ..RequestSigns::default() }).is_click());
    }

    #[test]
    fn automated_requests_are_not_clicks() {
        let get = RequestSigns { method: "GET", user_agent: Some(CHROME), ..RequestSigns::default() };
        let preview = "WhatsApp/2.23.20.0";
        for (signs, kind) in [
            (RequestSigns { method: "HEAD", ..get }, RequestKind::Head),
            (RequestSigns { method: "HEAD", user_agent: Some(preview), ..get }, RequestKind::Head),
            (RequestSigns { user_agent: Some(preview), ..get }, RequestKind::Crawler("WhatsApp")),
            (RequestSigns { sec_purpose: Some("prefetch"), ..get }, RequestKind::Prefetch),
            (RequestSigns { sec_purpose: Some("Prefetch;prerender"), ..get }, RequestKind::Prefetch),
            (RequestSigns { sec_purpose: Some("prefetch;anonymous-client-ip"), ..get }, RequestKind::Prefetch),
            (RequestSigns { purpose: Some("preview"), ..get }, RequestKind::Prefetch),
            (RequestSigns { x_moz: Some("prefetch"), ..get }, RequestKind::Prefetch),
            (RequestSigns { purpose: Some("navigate"), ..get }, RequestKind::Person),
        ] {
            assert_eq!(RequestKind::of(&signs), kind, "{signs:?}");
        }
    }
}
