//! An archive with one file, as `tar -czf` makes it: the same bytes for the same content, readable by its owner only.

use flate2::{Compression, GzBuilder};
use std::io::Write;
use zeroize::Zeroizing;

/// Header, content and end of an archive are whole blocks of this size (POSIX.1-1988, ustar).
const BLOCK: usize = 512;

/// A gzip-compressed archive with one file. `name` has at most 100 bytes.
pub(super) fn tar_gz(name: &str, content: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut archive = Zeroizing::new(Vec::with_capacity(content.len() + 4 * BLOCK));
    archive.extend_from_slice(&header(name, content.len()));
    archive.extend_from_slice(content);
    let padded = archive.len().next_multiple_of(BLOCK);
    // Two empty blocks end an archive.
    archive.resize(padded + 2 * BLOCK, 0);
    let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    // Writing into memory cannot fail.
    let written = packer.write_all(&archive).and_then(|()| packer.finish());
    Zeroizing::new(written.unwrap_or_default())
}

fn header(name: &str, size: usize) -> [u8; BLOCK] {
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        if let Some(field) = block.get_mut(at..at + text.len()) {
            field.copy_from_slice(text);
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    // The sum is taken with blanks in its own place.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\0");
    put(263, b"00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    if let Some(field) = block.get_mut(148..155) {
        field.copy_from_slice(format!("{sum:06o}\0").as_bytes());
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_archive_holds_the_file_and_ends_with_two_empty_blocks() {
        let mut archive = Vec::new();
        let packed = tar_gz(".docker/config.json", b"{}");
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut archive).unwrap();
        assert_eq!(archive.len(), 4 * BLOCK);
        assert!(archive.starts_with(b".docker/config.json\0"));
        assert_eq!(&archive[BLOCK..BLOCK + 3], b"{}\0");
        assert!(archive[2 * BLOCK..].iter().all(|byte| *byte == 0));
        assert_eq!(&archive[257..265], b"ustar\x0000");
    }

    /// What matters is that the program that unpacks it agrees.
    #[test]
    fn tar_unpacks_it() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.tar.gz"), tar_gz(".docker/config.json", b"{\"auths\": {}}"))
            .unwrap();
        let mut tar = std::process::Command::new("tar");
        let status = tar.args(["-xzf", "a.tar.gz"]).current_dir(directory.path()).status().unwrap();
        assert!(status.success());
        let unpacked = std::fs::read_to_string(directory.path().join(".docker/config.json")).unwrap();
        assert_eq!(unpacked, "{\"auths\": {}}");
    }
}
