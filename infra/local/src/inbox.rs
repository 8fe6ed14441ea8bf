//! The inbox: where texts go instead of to phones, and the carrier that can be told to fail.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Texts kept; older ones are dropped.
const CAPACITY: usize = 10_000;

/// A received text.
#[derive(Clone, Serialize)]
pub struct Message {
    /// The SNS message id.
    pub id: String,
    /// The number in E.164.
    pub phone: String,
    /// The text.
    pub body: String,
    /// When it arrived, RFC 3339.
    pub at: String,
    /// The SNS attributes it was published with.
    #[serde(skip)]
    pub attributes: BTreeMap<String, String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the carrier does with the next texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// Delivers.
    #[default]
    Deliver,
    /// Refuses with `InvalidParameter`, 400.
    Refuse,
    /// Answers 500; nobody knows whether the text was sent. It was.
    Fail,
    /// Delivers and never answers.
    Hang,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    carrier: Carrier,
    publishes: usize,
}

/// The texts of one local stack; clones share them.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<State>>);

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("messages", &self.state().messages.len())
            .finish()
    }
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a `Publish` in: counts it, keeps the text unless the carrier refuses, and says what the
    /// carrier does.
    #[must_use]
    pub fn publish(&self, message: Message) -> Carrier {
        let mut state = self.state();
        state.publishes += 1;
        if state.carrier != Carrier::Refuse {
            state.messages.push_front(message);
            state.messages.truncate(CAPACITY);
        }
        state.carrier
    }

    /// Tells the carrier what to do from now on.
    pub fn set_carrier(&self, carrier: Carrier) {
        self.state().carrier = carrier;
    }

    /// How many `Publish` calls there were.
    #[must_use]
    pub fn publishes(&self) -> usize {
        self.state().publishes
    }

    /// The texts, newest first; only those to `phone` if it is given.
    #[must_use]
    pub fn messages(&self, phone: Option<&str>) -> Vec<Message> {
        let state = self.state();
        let wanted = state
            .messages
            .iter()
            .filter(|m| phone.is_none_or(|phone| m.phone == phone));
        wanted.cloned().collect()
    }
}
