//! `docker-compose.yml` and `Dockerfile`, brought up on a real engine: the quick start of the README.

use std::path::Path;

use super::clients::{Client as _, Docker, Skopeo};
use super::dockpass::program;
use super::http;
use super::image::Image;
use super::process::{free_port, wait_until};
use super::standin::StandIn;
use super::tools::{self, Outcome};

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_compose_file_gives_a_registry_that_trusts_dockpass() {
    if !tools::have(&["dockerd", "/usr/bin/docker", "docker-compose", "registry3", "skopeo"]) {
        return;
    }
    let project = Project::up();
    project.dockpass(&["org", "create", "acme"]).output();
    project.dockpass(&["repo", "create", "acme/app", "--visibility", "private"]).output();
    let secret = project.dockpass(&["robot", "create", "acme+ci"]).output();
    let dir = tempfile::tempdir().unwrap();
    let image = Image::create(dir.path(), "compose");
    let skopeo = Skopeo::new();
    let name = format!("{}/acme/app:1", project.registry);
    skopeo.login(&project.registry, "acme+ci", &secret).allowed("a login");
    skopeo.push(&image, &name).unwrap().refused("a push before the robot has a role");
    project.dockpass(&["permission", "set", "acme/app", "acme+ci", "write"]).output();
    skopeo.push(&image, &name).unwrap().allowed("a push");
    skopeo.pull(&name).allowed("a pull");

    project.runs_with_no_more_rights_than_it_needs();

    project.compose(&["down"]).output();
    project.start();
    skopeo.pull(&name).allowed("a pull after everything was taken down and up again");
    project.dockpass(&["robot", "delete", "acme+ci", "--yes"]).output();
    skopeo.pull(&name).refused("a pull by a robot that was deleted");
}

struct Project {
    docker: Docker,
    port: u16,
    /// `localhost:PORT`.
    registry: String,
}

impl Project {
    fn up() -> Project {
        let (port, registry) = (free_port(), free_port());
        let docker = Docker::start("/usr/bin/docker", &format!("localhost:{registry}"));
        println!(
            "{} and {}",
            docker.version(),
            tools::run(tools::command("docker-compose").arg("--version")).output()
        );
        make_base_images(&docker);
        let project = Project { docker, port, registry: format!("localhost:{registry}") };
        project.start();
        project
    }

    fn start(&self) {
        self.compose(&["up", "--detach"]).output();
        let serves =
            |url: String| http::try_send("GET", &url, &[], b"").is_ok_and(|reply| reply.status < 500);
        let up = wait_until(30, || {
            serves(format!("http://localhost:{}/health/instance", self.port))
                && serves(format!("http://{}/v2/", self.registry))
        });
        assert!(up, "{}", self.compose(&["logs", "--no-color", "--tail", "40"]));
    }

    fn compose(&self, arguments: &[&str]) -> Outcome {
        let mut command = tools::command("docker-compose");
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.env("DOCKER_HOST", self.docker.host()).env("COMPOSE_PROJECT_NAME", "dockpass-test");
        // The builder that the engine has itself; the other one is a plugin that may be missing.
        command.env("DOCKER_BUILDKIT", "0").env("COMPOSE_DOCKER_CLI_BUILD", "0");
        command.env("DOCKPASS_PORT", self.port.to_string());
        command.env("REGISTRY_PORT", self.registry.split(':').nth(1).unwrap());
        tools::run(command.args(arguments))
    }

    /// Runs a command of dockpass in its container, as the file's first lines tell people to.
    fn dockpass(&self, arguments: &[&str]) -> Outcome {
        self.compose(&[&["exec", "-T", "dockpass", "dockpass"], arguments].concat())
    }

    fn inspect(&self, service: &str, format: &str) -> String {
        let id = self.compose(&["ps", "--quiet", service]).output();
        self.docker.run(&["inspect", "--format", format, &id], "").output()
    }

    fn runs_with_no_more_rights_than_it_needs(&self) {
        assert_eq!(self.inspect("dockpass", "{{.Config.User}}"), "65532:65532");
        assert_eq!(self.inspect("dockpass", "{{.HostConfig.ReadonlyRootfs}}"), "true");
        assert_eq!(self.inspect("dockpass", "{{.HostConfig.CapDrop}}"), "[ALL]");
        let published = self.inspect("dockpass", "{{.HostConfig.PortBindings}}");
        assert!(published.contains("127.0.0.1") && !published.contains("0.0.0.0"), "{published}");
        // The registry needs one certificate: a key it cannot read it cannot lose.
        let mounts = self.inspect("registry", "{{range .Mounts}}{{.Destination}}={{.RW}} {{end}}");
        assert!(mounts.contains("/trust=false") && !mounts.contains("/keys"), "{mounts}");
        let trusted =
            self.docker.run(&["volume", "inspect", "--format", "{{.Mountpoint}}", "dockpass-test_trust"], "");
        let names: Vec<_> =
            std::fs::read_dir(trusted.output()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["dockpass-root.pem"]);
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.compose(&["logs", "--no-color", "--tail", "40"]));
        }
        self.compose(&["down", "--volumes", "--timeout", "3"]);
    }
}

/// The images that the two files name, each doing what the test needs of it.
///
/// Compiling in the builder would take minutes and the internet: its `cargo` puts the program there that this test
/// was built with, after a look at what came in from outside.
fn make_base_images(docker: &Docker) {
    let cargo = "#!/bin/sh\nset -e\n\
        [ \"$*\" = 'build --release --locked' ] && [ -f Cargo.lock ] && [ -f src/main.rs ]\n\
        for private in keys data target .git; do [ ! -e $private ] || { echo \"$private got in\"; exit 1; }; done\n\
        mkdir -p target/release\ncp /built/dockpass target/release/\n";
    let mut builder = StandIn::new().program(Path::new(&program()), "/built/dockpass");
    for name in ["sh", "mkdir", "cp"] {
        builder = builder.program(&tools::find(name).unwrap(), &format!("/bin/{name}"));
    }
    builder.script("/bin/cargo", cargo).import(docker, "rust:1.95-bookworm", &["ENV PATH=/bin"]);

    // Only the libraries of the real one count; a program of the same libraries brings them.
    StandIn::new().program(Path::new(&program()), "/usr/lib/libraries-only").import(
        docker,
        "gcr.io/distroless/cc-debian12:nonroot",
        &["USER 65532", "ENV PATH=/usr/local/bin:/usr/bin:/bin"],
    );

    let config =
        "version: 0.1\nstorage:\n  filesystem: {rootdirectory: /var/lib/registry}\nhttp: {addr: ':5000'}\n";
    StandIn::new()
        .program(&tools::find("registry3").unwrap(), "/bin/registry")
        .script("/etc/distribution/config.yml", config)
        .import(
            docker,
            "registry:3",
            &["ENTRYPOINT [\"/bin/registry\", \"serve\"]", "CMD [\"/etc/distribution/config.yml\"]"],
        );
}
