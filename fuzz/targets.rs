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
#[path = "targets/issuers.rs"]
mod issuers;
#[path = "targets/keys.rs"]
mod keys;

/// One target.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// Also the name of its corpus directory.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    /// One in so many of the usual number of inputs is enough: each costs a hash, or files on a disk.
    pub(crate) cost: u64,
    /// Words that the input grammar knows, for the mutator to put in.
    pub(crate) words: &'static [&'static str],
}

/// Every target, by name.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "address",
        run: http::address,
        cost: 1,
        words: &[", ", "10.0.0.1", "::ffff:", "[", "]:80", "/8"],
    },
    Target {
        name: "basic_header",
        run: http::basic_header,
        cost: 1,
        words: &["Basic ", "basic  ", "Og==", "=", "Bearer "],
    },
    Target {
        name: "config_yaml",
        run: config::yaml,
        cost: 1,
        words: &["ROBOTS_DISALLOW: ", "&a ", "*a", "\n- ", "<<: ", "|", "!!int "],
    },
    Target {
        name: "cookie",
        run: http::cookie,
        cost: 1,
        words: &["dockpass=", "__Host-dockpass=", "; ", "\"", "same-origin", "null"],
    },
    Target {
        name: "fields",
        run: http::fields,
        cost: 1,
        words: &["&", "=", "%", "%00", "%2B", "+", "scope", "service"],
    },
    Target {
        name: "issuer",
        run: issuers::issuer,
        cost: 1,
        words: &["https://", "http://", "localhost", "10.0.0.1", "[::1]", "@", ":443", "/", "?", "#", "0x7f"],
    },
    Target {
        name: "issuer_keys",
        run: issuers::keys,
        cost: 4,
        words: &[
            "{\"keys\":[",
            "\"kty\":\"RSA\",",
            "\"n\":\"",
            "\"e\":\"AQAB\"",
            "\"crv\":\"P-256\"",
            "\"kid\":\"1\"",
        ],
    },
    Target {
        name: "issuer_token",
        run: issuers::token,
        cost: 1,
        words: &[".", "eyJ", "{\"alg\":\"ES256\",", "\"kid\":\"1\"", "\"aud\":[", "\"exp\":1e9", "\"iat\":"],
    },
    Target {
        name: "key_file",
        run: keys::key_file,
        cost: 10,
        words: &[
            "-----BEGIN ",
            "-----END ",
            "PRIVATE KEY-----\n",
            "purpose: ",
            "key: ",
            "id: ",
            "\"state\":",
            "MIIB",
        ],
    },
    Target {
        name: "names",
        run: domain::names,
        cost: 1,
        words: &["+", "/", "..", "acme", "__", "--", "\u{ff4f}", "%2b", "\0"],
    },
    Target {
        name: "oauth_scope",
        run: domain::oauth_scope,
        cost: 1,
        words: &["repo:read", "super:user", ",", " "],
    },
    Target {
        name: "phc_string",
        run: keys::phc_string,
        cost: 10,
        words: &["$", "argon2id", "argon2d", "v=19", "m=4294967295", "t=10", "p=4", ",keyid=", "="],
    },
    Target {
        name: "request_json",
        run: http::request_json,
        cost: 1,
        words: &["\"role\":", "{", "}", "[", "null", "1e999", "\\ud800"],
    },
    Target {
        name: "route",
        run: http::route,
        cost: 1,
        words: &["GET ", "POST ", "/v2/auth", "/api/v1/", "//", "%2e", "?"],
    },
    Target {
        name: "scope",
        run: domain::scope,
        cost: 1,
        words: &["repository:", "registry:catalog:*", ":pull,push", " ", "(plugin)"],
    },
    Target { name: "sealed", run: keys::sealed, cost: 1, words: &["\0\0\0\0"] },
    Target {
        name: "token",
        run: keys::token,
        cost: 1,
        words: &[".", "e30", "eyJ", "\"alg\":\"none\"", "=="],
    },
    Target { name: "verifier", run: keys::verifier, cost: 1, words: &["\0", "A"] },
];

/// Input as text; the parsers that take text never see anything else.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
