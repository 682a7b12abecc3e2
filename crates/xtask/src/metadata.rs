//! The part of `cargo metadata` that the dependency rules look at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, capture};

#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    /// For each package of the resolved tree: its name and the features switched on.
    pub(crate) resolved: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest: PathBuf,
    pub(crate) member: bool,
    /// Plain `cargo build` and `cargo test` take it along.
    pub(crate) by_default: bool,
    pub(crate) published: bool,
    pub(crate) description: bool,
    pub(crate) readme: bool,
    pub(crate) docs_rs: bool,
    pub(crate) dependencies: Vec<Dependency>,
    /// The feature table: name and what it switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Neither a dev- nor a build-dependency.
    pub(crate) normal: bool,
    pub(crate) features: Vec<String>,
}

impl Metadata {
    /// The whole tree with every feature of every member.
    pub(crate) fn load(workspace: &Workspace) -> Result<Self> {
        let mut command = workspace.cargo("metadata");
        command.args(["--format-version", "1", "--all-features", "--quiet"]);
        let text = capture(&mut command)?;
        let json = serde_json::from_str(&text)
            .map_err(|e| Failure::new(format!("`cargo metadata` wrote no valid JSON: {e}")))?;
        Ok(Self::read(&json))
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.member)
    }

    fn read(json: &Value) -> Self {
        let members = strings(&json["workspace_members"]);
        let defaults = strings(&json["workspace_default_members"]);
        let by_id: BTreeMap<&str, Package> = items(&json["packages"])
            .filter_map(|package| {
                let id = package["id"].as_str()?;
                let is_in = |list: &[String]| list.iter().any(|member| member == id);
                let package = Package {
                    member: is_in(&members),
                    by_default: is_in(&defaults),
                    ..read_package(package)
                };
                Some((id, package))
            })
            .collect();
        let resolved = items(&json["resolve"]["nodes"])
            .filter_map(|node| {
                let package = by_id.get(node["id"].as_str()?)?;
                Some((package.name.clone(), strings(&node["features"])))
            })
            .collect();
        Self {
            packages: by_id.into_values().collect(),
            resolved,
        }
    }
}

fn read_package(json: &Value) -> Package {
    Package {
        name: string(&json["name"]),
        manifest: PathBuf::from(string(&json["manifest_path"])),
        // null: to any registry; a list: to these; an empty list: to none
        published: json["publish"]
            .as_array()
            .is_none_or(|registries| !registries.is_empty()),
        description: json["description"].is_string(),
        readme: json["readme"].is_string(),
        docs_rs: json["metadata"]["docs"]["rs"].is_object(),
        dependencies: items(&json["dependencies"])
            .map(|dependency| Dependency {
                name: string(&dependency["name"]),
                normal: dependency["kind"].is_null(),
                features: strings(&dependency["features"]),
            })
            .collect(),
        features: json["features"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, switches)| (name.clone(), strings(switches)))
            .collect(),
        ..Package::default()
    }
}

fn items(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_array().into_iter().flatten()
}

fn string(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn strings(json: &Value) -> Vec<String> {
    items(json).map(string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_see_what_cargo_says() {
        let metadata = Metadata::read(&json!({
            "workspace_members": ["path+file:///w/a#0.1.0"],
            "workspace_default_members": ["path+file:///w/a#0.1.0"],
            "packages": [{
                "id": "path+file:///w/a#0.1.0", "name": "a", "manifest_path": "/w/a/Cargo.toml",
                "publish": null, "description": "text", "readme": null,
                "metadata": {"docs": {"rs": {"all-features": true}}},
                "dependencies": [
                    {"name": "b", "kind": null, "features": ["x"]},
                    {"name": "c", "kind": "dev", "features": []},
                ],
                "features": {"f": ["b/y"]},
            }, {
                "id": "registry#b@1.0.0", "name": "b", "publish": [], "metadata": null,
            }],
            "resolve": {"nodes": [{"id": "registry#b@1.0.0", "features": ["x", "y"]}]},
        }));
        let a = metadata.members().next().expect("one member");
        assert_eq!((a.name.as_str(), metadata.members().count()), ("a", 1));
        assert!(a.published && a.description && a.docs_rs && !a.readme);
        assert!(a.by_default && !metadata.packages[1].by_default);
        assert!(a.dependencies[0].normal && !a.dependencies[1].normal);
        assert_eq!(a.dependencies[0].features, ["x"]);
        assert_eq!(a.features["f"], ["b/y"]);
        assert!(!metadata.packages[1].published);
        assert_eq!(
            metadata.resolved,
            [("b".to_owned(), vec!["x".to_owned(), "y".to_owned()])]
        );
    }

    #[test]
    fn this_workspace_is_read() {
        let metadata = Metadata::load(&Workspace::find().unwrap()).unwrap();
        let xtask = metadata
            .members()
            .find(|package| package.name == "xtask")
            .expect("ourselves");
        assert!(!xtask.published && xtask.manifest.is_file());
        assert!(
            metadata
                .resolved
                .iter()
                .any(|(name, _)| name == "serde_json")
        );
    }
}
