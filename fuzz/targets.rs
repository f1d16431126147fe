//! What is fuzzed: every parser that meets the network, the database or a file, as one function over bytes each. A target
//! panics when the parser does, or when what must hold of its answer does not.
//!
//! Two drivers share them: libFuzzer (`make fuzz`) and the tests' own mutator (tests/fuzz.rs).

#[path = "targets/config.rs"]
mod config;
#[path = "targets/domain.rs"]
mod domain;
#[path = "targets/http.rs"]
mod http;

/// One target.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Also the name of its corpus directory and of its libFuzzer binary.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    /// Words that the input grammar knows, for the mutator to put in.
    pub(crate) words: &'static [&'static str],
}

/// Every target, by name.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "address", run: http::address, words: &[", ", "10.0.0.1", "::ffff:", "[", "]:80", "/8"] },
    Target {
        name: "basic_header",
        run: http::basic_header,
        words: &["Basic ", "basic  ", "Og==", "=", "Bearer "],
    },
    Target {
        name: "config_yaml",
        run: config::yaml,
        words: &["ROBOTS_DISALLOW: ", "&a ", "*a", "\n- ", "<<: ", "|", "!!int "],
    },
    Target {
        name: "cookie",
        run: http::cookie,
        words: &["dockpass=", "__Host-dockpass=", "; ", "\"", "same-origin", "null"],
    },
    Target {
        name: "fields",
        run: http::fields,
        words: &["&", "=", "%", "%00", "%2B", "+", "scope", "service"],
    },
    Target {
        name: "names",
        run: domain::names,
        words: &["+", "/", "..", "acme", "__", "--", "\u{ff4f}", "%2b", "\0"],
    },
    Target { name: "oauth_scope", run: domain::oauth_scope, words: &["repo:read", "super:user", ",", " "] },
    Target {
        name: "request_json",
        run: http::request_json,
        words: &["\"role\":", "{", "}", "[", "null", "1e999", "\\ud800"],
    },
    Target {
        name: "route",
        run: http::route,
        words: &["GET ", "POST ", "/v2/auth", "/api/v1/", "//", "%2e", "?"],
    },
    Target {
        name: "scope",
        run: domain::scope,
        words: &["repository:", "registry:catalog:*", ":pull,push", " ", "(plugin)"],
    },
];

/// Input as text; the parsers that take text never see anything else.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
