//! How the text of each setting is read.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use super::{LogFormat, credential, secret};
use crate::domain::rates::Rates;
use crate::domain::retry::parse_wait;
use crate::domain::time::SignedDuration;

/// Networks that one setting may list.
const NETWORKS_MAX: usize = 1_000;
/// The least memory for bodies: the largest one.
const SIZE_MIN: usize = 4 << 20;

pub(super) fn secret_key(text: &str) -> Result<SecretString, String> {
    let key = credential(text)?;
    secret::check(&key)?;
    Ok(SecretString::from(key))
}

pub(super) fn metrics_token(text: &str) -> Result<SecretString, String> {
    let token = credential(text)?;
    secret::check(&token)?;
    if token.contains(char::is_whitespace) {
        return Err("has a space in it, which no header takes: use letters, digits and signs".to_owned());
    }
    Ok(SecretString::from(token))
}

pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| format!("{text:?} is no address: write HOST:PORT, for example 127.0.0.1:8080"))
}

pub(super) fn base_url(text: &str) -> Result<String, String> {
    let fault = || {
        format!("{text:?} is no address: write http:// or https:// and a host, for example https://aurix.example.com")
    };
    let url = url::Url::parse(text).map_err(|_| fault())?;
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !is_bare || url.password().is_some() {
        return Err(fault());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.len() > NETWORKS_MAX {
        return Err(format!("{} networks are too many: {NETWORKS_MAX} at most", items.len()));
    }
    let address = |item: &str| item.parse::<IpAddr>().map(IpNet::from).ok();
    let network = |item: &str| item.parse().ok().or_else(|| address(item));
    items
        .into_iter()
        .map(|item| network(item).ok_or_else(|| format!("{item:?} is no network: write it like 10.0.0.0/8")))
        .collect()
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err(format!("{text:?} is neither `true` nor `false`")),
    }
}

pub(super) fn wait(text: &str) -> Result<SignedDuration, String> {
    let wait = parse_wait(text).map_err(|error| error.to_string())?;
    SignedDuration::try_from(wait).map_err(|error| error.to_string())
}

pub(super) fn keep_alive(text: &str) -> Result<Duration, String> {
    parse_wait(text).map_err(|error| error.to_string())
}

/// Bytes: 4 MiB at least, which the largest body takes.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let (number, unit) = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        .into_iter()
        .find_map(|(name, shift)| Some((text.strip_suffix(name)?.trim_end(), 1_usize << shift)))
        .unwrap_or((text, 1));
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes >= SIZE_MIN).ok_or_else(|| format!("{text:?} is no size of 4MiB or more: write 64MiB"))
}

pub(super) fn rates(text: &str) -> Result<Rates, String> {
    Rates::parse(text).map_err(|error| error.to_string())
}

pub(super) fn drain(text: &str) -> Result<Duration, String> {
    if text == "0s" { Ok(Duration::ZERO) } else { parse_wait(text).map_err(|error| error.to_string()) }
}

pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let fault = |error| format!("{text:?} is no filter ({error}): write a level such as info, or aurix=debug,info");
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(fault)
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither `text` nor `json`")),
    }
}
