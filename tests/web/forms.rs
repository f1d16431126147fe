//! What forms do, and which are not accepted.

use super::{Browser, ORIGIN, acme};
use crate::support::Installation;

fn token_on(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("id=\"robot-token\" data-testid=\"robot-token\" readonly value=\"")?;
    rest.split('"').next().filter(|token| token.len() == 64 && token.is_ascii())
}

#[tokio::test]
async fn a_robot_is_made_in_one_transaction_and_its_token_shown_in_the_answer() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let fields = [
        ("name", "new"),
        ("description", "d"),
        ("team", "devs"),
        ("role:base", "write"),
        ("default", "none"),
    ];
    let answer = alice.post("/organization/acme/robots/new", &fields).await;
    let page = answer.text();
    assert_eq!(answer.status, 200);
    assert!(page.contains("Successfully created robot account with robot name: acme+new"));
    let token = token_on(&page).unwrap();
    let logged_in = installation.get("/v2/auth?service=registry.example", Some(("acme+new", token))).await;
    assert_eq!(logged_in.status, 200);
    // One repository that does not exist undoes all of it.
    let before = installation.row_counts();
    let fields = [("name", "half"), ("role:base", "read"), ("role:nosuch", "read")];
    let answer = alice.post("/organization/acme/robots/new", &fields).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("Error creating robot account"));
    assert_eq!(installation.row_counts(), before);
}

#[tokio::test]
async fn a_token_is_masked_until_it_is_asked_for_and_asking_is_recorded() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let masked = alice.get("/organization/acme/robot/ci").await.text();
    assert!(token_on(&masked).is_none());
    assert!(installation.events("view_robot_token").is_empty());
    let shown = alice.post("/organization/acme/robot/ci", &[]).await.text();
    assert!(token_on(&shown).is_some());
    assert_eq!(installation.events("view_robot_token").len(), 1);
    let file = alice.post("/organization/acme/robot/ci/download", &[("format", "kubernetes-secret")]).await;
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"acme-ci-secret.yml\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    assert_eq!(installation.events("view_robot_token").len(), 2);
}

#[tokio::test]
async fn a_password_given_long_ago_is_asked_for_again_before_a_secret_is_shown() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    installation.advance(3600);
    let answer = alice.post("/organization/acme/robot/ci", &[]).await;
    let location = answer.header("location").unwrap().to_owned();
    let question = alice.get(&location).await.text();
    assert!(question.contains("<h1>Confirm it is you</h1>"));
    let next = ("next", location.as_str());
    let wrong = alice
        .post("/signin", &[next, ("confirm", "1"), ("username", "alice"), ("password", "wrong-one")])
        .await;
    assert_eq!(wrong.status, 403);
    let right = [next, ("confirm", "1"), ("username", "alice"), ("password", "alice's-password")];
    assert_eq!(alice.post("/signin", &right).await.status, 303);
    alice.get(&location).await;
    assert!(token_on(&alice.post("/organization/acme/robot/ci", &[]).await.text()).is_some());
}

#[tokio::test]
async fn sending_the_form_for_a_new_token_twice_makes_one() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let form = [("generation", "1")];
    let first = alice.post("/organization/acme/robot/ci/regenerate", &form).await.text();
    assert!(token_on(&first).is_some());
    let again = alice.post("/organization/acme/robot/ci/regenerate", &form).await;
    assert!(alice.follow(&again).await.contains("was regenerated already"));
    assert_eq!(installation.events("regenerate_robot_token").len(), 1);
}

#[tokio::test]
async fn where_tokens_are_shown_once_they_are_not_shown_again() {
    let installation = acme("ROBOT_TOKEN_DISPLAY: once\n");
    let alice = Browser::signed_in(&installation, "alice").await;
    assert!(alice.get("/organization/acme/robot/ci").await.text().contains("Tokens are shown once"));
    let refused = alice.post("/organization/acme/robot/ci", &[]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("Regenerate it to get a new one"));
}

#[tokio::test]
async fn deleting_needs_the_word_and_is_all_or_nothing() {
    let installation = acme("");
    installation.robot("acme+other");
    let alice = Browser::signed_in(&installation, "alice").await;
    let path = "/organization/acme/robots/delete";
    for word in ["", "Confirm", "acme"] {
        let answer = alice.post(path, &[("name", "ci"), ("name", "other"), ("confirm", word)]).await;
        assert_eq!(answer.status, 400, "{word}");
    }
    let missing = alice.post(path, &[("name", "ci"), ("name", "nosuch"), ("confirm", "confirm")]).await;
    assert_eq!(missing.status, 400);
    assert!(installation.events("delete_robot").is_empty());
    let done = alice.post(path, &[("name", "ci"), ("name", "other"), ("confirm", "confirm")]).await;
    assert!(alice.follow(&done).await.contains("Successfully deleted 2 robot accounts"));
}

