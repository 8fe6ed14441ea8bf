//! The bodies of the API. Their schemas in the OpenAPI document come from these types.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::Call;
use super::body::{FieldFault, JsonBody, SensitiveText};
use super::problem::Problem;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::code::Code;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::policy::BusinessId;
use phoneproof_service::{PresentedToken, SendCommand, Sent, SpendCommand, Success, VerifyCommand};

/// The longest challenge or success token a body may hold, in bytes.
const MAX_TOKEN_BYTES: usize = 3_072;
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
    /// [`Problem::Malformed`] with the faults, or [`Problem::Unavailable`] when the gateway did not
    /// say where the request comes from.
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
        let (Some(device), Some(business), true) = (device, business, faults.0.is_empty()) else {
            return Err(Problem::Malformed(faults.0));
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
                Problem::unavailable("the gateway did not say where the request comes from")
            })?),
        })
    }
}

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
    /// [`Problem::Malformed`] with the faults.
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
            _ => Err(Problem::Malformed(faults.0)),
        }
    }
}

/// `POST /v1/spend`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SpendRequest)]
pub struct SpendBody {
    /// The success token.
    #[schema(value_type = String, min_length = 1, max_length = 3072)]
    token: SensitiveText,
    /// The business it must have been issued for.
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "login")]
    audience: SensitiveText,
}

impl JsonBody for SpendBody {
    const FIELDS: &'static [&'static str] = &["token", "audience"];
}

impl SpendBody {
    /// Reads and checks the body of `call`.
    ///
    /// # Errors
    ///
    /// [`Problem::Malformed`] with the faults.
    pub fn command(call: &Call) -> Result<SpendCommand, Problem> {
        let body: Self = call.body()?;
        let mut faults = Faults::default();
        let token = faults.check("token", bounded(&body.token.0, MAX_TOKEN_BYTES));
        let audience = faults.check("audience", BusinessId::parse(&body.audience.0));
        match (token, audience) {
            (Some(token), Some(audience)) => Ok(SpendCommand {
                token,
                audience: audience.as_str().to_owned(),
            }),
            _ => Err(Problem::Malformed(faults.0)),
        }
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

/// The token is spent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SpendResponse)]
pub struct SpendReply {
    /// Always true.
    pub spent: bool,
}

/// Collects faults, so that a client sees all of them at once.
#[derive(Default)]
struct Faults(Vec<FieldFault>);

impl Faults {
    fn check<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|accepted| self.0.push(FieldFault::new(field, accepted)))
            .ok()
    }

    fn optional<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        text: Option<SensitiveText>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let SensitiveText(text) = text?;
        self.check(field, parse(&text))
    }

    /// A header of 1 to 255 visible ASCII characters.
    fn header(&mut self, call: &Call, name: &str, display: &str) -> Option<String> {
        let value = call.header(name)?;
        let text = value.to_str().unwrap_or_default();
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        let accepted = "1 to 255 visible ASCII characters are needed";
        self.check(
            display,
            if fits {
                Ok(text.to_owned())
            } else {
                Err(accepted)
            },
        )
    }
}

fn bounded(text: &str, max: usize) -> Result<String, String> {
    if (1..=max).contains(&text.len()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "1 to {max} bytes without control characters are needed"
        ))
    }
}
