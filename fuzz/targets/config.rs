//! Configuration files.

use super::text;
use dockpass::config::Config;
use std::collections::BTreeMap;
use std::path::Path;

/// A file that is taken is one whose every setting can be relied on; one that is not says where it is wrong.
pub(crate) fn yaml(data: &[u8]) {
    let text = text(data);
    match Config::parse(Some((Path::new("config.yaml"), &text)), &BTreeMap::new()) {
        Ok(config) => {
            assert!(!config.derived.services.is_empty());
            assert!((60..=86_400).contains(&config.tokens.lifetime.as_secs()));
        }
        Err(error) => assert!(!error.problems().is_empty()),
    }
}
