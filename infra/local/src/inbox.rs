//! The inbox, which texts go to instead of to phones, and the carrier, which can be told to fail.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

mod keeper;

use keeper::Keeper;

/// How many texts the inbox keeps. The oldest make room for new ones.
const CAPACITY: usize = 10_000;

/// A text that SNS took.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    /// The SNS message id, which [`Inbox::publish`] assigns.
    pub id: String,
    /// The phone it was sent to, in E.164.
    pub phone: String,
    /// The words of the text, with the code in them.
    pub body: String,
    /// The instant SNS took it, in RFC 3339.
    pub at: String,
    /// The SNS attributes that the service published it with.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the carrier does with texts, and what SNS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// Delivers the text, and SNS answers with its id.
    #[default]
    Deliver,
    /// Drops the text, and SNS answers 400 `InvalidParameter`.
    Refuse,
    /// Drops the text, and SNS answers 429 `Throttled`.
    Throttle,
    /// Delivers the text, but SNS answers 500, so the service cannot know that it was sent.
    Fail,
    /// Delivers the text, and SNS never answers.
    Hang,
}

impl Carrier {
    fn delivers(self) -> bool {
        match self {
            Self::Deliver | Self::Fail | Self::Hang => true,
            Self::Refuse | Self::Throttle => false,
        }
    }
}

#[derive(Default)]
struct Contents {
    messages: VecDeque<Message>,
    carrier: Carrier,
    carriers: HashMap<String, Carrier>,
    opted_out: HashSet<String>,
    publishes: usize,
    keeper: Option<Keeper>,
}

impl Contents {
    fn carrier_of(&self, phone: &str) -> Carrier {
        self.carriers.get(phone).copied().unwrap_or(self.carrier)
    }

    /// Writes the newest text to the file, if there is one. A text that cannot be kept still arrives.
    fn keep_newest(&mut self) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        if let Err(error) = keeper.keep_newest(&self.messages) {
            tracing::error!(%error, "a text cannot be kept");
        }
    }
}

/// The texts of one local stack; clones share them.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Contents>>);

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("messages", &self.lock().messages.len())
            .finish()
    }
}

impl Inbox {
    /// Opens an inbox that keeps its texts in the file at `path`, with the texts that it holds already.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written. The error names it.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let (keeper, messages) = Keeper::open(path)?;
        let newest = messages.front().map(|newest| newest.id.as_str());
        let publishes = newest.and_then(|id| usize::from_str_radix(id, 16).ok());
        Ok(Self(Arc::new(Mutex::new(Contents {
            publishes: publishes.unwrap_or(0),
            messages,
            keeper: Some(keeper),
            ..Contents::default()
        }))))
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a `Publish`: counts it, gives the text an id, and keeps the text if the carrier delivers it. Returns the
    /// id and what the carrier does.
    #[must_use]
    pub fn publish(&self, mut message: Message) -> (String, Carrier) {
        let mut contents = self.lock();
        contents.publishes += 1;
        message.id = format!("{:08x}", contents.publishes);
        let id = message.id.clone();
        let carrier = contents.carrier_of(&message.phone);
        // SNS takes a text to a number that is opted out, and drops it.
        if carrier.delivers() && !contents.opted_out.contains(&message.phone) {
            contents.messages.push_front(message);
            contents.messages.truncate(CAPACITY);
            contents.keep_newest();
        }
        (id, carrier)
    }

    /// Sets what the carrier does from now on with texts to phones without a carrier of their own.
    pub fn set_carrier(&self, carrier: Carrier) {
        self.lock().carrier = carrier;
    }

    /// Gives `phone`, in E.164, a carrier of its own; `None` takes that carrier away.
    pub fn set_carrier_of(&self, phone: &str, carrier: Option<Carrier>) {
        let mut contents = self.lock();
        match carrier {
            Some(carrier) => contents.carriers.insert(phone.to_owned(), carrier),
            None => contents.carriers.remove(phone),
        };
    }

    /// Opts `phone`, in E.164, out of texts, as when its owner replies STOP.
    pub fn opt_out(&self, phone: &str) {
        self.lock().opted_out.insert(phone.to_owned());
    }

    /// Opts `phone`, in E.164, in again.
    pub fn opt_in(&self, phone: &str) {
        self.lock().opted_out.remove(phone);
    }

    /// Whether `phone`, in E.164, is opted out of texts.
    #[must_use]
    pub fn is_opted_out(&self, phone: &str) -> bool {
        self.lock().opted_out.contains(phone)
    }

    /// The phones that are opted out of texts, in order.
    pub(crate) fn opted_out(&self) -> Vec<String> {
        let mut phones: Vec<_> = self.lock().opted_out.iter().cloned().collect();
        phones.sort_unstable();
        phones
    }

    /// How many `Publish` calls the inbox took, with those whose text it did not keep.
    #[must_use]
    pub fn publishes(&self) -> usize {
        self.lock().publishes
    }

    /// The texts, newest first. With `phone`, in E.164, only the texts to it.
    #[must_use]
    pub fn messages(&self, phone: Option<&str>) -> Vec<Message> {
        let contents = self.lock();
        let wanted = contents
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
    fn keeps_the_newest_texts() {
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
    fn gives_parallel_publishes_different_ids() {
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
    fn a_phone_has_a_carrier_of_its_own_until_it_is_taken_away() {
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
    fn a_text_to_a_number_that_is_opted_out_is_taken_and_dropped() {
        let inbox = Inbox::default();
        inbox.opt_out(PHONE);
        assert_eq!(inbox.publish(text(PHONE, "")).1, Carrier::Deliver);
        assert_eq!((inbox.publishes(), inbox.messages(None).len()), (1, 0));
        assert!(inbox.is_opted_out(PHONE));
        inbox.opt_in(PHONE);
        assert!(!inbox.is_opted_out(PHONE));
        drop(inbox.publish(text(PHONE, "")));
        assert_eq!(inbox.messages(None).len(), 1);
    }

    #[test]
    fn debug_output_has_neither_phone_nor_text() {
        let inbox = Inbox::default();
        inbox.set_carrier_of(PHONE, Some(Carrier::Deliver));
        drop(inbox.publish(text(PHONE, "code 123456")));
        let output = format!("{inbox:?} {:?}", inbox.messages(None));
        assert!(
            !output.contains("4155550100") && !output.contains("123456"),
            "{output}"
        );
    }
}
