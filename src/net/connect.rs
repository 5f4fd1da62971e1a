//! A new connection: resolve, check every address, connect to one of those that passed, secure.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Host;

use crate::domain::ids::ProjectId;
use crate::net::connection::Connection;
use crate::net::error::{Cause, Stage};
use crate::net::guard::AddressPolicy;
use crate::net::resolve::{LookupError, Lookups};
use crate::net::target::Target;
use crate::net::tls::Tls;
use crate::net::{in_words, moment};

/// Addresses of one name that are tried at most.
const ADDRESSES_MAX: usize = 6;

/// Makes connections. What it connects to has passed the policy, whether written in the URL or resolved from a name.
pub(super) struct Connector {
    pub(super) policy: AddressPolicy,
    pub(super) lookups: Lookups,
    pub(super) tls: Tls,
    pub(super) connect_timeout: Duration,
}

impl Connector {
    /// Opens a connection to the target. `stage` follows how far it has come.
    /// `project` is whose request it is.
    pub(super) async fn open(
        &self,
        target: &Target,
        project: Option<ProjectId>,
        stage: &mut Stage,
    ) -> Result<Connection, Cause> {
        *stage = Stage::Resolve;
        let addresses = self.allowed_addresses(target.host(), project).await?;
        *stage = Stage::Connect;
        let stream = self.dial(target, &addresses).await?;
        if !target.is_https() {
            return Connection::start(stream, false).await;
        }
        *stage = Stage::Secure;
        let (stream, wants_certificate) = self.tls.secure(&target.host_name(), stream).await?;
        Connection::start(stream, wants_certificate).await
    }

    /// A connection without TLS, whatever the target's scheme.
    pub(super) async fn reach(&self, target: &Target) -> Result<TcpStream, Cause> {
        let addresses = self.allowed_addresses(target.host(), None).await?;
        self.dial(target, &addresses).await
    }

    async fn dial(&self, target: &Target, addresses: &[IpAddr]) -> Result<TcpStream, Cause> {
        let stream = dial(addresses, target.port(), self.connect_timeout).await.map_err(|error| {
            if let Host::Domain(name) = target.host() {
                // It may have moved.
                self.lookups.forget(name);
            }
            Cause::Connect(in_words(&error))
        })?;
        // Without it small requests wait for the acknowledgement of the one before. Failing to set it loses speed only.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// What a host stands for, without the addresses that may not be reached.
    async fn allowed_addresses(&self, host: &Host, project: Option<ProjectId>) -> Result<Vec<IpAddr>, Cause> {
        let found = match host {
            Host::Ipv4(v4) => [IpAddr::from(*v4)].into(),
            Host::Ipv6(v6) => [IpAddr::from(*v6)].into(),
            Host::Domain(name) => {
                self.lookups.addresses(name, project).await.map_err(|error| self.lookup_failed(name, error))?
            }
        };
        let mut allowed: Vec<IpAddr> = Vec::new();
        for &address in found.iter() {
            if self.policy.allows(address) && !allowed.contains(&address) {
                allowed.push(address);
            }
        }
        // The caller is not told which of the two it is; the log is.
        if found.is_empty() {
            return Err(self.lookup_failed(&host.to_string(), LookupError::Failed("it has no address".into())));
        }
        if allowed.is_empty() {
            tracing::info!(%host, "host has no address that may be reached");
            return Err(Cause::NotAllowed { host: host.to_string() });
        }
        Ok(in_turn(&allowed))
    }

    fn lookup_failed(&self, host: &str, error: LookupError) -> Cause {
        let host = host.to_owned();
        match error {
            LookupError::Failed(why) => {
                let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why).to_owned();
                tracing::info!(host, error = why, "name not resolved");
                Cause::Dns { host, why }
            }
            LookupError::Timeout => Cause::LookupTimeout { host, limit: self.lookups.timeout() },
        }
    }
}

/// The resolver's order, but both families by turns (RFC 8305, section 4): a network without working IPv6 costs one try.
fn in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let (like_first, others): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| address.is_ipv4() == addresses[0].is_ipv4());
    let longest = like_first.len().max(others.len());
    let turns = (0..longest).flat_map(|turn| [like_first.get(turn), others.get(turn)]);
    turns.flatten().take(ADDRESSES_MAX).copied().collect()
}

/// Tries one address after the other, each for an equal share of the time that is left.
async fn dial(addresses: &[IpAddr], port: u16, within: Duration) -> io::Result<TcpStream> {
    let deadline = moment() + within;
    let mut failed = io::Error::other("there is no address");
    for (tried, address) in addresses.iter().enumerate() {
        let share = deadline.saturating_duration_since(moment()) / (addresses.len() - tried) as u32;
        match timeout(share, TcpStream::connect(SocketAddr::new(*address, port))).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_list_has_an_end() {
        let check = |given: &[&str], expected: &[&str]| {
            let given: Vec<IpAddr> = given.iter().map(|text| text.parse().unwrap()).collect();
            let turns: Vec<String> = in_turn(&given).iter().map(IpAddr::to_string).collect();
            assert_eq!(turns, expected);
        };
        check(&["1.1.1.1"], &["1.1.1.1"]);
        check(&["::1", "::2", "1.1.1.1"], &["::1", "1.1.1.1", "::2"]);
        check(&["1.1.1.1", "::1", "::2", "::3"], &["1.1.1.1", "::1", "::2", "::3"]);
        let many: Vec<String> = (1..=20).map(|last| format!("1.1.1.{last}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        check(&many, &many[..6]);
    }
}
