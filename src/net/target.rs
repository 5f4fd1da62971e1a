//! Where a request goes: a URL that was looked at from every side before anything is sent.

use std::net::IpAddr;

use hyper::http::uri::PathAndQuery;
use url::{Host, Url};

use crate::net::guard::AddressPolicy;

/// The longest URL that is accepted.
pub const URL_LENGTH_MAX: usize = 2_048;

/// A checked URL. Names are not resolved here: what a name stands for is checked whenever it is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: Host,
    port: u16,
    path_and_query: PathAndQuery,
}

/// Why a URL is not accepted, in words for the one who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// Longer than [`URL_LENGTH_MAX`].
    #[error("the URL is longer than {URL_LENGTH_MAX} characters")]
    TooLong,
    /// Not a URL, or one with parts that cannot be sent.
    #[error("this is not a valid URL: {0}")]
    NotAUrl(String),
    /// `http:` where it is not allowed.
    #[error("the URL must begin with https:// (the operator can allow http:// with AURIX_ALLOW_HTTP)")]
    HttpNotAllowed,
    /// Neither `https:` nor `http:`.
    #[error("the URL must begin with https://, not {0}:")]
    Scheme(String),
    /// `https://user:password@host`.
    #[error("the URL must not contain a user name or password; use a custom Authorization header")]
    UserInfo,
    /// Port 0.
    #[error("port 0 cannot be connected to")]
    Port,
    /// An address, in whatever spelling, that is not public, or the name `localhost`.
    #[error(
        "{0} is not a public address; use one that is reachable from the internet \
         (the operator can allow networks with AURIX_ALLOW_NETWORKS)"
    )]
    AddressNotAllowed(String),
}

impl Target {
    /// Checks a URL as far as possible without asking anyone: when it is configured, and again for every request.
    /// A fragment is dropped; the address in a URL counts in all its spellings (`0x7f000001`, `[::ffff:127.0.0.1]`).
    pub fn parse(url: &str, policy: &AddressPolicy) -> Result<Self, InvalidTarget> {
        if url.len() > URL_LENGTH_MAX {
            return Err(InvalidTarget::TooLong);
        }
        if url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidTarget::NotAUrl("it contains spaces or control characters".into()));
        }
        let mut url = Url::parse(url).map_err(|error| InvalidTarget::NotAUrl(error.to_string()))?;
        url.set_fragment(None);
        // What is not ASCII is longer as it is sent.
        if url.as_str().len() > URL_LENGTH_MAX {
            return Err(InvalidTarget::TooLong);
        }
        match url.scheme() {
            "https" => {}
            "http" if policy.allow_http => {}
            "http" => return Err(InvalidTarget::HttpNotAllowed),
            other => return Err(InvalidTarget::Scheme(other.into())),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidTarget::UserInfo);
        }
        let host = url.host().ok_or_else(|| InvalidTarget::NotAUrl("it has no host".into()))?.to_owned();
        check_host(&host, policy)?;
        let port = url.port_or_known_default().filter(|&port| port != 0).ok_or(InvalidTarget::Port)?;
        let path_and_query = url[url::Position::BeforePath..]
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| InvalidTarget::NotAUrl(error.to_string()))?;
        Ok(Self { url, host, port, path_and_query })
    }

    /// The URL as it will be used: normalised, without a fragment.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host: a name, or an address that the policy allows.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host as a certificate names it: an IPv6 address without brackets, a name without a dot at its end.
    pub fn host_name(&self) -> String {
        self.host.to_string().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_owned()
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The value of the `Host` header: the port is in it where it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Scheme and authority: requests with the same origin may share a connection.
    pub fn origin(&self) -> &str {
        &self.url[..url::Position::AfterPort]
    }

    /// What the request line asks for.
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }
}

fn check_host(host: &Host, policy: &AddressPolicy) -> Result<(), InvalidTarget> {
    let address: IpAddr = match host {
        Host::Ipv4(v4) => (*v4).into(),
        Host::Ipv6(v6) => (*v6).into(),
        Host::Domain(name) if is_localhost(name) => {
            let loopbacks = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
            let allowed = loopbacks.into_iter().any(|address| policy.allows(address));
            return if allowed { Ok(()) } else { Err(InvalidTarget::AddressNotAllowed(name.clone())) };
        }
        Host::Domain(_) => return Ok(()),
    };
    if policy.allows(address) { Ok(()) } else { Err(InvalidTarget::AddressNotAllowed(address.to_string())) }
}

