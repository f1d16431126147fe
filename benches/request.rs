//! Token requests as bytes, as a container client sends them.

use crate::client::Target;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::fmt::Write;

/// A name and its secret.
#[derive(Clone, Debug)]
pub struct Login {
    pub name: String,
    pub secret: String,
}

/// `GET` for a token for `scopes`; the anonymous ask without a login.
pub fn token(target: &Target, service: &str, login: Option<&Login>, scopes: &[String]) -> Bytes {
    let mut text = format!("GET {}?service={}", target.path, escape(service));
    for scope in scopes {
        let _ = write!(text, "&scope={}", escape(scope));
    }
    let _ = write!(text, " HTTP/1.1\r\nHost: {}\r\nUser-Agent: docker/29.0.1 go/go1.25.4\r\n", target.host);
    if let Some(Login { name, secret }) = login {
        let _ = write!(text, "Authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{secret}")));
    }
    text.push_str("Accept-Encoding: gzip\r\n\r\n");
    text.into()
}

fn escape(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// Logins of a file: `NAME:SECRET`, or `NAME<TAB>SECRET` as `dockpass robot bulk-create` prints them, one a line.
pub fn logins(text: &str) -> Vec<Login> {
    let pair = |line: &str| {
        let (name, secret) = line.split_once(['\t', ':']).expect("each line of the file is NAME:SECRET");
        Login { name: name.to_owned(), secret: secret.to_owned() }
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(pair).collect()
}
