//! A local stack with a clock that the test moves.

mod builder;
mod manual;

use std::sync::Arc;
use std::time::Duration;

use phoneproof_aws::store::{Block, Store};
use phoneproof_config::{DEFAULT_POLICY, ProxySettings};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::hook::HookPolicy;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::Random;
use phoneproof_domain::subject::Subject;
use phoneproof_local::gateway::FUNCTION_TIMEOUT;
use phoneproof_local::inbox::{Carrier, Message};
use phoneproof_local::stack::{Backends, Endpoints, Options, Stack};
use tokio::sync::Semaphore;

pub use self::manual::{ManualClock, SeededRandom};
use crate::client::{Answer, Client};
use crate::database::Database;
use crate::lines::Lines;
use crate::proxy::Proxy;
use crate::wire::Wire;

/// The stacks that may start at once. A start has seconds to read its keyring, also on a machine with other work.
static STARTS: Semaphore = Semaphore::const_new(3);

/// Returns the `n`-th phone of area code 415. The first 700 phones are in 700 different number blocks.
#[must_use]
pub fn phone(n: u32) -> String {
    format!("+1415{}{:04}", 200 + n % 700, 1_000 + n / 700)
}

/// A running local stack with its clock and a client. Use it for tests that move time, break calls or look inside.
///
/// [`World::start`] starts one with the sample policy. [`World::builder`] changes its settings first.
#[derive(derive_more::Debug)]
#[debug("World {{ stack: {stack:?}, .. }}")]
pub struct World {
    /// The running stack: its URL, its inbox and its AWS services.
    pub stack: Stack,
    /// The clock of the stack.
    pub clock: Arc<ManualClock>,
    /// The random source of the stack.
    pub random: Arc<dyn Random>,
    /// A client of the stack.
    pub client: Client,
    /// The request lines that the stack has logged.
    pub lines: Lines,
    /// The database with the stack's tables.
    pub database: Database,
    /// The proxy before DynamoDB and SNS, if the world was built with [`WorldBuilder::proxied`].
    pub proxy: Option<Proxy>,
    /// The options and endpoints that the stack was started with, for further instances.
    setup: Box<(Options, Endpoints)>,
}

/// The settings of a [`World`] that has not started yet.
#[derive(Clone, derive_more::Debug)]
#[debug("WorldBuilder {{ mode: {mode:?}, .. }}")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct WorldBuilder {
    mode: TokenMode,
    policy: String,
    proxied: bool,
    origins: Vec<String>,
    keyring: Option<String>,
    issuer: Option<String>,
    verifier_url: Option<String>,
    accept_test_numbers: bool,
    seed: u64,
    random: Option<Arc<dyn Random>>,
    pays: bool,
    function_timeout: Duration,
    proxy: Option<ProxySettings>,
    route: Vec<Channel>,
    receipts: bool,
    hook: Option<HookPolicy>,
}

/// Finds the code of `length` digits in a text or a call. A call speaks the digits one by one.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn find_code(message: &Message, length: usize) -> String {
    let is_call = message.channel == Channel::NotifyVoice.as_str();
    let between = if is_call { ", " } else { "\0" };
    let body = message.body.replace(between, "");
    let mut runs = body.split(|c: char| !c.is_ascii_digit());
    let code = runs.find(|run| run.len() == length);
    code.expect("a code").to_owned()
}

impl World {
    /// Returns a builder with the sample policy, sealed tokens and no proxy.
    #[must_use]
    pub fn builder() -> WorldBuilder {
        WorldBuilder {
            mode: TokenMode::Sealed,
            policy: DEFAULT_POLICY.to_owned(),
            proxied: false,
            origins: Vec::new(),
            keyring: None,
            issuer: None,
            verifier_url: None,
            accept_test_numbers: true,
            seed: 7,
            random: None,
            pays: false,
            function_timeout: FUNCTION_TIMEOUT,
            proxy: None,
            route: Vec::new(),
            receipts: false,
            hook: None,
        }
    }

    /// Starts a world with the sample policy, sealed tokens and no proxy.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts another instance of the service, as Lambda does.
    ///
    /// It has its own memory. It shares the tables, the keys and the inbox.
    pub async fn instance(&self) -> Stack {
        self.try_instance().await.expect("an instance")
    }

    /// Starts another instance of the service, like [`World::instance`], where the start may fail.
    ///
    /// # Errors
    ///
    /// When the instance does not start because of its keys.
    pub async fn try_instance(&self) -> std::io::Result<Stack> {
        self.start_instance(None).await
    }

    /// Starts another instance of the service, like [`World::instance`], with the policy in `policy`.
    pub async fn instance_with_policy(&self, policy: &str) -> Stack {
        let policy = phoneproof_config::policy::from_toml(policy).expect("a valid policy");
        self.start_instance(Some(policy))
            .await
            .expect("an instance")
    }

    /// Starts another instance of the service, like [`World::instance`], that reaches SNS and End User Messaging over a
    /// wire.
    pub async fn wired_instance(&self) -> (Stack, Wire) {
        let mut endpoints = self.setup.1.clone();
        let wire = Wire::to(&endpoints.sns).await;
        endpoints.sns.clone_from(&wire.url);
        let started = self.start_instance_at(endpoints, None).await;
        (started.expect("an instance"), wire)
    }

    async fn start_instance(&self, policy: Option<Policy>) -> std::io::Result<Stack> {
        self.start_instance_at(self.setup.1.clone(), policy).await
    }

