//! What cargo knows of the workspace: features, examples, the versions of what it is built from.

use std::path::PathBuf;

use serde_json::Value;

use crate::cargo::{cargo, output};

/// The answer of `cargo metadata`.
#[derive(Debug)]
pub(crate) struct Metadata(Value);

impl Metadata {
    pub(crate) fn read() -> Result<Self, String> {
        let text = output(&mut cargo(&["metadata", "--format-version", "1", "--locked"]))?;
        serde_json::from_str(&text).map(Self).map_err(|why| format!("reading cargo's metadata: {why}"))
    }

    /// The features of a package, less `default`.
    pub(crate) fn features(&self, package: &str) -> Result<Vec<String>, String> {
        let features = self.package(package)?["features"].as_object().into_iter().flatten();
        Ok(features.map(|(name, _)| name.clone()).filter(|name| name != "default").collect())
    }

    /// The features that a package has by default.
    pub(crate) fn default_features(&self, package: &str) -> Result<Vec<String>, String> {
        let defaults = self.package(package)?["features"]["default"].as_array().into_iter().flatten();
        Ok(defaults.filter_map(|name| name.as_str().map(str::to_owned)).collect())
    }

    /// The examples of a package.
    pub(crate) fn examples(&self, package: &str) -> Result<Vec<String>, String> {
        let targets = self.package(package)?["targets"].as_array().into_iter().flatten();
        let examples = targets.filter(|target| target["kind"][0] == "example");
        Ok(examples.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect())
    }

    /// The version of a package, of ours or of another's, as the lock file has it.
    pub(crate) fn version(&self, package: &str) -> Result<&str, String> {
        Ok(self.package(package)?["version"].as_str().unwrap_or_default())
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target_folder(&self) -> PathBuf {
        PathBuf::from(self.0["target_directory"].as_str().unwrap_or("target"))
    }

    fn package(&self, name: &str) -> Result<&Value, String> {
        let mut packages = self.0["packages"].as_array().into_iter().flatten();
        packages
            .find(|package| package["name"] == name)
            .ok_or_else(|| format!("cargo's metadata has no package {name:?}"))
    }
}
