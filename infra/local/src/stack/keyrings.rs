//! The keyring secrets of a stack.

use std::io;
use std::path::PathBuf;

use phoneproof_crypto::base64url;
use phoneproof_domain::random::{Random, random_array};

use crate::aws::Secret;
use crate::private::{append_private, name_file, replace_private};

/// Opens the keyring secret `id`: the text that is given, else the text in `file`, else a new keyring, which is written
/// to `file`. A stack that keeps its tables must keep its keyrings too: the tables' keys are indexes made with them.
pub(super) fn open(
    id: &'static str,
    given: Option<&String>,
    file: Option<PathBuf>,
    random: &dyn Random,
) -> io::Result<Secret> {
    let kept = file.as_ref().filter(|path| path.exists());
    let text = match (given, kept) {
        (Some(given), _) => given.clone(),
        (None, Some(path)) => {
            // A file of an older version, or of another tool, may be readable for others.
            drop(append_private(path)?);
            std::fs::read_to_string(path).map_err(|error| name_file(path)(&error))?
        }
        (None, None) => {
            let new = generate(random)?;
            if let Some(path) = &file {
                replace_private(path, &new)?;
            }
            new
        }
    };
    Ok(Secret::new(id, text, file))
}

/// Makes a keyring with one root of 32 random bytes.
fn generate(random: &dyn Random) -> io::Result<String> {
    let root: [u8; 32] = random_array(random).map_err(io::Error::other)?;
    Ok(format!(
        "{{\"current\":\"r1\",\"r1\":\"{}\"}}",
        base64url(root)
    ))
}
