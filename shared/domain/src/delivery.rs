//! The carrier's answer to a text.

/// The carrier's answer to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The carrier took the text.
    Accepted,
    /// The carrier refused the text. It was certainly not sent.
    Refused,
    /// The carrier did not answer, or its answer does not tell. The text may arrive.
    Unknown,
}

impl Delivery {
    /// Returns the name of the answer in request lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the carrier took the text.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted)
    }
}
