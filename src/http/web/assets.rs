//! The style sheet, the script and the icon: part of the program, named after their content and therefore kept by
//! browsers for ever.

use crate::http::reply::{self, Body};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY};
use hyper::{HeaderMap, Response, StatusCode};
use std::io::Write;
use std::sync::LazyLock;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// The file's name, which changes with its content.
    pub name: String,
    /// What the `integrity` attribute says: a file that was altered on the way is not used.
    pub integrity: String,
    content_type: &'static str,
    bytes: Vec<u8>,
    /// Packed once, when the first page is shown.
    gzip: Vec<u8>,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, text: &str) -> Self {
        let text = match extension {
            "css" => lean_style(text),
            "js" => lean_script(text),
            _ => lean(text),
        };
        let bytes = text.into_bytes();
        let hash = digest(&SHA256, &bytes);
        let short = URL_SAFE_NO_PAD.encode(hash.as_ref().get(..6).unwrap_or_default());
        Self {
            name: format!("{stem}-{short}.{extension}"),
            integrity: format!("sha256-{}", STANDARD.encode(hash.as_ref())),
            content_type,
            gzip: gzip(&bytes, Compression::best()).unwrap_or_default(),
            bytes,
        }
    }
}

/// `text` without what only its readers in the repository need: indentation, empty lines, lines that are comments.
fn lean(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| {
        let comment = line.starts_with("//") || (line.starts_with("/*") && line.ends_with("*/"));
        !line.is_empty() && !comment
    });
    lines.fold(String::with_capacity(text.len()), |out, line| out + line + "\n")
}

/// As [`lean`], and without the blanks around what separates: no string in the style sheet holds any of these.
fn lean_style(text: &str) -> String {
    let separators =
        [(": ", ":"), ("; ", ";"), (", ", ","), (" > ", ">"), (" { ", "{"), (" }", "}"), (" {", "{")];
    separators.into_iter().fold(lean(text), |text, (long, short)| text.replace(long, short))
}

/// What stands with blanks or a new line in the script for its readers alone, and how it is served.
#[rustfmt::skip]
const SCRIPT_SEPARATORS: [(&str, &str); 21] = [
    (" = ", "="), (" => ", "=>"), (" === ", "==="), (" !== ", "!=="), (" && ", "&&"), (" || ", "||"), (" + ", "+"),
    (" ? ", "?"), (" : ", ":"), (" < ", "<"), (", ", ","), (": ", ":"), ("; ", ";"), (") {", "){"), ("{ ", "{"), (" }", "}"),
    ("for (", "for("), ("if (", "if("), (";\n", ";"), ("{\n", "{"), ("}\n", "}"),
];

/// As [`lean`], and without what separates, but inside of strings: these stand between double quotes and hold none.
fn lean_script(text: &str) -> String {
    let code = |part: &str| {
        SCRIPT_SEPARATORS.iter().fold(part.to_owned(), |part, (long, short)| part.replace(long, short))
    };
    let text = lean(text);
    let parts = text.split('"').enumerate();
    let parts = parts.map(|(number, part)| if number % 2 == 0 { code(part) } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("\"")
}

/// Packs with the effort that `level` says.
pub(super) fn gzip(bytes: &[u8], level: Compression) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), level);
    packer.write_all(bytes)?;
    packer.finish()
}

/// Whether a browser unpacks gzip. Every browser says so plainly; whoever refuses it by a weight is not one.
pub(super) fn unpacks(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(','));
    codings.any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
}

/// Everything that a page loads beside itself.
#[derive(Debug)]
pub struct Assets {
    /// The style sheet.
    pub style: Asset,
    /// The script.
    pub script: Asset,
    /// The icon.
    pub icon: Asset,
}

/// The files of this build.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("style", "css", "text/css; charset=utf-8", include_str!("../../../assets/style.css")),
    script: Asset::new(
        "script",
        "js",
        "text/javascript; charset=utf-8",
        include_str!("../../../assets/script.js"),
    ),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("../../../assets/icon.svg")),
});

/// Answers with the file of this name. Only these files are packed on the wire: they hold nothing secret and nothing that a
/// request chose, so that their length tells an eavesdropper nothing.
pub fn answer(name: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let assets = [&ASSETS.style, &ASSETS.script, &ASSETS.icon];
    let asset = assets.into_iter().find(|asset| asset.name == name)?;
    let packed = unpacks(headers) && !asset.gzip.is_empty();
    let bytes: &'static [u8] = if packed { &asset.gzip } else { &asset.bytes };
    let mut response = reply::with_type(StatusCode::OK, asset.content_type, bytes);
    response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if packed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_stay_small() {
        // Before they are packed, so that what counts is how much there is to read.
        assert!(ASSETS.style.bytes.len() < 15_000, "{}", ASSETS.style.bytes.len());
        assert!(ASSETS.script.bytes.len() < 10_000, "{}", ASSETS.script.bytes.len());
    }

    #[test]
    fn what_only_readers_of_the_source_need_is_left_out() {
        assert_eq!(lean_style("a > b, c { d: e; f: g }\n"), "a>b,c{d:e;f:g}\n");
        assert_eq!(
            lean("/* why */\na { b: c }\n\n\t// more\n  d('//x'); // stays\n"),
            "a { b: c }\nd('//x'); // stays\n"
        );
        let script = "// why\nif (a === b) {\n\tc = d ? { e: f } : \"if (a, { b }; \" + g;\n}\n";
        assert_eq!(lean_script(script), "if(a===b){c=d?{e:f}:\"if (a, { b }; \"+g;}");
    }

    #[test]
    fn the_script_has_strings_between_double_quotes_only_and_comments_on_lines_of_their_own() {
        let script = include_str!("../../../assets/script.js");
        assert!(!script.contains("\\\"") && !script.contains('`'));
        for line in lean(script).lines() {
            let code: String = line.split('"').step_by(2).collect();
            assert!(
                line.matches('"').count() % 2 == 0 && !code.contains('\'') && !code.contains("//"),
                "{line}"
            );
        }
    }

    #[test]
    fn files_are_packed_for_browsers_that_unpack_them() {
        for (accepted, packed) in
            [("gzip, deflate, br", true), ("br,GZIP", true), ("gzip;q=0", false), ("", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            let response = answer(&ASSETS.script.name, &headers).unwrap();
            assert_eq!(response.headers().get(CONTENT_ENCODING).is_some(), packed, "{accepted}");
            assert_eq!(response.headers()[VARY], "Accept-Encoding");
        }
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(
            &mut flate2::read::GzDecoder::new(ASSETS.style.gzip.as_slice()),
            &mut unpacked,
        )
        .unwrap();
        assert_eq!(unpacked, ASSETS.style.bytes);
    }

    #[test]
    fn only_the_name_with_the_right_hash_is_served() {
        let response = answer(&ASSETS.style.name, &HeaderMap::new()).unwrap();
        assert_eq!(response.headers()[CACHE_CONTROL], IMMUTABLE);
        assert!(answer("style.css", &HeaderMap::new()).is_none());
    }
}
