//! Where the servers of one run keep their logs and files.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::lock::lock;

const PREFIX: &str = "run-";

/// The file in it that a run keeps locked. Says more than the number of a process, which
/// means nothing to another container that shares the disk.
const LOCK: &str = "lock";

/// Stays for a look at the logs unless [`remove`](Self::remove) is called; the next run
/// clears it away.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    path: PathBuf,
    _lock: File,
}

impl RunDirectory {
    pub(crate) fn create(home: &Path) -> Result<Self> {
        // One at a time: nobody clears away what has no lock yet.
        let _lock = lock(&home.with_extension("lock"))?;
        clear_ended_runs(home)
            .and_then(|()| first_free(home))
            .map_err(|e| {
                Failure::new(format!(
                    "cannot create a directory in {}: {e}",
                    home.display()
                ))
            })
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

    /// What cannot be removed is the next run's to clear away.
    pub(crate) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn clear_ended_runs(home: &Path) -> io::Result<()> {
    fs::create_dir_all(home)?;
    for entry in fs::read_dir(home)?.flatten() {
        let path = entry.path();
        let is_run = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        if is_run && !is_locked(&path.join(LOCK)) {
            // May be left from another user.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

fn is_locked(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_err())
}

fn first_free(home: &Path) -> io::Result<RunDirectory> {
    let mut number = 0;
    loop {
        number += 1;
        let path = home.join(format!("{PREFIX}{number}"));
        // For its user alone: it will hold keys.
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => {
                created?;
                let lock = File::create(path.join(LOCK))?;
                lock.lock()?;
                return Ok(RunDirectory { path, _lock: lock });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn directories_of_ended_runs_are_cleared_away_and_no_others() {
        let target = Workspace::find().unwrap().target().to_owned();
        let home = target.join(format!("tmp/xtask-runs-{}", process::id()));
        let other = home.join("python");
        // The number is one of no process, as it is in another container.
        let foreign = home.join(format!("{PREFIX}{}", i32::MAX));
        for path in [&other, &foreign] {
            fs::create_dir_all(path).unwrap();
        }
        let lock = File::create(foreign.join(LOCK)).unwrap();
        lock.lock().unwrap();
        let first = RunDirectory::create(&home).unwrap();
        let second = RunDirectory::create(&home).unwrap();
        assert!(first.path().exists() && second.path() != first.path());
        assert!(foreign.exists() && other.exists());
        assert!(second.child("redis").unwrap().is_dir());
        drop((first, lock));
        let third = RunDirectory::create(&home).unwrap();
        assert_eq!(third.path(), home.join("run-1"));
        assert!(!foreign.exists());
        second.remove();
        assert!(!second.path().exists());
        fs::remove_dir_all(&home).unwrap();
        fs::remove_file(home.with_extension("lock")).unwrap();
    }
}
