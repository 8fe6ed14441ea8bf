//! Secrets of Secrets Manager: read with their version, and replaced only while that version is the current one.

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use phoneproof_aws::clients::error_code;
use phoneproof_domain::clock::Timestamp;
use zeroize::Zeroizing;

use crate::output::{CommandError, Exit};

/// The label of the version that is in use.
const CURRENT: &str = "AWSCURRENT";

/// The label of a version that an operator is about to put in use. A version without a label may be deleted.
const EDITED: &str = "phoneproof-edited";

/// A version of a secret.
pub(crate) struct Version {
    /// The name or ARN of the secret.
    pub(crate) secret: String,
    pub(crate) id: String,
    /// When it was written, if Secrets Manager says so.
    pub(crate) created: Option<Timestamp>,
    pub(crate) text: Zeroizing<String>,
}

impl Version {
    /// Reads the version in use of the secret with this name or ARN.
    pub(crate) async fn read_current(aws: &SdkConfig, secret: &str) -> Result<Self, CommandError> {
        let client = Client::new(aws);
        let answer = client.get_secret_value().secret_id(secret).send().await;
        let answer =
            answer.map_err(|e| CommandError::of_operation("GetSecretValue", &error_code(&e)))?;
        Ok(Self {
            secret: secret.to_owned(),
            created: answer
                .created_date
                .map(|created| Timestamp::from_unix(created.secs())),
            id: answer.version_id.unwrap_or_default(),
            text: Zeroizing::new(answer.secret_string.unwrap_or_default()),
        })
    }

    /// Puts a new text in use in place of this version.
    ///
    /// `PutSecretValue` alone would replace what another operator has written since. So the text first becomes a
    /// version that nobody uses. Secrets Manager then moves [`CURRENT`] to it only if the label is still at this
    /// version (AWS Secrets Manager API reference, `UpdateSecretVersionStage`).
    ///
    /// # Errors
    ///
    /// [`Exit::Refused`] if another version is in use by now. Nothing was changed then.
    pub(crate) async fn replace(&self, aws: &SdkConfig, text: &str) -> Result<(), CommandError> {
        let client = Client::new(aws);
        let put = client
            .put_secret_value()
            .secret_id(&self.secret)
            .secret_string(text)
            .version_stages(EDITED);
        let put = put.send().await;
        let put = put.map_err(|e| CommandError::of_operation("PutSecretValue", &error_code(&e)))?;
        let new = put.version_id.unwrap_or_default();
        let moved = client
            .update_secret_version_stage()
            .secret_id(&self.secret)
            .version_stage(CURRENT)
            .move_to_version_id(&new)
            .remove_from_version_id(&self.id)
            .send()
            .await;
        let Err(error) = moved else { return Ok(()) };
        // The SDK repeats a call whose reply was lost. The repeat is refused if the first one moved the label.
        if Self::read_current(aws, &self.secret).await?.id == new {
            return Ok(());
        }
        match error_code(&error).as_str() {
            "InvalidParameterException" | "InvalidRequestException" => Err(CommandError::new(
                Exit::Refused,
                "somebody else changed the keyring in the meantime, so this change was not made",
                "see `keys list`, then try again",
            )),
            code => Err(CommandError::of_operation("UpdateSecretVersionStage", code)),
        }
    }
}
