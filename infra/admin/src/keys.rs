//! `keys`: changes the keyring one safe step at a time, or all of it after a leak.

mod leak;
mod report;

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::keyring::PUBLISHED_AFTER;
use phoneproof_crypto::keyring_edit::{EditError, KeyringDocument};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::draw_array;
use zeroize::Zeroizing;

use crate::cli::{Common, KeysArguments, KeysCommand};
use crate::confirm::confirm;
use crate::operator::{KeyringSecret, Operator};
use crate::output::{CommandError, Exit, Reply};
use crate::secret::Version;

use self::report::report;

/// How long a session of the account service lives at most (infra/RUNBOOK.md, Keys of the accounts). Its refresh tokens
/// and the names of its devices are made with the roots.
const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// What an operator must know when the keyring was written in its second form for the first time.
const CONVERTED: &str = "\
The keyring has a new form. Functions that were deployed before this form existed cannot read it: deploy them now.";

/// The keyring as it was read. It is written back only if nobody else has changed it since.
struct OpenKeyring {
    secret: KeyringSecret,
    version: Version,
    document: KeyringDocument,
}

pub(crate) async fn run(
    operator: &Operator,
    common: &Common,
    arguments: KeysArguments,
) -> Result<Reply, CommandError> {
    let command = arguments.command;
    let secret = operator
        .find_keyring(arguments.keyring.map(Into::into))
        .await?;
    let mut opened = open(operator, secret).await?;
    let (document, now) = (&mut opened.document, operator.now());
    let refused = |error| explain_refusal(&error);
    let done = match command {
        KeysCommand::List => return Ok(report(&opened, now, "")),
        KeysCommand::Rotate { leaked: _ } => {
            confirm(common, &leak::warn(opened.secret.keeps_passwords()))?;
            leak::replace(operator, &mut opened, now)?
        }
        KeysCommand::Add { id } => {
            let id = id.unwrap_or_else(|| document.next_id());
            document.add(&id, &*draw_key()?, now).map_err(refused)?;
            let minutes = PUBLISHED_AFTER.as_secs() / 60;
            format!("`{id}` is added; promote it in {minutes} minutes")
        }
        KeysCommand::Promote { id, force } => {
            document.promote(&id, now, force).map_err(refused)?;
            confirm(common, &format!("This makes new tokens with `{id}`."))?;
            format!("`{id}` is current")
        }
        KeysCommand::Retire { id, force } => {
            let lifetime = if opened.secret.keeps_passwords() {
                SESSION_LIFETIME
            } else {
                longest_token_lifetime(&operator.read_policy().await?)
            };
            document
                .retire(&id, lifetime, now, force)
                .map_err(refused)?;
            confirm(common, &format!("This removes `{id}` for good."))?;
            format!("`{id}` is retired")
        }
        KeysCommand::RetirePepper { .. } if !opened.secret.keeps_passwords() => {
            return Err(CommandError::new(
                Exit::Usage,
                "the verification service has no passwords, so its keyring has no pepper in use",
                "name the keyring of an account stack, with --stack-name or --keyring account",
            ));
        }
        KeysCommand::RetirePepper { id, force } => {
            document.retire_pepper(&id, now, force).map_err(refused)?;
            confirm(common, &format!("This removes the pepper `{id}` for good."))?;
            format!("the pepper `{id}` is retired")
        }
        KeysCommand::AddRsa { id } => {
            let id = id.unwrap_or_else(|| document.next_rsa_id());
            document
                .add_rsa(&id, &generate_rsa_key()?, now)
                .map_err(refused)?;
            let minutes = PUBLISHED_AFTER.as_secs() / 60;
            let tokens = name_signed(opened.secret.keeps_passwords());
            let consequence = format!(
                "This signs {tokens} with RS256 and `{id}`, from {minutes} minutes later on."
            );
            confirm(common, &consequence)?;
            format!("`{id}` signs {tokens} in {minutes} minutes")
        }
    };
    save(operator, &opened).await?;
    let done = if opened.document.was_first_form() {
        format!("{done}\n{CONVERTED}")
    } else {
        done
    };
    Ok(report(&opened, now, &done))
}

/// The longest time that a challenge token and the success token made from it can be in use, over all businesses.
fn longest_token_lifetime(policy: &Policy) -> Duration {
    let businesses = policy.businesses.values();
    let lifetimes = businesses.map(|business| business.code_lifetime + business.success_lifetime);
    lifetimes.max().unwrap_or_default()
}

/// Names the tokens that the service signs for others.
const fn name_signed(keeps_passwords: bool) -> &'static str {
    if keeps_passwords {
        "access tokens"
    } else {
        "success tokens"
    }
}

/// Draws the bytes of a new root or pepper.
fn draw_key() -> Result<Zeroizing<[u8; 32]>, CommandError> {
    let bytes = draw_array(&SystemRandom).map(Zeroizing::new);
    bytes.map_err(|_| {
        CommandError::new(
            Exit::Failed,
            "the operating system gave no random bytes",
            "",
        )
    })
}

/// Generates an RSA key of 2048 bits. That is 112 bits of strength, which NIST SP 800-131A accepts until 2030. API
/// Gateway checks signatures of this size fastest.
fn generate_rsa_key() -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let failed = |_| CommandError::new(Exit::Failed, "no RSA key could be generated", "");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

async fn open(operator: &Operator, secret: KeyringSecret) -> Result<OpenKeyring, CommandError> {
    let version = Version::read_current(&operator.aws, &secret.id).await?;
    let document = KeyringDocument::from_json(&version.text);
    let mut document =
        document.map_err(|error| CommandError::new(Exit::Failed, error.to_string(), ""))?;
    secret.check_owner(document.owner())?;
    document.set_owner(secret.owner);
    Ok(OpenKeyring {
        secret,
        version,
        document,
    })
}

/// Writes the keyring, unless somebody else has changed it since it was read.
async fn save(operator: &Operator, opened: &OpenKeyring) -> Result<(), CommandError> {
    let text = opened.document.to_json();
    let text = text.map_err(|error| {
        CommandError::new(Exit::Failed, error.to_string(), "nothing was changed")
    })?;
    opened.version.replace(&operator.aws, &text).await
}

/// Turns an error of an edit into the exit code and the advice for it.
fn explain_refusal(error: &EditError) -> CommandError {
    let (exit, advice) = match error {
        EditError::Keyring(_)
        | EditError::Exists(_)
        | EditError::Used { .. }
        | EditError::Malformed { .. }
        | EditError::Reserved { .. } => (Exit::Usage, ""),
        EditError::Unknown(_) | EditError::Current(_) => (Exit::Nothing, "see `keys list`"),
        EditError::Unsafe(_) => (Exit::Refused, ""),
        EditError::TooEarly { .. } => (
            Exit::Refused,
            "wait; after a leak, see `keys rotate --leaked`",
        ),
    };
    CommandError::new(exit, error.to_string(), advice)
}
