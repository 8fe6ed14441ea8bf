//! `hook-secrets`: prints what the receiver of the send hook checks signatures with.

use phoneproof_crypto::webhook::HookSecret;
use serde_json::json;

use crate::cli::Common;
use crate::confirm::confirm;
use crate::operator::Operator;
use crate::output::{CommandError, Reply};

/// What an operator must know before the secrets stand on a screen.
const WARNING: &str = "\
This prints secrets. Anyone who has one can make the receiver text anybody; it opens no token and makes no code. Put them where \
the receiver reads its secrets, and nowhere else.";

pub(crate) async fn print(operator: &Operator, common: &Common) -> Result<Reply, CommandError> {
    let resources = operator.find_resources().await?;
    confirm(common, WARNING)?;
    let keyring = operator.read_keyring(&resources).await?;
    let current = keyring.current().id();
    let secrets: Vec<_> = keyring.roots().map(HookSecret::of).collect();
    let lines = secrets.iter().map(|secret| {
        let note = if secret.root == *current {
            "  (current)"
        } else {
            ""
        };
        format!("{}  {}{note}", secret.root.as_str(), secret.expose())
    });
    let listed: Vec<_> = secrets
        .iter()
        .map(|secret| {
            json!({
                "root": secret.root.as_str(),
                "secret": secret.expose(),
                "current": secret.root == *current,
            })
        })
        .collect();
    Ok(Reply::with_result(
        json!({ "secrets": listed }),
        lines.collect::<Vec<_>>().join("\n"),
    ))
}
