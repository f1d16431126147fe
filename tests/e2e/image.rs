//! A container image made from nothing: one layer with one small file, as an OCI layout that every client reads.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;

use super::tools::{command, run};

/// An OCI image layout on disk, and its parts for pushing them by hand.
pub(crate) struct Image {
    dir: PathBuf,
    layer: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

/// The media type of [`Image::manifest`].
pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

impl Image {
    /// Writes an image whose one file holds `content` into the directory `image` in `parent`; its tag is `small`.
    pub(crate) fn create(parent: &Path, content: &str) -> Image {
        let layer = tar("hello.txt", content.as_bytes());
        let layer_digest = sha256(&layer);
        let config = serde_json::to_vec(&json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/hello"]},
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
            "history": [{"created_by": "a test"}],
        }))
        .unwrap();
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "size": config.len(),
                "digest": sha256(&config),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "size": layer.len(),
                "digest": layer_digest,
            }],
        }))
        .unwrap();
        let image = Image { dir: parent.join("image"), layer, config, manifest };
        image.write();
        image
    }

    /// The layout's directory.
    pub(crate) fn layout(&self) -> String {
        self.dir.to_str().unwrap().to_owned()
    }

    /// The directory that the layout's is in.
    pub(crate) fn parent(&self) -> &Path {
        self.dir.parent().unwrap()
    }

    /// The manifest's bytes.
    pub(crate) fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// The manifest's digest.
    pub(crate) fn digest(&self) -> String {
        sha256(&self.manifest)
    }

    /// Layer and configuration.
    pub(crate) fn blobs(&self) -> [&[u8]; 2] {
        [&self.layer, &self.config]
    }

    /// The layout as one tar file, which `ctr` and `docker` import.
    pub(crate) fn archive(&self) -> String {
        let archive = self.dir.with_extension("tar");
        let archive = archive.to_str().unwrap().to_owned();
        run(command("tar").args(["-cf", &archive, "-C", &self.layout(), "."])).output();
        archive
    }

    /// The layer as a tar file: what `docker import` makes an image of.
    pub(crate) fn root_file_system(&self) -> String {
        let path = self.dir.with_extension("rootfs.tar");
        std::fs::write(&path, &self.layer).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn write(&self) {
        let blobs = self.dir.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).unwrap();
        for blob in [&self.layer, &self.config, &self.manifest] {
            std::fs::write(blobs.join(&sha256(blob)["sha256:".len()..]), blob).unwrap();
        }
        std::fs::write(self.dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": MANIFEST_TYPE,
            "size": self.manifest.len(),
            "digest": self.digest(),
            "annotations": {"org.opencontainers.image.ref.name": "small"},
        }]});
        std::fs::write(self.dir.join("index.json"), index.to_string()).unwrap();
    }
}

/// `sha256:` and the digest in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// A ustar archive with one file, its owner and times zero so that the bytes depend on the content alone.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let fields: [(usize, &[u8]); 8] = [
        (0, name.as_bytes()),
        (100, b"0000644\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, &format!("{:011o}\0", content.len()).into_bytes()),
        (136, b"00000000000\0"),
        // The checksum is taken with its own field full of blanks.
        (148, b"        0"),
        (257, b"ustar\x0000"),
    ];
    for (offset, bytes) in fields {
        header[offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}
