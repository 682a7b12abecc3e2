//! Python programs from wheels that are pinned by hash, in a virtual environment of their own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt::{self, Need};
use crate::failure::{Failure, Result};
use crate::workspace::{Workspace, succeeds};

/// What to install, and where.
#[derive(Debug)]
pub(crate) struct Venv {
    /// The file that pins every wheel.
    pub(crate) requirements: &'static str,
    /// The directory under `target`.
    pub(crate) directory: &'static str,
    /// The least version of Python, as `3.11`.
    pub(crate) python: &'static str,
    /// Who needs Python, for the message.
    pub(crate) user: &'static str,
}

impl Venv {
    /// Installs the list with `run`, unless this very list was installed before. Gives the
    /// directory of the programs.
    pub(crate) fn install(
        &self,
        workspace: &Workspace,
        run: impl Fn(&mut Command) -> Result<()>,
    ) -> Result<PathBuf> {
        let home = workspace.target().join(self.directory);
        let bin = home.join("bin");
        let stamp = home.join("installed.txt");
        let wanted = workspace.read(self.requirements)?;
        let installed = || fs::read_to_string(&stamp).is_ok_and(|text| text == wanted);
        if installed() {
            return Ok(bin);
        }
        let _lock = lock(&home.with_extension("lock"))?;
        if installed() {
            return Ok(bin);
        }
        self.require_python(workspace)?;
        clear(&home)?;
        run(workspace.command("python3").args(["-m", "venv"]).arg(&home))?;
        run(workspace
            .command(bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .arg("--disable-pip-version-check")
            // Python compiles what it imports, which is little of all this.
            .arg("--no-compile")
            .args(["--require-hashes", "--only-binary", ":all:", "--no-deps"])
            .args(["--requirement", self.requirements]))?;
        fs::write(&stamp, &wanted)
            .map_err(|e| Failure::new(format!("cannot write {}: {e}", stamp.display())))?;
        Ok(bin)
    }

    fn require_python(&self, workspace: &Workspace) -> Result<()> {
        let check = format!(
            "import ensurepip, sys, venv; sys.exit(sys.version_info < ({}))",
            self.python.replace('.', ", ")
        );
        let need = Need {
            sentence: &format!(
                "{} need Python {} or later with its module venv",
                self.user, self.python
            ),
            packages: "python3 python3-venv",
        };
        apt::require(workspace, &need, || {
            succeeds(workspace.command("python3").args(["-c", &check]))
        })
    }
}

/// Held until dropped: two runs may begin at once.
fn lock(path: &Path) -> Result<File> {
    let locked = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(path))
        .and_then(|file| file.lock().map(|()| file));
    locked.map_err(|e| Failure::new(format!("cannot lock {}: {e}", path.display())))
}

fn clear(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    fs::remove_dir_all(directory)
        .map_err(|e| Failure::new(format!("cannot remove {}: {e}", directory.display())))
}

/// The names of the pinned packages. Panics if one has no hash.
#[cfg(test)]
pub(crate) fn pinned(requirements: &str) -> Vec<&str> {
    let lines = requirements.lines().filter(|line| !line.starts_with('#'));
    let mut packages = Vec::new();
    let mut hashes = 1;
    for line in lines {
        if let Some((name, _)) = line.split_once("==") {
            assert!(hashes > 0, "{packages:?}");
            packages.push(name);
            hashes = 0;
        } else if line.trim_start().starts_with("--hash=sha256:") {
            hashes += 1;
        }
    }
    assert!(hashes > 0, "{packages:?}");
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "first")]
    fn a_package_without_hash_is_found() {
        pinned("first==1.0\nsecond==1.0 \\\n  --hash=sha256:00\n");
    }

    #[test]
    fn what_is_installed_is_not_installed_again() {
        let workspace = Workspace::find().unwrap();
        let venv = Venv {
            requirements: "crates/xtask/test-floor.txt",
            directory: "tmp/xtask-venv",
            python: "3.8",
            user: "these tests",
        };
        let home = workspace.target().join(venv.directory);
        fs::create_dir_all(&home).unwrap();
        let floor = workspace.read(venv.requirements).unwrap();
        fs::write(home.join("installed.txt"), floor).unwrap();
        let bin = venv.install(&workspace, |_| Err(Failure::new("nothing to run")));
        assert_eq!(bin, Ok(home.join("bin")));
    }
}
