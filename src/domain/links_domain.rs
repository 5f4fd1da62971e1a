//! The host that a project's links have instead of the server's: `go.shop.example`.

use std::fmt;

use url::Host;

/// Characters of a host name (RFC 1035, section 2.3.4).
const CHARS_MAX: usize = 253;
/// The same of one label.
const LABEL_CHARS_MAX: usize = 63;

/// A host name of several labels, in lower case and ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinksDomain(String);

/// The text is no host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no host name: write go.shop.example, without https:// and without a path")]
pub struct InvalidLinksDomain(String);

impl LinksDomain {
    /// Parses what a person typed. Letters beyond ASCII become what DNS has of them.
    pub fn parse(text: &str) -> Result<Self, InvalidLinksDomain> {
        read(text.trim()).ok_or_else(|| InvalidLinksDomain(text.to_owned()))
    }

    /// The host that a request asks for, in its `Host`, if it is a name that links can have.
    pub fn asked(host: &str) -> Option<Self> {
        read(host.split_once(':').map_or(host, |(name, _)| name))
    }

    /// As it stands in an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn read(text: &str) -> Option<LinksDomain> {
    let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
    let name = name.strip_suffix('.').unwrap_or(&name);
    let is_name = name.len() <= CHARS_MAX && name.contains('.') && name.split('.').all(is_label);
    is_name.then(|| LinksDomain(name.to_owned()))
}

fn is_label(label: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(is_letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for LinksDomain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_host_name_in_lower_case_and_ascii() {
        for (text, expected) in [
            (" Go.Shop.example ", "go.shop.example"),
            ("go.shop.example.", "go.shop.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("1-2.example", "1-2.example"),
        ] {
            assert_eq!(LinksDomain::parse(text).as_ref().map(LinksDomain::as_str), Ok(expected));
        }
        let long = format!("{}.example", "a".repeat(LABEL_CHARS_MAX + 1));
        for text in [
            "",
            "localhost",
            "192.0.2.7",
            "[::1]",
            "https://go.shop.example",
            "go.shop.example/x",
            "go.shop.example:443",
            "*.shop.example",
            "_go.shop.example",
            "-go.shop.example",
            "go..example",
            "go shop.example",
            "mei@shop.example",
            &long,
            &"a.".repeat(CHARS_MAX),
        ] {
            assert!(LinksDomain::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_request_asks_for_a_host_with_its_port_or_without() {
        let asked = |host: &str| LinksDomain::asked(host).map(|domain| domain.to_string());
        for host in ["go.shop.example", "GO.shop.example:8443", "go.shop.example."] {
            assert_eq!(asked(host).as_deref(), Some("go.shop.example"), "{host}");
        }
        for host in ["", "aurix", "127.0.0.1:8080", "[::1]:8080", "[::1]"] {
            assert_eq!(asked(host), None, "{host}");
        }
    }
}