    async fn start_instance_at(
        &self,
        endpoints: Endpoints,
        policy: Option<Policy>,
    ) -> std::io::Result<Stack> {
        let mut options = self.setup.0.clone();
        options.issuer = Some(self.stack.url.clone());
        options.policy = policy.unwrap_or(options.policy);
        // These backends stay unused. The instance calls the backends of this world.
        let backends = Backends::start(&options).await.expect("free ports");
        Stack::start_on(options, backends, endpoints).await
    }

    /// Moves the stack's clock forward.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Returns the texts to `phone`, newest first.
    #[must_use]
    pub fn texts(&self, phone: &str) -> Vec<Message> {
        self.stack.backends.inbox.messages(Some(phone))
    }

    /// Counts the texts to all phones.
    #[must_use]
    pub fn text_count(&self) -> usize {
        self.stack.backends.inbox.messages(None).len()
    }

    /// Returns the code in the newest text to `phone`: its first run of six digits.
    #[must_use]
    pub fn code(&self, phone: &str) -> String {
        let texts = self.texts(phone);
        find_code(texts.first().expect("a text"), 6)
    }

    /// Returns a code that is not the one in the newest text to `phone`.
    #[must_use]
    pub fn wrong_code(&self, phone: &str) -> String {
        let right: u32 = self.code(phone).parse().expect("digits");
        format!("{:06}", (right + 1) % 1_000_000)
    }

    /// Moves the clock past the cooldown, verifies `phone` for `business` and returns the success token.
    pub async fn proof(&self, business: &str, phone: &str) -> String {
        self.advance(60);
        let body = serde_json::json!({ "phone": phone, "uniqueId": phone, "businessId": business });
        let sent = self.client.post("/v1/send", &body).await;
        let verified = self.client.verify(&sent.token(), &self.code(phone)).await;
        verified.token()
    }

    /// Verifies a challenge token with the newest code of a phone. Returns the HTTP status.
    pub async fn try_code(&self, token: &str, phone: &str) -> u16 {
        self.client.verify(token, &self.code(phone)).await.status
    }

    /// Calls the stack's DynamoDB directly, as an operator's tool does.
    ///
    /// `TableName` in `body` is `Limits`, `Challenges` or `Blocks`, or an account table.
    pub async fn dynamodb(&self, operation: &str, body: &serde_json::Value) -> Answer {
        self.database.call(operation, body).await
    }

    /// Reads a number of an item of the table of limits; `None` if there is none.
    pub async fn read_limit(&self, key: &str, attribute: &str) -> Option<i64> {
        let request = serde_json::json!({
            "TableName": "Limits", "Key": { "pk": { "S": key } }, "ConsistentRead": true,
        });
        let answer = self.dynamodb("GetItem", &request).await;
        answer.json["Item"][attribute]["N"].as_str()?.parse().ok()
    }

    /// Counts the items in the three tables of the verification service.
    pub async fn item_count(&self) -> u64 {
        let mut count = 0;
        for table in ["Limits", "Challenges", "Blocks"] {
            count += self.count(table).await;
        }
        count
    }

    /// Counts the items in one table.
    pub async fn count(&self, table: &str) -> u64 {
        let scan = serde_json::json!({ "TableName": table, "Select": "COUNT" });
        let answer = self.dynamodb("Scan", &scan).await;
        answer.json["Count"].as_u64().expect("a count")
    }

    /// Reads the keyring from a secret. With it, a test can sign tokens that no issuer would sign.
    pub async fn read_keyring(&self, secret_id: &str) -> Keyring {
        Keyring::from_json(&self.secret(secret_id).await).expect("a keyring")
    }

    /// Reads the text of a secret from Secrets Manager.
    pub async fn secret(&self, secret_id: &str) -> String {
        let secrets = Client::new(&self.stack.backends.endpoints.secrets);
        let headers = [
            ("x-amz-target", "secretsmanager.GetSecretValue"),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let body = serde_json::json!({ "SecretId": secret_id }).to_string();
        let answer = secrets
            .raw(http::Method::POST, "/", &headers, body.into_bytes())
            .await;
        let text = answer.json["SecretString"].as_str();
        text.expect("a secret").to_owned()
    }

    /// Puts an entry on the block list, as an operator's tool does. `None` blocks without an end.
    pub async fn block(&self, key: &str, expires_at: Option<i64>) {
        let store = Store::new(
            self.database.clients().dynamodb,
            self.database.tables.clone(),
        );
        let block = Block {
            subject: Subject::parse(key).expect("a subject"),
            label: None,
            reason: "test".to_owned(),
            created_at: Some(Timestamp::from_unix(0)),
            expires_at: expires_at.map(Timestamp::from_unix),
            is_removed: false,
        };
        let now = self.clock.now();
        let random = self.random.as_ref();
        store.block(&block, now, random).await.expect("an entry");
    }

    /// Sets what the carrier does with the texts from now on.
    pub fn carrier(&self, carrier: Carrier) {
        self.stack.backends.inbox.set_carrier(carrier);
    }

    /// Returns the proxy of a world that was built with [`WorldBuilder::proxied`].
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("built with `proxied`")
    }
}

/// Deletes the tables of a database that outlives this process.
///
/// `drop` cannot await, so a thread with a runtime of its own deletes them.
impl Drop for World {
    fn drop(&mut self) {
        if !self.database.is_external() {
            return;
        }
        let database = self.database.clone();
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(database.delete());
        });
        drop(deleting.join());
    }
}
