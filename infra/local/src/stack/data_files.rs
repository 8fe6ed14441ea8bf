//! The files of a stack that keeps its tables: the tables, and beside them the keyrings, the inbox and a lock.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::private::{append_private, name_file};

/// How the names of the files end that the database keeps beside its own.
const OF_SQLITE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The files of a stack. Only their owner can read them, and one process at a time has them.
#[derive(Debug)]
pub(super) struct DataFiles {
    tables: PathBuf,
    /// The lock goes with the file handle, also when the process is killed.
    _lock: File,
}

impl DataFiles {
    /// Takes the files of the tables at `tables`. They are made if they are missing.
    ///
    /// # Errors
    ///
    /// When another process has them, or one cannot be written. The error names it.
    pub(super) fn open(tables: &Path) -> io::Result<Self> {
        // A link to the file names the same tables, so the lock and the other files are beside the file itself.
        drop(append_private(tables)?);
        let real = tables.canonicalize();
        let real = real.map_err(|error| name_file(tables)(&error))?;
        let lock_path = append_extension(&real, "lock");
        let lock = append_private(&lock_path)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => name_file(tables)(
                &"another process has it; stop that one, or choose another file with --data",
            ),
            TryLockError::Error(error) => name_file(&lock_path)(&error),
        })?;
        // SQLite gives the files that it makes the mode of the tables. Those of an older version have their own.
        for ending in OF_SQLITE {
            let mut path = real.as_os_str().to_owned();
            path.push(ending);
            if Path::new(&path).exists() {
                drop(append_private(Path::new(&path))?);
            }
        }
        Ok(Self {
            tables: real,
            _lock: lock,
        })
    }

    /// The path of another file of the stack.
    pub(super) fn beside(&self, extension: &str) -> PathBuf {
        append_extension(&self.tables, extension)
    }
}

/// Appends to the name of a file, whose own extension stays: `x.db` and `x.sqlite` have files of their own.
fn append_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}
