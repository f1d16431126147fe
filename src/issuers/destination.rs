//! Where an issuer may be: the form of its address, and which hosts and IP addresses are asked at all. Whoever administers one
//! robot chooses what this program connects to, so it must never reach what only this machine or its network can.

use crate::domain::cidr::Cidr;
use hyper::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// Why an address is not asked. The texts are for whoever configures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No address of the web; Quay's text.
    #[error("Issuer must be a URL (http:// or https://)")]
    Scheme,
    /// It has a user name, a query or a fragment, or is not an address at all.
    #[error(
        "Issuer must be a URL of a host, optionally with port and path, without user name, query or fragment"
    )]
    Form,
    /// Plain HTTP, where anybody in between could put in keys of their own.
    #[error("Issuer must be a URL that begins with https://")]
    PlainHttp,
    /// The host is inside of a network, and the configuration does not list it.
    #[error("Issuer is an address of a private network, which FEDERATION_INTERNAL_ISSUERS does not list")]
    Internal,
}

/// One address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) https: bool,
    /// A name or an IPv4 address as they are, or an IPv6 address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) target: String,
}

impl Destination {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        if !["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(Refused::Scheme);
        }
        // `Uri` drops what comes after `#`.
        let uri: Uri = text.parse().ok().filter(|_| !text.contains('#')).ok_or(Refused::Form)?;
        let authority = uri.authority().ok_or(Refused::Form)?;
        let https = uri.scheme_str() == Some("https");
        let port = match authority.port() {
            Some(port) => Some(port.as_u16()).filter(|port| *port > 0),
            None => Some(if https { 443 } else { 80 }),
        };
        let host = authority.host();
        let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let written = if uri.port().is_some() { authority.as_str().rsplit_once(':') } else { None };
        // What stands before the host (`user@`) would go unseen.
        let whole = written.map_or(authority.as_str(), |(before, _)| before) == host;
        let known = match unbracketed {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_host(host),
        };
        let port = port.filter(|_| whole && known).ok_or(Refused::Form)?;
        let target = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { https, host: unbracketed.unwrap_or(host).to_ascii_lowercase(), port, target })
    }

    /// As it stands in a `Host` header.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// A name of letters, digits and hyphens, or an IPv4 address in its usual form: resolvers also take `0x7f.1` and `2130706433`
/// for addresses.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().next().is_some_and(|first| first.is_ascii_digit());
    host.len() <= 253 && host.split('.').all(label) && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

/// How far a connection may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the internet.
    Public,
    /// Also into private networks and to this machine: the configuration lists the host.
    Internal,
}

impl Reach {
    /// Whether an address may be connected to. Asked of what the name was resolved to, right before the connection.
    pub(super) fn covers(self, address: IpAddr) -> bool {
        let address = embedded(address.to_canonical());
        let within = |ranges: &[Cidr]| ranges.iter().any(|range| range.contains(address));
        let public = match address {
            IpAddr::V4(_) => !within(&RESERVED),
            // Everything else that is given out, is given out of here.
            IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 && !within(&RESERVED),
        };
        public || self == Self::Internal && within(&INTERNAL)
    }
}

/// The IPv4 address that a gateway would connect to for this one (RFC 6052).
fn embedded(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, ..] => IpAddr::V4(Ipv4Addr::from_bits(low_half(v6))),
            _ => address,
        },
        IpAddr::V4(_) => address,
    }
}

fn low_half(address: Ipv6Addr) -> u32 {
    let [.., a, b, c, d] = address.octets();
    u32::from_be_bytes([a, b, c, d])
}

/// What is not the internet (IANA's special-purpose registries), as far as it lies in IPv4 or 2000::/3.
const RESERVED_RANGES: [&str; 20] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    // Teredo and others; documentation; 6to4, which holds any IPv4 address; documentation.
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "3ffe::/16",
];

/// Where a listed host may be. Link-local addresses are not among them: that is where clouds hand out credentials.
const INTERNAL_RANGES: [&str; 7] =
    ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"];

static RESERVED: LazyLock<Vec<Cidr>> = LazyLock::new(|| ranges(&RESERVED_RANGES));
static INTERNAL: LazyLock<Vec<Cidr>> = LazyLock::new(|| ranges(&INTERNAL_RANGES));

fn ranges(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// What the configuration allows.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Hosts that may be inside of a network, in small letters, and their ports.
    internal: Vec<(String, u16)>,
    /// Whether those may be asked in plain HTTP.
    plain_http: bool,
}

impl Rules {
    /// From `host` and `host:port`; without a port, HTTPS's is meant.
    pub fn new(internal: &[String], plain_http: bool) -> Self {
        let read = |listed: &String| {
            Destination::parse(&format!("https://{listed}")).ok().map(|listed| (listed.host, listed.port))
        };
        Self { internal: internal.iter().filter_map(read).collect(), plain_http }
    }

    /// How far a connection to `destination` may go, or why there is none. What its name stands for is not known yet.
    pub(super) fn reach(&self, destination: &Destination) -> Result<Reach, Refused> {
        let Destination { https, host, port, .. } = destination;
        let listed = self.internal.iter().any(|(name, at)| name == host && at == port);
        let reach = if listed { Reach::Internal } else { Reach::Public };
        let plain_http = listed && self.plain_http;
        if !(*https || plain_http) {
            return Err(Refused::PlainHttp);
        }
        // A name without a dot means another machine in every network.
        let inside = match host.parse() {
            Ok(address) => !reach.covers(address),
            Err(_) => !listed && (!host.contains('.') || host.ends_with(".localhost")),
        };
        if inside { Err(Refused::Internal) } else { Ok(reach) }
    }

