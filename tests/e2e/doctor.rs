//! `dockpass doctor` looking at real registries: one that trusts the service, and one that trusts another.

use super::dockpass::Dockpass;
use super::registry::{Registry, Version};
use super::tools;

fn look(version: Version) {
    if !tools::have(&[version.program()]) {
        return;
    }
    let (dockpass, other) = (Dockpass::start(), Dockpass::start());
    let registry = Registry::start(version, &dockpass);
    let url = format!("http://{}", registry.host);
    let seen = dockpass.cli_with(&["doctor", "--registry", &url], "");
    assert!(seen.success, "{seen}");
    for line in ["ok    trust ", "ok    token ", "ok    forgeries "] {
        assert!(seen.stdout.contains(line), "{line}: {seen}");
    }
    dockpass.rotate_key();
    assert!(dockpass.cli_with(&["doctor", "--registry", &url], "").success, "after a rotation");
    let foreign = other.cli_with(&["doctor", "--registry", &url], "");
    assert!(!foreign.success && foreign.stdout.contains("fail  trust "), "{foreign}");
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn registry_2_8_is_proved_to_trust_this_service_and_no_other() {
    look(Version::V2);
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn registry_3_is_proved_to_trust_this_service_and_no_other() {
    look(Version::V3);
}
