//! The tools themselves, so that a broken machine is not taken for a broken service.

use super::image::Image;
use super::tools;

#[test]
#[ignore = "needs the tools of tests/install-tools.sh"]
fn the_small_image_is_a_valid_layout_to_skopeo() {
    if !tools::have(&["skopeo"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let image = Image::create(dir.path(), "hello");
    let source = format!("oci:{}:small", image.layout());
    let copied = format!("oci:{}:copy", dir.path().join("copy").display());
    tools::run(tools::command("skopeo").args(["copy", &source, &copied])).allowed("copying a layout");
}
