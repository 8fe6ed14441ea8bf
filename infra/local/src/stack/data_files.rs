//! The files of a stack that keeps its tables: the tables, and beside them the keyrings, the inbox and a lock.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::private::{append_private, name_file};

/// The endings of the files that the database keeps beside its own.
const OF_SQLITE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How the names of the keyrings' files end.
pub(super) const KEYRING: &str = "keyring.json";
pub(super) const ACCOUNT_KEYRING: &str = "account-keyring.json";

/// What every database begins with (file format of `SQLite`, "The Database Header").
const HEADER: &[u8] = b"SQLite format 3\0";

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
    /// When another process has them, one cannot be written, or the tables are not a database. Also when the keyrings
    /// that they need are missing. The error names the file.
    pub(super) fn open(tables: &Path) -> io::Result<Self> {
        // Before anything of a file that is somebody else's is changed.
        let keeps_tables = check(tables)?;
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
        let files = Self {
            tables: real,
            _lock: lock,
        };
        // New keyrings would find nothing in the old tables.
        let keyrings = [KEYRING, ACCOUNT_KEYRING].map(|extension| files.beside(extension));
        match keyrings.iter().find(|keyring| !keyring.exists()) {
            Some(missing) if keeps_tables => Err(name_file(missing)(&format_args!(
                "this keyring of the tables {} is missing; put it back, or choose a new file with --data",
                tables.display()
            ))),
            _ => Ok(files),
        }
    }

    /// The path of another file of the stack.
    pub(super) fn beside(&self, extension: &str) -> PathBuf {
        append_extension(&self.tables, extension)
    }
}

/// Checks that `tables` is a database, or can become one. Returns whether it is one.
fn check(tables: &Path) -> io::Result<bool> {
    let refuse = |what: &str| Err(name_file(tables)(&what));
    let found = match std::fs::metadata(tables) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = tables.parent().filter(|folder| *folder != Path::new(""));
            return match folder.filter(|folder| !folder.exists()) {
                Some(folder) => refuse(&format!(
                    "the folder {} does not exist; make it, or choose another file with --data",
                    folder.display()
                )),
                None => Ok(false),
            };
        }
        Err(error) => return refuse(&error.to_string()),
    };
    if !found.is_file() {
        return refuse("this is not a file; --data needs the name of a file");
    }
    let mut begin = Vec::new();
    let file = File::open(tables).map_err(|error| name_file(tables)(&error))?;
    let read = file.take(HEADER.len() as u64).read_to_end(&mut begin);
    read.map_err(|error| name_file(tables)(&error))?;
    if !begin.is_empty() && begin != HEADER {
        return refuse(
            "this file is not a database; choose a new file with --data, or one that it made",
        );
    }
    Ok(!begin.is_empty())
}

/// Appends to the name of a file, whose own extension stays: `x.db` and `x.sqlite` have files of their own.
fn append_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}
