//! The section that registries are given.

use super::Home;
use serde_json::{Value, json};

fn section(home: &Home, arguments: &[&str]) -> Value {
    let yaml = home.ok(&[&["registry-config"], arguments].concat());
    serde_saphyr::from_str::<Value>(&yaml).unwrap()["auth"]["token"].clone()
}

fn root(home: &Home) -> String {
    home.path("keys/root.crt").canonicalize().unwrap().display().to_string()
}

#[test]
fn registry_2_8_gets_the_root_certificate() {
    let home = Home::new();
    let expected = json!({
        "realm": "http://localhost:8480/v2/auth", "service": "localhost:5000", "issuer": "dockpass",
        "rootcertbundle": root(&home),
    });
    assert_eq!(section(&home, &["--registry", "2.8"]), expected);
    let json = home.json(&["registry-config", "--registry", "2.8"]);
    assert_eq!(json["auth"]["token"], expected);
}

#[test]
fn registry_3_is_also_told_the_algorithms() {
    let home = Home::new();
    assert_eq!(section(&home, &["--registry", "3"])["signingalgorithms"], json!(["ES256"]));
    assert_eq!(section(&home, &["--registry", "3"]), section(&home, &[]));
}

#[test]
fn the_file_is_written_where_the_registry_reads_it() {
    let home = Home::new();
    std::fs::create_dir(home.path("out")).unwrap();
    let written = section(&home, &["--write", "out"]);
    let path = home.path("out/dockpass-root.pem").canonicalize().unwrap();
    assert_eq!(written["rootcertbundle"], path.display().to_string());
    assert_eq!(home.mode("out/dockpass-root.pem"), 0o644);
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(home.path("keys/root.crt")).unwrap());
    let mounted = section(&home, &["--write", "out", "--mounted-at", "/trust/root.crt"]);
    assert_eq!(mounted["rootcertbundle"], "/trust/root.crt");
}

#[test]
fn tokens_with_key_ids_need_the_keys() {
    let home = Home::new();
    std::fs::create_dir(home.path("out")).unwrap();
    home.fails(2, &["registry-config", "--jwks", "--write", "out"]);
    home.write("config.yaml", "TOKEN_KEY_HEADER: kid\n");
    home.fails(2, &["registry-config", "--registry", "3"]);
    home.fails(2, &["registry-config", "--registry", "2.8", "--jwks", "--write", "out"]);
    let three = section(&home, &["--registry", "3", "--jwks", "--write", "out"]);
    assert!(three["jwks"].as_str().unwrap().ends_with("/out/dockpass-jwks.json"), "{three}");
    assert_eq!(three.get("rootcertbundle"), None);
    let jwks = std::fs::read_to_string(home.path("out/dockpass-jwks.json")).unwrap();
    assert!(!serde_json::from_str::<Value>(&jwks).unwrap()["keys"].as_array().unwrap().is_empty());
    let two = section(&home, &["--registry", "2.8", "--write", "out"]);
    let bundle = std::fs::read_to_string(two["rootcertbundle"].as_str().unwrap()).unwrap();
    assert_eq!(bundle.matches("BEGIN CERTIFICATE").count(), 2);
}

#[test]
fn a_service_that_no_token_is_issued_for_is_refused() {
    let home = Home::new();
    home.write("config.yaml", "TOKEN_SERVICES: [one, two]\n");
    assert_eq!(section(&home, &["--service", "two"])["service"], "two");
    assert_eq!(section(&home, &[])["service"], "one");
    assert!(home.fails(2, &["registry-config", "--service", "three"]).contains("one, two"));
}

#[test]
fn registry_2_8_is_not_given_what_it_cannot_verify() {
    let home = Home::empty();
    home.write("config.yaml", "TOKEN_ALGORITHM: EdDSA\n");
    home.ok(&["init"]);
    home.fails(2, &["registry-config", "--registry", "2.8"]);
    assert_eq!(section(&home, &["--registry", "3"])["signingalgorithms"], json!(["EdDSA"]));
}
