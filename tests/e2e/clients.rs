//! Every client behind one face, each with its files (credentials, images, sockets) in a directory of its own.

mod containerd;
mod containers;
mod crane;
mod docker;
mod oras;

use super::image::Image;
use super::tools::Outcome;

pub(crate) use containerd::{Containerd, Kubelet};
pub(crate) use containers::{Buildah, Podman, Skopeo};
pub(crate) use crane::Crane;
pub(crate) use docker::Docker;
pub(crate) use oras::Oras;

/// What a client can be asked to do. `None` is for what it has no command for.
pub(crate) trait Client {
    /// The client's name and version, by its own word.
    fn version(&self) -> String;

    /// Takes credentials for `registry`. Whether they are tried at once is [`Client::login_asks`].
    fn login(&self, registry: &str, user: &str, secret: &str) -> Outcome;

    /// Forgets what [`Client::login`] took.
    fn logout(&self, registry: &str);

    /// Whether a login asks the token service, and so fails with a wrong secret.
    fn login_asks(&self) -> bool {
        true
    }

    /// Whether it asks for tokens by POST, the OAuth way, and by GET only if that fails.
    fn posts(&self) -> bool {
        false
    }

    /// Pulls an image that is not here yet.
    fn pull(&self, reference: &str) -> Outcome;

    /// Pushes `image` under the name `reference`.
    fn push(&self, _image: &Image, _reference: &str) -> Option<Outcome> {
        None
    }

    /// Copies from one repository to another of the same registry by mounting the layers.
    fn copy(&self, _from: &str, _to: &str) -> Option<Outcome> {
        None
    }

    /// Deletes an image from the registry.
    fn delete(&self, _reference: &str) -> Option<Outcome> {
        None
    }

    /// Lists the registry's repositories.
    fn catalog(&self, _registry: &str) -> Option<Outcome> {
        None
    }
}
