//! The origins that a widget allows: one site, or all subdomains of a domain (`https://*.shop.example`).

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Stands for one or more labels before a domain.
const WILDCARD: &str = "*.";

/// An origin as browsers write it: scheme, host, and a port that is not the scheme's own; or one whose host begins with `*.`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllowedOrigin(String);

/// The text is no origin, or has a wildcard that would admit nobody or everybody.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an origin: write it like https://www.example.com, or https://*.example.com for all subdomains")]
pub struct InvalidOrigin(String);

impl AllowedOrigin {
    /// Parses what an operator typed; a path behind the origin is left out.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let fault = || InvalidOrigin(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| fault())?;
        let host = match url.host() {
            Some(Host::Domain(host)) if matches!(url.scheme(), "http" | "https") => host,
            Some(_) if matches!(url.scheme(), "http" | "https") => return Ok(Self(url.origin().ascii_serialization())),
            _ => return Err(fault()),
        };
        let domain = host.strip_prefix(WILDCARD);
        // `*.com` is everybody.
        let is_too_wide = domain.is_some_and(|domain| !domain.trim_end_matches('.').contains('.'));
        if is_too_wide || domain.unwrap_or(host).contains('*') {
            return Err(fault());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// As it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it admits the `Origin` of a request. A wildcard stands for subdomains of any depth, not for the domain itself.
    pub fn admits(&self, origin: &str) -> bool {
        let Some((scheme, domain)) = self.0.split_once(WILDCARD) else { return origin.eq_ignore_ascii_case(&self.0) };
        let origin = origin.to_ascii_lowercase();
        let host = origin.strip_prefix(scheme).and_then(|host| host.strip_suffix(domain)?.strip_suffix('.'));
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        host.is_some_and(|labels| labels.split('.').all(is_label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        AllowedOrigin::parse(text).ok().map(|origin| origin.0)
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, expected) in [
            ("https://www.example.com", Some("https://www.example.com")),
            (" HTTPS://Www.Example.com:443/shop?a=b ", Some("https://www.example.com")),
            ("http://localhost:3000/", Some("http://localhost:3000")),
            ("http://[::1]:3000/", Some("http://[::1]:3000")),
            ("https://münchen.example", Some("https://xn--mnchen-3ya.example")),
            ("https://*.Shop.example/", Some("https://*.shop.example")),
            ("https://*.shop.example:8443", Some("https://*.shop.example:8443")),
            ("www.example.com", None),
            ("ftp://example.com", None),
            ("*", None),
            ("null", None),
        ] {
            assert_eq!(parsed(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_wildcard_that_admits_nobody_or_everybody_is_refused() {
        for text in [
            "https://*",
            "https://*.com",
            "https://*.com.",
            "https://*shop.example",
            "https://www.*.example",
            "https://*.*.example",
            "https://shop.*",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_subdomains() {
        let shop = AllowedOrigin::parse("https://*.shop.example").expect("an origin");
        for origin in ["https://a.shop.example", "https://a.b.shop.example", "HTTPS://A.Shop.Example"] {
            assert!(shop.admits(origin), "{origin}");
        }
        for origin in [
            "https://shop.example",
            "https://.shop.example",
            "https://a..shop.example",
            "https://ashop.example",
            "http://a.shop.example",
            "https://a.shop.example:8443",
            "https://a.shop.example.evil.example",
            "https://evil.example/a.shop.example",
            "https://evil.example#.shop.example",
            "https://user@a.shop.example",
            "null",
            "",
        ] {
            assert!(!shop.admits(origin), "{origin}");
        }
        let with_port = AllowedOrigin::parse("https://*.shop.example:8443").expect("an origin");
        assert!(with_port.admits("https://a.shop.example:8443") && !with_port.admits("https://a.shop.example"));
    }

    #[test]
    fn an_origin_without_a_wildcard_admits_itself_alone() {
        let site = AllowedOrigin::parse("https://shop.example").expect("an origin");
        assert!(site.admits("https://shop.example") && site.admits("https://Shop.Example"));
        assert!(!site.admits("https://a.shop.example"));
    }
}
