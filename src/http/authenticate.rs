//! Request headers to credentials.

use crate::domain::credential::Secret;
use crate::service::login::Credentials;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use zeroize::Zeroizing;

/// The `Authorization` header cannot be read as HTTP Basic. Answered like wrong credentials, except where Quay has a text for
/// each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Another scheme, no credentials, or several headers.
    Header,
    /// Not base64 of UTF-8.
    Encoding,
    /// Without a colon.
    Pair,
}

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads HTTP Basic (RFC 7617). No header, or a user name and password that are both empty, mean no credentials; anything
/// that cannot be read is an error and never anonymous.
pub fn basic(headers: &HeaderMap) -> Result<Credentials, Malformed> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(Credentials::None) };
    if values.next().is_some() {
        return Err(Malformed::Header);
    }
    let parts = value.to_str().ok().and_then(|value| value.split_once(' '));
    let (scheme, encoded) = parts.ok_or(Malformed::Header)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Malformed::Header);
    }
    let decoded = Zeroizing::new(BASE64.decode(encoded.trim_matches(' ')).map_err(|_| Malformed::Encoding)?);
    let text = std::str::from_utf8(&decoded).map_err(|_| Malformed::Encoding)?;
    // A user name holds no colon, a password may.
    let (username, password) = text.split_once(':').ok_or(Malformed::Pair)?;
    if username.is_empty() && password.is_empty() {
        return Ok(Credentials::None);
    }
    Ok(Credentials::Password { username: username.to_owned(), password: Secret::new(password) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    fn read(value: &str) -> Result<Option<(String, String)>, Malformed> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        basic(&headers).map(|credentials| match credentials {
            Credentials::None => None,
            Credentials::Password { username, password } => Some((username, password.expose().to_owned())),
        })
    }

    fn pair(username: &str, password: &str) -> (String, String) {
        (username.to_owned(), password.to_owned())
    }

    #[test]
    fn the_first_colon_ends_the_user_name() {
        assert_eq!(read("Basic YWNtZStjaTphOmI="), Ok(Some(pair("acme+ci", "a:b"))));
        assert_eq!(read("basic YWNtZStjaTphOmI"), Ok(Some(pair("acme+ci", "a:b"))), "no padding");
        assert_eq!(read("Basic dXNlcjo="), Ok(Some(pair("user", ""))));
    }

    #[test]
    fn empty_credentials_are_none() {
        assert_eq!(read("Basic Og=="), Ok(None));
        assert!(basic(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_anonymous() {
        for (value, malformed) in [
            ("Basic", Malformed::Header),
            ("", Malformed::Header),
            ("Bearer abc", Malformed::Header),
            ("Digest a=b", Malformed::Header),
            ("Basic !!!", Malformed::Encoding),
            ("Basic /////w==", Malformed::Encoding),
            ("Basic ", Malformed::Pair),
            ("Basic YWJj", Malformed::Pair),
        ] {
            assert_eq!(read(value), Err(malformed), "{value}");
        }
        let mut twice = HeaderMap::new();
        twice.append(AUTHORIZATION, HeaderValue::from_static("Basic Og=="));
        twice.append(AUTHORIZATION, HeaderValue::from_static("Basic YTpi"));
        assert!(basic(&twice).is_err());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "(Basic )?[ -~]{0,64}") {
            let _ = read(&value);
        }
    }
}
