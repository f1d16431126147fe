//! Organizations, users, repositories, teams, permissions and the audit trail.

use super::Home;
use serde_json::json;

#[test]
fn organizations_are_made_shown_switched_off_and_deleted() {
    let home = Home::empty();
    let made = home.json(&["org", "create", "acme", "--email", "a@example.com"]);
    assert_eq!(made["name"], "acme");
    assert!(made["created_at"].as_str().unwrap().ends_with('Z'), "{made}");
    assert_eq!(home.ok(&["org", "create", "acme", "--if-not-exists"]), "");
    assert!(home.fails(1, &["org", "create", "acme"]).contains("already exists"));
    home.ok(&["org", "disable", "acme"]);
    assert_eq!(home.json(&["org", "list"])[0]["enabled"], false);
    home.ok(&["org", "enable", "acme"]);
    let shown = home.json(&["org", "show", "acme"]);
    assert_eq!(shown["teams"], json!([{ "name": "owners", "role": "admin", "members": 0 }]));
    home.ok(&["org", "delete", "acme", "--yes"]);
    assert_eq!(home.json(&["org", "list"]), json!([]));
}

#[test]
fn names_are_checked_before_anything_is_done() {
    let home = Home::new();
    for arguments in [
        &["org", "create", "Acme"][..],
        &["repo", "create", "app"],
        &["robot", "create", "acme"],
        &["robot", "create", "acme+a+b"],
        &["permission", "set", "acme/app", "acme+ci", "owner"],
        &["team", "create", "acme"],
    ] {
        home.fails(2, arguments);
    }
}

#[test]
fn what_is_not_there_ends_with_3_and_is_named() {
    let home = Home::new();
    for arguments in [
        &["org", "show", "other"][..],
        &["user", "show", "other"],
        &["repo", "show", "acme/other"],
        &["repo", "create", "other/app"],
        &["repo", "list", "other"],
        &["team", "show", "acme/other"],
        &["team", "list", "other"],
        &["robot", "show", "acme+other"],
        &["robot", "rotate", "acme+other"],
        &["robot", "credentials", "acme+other", "--format", "env"],
        &["robot", "delete", "acme+other", "--yes"],
        &["robot", "create", "other+ci"],
        &["permission", "list", "acme/other"],
        &["audit", "list", "--robot", "acme+other"],
    ] {
        let message = home.fails(3, arguments);
        assert!(message.contains("other"), "{arguments:?}: {message}");
    }
}

