//! The operator's mail server and the sender's address, as the settings name them.

use std::net::IpAddr;

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

/// The port of `smtp:` (submission, RFC 6409) and of `smtps:` (RFC 8314).
const PORTS: (u16, u16) = (587, 465);

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From its beginning.
    FromStart,
    /// By STARTTLS; without it nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

/// A mail server that takes letters on.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// A name, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// Name and password, where it wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Who letters are from.
    pub from: Sender,
    /// Certificates (DER) that are trusted besides the machine's and Mozilla's: those of tests.
    pub extra_roots: Vec<Vec<u8>>,
}

/// Who letters are from: `Aurix <aurix@example.com>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub(super) Mailbox);

/// The text names no mail server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailServer {
    /// Not an address of this kind. What was given is not repeated: it has a password in it.
    #[error(
        "this is no address of a mail server: write smtp://USER:PASSWORD@HOST:587, or smtps://… for TLS from the start"
    )]
    Address,
    /// A parameter that is not known.
    #[error("`{0}` is no parameter: only ?tls=required or ?tls=none behind smtp://HOST")]
    Parameter(String),
}

impl MailServer {
    /// Reads `smtp://USER:PASSWORD@HOST:PORT`, where STARTTLS is required unless the host is this machine or `?tls=none` is given,
    /// or `smtps://…`.
    pub fn parse(text: &str, from: Sender) -> Result<Self, InvalidMailServer> {
        let url = Url::parse(text).map_err(|_| InvalidMailServer::Address)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidMailServer::Address)?;
        // The host of a scheme that is not special is not parsed as one.
        let parsed = Host::parse(host).map_err(|_| InvalidMailServer::Address)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(InvalidMailServer::Address);
        }
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("tls", "required") => tls = Some(Encryption::StartTls),
                ("tls", "none") => tls = Some(Encryption::None),
                _ => return Err(InvalidMailServer::Parameter(format!("{name}={value}"))),
            }
        }
        let (port, encryption) = match (url.scheme(), tls) {
            ("smtps", None) => (PORTS.1, Encryption::FromStart),
            ("smtp", Some(tls)) => (PORTS.0, tls),
            ("smtp", None) if is_this_machine(&parsed) => (PORTS.0, Encryption::None),
            ("smtp", None) => (PORTS.0, Encryption::StartTls),
            ("smtps", Some(_)) => return Err(InvalidMailServer::Parameter("tls".to_owned())),
            _ => return Err(InvalidMailServer::Address),
        };
        let plain = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let password = plain(url.password().unwrap_or_default()).map_err(|_| InvalidMailServer::Address)?;
        let user = plain(url.username()).map_err(|_| InvalidMailServer::Address)?;
        Ok(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port().unwrap_or(port),
            encryption,
            credentials: (!user.is_empty()).then(|| (user, SecretString::from(password))),
            from,
            extra_roots: Vec::new(),
        })
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(*ip).is_loopback(),
    }
}

impl Sender {
    /// Reads `aurix@example.com` or `Aurix <aurix@example.com>`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    /// The domain of the address: whose name the server is greeted with, and ids of letters end in.
    pub(super) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn parse(text: &str) -> Result<MailServer, InvalidMailServer> {
        MailServer::parse(text, Sender::parse("Aurix <aurix@example.com>").unwrap())
    }

    #[test]
    fn a_server_is_read_with_its_port_and_its_encryption() {
        let check = |text: &str, expected: (&str, u16, Encryption)| {
            let server = parse(text).unwrap();
            assert_eq!((server.host.as_str(), server.port, server.encryption), expected, "{text}");
        };
        check("smtp://mail.example.com", ("mail.example.com", 587, Encryption::StartTls));
        check("smtp://mail.example.com:25/", ("mail.example.com", 25, Encryption::StartTls));
        check("smtps://mail.example.com", ("mail.example.com", 465, Encryption::FromStart));
        check("smtp://relay:1025?tls=none", ("relay", 1025, Encryption::None));
        check("smtp://localhost:1025", ("localhost", 1025, Encryption::None));
        check("smtp://127.0.0.1:1025", ("127.0.0.1", 1025, Encryption::None));
        check("smtp://[::1]:1025", ("::1", 1025, Encryption::None));
        check("smtp://localhost:1025?tls=required", ("localhost", 1025, Encryption::StartTls));
        check("smtp://127.0.0.1.example.com", ("127.0.0.1.example.com", 587, Encryption::StartTls));
    }

    #[test]
    fn name_and_password_are_percent_encoded() {
        let server = parse("smtp://mei%40example.com:p%2Fss%20word@mail.example.com").unwrap();
        let (user, password) = server.credentials.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("mei@example.com", "p/ss word"));
        assert!(parse("smtp://mail.example.com").unwrap().credentials.is_none());
    }

    #[test]
    fn what_is_no_server_is_refused_without_its_password() {
        for text in
            ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp:mail", "smtp://a/b", "smtp://a#b"]
        {
            assert_eq!(parse(text).unwrap_err(), InvalidMailServer::Address, "{text:?}");
        }
        for text in ["smtp://a?tls=maybe", "smtp://a?ssl=1", "smtps://a?tls=none"] {
            assert!(matches!(parse(text).unwrap_err(), InvalidMailServer::Parameter(_)), "{text:?}");
        }
        let error = parse("smtq://mei:hunter2@mail.example.com").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(!format!("{:?}", parse("smtp://mei:hunter2@mail.example.com")).contains("hunter2"));
    }

    #[test]
    fn a_sender_has_an_address_and_perhaps_a_name() {
        assert_eq!(Sender::parse("aurix@example.com").unwrap().domain(), "example.com");
        assert_eq!(Sender::parse("Aurix <aurix@example.com>").unwrap().to_string(), "Aurix <aurix@example.com>");
        for text in ["", "aurix", "Aurix <aurix>", "a@b@c", "aurix@example.com, mei@example.com"] {
            assert_eq!(Sender::parse(text), None, "{text:?}");
        }
    }
}