#[tokio::test]
async fn permissions_are_set_in_bulk() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let path = "/organization/acme/robot/ci/permissions";
    let saved = alice.post(path, &[("apply", "rows"), ("role:app", "none"), ("role:base", "admin")]).await;
    assert!(alice.follow(&saved).await.contains("Successfully updated repository permission"));
    let matching = alice.post(path, &[("apply", "matching"), ("bulk", "read")]).await;
    let page = alice.follow(&matching).await;
    assert_eq!(page.matches("value=\"read\" selected").count(), 4, "three rows and the drop-down for many");
    let refused = alice.post(path, &[("apply", "rows"), ("role:app", "owner")]).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn forms_from_elsewhere_are_not_accepted() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let csrf = alice.csrf.borrow().clone();
    let form = format!("_csrf_token={}&name=evil", super::escape(&csrf));
    let path = "/organization/acme/teams/new";
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("referer", "http://localhost:9999/")],
    ] {
        assert_eq!(alice.send("POST", path, headers, &form).await.status, 403, "{headers:?}");
    }
    for form in [
        "name=evil",
        "_csrf_token=&name=evil",
        "_csrf_token=AAAA&name=evil",
        &format!("{form}&_csrf_token=x"),
    ] {
        let answer = alice.send("POST", path, &[("origin", ORIGIN)], form).await;
        assert_eq!(answer.status, 403, "{form}");
    }
    let other = Browser::new(&installation);
    other.get("/signin").await;
    let stolen = other.csrf.borrow().clone();
    let form = format!("_csrf_token={}&name=evil", super::escape(&stolen));
    assert_eq!(
        alice.send("POST", path, &[("origin", ORIGIN)], &form).await.status,
        403,
        "another browser's token"
    );
    assert!(installation.events("org_create_team").iter().all(|event| event["team"] != "evil"));
    let form = format!("_csrf_token={}&name=honest", super::escape(&csrf));
    assert_eq!(alice.send("POST", path, &[("origin", ORIGIN)], &form).await.status, 303);
}

#[tokio::test]
async fn the_first_user_is_made_where_that_is_allowed() {
    let closed = Installation::new("");
    assert!(Browser::new(&closed).get("/setup").await.text().contains("dockpass user create"));
    let open = Installation::new("FEATURE_USER_INITIALIZE: true\n");
    let visitor = Browser::new(&open);
    assert_eq!(visitor.get("/").await.header("location"), Some("/setup"));
    visitor.get("/setup").await;
    let short = visitor.post("/setup", &[("username", "carol"), ("password", "short")]).await;
    assert_eq!(short.status, 400);
    let made = visitor.post("/setup", &[("username", "carol"), ("password", "carol's-password")]).await;
    assert!(visitor.follow(&made).await.contains("Welcome, carol"));
    assert_eq!(visitor.get("/setup").await.header("location"), Some("/signin"));
}

#[tokio::test]
async fn an_application_shows_its_token_in_the_answer_only() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let made = alice.post("/organization/acme/applications/new", &[("name", "Terraform")]).await;
    let path = made.header("location").unwrap().to_owned();
    assert!(alice.get(&path).await.text().contains("No token yet."));
    let form = [("action", "token"), ("name", "ci"), ("scope", "org:admin"), ("life", "86400")];
    let answer = alice.post(&path, &form).await;
    assert!(answer.text().contains("Store this access token now."));
    assert!(!alice.get(&path).await.text().contains("Store this access token now."));
}

#[tokio::test]
async fn a_changed_password_ends_every_session() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let elsewhere = Browser::signed_in(&installation, "alice").await;
    let differ = [("action", "password"), ("password", "one-password"), ("repeated", "other-password")];
    let answer = alice.post("/organization/alice/settings", &differ).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("<a href=\"#repeated\">The two passwords differ.</a>"));
    let short = [("action", "password"), ("password", "short"), ("repeated", "short")];
    let answer = alice.post("/organization/alice/settings", &short).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("The password was not changed"));
    let same = [("action", "password"), ("password", "new-password"), ("repeated", "new-password")];
    assert_eq!(alice.post("/organization/alice/settings", &same).await.header("location"), Some("/signin"));
    let answer = elsewhere.get("/organization").await;
    assert!(answer.header("location").unwrap().starts_with("/signin"));
}

