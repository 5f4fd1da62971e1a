//! TLS built in: for which domains, and by which certificate authority.

use std::net::{Ipv6Addr, SocketAddr};

use clap::Args;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use url::{Host, Url};

use super::parse::listen;
use super::{InvalidSetting, checked, given};

/// Where certificates are ordered unless another authority is named.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Domains of one certificate. Each is looked at by the authority at every order.
const DOMAINS_MAX: usize = 20;
/// Port of `https://`, on all addresses of the machine.
const HTTPS: SocketAddr = SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), 443);
/// Port of `http://`, the same.
const HTTP: SocketAddr = SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::UNSPECIFIED), 80);

/// The settings as they were given.
#[derive(Args, Clone, Debug, Default)]
pub struct AcmeSettings {
    /// Domains that lead to this machine, separated by commas: Aurix then serves https itself, with certificates of Let's Encrypt
    /// that it gets and renews by itself. No proxy is needed.
    #[arg(long, env = "AURIX_ACME_DOMAIN", value_name = "DOMAINS")]
    pub acme_domain: Option<String>,
    /// E-mail address that the certificate authority may write to.
    #[arg(long, env = "AURIX_ACME_EMAIL", value_name = "ADDRESS")]
    pub acme_email: Option<String>,
    /// Directory of another authority that speaks ACME (RFC 8555) [default: that of Let's Encrypt].
    #[arg(long, env = "AURIX_ACME_DIRECTORY", value_name = "URL")]
    pub acme_directory: Option<String>,
    /// File with certificates (PEM) that vouch for that directory, where it is one of your own.
    #[arg(long, env = "AURIX_ACME_CA", value_name = "FILE")]
    pub acme_ca: Option<String>,
    /// Address that sends visitors of http:// on to https://, beside AURIX_ACME_DOMAIN; `off` for none [default: port 80 of all addresses].
    #[arg(long, env = "AURIX_REDIRECT_LISTEN", value_name = "HOST:PORT")]
    pub redirect_listen: Option<String>,
}

/// TLS built in, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// The domains, in lower case and ASCII; the first one is that of the base URL.
    pub domains: Vec<String>,
    /// Whom the authority may write to.
    pub email: Option<String>,
    /// The authority's directory.
    pub directory: String,
    /// Certificates (DER) that vouch for it besides those that are known.
    pub extra_roots: Vec<Vec<u8>>,
    /// Where `http://` is redirected, if anywhere.
    pub redirect_listen: Option<SocketAddr>,
}

impl Acme {
    /// With all that is not said left as it is.
    pub fn new(domains: Vec<String>) -> Self {
        let (directory, extra_roots) = (LETS_ENCRYPT.to_owned(), Vec::new());
        Self { domains, email: None, directory, extra_roots, redirect_listen: Some(HTTP) }
    }

    /// Where a server listens with TLS unless another address is given.
    pub fn listen_default() -> SocketAddr {
        HTTPS
    }

    /// The base URL unless another is given.
    pub fn base_url(&self) -> String {
        format!("https://{}", self.domains.first().map_or("localhost", String::as_str))
    }

    /// The name of its certificate in the database: the same for the same domains in any order.
    pub fn names(&self) -> String {
        let mut domains = self.domains.clone();
        domains.sort_unstable();
        domains.join(",")
    }
}

/// TLS built in, where a domain is named.
pub(super) fn acme(settings: &AcmeSettings, base_url: Option<&str>) -> Result<Option<Acme>, InvalidSetting> {
    let Some(domains) = checked("AURIX_ACME_DOMAIN", settings.acme_domain.as_deref(), domains)? else {
        let beside = [
            ("AURIX_ACME_EMAIL", &settings.acme_email),
            ("AURIX_ACME_DIRECTORY", &settings.acme_directory),
            ("AURIX_ACME_CA", &settings.acme_ca),
            ("AURIX_REDIRECT_LISTEN", &settings.redirect_listen),
        ];
        let alone = beside.into_iter().find(|(_, value)| given(value.as_deref()).is_some());
        return match alone {
            None => Ok(None),
            Some((name, _)) => {
                let problem = format!("has to be set beside {name}");
                Err(InvalidSetting { setting: "AURIX_ACME_DOMAIN", problem })
            }
        };
    };
    checked("AURIX_BASE_URL", base_url, |url| leads_to(url, &domains))?;
    let standard = Acme::new(domains);
    Ok(Some(Acme {
        email: checked("AURIX_ACME_EMAIL", settings.acme_email.as_deref(), email)?,
        directory: checked("AURIX_ACME_DIRECTORY", settings.acme_directory.as_deref(), directory)?
            .unwrap_or(standard.directory),
        extra_roots: checked("AURIX_ACME_CA", settings.acme_ca.as_deref(), certificates)?.unwrap_or_default(),
        redirect_listen: checked("AURIX_REDIRECT_LISTEN", settings.redirect_listen.as_deref(), redirect)?
            .unwrap_or(standard.redirect_listen),
        domains: standard.domains,
    }))
}

fn domains(text: &str) -> Result<Vec<String>, String> {
    let mut domains = Vec::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let domain = domain(item)?;
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    match domains.len() {
        0 => Err("names no domain: write aurix.example.com".to_owned()),
        1..=DOMAINS_MAX => Ok(domains),
        many => Err(format!("{many} domains are too many for one certificate: {DOMAINS_MAX} at most")),
    }
}

fn domain(text: &str) -> Result<String, String> {
    if text.starts_with("*.") {
        return Err(format!("{text:?} stands for many names, and authorities want a proof in DNS for that: name each"));
    }
    let is_plain = !text.contains([':', '/', '@', '?', '#', '*', ' ']);
    match Host::parse(text) {
        Ok(Host::Domain(name)) if is_plain && name.trim_end_matches('.').contains('.') => {
            Ok(name.trim_end_matches('.').to_owned())
        }
        _ => Err(format!("{text:?} is no domain that a certificate is given for: write aurix.example.com")),
    }
}

/// The base URL has to lead to a name that the certificate is for.
fn leads_to(url: &str, domains: &[String]) -> Result<(), String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "https");
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    if domains.iter().any(|domain| domain == host) {
        return Ok(());
    }
    Err(format!(
        "has to begin with https:// and a domain of AURIX_ACME_DOMAIN ({}), or to be left out",
        domains.join(", ")
    ))
}

fn email(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if is_address && !text.contains([' ', ',', ':']) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no e-mail address: write mei@example.com"))
}

fn directory(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" && url.host().is_some() => Ok(url.into()),
        _ => Err(format!("{text:?} is no address of a directory: it begins with https://")),
    }
}

fn certificates(file: &str) -> Result<Vec<Vec<u8>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found.into_iter().map(|certificate| certificate.to_vec()).collect()),
        Ok(_) => Err(format!("there is no certificate in {file}: it has to be PEM")),
        Err(error) => Err(format!("cannot read certificates from {file}: {error}")),
    }
}

fn redirect(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" { Ok(None) } else { listen(text).map(Some) }
}
