//! One story, told by every client to every registry: what was granted works, what was not is refused, and who is
//! out is out at the next request.

use super::clients::{Buildah, Client, Containerd, Crane, Docker, Kubelet, Oras, Podman, Skopeo};
use super::dockpass::Dockpass;
use super::image::Image;
use super::registry::{Registry, Version};
use super::tools;

/// Defines the two tests of one client; `$start` gets the registry's host.
macro_rules! client {
    ($module:ident, needs $programs:expr, $start:expr) => {
        mod $module {
            use super::*;

            #[test]
            #[ignore = "needs the tools of tests/install-tools.sh"]
            fn does_what_is_granted_and_no_more_with_registry_2_8() {
                tell(Version::V2, &$programs, $start);
            }

            #[test]
            #[ignore = "needs the tools of tests/install-tools.sh"]
            fn does_what_is_granted_and_no_more_with_registry_3() {
                tell(Version::V3, &$programs, $start);
            }
        }
    };
}

client!(podman, needs["podman"], |_| vec![Box::new(Podman::new())]);
client!(buildah, needs["buildah"], |_| vec![Box::new(Buildah::new())]);
client!(skopeo, needs["skopeo"], |_| vec![Box::new(Skopeo::new())]);
client!(docker, needs ["dockerd", "/usr/bin/docker"], |host| {
    // Each with an engine of its own, so that the second pulls and pushes as if it were the first.
    Docker::command_lines().iter().map(|line| Box::new(Docker::start(line, host)) as Box<dyn Client>).collect()
});
client!(containerd, needs ["containerd", "ctr"], |_| vec![Box::new(Containerd::start())]);
client!(kubelet, needs ["containerd", "cri-pull"], |_| vec![Box::new(Kubelet::start("containerd"))]);
client!(kubelet_with_containerd_2, needs ["containerd2", "cri-pull"], |_| vec![Box::new(Kubelet::start("containerd2"))]);
client!(crane, needs["crane"], |_| vec![Box::new(Crane::new())]);
client!(oras, needs["oras"], |_| vec![Box::new(Oras::new())]);

fn tell(version: Version, programs: &[&str], start: impl Fn(&str) -> Vec<Box<dyn Client>>) {
    if !tools::have(&[&[version.program()], programs].concat()) {
        return;
    }
    let stage = Stage::set(version);
    for (number, client) in start(&stage.registry.host).iter().enumerate() {
        println!("{} with {}", client.version(), Registry::version(version));
        stage.play(client.as_ref(), &format!("acme+robot{number}"));
    }
}

const PASSWORD: &str = "correct-horse-battery-staple";

/// A service, a registry, and repositories with an image in each:
/// `acme/base` and `acme/hidden` are private, `acme/open` is public, `acme/app` is where the robot works.
struct Stage {
    dockpass: Dockpass,
    registry: Registry,
    image: Image,
    seeder: String,
    _dir: tempfile::TempDir,
}

impl Stage {
    fn set(version: Version) -> Stage {
        let dockpass = Dockpass::start();
        dockpass.create_organization("acme");
        dockpass.create_user("root", PASSWORD);
        for (name, visibility) in
            [("base", "private"), ("hidden", "private"), ("open", "public"), ("app", "private")]
        {
            dockpass.create_repository(&format!("acme/{name}"), visibility);
        }
        let seeder = dockpass.create_robot("acme+seeder");
        let registry = Registry::start(version, &dockpass);
        let dir = tempfile::tempdir().unwrap();
        let image = Image::create(dir.path(), &registry.host);
        let stage = Stage { dockpass, registry, image, seeder, _dir: dir };
        for name in ["acme/base", "acme/hidden", "acme/open"] {
            stage.dockpass.grant(name, "acme+seeder", "write");
            stage.registry.seed(&stage.image, &format!("{name}:1"), &stage.token(name));
        }
        stage
    }

    /// A token to pull and push in one of the repositories that the stage was set with.
    fn token(&self, repository: &str) -> String {
        let scope = format!("repository:{repository}:pull,push");
        self.dockpass.token(Some(("acme+seeder", &self.seeder)), &[&scope]).token()
    }

