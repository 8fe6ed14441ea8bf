//! The bodies of `POST /v1/spend`.

use phoneproof_domain::business_id::BusinessId;
use phoneproof_http::{Faults, JsonBody, Problem, SensitiveText};
use phoneproof_service::SpendCommand;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MAX_TOKEN_BYTES, check_text};
use crate::Incoming;

/// A request to spend a success token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SpendRequest)]
pub struct SpendBody {
    /// The success token that `verify` answered with.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    token: SensitiveText,
    /// The business that the token must have been issued for: its `aud`.
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "login")]
    audience: SensitiveText,
}

impl JsonBody for SpendBody {
    const FIELDS: &'static [&'static str] = &["token", "audience"];
}

impl SpendBody {
    /// Reads and checks the body of `incoming`.
    ///
    /// # Errors
    ///
    /// A problem that lists every fault of the body.
    pub fn read_command(incoming: &Incoming) -> Result<SpendCommand, Problem> {
        let body: Self = incoming.read_body()?;
        let mut faults = Faults::default();
        let token = faults.check("token", check_text(&body.token.0, MAX_TOKEN_BYTES));
        let audience = faults.check("audience", BusinessId::parse(&body.audience.0));
        match (token, audience) {
            (Some(token), Some(audience)) => Ok(SpendCommand {
                token,
                audience: audience.as_str().to_owned(),
            }),
            _ => Err(faults.into_problem()),
        }
    }
}

/// The answer for a success token that was spent now, and never before.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpendResponse)]
pub struct SpendReply {
    /// Always true: a token that cannot be spent is answered with a problem.
    pub spent: bool,
}
