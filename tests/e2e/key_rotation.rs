//! The signing key changes while registries run: nobody pulling notices, and no registry is touched.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base64::Engine as _;
use serde_json::Value;

use super::clients::{Client as _, Skopeo};
use super::dockpass::Dockpass;
use super::image::Image;
use super::registry::{Registry, Version};
use super::tools;

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn no_pull_fails_while_the_signing_key_is_rotated() {
    let versions: Vec<_> =
        [Version::V2, Version::V3].into_iter().filter(|version| tools::have(&[version.program()])).collect();
    if !tools::have(&["skopeo"]) {
        return;
    }
    let dockpass = Dockpass::start();
    dockpass.create_organization("acme");
    dockpass.create_repository("acme/app", "private");
    let secret = dockpass.create_robot("acme+ci");
    dockpass.grant("acme/app", "acme+ci", "write");
    let registries: Vec<_> = versions.iter().map(|version| Registry::start(*version, &dockpass)).collect();
    let dir = tempfile::tempdir().unwrap();
    let image = Image::create(dir.path(), "rotation");
    let fetch = || dockpass.token(Some(("acme+ci", &secret)), &["repository:acme/app:pull,push"]).token();
    let before = fetch();
    for registry in &registries {
        registry.seed(&image, "acme/app:1", &before);
    }

    let (done, pulls) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for registry in &registries {
            scope.spawn(|| {
                // A pull as a client does it: a fresh token, then the manifest with it.
                while !done.load(Ordering::Relaxed) {
                    let reply = registry.send("GET", "/v2/acme/app/manifests/1", &fetch(), b"");
                    assert_eq!(reply.status, 200, "pull {pulls:?}: {reply:?}");
                    pulls.fetch_add(1, Ordering::Relaxed);
                }
            });
            scope.spawn(|| {
                let skopeo = Skopeo::new();
                skopeo.login(&registry.host, "acme+ci", &secret).allowed("a login");
                while !done.load(Ordering::Relaxed) {
                    skopeo.pull(&registry.image("acme/app:1")).allowed("a pull during a rotation");
                    pulls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Ended on the way out of a failed assertion too, or the scope would wait for ever.
        let _finish = Finish(&done);
        let mut used = vec![key_of(&before)];
        for _ in 0..4 {
            let count = pulls.load(Ordering::Relaxed);
            dockpass.rotate_key();
            let fresh = super::process::wait_until(5, || !used.contains(&key_of(&fetch())));
            assert!(fresh, "the new key is not in use");
            used.push(key_of(&fetch()));
            assert!(
                super::process::wait_until(10, || pulls.load(Ordering::Relaxed) > count + 20),
                "pulls stopped"
            );
        }
    });
    println!("{} pulls during 4 rotations with {versions:?}", pulls.load(Ordering::Relaxed));
    for registry in &registries {
        let reply = registry.send("GET", "/v2/acme/app/manifests/1", &before, b"");
        assert_eq!(reply.status, 200, "a token made before the rotations: {reply:?}");
    }
}

struct Finish<'a>(&'a AtomicBool);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What names the signing key in a token's header.
fn key_of(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap_or_else(|| panic!("no kid in {header}")).to_owned()
}
