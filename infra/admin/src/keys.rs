//! `keys`: changes the keyring one safe step at a time.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use phoneproof_aws::clients::error_code;
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::keyring_edit::{EditError, KeyFacts, KeyringDocument};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::random_array;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::{Common, KeysCommand};
use crate::confirm::confirm;
use crate::operator::{KeyringSecret, Operator};
use crate::output::{CommandError, Exit, Reply, format_or_dash, format_table, make_row};

/// How long a session of the account service lives at most (infra/RUNBOOK.md, Keys of the accounts). Its refresh tokens
/// and the names of its devices are made with the roots.
const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// The keyring as it was read. It is written back only if nobody else has changed it since.
struct OpenKeyring {
    secret: KeyringSecret,
    text: Zeroizing<String>,
    document: KeyringDocument,
}

pub(crate) async fn run(
    operator: &Operator,
    common: &Common,
    command: KeysCommand,
) -> Result<Reply, CommandError> {
    let mut opened = open(operator).await?;
    let now = operator.now();
    match command {
        KeysCommand::List => Ok(report(&opened.document, "")),
        KeysCommand::Add { id } => {
            let id = id.unwrap_or_else(|| opened.document.next_id());
            opened
                .document
                .add(&id, &*draw_root()?, now)
                .map_err(|error| explain_refusal(&error))?;
            save(operator, &opened).await?;
            Ok(report(
                &opened.document,
                &format!("`{id}` is added; promote it in five minutes"),
            ))
        }
        KeysCommand::Promote { id, force } => {
            opened
                .document
                .promote(&id, now, force)
                .map_err(|error| explain_refusal(&error))?;
            confirm(common, &format!("This makes new tokens with `{id}`."))?;
            save(operator, &opened).await?;
            Ok(report(&opened.document, &format!("`{id}` is current")))
        }
        KeysCommand::Retire { id, force } => {
            let lifetime = if opened.secret.keeps_passwords {
                SESSION_LIFETIME
            } else {
                longest_token_lifetime(&operator.read_policy()?)
            };
            opened
                .document
                .retire(&id, lifetime, now, force)
                .map_err(|error| explain_refusal(&error))?;
            if opened.secret.keeps_passwords && !force {
                return Err(refuse_to_lose_passwords(&id));
            }
            confirm(common, &format!("This removes `{id}` for good."))?;
            save(operator, &opened).await?;
            Ok(report(&opened.document, &format!("`{id}` is retired")))
        }
        KeysCommand::AddRsa { id } => {
            opened
                .document
                .add_rsa(&id, &generate_rsa_key()?, now)
                .map_err(|error| explain_refusal(&error))?;
            confirm(
                common,
                &format!(
                    "This signs success tokens with RS256 and `{id}`, from five minutes later on."
                ),
            )?;
            save(operator, &opened).await?;
            Ok(report(
                &opened.document,
                &format!("`{id}` signs success tokens in five minutes"),
            ))
        }
    }
}

/// The longest time that a challenge token and the success token made from it can be in use, over all businesses.
fn longest_token_lifetime(policy: &Policy) -> Duration {
    let businesses = policy.businesses.values();
    let lifetimes = businesses.map(|business| business.code_lifetime + business.success_lifetime);
    lifetimes.max().unwrap_or_default()
}

/// Refuses to retire a root. Passwords may be made with it, and the keyring does not say which, so the operator must
/// count them.
fn refuse_to_lose_passwords(id: &str) -> CommandError {
    let message = format!("passwords made with `{id}` could then only be reset");
    let advice = "count them as infra/RUNBOOK.md says (Keys of the accounts), then add --force";
    CommandError::new(Exit::Refused, message, advice)
}

/// Draws the bytes of a new root.
fn draw_root() -> Result<Zeroizing<[u8; 32]>, CommandError> {
    let bytes = random_array(&SystemRandom).map(Zeroizing::new);
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

async fn open(operator: &Operator) -> Result<OpenKeyring, CommandError> {
    let secret = operator.find_keyring().await?;
    let text = operator.read_secret(&secret.id).await?;
    let document = KeyringDocument::from_json(&text);
    let document =
        document.map_err(|error| CommandError::new(Exit::Failed, error.to_string(), ""))?;
    Ok(OpenKeyring {
        secret,
        text,
        document,
    })
}

/// Writes the keyring, unless somebody else has changed it since it was read. Secrets Manager has no conditional write,
/// so one of two changes in the same second can still be lost.
async fn save(operator: &Operator, opened: &OpenKeyring) -> Result<(), CommandError> {
    let text = opened.document.to_json();
    let text = text.map_err(|error| {
        CommandError::new(Exit::Failed, error.to_string(), "nothing was changed")
    })?;
    if *operator.read_secret(&opened.secret.id).await? != *opened.text {
        return Err(CommandError::new(
            Exit::Refused,
            "somebody else changed the keyring in the meantime, so this change was not made",
            "see `keys list`, then try again",
        ));
    }
    let client = aws_sdk_secretsmanager::Client::new(&operator.aws);
    let request = client
        .put_secret_value()
        .secret_id(&opened.secret.id)
        .secret_string(text.as_str());
    let answer = request.send().await;
    answer.map_err(|error| CommandError::call("PutSecretValue", &error_code(&error)))?;
    Ok(())
}

/// Turns an error of an edit into the exit code and the advice for it.
fn explain_refusal(error: &EditError) -> CommandError {
    let (exit, advice) = match error {
        EditError::Keyring(_) | EditError::Exists(_) => (Exit::Usage, ""),
        EditError::Unknown(_) | EditError::Current(_) => (Exit::Nothing, "see `keys list`"),
        EditError::Unsafe(_) => (Exit::Refused, ""),
        EditError::TooEarly { .. } => (Exit::Refused, "wait, or add --force after a leak"),
    };
    CommandError::new(exit, error.to_string(), advice)
}

/// Reports the keys, under the sentence `done` that says what was changed.
fn report(document: &KeyringDocument, done: &str) -> Reply {
    let keys = document.keys();
    let mut rows = vec![make_row(["key", "algorithm", "", "added", "replaced"])];
    rows.extend(keys.iter().map(|key| {
        let roles = [(key.is_current, "current"), (key.is_index, "index")];
        let roles: Vec<_> = roles
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, role)| *role)
            .collect();
        vec![
            key.id.clone(),
            key.algorithm.to_owned(),
            roles.join(", "),
            format_or_dash(key.added),
            format_or_dash(key.replaced),
        ]
    }));
    let json = json!({ "keys": keys.iter().map(describe_key).collect::<Value>() });
    let separator = if done.is_empty() { "" } else { "\n\n" };
    Reply::done(json, format!("{done}{separator}{}", format_table(&rows)))
}

fn describe_key(key: &KeyFacts) -> Value {
    json!({
        "id": key.id,
        "algorithm": key.algorithm,
        "current": key.is_current,
        "index": key.is_index,
        "added": key.added,
        "replaced": key.replaced,
    })
}
