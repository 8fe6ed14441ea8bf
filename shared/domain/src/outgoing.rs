//! A text on its way to a channel, and what it is sent as.

use crate::phone::Phone;

/// A text that is ready for a channel. It holds a number and a code, so it has no `Debug`.
#[derive(Clone, Copy)]
pub struct OutgoingText<'t> {
    /// The number that the text goes to.
    pub phone: &'t Phone,
    /// The words of the text, with the code.
    pub body: &'t str,
    /// What the channel is told besides, by the policy of the number's country.
    pub sent_as: SentAs<'t>,
}

/// What a text is sent as: who phones show as its sender, and how it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentAs<'p> {
    /// Who sends the text.
    pub origination: &'p Origination,
    /// The ids under which the words of the text are registered; `None` where none are needed.
    pub registration: Option<Registration<'p>>,
}

/// Who sends a text. There is one of them at most: carriers refuse a text with a sender id and a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origination {
    /// The policy names nobody. The channel takes what the account has for the country.
    #[default]
    Unnamed,
    /// A sender id, which phones show in place of a number.
    SenderId(String),
    /// A number of the operator.
    Number(String),
}

/// The ids under which India knows a text (Distributed Ledger Technology, DLT).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration<'p> {
    /// The id of the sender, the principal entity.
    pub entity_id: &'p str,
    /// The id of the words.
    pub template_id: &'p str,
}
