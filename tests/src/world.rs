//! A stack to test against.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_config::process::SystemClock;
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::random::{Random, RandomUnavailable};
use phoneproof_local::gateway::FUNCTION_TIMEOUT;
use phoneproof_local::inbox::{Carrier, Message};
use phoneproof_local::stack::{Backends, Endpoints, Options, Stack};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

use crate::client::{Answer, Client};
use crate::database::Database;
use crate::lines::Lines;
use crate::proxy::Proxy;

/// A clock that tests move.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at noon UTC of the day after tomorrow: later than the real clock, which the embedded
    /// database deletes expired items by, and far from every window's end.
    #[must_use]
    pub fn new() -> Self {
        let noon = (SystemClock.now().day() + 2) * 86_400 + 12 * 3_600;
        Self(AtomicI64::new(noon))
    }

    /// Moves forward.
    pub fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).expect("a test moves by less than a lifetime");
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// Random bytes from a seed.
#[derive(Debug)]
pub struct SeededRandom(Mutex<ChaCha20Rng>);

impl SeededRandom {
    /// The generator of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomUnavailable> {
        self.0
            .lock()
            .map_err(|_| RandomUnavailable)?
            .fill_bytes(bytes);
        Ok(())
    }
}

/// The `n`-th phone; each in a number block of its own, for `n` below 700.
#[must_use]
pub fn phone(n: u32) -> String {
    format!("+1415{}{:04}", 200 + n % 700, 1_000 + n / 700)
}

/// A running stack with its clock, client and, if asked for, the proxy before its tables and SNS.
pub struct World {
    /// The stack.
    pub stack: Stack,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its random source.
    pub random: Arc<dyn Random>,
    /// Calls it.
    pub client: Client,
    /// Its request lines.
    pub lines: Lines,
    /// Its tables.
    pub database: Database,
    /// Stands before DynamoDB and SNS.
    pub proxy: Option<Proxy>,
    /// How it was started, and on what.
    setup: (Options, Endpoints),
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

/// How a [`World`] is set up.
#[derive(Clone)]
pub struct WorldBuilder {
    mode: TokenMode,
    policy: String,
    proxied: bool,
    origins: Vec<String>,
    keyring: Option<String>,
    issuer: Option<String>,
    accept_test_numbers: bool,
    seed: u64,
    random: Option<Arc<dyn Random>>,
    function_timeout: Duration,
}

impl World {
    /// A builder with the sample policy.
    #[must_use]
    pub fn builder() -> WorldBuilder {
        WorldBuilder {
            mode: TokenMode::Sealed,
            policy: DEFAULT_POLICY.to_owned(),
            proxied: false,
            origins: Vec::new(),
            keyring: None,
            issuer: None,
            accept_test_numbers: true,
            seed: 7,
            random: None,
            function_timeout: FUNCTION_TIMEOUT,
        }
    }

    /// A stack with the sample policy and sealed tokens.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Another instance of the service, as Lambda starts them: with its own memory, on the same tables, keys
    /// and inbox.
    pub async fn instance(&self) -> Stack {
        self.try_instance().await.expect("an instance")
    }

    /// As [`World::instance`].
    ///
    /// # Errors
    ///
    /// When it does not start, because of its keys.
    pub async fn try_instance(&self) -> std::io::Result<Stack> {
        self.start_instance(None).await
    }

    /// As [`World::instance`], after the policy was changed.
    pub async fn instance_with_policy(&self, policy: &str) -> Stack {
        let policy = phoneproof_config::policy::from_toml(policy).expect("a valid policy");
        self.start_instance(Some(policy))
            .await
            .expect("an instance")
    }

    async fn start_instance(&self, policy: Option<Policy>) -> std::io::Result<Stack> {
        let (mut options, endpoints) = self.setup.clone();
        options.issuer = Some(self.stack.url.clone());
        options.policy = policy.unwrap_or(options.policy);
        // Stay unused: the instance reaches those of this world.
        let backends = Backends::start(&options).await.expect("free ports");
        Stack::start_on(options, backends, endpoints).await
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The texts to `phone`, newest first.
    #[must_use]
    pub fn texts(&self, phone: &str) -> Vec<Message> {
        self.stack.backends.inbox.messages(Some(phone))
    }

    /// How many texts there are in all.
    #[must_use]
    pub fn text_count(&self) -> usize {
        self.stack.backends.inbox.messages(None).len()
    }

    /// The code of the newest text to `phone`: its first run of six digits.
    #[must_use]
    pub fn code(&self, phone: &str) -> String {
        let texts = self.texts(phone);
        let body = &texts.first().expect("a text").body;
        let runs = body.split(|c: char| !c.is_ascii_digit());
        runs.into_iter()
            .find(|run| run.len() == 6)
            .expect("a code")
            .to_owned()
    }

    /// Another code than the one texted to `phone`.
    #[must_use]
    pub fn wrong_code(&self, phone: &str) -> String {
        let right: u32 = self.code(phone).parse().expect("digits");
        format!("{:06}", (right + 1) % 1_000_000)
    }

    /// A success token of `business` for a phone, once the cooldown of its last text is over.
    pub async fn proof(&self, business: &str, phone: &str) -> String {
        self.advance(60);
        let body = serde_json::json!({ "phone": phone, "uniqueId": phone, "businessId": business });
        let sent = self.client.post("/v1/send", &body).await;
        let verified = self.client.verify(&sent.token(), &self.code(phone)).await;
        verified.token()
    }

    /// Tries the newest code of a phone on a challenge token; the status.
    pub async fn try_code(&self, token: &str, phone: &str) -> u16 {
        self.client.verify(token, &self.code(phone)).await.status
    }

    /// A call of its DynamoDB, as an operator's tool makes it; the table is `Limits`, `Challenges` or
    /// `Blocks`.
    pub async fn dynamodb(&self, operation: &str, body: &serde_json::Value) -> Answer {
        self.database.call(operation, body).await
    }

    /// How many items the three tables hold.
    pub async fn item_count(&self) -> u64 {
        let mut count = 0;
        for table in ["Limits", "Challenges", "Blocks"] {
            count += self.count(table).await;
        }
        count
    }

    /// How many items a table holds.
    pub async fn count(&self, table: &str) -> u64 {
        let scan = serde_json::json!({ "TableName": table, "Select": "COUNT" });
        let answer = self.dynamodb("Scan", &scan).await;
        answer.json["Count"].as_u64().expect("a count")
    }

    /// The keyring in the secret of this name: with it a test signs what no issuer would.
    pub async fn keyring(&self, secret_id: &str) -> Keyring {
        Keyring::from_json(&self.secret(secret_id).await).expect("a keyring")
    }

    /// What the secret of this name holds.
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

    /// Puts an entry on the block list, as an operator's tool does; without an end it does not end.
    pub async fn block(&self, key: &str, expires_at: Option<i64>) {
        let mut item = serde_json::json!({
            "pk": { "S": key },
            "reason": { "S": "test" },
            "created_at": { "N": "0" },
        });
        if let Some(end) = expires_at {
            item["expires_at"] = serde_json::json!({ "N": end.to_string() });
        }
        let put = serde_json::json!({ "TableName": "Blocks", "Item": item });
        let answer = self.dynamodb("PutItem", &put).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    /// Tells the carrier what to do.
    pub fn carrier(&self, carrier: Carrier) {
        self.stack.backends.inbox.set_carrier(carrier);
    }

    /// The proxy.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("built with `proxied`")
    }
}

/// Tables in a database that lives longer than this process are deleted, on a thread of its own because
/// nothing can be awaited here.
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

impl fmt::Debug for WorldBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorldBuilder")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl WorldBuilder {
    /// Sets the token mode.
    #[must_use]
    pub fn mode(mut self, mode: TokenMode) -> Self {
        self.mode = mode;
        self
    }

