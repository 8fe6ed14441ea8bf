//! A stack that the tests use only from outside, local or deployed.

use std::collections::BTreeMap;

use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::random::draw_array;
use serde_json::Value;

use crate::client::Client;
use crate::world::{World, phone};

/// How many phones a site has. [`Site::text_count`] counts the texts to all of them.
const PHONES: u32 = 32;

/// A text that arrived in the inbox.
#[derive(Debug, Clone)]
pub struct Text {
    /// The words of the text.
    pub body: String,
    /// The SNS attributes of the text. `None` if the inbox does not show them.
    pub attributes: Option<BTreeMap<String, String>>,
}

/// A stack that a test uses only through its API and its inbox. Use it for tests that must also pass on AWS.
///
/// If `BASE_URL` is set, it is the stack at that URL. Its texts are read at `INBOX_URL`, the URL of a local stack or
/// of ministack. Each site then draws new numbers and devices, so that a suite can run again on a stack that stays up.
///
/// Without `BASE_URL`, it is a new local stack.
#[derive(Debug)]
pub struct Site {
    /// The client that calls this stack.
    pub client: Client,
    place: Place,
    /// The index of this site's first phone, for [`phone`].
    first: u32,
}

#[derive(Debug)]
enum Place {
    Local(Box<World>),
    Deployed(Client),
}

/// Reads a URL from a variable of the environment. `None` if it is missing or empty.
fn read_url(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

impl Site {
    /// Opens the deployed stack, or starts a local one with sealed tokens.
    pub async fn open() -> Self {
        match read_url("BASE_URL") {
            Some(base) => Self::at(&base),
            None => Self::local(TokenMode::Sealed).await,
        }
    }

    /// Opens the deployed stack in its own token mode, or starts two local ones, with sealed and with stored tokens.
    pub async fn in_each_mode() -> Vec<Self> {
        match read_url("BASE_URL") {
            Some(base) => vec![Self::at(&base)],
            None => vec![
                Self::local(TokenMode::Sealed).await,
                Self::local(TokenMode::Stored).await,
            ],
        }
    }

    async fn local(mode: TokenMode) -> Self {
        let world = World::builder().mode(mode).shadow().start().await;
        Self {
            client: world.client.clone(),
            place: Place::Local(Box::new(world)),
            first: 0,
        }
    }

    fn at(base: &str) -> Self {
        let inbox = read_url("INBOX_URL").expect("BASE_URL needs INBOX_URL, the URL of its texts");
        let chosen = u32::from_be_bytes(draw_array(&SystemRandom).expect("random bytes"));
        let device = format!("device-{chosen:08x}");
        Self {
            client: Client::new(base).with_device(&device),
            place: Place::Deployed(Client::new(&inbox)),
            // `phone` has 700 blocks of 9,000 numbers.
            first: chosen % (700 * 8_999),
        }
    }

    /// Returns the `n`-th phone of this site, for `n` below 32.
    #[must_use]
    pub fn phone(&self, n: u32) -> String {
        phone(self.first + n)
    }

    /// Returns a further device of this site. Devices of other sites have other names.
    #[must_use]
    pub fn device(&self, name: &str) -> String {
        format!("{}-{name}", self.client.device())
    }

    /// Returns the stack's current time in Unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        let now = match &self.place {
            Place::Local(world) => world.clock.now(),
            Place::Deployed(_) => SystemClock.now(),
        };
        u64::try_from(now.unix()).expect("after 1970")
    }

    /// Returns the issuer of the stack's tokens. It may differ from the URL that the tests call.
    pub async fn issuer(&self) -> String {
        let metadata = self.client.get("/.well-known/openid-configuration").await;
        metadata.json["issuer"]
            .as_str()
            .expect("an issuer")
            .to_owned()
    }

    /// Returns the texts to `phone`, newest first.
    pub async fn texts(&self, phone: &str) -> Vec<Text> {
        match &self.place {
            Place::Local(world) => {
                let texts = world.texts(phone).into_iter();
                texts
                    .map(|text| Text {
                        body: text.body,
                        attributes: Some(text.attributes),
                    })
                    .collect()
            }
            Place::Deployed(inbox) => remote_texts(inbox, phone).await,
        }
    }

    /// Counts the texts that the phones of this site have got.
    pub async fn text_count(&self) -> usize {
        if let Place::Local(world) = &self.place {
            return world.text_count();
        }
        let mut count = 0;
        for n in 0..PHONES {
            count += self.texts(&self.phone(n)).await.len();
        }
        count
    }

    /// Returns the code in the newest text to `phone`: its first run of six digits.
    pub async fn code(&self, phone: &str) -> String {
        let texts = self.texts(phone).await;
        let body = &texts.first().expect("a text").body;
        let mut runs = body.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == 6).expect("a code").to_owned()
    }

    /// Returns a code that is not the one in the newest text to `phone`.
    pub async fn wrong_code(&self, phone: &str) -> String {
        let right: u32 = self.code(phone).await.parse().expect("digits");
        format!("{:06}", (right + 1) % 1_000_000)
    }

    /// Counts the items in the verification service's tables. `None` for a deployed stack.
    pub async fn item_count(&self) -> Option<u64> {
        match &self.place {
            Place::Local(world) => Some(world.item_count().await),
            Place::Deployed(_) => None,
        }
    }
}

/// Reads the inbox of a local stack, or the texts that ministack keeps.
async fn remote_texts(inbox: &Client, phone: &str) -> Vec<Text> {
    let emulator = inbox.get("/_ministack/sns/sms-messages").await;
    if emulator.status == 200 {
        let texts = emulator.json["sms_messages"][phone].as_array();
        return texts
            .into_iter()
            .flatten()
            .rev()
            .map(read_emulator_text)
            .collect();
    }
    let number = phone.trim_start_matches('+');
    let local = inbox
        .get(&format!("/inbox/messages?phone=%2B{number}"))
        .await;
    let texts = local.json.as_array().expect("INBOX_URL must name an inbox");
    let text = |text: &Value| Text {
        body: text["body"].as_str().unwrap_or_default().to_owned(),
        attributes: serde_json::from_value(text["attributes"].clone()).ok(),
    };
    texts.iter().map(text).collect()
}

fn read_emulator_text(text: &Value) -> Text {
    let attributes = text["MessageAttributes"].as_object().into_iter().flatten();
    let value = |value: &Value| value["StringValue"].as_str().unwrap_or_default().to_owned();
    Text {
        body: text["Message"].as_str().unwrap_or_default().to_owned(),
        attributes: Some(
            attributes
                .map(|(name, v)| (name.clone(), value(v)))
                .collect(),
        ),
    }
}
