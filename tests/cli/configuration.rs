//! What is configured, and errors in it.

use super::Home;

#[test]
fn errors_name_file_line_key_and_value_and_end_with_2() {
    let home = Home::empty();
    home.write("other.yaml", "TOKEN_ISSUER: a\nTOKEN_LIFETIME: 5\nROBOTS_DISALOW: true\n");
    for arguments in [&["config", "check"][..], &["serve"], &["org", "list"], &["key", "list"], &["doctor"]] {
        let message = home.fails(2, &[&["--config", "other.yaml"], arguments].concat());
        assert!(message.contains("other.yaml:2: TOKEN_LIFETIME: 5 is not allowed"), "{message}");
        assert!(message.contains("other.yaml:3: ROBOTS_DISALOW: unknown key; did you mean ROBOTS_DISALLOW?"));
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    assert!(Home::empty().fails(2, &["config", "check", "--config", "no.yaml"]).contains("no.yaml"));
}

#[test]
fn the_environment_names_the_file_and_overrides_it() {
    let home = Home::empty();
    home.write("named.yaml", "TOKEN_ISSUER: file\nTOKEN_LIFETIME: 600\n");
    let mut command = home.command(&["config", "show", "--output", "json"]);
    command.env("DOCKPASS_CONFIG", "named.yaml").env("DOCKPASS_TOKEN_ISSUER", "variable");
    let shown: serde_json::Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(
        (shown["TOKEN_ISSUER"].as_str(), shown["TOKEN_LIFETIME"].as_str()),
        (Some("variable"), Some("600"))
    );
}

#[test]
fn what_show_prints_is_a_configuration() {
    let home = Home::empty();
    home.write("config.yaml", "SUPER_USERS: [alice, bob]\nTOKEN_ISSUER: 'a: b'\n");
    let shown = home.ok(&["config", "show"]);
    home.write("again.yaml", &shown);
    assert_eq!(home.ok(&["config", "show", "--config", "again.yaml"]), shown);
}

#[test]
fn the_reference_lists_every_setting_of_the_sample() {
    let home = Home::empty();
    let keys = home.json(&["config", "keys"]);
    let sample = home.ok(&["config", "sample"]);
    let keys = keys.as_array().unwrap();
    assert!(keys.len() > 40);
    for key in keys {
        assert!(sample.contains(key["name"].as_str().unwrap()), "{key}");
    }
}
