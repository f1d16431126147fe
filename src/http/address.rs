//! Who is really asking when a reverse proxy stands in front.
//!
//! Any client can send `X-Forwarded-*`, so these headers count only when the connection itself comes from
//! a configured proxy. A lie here would move log-in limits and audit entries to somebody else's address.

use crate::domain::cidr::Cidr;
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName};
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The address the request came from: `peer`, or when `peer` is a trusted proxy the right-most hop of
/// `X-Forwarded-For` that is not one. A hop that cannot be read makes the whole header worthless: then `peer`.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let mut client = peer;
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        let Ok(line) = line.to_str() else { return peer };
        for hop in line.rsplit(',') {
            let Some(address) = hop_address(hop.trim()) else {
                return peer;
            };
            client = address;
            if !is_trusted(address, trusted) {
                return client;
            }
        }
    }
    client
}

/// Whether the client's own connection is encrypted: `tls` is what this server sees, which a trusted proxy
/// that ends TLS itself corrects by `X-Forwarded-Proto`.
pub fn is_https(tls: bool, peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> bool {
    match last_element(peer, headers, &FORWARDED_PROTO, trusted) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
        _ => tls,
    }
}

/// The host (with port, when given) that the client asked for: a trusted proxy's `X-Forwarded-Host`, else `Host`.
/// `None` when there is none or it holds characters that no host name has.
pub fn host<'h>(peer: IpAddr, headers: &'h HeaderMap, trusted: &[Cidr]) -> Option<&'h str> {
    last_element(peer, headers, &FORWARDED_HOST, trusted)
        .filter(|host| is_host(host))
        .or_else(|| headers.get(HOST)?.to_str().ok().filter(|host| is_host(host)))
}

fn is_trusted(address: IpAddr, trusted: &[Cidr]) -> bool {
    trusted.iter().any(|range| range.contains(address))
}

/// The right-most element, which is the one the trusted peer wrote itself; those to its left may be the client's.
fn last_element<'h>(
    peer: IpAddr,
    headers: &'h HeaderMap,
    name: &HeaderName,
    trusted: &[Cidr],
) -> Option<&'h str> {
    if !is_trusted(peer, trusted) {
        return None;
    }
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// One hop: an address, or as some load balancers write it an address with a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()))
        .map(|address: IpAddr| address.to_canonical())
        .ok()
}

fn is_host(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !text.is_empty() && text.len() <= 262 && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies() -> Vec<Cidr> {
        vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]
    }

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let pairs: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
        client_address(ip(peer), &headers(&pairs), &proxies()).to_string()
    }

    #[test]
    fn the_header_counts_only_from_a_trusted_peer() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_wins_over_what_the_client_wrote_to_its_left() {
        assert_eq!(client("10.0.0.1", &["127.0.0.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["127.0.0.1", "198.51.100.1", "10.0.0.2,fd00::7"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn ports_and_brackets_are_understood_and_nonsense_falls_back_to_the_peer() {
        assert_eq!(client("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        for nonsense in ["", "unknown", "198.51.100.1,", "198.51.100.1, unknown, 10.0.0.2"] {
            assert_eq!(client("10.0.0.1", &[nonsense]), "10.0.0.1", "{nonsense}");
        }
    }

    #[test]
    fn scheme_and_host_follow_the_trusted_proxy_and_nobody_else() {
        let proxied = headers(&[
            (HOST, "dockpass:8080"),
            (FORWARDED_PROTO, "http, https"),
            (FORWARDED_HOST, "evil.example, auth.example.com"),
        ]);
        assert!(is_https(false, ip("10.0.0.1"), &proxied, &proxies()));
        assert!(!is_https(false, ip("192.0.2.1"), &proxied, &proxies()));
        assert_eq!(host(ip("10.0.0.1"), &proxied, &proxies()), Some("auth.example.com"));
        assert_eq!(host(ip("192.0.2.1"), &proxied, &proxies()), Some("dockpass:8080"));
        let strange = headers(&[(HOST, "a/b"), (FORWARDED_PROTO, "gopher")]);
        assert_eq!(host(ip("10.0.0.1"), &strange, &proxies()), None);
        assert!(is_https(true, ip("10.0.0.1"), &strange, &proxies()));
        assert!(!is_https(false, ip("10.0.0.1"), &strange, &proxies()));
        let plain = headers(&[(FORWARDED_PROTO, "HTTP")]);
        assert!(!is_https(true, ip("10.0.0.1"), &plain, &proxies()));
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_is_always_itself(line in "[ -~]{0,60}") {
            prop_assert_eq!(client("203.0.113.9", &[&line]), "203.0.113.9");
        }

        #[test]
        fn whatever_a_client_prepends_does_not_change_the_answer(forged in "[ -~]{0,60}") {
            let line = format!("{forged}, 198.51.100.1, 10.0.0.2");
            prop_assert_eq!(client("10.0.0.1", &[&line]), "198.51.100.1");
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                for name in [FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST, HOST] {
                    headers.insert(name, value.clone());
                }
                let peer = ip("10.0.0.1");
                let _ = client_address(peer, &headers, &proxies());
                let _ = is_https(false, peer, &headers, &proxies());
                let _ = host(peer, &headers, &proxies());
            }
        }
    }
}
