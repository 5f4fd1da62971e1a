//! The visitor's IP address, from the peer and the trusted proxies, and how much of it a project stores.

use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::domain::closed_set::closed_set;

/// Forwarding hops that are followed, counted from the nearest.
pub const HOPS_MAX: usize = 64;

/// Prefix length of a truncated IPv4 address.
const IPV4_BITS_KEPT: u32 = 24;

/// Prefix length of a truncated IPv6 address.
const IPV6_BITS_KEPT: u32 = 48;

/// The client's address: the peer's, or, where the peer is a trusted proxy, the last hop before the
/// trusted ones. `x_forwarded_for` and `forwarded` are the values of those headers, in the order received.
///
/// `X-Forwarded-For` is preferred where both are sent: nearly every proxy writes it, and many pass on a `Forwarded` that
/// anyone may have made up. A hop that cannot be parsed (`unknown`, an obfuscated name, garbage) ends the walk at the
/// last address that is certain. IPv4 addresses written as IPv6 are unmapped.
pub fn client_ip(peer: IpAddr, trusted: &[IpNet], x_forwarded_for: &[&str], forwarded: &[&str]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let hops: Vec<Option<IpAddr>> = if x_forwarded_for.iter().any(|value| !value.trim().is_empty()) {
        nearest_first(x_forwarded_for, |value| value.split(',').collect()).map(parse_node).collect()
    } else {
        nearest_first(forwarded, |value| split_outside_quotes(value, ',')).map(forwarded_for).collect()
    };
    let mut known = peer;
    for hop in hops {
        match hop {
            Some(ip) if is_trusted(ip) => known = ip,
            Some(ip) => return ip,
            None => return known,
        }
    }
    known
}

/// The elements of a list header, the nearest hop's first, at most [`HOPS_MAX`]. Empty ones are skipped.
fn nearest_first<'a>(values: &[&'a str], split: fn(&'a str) -> Vec<&'a str>) -> impl Iterator<Item = &'a str> {
    let elements: Vec<&str> = values.iter().flat_map(|value| split(value)).collect();
    elements.into_iter().map(str::trim).filter(|element| !element.is_empty()).rev().take(HOPS_MAX)
}

/// Splits at a separator outside of `"…"`, in which `\` escapes. If a quote is not closed, quotes are ignored: otherwise a
/// client that opens one would hide what proxies append.
fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + separator.len_utf8();
            }
            _ => {}
        }
    }
    if quoted {
        return text.split(separator).collect();
    }
    parts.push(&text[start..]);
    parts
}

/// The `for` of one element of `Forwarded` (RFC 7239), where it is an address.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    split_outside_quotes(element, ';').into_iter().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| parse_node(value.trim()))?
    })
}

/// An address as proxies write it: bare, in quotes, in brackets, with a port.
fn parse_node(node: &str) -> Option<IpAddr> {
    let node = node.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(node).trim();
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(ip.to_canonical());
    }
    if let Ok(socket) = node.parse::<SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    // `[2001:db8::1]:_port`: RFC 7239 lets a port be obfuscated too.
    let (host, port) = node.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let ip = host.parse::<IpAddr>().ok()?;
    port.starts_with('_').then(|| ip.to_canonical())
}

closed_set! {
    /// How much of visitors' addresses a project stores.
    #[derive(Default)]
    pub enum IpPolicy {
        /// The whole address.
        #[default]
        Full = "full",
        /// The network only: /24 of IPv4, /48 of IPv6.
        Truncated = "truncated",
        /// Nothing.
        Omitted = "omitted",
    }
}

/// The text is not a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address policy is `full`, `truncated` or `omitted`")]
pub struct InvalidIpPolicy;

impl IpPolicy {
    /// The part of an address that is stored.
    pub fn apply(self, ip: IpAddr) -> Option<IpAddr> {
        match (self, ip.to_canonical()) {
            (Self::Full, ip) => Some(ip),
            (Self::Truncated, IpAddr::V4(ip)) => {
                Some(IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << (32 - IPV4_BITS_KEPT)))))
            }
            (Self::Truncated, IpAddr::V6(ip)) => {
                Some(IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - IPV6_BITS_KEPT)))))
            }
            (Self::Omitted, _) => None,
        }
    }
}

impl FromStr for IpPolicy {
    type Err = InvalidIpPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidIpPolicy> {
        Self::parse(text).ok_or(InvalidIpPolicy)
    }
}

impl fmt::Display for IpPolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
