//! A stack that is only used from outside: the local one, or a deployed one.

use std::collections::BTreeMap;

use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::random::random_array;
use serde_json::Value;

use crate::client::Client;
use crate::world::{World, phone};

/// The numbers that one site hands out, for counting its texts.
const PHONES: u32 = 32;

/// A text that arrived.
#[derive(Debug, Clone)]
pub struct Text {
    /// What it says.
    pub body: String,
    /// The SNS attributes, where the inbox shows them.
    pub attributes: Option<BTreeMap<String, String>>,
}

/// A stack, as far as everybody can use it.
///
/// With `BASE_URL` set it is the stack at that URL, whose texts are read at `INBOX_URL`: that of a local
/// stack, or of ministack. Numbers and devices are then new ones for each site, so that a suite can run
/// again and again on a stack that lives long. Otherwise it is a local stack of its own.
#[derive(Debug)]
pub struct Site {
    /// Calls it.
    pub client: Client,
    place: Place,
    /// Numbers begin here.
    first: u32,
}

#[derive(Debug)]
enum Place {
    Local(Box<World>),
    Deployed(Client),
}

/// A variable of the environment that names a URL.
fn url(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

impl Site {
    /// A site with sealed tokens, or the deployed one.
    pub async fn open() -> Self {
        match url("BASE_URL") {
            Some(base) => Self::deployed(&base),
            None => Self::local(TokenMode::Sealed).await,
        }
    }

    /// A site with sealed and one with stored tokens, or the deployed one with those it has.
    pub async fn in_each_mode() -> Vec<Self> {
        match url("BASE_URL") {
            Some(base) => vec![Self::deployed(&base)],
            None => vec![
                Self::local(TokenMode::Sealed).await,
                Self::local(TokenMode::Stored).await,
            ],
        }
    }

    async fn local(mode: TokenMode) -> Self {
        let world = World::builder().mode(mode).start().await;
        Self {
            client: world.client.clone(),
            place: Place::Local(Box::new(world)),
            first: 0,
        }
    }

    fn deployed(base: &str) -> Self {
        let inbox = url("INBOX_URL").expect("INBOX_URL: where are the texts of BASE_URL?");
        let chosen = u32::from_be_bytes(random_array(&SystemRandom).expect("random bytes"));
        let device = format!("device-{chosen:08x}");
        Self {
            client: Client::new(base).with_device(&device),
            place: Place::Deployed(Client::new(&inbox)),
            // `phone` has 700 blocks of 9,000 numbers.
            first: chosen % (700 * 8_999),
        }
    }

    /// The `n`-th phone of this site, for `n` below 32.
    #[must_use]
    pub fn phone(&self, n: u32) -> String {
        phone(self.first + n)
    }

    /// Another device of this site.
    #[must_use]
    pub fn device(&self, name: &str) -> String {
        format!("{}-{name}", self.client.device())
    }

    /// The current instant, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        let now = match &self.place {
            Place::Local(world) => world.clock.now(),
            Place::Deployed(_) => SystemClock.now(),
        };
        u64::try_from(now.unix()).expect("after 1970")
    }

    /// The issuer of its tokens. It need not be the URL that it is reached by.
    pub async fn issuer(&self) -> String {
        let metadata = self.client.get("/.well-known/openid-configuration").await;
        metadata.json["issuer"]
            .as_str()
            .expect("an issuer")
            .to_owned()
    }

    /// The texts to `phone`, newest first.
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

    /// How many texts the phones of this site got.
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

    /// The code of the newest text to `phone`: its first run of six digits.
    pub async fn code(&self, phone: &str) -> String {
        let texts = self.texts(phone).await;
        let body = &texts.first().expect("a text").body;
        let mut runs = body.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == 6).expect("a code").to_owned()
    }

    /// Another code than the one texted to `phone`.
    pub async fn wrong_code(&self, phone: &str) -> String {
        let right: u32 = self.code(phone).await.parse().expect("digits");
        format!("{:06}", (right + 1) % 1_000_000)
    }

    /// How many items the tables hold, where that can be seen.
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
        return texts.into_iter().flatten().rev().map(of_emulator).collect();
    }
    let number = phone.trim_start_matches('+');
    let local = inbox
        .get(&format!("/inbox/messages?phone=%2B{number}"))
        .await;
    let texts = local.json.as_array().expect("INBOX_URL shows no inbox");
    let text = |text: &Value| Text {
        body: text["body"].as_str().unwrap_or_default().to_owned(),
        attributes: None,
    };
    texts.iter().map(text).collect()
}

fn of_emulator(text: &Value) -> Text {
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
