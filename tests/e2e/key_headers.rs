//! Tokens of every algorithm, naming their key in either way, are accepted by the registries that can read them,
//! by the configuration that dockpass prints for each.

use super::dockpass::Dockpass;
use super::forge::open;
use super::image::Image;
use super::registry::{Registry, Version};
use super::tools;

/// Registry 2.8 knows no EdDSA.
const COMBINATIONS: [(&str, &str, &[Version]); 6] = [
    ("ES256", "x5c", &[Version::V2, Version::V3]),
    ("ES256", "kid", &[Version::V2, Version::V3]),
    ("RS256", "x5c", &[Version::V2, Version::V3]),
    ("RS256", "kid", &[Version::V2, Version::V3]),
    ("EdDSA", "x5c", &[Version::V3]),
    ("EdDSA", "kid", &[Version::V3]),
];

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn every_algorithm_and_key_header_is_accepted() {
    for (algorithm, header, versions) in COMBINATIONS {
        let dockpass = Dockpass::start_with(&[("TOKEN_ALGORITHM", algorithm), ("TOKEN_KEY_HEADER", header)]);
        dockpass.create_organization("acme");
        dockpass.create_repository("acme/app", "private");
        let secret = dockpass.create_robot("acme+ci");
        dockpass.grant("acme/app", "acme+ci", "write");
        for version in versions.iter().filter(|version| tools::have(&[version.program()])) {
            let token =
                dockpass.token(Some(("acme+ci", &secret)), &["repository:acme/app:pull,push"]).token();
            let (head, _) = open(&token);
            assert_eq!(head["alg"], algorithm);
            assert_eq!(head.get("x5c").is_some(), header == "x5c", "{head}");
            let registry = Registry::start(*version, &dockpass);
            let dir = tempfile::tempdir().unwrap();
            let image = Image::create(dir.path(), algorithm);
            registry.seed(&image, "acme/app:1", &token);
            let pulled = registry.send("GET", "/v2/acme/app/manifests/1", &token, b"");
            assert_eq!(pulled.status, 200, "{algorithm} by {header} at {version:?}: {pulled:?}");
            println!("{algorithm} by {header}, {} bytes: {}", token.len(), Registry::version(*version));
        }
    }
}
