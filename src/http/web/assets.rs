//! The style sheet, the script and the icon: part of the program, named after their content and therefore kept by
//! browsers for ever.

use crate::http::reply::{self, Body};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Response, StatusCode};
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
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = digest(&SHA256, bytes);
        let short = URL_SAFE_NO_PAD.encode(hash.as_ref().get(..6).unwrap_or_default());
        Self {
            name: format!("{stem}-{short}.{extension}"),
            integrity: format!("sha256-{}", STANDARD.encode(hash.as_ref())),
            content_type,
            bytes,
        }
    }
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
    style: Asset::new("style", "css", "text/css; charset=utf-8", include_bytes!("../../../assets/style.css")),
    script: Asset::new(
        "script",
        "js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../assets/script.js"),
    ),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../../../assets/icon.svg")),
});

/// Answers with the file of this name.
pub fn answer(name: &str) -> Option<Response<Body>> {
    let assets = [&ASSETS.style, &ASSETS.script, &ASSETS.icon];
    let asset = assets.into_iter().find(|asset| asset.name == name)?;
    let mut response = reply::with_type(StatusCode::OK, asset.content_type, asset.bytes);
    response.headers_mut().insert(CACHE_CONTROL, IMMUTABLE);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_stay_small() {
        assert!(ASSETS.style.bytes.len() < 15 * 1024, "{}", ASSETS.style.bytes.len());
        assert!(ASSETS.script.bytes.len() < 10 * 1024, "{}", ASSETS.script.bytes.len());
    }

    #[test]
    fn only_the_name_with_the_right_hash_is_served() {
        let response = answer(&ASSETS.style.name).unwrap();
        assert_eq!(response.headers()[CACHE_CONTROL], IMMUTABLE);
        assert!(answer("style.css").is_none());
    }
}