    fn play(&self, client: &dyn Client, robot: &str) {
        let secret = self.dockpass.create_robot(robot);
        self.log_in(client, robot, &secret);
        self.use_what_is_granted(client, robot);
        self.try_what_is_not(client);
        self.work_as_anonymous(client, robot, &secret);
        self.delete(client, robot);
        self.list(client, robot, &secret);
        let newer = self.take_the_robot_away(client, robot, &secret);
        let log = self.dockpass.log();
        let posted = log.lines().any(|line| line.contains(r#""method":"POST","status":200"#));
        assert_eq!(posted, client.posts(), "POST to the token endpoint by {}:\n{log}", client.version());
        for secret in [PASSWORD, &secret, &newer] {
            assert!(!log.contains(secret), "a secret in the log:\n{log}");
        }
    }

    /// Logs in afresh: some clients ask for a login only once per registry.
    fn log_in(&self, client: &dyn Client, user: &str, secret: &str) {
        let host = &self.registry.host;
        client.logout(host);
        if client.login_asks() {
            client.login(host, user, "NOT THE SECRET").refused("a login with a wrong secret");
        }
        client.login(host, user, secret).allowed("a login with the right secret");
    }

    fn use_what_is_granted(&self, client: &dyn Client, robot: &str) {
        let app = self.registry.image("acme/app:1");
        self.dockpass.grant("acme/app", robot, "write");
        self.dockpass.grant("acme/base", robot, "read");
        client.pull(&self.registry.image("acme/base:1")).allowed("a pull with the role read");
        let target = copies_of(robot);
        self.dockpass.create_repository(&target, "private");
        self.dockpass.grant(&target, robot, "write");
        let copy = self.registry.image(&format!("{target}:1"));
        if let Some(copied) = client.copy(&self.registry.image("acme/base:1"), &copy) {
            copied.allowed("a copy between two repositories");
            let mounted = self.registry.has_mounted("acme/base", &target);
            assert!(mounted, "{} sent the layers again:\n{}", client.version(), self.registry.log());
            client.pull(&copy).allowed("a pull of what was copied");
        }
        // After the copy, for which a client may mount from wherever it saw the layers last.
        if let Some(pushed) = client.push(&self.image, &app) {
            pushed.allowed("a push with the role write");
            client.pull(&app).allowed("a pull of what was pushed");
        }
    }

    fn try_what_is_not(&self, client: &dyn Client) {
        client.pull(&self.registry.image("acme/hidden:1")).refused("a pull without a role");
        client.pull(&self.registry.image("acme/nothing:1")).refused("a pull of what does not exist");
        for (name, why) in [
            ("acme/base:new", "a push with the role read"),
            ("acme/hidden:new", "a push without a role"),
            ("acme/open:new", "a push to a public repository without a role"),
            ("other/app:1", "a push into another namespace"),
        ] {
            if let Some(pushed) = client.push(&self.image, &self.registry.image(name)) {
                pushed.refused(why);
            }
        }
        // Not by the client's word alone: nothing came into the registry.
        for name in ["acme/base", "acme/hidden", "acme/open"] {
            let reply = self.registry.send("GET", &format!("/v2/{name}/tags/list"), &self.token(name), b"");
            assert_eq!(reply.json()["tags"], serde_json::json!(["1"]), "{reply:?}");
        }
    }

    fn work_as_anonymous(&self, client: &dyn Client, robot: &str, secret: &str) {
        client.logout(&self.registry.host);
        client.pull(&self.registry.image("acme/open:1")).allowed("an anonymous pull of a public repository");
        client.pull(&self.registry.image("acme/base:1")).refused("an anonymous pull of a private repository");
        if let Some(pushed) = client.push(&self.image, &self.registry.image("acme/open:new")) {
            pushed.refused("an anonymous push to a public repository");
        }
        client.login(&self.registry.host, robot, secret).allowed("a second login");
    }

    fn delete(&self, client: &dyn Client, robot: &str) {
        let repository = copies_of(robot);
        let image = self.registry.image(&format!("{repository}:1"));
        let Some(deleted) = client.delete(&image) else {
            return;
        };
        deleted.refused("a deletion with the role write");
        self.dockpass.grant(&repository, robot, "admin");
        client.delete(&image).unwrap().allowed("a deletion with the role admin");
        assert!(!client.pull(&image).success, "the image is still there");
    }

    fn list(&self, client: &dyn Client, robot: &str, secret: &str) {
        let host = &self.registry.host;
        let Some(listed) = client.catalog(host) else {
            return;
        };
        listed.refused("the catalog for a robot");
        self.log_in(client, "root", PASSWORD);
        let listed = client.catalog(host).unwrap();
        listed.allowed("the catalog for a super-user");
        assert!(listed.stdout.contains("acme/base"), "{listed}");
        self.log_in(client, robot, secret);
    }

    /// Rotates the secret, then deletes the robot; gives the last secret.
    fn take_the_robot_away(&self, client: &dyn Client, robot: &str, secret: &str) -> String {
        let base = self.registry.image("acme/base:1");
        client.pull(&base).allowed("a pull before the secret changes");
        let newer = self.dockpass.rotate_robot(robot);
        assert_ne!(newer, secret);
        client.pull(&base).refused("a pull with the secret before the last");
        self.log_in(client, robot, &newer);
        client.pull(&base).allowed("a pull with the new secret");
        self.dockpass.delete_robot(robot);
        client.pull(&base).refused("a pull by a robot that was deleted");
        if client.login_asks() {
            client.login(&self.registry.host, robot, &newer).refused("a login of a robot that was deleted");
        }
        newer
    }
}

/// A repository of the robot's own to copy into: where the layers are already, nothing would have to be mounted.
fn copies_of(robot: &str) -> String {
    format!("acme/copies-{}", robot.trim_start_matches("acme+"))
}
