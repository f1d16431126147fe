//! What `dockpass robot credentials` prints logs in the client that it is meant for, as it stands.

use std::os::unix::fs::symlink;

use base64::Engine as _;
use serde_json::Value;

use super::clients::{Client as _, Kubelet};
use super::dockpass::Dockpass;
use super::image::Image;
use super::process::free_port;
use super::registry::{Registry, Version};
use super::tools::{self, command, run, run_with};

/// A robot that may pull `acme/app:1` from a registry that dockpass knows by name.
struct Stage {
    dockpass: Dockpass,
    registry: Registry,
    dir: tempfile::TempDir,
}

impl Stage {
    fn set() -> Stage {
        let port = free_port();
        // The registry's own name stands in everything that is printed.
        let dockpass = Dockpass::start_with(&[("SERVER_HOSTNAME", &format!("localhost:{port}"))]);
        dockpass.create_organization("acme");
        dockpass.create_repository("acme/app", "private");
        let secret = dockpass.create_robot("acme+ci");
        dockpass.grant("acme/app", "acme+ci", "write");
        let registry = Registry::start_at(port, Version::V2, &dockpass.registry_config("2.8"));
        let dir = tempfile::tempdir().unwrap();
        let token = dockpass.token(Some(("acme+ci", &secret)), &["repository:acme/app:pull,push"]).token();
        registry.seed(&Image::create(dir.path(), "credentials"), "acme/app:1", &token);
        Stage { dockpass, registry, dir }
    }

    fn credentials(&self, format: &str) -> String {
        self.dockpass.cli(&["robot", "credentials", "acme+ci", "--format", format])
    }

    fn image(&self) -> String {
        self.registry.image("acme/app:1")
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_docker_configuration_is_read_by_skopeo() {
    if !tools::have(&[Version::V2.program(), "skopeo"]) {
        return;
    }
    let stage = Stage::set();
    let file = stage.write("config.json", &stage.credentials("docker-config"));
    let image = format!("docker://{}", stage.image());
    run(command("skopeo").args(["inspect", "--tls-verify=false", "--authfile", &file, &image]))
        .allowed("reading");
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_kubernetes_secret_holds_what_kubelet_sends() {
    if !tools::have(&[Version::V2.program(), "containerd", "cri-pull"]) {
        return;
    }
    let stage = Stage::set();
    let secret = stage.credentials("kubernetes-secret");
    let line = secret.lines().find_map(|line| line.trim().strip_prefix(".dockerconfigjson:")).expect(&secret);
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap();
    let config: Value = serde_json::from_slice(&decode(line)).unwrap();
    let (key, entry) = config["auths"].as_object().unwrap().iter().next().unwrap();
    // kubelet takes the credentials whose key begins the image's name, and splits at the first colon.
    assert!(stage.image().starts_with(key), "{key}");
    let login = String::from_utf8(decode(entry["auth"].as_str().unwrap())).unwrap();
    let (user, secret) = login.split_once(':').unwrap();
    let kubelet = Kubelet::start("containerd");
    kubelet.login(&stage.registry.host, user, secret).allowed("credentials");
    kubelet.pull(&stage.image()).allowed("a pull as kubelet does it");
}

/// The lines for a shell name the program alone, which here gets the options that plain HTTP needs.
#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_login_lines_log_in_podman_and_docker() {
    if !tools::have(&[Version::V2.program(), "podman", "docker"]) {
        return;
    }
    let stage = Stage::set();
    let bin = stage.dir.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for (format, options) in [("podman", "login --tls-verify=false"), ("docker", "login")] {
        let program = tools::find(format).unwrap();
        let shim = format!("#!/bin/sh\nshift\nexec {} {options} \"$@\"\n", program.display());
        let shim_path = stage.write(&format!("{format}-shim"), &shim);
        run(command("chmod").args(["+x", &shim_path])).output();
        symlink(&shim_path, bin.join(format)).unwrap();
        let home = stage.dir.path().join(format!("{format}-home"));
        std::fs::create_dir_all(&home).unwrap();
        let mut shell = command("sh");
        let path = std::env::join_paths([bin.clone(), "/usr/bin".into(), "/bin".into()]).unwrap();
        shell.env("PATH", path).env("HOME", &home).env("DOCKER_CONFIG", &home);
        shell.env("REGISTRY_AUTH_FILE", home.join("auth.json")).env("XDG_RUNTIME_DIR", &home);
        run_with(&mut shell, &stage.credentials(format)).allowed("the printed login line");
    }
}

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_environment_file_is_read_by_a_shell() {
    if !tools::have(&[Version::V2.program(), "skopeo"]) {
        return;
    }
    let stage = Stage::set();
    let file = stage.write("robot.env", &stage.credentials("env"));
    let script = format!(
        ". {file}; printf %s \"$REGISTRY_PASSWORD\" | skopeo login --tls-verify=false \
         --authfile {file}.json --username \"$REGISTRY_USERNAME\" --password-stdin \"$REGISTRY\""
    );
    run(command("sh").args(["-c", &script])).allowed("a login with the three variables");
}