/// RFC 6761: `localhost` and every name below it is the machine itself. The URL parser has made it lower-case.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(url: &str) -> Result<Target, InvalidTarget> {
        Target::parse(url, &AddressPolicy::default())
    }

    fn development() -> AddressPolicy {
        AddressPolicy { allow_networks: vec!["127.0.0.0/8".parse().unwrap()], allow_http: true }
    }

    #[test]
    fn a_public_https_url_is_accepted_and_taken_apart() {
        let target = strict("https://Hooks.Example.com:8443/a%20b?x={1}|2#part").unwrap();
        assert_eq!(target.as_str(), "https://hooks.example.com:8443/a%20b?x={1}|2");
        assert_eq!((target.origin(), target.authority()), ("https://hooks.example.com:8443", "hooks.example.com:8443"));
        assert_eq!((target.path_and_query().as_str(), target.port()), ("/a%20b?x={1}|2", 8443));
        let short = strict("https://example.com:443").unwrap();
        assert_eq!((short.as_str(), short.authority(), short.port()), ("https://example.com/", "example.com", 443));
        assert_eq!(strict("https://[2606:4700::1111]/").unwrap().authority(), "[2606:4700::1111]");
        assert_eq!(strict("https://bücher.example/ü").unwrap().as_str(), "https://xn--bcher-kva.example/%C3%BC");
    }

    #[test]
    fn every_spelling_of_an_address_that_is_not_public_is_refused() {
        let hosts = "127.0.0.1 127.1 0x7f000001 0x7f.0.0.1 2130706433 0177.0.0.1 017700000001 127.0.0.1. %31%32%37.0.0.1 \
            １２７.0.0.1 127。0。0。1 [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:0001] \
            [64:ff9b::7f00:1] [2002:7f00:1::] 0 0.0.0.0 [::] 10.0.0.8 169.254.169.254 0xa9fea9fe 2852039166 \
            [fd00:ec2::254] 100.100.100.200 192.168.1.1 localhost LOCALHOST localhost. shop.localhost";
        for host in hosts.split_whitespace() {
            let url = format!("https://{host}/hook");
            assert!(matches!(strict(&url), Err(InvalidTarget::AddressNotAllowed(_))), "{url}: {:?}", strict(&url));
        }
    }

    #[test]
    fn what_cannot_be_a_webhook_is_refused_with_its_reason() {
        let check = |url: &str, expected: &str| assert_eq!(strict(url).unwrap_err().to_string(), expected, "{url}");
        check(
            "http://example.com",
            "the URL must begin with https:// (the operator can allow http:// with AURIX_ALLOW_HTTP)",
        );
        check("ftp://example.com", "the URL must begin with https://, not ftp:");
        check("file:///etc/passwd", "the URL must begin with https://, not file:");
        check("example.com/hook", "this is not a valid URL: relative URL without a base");
        check("", "this is not a valid URL: relative URL without a base");
        check("https://", "this is not a valid URL: empty host");
        check("https://example.com:99999/", "this is not a valid URL: invalid port number");
        check("https://example.com:0/", "port 0 cannot be connected to");
        check("https://a b.example/", "this is not a valid URL: it contains spaces or control characters");
        check("https://example.com/\r\nx: y", "this is not a valid URL: it contains spaces or control characters");
        let user = "the URL must not contain a user name or password; use a custom Authorization header";
        check("https://me@example.com/", user);
        check("https://:secret@example.com/", user);
        let of_length = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
        assert!(strict(&of_length(2_048)).is_ok());
        check(&of_length(2_049), "the URL is longer than 2048 characters");
        // `%C3%A9` each.
        check(&format!("https://example.com/{}", "é".repeat(1_000)), "the URL is longer than 2048 characters");
    }

    #[test]
    fn an_operator_may_allow_http_and_networks() {
        for url in ["http://127.0.0.1:3000/hook", "http://localhost:3000/", "http://[::ffff:127.0.0.1]/"] {
            assert!(Target::parse(url, &development()).is_ok(), "{url}");
        }
        assert!(Target::parse("http://[::1]/", &development()).is_err());
        assert!(Target::parse("http://10.0.0.1/", &development()).is_err());
        assert!(Target::parse("http://10.0.0.1/", &AddressPolicy::trusted()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_gives_a_target_or_a_reason(url in "(https?://)?[\\PC\\x00-\\x1f]{0,60}") {
            if let Ok(target) = Target::parse(&url, &development()) {
                proptest::prop_assert_eq!(Target::parse(target.as_str(), &development()).unwrap(), target);
            }
        }
    }
}
