//! Reads the policy that a stack runs with.
//!
//! A deployed stack has it in a layer of its functions. A local one serves it at `POLICY_URL`. No command uses the copy
//! that is compiled in: with another policy than the deployed one it would decide wrongly, without a sign of it.

use std::io::{Cursor, Read as _};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use phoneproof_aws::clients::error_code;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::output::{CommandError, Exit};

/// The file of the policy in its layer.
const POLICY_FILE: &str = "policy.toml";

/// The most bytes of a layer and of a policy. A policy has a few kilobytes.
const MAX_BYTES: usize = 4 * 1_024 * 1_024;

/// How long a download may take.
const TIMEOUT: Duration = Duration::from_secs(10);

const ADVICE: &str = "give the deployed policy file with --policy";

/// Reads the policy file in the layer of a function.
pub(crate) async fn read_layer(aws: &SdkConfig, function: &str) -> Result<String, CommandError> {
    let client = Client::new(aws);
    let request = client.get_function_configuration().function_name(function);
    let answer = request.send().await.map_err(|error| {
        CommandError::of_operation("GetFunctionConfiguration", &error_code(&error))
    })?;
    let layers = answer.layers().iter();
    let policy = find_last(layers, async |layer| {
        let request = client
            .get_layer_version_by_arn()
            .arn(layer.arn().unwrap_or_default());
        let answer = request.send().await;
        let answer = answer.map_err(|error| {
            CommandError::of_operation("GetLayerVersionByArn", &error_code(&error))
        })?;
        let location = answer.content().and_then(|content| content.location());
        let archive = download(location.unwrap_or_default()).await?;
        unpack(&archive, POLICY_FILE).map_err(|cause| {
            let arn = layer.arn().unwrap_or_default();
            report_not_found(format!("the layer {arn} cannot be unpacked: {cause}"))
        })
    });
    let missing = || format!("no layer of the function `{function}` holds {POLICY_FILE}");
    to_text(policy.await?.ok_or_else(|| report_not_found(missing()))?)
}

/// Returns what `read` finds in the last of `layers` that holds it. Lambda merges the layers of a function in their
/// order, so the file of a later one replaces that of an earlier one.
async fn find_last<L, T>(
    layers: impl DoubleEndedIterator<Item = L>,
    mut read: impl AsyncFnMut(L) -> Result<Option<T>, CommandError>,
) -> Result<Option<T>, CommandError> {
    for layer in layers.rev() {
        if let Some(found) = read(layer).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Reads the policy file at a URL.
pub(crate) async fn read_url(url: &str) -> Result<String, CommandError> {
    to_text(download(url).await?)
}

fn report_not_found(message: String) -> CommandError {
    CommandError::new(Exit::Failed, message, ADVICE)
}

fn to_text(policy: Vec<u8>) -> Result<String, CommandError> {
    String::from_utf8(policy)
        .map_err(|_| report_not_found("the deployed policy is not UTF-8".to_owned()))
}

/// Downloads at most [`MAX_BYTES`] bytes.
async fn download(url: &str) -> Result<Vec<u8>, CommandError> {
    // The URL of a layer holds a signature, so no error shows it.
    let failed = |error: reqwest::Error| {
        let error = error.without_url();
        report_not_found(format!(
            "the deployed policy could not be downloaded: {error}"
        ))
    };
    let client = reqwest::Client::builder().timeout(TIMEOUT).build();
    let answer = client.map_err(failed)?.get(url).send().await;
    let mut answer = answer
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(report_not_found(
                "the deployed policy is too large".to_owned(),
            ));
        }
    }
    Ok(body)
}

/// Unpacks one file of a ZIP archive; `None` when the archive has no such file.
///
/// # Errors
///
/// The cause, when the archive is broken, or the file is larger than [`MAX_BYTES`]. Another layer's policy in its place
/// would not be the one that the functions read.
fn unpack(archive: &[u8], name: &str) -> Result<Option<Vec<u8>>, String> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|error| error.to_string())?;
    let file = match archive.by_name(name) {
        Ok(file) => file,
        Err(ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    // Reading to the end checks the sum of the content.
    let read = file.take(limit + 1).read_to_end(&mut content);
    read.map_err(|error| error.to_string())?;
    if content.len() > MAX_BYTES {
        return Err(format!("{name} has more than {MAX_BYTES} bytes"));
    }
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive that Python's `zipfile` made of `a.txt` (stored, "a") and `policy.toml` (deflated, "ab" 40 times).
    const ARCHIVE: &str = include_str!("../tests/layer.hex");

    fn archive() -> Vec<u8> {
        let digits: Vec<u8> = ARCHIVE.trim().bytes().collect();
        let byte = |pair: &[u8]| {
            let text = std::str::from_utf8(pair).expect("ASCII");
            u8::from_str_radix(text, 16).expect("hex")
        };
        digits.chunks(2).map(byte).collect()
    }

    #[tokio::test]
    async fn the_last_layer_that_holds_the_policy_wins() {
        for (layers, expected) in [
            (&[Some("a"), Some("b"), None][..], Some("b")),
            (&[Some("a"), None], Some("a")),
            (&[None, Some("b")], Some("b")),
            (&[None], None),
            (&[], None),
        ] {
            let found = find_last(layers.iter(), async |layer| Ok(*layer)).await;
            assert_eq!(found.ok().flatten(), expected, "{layers:?}");
        }
    }

    #[test]
    fn unpacks_stored_and_deflated_files() {
        let archive = archive();
        let policy = "ab".repeat(40).into_bytes();
        assert_eq!(unpack(&archive, "policy.toml"), Ok(Some(policy)));
        assert_eq!(unpack(&archive, "a.txt"), Ok(Some(b"a".to_vec())));
        assert_eq!(unpack(&archive, "other.toml"), Ok(None));
    }

    #[test]
    fn refuses_every_cut_and_every_change_of_the_content() {
        let whole = archive();
        for length in 0..whole.len() {
            let cause = unpack(&whole[..length], "policy.toml").expect_err("cut");
            assert!(!cause.is_empty());
        }
        let good = unpack(&whole, "policy.toml");
        let mut renamed = 0;
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 0x41;
            let unpacked = unpack(&altered, "policy.toml");
            renamed += usize::from(unpacked == Ok(None));
            assert!(
                unpacked.is_err() || unpacked == Ok(None) || unpacked == good,
                "byte {at}"
            );
        }
        // Only in the name of the file itself, and in what says where it stands, can a change hide the file.
        assert!(renamed <= "policy.toml".len() + 1, "{renamed}");
    }
}