#[tokio::test]
async fn every_form_of_the_credentials_is_a_file() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let token = alice.post("/organization/acme/robot/ci", &[]).await.text();
    let token = token_on(&token).unwrap().to_owned();
    for (format, file) in [
        ("docker-config", "acme-ci-auth.json"),
        ("kubernetes-secret", "acme-ci-secret.yml"),
        ("podman", "acme-ci-login.sh"),
        ("docker", "acme-ci-login.sh"),
        ("env", "acme-ci.env"),
        ("mesos", "acme-ci-auth.tar.gz"),
    ] {
        let answer = alice.post("/organization/acme/robot/ci/download", &[("format", format)]).await;
        let disposition = format!("attachment; filename=\"{file}\"");
        assert_eq!(answer.header("content-disposition"), Some(disposition.as_str()));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{format}");
        if format == "mesos" {
            let mut archive = Vec::new();
            let mut unpacker = flate2::read::GzDecoder::new(answer.body.as_ref());
            std::io::Read::read_to_end(&mut unpacker, &mut archive).unwrap();
            let config = String::from_utf8_lossy(&archive[512..]).trim_end_matches('\0').to_owned();
            let config: serde_json::Value = serde_json::from_str(&config).unwrap();
            let auth = config["auths"]["registry.example"]["auth"].as_str().unwrap();
            let pair = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, auth).unwrap();
            assert_eq!(String::from_utf8(pair).unwrap(), format!("acme+ci:{token}"));
        }
    }
    let answer = alice.post("/organization/acme/robot/ci/download", &[("format", "rkt")]).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn addresses_are_changed_in_the_settings() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let path = "/organization/acme/settings";
    let saved = alice.post(path, &[("action", "email"), ("email", "ops@acme.example")]).await;
    let page = alice.follow(&saved).await;
    assert!(page.contains("E-mail address saved") && page.contains("value=\"ops@acme.example\""));
    let bad = alice.post(path, &[("action", "email"), ("email", "nonsense")]).await;
    assert_eq!(bad.status, 400);
    let page = bad.text();
    assert!(page.contains("The e-mail address was not saved") && page.contains("Invalid email address."));
    assert!(page.contains("value=\"nonsense\""), "what was typed stays");
    let form = [("action", "email"), ("email", "ops@acme.example")];
    let taken = alice.post("/organization/alice/settings", &form).await;
    assert_eq!(taken.status, 400);
    assert!(taken.text().contains("was not saved"));
    let form = [("action", "email"), ("email", "alice@acme.example")];
    let own = alice.post("/organization/alice/settings", &form).await;
    assert!(alice.follow(&own).await.contains("value=\"alice@acme.example\""));
    let cleared = alice.post(path, &[("action", "email"), ("email", "")]).await;
    assert!(alice.follow(&cleared).await.contains("E-mail address saved"));
    let bob = Browser::signed_in(&installation, "bob").await;
    assert_eq!(bob.post(path, &[("action", "email"), ("email", "bob@x.example")]).await.status, 403);
}

#[tokio::test]
async fn a_federation_entry_has_an_audience_and_an_issuer_that_is_asked() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let page = "/organization/acme/robot/ci/federation";
    assert!(alice.get(page).await.text().contains("Empty: registry.example"));
    let save = async |issuer: &str, audience: &str| {
        let form = [("issuer", issuer), ("subject", "job"), ("audience", audience)];
        alice.post(page, &form).await
    };
    for (audience, shown) in [("", "value=\"registry.example\""), ("elsewhere", "value=\"elsewhere\"")] {
        let saved = save("https://issuer.example", audience).await;
        assert!(alice.follow(&saved).await.contains(shown), "{audience}");
    }
    for (issuer, problem) in [
        ("ftp://issuer.example", "Issuer must be a URL (http:// or https://)"),
        ("http://issuer.example", "Issuer must be a URL that begins with https://"),
        ("https://169.254.169.254", "Issuer is an address of a private network"),
    ] {
        let refused = save(issuer, "").await;
        assert_eq!(refused.status, 400, "{issuer}");
        assert!(refused.text().contains(problem), "{issuer}");
    }
}

