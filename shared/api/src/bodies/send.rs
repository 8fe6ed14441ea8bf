//! The bodies of `POST /v1/send`.

use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::medium::Medium;
use phoneproof_http::{Faults, JsonBody, Label, Problem, SensitiveText};
use phoneproof_service::{PresentedAttestation, PresentedToken, SendCommand, Sent};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{MAX_TOKEN_BYTES, check_text};
use crate::Incoming;
use crate::channels::name_channels;
use crate::problem::{NOTHING_TEXTED, make_unavailable};

/// The longest `action` that a body may hold, in bytes.
const MAX_ACTION_BYTES: usize = 256;

/// The longest attestation that a body may hold, in bytes. One signed with ES256 has about 450.
const MAX_ATTESTATION_BYTES: usize = 1_024;

/// A request to text a code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SendRequest)]
pub struct SendBody {
    /// The phone number as the person typed or pasted it: in E.164 or, with `region`, as people dial it there.
    /// Separators and invisible characters are ignored, and the decimal digits of every script count.
    #[schema(value_type = String, min_length = 1, max_length = 96, example = "+14152007986")]
    phone: SensitiveText,
    /// An id that the client chooses for the device or installation that asks, such as a random UUID. What many devices
    /// share is refused: `null`, `unknown`, the UUID of zeros, names of models such as `iPhone15,2`, user agents, and
    /// their like.
    #[schema(value_type = String, min_length = 1, max_length = 128, example = "6f9619ff-8b86-d011-b42d-00cf4fc964ff")]
    unique_id: SensitiveText,
    /// The id of a business in the policy, as in `login`.
    #[schema(value_type = String, pattern = "^[a-z0-9-]{1,64}$", example = "login")]
    business_id: SensitiveText,
    /// The country of a number in national form, as an ISO 3166-1 alpha-2 code.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z]{2}$", example = "US")]
    region: Option<SensitiveText>,
    /// The language of the text, as a hint. It is a BCP 47 tag, the name of a locale in Java or POSIX, or an array of
    /// them with the best first, such as `navigator.languages`. Whatever cannot be read, or has no text, gets the
    /// default language. No value is refused.
    #[schema(value_type = Value, required = false, example = "en")]
    locale: Option<Label>,
    /// The challenge token of an earlier send, to text the same code again. With less than two minutes left, the text
    /// has a new code with a full life. Its challenge has a token of its own and the guesses that were left.
    #[schema(value_type = Option<String>, max_length = 3072)]
    token: Option<SensitiveText>,
    /// What the verification is for, in the relying party's words. What stands before the first colon chooses the label
    /// that the text shows, if the policy has labels. The success token carries a digest of the whole as its claim
    /// `action`: the SHA-256 of these bytes in UTF-8, unchanged, in base64url without padding. A resend without an
    /// action keeps the first one, unless the texts of the business show it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256, example = "pay:order-42:EUR 100")]
    action: Option<SensitiveText>,
    /// The IP address of the end user, from a backend that calls for its users with the client key of the business.
    /// Limits and blocks of addresses and networks are then about this address, and not about the backend's. It is
    /// refused for a business without a client key. It is the address that the user has on the internet: one of a
    /// machine itself, of a private network, of multicast or of a reserved range is refused.
    #[schema(value_type = Option<String>, min_length = 2, max_length = 45, example = "198.51.100.7")]
    user_address: Option<SensitiveText>,
    /// The word of the operator's edge for this caller and this phone: a JWT of type `phone-attestation+jwt` that lives
    /// two minutes at most. One that does not count is refused.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    attestation: Option<SensitiveText>,
    /// How the code is to reach the person: `sms`, or `voice` for a call that speaks the code of an earlier text. A
    /// call needs the `token` of that text, and a policy with calls.
    #[schema(value_type = Option<String>, pattern = "^(sms|voice)$", example = "sms")]
    channel: Option<SensitiveText>,
}

/// How many languages of a list are looked at.
const MAX_LOCALES: usize = 16;

/// Reads the languages that can be read, in the order of the client.
fn read_locales(hint: Option<&Label>) -> Vec<Locale> {
    let names = hint.map(Label::texts).unwrap_or_default();
    let locales = names.iter().filter_map(|name| Locale::read_hint(name));
    locales.take(MAX_LOCALES).collect()
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
        "userAddress",
        "attestation",
        "channel",
    ];
}

