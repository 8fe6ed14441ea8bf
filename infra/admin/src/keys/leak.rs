//! `keys rotate --leaked`: makes a keyring worthless that somebody may have read.

use std::time::Duration;

use phoneproof_crypto::keyring::KeyringOwner;
use phoneproof_crypto::keyring_edit::{KeyringDocument, Replaced, Replacement};
use phoneproof_domain::clock::Timestamp;

use super::{draw_key, generate_rsa_key};
use crate::operator::{KeyringSecret, Operator};
use crate::output::CommandError;

/// What everybody loses, for the confirmation. Account stacks lose other things.
pub(super) fn warn(keeps_passwords: bool) -> String {
    let lost = if keeps_passwords {
        "ends every session: everybody logs in again, with the same password"
    } else {
        "ends every open challenge and every unspent success token: those people ask for a new code"
    };
    format!("This removes every root at once, and {lost}.")
}

/// Replaces the keys in `document`. Returns what to tell the operator.
pub(super) fn replace(
    operator: &Operator,
    document: &mut KeyringDocument,
    secret: &KeyringSecret,
    now: Timestamp,
) -> Result<String, CommandError> {
    let keeps_passwords = secret.keeps_passwords();
    let (root, pepper) = (draw_key()?, draw_key()?);
    let has_rsa = document.has_rsa();
    let rsa = has_rsa.then(generate_rsa_key).transpose()?;
    let new = Replacement {
        root: &root,
        pepper: keeps_passwords.then_some(&pepper),
        rsa: rsa.as_deref().map(Vec::as_slice),
    };
    let replaced = document.replace_leaked(new, now);
    let done = if keeps_passwords {
        describe_accounts(&replaced)
    } else {
        describe_verification(&replaced, now)
    };
    let other = name_other(secret.owner, operator.names_stack());
    Ok(format!("{done}\n{other}"))
}

/// Says that the keyring of the other service is as it was, and how to replace that one too.
fn name_other(owner: KeyringOwner, names_stack: bool) -> String {
    let (other, stack) = match owner {
        KeyringOwner::Verification => (KeyringOwner::Account, "an account stack"),
        KeyringOwner::Account => (KeyringOwner::Verification, "the verification stack"),
    };
    let how = if names_stack {
        format!("give the name of {stack} with --stack-name")
    } else {
        format!("repeat the command with --keyring {other}")
    };
    format!(
        "Not touched: the keyring of the {other} service. If somebody may have read that one too, {how}."
    )
}

/// The sentence about the functions, which both kinds of stack need.
const FUNCTIONS: &str = "\
Each running function still uses the old keys for up to 5 minutes, or for up to an hour where it cannot read the secret.
New function instances use the new keys at once: the runbook says how to start them (After a leak).";

/// After how long the account service, as every relying party with the guard, refuses tokens of a root that is gone:
/// five minutes for the functions, five for caches of the key set, five for the guard.
const REFUSED_AFTER: Duration = Duration::from_mins(15);

fn describe_verification(replaced: &Replaced, now: Timestamp) -> String {
    format!(
        "{}
Ended: every open challenge and every unspent success token. Those people ask for a new code.
Kept: limits, locks and blocks.
{FUNCTIONS}
The secrets of the send hook and of receipts are new. A receiver still takes texts that a thief signs with an old one: give
it what `phoneproof-admin hook-secrets` prints now, and take every old secret out.
Relying parties refuse forged tokens after 15 minutes at most: 5 for the functions, 5 for caches of the key set, 5 for
the guard, or for a library that is set up as in the READMEs. Others keep old keys longer: jose 10 minutes by default,
keyfunc for Go an hour, API Gateway's own authorizer two hours. While the key set is out of reach, the guard uses old keys
for an hour at most, and keyfunc without end. Restart every service that you are not sure of.
Next, if you run accounts: the account service takes forged tokens until {}. Then replace the keys of the accounts, even
if you have just replaced them: it ends the sessions that forged tokens began. Forged resets of passwords stay: the
runbook says how to find those accounts (After a leak, steps 5 and 6).",
        summarize(replaced),
        now + REFUSED_AFTER
    )
}

fn describe_accounts(replaced: &Replaced) -> String {
    let pepper = replaced.pepper.as_deref().unwrap_or_default();
    format!(
        "{}
Ended: every session, access token and refresh token, and the stored names of devices. Everybody logs in again.
Kept: accounts, passwords, recovery codes and limits. Passwords get the new pepper `{pepper}` when they are next typed
in, from 5 minutes on.
{FUNCTIONS}
Next, if the keyring of the verification service may have been read: forged success tokens begin sessions here until 15
minutes after that keyring was replaced. Repeat this command then, because it ended only what began before it. Forged
resets of passwords stay: the runbook says how to find those accounts (After a leak, steps 5 and 6).",
        summarize(replaced)
    )
}

fn summarize(replaced: &Replaced) -> String {
    let quote = |ids: &[&str]| -> String {
        let quoted: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
        quoted.join(", ")
    };
    let ended: Vec<_> = replaced.ended.iter().map(String::as_str).collect();
    let new: Vec<_> = std::iter::once(replaced.root.as_str())
        .chain(replaced.rsa.as_deref())
        .collect();
    format!("Current: {}. Gone: {}.", quote(&new), quote(&ended))
}
