//! Which addresses may be connected to: the table of those that are not public, and the operator's exceptions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What requests may reach. Fixed when a client is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Networks that are let through although they are not public (`AURIX_ALLOW_NETWORKS`).
    pub allow_networks: Vec<IpNet>,
    /// Whether plain `http:` is allowed (`AURIX_ALLOW_HTTP`).
    pub allow_http: bool,
}

impl AddressPolicy {
    /// Lets everything through: for addresses that the operator configured, such as a chat platform's API base.
    pub fn trusted() -> Self {
        let everywhere = [IpNet::from(Ipv4Net::default()), IpNet::from(Ipv6Net::default())];
        Self { allow_networks: everywhere.into(), allow_http: true }
    }

    /// Whether it is that of addresses which the operator configured.
    pub fn is_trusted(&self) -> bool {
        *self == Self::trusted()
    }

    /// The one question of the guard, asked alike for an address written in a URL and for every address that a name
    /// resolves to, right before connecting. An IPv4-mapped IPv6 address (`::ffff:…`) is judged as IPv4.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allow_networks.iter().any(|network| network.contains(&address))
    }
}

/// IPv4 networks that no webhook lives in: IANA's special-purpose registry, multicast, and what clouds put in public space.
const NOT_PUBLIC_V4: [([u8; 4], u8); 18] = [
    ([0, 0, 0, 0], 8),        // "this network", unspecified
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // carrier-grade NAT; 100.100.100.200 is a cloud's metadata service
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // a cloud's host agent, inside otherwise public space
    ([169, 254, 0, 0], 16),   // link-local; 169.254.169.254 is most clouds' metadata service
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // IETF protocol assignments; 192.0.0.192 is a cloud's metadata service
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 31, 196, 0], 24),  // AS112
    ([192, 52, 193, 0], 24),  // AMT
    ([192, 88, 99, 0], 24),   // 6to4 relays
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarking
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// The only IPv6 space given out for public use. All else (`::1`, `fc00::/7` with `fd00:ec2::254`, `fe80::/10`,
/// `fec0::/10`, `ff00::/8`, `100::/64`, `5f00::/16`, `::/96`, `::ffff:0:0:0/96`, `64:ff9b:1::/48`, …) lies outside of it.
const PUBLIC_V6: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// IPv6 networks inside of the public space that are not public.
const NOT_PUBLIC_V6: [([u16; 8], u8); 3] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // IETF protocol assignments: Teredo, ORCHID, benchmarking
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// Where 6to4 and NAT64 carry an IPv4 address: the network, and the bit after the address.
const CARRIES_V4: [([u16; 8], u8, u32); 2] = [
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, 48),     // 6to4
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, 128), // NAT64
];

/// Whether an address is reachable for everyone: not loopback, private, link-local, shared, multicast, unspecified,
/// reserved, for documentation, a cloud's metadata service, or an IPv6 form of one of these.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|&(network, bits)| same_start_v4(address, network.into(), bits))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    for (network, bits, end) in CARRIES_V4 {
        if same_start_v6(address, network.into(), bits) {
            // The cast keeps the last 32 bits on purpose: they are the carried address.
            return is_public_v4(Ipv4Addr::from_bits((address.to_bits() >> (128 - end)) as u32));
        }
    }
    same_start_v6(address, PUBLIC_V6.0.into(), PUBLIC_V6.1)
        && !NOT_PUBLIC_V6.iter().any(|&(network, bits)| same_start_v6(address, network.into(), bits))
}

fn same_start_v4(address: Ipv4Addr, network: Ipv4Addr, bits: u8) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0
}

fn same_start_v6(address: Ipv6Addr, network: Ipv6Addr, bits: u8) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (128 - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_that_are_not_public_are_known_at_both_ends_of_their_networks() {
        let addresses = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 100.100.100.200 127.0.0.1 \
            127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255 \
            192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0 198.19.255.255 198.51.100.7 \
            203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.0 255.255.255.255";
        for text in addresses.split_whitespace() {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn ipv6_forms_that_are_not_public_are_known() {
        let addresses = ":: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 \
            ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::8.8.8.8 100::1 \
            2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 \
            2002:7f00:1::1 2002:a00:1:: 2002:c0a8:101::1 3fff::1 3fff:fff::1 5f00::1 fc00::1 fd00:ec2::254 \
            fdff::1 fe80::1 febf::1 fec0::1 feff::1 ff02::1 4000::1";
        for text in addresses.split_whitespace() {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        let addresses = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 \
            172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
            2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450::1 2001:200::1 2002:808:808::1 64:ff9b::8.8.8.8 \
            ::ffff:8.8.8.8 2001:db9::1 3fff:1000::1";
        for text in addresses.split_whitespace() {
            assert!(is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn the_operator_can_allow_a_network_in_each_of_its_spellings() {
        let policy = AddressPolicy { allow_networks: vec!["127.0.0.0/8".parse().unwrap()], allow_http: false };
        assert!(
            policy.allows(ip("127.0.0.1")) && policy.allows(ip("::ffff:127.0.0.1")) && policy.allows(ip("1.1.1.1"))
        );
        assert!(
            !policy.allows(ip("::1")) && !policy.allows(ip("10.0.0.1")) && !policy.allows(ip("64:ff9b::127.0.0.1"))
        );
        for text in ["::1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"] {
            assert!(!AddressPolicy::default().allows(ip(text)) && AddressPolicy::trusted().allows(ip(text)), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_carried_ipv4_address_is_judged_like_the_bare_one(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let [a, b] = [(bits >> 16) as u16, bits as u16];
            let forms = [v4.to_ipv6_mapped(), Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b), Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1)];
            for form in forms {
                proptest::prop_assert_eq!(is_public(form.into()), is_public(v4.into()), "{}", form);
            }
        }
    }
}
