//! Secrets Manager: the two keyrings of a stack.

use std::fmt;
use std::io;
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

/// A secret; clones share it. Its text can be replaced and taken away while the stack runs.
#[derive(Clone)]
pub struct Secret {
    id: &'static str,
    text: Arc<Mutex<Option<Zeroizing<String>>>>,
    file: Option<PathBuf>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Makes the secret of this name with this text. `PutSecretValue` writes a new text to `file`, if one is given.
    #[must_use]
    pub fn new(id: &'static str, text: String, file: Option<PathBuf>) -> Self {
        Self {
            id,
            text: Arc::new(Mutex::new(Some(Zeroizing::new(text)))),
            file,
        }
    }

    /// Replaces the text in memory. `None` makes Secrets Manager answer 500.
    pub fn set(&self, text: Option<String>) {
        *self.lock() = text.map(Zeroizing::new);
    }

    /// Replaces the text in the file first, so that a failed write changes nothing.
    fn put(&self, text: &str) -> io::Result<()> {
        if let Some(file) = &self.file {
            replace_private(file, text)?;
        }
        self.set(Some(text.to_owned()));
        Ok(())
    }

    fn get(&self) -> Option<Zeroizing<String>> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Zeroizing<String>>> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn describe(&self, text: Option<&str>) -> Value {
        json!({
            "ARN": self.arn(),
            "Name": self.id,
            "SecretString": text,
            "VersionId": "00000000-0000-0000-0000-000000000000",
        })
    }
}

/// Answers `GetSecretValue` with the text of a secret, or with a 500 while the secret has none.
pub(super) fn get_secret_value(secrets: &[Secret], body: &[u8]) -> Response {
    let Some(secret) = find(secrets, &protocol::parse(body)) else {
        return protocol::refuse(StatusCode::BAD_REQUEST, "ResourceNotFoundException");
    };
    let Some(text) = secret.get() else {
        return protocol::refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError");
    };
    protocol::answer(&secret.describe(Some(text.as_str())))
}

/// Answers `PutSecretValue` after it has replaced the text of a secret, in its file and in memory.
pub(super) fn put_secret_value(secrets: &[Secret], body: &[u8]) -> Response {
    let request = protocol::parse(body);
    let Some(secret) = find(secrets, &request) else {
        return protocol::refuse(StatusCode::BAD_REQUEST, "ResourceNotFoundException");
    };
    let Some(text) = request.get("SecretString").and_then(Value::as_str) else {
        return protocol::refuse(StatusCode::BAD_REQUEST, "InvalidParameterException");
    };
    match secret.put(text) {
        Ok(()) => protocol::answer(&secret.describe(None)),
        Err(_) => protocol::refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceError"),
    }
}

/// Finds the secret that a call names, by name or by ARN.
fn find<'s>(secrets: &'s [Secret], request: &Value) -> Option<&'s Secret> {
    let wanted = request.get("SecretId")?.as_str()?;
    secrets.iter().find(|secret| secret.is_named(wanted))
}
