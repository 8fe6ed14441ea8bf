//! How a code reaches a person.

use strum::EnumCount;

/// How a code reaches a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Medium {
    /// As a text message.
    #[default]
    Text,
    /// Spoken in a call.
    Call,
}

impl Medium {
    /// Every medium, in the order in which answers list them.
    pub const ALL: [Self; Self::COUNT] = [Self::Text, Self::Call];

    /// Lists how a code can be sent, where people can be called or not.
    #[must_use]
    pub const fn list(can_call: bool) -> &'static [Self] {
        if can_call {
            &[Self::Text, Self::Call]
        } else {
            &[Self::Text]
        }
    }

    /// Returns the name of the medium in requests and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "sms",
            Self::Call => "voice",
        }
    }

    /// Finds the medium with this name.
    ///
    /// # Errors
    ///
    /// What is accepted, for any other name.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        let mut all = Self::ALL.into_iter();
        all.find(|medium| medium.as_str() == name)
            .ok_or("`sms` or `voice` is needed")
    }
}
