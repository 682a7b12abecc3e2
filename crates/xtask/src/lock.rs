//! Two commands may run at once.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use crate::failure::{Failure, Result};

/// Held until dropped. Says whom it waits for.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let locked = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| File::create(path))
        .and_then(|file| match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => {
                eprintln!("waiting for the lock {}", path.display());
                file.lock().map(|()| file)
            }
            Err(TryLockError::Error(error)) => Err(error),
        });
    locked.map_err(|e| Failure::new(format!("cannot lock {}: {e}", path.display())))
}