    /// Whether an issuer would be asked, as far as can be told without asking anybody.
    pub fn check_issuer(&self, issuer: &str) -> Result<(), Refused> {
        let destination = Destination::parse(issuer)?;
        if destination.target.contains('?') {
            return Err(Refused::Form);
        }
        self.reach(&destination).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(plain_http: bool) -> Rules {
        let listed = ["kubernetes.default.svc", "10.0.0.1:6443", "[fd00::1]", "localhost:8443"];
        Rules::new(&listed.map(ToOwned::to_owned), plain_http)
    }

    #[test]
    fn every_range_is_one() {
        assert_eq!(RESERVED.len(), RESERVED_RANGES.len());
        assert_eq!(INTERNAL.len(), INTERNAL_RANGES.len());
    }

    #[test]
    fn addresses_are_taken_apart() {
        let parts = |text: &str| {
            Destination::parse(text).map(|found| (found.authority(), found.host, found.port, found.target))
        };
        let of = |authority: &str, host: &str, port, target: &str| {
            Ok((authority.to_owned(), host.to_owned(), port, target.to_owned()))
        };
        assert_eq!(parts("https://Idp.Example"), of("idp.example", "idp.example", 443, "/"));
        assert_eq!(parts("https://idp.example:443/a"), of("idp.example", "idp.example", 443, "/a"));
        assert_eq!(parts("http://idp.example/a?b=c"), of("idp.example", "idp.example", 80, "/a?b=c"));
        assert_eq!(parts("https://[2600::1]:8443/"), of("[2600::1]:8443", "2600::1", 8443, "/"));
        for text in ["", "idp.example", "ftp://idp.example", "HTTPS://idp.example", "file:///etc/passwd"] {
            assert_eq!(parts(text), Err(Refused::Scheme), "{text}");
        }
        for text in [
            "https://",
            "https:///x",
            "https://user@idp.example",
            "https://user:secret@idp.example:443/",
            "https://a@[2600::1]",
            "https://idp.example#x",
            "https://idp.example:0",
            "https://idp.example:99999",
            "https://idp.example:",
            "https://idp..example",
            "https://idp.example.",
            "https://idp example",
            "https://idp.example\\@other.example",
            "https://idp.ex%61mple",
            "https://[::1",
            "https://[fe80::1%25eth0]",
            "https://0x7f.1",
            "https://2130706433",
            "https://127.1",
            "https://\u{ff49}dp.example",
        ] {
            assert_eq!(parts(text), Err(Refused::Form), "{text}");
        }
    }

    #[test]
    fn only_the_internet_is_reached_unless_a_host_is_listed() {
        for issuer in ["https://idp.example", "https://93.184.216.34", "https://[2600::1]/realm"] {
            assert_eq!(rules(false).check_issuer(issuer), Ok(()), "{issuer}");
        }
        for issuer in ["https://kubernetes.default.svc", "https://10.0.0.1:6443", "https://[fd00::1]/x"] {
            assert_eq!(rules(false).check_issuer(issuer), Ok(()), "{issuer}");
        }
        for issuer in [
            "https://localhost",
            "https://x.localhost",
            "https://kubernetes.default.svc.localhost",
            "https://intranet",
            "https://127.0.0.1",
            "https://10.0.0.1",
            "https://10.0.0.1:443",
            "https://169.254.169.254/latest",
            "https://[::1]",
            "https://[::]",
            "https://[::ffff:10.1.2.3]",
            "https://[64:ff9b::10.1.2.3]",
            "https://[fe80::1]",
            "https://[fd00::2]",
            "https://[fd00:ec2::254]",
        ] {
            assert_eq!(rules(true).check_issuer(issuer), Err(Refused::Internal), "{issuer}");
        }
        assert_eq!(rules(true).check_issuer("https://idp.example?x=1"), Err(Refused::Form));
    }

    #[test]
    fn plain_http_is_for_listed_hosts_where_it_is_switched_on() {
        let listed = "http://localhost:8443/x";
        assert_eq!(rules(false).check_issuer(listed), Err(Refused::PlainHttp));
        assert_eq!(rules(true).check_issuer(listed), Ok(()));
        assert_eq!(rules(true).check_issuer("http://idp.example"), Err(Refused::PlainHttp));
        assert_eq!(rules(true).check_issuer("http://kubernetes.default.svc"), Err(Refused::PlainHttp), "80");
    }

    #[test]
    fn what_a_name_stands_for_decides() {
        let covered = |reach: Reach, text: &str| reach.covers(text.parse().unwrap());
        for text in
            ["127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "::1", "fd12::1", "::ffff:127.0.0.1"]
        {
            assert!(!covered(Reach::Public, text) && covered(Reach::Internal, text), "{text}");
        }
        for text in ["0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1"]
        {
            assert!(!covered(Reach::Public, text) && !covered(Reach::Internal, text), "{text}");
        }
        for text in ["8.8.8.8", "2600::1", "64:ff9b::8.8.8.8"] {
            assert!(covered(Reach::Public, text) && covered(Reach::Internal, text), "{text}");
        }
        for text in ["2002:7f00:1::1", "2001::1", "64:ff9b::169.254.169.254", "198.18.0.1"] {
            assert!(!covered(Reach::Internal, text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(https?://)?[ -~\u{e9}]{0,60}") {
            let _ = rules(true).check_issuer(&text);
        }

        #[test]
        fn what_is_read_is_written_the_same(host in "[a-z]{1,8}(\\.[a-z]{1,8}){1,3}", port in 1..u16::MAX) {
            let text = format!("https://{host}:{port}/");
            let read = Destination::parse(&text).unwrap();
            prop_assert_eq!(Destination::parse(&format!("https://{}/", read.authority())), Ok(read));
        }
    }
}
