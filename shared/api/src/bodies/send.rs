//! The bodies of `POST /v1/send`.

use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::policy::BusinessId;
use phoneproof_http::{Faults, JsonBody, Problem, SensitiveText};
use phoneproof_service::{PresentedToken, SendCommand, Sent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MAX_TOKEN_BYTES, bounded};
use crate::{Call, problem};

/// The longest action, in bytes.
const MAX_ACTION_BYTES: usize = 256;

/// `POST /v1/send`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SendRequest)]
pub struct SendBody {
    /// The phone number: E.164, or national form with `region`.
    #[schema(value_type = String, min_length = 1, max_length = 96, example = "+14152007986")]
    phone: SensitiveText,
    /// The device or installation that asks, chosen by the client.
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "6f9619ff-8b86-d011-b42d-00cf4fc964ff")]
    unique_id: SensitiveText,
    /// The business action of the policy, as in `login`.
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "login")]
    business_id: SensitiveText,
    /// The country of a national number, ISO 3166-1 alpha-2.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "US")]
    region: Option<SensitiveText>,
    /// The language of the text, BCP 47.
    #[schema(value_type = Option<String>, max_length = 35, example = "en")]
    locale: Option<SensitiveText>,
    /// An earlier challenge token: texts the same code again.
    #[schema(value_type = Option<String>, max_length = 3072)]
    token: Option<SensitiveText>,
    /// What the verification is for, in the relying party's words; the success token carries its
    /// SHA-256.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256, example = "pay:order-42:EUR 100")]
    action: Option<SensitiveText>,
}

impl JsonBody for SendBody {
    const FIELDS: &'static [&'static str] = &[
        "phone",
        "uniqueId",
        "businessId",
        "region",
        "locale",
        "token",
        "action",
    ];
}

impl SendBody {
    /// Reads and checks the body and headers of `call`; every fault of a field is reported.
    ///
    /// # Errors
    ///
    /// A problem that lists the faults, or a 503 when the gateway did not say where the request comes from.
    pub fn command(call: &Call) -> Result<SendCommand, Problem> {
        let body: Self = call.body()?;
        let mut faults = Faults::default();
        let device = faults.check("uniqueId", Device::parse(&body.unique_id.0));
        let business = faults.check("businessId", BusinessId::parse(&body.business_id.0));
        let region = faults.optional("region", body.region, Country::parse);
        let locale = faults.optional("locale", body.locale, Locale::parse);
        let token = faults.optional("token", body.token, |t| bounded(t, MAX_TOKEN_BYTES));
        let action = faults.optional("action", body.action, |t| bounded(t, MAX_ACTION_BYTES));
        let idempotency_key = faults.header(call, "idempotency-key", "Idempotency-Key");
        let client_key = faults.header(call, "x-client-key", "X-Client-Key");
        let (Some(device), Some(business), true) = (device, business, faults.is_empty()) else {
            return Err(faults.into_problem());
        };
        Ok(SendCommand {
            typed_phone: body.phone.0,
            region,
            device,
            business,
            locale,
            action,
            token: token.map(PresentedToken),
            idempotency_key,
            client_key,
            address: SourceAddress::new(call.source_ip().ok_or_else(|| {
                problem::unavailable("the gateway did not say where the request comes from")
            })?),
        })
    }
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SendResponse)]
pub struct SendReply {
    /// The challenge token, for `verify` and for a resend.
    pub token: String,
    /// When the code stops working.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When the next text may be asked for.
    #[schema(value_type = String, format = DateTime)]
    pub resend_at: Timestamp,
    /// Digits of the code.
    #[schema(example = 6)]
    pub code_length: u8,
    /// Guesses of the challenge.
    #[schema(example = 5)]
    pub attempts: u32,
    /// The masked number.
    #[schema(example = "+•••••••••86")]
    pub phone: String,
}

impl From<Sent> for SendReply {
    fn from(sent: Sent) -> Self {
        Self {
            token: sent.token,
            expires_at: sent.expires_at,
            resend_at: sent.resend_at,
            code_length: sent.code_length,
            attempts: sent.attempts,
            phone: sent.masked_phone,
        }
    }
}
