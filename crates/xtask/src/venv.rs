//! Python programs from wheels that are pinned by hash, in a virtual environment of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::apt::{self, Need};
use crate::failure::{Failure, Result};
use crate::lock::lock;
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
    /// Installs the list with `run`, unless this very list was installed here before. Gives the
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
        let is_installed = || {
            let stamped = fs::read_to_string(&stamp).ok()?;
            (stamped == identity(&bin)? + &wanted).then_some(())
        };
        if is_installed().is_some() {
            return Ok(bin);
        }
        let _lock = lock(&home.with_extension("lock"))?;
        if is_installed().is_some() {
            return Ok(bin);
        }
        self.require_python(workspace)?;
        clear(&home)?;
        run(workspace.command("python3").args(["-m", "venv"]).arg(&home))?;
        // Here a run that is killed leaves nothing behind for good.
        let scratch = home.join("tmp");
        create(&scratch)?;
        run(workspace
            .command(bin.join("python"))
            .env("TMPDIR", &scratch)
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .arg("--disable-pip-version-check")
            // Python compiles what it imports, which is little of all this.
            .arg("--no-compile")
            .args(["--require-hashes", "--only-binary", ":all:", "--no-deps"])
            .args(["--requirement", self.requirements]))?;
        clear(&scratch)?;
        let identity = identity(&bin)
            .ok_or_else(|| Failure::new(format!("the Python in {} does not run", bin.display())))?;
        fs::write(&stamp, identity + &wanted)
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

/// Where this environment is and of which Python. It works nowhere else, and with no other:
/// a target directory may be copied or kept for another machine.
fn identity(bin: &Path) -> Option<String> {
    let script = "import sys, sysconfig; print(sys.prefix, sys.version, sysconfig.get_platform())";
    let output = Command::new(bin.join("python"))
        .args(["-c", script])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

fn create(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .map_err(|e| Failure::new(format!("cannot create {}: {e}", directory.display())))
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
}
