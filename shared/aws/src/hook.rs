//! Hands texts to the send hook: a service of the operator, which hands them to a provider of its own.
//!
//! A request is a Standard Webhook (1.0.0). All tries of one text have the same `webhook-id`, so a receiver can tell a
//! retry from another text. That makes a retry safe, and most lost answers become known. `docs/HOOK.md` describes the
//! contract.

mod answer;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_crypto::webhook::{message_id, sign};
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Clock;
use phoneproof_domain::country::Country;
use phoneproof_domain::delivery::{Delivery, Detail, NotTaken, Reason, Text};
use phoneproof_domain::hook::HookPolicy;
use phoneproof_domain::outgoing::{Origination, OutgoingText};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use self::answer::{Told, read};
use crate::clients::{CaBundle, HookClient, HookRequest};

/// How long one try waits for its answer.
const TRY_WITHIN: Duration = Duration::from_secs(3);
/// How many tries may send nothing before the next channel has the text, which waits for them.
const REFUSALS: u32 = 3;
/// The pause before the second try, unless the receiver asks for a longer one. Each further pause is twice as long ...
const PAUSE: Duration = Duration::from_millis(200);
/// ... up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The least time that a try needs. With less time left, the hook is not tried again.
const LEAST: Duration = Duration::from_millis(300);

/// The send hook of one policy.
///
/// Its client is built at the first use, because it may load the system's certificate authorities, which `verify` never
/// needs.
#[derive(Clone, derive_more::Debug)]
#[debug("Hook")]
pub struct Hook {
    client: Arc<LazyLock<Option<HookClient>, BuildClient>>,
    clock: Arc<dyn Clock>,
}

type BuildClient = Box<dyn FnOnce() -> Option<HookClient> + Send>;

impl Hook {
    /// Makes the hook that `policy` names. It trusts the certificate authorities of the system, or those of `ca_bundle`
    /// alone. `clock` stamps the requests, and tells how long a connection was unused.
    #[must_use]
    pub fn new(policy: HookPolicy, ca_bundle: Option<CaBundle>, clock: Arc<dyn Clock>) -> Self {
        let of_client = Arc::clone(&clock);
        let build = move || {
            let client = HookClient::new(&policy, ca_bundle.as_ref(), of_client);
            client
                .inspect_err(|error| tracing::error!(%error, "there is no client of the hook"))
                .ok()
        };
        Self {
            client: Arc::new(LazyLock::new(Box::new(build))),
            clock,
        }
    }

    /// Builds the client now instead of at the first text.
    pub fn warm_up(&self) {
        let _: &Option<HookClient> = &self.client;
    }

    /// Opens a connection, unless one was used a moment ago. Errors are ignored. The send reports them.
    pub async fn prepare(&self) {
        if let Some(client) = &**self.client {
            client.prepare().await;
        }
    }

    /// Hands over `text`, in tries until `deadline`. All have the same id, so more tries text nobody twice.
    ///
    /// Once a try may have been taken, only an answer about this id settles what became of it: a status of success, or
    /// a refusal with a code. Any other answer says nothing about the text, so the hook asks again. If no answer
    /// settles it, the text is [`Delivery::Unknown`]. Before that, the hook stops after three refusals, or after one
    /// that no other try can change.
    pub async fn send(&self, text: &Text<'_>, keyring: &Keyring, deadline: Instant) -> Delivery {
        let Some(client) = &**self.client else {
            let detail = Some(Detail::from_name("no-client"));
            return Delivery::from_failure(Channel::Hook, NotTaken::new(Reason::NotSetUp, detail));
        };
        let mut doubt = None;
        let (mut pause, mut asked) = (PAUSE, Duration::ZERO);
        let (mut refused, mut refusals) = (NotTaken::from(Reason::NotConnected), 0);
        for attempt in 1.. {
            if attempt > 1 {
                let wait = pause.max(asked);
                if Instant::now() + wait + LEAST > deadline {
                    break;
                }
                sleep(wait).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            let until = deadline.min(Instant::now() + TRY_WITHIN);
            let request = self.write(text, attempt, keyring);
            match read(client.post(request, until).await) {
                Told::Taken(id) => {
                    let channel = Channel::Hook;
                    return Delivery::Accepted { channel, id };
                }
                Told::Verdict(why) => return Delivery::from_failure(Channel::Hook, why),
                Told::Refused(why, after) => {
                    (refused, asked) = (why, after.unwrap_or_default());
                    refusals += 1;
                    let is_enough = after.is_none() || refusals == REFUSALS;
                    if doubt.is_none() && is_enough {
                        break;
                    }
                }
                Told::Unclear(why, after) => {
                    doubt = Some(why);
                    asked = after;
                }
            }
        }
        Delivery::from_failure(Channel::Hook, doubt.unwrap_or(refused))
    }

    /// Writes one try of `text`. Its timestamp is its own, so that no receiver finds it too old.
    fn write(&self, text: &Text<'_>, attempt: u32, keyring: &Keyring) -> HookRequest {
        let (id, now) = (message_id(text.id), self.clock.now());
        let body = write_body(text, attempt).into_bytes();
        HookRequest {
            headers: [
                ("webhook-signature", sign(keyring, &id, now, &body)),
                ("webhook-timestamp", now.unix().to_string()),
                ("webhook-id", id),
            ],
            body,
        }
    }
}

/// Writes the body of a request. Only `attempt` differs between the tries of one text.
fn write_body(text: &Text<'_>, attempt: u32) -> String {
    let OutgoingText {
        phone,
        body,
        sent_as,
    } = text.outgoing;
    let registration = sent_as
        .registration
        .map(|ids| json!({ "entityId": ids.entity_id, "templateId": ids.template_id }));
    let mut request = json!({
        "type": "sms.send",
        "timestamp": text.asked_at,
        "data": {
            "phone": phone.expose(),
            "country": text.country.as_ref().map(Country::as_str),
            "body": body,
            "code": text.code.expose(),
            "business": text.business.as_str(),
            "locale": text.locale.as_str(),
            "segments": text.segments,
            "expiresAt": text.expires_at,
            "sender": match sent_as.origination {
                Origination::Unnamed => None,
                Origination::SenderId(sender) | Origination::Number(sender) => Some(sender),
            },
            "registration": registration,
            "attempt": attempt,
        },
    });
    // Without receipts, nobody is sent a member for them.
    let data = request.get_mut("data").and_then(Value::as_object_mut);
    if let (Some(receipt), Some(data)) = (text.receipt, data) {
        data.insert("receipt".to_owned(), json!(receipt));
    }
    request.to_string()
}
