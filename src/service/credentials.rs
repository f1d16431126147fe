//! A robot's credentials in the forms that clients take, as Quay's credentials dialog gives them, mended where those
//! do not work: each file has one name everywhere, and no command carries the secret in its arguments, where the
//! process list and the shell's history would show it.
//!
//! Everything here is a pure function of [`Login`]. What holds the secret comes as [`Secret`].

mod archive;

use crate::domain::credential::Secret;
use crate::domain::name::RobotName;
use crate::domain::permission::words;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use zeroize::Zeroizing;

words! {
    /// The forms that a robot's credentials come in.
    Format {
        /// `config.json` of Docker, also read by podman, skopeo, buildah, crane and others.
        DockerConfig = "docker-config",
        /// A Secret of Kubernetes for `imagePullSecrets`.
        KubernetesSecret = "kubernetes-secret",
        /// A line for a shell that logs podman in.
        Podman = "podman",
        /// A line for a shell that logs Docker in.
        Docker = "docker",
        /// Three `NAME=value` lines, for `--env-file` and CI systems.
        Env = "env",
    }
}

words! {
    /// What a client is told to use the credentials for.
    KeyScope {
        /// The images of the robot's namespace. Kubernetes and podman tell several robots of one registry apart by this;
        /// Docker does not know it.
        Organization = "organization",
        /// Every image of the registry.
        Registry = "registry",
    }
}

words! {
    /// A program that logs in from a command line.
    Tool {
        /// podman; skopeo and buildah take the same arguments.
        Podman = "podman",
        /// Docker.
        Docker = "docker",
    }
}

impl Format {
    /// The scope that works for whatever reads this form: Docker ignores keys with a path.
    pub const fn usual_scope(self) -> KeyScope {
        match self {
            Self::KubernetesSecret => KeyScope::Organization,
            Self::DockerConfig | Self::Podman | Self::Docker | Self::Env => KeyScope::Registry,
        }
    }

    /// The name of the file that this form is downloaded as.
    pub fn file_name(self, login: &Login<'_>) -> String {
        let name = login.file_stem();
        match self {
            Self::DockerConfig => format!("{name}-auth.json"),
            Self::KubernetesSecret => format!("{name}-secret.yml"),
            Self::Podman | Self::Docker => format!("{name}-login.sh"),
            Self::Env => format!("{name}.env"),
        }
    }
}

/// A robot, its secret, and the registry that they are for.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Host and port as image names write them: SERVER_HOSTNAME.
    pub registry: &'a str,
    /// The robot.
    pub robot: &'a RobotName,
    /// Its secret.
    pub secret: &'a Secret,
}

