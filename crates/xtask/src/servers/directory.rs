//! Where the servers of one run keep their logs and files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::process::{Pid, getpid, test_kill_process};

use crate::failure::{Failure, Result};

const PREFIX: &str = "run-";

/// Named after the process, so that runs side by side do not meet. Stays for a look at the
/// logs unless [`remove`](Self::remove) is called; the next run clears it away.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    pub(crate) fn create(home: &Path) -> Result<Self> {
        let path = home.join(format!("{PREFIX}{}", process::id()));
        let created = fs::create_dir_all(home)
            .and_then(|()| clear_ended_runs(home))
            // For its user alone: it will hold keys.
            .and_then(|()| DirBuilder::new().mode(0o700).create(&path));
        match created {
            Ok(()) => Ok(Self { path }),
            Err(e) => Err(Failure::new(format!(
                "cannot create {}: {e}",
                path.display()
            ))),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A directory inside.
    pub(crate) fn child(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir(&path)
            .map_err(|e| Failure::new(format!("cannot create {}: {e}", path.display())))?;
        Ok(path)
    }

    pub(crate) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.path)
            .map_err(|e| Failure::new(format!("cannot remove {}: {e}", self.path.display())))
    }
}

fn clear_ended_runs(home: &Path) -> io::Result<()> {
    for entry in fs::read_dir(home)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if id.parse().is_ok_and(|id| !runs(id)) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A directory with our own number is left from a process that had it before.
fn runs(id: i32) -> bool {
    Pid::from_raw(id).is_some_and(|id| id != getpid() && test_kill_process(id).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn directories_of_ended_runs_are_cleared_away_and_no_others() {
        let target = Workspace::find().unwrap().target().to_owned();
        let home = target.join(format!("tmp/xtask-runs-{}", process::id()));
        let running = home.join(format!("{PREFIX}{}", std::os::unix::process::parent_id()));
        // No process can have this number.
        let ended = home.join(format!("{PREFIX}{}", i32::MAX));
        let other = home.join("python");
        for path in [&running, &ended, &other] {
            fs::create_dir_all(path).unwrap();
        }
        let ours = RunDirectory::create(&home).unwrap();
        assert!(running.exists() && other.exists());
        assert!(!ended.exists());
        assert!(ours.child("redis").unwrap().is_dir());
        ours.remove().unwrap();
        assert!(!ours.path().exists());
        fs::remove_dir_all(home).unwrap();
    }
}
