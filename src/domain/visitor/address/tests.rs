//! Tables and properties of `client_ip` and `IpPolicy`.

use super::*;
use proptest::prelude::*;

fn client(peer: &str, x_forwarded_for: &[&str], forwarded: &[&str]) -> String {
    let trusted: Vec<IpNet> = ["10.0.0.0/8", "2001:db8:f::/48"].map(|network| network.parse().unwrap()).into();
    client_ip(peer.parse().unwrap(), &trusted, x_forwarded_for, forwarded).to_string()
}

#[test]
fn headers_from_untrusted_peers_are_ignored() {
    assert_eq!(client("198.51.100.7", &["203.0.113.9"], &["for=203.0.113.9"]), "198.51.100.7");
    assert_eq!(client("::ffff:198.51.100.7", &["203.0.113.9"], &[]), "198.51.100.7");
}

#[test]
fn the_last_untrusted_hop_is_the_client() {
    for (x_forwarded_for, ip) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
        (&["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (&["1.1.1.1", "203.0.113.9", "10.0.0.2,10.0.0.3"], "203.0.113.9"),
        (&["203.0.113.9:4711"], "203.0.113.9"),
        (&["2001:db8::5"], "2001:db8::5"),
        (&["[2001:db8::5]:443"], "2001:db8::5"),
        (&["[2001:db8::5]"], "2001:db8::5"),
        (&["::ffff:203.0.113.9"], "203.0.113.9"),
        (&["203.0.113.9,,"], "203.0.113.9"),
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        (&[""], "10.0.0.1"),
        (&[], "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", x_forwarded_for, &[]), ip, "{x_forwarded_for:?}");
    }
    assert_eq!(client("2001:db8:f::1", &["2001:db8::5, 2001:db8:f::2"], &[]), "2001:db8::5");
    assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.9"], &[]), "203.0.113.9");
}

#[test]
fn a_hop_that_cannot_be_parsed_ends_the_walk() {
    for (x_forwarded_for, ip) in [
        ("203.0.113.9, unknown", "10.0.0.1"),
        ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, _hidden, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, 300.1.1.1", "10.0.0.1"),
        ("203.0.113.9 10.0.0.2", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &[x_forwarded_for], &[]), ip, "{x_forwarded_for}");
    }
}

#[test]
fn forwarded_is_parsed_as_in_rfc_7239() {
    for (forwarded, ip) in [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
        ("for=\"203.0.113.9:80\";proto=https;by=10.0.0.1", "203.0.113.9"),
        ("proto=http;for=203.0.113.9 , for=10.0.0.2", "203.0.113.9"),
        ("for=1.1.1.1, for=\"203.0.113.9:_port\"", "203.0.113.9"),
        ("for=203.0.113.9;host=\"a,b;for=1.1.1.1\"", "203.0.113.9"),
        ("for=203.0.113.9, for=_secret", "10.0.0.1"),
        ("for=203.0.113.9, for=unknown, for=10.0.0.2", "10.0.0.2"),
        ("for=203.0.113.9, proto=https", "10.0.0.1"),
        ("garbage", "10.0.0.1"),
        ("for=\"203.0.113.9", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &[], &[forwarded]), ip, "{forwarded}");
    }
    assert_eq!(client("10.0.0.1", &[], &["for=1.1.1.1", "for=203.0.113.9"]), "203.0.113.9");
}

#[test]
fn x_forwarded_for_is_preferred_to_forwarded() {
    assert_eq!(client("10.0.0.1", &["203.0.113.9"], &["for=1.1.1.1"]), "203.0.113.9");
    assert_eq!(client("10.0.0.1", &["  "], &["for=203.0.113.9"]), "203.0.113.9");
}

#[test]
fn a_policy_says_how_much_is_stored() {
    let kept = |policy: IpPolicy, ip: &str| policy.apply(ip.parse().unwrap()).map(|ip| ip.to_string());
    assert_eq!(kept(IpPolicy::Full, "::ffff:203.0.113.9").as_deref(), Some("203.0.113.9"));
    assert_eq!(kept(IpPolicy::Truncated, "203.0.113.9").as_deref(), Some("203.0.113.0"));
    assert_eq!(kept(IpPolicy::Truncated, "2001:db8:cafe:1:2::17").as_deref(), Some("2001:db8:cafe::"));
    assert_eq!(kept(IpPolicy::Omitted, "203.0.113.9"), None);
    for policy in [IpPolicy::Full, IpPolicy::Truncated, IpPolicy::Omitted] {
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }
    assert_eq!("none".parse::<IpPolicy>(), Err(InvalidIpPolicy));
}

proptest! {
    #[test]
    fn any_header_is_parsed(
        x_forwarded_for in "(?s)[0-9a-f.:,;=\"\\\\\\[\\] _é]{0,120}",
        forwarded in "(?s)([fF]or=)?[0-9a-f.:,;=\"\\\\\\[\\] _é]{0,120}",
    ) {
        let ip = client("10.0.0.1", &[&x_forwarded_for], &[&forwarded]);
        prop_assert!(ip.parse::<IpAddr>().is_ok());
        client("10.0.0.1", &[], &[&forwarded]);
    }

    #[test]
    fn a_forged_header_never_hides_the_clients_address(made_up in "(?s)[0-9a-f.:,;\"\\\\\\[\\] ]{0,80}") {
        let line = format!("{made_up}, 203.0.113.9, 10.0.0.2");
        prop_assert_eq!(client("10.0.0.1", &[&line], &[]), "203.0.113.9");
        prop_assert_eq!(client("10.0.0.1", &[&made_up, "203.0.113.9, 10.0.0.2"], &[]), "203.0.113.9");
        let line = made_up + ", for=203.0.113.9, for=\"10.0.0.2:80\"";
        prop_assert_eq!(client("10.0.0.1", &[], &[&line]), "203.0.113.9");
    }
}
