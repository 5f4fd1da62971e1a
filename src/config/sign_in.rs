//! Who is signed in to the console besides by password: a provider, a proxy, or everybody in the demo.

use secrecy::SecretString;

use super::{InvalidSetting, Settings, checked, credential, given};

/// An OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// Its issuer, without a slash at the end.
    pub issuer: String,
    /// How it knows us.
    pub client_id: String,
    /// What we prove ourselves with.
    pub client_secret: SecretString,
    /// Domains whose addresses get an account.
    pub domains: Vec<String>,
}

/// A console without a password, as the demo has it: whoever opens it on this machine, by the name of the base URL, is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenConsole {
    /// Whom they are signed in as.
    pub email: String,
    /// Where `/` leads.
    pub home: &'static str,
}

/// The provider, where all of it is given.
pub(super) fn oidc_provider(settings: &Settings) -> Result<Option<OidcProvider>, InvalidSetting> {
    let (issuer, client_id) = (settings.oidc_issuer.as_deref(), settings.oidc_client_id.as_deref());
    let (client_secret, domains) = (settings.oidc_client_secret.as_deref(), settings.oidc_domains.as_deref());
    let Some(issuer) = checked("AURIX_OIDC_ISSUER", issuer, oidc_issuer)? else { return Ok(None) };
    let missing = |setting| InvalidSetting { setting, problem: "has to be set beside AURIX_OIDC_ISSUER".to_owned() };
    let client_id = given(client_id).ok_or_else(|| missing("AURIX_OIDC_CLIENT_ID"))?.to_owned();
    let client_secret =
        checked("AURIX_OIDC_CLIENT_SECRET", client_secret, |text| Ok(credential(text)?.trim().to_owned()))?
            .ok_or_else(|| missing("AURIX_OIDC_CLIENT_SECRET"))?;
    let domains = given(domains).unwrap_or_default().split(',').map(|domain| domain.trim().to_lowercase());
    let domains = domains.filter(|domain| !domain.is_empty()).collect();
    Ok(Some(OidcProvider { issuer, client_id, client_secret: client_secret.into(), domains }))
}

/// A provider is asked over https, on this machine perhaps without.
fn oidc_issuer(text: &str) -> Result<String, String> {
    let fault = || format!("{text:?} is no issuer: write https:// and a host, for example https://id.example.com");
    let url = url::Url::parse(text).map_err(|_| fault())?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) || url.query().is_some() {
        return Err(fault());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn header_name(text: &str) -> Result<axum::http::HeaderName, String> {
    text.parse().map_err(|_| format!("{text:?} is no name of a header: write Remote-Email, for example"))
}
