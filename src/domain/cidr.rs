//! Address ranges, as configuration names trusted proxies: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses. IPv4 addresses inside IPv6 (`::ffff:192.0.2.7`) count as IPv4 on both sides, because
/// a socket that listens on `[::]` reports IPv4 peers that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Why a text is not an address range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CidrError {
    /// The part before the slash is not an IP address.
    #[error("not an IP address or a range such as 10.0.0.0/8")]
    Address,
    /// The part after the slash is not a number from 0 to `longest`.
    #[error("the prefix length must be a number from 0 to {longest}")]
    Prefix {
        /// 32 for IPv4, 128 for IPv6.
        longest: u8,
    },
    /// `10.0.0.1/8`: either the prefix or the address is a mistake, and guessing would trust the wrong peers.
    #[error("the address has bits set beyond the prefix length; did you mean {meant}?")]
    HostBits {
        /// The range with those bits cleared.
        meant: Cidr,
    },
}

impl Cidr {
    /// Whether `address` lies in this range.
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
                masked(address.to_canonical(), self.prefix) == self.network
            }
            _ => false,
        }
    }
}

/// `address` with all bits after the first `prefix` cleared.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// Whether this is `::ffff:a.b.c.d` with a prefix that stays inside that block, so that it means IPv4.
fn is_mapped(address: Ipv6Addr, prefix: u8) -> bool {
    address.to_ipv4_mapped().is_some() && prefix >= 96
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match length {
            None => longest,
            // `parse` alone would take `+8`.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|prefix| *prefix <= longest)
                .ok_or(CidrError::Prefix { longest })?,
            Some(_) => return Err(CidrError::Prefix { longest }),
        };
        let (address, prefix) = match address {
            IpAddr::V6(v6) if is_mapped(v6, prefix) => (address.to_canonical(), prefix - 96),
            _ => (address, prefix),
        };
        let meant = Self { network: masked(address, prefix), prefix };
        if meant.network == address { Ok(meant) } else { Err(CidrError::HostBits { meant }) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        for (range, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ] {
            assert!(cidr(range).contains(ip(inside)), "{range} {inside}");
            assert!(!cidr(range).contains(ip(outside)), "{range} {outside}");
        }
    }

    #[test]
    fn mistakes_are_refused_with_the_reason() {
        let failure = |text: &str| text.parse::<Cidr>().unwrap_err();
        assert_eq!(failure("proxy"), CidrError::Address);
        assert_eq!(failure("10.0.0/8"), CidrError::Address);
        assert_eq!(failure("10.0.0.0/33"), CidrError::Prefix { longest: 32 });
        assert_eq!(failure("::/129"), CidrError::Prefix { longest: 128 });
        assert_eq!(failure("10.0.0.0/+8"), CidrError::Prefix { longest: 32 });
        assert_eq!(failure("10.0.0.0/"), CidrError::Prefix { longest: 32 });
        assert!(failure("10.0.0.1/8").to_string().ends_with("did you mean 10.0.0.0/8?"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Cidr>();
        }

        #[test]
        fn a_range_contains_its_own_network_and_reads_back(bits: u128, prefix in 0_u8..=128) {
            let network = masked(IpAddr::V6(bits.into()), prefix);
            // The canonical text of an IPv4-mapped range is IPv4, so it may read back shorter, never wider.
            let range = cidr(&format!("{network}/{prefix}"));
            prop_assert!(range.contains(network) || network.to_canonical().is_ipv4());
            prop_assert_eq!(cidr(&range.to_string()), range);
        }
    }
}
