//! Robots and what becomes of their secrets.

use super::Home;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

#[test]
fn creating_prints_the_secret_alone() {
    let home = Home::new();
    let run = home.run(&["robot", "create", "acme+ci"]);
    assert_eq!(run.code, 0);
    let secret = run.stdout.trim_end_matches('\n');
    assert_eq!(secret.len(), 64);
    assert!(secret.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{secret}");
    assert!(!run.stderr.contains(secret));
    let newer = home.ok(&["robot", "regenerate", "acme+ci"]);
    assert_ne!(newer.trim(), secret);
}

#[test]
fn a_robot_gets_everything_it_needs_in_one_command() {
    let home = Home::new();
    home.ok(&["repo", "create", "acme/app"]);
    home.ok(&["repo", "create", "acme/team/base"]);
    let made = home.json(&[
        "robot",
        "create",
        "acme+ci",
        "--description",
        "CI",
        "--metadata",
        r#"{"owner":"a"}"#,
        "--team",
        "owners",
        "--repository",
        "app:write",
        "--repository",
        "team/base:read",
        "--default-permission",
        "read",
    ]);
    assert_eq!(made["token"].as_str().unwrap().len(), 64);
    let shown = home.json(&["robot", "show", "acme+ci"]);
    assert_eq!(shown["metadata"], json!({ "owner": "a" }));
    assert_eq!(shown["teams"], json!(["owners"]));
    let repositories =
        json!([{ "name": "acme/app", "role": "write" }, { "name": "acme/team/base", "role": "read" }]);
    assert_eq!(shown["repositories"], repositories);
    assert_eq!(shown.get("token"), None);
    assert_eq!(home.json(&["default-permission", "list", "acme"])[0]["grantee"], "acme+ci");
}

#[test]
fn a_robot_that_cannot_be_equipped_is_not_made() {
    let home = Home::new();
    home.fails(3, &["robot", "create", "acme+ci", "--repository", "nothing:read"]);
    assert_eq!(home.json(&["robot", "list", "acme"]), json!([]));
}

#[test]
fn credentials_come_in_every_form() {
    let home = Home::new();
    let secret = home.ok(&["robot", "create", "acme+ci"]).trim().to_owned();
    let get = |more: &[&str]| home.ok(&[&["robot", "credentials", "acme+ci", "--format"], more].concat());
    let config: Value = serde_json::from_str(&get(&["docker-config"])).unwrap();
    let auth = STANDARD.encode(format!("acme+ci:{secret}"));
    assert_eq!(config, json!({ "auths": { "localhost:5000": { "auth": auth, "email": "" } } }));
    let scoped: Value = serde_json::from_str(&get(&["docker-config", "--scope", "organization"])).unwrap();
    assert!(scoped["auths"].get("localhost:5000/acme").is_some(), "{scoped}");
    assert!(get(&["kubernetes-secret"]).contains("\n  name: acme-ci-pull-secret\n"));
    for tool in ["podman", "docker"] {
        let line = get(&[tool]);
        assert_eq!(
            line,
            format!("printf %s '{secret}' | {tool} login -u='acme+ci' --password-stdin localhost:5000\n")
        );
    }
    assert!(get(&["env"]).contains(&format!("REGISTRY_PASSWORD={secret}\n")));
}

#[test]
fn credentials_go_into_a_file_for_its_owner_alone() {
    let home = Home::new();
    let made = home.ok(&["robot", "create", "acme+ci", "--format", "env", "--output-file", "ci.env"]);
    assert_eq!((made.as_str(), home.mode("ci.env")), ("", 0o600));
    let again = ["robot", "rotate", "acme+ci", "--output-file", "ci.env"];
    assert!(home.fails(1, &again).contains("--force"));
    // Refused before the old secret was taken away.
    let kept = std::fs::read_to_string(home.path("ci.env")).unwrap();
    assert_eq!(home.ok(&["robot", "credentials", "acme+ci", "--format", "env"]), kept);
    home.ok(&[&again[..], &["--force"]].concat());
    assert_ne!(std::fs::read_to_string(home.path("ci.env")).unwrap(), kept);
}

#[test]
fn a_secret_that_is_shown_once_cannot_be_had_again() {
    let home = Home::new();
    home.write("config.yaml", "ROBOT_TOKEN_DISPLAY: once\n");
    home.ok(&["robot", "create", "acme+ci", "--format", "kubernetes-secret"]);
    let message = home.fails(1, &["robot", "credentials", "acme+ci", "--format", "env"]);
    assert!(message.contains("dockpass robot rotate acme+ci"), "{message}");
}

#[test]
fn many_robots_are_made_at_once() {
    let home = Home::new();
    let run = home.run_with(&["robot", "bulk-create", "--description", "CI"], "acme+one\n# two\nacme+two\n");
    assert_eq!(run.code, 0, "{run:?}");
    let lines: Vec<_> = run.stdout.lines().filter_map(|line| line.split_once('\t')).collect();
    assert_eq!(lines.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["acme+one", "acme+two"]);
    assert!(lines.iter().all(|(_, secret)| secret.len() == 64));
    assert_eq!(home.run_with(&["robot", "bulk-create"], "acme+three\nnot a name\n").code, 2);
    let run = home.run_with(&["robot", "bulk-create"], "acme+one\nacme+four\n");
    assert_eq!((run.code, run.stdout.lines().count()), (1, 1), "{run:?}");
    assert_eq!(home.json(&["robot", "list", "acme"]).as_array().unwrap().len(), 3);
}

#[test]
fn no_robot_is_made_while_robots_are_disallowed() {
    let home = Home::new();
    home.write("config.yaml", "ROBOTS_DISALLOW: true\nROBOTS_WHITELIST: [acme+ci]\n");
    let sentence =
        "Cannot create robot account. Robot accounts have been disabled. Please contact your administrator.";
    assert!(home.fails(1, &["robot", "create", "acme+ci"]).contains(sentence));
    assert!(home.run_with(&["robot", "bulk-create"], "acme+ci\n").stderr.contains(sentence));
}

#[test]
fn who_outside_may_act_as_a_robot_is_set_shown_and_cleared() {
    let home = Home::new();
    home.write("config.yaml", "SERVER_HOSTNAME: registry.example\n");
    home.ok(&["robot", "create", "acme+ci"]);
    home.ok(&["robot", "create", "acme+cd"]);
    let json = |more: &[&str]| home.json(&[&["robot", "federation"], more].concat());
    assert_eq!(json(&["show", "acme+ci"]), json!([]));
    let one = json!({ "issuer": "https://idp.example", "subject": "repo:acme/app", "audience": "registry.example" });
    let set = ["set", "acme+ci", "--issuer", "https://idp.example", "--subject", "repo:acme/app"];
    assert_eq!(json(&set), json!({ "name": "acme+ci", "federation": [one] }));
    assert_eq!(json(&["show", "acme+ci"]), json!([one]));
    let table = home.ok(&["robot", "federation", "show", "acme+ci"]);
    let cells: Vec<_> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(
        cells,
        [
            vec!["ISSUER", "SUBJECT", "AUDIENCE"],
            vec!["https://idp.example", "repo:acme/app", "registry.example"]
        ]
    );

    // What one robot shows, another takes.
    let shown = home.ok(&["robot", "federation", "show", "acme+ci", "--output", "json"]);
    let copied = home.run_with(&["robot", "federation", "set", "acme+cd", "--stdin"], &shown);
    assert_eq!(
        (copied.code, copied.stderr.trim()),
        (0, "1 external identity may act as acme+cd."),
        "{copied:?}"
    );
    let short = r#"[{"issuer": "https://idp.example", "subject": "x"}, {"issuer": "https://idp.example", "subject": "y", "audience": "z"}]"#;
    assert_eq!(home.run_with(&["robot", "federation", "set", "acme+cd", "--stdin"], short).code, 0);
    let shown = json(&["show", "acme+cd"]);
    assert_eq!((&shown[0]["audience"], &shown[1]["audience"]), (&json!("registry.example"), &json!("z")));

    home.fails(2, &["robot", "federation", "clear", "acme+ci"]);
    assert_eq!(json(&["clear", "acme+ci", "--yes"]), json!({ "name": "acme+ci", "federation": [] }));
    assert_eq!(json(&["show", "acme+ci"]), json!([]));
}

#[test]
fn what_is_no_identity_or_no_robot_is_told() {
    let home = Home::new();
    home.ok(&["robot", "create", "acme+ci"]);
    for arguments in [
        &["set", "acme+ci"][..],
        &["set", "acme+ci", "--issuer", "https://idp.example"],
        &["set", "acme+ci", "--subject", "x"],
        &["set", "acme+ci", "--stdin", "--audience", "x"],
    ] {
        home.fails(2, &[&["robot", "federation"], arguments].concat());
    }
    for input in [
        "",
        "{}",
        r#"[{"issuer": "https://idp.example"}]"#,
        r#"[{"issuer": "a", "subject": "b", "aud": "c"}]"#,
    ] {
        let run = home.run_with(&["robot", "federation", "set", "acme+ci", "--stdin"], input);
        assert_eq!(run.code, 2, "{input}: {run:?}");
    }
    let plain = ["robot", "federation", "set", "acme+ci", "--issuer", "http://idp.example", "--subject", "x"];
    assert!(home.fails(1, &plain).contains("Issuer must be a URL that begins with https://"));
    for command in ["show", "clear"] {
        let arguments = ["robot", "federation", command, "acme+none", "--yes"];
        let arguments = if command == "show" { &arguments[..4] } else { &arguments[..] };
        assert!(home.fails(3, arguments).contains("No robot is named acme+none"));
    }
    let list = home.json(&["robot", "federation", "show", "acme+ci"]);
    assert_eq!(list, json!([]));
}
