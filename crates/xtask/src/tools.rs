//! The pinned tools of `ci`: wheels with hashes, in a virtual environment of their own.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, run, succeeds};

const REQUIREMENTS: &str = "crates/xtask/tools-requirements.txt";
const APT_GET: &str = "apt-get install -y --no-install-recommends python3 python3-venv";

#[derive(Debug)]
pub(crate) struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Installs the tools into `target/tools`, unless this very list was installed before.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self> {
        let home = workspace.target().join("tools");
        let stamp = home.join("installed.txt");
        let wanted = workspace.read(REQUIREMENTS)?;
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Self {
                bin: home.join("bin"),
            });
        }
        require_python(workspace)?;
        clear(&home)?;
        run(workspace.command("python3").args(["-m", "venv"]).arg(&home))?;
        run(workspace
            .command(home.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
            ])
            .args([
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--no-deps",
                "--requirement",
            ])
            .arg(REQUIREMENTS))?;
        fs::write(&stamp, wanted)
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", stamp.display())))?;
        Ok(Self {
            bin: home.join("bin"),
        })
    }

    /// The program, if its authors build it for this platform.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.bin.join(name);
        path.is_file().then_some(path)
    }
}

pub(crate) fn no_build_here(name: &str) -> String {
    format!("{name} is not built for this platform (see {REQUIREMENTS}): CI checks this for you")
}

fn require_python(workspace: &Workspace) -> Result<()> {
    let usable = || {
        succeeds(
            workspace
                .command("python3")
                .args(["-c", "import ensurepip, venv"]),
        )
    };
    if usable() {
        return Ok(());
    }
    if workspace.in_ci() {
        run(workspace.command("apt-get").arg("update"))?;
        run(workspace
            .command("apt-get")
            .args(APT_GET.split(' ').skip(1)))?;
        if usable() {
            return Ok(());
        }
    }
    Err(Failure::new(format!(
        "the tools of `ci` need Python 3 with its module venv; on Debian and Ubuntu: {APT_GET}"
    )))
}

fn clear(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    fs::remove_dir_all(directory)
        .map_err(|e| Failure::new(format!("cannot remove {}: {e}", directory.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_pinned_by_version_and_hash() {
        let text = Workspace::find().unwrap().read(REQUIREMENTS).unwrap();
        let tools: Vec<&str> = text.lines().filter(|line| line.contains("==")).collect();
        assert_eq!(tools.len(), 4, "{tools:?}");
        for block in text.split("\n\n").filter(|block| block.contains("==")) {
            assert!(block.contains("--hash=sha256:"), "{block}");
        }
    }
}
