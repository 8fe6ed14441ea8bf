//! The `RateLimit` fields of a refusal by a rule (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a rule admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The name of the rule that refuses.
    pub rule: &'static str,
    /// How much it admits in a window.
    pub quota: u32,
    /// How long the window is.
    pub window: Duration,
}

impl RateLimit {
    /// Says it in `headers`, with what is left: nothing for `seconds`.
    pub fn insert(&self, headers: &mut HeaderMap, seconds: u64) {
        let Self {
            rule,
            quota,
            window,
        } = self;
        let window = window.as_secs();
        let fields = [
            (RATELIMIT_POLICY, format!("\"{rule}\";q={quota};w={window}")),
            (RATELIMIT, format!("\"{rule}\";r=0;t={seconds}")),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}