impl Login<'_> {
    /// The credentials in the form `format`.
    pub fn render(&self, format: Format, scope: KeyScope) -> Secret {
        match format {
            Format::DockerConfig => self.docker_config(scope),
            Format::KubernetesSecret => self.kubernetes_secret(scope),
            Format::Podman => self.login_line(Tool::Podman),
            Format::Docker => self.login_line(Tool::Docker),
            Format::Env => self.environment(),
        }
    }

    /// What names of files and Kubernetes objects begin with: the full name with `-` for everything that is neither letter
    /// nor digit.
    pub fn file_stem(&self) -> String {
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        self.robot.as_str().chars().map(plain).collect()
    }

    /// The key of `auths` in Docker's configuration.
    pub fn key(&self, scope: KeyScope) -> String {
        match scope {
            KeyScope::Organization => format!("{}/{}", self.registry, self.robot.namespace()),
            KeyScope::Registry => self.registry.to_owned(),
        }
    }

    /// Docker's `config.json`, without a newline at its end.
    pub fn docker_config(&self, scope: KeyScope) -> Secret {
        let pair = Secret::new(format!("{}:{}", self.robot, self.secret.expose()));
        let auth = STANDARD.encode(pair.expose());
        let config = json!({ "auths": { self.key(scope): { "auth": auth, "email": "" } } });
        Secret::new(format!("{config:#}"))
    }

    /// The line that moves a downloaded [`Self::docker_config`] to where Docker reads it.
    pub fn docker_config_move(&self) -> String {
        format!("mv {} ~/.docker/config.json", Format::DockerConfig.file_name(self))
    }

    /// The name of the Kubernetes object, for `imagePullSecrets`.
    pub fn pull_secret_name(&self) -> String {
        format!("{}-pull-secret", self.file_stem())
    }

    /// The Kubernetes object in YAML, without a newline at its end.
    pub fn kubernetes_secret(&self, scope: KeyScope) -> Secret {
        let config = STANDARD.encode(self.docker_config(scope).expose());
        let name = self.pull_secret_name();
        Secret::new(format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ndata:\n  .dockerconfigjson: {config}\n\
             type: kubernetes.io/dockerconfigjson"
        ))
    }

    /// The line that gives a downloaded [`Self::kubernetes_secret`] to the cluster.
    pub fn kubernetes_submit(&self) -> String {
        format!("kubectl create -f {} --namespace=NAMESPACEHERE", Format::KubernetesSecret.file_name(self))
    }

    /// A pod that uses the Kubernetes object.
    pub fn kubernetes_pod(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: somepod\n  namespace: all\nspec:\n  containers:\n    - name: web\n      \
             image: {}/somerepo\n  imagePullSecrets:\n    - name: {}",
            self.key(KeyScope::Organization),
            self.pull_secret_name()
        )
    }

    /// The login command. It reads the secret from standard input: typed or pasted, then Enter and Ctrl-D.
    pub fn login_command(&self, tool: Tool) -> String {
        format!("{tool} login -u='{}' --password-stdin {}", self.robot, self.registry)
    }

    /// A line for a shell that logs in by itself. `printf` is part of the shell, so that no process gets the secret as an
    /// argument; but the shell's history keeps the line if it is typed. It is made to be piped: `... | sh`.
    pub fn login_line(&self, tool: Tool) -> Secret {
        Secret::new(format!("printf %s '{}' | {}", self.secret.expose(), self.login_command(tool)))
    }

    /// Three lines that shells, `--env-file` and CI systems read alike: no value holds a character that any of them treats
    /// in its own way, so that none is quoted.
    pub fn environment(&self) -> Secret {
        Secret::new(format!(
            "REGISTRY={}\nREGISTRY_USERNAME={}\nREGISTRY_PASSWORD={}",
            self.registry,
            self.robot,
            self.secret.expose()
        ))
    }

    /// The file that Mesos fetches: an archive with [`Self::docker_config`] as `.docker/config.json`.
    pub fn mesos_archive(&self) -> String {
        format!("{}-auth.tar.gz", self.file_stem())
    }

    /// What is in [`Self::mesos_archive`]. Mesos reads Docker's configuration, and so only keys without a path.
    pub fn mesos_credentials(&self) -> Zeroizing<Vec<u8>> {
        archive::tar_gz(".docker/config.json", self.docker_config(KeyScope::Registry).expose().as_bytes())
    }

    /// The line that copies [`Self::mesos_archive`] to where agents look for it.
    pub fn mesos_copy(&self) -> String {
        format!("cp {} /etc/", self.mesos_archive())
    }

    /// The member that a Marathon application gets once the archive lies in `/etc` of every agent.
    pub fn mesos_uris(&self) -> String {
        format!("{:#}", json!({ "uris": [format!("file:///etc/{}", self.mesos_archive())] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(robot: &str, assert: impl FnOnce(Login<'_>)) {
        let (robot, secret) = (RobotName::parse(robot).unwrap(), Secret::new("ABC123"));
        assert(Login { registry: "reg.example:5000", robot: &robot, secret: &secret });
    }

    #[test]
    fn the_docker_configuration_is_quays() {
        check("acme+ci", |login| {
            let expected = "{\n  \"auths\": {\n    \"reg.example:5000/acme\": {\n      \"auth\": \"YWNtZStjaTpBQkMxMjM=\",\n      \
                            \"email\": \"\"\n    }\n  }\n}";
            assert_eq!(login.docker_config(KeyScope::Organization).expose(), expected);
            let expected = expected.replace("5000/acme", "5000");
            assert_eq!(login.render(Format::DockerConfig, KeyScope::Registry).expose(), expected);
            assert_eq!(login.docker_config_move(), "mv acme-ci-auth.json ~/.docker/config.json");
        });
    }

    #[test]
    fn the_kubernetes_secret_is_quays_and_holds_the_docker_configuration() {
        check("acme+ci", |login| {
            let secret = login.render(Format::KubernetesSecret, KeyScope::Organization);
            let config = STANDARD.encode(login.docker_config(KeyScope::Organization).expose());
            let expected = format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: acme-ci-pull-secret\ndata:\n  .dockerconfigjson: {config}\ntype: \
                 kubernetes.io/dockerconfigjson"
            );
            assert_eq!(secret.expose(), expected);
            assert_eq!(
                login.kubernetes_pod(),
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: somepod\n  namespace: all\nspec:\n  containers:\n    - name: web\n      image: \
                 reg.example:5000/acme/somerepo\n  imagePullSecrets:\n    - name: acme-ci-pull-secret"
            );
        });
    }

    #[test]
    fn a_file_has_the_same_name_wherever_it_is_named() {
        check("acme.x+bot.1_a", |login| {
            assert_eq!(Format::KubernetesSecret.file_name(&login), "acme-x-bot-1-a-secret.yml");
            assert_eq!(
                login.kubernetes_submit(),
                "kubectl create -f acme-x-bot-1-a-secret.yml --namespace=NAMESPACEHERE"
            );
            for format in Format::EVERY {
                assert!(format.file_name(&login).starts_with("acme-x-bot-1-a"), "{format}");
            }
            assert!(login.docker_config_move().contains(&Format::DockerConfig.file_name(&login)));
            assert!(login.mesos_copy().contains(&login.mesos_archive()));
            assert!(login.mesos_uris().contains("file:///etc/acme-x-bot-1-a-auth.tar.gz"));
        });
    }

    #[test]
    fn login_commands_take_the_secret_from_standard_input() {
        check("acme+ci", |login| {
            assert_eq!(
                login.login_command(Tool::Podman),
                "podman login -u='acme+ci' --password-stdin reg.example:5000"
            );
            assert_eq!(
                login.render(Format::Docker, KeyScope::Registry).expose(),
                "printf %s 'ABC123' | docker login -u='acme+ci' --password-stdin reg.example:5000"
            );
        });
    }

    #[test]
    fn the_environment_needs_no_quotes() {
        check("acme+ci", |login| {
            assert_eq!(
                login.environment().expose(),
                "REGISTRY=reg.example:5000\nREGISTRY_USERNAME=acme+ci\nREGISTRY_PASSWORD=ABC123"
            );
        });
    }

    #[test]
    fn commands_that_are_shown_do_not_hold_the_secret() {
        check("acme+ci", |login| {
            for shown in [
                login.login_command(Tool::Docker),
                login.docker_config_move(),
                login.kubernetes_submit(),
                login.kubernetes_pod(),
                login.mesos_copy(),
                login.mesos_uris(),
                format!("{login:?}"),
            ] {
                assert!(!shown.contains("ABC123"), "{shown}");
            }
        });
    }
}
