//! The shapes of names, addresses and places that settings hold.

use super::rule::{Rule, text};
use crate::domain::cidr::Cidr;
use crate::domain::name::{Namespace, RobotName};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The database that everything is kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An embedded SQLite database: the path of its file.
    Sqlite(PathBuf),
}

/// `sqlite:PATH`.
pub(super) fn database() -> Rule<Database> {
    text("sqlite:PATH, for example sqlite:data/dockpass.db", |text| {
        let path = text.strip_prefix("sqlite:")?;
        // `//host/path` and `:memory:` mean something else to SQLite than to whoever writes them here, and `?` would
        // become part of the file's name.
        let plain = is_path(path) && !path.starts_with("//") && !path.starts_with(':') && !path.contains('?');
        plain.then(|| Database::Sqlite(PathBuf::from(path)))
    })
}

/// A file or directory, relative to the working directory.
pub(super) fn path() -> Rule<PathBuf> {
    text("a path", |text| is_path(text).then(|| PathBuf::from(text)))
}

/// An IP address and port to listen on.
pub(super) fn address() -> Rule<SocketAddr> {
    text("an IP address and port, for example 127.0.0.1:8480 or \"[::1]:8480\"", |text| text.parse().ok())
}

/// An IP address or network.
pub(super) fn network() -> Rule<Cidr> {
    text(
        "an IP address or network without bits set beyond its length, for example 10.0.0.0/8 or fd00::/8",
        |text| text.parse().ok(),
    )
}

/// `host[:port]` as it stands in an image name.
pub(super) fn host() -> Rule<String> {
    text("a host name with or without port, for example registry.example.com:5000 (no https://)", |text| {
        is_host(text).then(|| text.to_owned())
    })
}

/// An address that clients are sent to.
pub(super) fn url() -> Rule<String> {
    text("a URL that begins with https:// or http://", |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let host = rest.split(['/', '?']).next()?;
        // It is put between double quotes in a WWW-Authenticate header, and clients append a query to it.
        let safe = is_line(text) && !text.contains([' ', '#']);
        (safe && is_host(host)).then(|| text.to_owned())
    })
}

/// A text that stands in a token and in a header: the issuer, or a service.
pub(super) fn label() -> Rule<String> {
    text("1 to 255 printable ASCII characters, without \\ and \"", |text| {
        (is_line(text) && !text.is_empty() && text.len() <= 255).then(|| text.to_owned())
    })
}

/// An organization or user name.
pub(super) fn name() -> Rule<String> {
    text("a name of 2 to 255 characters: a-z and 0-9, single . _ - between them", |text| {
        Namespace::parse(text).ok().map(|name| name.as_str().to_owned())
    })
}

/// A robot's full name.
pub(super) fn robot() -> Rule<String> {
    text("a robot's full name, for example acme+ci", |text| {
        RobotName::parse(text).map(|name| name.as_str().to_owned())
    })
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0')
}

fn is_line(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    let is_port = |port: &str| is_number(port) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        let port = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return port && address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::super::value::Value;
    use super::*;

    fn check<T>(rule: &Rule<T>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(rule.read(&Value::Text((*text).to_owned())).is_ok(), "{text} should be {}", rule.allowed);
        }
        for text in bad {
            assert!(
                rule.read(&Value::Text((*text).to_owned())).is_err(),
                "{text} should not be {}",
                rule.allowed
            );
        }
    }

    #[test]
    fn hosts_are_those_of_image_names() {
        let good = [
            "localhost",
            "localhost:5000",
            "registry.example.com",
            "10.0.0.1:443",
            "[::1]:5000",
            "[fd00::1]",
        ];
        let bad = [
            "",
            "https://a.example",
            "a/b",
            "a:0",
            "a:65536",
            "a:+1",
            "-a",
            "a..b",
            "a b",
            "[::1",
            "[x]:1",
            "::1",
            "a:1:2",
            "a:",
            "a-",
            "a.-b.c",
            "[::1]:",
            "[::1]x",
            "[::1]:0",
        ];
        check(&host(), &good, &bad);
        let longest = format!("{}.example", "a".repeat(245));
        check(&host(), &[&longest], &[&format!("a{longest}")]);
    }

    #[test]
    fn what_stands_in_tokens_and_headers_is_a_short_line_of_ascii() {
        let longest = "~".repeat(255);
        let bad = ["", &format!("{longest}~"), "a\"b", "a\\b", "a\nb", "\u{e9}"];
        check(&label(), &["registry.example:5000", "my registry", &longest], &bad);
    }

    #[test]
    fn a_path_is_anything_that_a_file_can_be_called() {
        check(&path(), &["keys", "/var/lib/dockpass/keys", " "], &["", "a\0b"]);
        check(&address(), &["127.0.0.1:80", "[::1]:0"], &["127.0.0.1", "localhost:80", ":80"]);
    }

    #[test]
    fn a_realm_can_stand_in_a_quoted_header() {
        let good = [
            "https://a.example/v2/auth",
            "http://127.0.0.1:8480/token",
            "https://[::1]:8480/token",
            "https://a/t?x=1",
        ];
        let bad = [
            "a.example/v2/auth",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://a/\"",
            "https://a/ b",
            "https://u@a/",
            "https://a/\n",
            "https://a#x",
        ];
        check(&url(), &good, &bad);
    }

    #[test]
    fn networks_have_a_length_that_fits_the_address() {
        let good = ["10.0.0.0/8", "127.0.0.1", "::1", "fd00::/8", "0.0.0.0/0", "::/128"];
        check(
            &network(),
            &good,
            &["10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "localhost", "10.0.0.0/8/8"],
        );
    }

    #[test]
    fn names_follow_quays_rule() {
        check(
            &name(),
            &["ab", "bo_t", "b.t", "1bot", "123"],
            &["a", "A", "Bot", "bot-", "-bot", "bo--t", "b..t", "bot+x", "b t", "éé", "ab\n"],
        );
        check(&robot(), &["acme+ci"], &["acme", "acme+", "+ci", "acme+c+i", "Acme+ci", "acme+ci\n"]);
    }

    #[test]
    fn a_database_is_a_file() {
        check(
            &database(),
            &["sqlite:data/dockpass.db", "sqlite:/var/lib/dockpass/db"],
            &[
                "sqlite:",
                "sqlite::memory:",
                "sqlite:///x",
                "sqlite:x?mode=ro",
                "sqlite:a\0b",
                "postgres://x",
                "x.db",
            ],
        );
    }
}
