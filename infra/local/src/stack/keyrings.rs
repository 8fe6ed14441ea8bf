//! The keyring secrets of a stack.

use std::io;
use std::path::PathBuf;

use phoneproof_aws::keys::KeyringOwner;
use phoneproof_crypto::base64url;
use phoneproof_crypto::keyring::{Keyring, KeyringError};
use phoneproof_domain::random::{Random, draw_array};

use crate::aws::{ACCOUNT_SECRET_ID, SECRET_ID, Secret};
use crate::private::{append_private, name_file, replace_private};

/// Opens the keyring secret of `owner`: the text that is given, else the text in `file`, else a new keyring, which is
/// written to `file`. A stack that keeps its tables must keep its keyrings too: the tables' keys are indexes made with
/// them.
///
/// # Errors
///
/// When a file cannot be used, or the one that is there holds no keyring of `owner`. The error names it.
pub(super) fn open(
    owner: KeyringOwner,
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
            let text = std::fs::read_to_string(path).map_err(|error| name_file(path)(&error))?;
            check(&text, owner).map_err(|error| name_file(path)(&error))?;
            text
        }
        (None, None) => {
            let new = generate(owner, random)?;
            if let Some(path) = &file {
                replace_private(path, &new)?;
            }
            new
        }
    };
    let id = match owner {
        KeyringOwner::Verification => SECRET_ID,
        KeyringOwner::Account => ACCOUNT_SECRET_ID,
    };
    Ok(Secret::new(id, text, file))
}

fn check(text: &str, owner: KeyringOwner) -> Result<(), KeyringError> {
    owner.check(Keyring::from_json(text)?.owner())
}

/// Makes a keyring with one root of 32 random bytes.
fn generate(owner: KeyringOwner, random: &dyn Random) -> io::Result<String> {
    let root: [u8; 32] = draw_array(random).map_err(io::Error::other)?;
    Ok(format!(
        "{{\"owner\":\"{owner}\",\"current\":\"r1\",\"r1\":\"{}\"}}",
        base64url(root)
    ))
}
