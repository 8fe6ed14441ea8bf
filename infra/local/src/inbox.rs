//! The inbox: where texts go instead of to phones, and the carrier that can be told to fail.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Texts kept; older ones are dropped.
const CAPACITY: usize = 10_000;

/// A received text.
#[derive(Clone, Serialize)]
pub struct Message {
    /// The SNS message id; the inbox gives it.
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
    /// Refuses with `Throttled`, 429.
    Throttle,
    /// Answers 500; nobody knows whether the text was sent. It was.
    Fail,
    /// Delivers and never answers.
    Hang,
}

impl Carrier {
    fn accepts(self) -> bool {
        match self {
            Self::Deliver | Self::Fail | Self::Hang => true,
            Self::Refuse | Self::Throttle => false,
        }
    }
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    carrier: Carrier,
    carriers: HashMap<String, Carrier>,
    publishes: usize,
}

impl State {
    fn carrier_of(&self, phone: &str) -> Carrier {
        self.carriers.get(phone).copied().unwrap_or(self.carrier)
    }
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

    /// Takes a `Publish` in: counts it, numbers the text, keeps it unless the carrier refuses, and
    /// gives its id and what the carrier does.
    #[must_use]
    pub fn publish(&self, mut message: Message) -> (String, Carrier) {
        let mut state = self.state();
        state.publishes += 1;
        message.id = format!("{:08x}", state.publishes);
        let id = message.id.clone();
        let carrier = state.carrier_of(&message.phone);
        if carrier.accepts() {
            state.messages.push_front(message);
            state.messages.truncate(CAPACITY);
        }
        (id, carrier)
    }

    /// Tells the carrier what to do from now on with texts to phones that have no own carrier.
    pub fn set_carrier(&self, carrier: Carrier) {
        self.state().carrier = carrier;
    }

    /// Gives `phone`, in E.164, a carrier of its own; `None` takes it away.
    pub fn set_carrier_of(&self, phone: &str, carrier: Option<Carrier>) {
        let mut state = self.state();
        match carrier {
            Some(carrier) => state.carriers.insert(phone.to_owned(), carrier),
            None => state.carriers.remove(phone),
        };
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

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PHONE: &str = "+14155550100";

    pub(crate) fn text(phone: &str, body: &str) -> Message {
        Message {
            id: String::new(),
            phone: phone.to_owned(),
            body: body.to_owned(),
            at: "2026-11-23T12:00:00Z".to_owned(),
            attributes: BTreeMap::new(),
        }
    }

    #[test]
    fn the_newest_are_kept() {
        let inbox = Inbox::default();
        for n in 0..=CAPACITY {
            drop(inbox.publish(text(PHONE, &n.to_string())));
        }
        let kept = inbox.messages(None);
        assert_eq!(kept.len(), CAPACITY);
        assert_eq!(kept[0].body, CAPACITY.to_string());
        assert_eq!(kept[CAPACITY - 1].body, "1");
    }

    #[test]
    fn parallel_publishes_get_ids_of_their_own() {
        let inbox = Inbox::default();
        let publish = || (0..200).for_each(|_| drop(inbox.publish(text(PHONE, ""))));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(publish);
            }
        });
        let ids: BTreeSet<_> = inbox.messages(None).into_iter().map(|m| m.id).collect();
        assert_eq!(ids.len(), 1_600);
    }

    #[test]
    fn a_phone_can_have_a_carrier_of_its_own() {
        let inbox = Inbox::default();
        let carrier = |phone| inbox.publish(text(phone, "")).1;
        inbox.set_carrier(Carrier::Fail);
        inbox.set_carrier_of(PHONE, Some(Carrier::Throttle));
        assert_eq!(carrier(PHONE), Carrier::Throttle);
        assert_eq!(carrier("+14155550101"), Carrier::Fail);
        inbox.set_carrier_of(PHONE, None);
        assert_eq!(carrier(PHONE), Carrier::Fail);
        assert_eq!(inbox.publishes(), 3);
        assert_eq!(
            inbox.messages(None).len(),
            2,
            "a throttled text is not kept"
        );
    }

    #[test]
    fn debug_shows_no_phone_and_no_text() {
        let inbox = Inbox::default();
        inbox.set_carrier_of(PHONE, Some(Carrier::Deliver));
        drop(inbox.publish(text(PHONE, "code 123456")));
        let shown = format!("{inbox:?} {:?}", inbox.messages(None));
        assert!(
            !shown.contains("4155550100") && !shown.contains("123456"),
            "{shown}"
        );
    }
}