    /// Replaces `from` by `to` in the sample policy; `from` must be there.
    #[must_use]
    pub fn policy(mut self, from: &str, to: &str) -> Self {
        assert!(
            self.policy.contains(from),
            "the sample policy has no {from:?}"
        );
        self.policy = self.policy.replacen(from, to, 1);
        self
    }

    /// Appends to the sample policy.
    #[must_use]
    pub fn policy_addition(mut self, text: &str) -> Self {
        self.policy.push_str(text);
        self
    }

    /// Puts a proxy before DynamoDB and SNS.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Allows a web origin.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.origins.push(origin.to_owned());
        self
    }

    /// Sets the keyring secret.
    #[must_use]
    pub fn keyring(mut self, json: &str) -> Self {
        self.keyring = Some(json.to_owned());
        self
    }

    /// Pretends to be the service at another URL.
    #[must_use]
    pub fn issuer(mut self, url: &str) -> Self {
        self.issuer = Some(url.to_owned());
        self
    }

    /// Lets the account service refuse success tokens of test numbers.
    #[must_use]
    pub fn refuse_test_numbers(mut self) -> Self {
        self.accept_test_numbers = false;
        self
    }

    /// Draws other ids and codes than worlds with another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws from `random`, which must not repeat itself.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Tells the functions that they may run for this long.
    #[must_use]
    pub fn function_timeout(mut self, timeout: Duration) -> Self {
        self.function_timeout = timeout;
        self
    }

    /// Starts the stack.
    pub async fn start(self) -> World {
        let clock = Arc::new(ManualClock::new());
        let mut options = Options::new(
            phoneproof_config::policy::from_toml(&self.policy).expect("a valid policy"),
        );
        options.clock = clock.clone();
        options.random = Arc::new(SeededRandom::new(self.seed));
        options.token_mode = self.mode;
        options.allowed_origins = self.origins;
        options.keyring = self.keyring;
        options.issuer = self.issuer;
        options.accept_test_numbers = self.accept_test_numbers;
        options.trust_test_header = true;
        options.function_timeout = self.function_timeout;
        let lines = Lines::default();
        options.journal_output = lines.output();
        let external = Database::external(self.proxied).await;
        if let Some(database) = &external {
            // Request tokens are remembered across tables: the same seed would repeat another world's.
            options.random = Arc::new(SystemRandom);
            options.dynamodb = Some(database.access.clone());
            options.tables = database.tables.clone();
            options.account_tables = database.account_tables.clone();
        }
        if let Some(random) = self.random {
            options.random = random;
        }
        let backends = Backends::start(&options).await.expect("free ports");
        let mut endpoints = backends.endpoints.clone();
        let database = external.unwrap_or_else(|| Database::embedded(&endpoints.dynamodb));
        let mut proxy = None;
        if self.proxied {
            let started = Proxy::start(&endpoints.dynamodb, &endpoints.sns).await;
            endpoints.dynamodb.clone_from(&started.dynamodb);
            endpoints.sns.clone_from(&started.sns);
            // One loopback port serves both SNS and Secrets Manager.
            endpoints.secrets.clone_from(&started.sns);
            proxy = Some(started);
        }
        let random = Arc::clone(&options.random);
        let setup = (options.clone(), endpoints.clone());
        let stack = Stack::start_on(options, backends, endpoints)
            .await
            .expect("a stack");
        let client = Client::new(&stack.url);
        if let Some(proxy) = &proxy {
            // The keyring was read; what tests count begins now.
            drop(proxy.take_calls());
        }
        World {
            stack,
            clock,
            random,
            client,
            lines,
            database,
            proxy,
            setup,
        }
    }
}
