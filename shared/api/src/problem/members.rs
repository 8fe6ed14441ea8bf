//! The members of problem documents that only this API has.

use phoneproof_domain::clock::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The members of problem documents that only this API has.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemMembers<'a> {
    /// The result code: -1 if the send was limited, locked or blocked, -2 if the delivery failed, -5 if the
    /// verification failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<i32>,
    /// The number of guesses that are left, after a wrong code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts_remaining: Option<u32>,
    /// The challenge token of a text that may still arrive, after a 504.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<&'a str>,
    /// The rules that the text does not count towards, after a 502. It counts towards all others, except perhaps those
    /// of `perhapsGivenBack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) given_back: Option<Vec<&'static str>>,
    /// What a refused caller can bring to pass before `retryAt`: `attestation`, the word of the operator's edge in the
    /// member of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "attestation")]
    pub(super) challenge: Option<&'static str>,
    /// The rules that the text may count towards, after a 502: the database did not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) perhaps_given_back: Vec<&'static str>,
    /// When the code of that text expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) expires_at: Option<Timestamp>,
    /// For how many seconds the code of that text works, counted from this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_in: Option<u64>,
    /// From when a client may ask for another text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) resend_at: Option<Timestamp>,
    /// After how many seconds, counted from this answer, a client may ask for another text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resend_in: Option<u64>,
    /// The number of digits in the code of that text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code_length: Option<u8>,
    /// The number of guesses that are left at that code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u32>,
    /// How that code can be sent again: `sms`, and `voice` where the number can be called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) channels: Vec<&'static str>,
}
