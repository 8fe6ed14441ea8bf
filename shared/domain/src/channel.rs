//! The channels that a text can take.

/// A way for a text to leave: an API of AWS, or the operator's own service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Amazon SNS, `Publish`.
    Sns,
    /// AWS End User Messaging SMS, `SendTextMessage`.
    EndUserMessaging,
    /// AWS End User Messaging Notify, `SendNotifyTextMessage`: AWS's own numbers, and AWS's words around the code.
    Notify,
    /// The send hook: an HTTPS service of the operator, which hands the text to a provider of its own.
    Hook,
}

impl Channel {
    /// Every channel, in the order of the documents.
    pub const ALL: [Self; 4] = [Self::Sns, Self::EndUserMessaging, Self::Notify, Self::Hook];

    /// Returns the name of the channel in the policy, request lines and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sns => "sns",
            Self::EndUserMessaging => "end-user-messaging",
            Self::Notify => "notify",
            Self::Hook => "hook",
        }
    }

    /// Whether AWS sends the operator's own words by it, and so holds them to the rules of the country.
    #[must_use]
    pub const fn has_own_words(self) -> bool {
        match self {
            Self::Sns | Self::EndUserMessaging => true,
            Self::Notify | Self::Hook => false,
        }
    }

    /// Finds the channel with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == name)
    }
}
