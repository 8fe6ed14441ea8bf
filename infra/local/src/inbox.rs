//! The inbox, which texts and calls go to instead of to phones, and the carrier, which can be told to fail.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use phoneproof_domain::channel::Channel;
use phoneproof_domain::delivery::{Certainty, Reason};
use serde::{Deserialize, Serialize};

mod keeper;

use keeper::Keeper;

/// How many texts the inbox keeps. The oldest make room for new ones.
const CAPACITY: usize = 10_000;

/// A text that a channel took.
#[derive(Clone, Serialize, Deserialize, derive_more::Debug)]
#[debug("Message {{ id: {id:?}, .. }}")]
pub struct Message {
    /// The message id, which [`Inbox::publish`] assigns.
    pub id: String,
    /// The name of the channel that it came by.
    #[serde(default = "name_sns")]
    pub channel: String,
    /// The phone it was sent to, in E.164.
    pub phone: String,
    /// The words of the text, or those that a call speaks, with the code in them.
    pub body: String,
    /// The instant the channel took it, in RFC 3339.
    pub at: String,
    /// What the service said of it besides: the attributes of SNS, or what the hook got.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// The channel of the texts that were kept before texts had one.
fn name_sns() -> String {
    Channel::Sns.as_str().to_owned()
}

/// What the carrier does with texts, and what the channel answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Carrier {
    /// Delivers the text, and the channel answers with its id.
    #[default]
    Deliver,
    /// Drops the text, and SNS answers 400 `InvalidParameter`.
    Refuse,
    /// Drops the text, and SNS answers 429 `Throttled`.
    Throttle,
    /// Delivers the text, but SNS answers 500, so the service cannot know that it was sent.
    Fail,
    /// Answers with this reason, if the channel can. Delivers the text unless the reason says that it was not sent.
    Answer(Reason),
    /// Delivers the text, and the channel never answers.
    Hang,
}

impl Carrier {
    /// The reason that the channel answers with; `None` when it takes the text, or never answers.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Deliver | Self::Hang => None,
            Self::Refuse => Some(Reason::InvalidParameter),
            Self::Throttle => Some(Reason::Throttled),
            Self::Fail => Some(Reason::ServerError),
            Self::Answer(reason) => Some(reason),
        }
    }

    fn delivers(self) -> bool {
        self.reason()
            .is_none_or(|reason| reason.certainty() == Certainty::Unclear)
    }
}

#[derive(Default)]
struct Contents {
    messages: VecDeque<Message>,
    carrier: Carrier,
    carriers: HashMap<String, Carrier>,
    channels: HashMap<String, Carrier>,
    /// The ids of the texts that came with an id of their own.
    known: HashMap<String, String>,
    opted_out: HashSet<String>,
    publishes: usize,
    keeper: Option<Keeper>,
}

impl Contents {
    fn carrier_of(&self, message: &Message) -> Carrier {
        let own = self.carriers.get(&message.phone);
        let own = own.or_else(|| self.channels.get(&message.channel));
        own.copied().unwrap_or(self.carrier)
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
#[derive(Clone, Default, derive_more::Debug)]
#[debug("Inbox({} messages)", self.lock().messages.len())]
pub struct Inbox(Arc<Mutex<Contents>>);

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
    pub fn publish(&self, message: Message) -> (String, Carrier) {
        self.publish_once(None, message)
    }

    /// Takes a text like [`Inbox::publish`]. With the `key` of an earlier text it is the same text, and is not kept
    /// again.
    #[must_use]
    pub fn publish_once(&self, key: Option<&str>, mut message: Message) -> (String, Carrier) {
        let mut contents = self.lock();
        contents.publishes += 1;
        message.id = format!("{:08x}", contents.publishes);
        let carrier = contents.carrier_of(&message);
        if let Some(known) = key.and_then(|key| contents.known.get(key)) {
            return (known.clone(), carrier);
        }
        let id = message.id.clone();
        if let Some(key) = key.filter(|_| carrier.delivers()) {
            contents.known.insert(key.to_owned(), id.clone());
        }
        // A channel takes a text to a number that is opted out, and drops it.
        if carrier.delivers() && !contents.opted_out.contains(&message.phone) {
            contents.messages.push_front(message);
            contents.messages.truncate(CAPACITY);
            contents.keep_newest();
        }
        (id, carrier)
    }

    /// Says what the carrier would do with a text, without handing it over.
    #[must_use]
    pub fn carrier_of(&self, message: &Message) -> Carrier {
        self.lock().carrier_of(message)
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

    /// Sets what the carrier does from now on with the texts of one channel to phones without a carrier of their own;
    /// `None` takes that carrier away.
    pub fn set_carrier_of_channel(&self, channel: Channel, carrier: Option<Carrier>) {
        let mut contents = self.lock();
        let channel = channel.as_str();
        match carrier {
            Some(carrier) => contents.channels.insert(channel.to_owned(), carrier),
            None => contents.channels.remove(channel),
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
    pub(crate) fn list_opted_out(&self) -> Vec<String> {
        let mut phones: Vec<_> = self.lock().opted_out.iter().cloned().collect();
        phones.sort_unstable();
        phones
    }

    /// How many calls with a text the inbox took, with those whose text it did not keep.
    #[must_use]
    pub fn count_publishes(&self) -> usize {
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
            channel: name_sns(),
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
        assert_eq!(inbox.count_publishes(), 3);
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
        assert_eq!(
            (inbox.count_publishes(), inbox.messages(None).len()),
            (1, 0)
        );
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
