//! The certificate behind the base URL: by whom, for whom, for how long; and how the last order went, where TLS is built in.

use url::{Host, Url};

use super::{REACH_TIMEOUT, failed, fine, warning};
use crate::channels::Finding;
use crate::core::Core;
use crate::domain::certificate::Certificate;
use crate::domain::time::{SignedDuration, Timestamp};
use crate::store::certificates;

/// A certificate that is valid for less than that should have been renewed; of one that lives for weeks, the last third.
const LEFT_MIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Names of a certificate that are told.
const NAMES_TOLD: usize = 5;

/// What is to be said of the certificate; nothing where the base URL has none.
pub(super) async fn certificate(core: &Core) -> anyhow::Result<Vec<Finding>> {
    let order = order(core).await?;
    let url = Url::parse(&core.config.base_url).ok().filter(|url| url.scheme() == "https");
    let Some(host) = url.as_ref().and_then(Url::host) else { return Ok(order) };
    let shown = core.platform_client.shown_certificate(&core.config.base_url, REACH_TIMEOUT).await;
    let shown = match shown.as_deref().map(Certificate::parse) {
        Ok(Ok(certificate)) => of_certificate(&certificate, &host, core.clock.now(), core.config.acme.is_some()),
        Ok(Err(error)) => {
            failed("certificate", format!("{} shows one that cannot be read: {error}", core.config.base_url))
        }
        // That nothing answers is said already.
        Err(_) => return Ok(order),
    };
    Ok([order, vec![shown]].concat())
}

fn of_certificate(certificate: &Certificate, host: &Host<&str>, now: Timestamp, is_built_in: bool) -> Finding {
    let host = host.to_string();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if !certificate.is_for(host) {
        let names: Vec<_> = certificate.names.iter().take(NAMES_TOLD).map(String::as_str).collect();
        let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
        let said = format!("it is for {names}, and not for {host}: nobody's browser takes it. Get one for {host}.");
        return failed("certificate", said);
    }
    let left = certificate.not_after.duration_since(now);
    let (days, until) = (left.as_hours() / 24, certificate.not_after.strftime("%Y-%m-%d"));
    let renew = if is_built_in {
        "Aurix should have renewed it: look at `order` above and at the server's log."
    } else {
        "Look at what renews it (certbot, the proxy), and why it has not."
    };
    match left {
        left if left.is_negative() => {
            failed("certificate", format!("it expired on {until}: nobody's browser takes it. {renew}"))
        }
        left if left < LEFT_MIN.min(certificate.lifetime() / 3) => {
            warning("certificate", format!("it expires on {until}, in {days} days. {renew}"))
        }
        _ => fine("certificate", format!("issued by {}, valid for {days} days, until {until}", certificate.issuer)),
    }
}

/// How the last order of a certificate went.
async fn order(core: &Core) -> anyhow::Result<Vec<Finding>> {
    let Some(acme) = &core.config.acme else { return Ok(Vec::new()) };
    let names = acme.names();
    let standing = core.db.read(async move |conn| Ok(certificates::standing(conn, &names).await?)).await?;
    Ok(vec![match standing {
        None => warning("order", "no server has ordered a certificate yet: start `aurix serve`."),
        Some(standing) => match standing.fault {
            Some(fault) => {
                let said = format!("{fault} The next order is made at {:.0}.", standing.due_at);
                let is_valid = standing.expires_at.is_some_and(|until| until > core.clock.now());
                if is_valid { warning("order", said) } else { failed("order", said) }
            }
            None if standing.expires_at.is_none() => fine("order", "the first certificate is being ordered"),
            None => fine("order", format!("the next certificate is ordered at {:.0}", standing.due_at)),
        },
    }])
}
