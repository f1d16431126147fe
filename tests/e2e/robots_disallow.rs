//! `ROBOTS_DISALLOW` and `ROBOTS_WHITELIST`, as podman shows them and within a second of the file's change.

use super::clients::{Client as _, Podman};
use super::dockpass::Dockpass;
use super::registry::{Registry, Version};
use super::tools::{self, Outcome};

/// What the administrator's switch answers to every robot.
const SENTENCE: &str = "Robot accounts have been disabled. Please contact your administrator.";

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn podman_debug_log_tells_that_robots_are_disabled() {
    if !tools::have(&["podman", Version::V2.program()]) {
        return;
    }
    let mut dockpass = Dockpass::start();
    dockpass.create_organization("acme");
    let ci = dockpass.create_robot("acme+ci");
    let nightly = dockpass.create_robot("acme+nightly");
    dockpass.create_user("alice", "correct-horse-battery-staple");
    let registry = Registry::start(Version::V2, &dockpass);
    let podman = Podman::new();
    println!("{}", podman.version());
    let login = |user: &str, secret: &str| login(&podman, &registry.host, user, secret);
    login("acme+ci", &ci).allowed("a robot while robots are allowed");

    dockpass.configure("ROBOTS_DISALLOW", "true");
    let off = || dockpass.token(Some(("acme+ci", &ci)), &[]).status == 401;
    assert!(Dockpass::within_a_second(off), "robots can still log in");
    let refused = login("acme+ci", &ci);
    assert!(!refused.success, "{refused}");
    let expected =
        format!("unable to retrieve auth token: invalid username/password: unauthorized: {SENTENCE}");
    assert!(refused.stderr.contains(&expected), "{refused}");
    // The switch comes before any look at the secret or the name.
    for (name, secret) in [("acme+ci", "WRONG"), ("acme+nobody", &ci), ("nobody+ci", &ci)] {
        let refused = login(name, secret);
        assert!(!refused.success && refused.stderr.contains(&expected), "{refused}");
    }
    login("alice", "correct-horse-battery-staple").allowed("a person while robots are disabled");

    dockpass.configure("ROBOTS_WHITELIST", "[acme+nightly]");
    let exempt = || dockpass.token(Some(("acme+nightly", &nightly)), &[]).status == 200;
    assert!(Dockpass::within_a_second(exempt), "the exempt robot is still refused");
    login("acme+nightly", &nightly).allowed("the robot on the whitelist");
    assert!(!login("acme+ci", &ci).success, "a robot that is not on the whitelist");
    assert!(!login("acme+nightly", "WRONG").success, "the whitelist is no password");

    dockpass.configure("ROBOTS_DISALLOW", "false");
    let on = || dockpass.token(Some(("acme+ci", &ci)), &[]).status == 200;
    assert!(Dockpass::within_a_second(on), "robots are still refused");
    login("acme+ci", &ci).allowed("a robot after robots are allowed again");
}

fn login(podman: &Podman, registry: &str, user: &str, secret: &str) -> Outcome {
    podman.logout(registry);
    let arguments =
        ["--log-level=debug", "login", "--tls-verify=false", "--username", user, "--password-stdin"];
    tools::run_with(podman.command(&arguments).arg(registry), secret)
}