#[test]
fn users_get_passwords_from_standard_input_or_a_made_one_alone_on_standard_output() {
    let home = Home::new();
    let run = home.run_with(&["user", "create", "alice", "--password-stdin"], "long-enough-password\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    let made = home.ok(&["user", "create", "bob", "--generate-password"]);
    assert!(made.trim().len() == 24 && made.lines().count() == 1, "{made}");
    let again = home.json(&["user", "set-password", "bob", "--generate-password"]);
    assert_ne!(again["password"], made.trim());
    // Nobody can be asked here.
    assert!(home.fails(2, &["user", "create", "carol"]).contains("--password-stdin"));
    let run = home.run_with(&["user", "create", "carol", "--password-stdin"], "short\n");
    assert_eq!(run.code, 1, "{run:?}");
    let names: Vec<_> =
        home.json(&["user", "list"]).as_array().unwrap().iter().map(|user| user["name"].clone()).collect();
    assert_eq!(names, ["alice", "bob"]);
}

#[test]
fn repositories_have_visibility_state_and_description() {
    let home = Home::new();
    home.ok(&["repo", "create", "acme/app"]);
    home.ok(&["robot", "create", "acme+mirror"]);
    home.ok(&["repo", "set-visibility", "acme/app", "public"]);
    home.ok(&["repo", "set-description", "acme/app", "An app"]);
    home.ok(&["repo", "set-state", "acme/app", "MIRROR", "--mirror-robot", "acme+mirror"]);
    let shown = home.json(&["repo", "show", "acme/app"]);
    let expected = json!({
        "name": "acme/app", "visibility": "public", "state": "MIRROR", "description": "An app",
        "created_at": shown["created_at"],
    });
    assert_eq!(shown, expected);
    home.fails(2, &["repo", "set-state", "acme/app", "MIRROR"]);
    home.fails(2, &["repo", "set-state", "acme/app", "NORMAL", "--mirror-robot", "acme+mirror"]);
    home.fails(1, &["robot", "delete", "acme+mirror", "--yes"]);
    home.ok(&["repo", "set-state", "acme/app", "READ_ONLY"]);
    home.ok(&["robot", "delete", "acme+mirror", "--yes"]);
    home.ok(&["repo", "delete", "acme/app", "--yes"]);
}

#[test]
fn permissions_go_to_users_robots_and_teams() {
    let home = Home::new();
    home.ok(&["repo", "create", "acme/app"]);
    home.ok(&["robot", "create", "acme+ci"]);
    home.ok(&["user", "create", "alice", "--generate-password"]);
    home.ok(&["team", "create", "acme/dev", "--role", "creator", "--description", "They build"]);
    home.ok(&["team", "add-member", "acme/dev", "alice", "acme+ci"]);
    for (grantee, role) in
        [("acme+ci", "read"), ("acme+ci", "write"), ("alice", "admin"), ("team:dev", "read")]
    {
        home.ok(&["permission", "set", "acme/app", grantee, role]);
    }
    let expected = json!([
        { "grantee": "acme+ci", "kind": "robot", "role": "write" },
        { "grantee": "alice", "kind": "user", "role": "admin" },
        { "grantee": "team:dev", "kind": "team", "role": "read" },
    ]);
    assert_eq!(home.json(&["permission", "list", "acme/app"]), expected);
    home.ok(&["permission", "unset", "acme/app", "team:dev"]);
    assert_eq!(home.json(&["permission", "list", "acme/app"]).as_array().unwrap().len(), 2);
    let team = home.json(&["team", "show", "acme/dev"]);
    assert_eq!(team["members"][0], json!({ "name": "acme+ci", "kind": "robot" }));
    home.ok(&["team", "set-role", "acme/dev", "member"]);
    home.ok(&["team", "remove-member", "acme/dev", "alice"]);
    assert_eq!(home.json(&["team", "list", "acme"])[0]["member_count"], 1);
    home.ok(&["team", "delete", "acme/dev", "--yes"]);
}

#[test]
fn a_robot_of_another_organization_is_refused_everywhere() {
    let home = Home::new();
    home.ok(&["org", "create", "other"]);
    home.ok(&["robot", "create", "other+ci"]);
    home.ok(&["repo", "create", "acme/app"]);
    home.fails(1, &["permission", "set", "acme/app", "other+ci", "read"]);
    home.fails(1, &["team", "add-member", "acme/owners", "other+ci"]);
    home.fails(1, &["default-permission", "create", "acme", "other+ci", "read"]);
}

#[test]
fn default_permissions_apply_to_repositories_to_come() {
    let home = Home::new();
    home.ok(&["robot", "create", "acme+ci"]);
    let rule = home.json(&["default-permission", "create", "acme", "acme+ci", "write"]);
    assert_eq!(home.json(&["default-permission", "list", "acme"]), json!([rule]));
    home.ok(&["repo", "create", "acme/app"]);
    assert_eq!(home.json(&["permission", "list", "acme/app"])[0]["role"], "write");
    home.ok(&["default-permission", "delete", "acme", rule["id"].as_str().unwrap()]);
    home.fails(3, &["default-permission", "delete", "acme", rule["id"].as_str().unwrap()]);
    home.fails(3, &["default-permission", "create", "acme", "acme+nobody", "write"]);
}

#[test]
fn destroying_needs_to_be_meant() {
    let home = Home::new();
    home.ok(&["repo", "create", "acme/app"]);
    home.ok(&["robot", "create", "acme+ci"]);
    for arguments in [
        &["org", "delete", "acme"][..],
        &["repo", "delete", "acme/app"],
        &["team", "delete", "acme/owners"],
        &["robot", "delete", "acme+ci"],
    ] {
        assert!(home.fails(2, arguments).contains("--yes"));
    }
}

#[test]
fn several_names_are_all_tried_and_the_first_failure_counts() {
    let home = Home::new();
    for name in ["acme+one", "acme+two"] {
        home.ok(&["robot", "create", name]);
    }
    let run = home.run(&["robot", "delete", "acme+one", "acme+none", "acme+two", "--yes"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("acme+none"), "{run:?}");
    assert_eq!(home.json(&["robot", "list", "acme"]), json!([]));
}

#[test]
fn the_audit_trail_tells_who_did_what_and_never_a_secret() {
    let home = Home::new();
    let secret = home.ok(&["robot", "create", "acme+ci"]);
    let newer = home.ok(&["robot", "rotate", "acme+ci"]);
    let events = home.json(&["audit", "list", "--robot", "acme+ci"]);
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["regenerate_robot_token", "create_robot"]);
    assert!(events[0]["performer"].as_str().unwrap().starts_with("cli:"), "{events}");
    let all = home.ok(&["audit", "list", "--namespace", "acme", "--since", "1h"]);
    assert!(!all.contains(secret.trim()) && !all.contains(newer.trim()));
    assert_eq!(home.json(&["audit", "list", "--until", "2020-01-01"]), json!([]));
    assert_eq!(home.json(&["audit", "list", "--limit", "1"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_backup_is_whole_private_and_never_overwrites() {
    let home = Home::new();
    home.ok(&["backup", "copy.db"]);
    assert_eq!(home.mode("copy.db"), 0o600);
    assert!(home.fails(1, &["backup", "copy.db"]).contains("not overwritten"));
    home.write("copy.yaml", "DATABASE_URL: sqlite:copy.db\n");
    assert_eq!(home.json(&["org", "list", "--config", "copy.yaml"])[0]["name"], "acme");
}

#[test]
fn lists_are_tables_for_people() {
    let home = Home::new();
    let list = home.ok(&["org", "list"]);
    let lines: Vec<_> = list.lines().collect();
    assert!(lines[0].starts_with("NAME  ENABLED"), "{list}");
    assert!(lines[1].starts_with("acme  yes"), "{list}");
    assert_eq!(lines.len(), 2);
}
