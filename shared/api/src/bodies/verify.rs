//! The bodies of `POST /v1/verify`.

use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_http::{Faults, JsonBody, Problem, SensitiveText};
use phoneproof_service::{PresentedToken, Success, VerifyCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MAX_TOKEN_BYTES, bounded};
use crate::Call;

/// `POST /v1/verify`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VerifyRequest)]
pub struct VerifyBody {
    /// The challenge token of the send.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    token: SensitiveText,
    /// The code of the text.
    #[schema(value_type = String, min_length = 6, max_length = 32, example = "123456")]
    code: SensitiveText,
}

impl JsonBody for VerifyBody {
    const FIELDS: &'static [&'static str] = &["token", "code"];
}

impl VerifyBody {
    /// Reads and checks the body of `call`.
    ///
    /// # Errors
    ///
    /// A problem that lists the faults.
    pub fn command(call: &Call) -> Result<VerifyCommand, Problem> {
        let body: Self = call.body()?;
        let mut faults = Faults::default();
        let token = faults.check("token", bounded(&body.token.0, MAX_TOKEN_BYTES));
        let code = faults.check("code", Code::parse(&body.code.0));
        match (token, code) {
            (Some(token), Some(code)) => Ok(VerifyCommand {
                token: PresentedToken(token),
                code,
            }),
            _ => Err(faults.into_problem()),
        }
    }
}

/// The code was right.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VerifyResponse)]
pub struct VerifyReply {
    /// The success token, a JWT.
    pub token: String,
    /// The `typ` of the token.
    #[schema(example = "phone-verified+jwt")]
    pub token_type: &'static str,
    /// When the token ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

impl From<Success> for VerifyReply {
    fn from(verified: Success) -> Self {
        Self {
            token: verified.token.into_text(),
            token_type: phoneproof_guard::TOKEN_TYPE,
            expires_at: verified.expires_at,
        }
    }
}
