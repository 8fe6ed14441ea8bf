//! A text on its way to a channel.

use crate::business_id::BusinessId;
use crate::clock::Timestamp;
use crate::code::Code;
use crate::country::Country;
use crate::locale::Locale;
use crate::outgoing::OutgoingText;

/// Identifies one text: the same for every try of it, and another one when the same code is texted again.
///
/// It follows from the challenge and from when it was texted, and says nothing about either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextId(pub [u8; 16]);

/// A text on its way to a channel, with all that a channel may want to know. `Debug` shows nothing of it.
#[derive(Clone, Copy, derive_more::Debug)]
#[debug("Text(…)")]
pub struct Text<'t> {
    /// Identifies the text over its tries.
    pub id: TextId,
    /// The number, the words, and what they are sent as.
    pub outgoing: OutgoingText<'t>,
    /// The country of the number, if the policy serves it.
    pub country: Option<Country>,
    /// The number of messages that it is billed as.
    pub segments: u32,
    /// The code, for providers that take it instead of the words.
    pub code: &'t Code,
    /// The business that asked for it.
    pub business: &'t BusinessId,
    /// The language of the words.
    pub locale: &'t Locale,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the code stops working.
    pub expires_at: Timestamp,
    /// What a receipt for it has to bring back: opaque to everybody else. `None` where there are no receipts.
    pub receipt: Option<&'t str>,
}
