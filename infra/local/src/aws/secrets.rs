//! Secrets Manager: the two keyrings of a stack.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::protocol;
use crate::private::replace_private;

/// The name of the secret with the verification service's keyring.
pub const SECRET_ID: &str = "phoneproof/keyring";

/// The name of the secret with the account service's keyring.
pub const ACCOUNT_SECRET_ID: &str = "phoneproof/account-keyring";

/// The label of the version that is in use.
const CURRENT: &str = "AWSCURRENT";

/// A secret with its versions; clones share it. Its text can be replaced and taken away while the stack runs.
#[derive(Clone, derive_more::Debug)]
#[debug("Secret(…)")]
pub struct Secret {
    id: &'static str,
    versions: Arc<Mutex<Versions>>,
    file: Option<PathBuf>,
}

/// The versions of a secret. Each label is at one version.
#[derive(Default)]
struct Versions {
    /// The texts, by the id of the version; `None` for a text that was taken away.
    texts: BTreeMap<String, Option<Zeroizing<String>>>,
    /// The id of the version that each label is at.
    labels: BTreeMap<String, String>,
}

impl Versions {
    fn current(&self) -> Option<(&str, Option<&Zeroizing<String>>)> {
        let id = self.labels.get(CURRENT)?;
        Some((id, self.texts.get(id)?.as_ref()))
    }

    /// Adds a version that is in use at once.
    fn set(&mut self, text: Option<String>) {
        let id = format!("00000000-0000-0000-0000-{:012}", self.texts.len());
        self.texts.insert(id.clone(), text.map(Zeroizing::new));
        self.labels.insert(CURRENT.to_owned(), id);
    }
}

/// Why a call is refused: the error code of Secrets Manager.
type Refusal = &'static str;

const NOT_FOUND: Refusal = "ResourceNotFoundException";
const INVALID: Refusal = "InvalidParameterException";
const FAILED: Refusal = "InternalServiceError";

impl Secret {
    /// Makes the secret of this name with this text. Every further text that comes into use is written to `file`, if
    /// one is given.
    #[must_use]
    pub fn new(id: &'static str, text: String, file: Option<PathBuf>) -> Self {
        let mut versions = Versions::default();
        versions.set(Some(text));
        Self {
            id,
            versions: Arc::new(Mutex::new(versions)),
            file,
        }
    }

    /// Replaces the text in memory. `None` makes Secrets Manager answer 500.
    pub fn set(&self, text: Option<String>) {
        self.lock().set(text);
    }

    /// Returns the text that is in use; `None` if it was taken away.
    pub(crate) fn text(&self) -> Option<Zeroizing<String>> {
        let versions = self.lock();
        versions.current().and_then(|(_, text)| text.cloned())
    }

    /// Adds a version with these labels; with none, it is in use at once. The same version again changes nothing.
    fn put(&self, id: &str, text: &str, labels: &[&str]) -> Result<(), Refusal> {
        let mut versions = self.lock();
        match versions.texts.get(id) {
            Some(Some(known)) if **known == text => return Ok(()),
            Some(_) => return Err("ResourceExistsException"),
            None => {}
        }
        let labels = if labels.is_empty() {
            &[CURRENT]
        } else {
            labels
        };
        if labels.contains(&CURRENT) {
            self.keep(text)?;
        }
        let text = Some(Zeroizing::new(text.to_owned()));
        versions.texts.insert(id.to_owned(), text);
        for label in labels {
            versions.labels.insert((*label).to_owned(), id.to_owned());
        }
        Ok(())
    }

    /// Moves a label to the version `to`, if it is at the version `from` or nowhere.
    fn move_label(&self, label: &str, to: &str, from: Option<&str>) -> Result<(), Refusal> {
        let mut versions = self.lock();
        let text = versions.texts.get(to).ok_or(NOT_FOUND)?;
        let is_at = versions.labels.get(label).map(String::as_str);
        if is_at != from && is_at != Some(to) {
            return Err(INVALID);
        }
        if label == CURRENT {
            let text = text.as_ref().ok_or(FAILED)?;
            self.keep(text)?;
        }
        versions.labels.insert(label.to_owned(), to.to_owned());
        Ok(())
    }

    /// Writes the text that comes into use to the file, before it is in use. So a failed write changes nothing.
    fn keep(&self, text: &str) -> Result<(), Refusal> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        replace_private(file, text).map_err(|error| {
            tracing::error!(%error, "a secret was not written to its file");
            FAILED
        })
    }

    fn lock(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arn(&self) -> String {
        format!(
            "arn:aws:secretsmanager:us-east-1:000000000000:secret:{}",
            self.id
        )
    }

    fn is_named(&self, wanted: &str) -> bool {
        wanted == self.id || wanted == self.arn()
    }

    fn describe(&self, version: &str) -> Value {
        json!({ "ARN": self.arn(), "Name": self.id, "VersionId": version })
    }
}

/// Answers `GetSecretValue` with the text in use of a secret, or with a 500 while the secret has none.
pub(super) fn get_secret_value(secrets: &[Secret], body: &[u8]) -> Response {
    answer(|| {
        let secret = find(secrets, &protocol::parse(body))?;
        let versions = secret.lock();
        let (id, text) = versions.current().ok_or(FAILED)?;
        let text = text.ok_or(FAILED)?.as_str();
        Ok(json!({ "ARN": secret.arn(), "Name": secret.id, "VersionId": id, "SecretString": text }))
    })
}

/// Answers `PutSecretValue`, which adds a version of a secret.
pub(super) fn put_secret_value(secrets: &[Secret], body: &[u8]) -> Response {
    answer(|| {
        let request = protocol::parse(body);
        let secret = find(secrets, &request)?;
        let member = |name| request.get(name).and_then(Value::as_str).ok_or(INVALID);
        let (id, text) = (member("ClientRequestToken")?, member("SecretString")?);
        let labels = request.get("VersionStages").and_then(Value::as_array);
        let labels: Vec<_> = labels
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        secret.put(id, text, &labels)?;
        Ok(secret.describe(id))
    })
}

/// Answers `UpdateSecretVersionStage`, which moves a label from one version of a secret to another.
pub(super) fn update_secret_version_stage(secrets: &[Secret], body: &[u8]) -> Response {
    answer(|| {
        let request = protocol::parse(body);
        let secret = find(secrets, &request)?;
        let member = |name| request.get(name).and_then(Value::as_str);
        let label = member("VersionStage").ok_or(INVALID)?;
        let to = member("MoveToVersionId").ok_or(INVALID)?;
        secret.move_label(label, to, member("RemoveFromVersionId"))?;
        Ok(secret.describe(to))
    })
}

/// Answers with what `call` returns.
fn answer(call: impl FnOnce() -> Result<Value, Refusal>) -> Response {
    match call() {
        Ok(body) => protocol::answer(&body),
        Err(FAILED) => protocol::refuse(StatusCode::INTERNAL_SERVER_ERROR, FAILED),
        Err(code) => protocol::refuse(StatusCode::BAD_REQUEST, code),
    }
}

/// Finds the secret that a call names, by name or by ARN.
fn find<'s>(secrets: &'s [Secret], request: &Value) -> Result<&'s Secret, Refusal> {
    let wanted = request.get("SecretId").and_then(Value::as_str);
    let found = secrets
        .iter()
        .find(|secret| wanted.is_some_and(|id| secret.is_named(id)));
    found.ok_or(NOT_FOUND)
}
