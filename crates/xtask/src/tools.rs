//! The pinned tools of `ci`: wheels with hashes, in a virtual environment of their own.

use std::path::PathBuf;
#[cfg(unix)]
use std::process::Command;

use crate::failure::Result;
#[cfg(unix)]
use crate::process::Supervisor;
use crate::venv::Venv;
use crate::workspace::Workspace;
#[cfg(not(unix))]
use crate::workspace::run as run_guarded;

const VENV: Venv = Venv {
    requirements: "crates/xtask/tools-requirements.txt",
    directory: "tools",
    python: "3.8",
    user: "the tools of `ci`",
};

#[derive(Debug)]
pub(crate) struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// Installs the tools into `target/tools`, unless this very list was installed before.
    pub(crate) fn install(workspace: &Workspace) -> Result<Self> {
        Ok(Self {
            bin: VENV.install(workspace, run_guarded)?,
        })
    }

    /// The program, if its authors build it for this platform.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.bin.join(name);
        path.is_file().then_some(path)
    }
}

#[cfg(unix)]
fn run_guarded(command: &mut Command) -> Result<()> {
    Supervisor::new()?.run(command)
}

pub(crate) fn no_build_here(name: &str) -> String {
    format!(
        "{name} is not built for this platform (see {}): CI checks this for you",
        VENV.requirements
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venv::pinned;

    #[test]
    fn every_tool_is_pinned_by_version_and_hash() {
        let text = Workspace::find().unwrap().read(VENV.requirements).unwrap();
        assert_eq!(pinned(&text).len(), 4);
    }
}
