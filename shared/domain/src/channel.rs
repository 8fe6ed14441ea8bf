//! The channels that a text or a call can take.

use strum::EnumCount;

/// A way for a text or a call to leave: an API of AWS, or the operator's own service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumCount)]
pub enum Channel {
    /// Amazon SNS, `Publish`. Its answer does not say what becomes of the text.
    Sns,
    /// AWS End User Messaging SMS, `SendTextMessage`.
    EndUserMessaging,
    /// AWS End User Messaging Notify, `SendNotifyTextMessage`: AWS's own numbers, and AWS's words around the code.
    Notify,
    /// The send hook: an HTTPS service of the operator, which hands the text to a provider of its own.
    Hook,
    /// AWS End User Messaging Notify, `SendNotifyVoiceMessage`: a call from AWS's own numbers that speaks the code.
    NotifyVoice,
}

impl Channel {
    /// Every channel, in the order of the documents.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Sns,
        Self::EndUserMessaging,
        Self::Notify,
        Self::Hook,
        Self::NotifyVoice,
    ];

    /// Returns the name of the channel in the policy, request lines and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::EndUserMessaging => "end-user-messaging",
            Self::Notify => "notify",
            Self::Hook => "hook",
            Self::NotifyVoice => "notify-voice",
        }
    }

    /// Whether AWS sends the operator's own words by it, and so holds them to the rules of the country.
    #[must_use]
    pub const fn has_own_words(self) -> bool {
        match self {
            Self::Sns | Self::EndUserMessaging => true,
            Self::Notify | Self::Hook | Self::NotifyVoice => false,
        }
    }

    /// Whether it speaks the code in a call. The others text it.
    #[must_use]
    pub const fn calls(self) -> bool {
        matches!(self, Self::NotifyVoice)
    }

    /// Finds the channel with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == name)
    }
}
