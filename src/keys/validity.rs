//! When a certificate ends: the one thing the TLS library keeps to itself. Reads just as much DER as leads there
//! (RFC 5280 section 4.1) and checks nothing else.

use crate::domain::time::Timestamp;
use jiff::civil::DateTime;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The `notAfter` of an X.509 certificate in DER; `None` if it is not one.
pub(crate) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = expect(SEQUENCE, certificate)?;
    let (to_be_signed, _) = expect(SEQUENCE, certificate)?;
    let rest = match expect(VERSION, to_be_signed) {
        Some((_, rest)) => rest,
        None => to_be_signed,
    };
    let (_, _serial, rest) = element(rest)?;
    let (_, _algorithm, rest) = element(rest)?;
    let (_, _issuer, rest) = element(rest)?;
    let (validity, _) = expect(SEQUENCE, rest)?;
    let (_, _not_before, rest) = element(validity)?;
    let (tag, text, _) = element(rest)?;
    time(tag, text)
}

/// The content of the first element, which must have this tag, and what follows it.
fn expect(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(input)?;
    (found == tag).then_some((content, rest))
}

/// The first element of `input`: tag, content, and what follows it.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, input) = input.split_first()?;
    let (first, input) = input.split_first()?;
    let (length, input) = match first {
        short @ 0..=0x7f => (usize::from(*short), input),
        // The number of bytes that hold the length; more than four is no certificate.
        0x81..=0x84 => {
            let (bytes, input) = input.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, input)
        }
        _ => return None,
    };
    let (content, rest) = input.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, years up to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let digits = std::str::from_utf8(text.strip_suffix(b"Z")?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let pair = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let civil = DateTime::new(year, pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?, 0).ok()?;
    // Not by way of jiff's timestamp, which ends a day before "no expiration" (RFC 5280 section 4.1.2.5).
    Some(Timestamp(civil.duration_since(EPOCH).as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 28);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for year in [2027, 2049, 2050, 9999] {
            let end = not_after(&certificate(year)).unwrap();
            assert_eq!(end.rfc3339(), format!("{year}-02-28T00:00:00Z"));
        }
        assert_eq!(time(GENERALIZED_TIME, b"99991231235959Z"), Some(Timestamp(253_402_300_799)));
        assert_eq!(time(UTC_TIME, b"991231235959Z").unwrap().rfc3339(), "1999-12-31T23:59:59Z");
        assert_eq!(time(UTC_TIME, b"491231235959Z").unwrap().rfc3339(), "2049-12-31T23:59:59Z");
        assert_eq!(time(UTC_TIME, b"500101000000Z").unwrap().rfc3339(), "1950-01-01T00:00:00Z");
    }

    #[test]
    fn nonsense_times_are_refused() {
        for text in ["", "Z", "270228Z", "271328000000Z", "2702280000000Z", "27022800000+Z", "270228000000"] {
            assert_eq!(time(UTC_TIME, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_cut_certificate_is_refused_wherever_it_is_cut() {
        let whole = certificate(2030);
        for length in 0..whole.len() {
            assert_eq!(not_after(&whole[..length]), None);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = not_after(&bytes);
        }

        #[test]
        fn flipped_bytes_never_panic(at in 0_usize..120, byte: u8) {
            let mut bytes = certificate(2030);
            bytes[at] = byte;
            let _ = not_after(&bytes);
        }
    }
}
