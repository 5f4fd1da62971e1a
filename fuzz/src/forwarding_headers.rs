//! Any forwarding headers: a client can make up what it likes and never hide behind the proxy.

use aurix::domain::visitor::client_ip;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

/// Panics where it does not hold for this input.
pub fn check(made_up: (&str, &str)) {
    let trusted = [IpNet::from(PROXY)];
    let (x_forwarded_for, forwarded) = made_up;
    client_ip(PROXY, &trusted, &[x_forwarded_for], &[forwarded]);
    assert_eq!(client_ip(CLIENT, &trusted, &[x_forwarded_for], &[forwarded]), CLIENT);
    let appended = format!("{x_forwarded_for}, {CLIENT}");
    assert_eq!(client_ip(PROXY, &trusted, &[&appended], &[forwarded]), CLIENT);
}