impl SendBody {
    /// Reads and checks the body and the headers of `incoming`.
    ///
    /// # Errors
    ///
    /// A problem that lists every fault of a field, or a 503 when nobody said where the request comes from.
    pub fn read_command(incoming: &Incoming) -> Result<SendCommand, Problem> {
        let body: Self = incoming.read_body()?;
        let mut faults = Faults::default();
        let device = faults.check("uniqueId", Device::parse(&body.unique_id.0));
        let business = faults.check("businessId", BusinessId::parse(&body.business_id.0));
        let region = faults.parse_optional("region", body.region, Country::parse);
        let locales = read_locales(body.locale.as_ref());
        let token = faults.parse_optional("token", body.token, |t| check_text(t, MAX_TOKEN_BYTES));
        let action =
            faults.parse_optional("action", body.action, |t| check_text(t, MAX_ACTION_BYTES));
        let user_address = faults.parse_optional(
            "userAddress",
            body.user_address,
            SourceAddress::parse_of_user,
        );
        let attestation = faults.parse_optional("attestation", body.attestation, |t| {
            check_text(t, MAX_ATTESTATION_BYTES)
        });
        let medium = faults.parse_optional("channel", body.channel, Medium::parse);
        let medium = medium.unwrap_or_default();
        if medium == Medium::Call && token.is_none() {
            faults.check::<(), _>(
                "channel",
                Err("a call needs the `token` of the text whose code it speaks"),
            );
        }
        let idempotency_key = faults.read_header(incoming, "idempotency-key", "Idempotency-Key");
        let client_key = faults.read_header(incoming, "x-client-key", "X-Client-Key");
        let (Some(device), Some(business), true) = (device, business, faults.is_empty()) else {
            return Err(faults.into_problem());
        };
        Ok(SendCommand {
            typed_phone: body.phone.0,
            region,
            device,
            business,
            locales,
            action,
            token: token.map(PresentedToken),
            idempotency_key,
            client_key,
            address: SourceAddress::new(incoming.source_ip().ok_or_else(|| {
                make_unavailable(
                    "neither the gateway nor the trusted proxy said where the request comes from",
                    Some(NOTHING_TEXTED),
                )
            })?),
            user_address,
            attestation: attestation.map(PresentedAttestation),
            medium,
        })
    }
}

/// The challenge of a code that was texted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SendResponse)]
pub struct SendReply {
    /// The challenge token, which `verify` and a resend take. It replaces an earlier one.
    pub token: String,
    /// When the code expires.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// For how many seconds the code still works, counted from this answer. It does not depend on the client's clock.
    #[schema(example = 300)]
    pub expires_in: u64,
    /// From when a client may ask for another text.
    #[schema(value_type = String, format = DateTime)]
    pub resend_at: Timestamp,
    /// After how many seconds, counted from this answer, a client may ask for another text; 0 at once.
    #[schema(example = 60)]
    pub resend_in: u64,
    /// The number of digits in the code.
    #[schema(example = 6)]
    pub code_length: u8,
    /// The number of guesses that are left: fewer after wrong codes, also in the answer to a resend or a repeat.
    #[schema(example = 5)]
    pub attempts: u32,
    /// How the code can be sent again: `sms`, and `voice` where the number can be called. One word is the `channel` of
    /// a resend.
    #[schema(value_type = Vec<String>, example = json!(["sms"]))]
    pub channels: Vec<&'static str>,
    /// The phone number, with everything but its last two digits hidden.
    #[schema(example = "+•••••••••86")]
    pub phone: String,
}

impl From<Sent> for SendReply {
    fn from(sent: Sent) -> Self {
        Self {
            token: sent.token,
            expires_at: sent.expires_at,
            expires_in: sent.expires_in.as_secs(),
            resend_at: sent.resend_at,
            resend_in: sent.resend_in.as_secs(),
            code_length: sent.code_length,
            attempts: sent.attempts,
            channels: name_channels(sent.media),
            phone: sent.masked_phone,
        }
    }
}
