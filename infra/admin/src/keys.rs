//! `keys`: the keyring, one safe step at a time.

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

use crate::cli::{Common, Keys};
use crate::confirm::confirm;
use crate::operator::{KeyringPlace, Operator};
use crate::output::{Exit, Failure, Outcome, or_dash, row, table};

/// The keyring as it was read, to be written back if nobody else wrote it meanwhile.
struct Opened {
    place: KeyringPlace,
    text: Zeroizing<String>,
    document: KeyringDocument,
}

pub(crate) async fn run(
    operator: &Operator,
    common: &Common,
    command: Keys,
) -> Result<Outcome, Failure> {
    let mut opened = open(operator).await?;
    let now = operator.now();
    match command {
        Keys::List => Ok(shown(&opened.document, "")),
        Keys::Add { id } => {
            let id = id.unwrap_or_else(|| opened.document.next_id());
            opened
                .document
                .add(&id, &*random()?, now)
                .map_err(|error| refused(&error))?;
            save(operator, &opened).await?;
            Ok(shown(
                &opened.document,
                &format!("`{id}` is added; promote it in five minutes"),
            ))
        }
        Keys::Promote { id, force } => {
            opened
                .document
                .promote(&id, now, force)
                .map_err(|error| refused(&error))?;
            confirm(common, &format!("This makes new tokens with `{id}`."))?;
            save(operator, &opened).await?;
            Ok(shown(&opened.document, &format!("`{id}` is current")))
        }
        Keys::Retire { id, force } => {
            let lifetime = if opened.place.keeps_passwords {
                session_lifetime()
            } else {
                token_lifetime(&operator.policy()?)
            };
            opened
                .document
                .retire(&id, lifetime, now, force)
                .map_err(|error| refused(&error))?;
            if opened.place.keeps_passwords && !force {
                return Err(passwords_would_be_lost(&id));
            }
            confirm(common, &format!("This removes `{id}` for good."))?;
            save(operator, &opened).await?;
            Ok(shown(&opened.document, &format!("`{id}` is retired")))
        }
        Keys::AddRsa { id } => {
            opened
                .document
                .add_rsa(&id, &new_rsa_key()?, now)
                .map_err(|error| refused(&error))?;
            confirm(
                common,
                &format!(
                    "This signs success tokens with RS256 and `{id}`, from five minutes later on."
                ),
            )?;
            save(operator, &opened).await?;
            Ok(shown(
                &opened.document,
                &format!("`{id}` signs success tokens in five minutes"),
            ))
        }
    }
}

/// The longest that a token of any business can be in use.
fn token_lifetime(policy: &Policy) -> Duration {
    let businesses = policy.businesses.values();
    let lifetimes = businesses.map(|business| business.code_lifetime + business.success_lifetime);
    lifetimes.max().unwrap_or_default()
}

/// How long a session of the account service lives at most: its refresh tokens and the names of its devices are
/// made with the roots.
const fn session_lifetime() -> Duration {
    Duration::from_hours(30 * 24)
}

/// Nothing in the keyring says which passwords were made with a root, so only the operator can.
fn passwords_would_be_lost(id: &str) -> Failure {
    let message = format!("passwords that were last used under `{id}` could only be reset");
    let advice = "count them as infra/RUNBOOK.md says (Keys of the accounts), then add --force";
    Failure::new(Exit::Refused, message, advice)
}

fn random() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let bytes = random_array(&SystemRandom).map(Zeroizing::new);
    bytes.map_err(|_| Failure::new(Exit::Failed, "the system has no random bytes", ""))
}

/// 2048 bits: 112 bits of strength, accepted until 2030 (NIST SP 800-131A), and what API Gateway checks
/// fastest.
fn new_rsa_key() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |_| Failure::new(Exit::Failed, "no RSA key could be generated", "");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

async fn open(operator: &Operator) -> Result<Opened, Failure> {
    let place = operator.keyring_place().await?;
    let text = operator.keyring_text(&place.secret).await?;
    let document = KeyringDocument::from_json(&text);
    let document = document.map_err(|error| Failure::new(Exit::Failed, error.to_string(), ""))?;
    Ok(Opened {
        place,
        text,
        document,
    })
}

/// Writes the keyring, unless somebody else changed it since it was read. Secrets Manager has no conditional
/// write, so two operators in the same second can still lose one of two changes.
async fn save(operator: &Operator, opened: &Opened) -> Result<(), Failure> {
    let text = opened.document.to_json();
    let text =
        text.map_err(|error| Failure::new(Exit::Failed, error.to_string(), "nothing was changed"))?;
    if *operator.keyring_text(&opened.place.secret).await? != *opened.text {
        return Err(Failure::new(
            Exit::Refused,
            "somebody else changed the keyring",
            "look at `keys list`, then try again",
        ));
    }
    let client = aws_sdk_secretsmanager::Client::new(&operator.aws);
    let request = client
        .put_secret_value()
        .secret_id(&opened.place.secret)
        .secret_string(text.as_str());
    let answer = request.send().await;
    answer.map_err(|error| Failure::call("PutSecretValue", &error_code(&error)))?;
    Ok(())
}

fn refused(error: &EditError) -> Failure {
    let (exit, advice) = match error {
        EditError::Keyring(_) | EditError::Exists(_) => (Exit::Usage, ""),
        EditError::Unknown(_) | EditError::Current(_) => (Exit::Nothing, "see `keys list`"),
        EditError::Unsafe(_) => (Exit::Refused, ""),
        EditError::TooEarly { .. } => (Exit::Refused, "wait, or add --force after a leak"),
    };
    Failure::new(exit, error.to_string(), advice)
}

fn shown(document: &KeyringDocument, done: &str) -> Outcome {
    let keys = document.keys();
    let mut rows = vec![row(["key", "algorithm", "", "added", "replaced"])];
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
            or_dash(key.added),
            or_dash(key.replaced),
        ]
    }));
    let json = json!({ "keys": keys.iter().map(fact).collect::<Value>() });
    let separator = if done.is_empty() { "" } else { "\n\n" };
    Outcome::done(json, format!("{done}{separator}{}", table(&rows)))
}

fn fact(key: &KeyFacts) -> Value {
    json!({
        "id": key.id,
        "algorithm": key.algorithm,
        "current": key.is_current,
        "index": key.is_index,
        "added": key.added,
        "replaced": key.replaced,
    })
}