#[tokio::test]
async fn several_default_permissions_are_deleted_together_or_not_at_all() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let new = "/organization/acme/default-permissions/new";
    let fields = [("applies", "specific"), ("creator", "bob"), ("delegate", "team:devs"), ("role", "write")];
    assert_eq!(alice.post(new, &fields).await.status, 303);
    let refused =
        alice.post(new, &[("applies", "specific"), ("delegate", "acme+ci"), ("role", "read")]).await;
    assert!(
        refused.status == 400 && refused.text().contains("Unknown activating user"),
        "a creator is needed"
    );
    let list = alice.get("/organization/acme?tab=Defaultpermissions&select=page").await.text();
    let ticked = list.split("name=\"rule\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let ticked: Vec<&str> = ticked.collect();
    assert_eq!(ticked.len(), 2);
    for (search, found) in [("BOB", 1), ("devs", 1), ("acme", 1), ("zzz", 0)] {
        let page = alice.get(&format!("/organization/acme?tab=Defaultpermissions&q={search}")).await.text();
        assert_eq!(page.matches("name=\"rule\"").count(), found, "{search}");
    }
    let path = "/organization/acme/default-permissions/delete";
    let both = [("rule", ticked[0]), ("rule", ticked[1])];
    let unconfirmed = alice.post(path, &both).await;
    assert!(unconfirmed.status == 400 && unconfirmed.text().contains("Nothing was deleted"));
    let gone = [both[0], ("rule", "no-such-rule"), ("confirm", "confirm")];
    assert_eq!(alice.post(path, &gone).await.status, 404);
    assert!(installation.events("delete_prototype_permission").is_empty());
    let done = alice.post(path, &[both[0], both[1], ("confirm", "confirm")]).await;
    assert!(alice.follow(&done).await.contains("Successfully deleted default permissions"));
    assert_eq!(installation.events("delete_prototype_permission").len(), 2);
    let none = alice.post(path, &[("confirm", "confirm")]).await;
    assert!(alice.follow(&none).await.contains("Select the default permissions to delete first"));
}

#[tokio::test]
async fn a_role_chosen_in_the_list_of_teams_leaves_the_description_and_makes_no_team() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    let save = [("action", "save"), ("role", "member"), ("description", "kept")];
    assert_eq!(alice.post("/organization/acme/team/devs", &save).await.status, 303);
    let role = [("action", "role"), ("role", "creator")];
    let done = alice.post("/organization/acme/team/devs", &role).await;
    let list = alice.follow(&done).await;
    assert!(list.contains("Team role updated successfully for: devs") && list.contains("kept"));
    assert_eq!(alice.post("/organization/acme/team/nosuch", &role).await.status, 404);
}

#[tokio::test]
async fn what_is_wrong_with_a_form_leads_to_the_field_to_mend() {
    let installation = acme("");
    let alice = Browser::signed_in(&installation, "alice").await;
    for (path, fields, id) in [
        ("/organizations/new", &[("name", "NO")][..], "name"),
        ("/organization/acme/robots/new", &[("name", "ci")], "robot-wizard-form-name"),
        ("/organization/acme/robots/new", &[("name", "new"), ("new-team", "devs")], "new-team"),
        ("/organization/acme/robots/delete", &[("name", "ci")], "delete-confirmation-input"),
        ("/organization/acme/teams/new", &[("name", "devs")], "new-team-name"),
        ("/organization/acme/repositories/new", &[("name", "NO")], "name"),
        (
            "/organization/acme/default-permissions/new",
            &[("role", "read"), ("applies", "anyone")],
            "delegate",
        ),
        ("/organization/acme/default-permissions/new", &[("role", "read"), ("delegate", "bob")], "creator"),
        ("/organization/acme/applications/new", &[("name", "")], "name"),
        ("/organization/acme/delete", &[("confirm", "other")], "confirm"),
        ("/signin", &[("username", "alice"), ("password", "wrong-password")], "password"),
    ] {
        let answer = alice.post(path, fields).await;
        let page = answer.text();
        assert!(matches!(answer.status, 400 | 403), "{path}: {}", answer.status);
        assert!(page.contains(&format!("<p><a href=\"#{id}\">")), "{path}: {page}");
        let field = format!("id=\"{id}\" aria-invalid=\"true\" aria-errormessage=\"problem\"");
        assert!(
            page.contains(&field) || page.contains("aria-describedby=\"name-help\" aria-invalid"),
            "{path}: {page}"
        );
    }
}
