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

/// After how many minutes every function and every cache of the key set knows a new key.
const MINUTES: u64 = PUBLISHED_AFTER.as_secs() / 60;

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
    if matches!(command, KeysCommand::List) {
        return Ok(report(&opened, operator.now(), ""));
    }
    let keeps_passwords = opened.secret.keeps_passwords();
    let lifetime = match command {
        KeysCommand::Retire { .. } if !keeps_passwords => {
            longest_token_lifetime(&operator.read_policy().await?)
        }
        _ => SESSION_LIFETIME,
    };
    if let Some(consequence) = warn(&command, keeps_passwords) {
        if !common.yes {
            // What would be refused is refused before the question.
            let mut trial = read_document(&opened.version, &opened.secret)?;
            change(operator, &mut trial, &opened.secret, &command, lifetime)?;
        }
        confirm(common, &consequence)?;
    }
    // The instant is that of the change: the question may have stood for minutes.
    let done = change(
        operator,
        &mut opened.document,
        &opened.secret,
        &command,
        lifetime,
    )?;
    save(operator, &opened).await?;
    let done = if opened.document.was_first_form() {
        format!("{done}\n{CONVERTED}")
    } else {
        done
    };
    Ok(report(&opened, operator.now(), &done))
}

/// Says what a change breaks, for the confirmation. `None` for a change that breaks nothing.
fn warn(command: &KeysCommand, keeps_passwords: bool) -> Option<String> {
    match command {
        KeysCommand::List | KeysCommand::Add { .. } => None,
        KeysCommand::Rotate { leaked: _ } => Some(leak::warn(keeps_passwords)),
        KeysCommand::Promote { id, .. } => Some(format!("This makes new tokens with `{id}`.")),
        KeysCommand::Retire { id, .. } => Some(format!("This removes `{id}` for good.")),
        KeysCommand::RetirePepper { id, .. } => {
            Some(format!("This removes the pepper `{id}` for good."))
        }
        KeysCommand::AddRsa { .. } => Some(format!(
            "This adds an RSA key. From {MINUTES} minutes later on it signs {} with RS256.",
            name_signed(keeps_passwords)
        )),
    }
}

/// Changes the keyring as of now, and says what was done. `lifetime` is how long tokens of a retired root may be in
/// use.
fn change(
    operator: &Operator,
    document: &mut KeyringDocument,
    secret: &KeyringSecret,
    command: &KeysCommand,
    lifetime: Duration,
) -> Result<String, CommandError> {
    let now = operator.now();
    let refused = |error| explain_refusal(&error);
    Ok(match command {
        KeysCommand::List => String::new(),
        KeysCommand::Rotate { leaked: _ } => leak::replace(operator, document, secret, now)?,
        KeysCommand::Add { id } => {
            let id = id.clone().unwrap_or_else(|| document.next_id());
            document.add(&id, &*draw_key()?, now).map_err(refused)?;
            format!("`{id}` is added; promote it in {MINUTES} minutes")
        }
        KeysCommand::Promote { id, force } => {
            document.promote(id, now, *force).map_err(refused)?;
            format!("`{id}` is current")
        }
        KeysCommand::Retire { id, force } => {
            let retired = document.retire(id, lifetime, now, *force);
            retired.map_err(refused)?;
            format!("`{id}` is retired")
        }
        KeysCommand::RetirePepper { .. } if !secret.keeps_passwords() => {
            return Err(CommandError::new(
                Exit::Usage,
                "the verification service has no passwords, so its keyring has no pepper in use",
                "name the keyring of an account stack, with --stack-name or --keyring account",
            ));
        }
        KeysCommand::RetirePepper { id, force } => {
            document.retire_pepper(id, now, *force).map_err(refused)?;
            format!("the pepper `{id}` is retired")
        }
        KeysCommand::AddRsa { id } => {
            let id = id.clone().unwrap_or_else(|| document.next_rsa_id());
            let added = document.add_rsa(&id, &generate_rsa_key()?, now);
            added.map_err(refused)?;
            let tokens = name_signed(secret.keeps_passwords());
            format!("`{id}` signs {tokens} in {MINUTES} minutes")
        }
    })
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
    let document = read_document(&version, &secret)?;
    Ok(OpenKeyring {
        secret,
        version,
        document,
    })
}

fn read_document(
    version: &Version,
    secret: &KeyringSecret,
) -> Result<KeyringDocument, CommandError> {
    let document = KeyringDocument::from_json(&version.text);
    let mut document =
        document.map_err(|error| CommandError::new(Exit::Failed, error.to_string(), ""))?;
    secret.check_owner(document.owner())?;
    document.set_owner(secret.owner);
    Ok(document)
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
