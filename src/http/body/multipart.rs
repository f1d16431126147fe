//! `multipart/form-data` as browsers' scripts send it (`FormData`): text fields only, the whole of it in memory.

use super::fields::{Fields, FieldsError};
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;

/// Longest boundary that the format allows.
const LONGEST_BOUNDARY: usize = 70;

/// The boundary that a request's `Content-Type` names, if the body is of this format.
pub(super) fn boundary(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = line.split(';');
    if !parts.next()?.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut named = parts.filter_map(|part| part.trim().split_once('='));
    let (_, value) = named.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let sound = value.bytes().all(|byte| byte.is_ascii_graphic()) && value.len() <= LONGEST_BOUNDARY;
    (sound && !value.is_empty()).then_some(value)
}

/// Decodes the fields of a body. A file among them is an error: nothing here takes one.
pub(super) fn decode(boundary: &str, body: &[u8]) -> Result<Fields, FieldsError> {
    let delimiter = format!("\r\n--{boundary}");
    let first = delimiter.as_bytes().strip_prefix(b"\r\n").unwrap_or_default();
    let mut rest = body.strip_prefix(first).ok_or(FieldsError::Multipart)?;
    let mut fields = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (head, content) = cut(part, b"\r\n\r\n")?;
        let (value, after) = cut(content, delimiter.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| FieldsError::Text);
        fields.push((name(&text(head)?)?, text(value)?));
        rest = after;
    }
    // What may follow the end means nothing.
    if rest.starts_with(b"--") { Fields::of_pairs(fields) } else { Err(FieldsError::Multipart) }
}

/// What stands before and after the first `mark`.
fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Result<(&'a [u8], &'a [u8]), FieldsError> {
    let at = bytes.windows(mark.len()).position(|window| window == mark).ok_or(FieldsError::Multipart)?;
    let (before, rest) = bytes.split_at_checked(at).ok_or(FieldsError::Multipart)?;
    Ok((before, rest.strip_prefix(mark).unwrap_or_default()))
}

/// The field's name in the head of a part.
fn name(head: &str) -> Result<String, FieldsError> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let disposition = lines.find(|(header, _)| header.eq_ignore_ascii_case("content-disposition"));
    let (_, value) = disposition.ok_or(FieldsError::Multipart)?;
    // Browsers escape quotes in names; of one that does not, only the name up to its first quote would be seen.
    let rest = value.trim().strip_prefix("form-data; name=\"").ok_or(FieldsError::Multipart)?;
    let name = rest.strip_suffix('"').filter(|name| !name.contains('"'));
    name.map(ToOwned::to_owned).ok_or(FieldsError::Multipart)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;
    use proptest::prelude::*;

    const FORM: &str = "--x-y\r\nContent-Disposition: form-data; name=\"_csrf_token\"\r\n\r\na\r\n--x\r\nb\r\n--x-y\r\n\
        content-type: text/plain\r\ncontent-disposition: form-data; name=\"b\"\r\n\r\n\r\n--x-y--\r\n";

    fn typed(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))])
    }

    #[test]
    fn the_boundary_stands_in_the_type() {
        assert_eq!(boundary(&typed("multipart/form-data; boundary=----WebKit1")), Some("----WebKit1"));
        assert_eq!(boundary(&typed("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"")), None);
        assert_eq!(boundary(&typed("multipart/form-data; boundary=\"a'b\"")), Some("a'b"));
        for none in ["multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=a"] {
            assert_eq!(boundary(&typed(none)), None, "{none}");
        }
    }

    #[test]
    fn fields_are_cut_at_the_whole_boundary_only() {
        let fields = decode("x-y", FORM.as_bytes()).unwrap();
        assert_eq!(fields.iter().collect::<Vec<_>>(), [("_csrf_token", "a\r\n--x\r\nb"), ("b", "")]);
        assert_eq!(decode("x", b"--x--").unwrap().iter().count(), 0);
    }

    #[test]
    fn what_is_cut_off_a_file_or_without_a_name_is_refused() {
        for end in 0..FORM.len() - 2 {
            assert!(decode("x-y", FORM.get(..end).unwrap().as_bytes()).is_err(), "{end}");
        }
        for disposition in ["form-data; name=\"a\"; filename=\"b\"", "attachment; name=\"a\"", "form-data"] {
            let body = format!("--x\r\nContent-Disposition: {disposition}\r\n\r\nc\r\n--x--\r\n");
            assert_eq!(decode("x", body.as_bytes()).unwrap_err(), FieldsError::Multipart, "{disposition}");
        }
        let nul = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\0\r\n--x--\r\n";
        assert_eq!(decode("x", nul).unwrap_err(), FieldsError::Text);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>, text in "(--x|\r\n|--|:|\"|name=|[a-z]){0,20}") {
            let _ = decode("x", &body);
            let _ = decode("x", text.as_bytes());
        }
    }
}
