//! Why a channel did not take a text, with what the channel itself calls it.

use std::borrow::Cow;

use super::Reason;

/// A channel did not take a text, or did not confirm that it took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Why, and whether the text may have been sent all the same.
    pub reason: Reason,
    /// What the reason alone does not tell; `None` where nothing more is known.
    pub detail: Option<Detail>,
}

impl NotTaken {
    /// Makes a failure with a detail.
    #[must_use]
    pub const fn new(reason: Reason, detail: Option<Detail>) -> Self {
        Self { reason, detail }
    }
}

impl From<Reason> for NotTaken {
    fn from(reason: Reason) -> Self {
        Self::new(reason, None)
    }
}

/// What a reason alone does not tell: the channel's own code, its HTTP status, or how the connection failed.
///
/// Request lines show it, and another program chooses the codes. So a code is kept only in a form that no phone number,
/// one-time code, address or sentence has: up to [`Detail::MAX_BYTES`] ASCII letters, digits, `_`, `-` and `.`, with
/// [`Detail::MAX_DIGITS`] digits at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail(Cow<'static, str>);

impl Detail {
    /// The longest code that is kept. AWS's longest reason of a text has 60 bytes.
    pub const MAX_BYTES: usize = 64;

    /// The most digits that a kept code has. The shortest one-time code has twice as many.
    pub const MAX_DIGITS: usize = 3;

    /// Keeps the code that a channel gave; `None` if it has another form than [`Detail`] admits.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        let is_kept = (1..=Self::MAX_BYTES).contains(&code.len())
            && digits <= Self::MAX_DIGITS
            && code.bytes().all(fits);
        is_kept.then(|| Self(Cow::Owned(code.to_owned())))
    }

    /// Makes the detail of a channel that gave no code: its HTTP status.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        Self(Cow::Owned(status.to_string()))
    }

    /// Makes a detail that the service itself names.
    #[must_use]
    pub const fn from_name(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Returns the detail as request lines show it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use crate::code::MIN_CODE_LENGTH;

    use super::*;

    #[test]
    fn a_code_of_a_channel_is_kept() {
        for code in [
            "UserError",
            "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE",
            "AWS.Service-Fault_404",
        ] {
            let kept = Detail::from_code(code);
            assert_eq!(kept.as_ref().map(Detail::as_str), Some(code));
        }
        assert_eq!(Detail::from_status(413).as_str(), "413");
    }

    #[test]
    fn no_number_no_one_time_code_and_no_sentence_is_kept() {
        assert!(Detail::MAX_DIGITS < usize::from(MIN_CODE_LENGTH));
        let long = "x".repeat(65);
        for text in [
            "",
            "+14155550100",
            "14155550100",
            "code-482913",
            "1234",
            "a1b2c3d4",
            "no such user",
            "ana@example.com",
            "https://example.com",
            "line\nbreak",
            "ключ",
            "٤٨٢٩١٣",
            long.as_str(),
        ] {
            assert_eq!(Detail::from_code(text), None, "{text:?}");
        }
    }
}
