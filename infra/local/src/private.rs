//! Files that only their owner can read, for secrets.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Makes an error that says which file it is about.
pub(crate) fn name_file(path: &Path) -> impl Fn(&dyn fmt::Display) -> io::Error {
    move |error| io::Error::other(format!("{}: {error}", path.display()))
}

/// Opens `path` to append to it. The file is made if it is missing, and from now on only its owner can read it.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    open_private(options, path)
}

/// Writes `text` to `path` and replaces what the file held. A crash leaves the old text or the new one, complete.
pub(crate) fn replace_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = open_private(options, &unfinished)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(unfinished, path));
    written.map_err(|error| name_file(path)(&error))
}

#[cfg(unix)]
fn open_private(mut options: OpenOptions, path: &Path) -> io::Result<File> {
    use std::fs::Permissions;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let file = options
        .mode(0o600)
        .open(path)
        .map_err(|error| name_file(path)(&error))?;
    // The mode above is that of a new file. One that was there may have another.
    file.set_permissions(Permissions::from_mode(0o600))
        .map_err(|error| name_file(path)(&error))?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_private(options: OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path).map_err(|error| name_file(path)(&error))
}
