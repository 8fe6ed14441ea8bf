//! How a world is set up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use phoneproof_config::ProxySettings;
use phoneproof_config::process::SystemRandom;
use phoneproof_crypto::digest::sha256;
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::end_user_messaging::NotifyPolicy;
use phoneproof_domain::hook::{HookPolicy, Reach};
use phoneproof_domain::policy::Policy;
use phoneproof_domain::purse::PurseRule;
use phoneproof_domain::random::Random;
use phoneproof_local::aws::HOOK_PATH;
use phoneproof_local::stack::{Backends, Options, Stack};

use super::{ManualClock, STARTS, SeededRandom, World, WorldBuilder};
use crate::client::Client;
use crate::database::Database;
use crate::lines::Lines;
use crate::proxy::Proxy;

/// The template of AWS that speaks the codes of a world.
const VOICE_TEMPLATE: &str = "notify-code-verification-voice-english-001";

impl WorldBuilder {
    /// Sets the token mode: sealed or stored challenge tokens.
    #[must_use]
    pub fn mode(mut self, mode: TokenMode) -> Self {
        self.mode = mode;
        self
    }

    /// Replaces `from` by `to` in the text of the policy, once. Panics if `from` is not there.
    #[must_use]
    pub fn policy(mut self, from: &str, to: &str) -> Self {
        assert!(
            self.policy.contains(from),
            "the sample policy has no {from:?}"
        );
        self.policy = self.policy.replacen(from, to, 1);
        self
    }

    /// Appends text to the policy.
    #[must_use]
    pub fn policy_addition(mut self, text: &str) -> Self {
        self.policy.push_str(text);
        self
    }

    /// Puts a proxy before DynamoDB and SNS, which counts and breaks calls.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Allows one more web origin to call the API.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        self.origins.push(origin.to_owned());
        self
    }

    /// Sets the text of the keyring secret, in place of a generated keyring.
    #[must_use]
    pub fn keyring(mut self, json: &str) -> Self {
        self.keyring = Some(json.to_owned());
        self
    }

    /// Sets the issuer, in place of the URL of the stack.
    #[must_use]
    pub fn issuer(mut self, url: &str) -> Self {
        self.issuer = Some(url.to_owned());
        self
    }

    /// Sets where the account service looks for the keys of the issuer, in place of the stack.
    #[must_use]
    pub fn verifier_url(mut self, url: &str) -> Self {
        self.verifier_url = Some(url.to_owned());
        self
    }

    /// Lets the account service refuse success tokens of test numbers.
    #[must_use]
    pub fn refuse_test_numbers(mut self) -> Self {
        self.accept_test_numbers = false;
        self
    }

    /// Seeds the random source. Worlds with different seeds draw different ids and codes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Replaces the seeded random source. `random` must not repeat itself.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Trusts a proxy that shows one of these secrets, and names the client in `header`.
    #[must_use]
    pub fn trusted_proxy(mut self, secrets: &[&str], header: &'static str) -> Self {
        self.proxy = Some(ProxySettings {
            secrets: secrets
                .iter()
                .map(|secret| sha256(secret.as_bytes()))
                .collect(),
            address_header: http::HeaderName::from_static(header),
        });
        self
    }

    /// Keeps the prices of the policy, so that purses pay for texts as at every deployed stack. Without it, tests of
    /// other rules can ask for many texts whose codes nobody types in.
    #[must_use]
    pub fn purses(mut self) -> Self {
        self.pays = true;
        self
    }

    /// Lets purses pay for texts, and refuse nobody.
    #[must_use]
    pub fn shadow(self) -> Self {
        let rules = PurseRule::ALL.map(PurseRule::name);
        let shadow = format!("shadow = {rules:?}");
        self.purses().policy("shadow = []", &shadow)
    }

    /// Sets the timeout that the functions are told, from which they derive their deadlines.
    #[must_use]
    pub fn function_timeout(mut self, timeout: Duration) -> Self {
        self.function_timeout = timeout;
        self
    }

    /// Lets texts take these channels, in this order. The channels of End User Messaging are set up. The hook is the
    /// receiver of the stack, unless [`WorldBuilder::hook`] names another.
    #[must_use]
    pub fn route(mut self, route: &[Channel]) -> Self {
        self.route = route.to_vec();
        self
    }

    /// Lets texts carry what a receipt of delivery brings back.
    #[must_use]
    pub fn receipts(mut self) -> Self {
        self.receipts = true;
        self
    }

    /// Sets where the hook is, and which addresses it may lead to.
    #[must_use]
    pub fn hook(mut self, url: &str, reach: Reach) -> Self {
        let url = url.to_owned();
        self.hook = Some(HookPolicy { url, reach });
        self
    }

    /// Starts the world on free ports of the loopback interface.
    pub async fn start(self) -> World {
        let clock = Arc::new(ManualClock::new());
        let policy = phoneproof_config::policy::from_toml(&self.policy);
        let mut policy = policy.expect("a valid policy");
        if !self.pays {
            remove_prices(&mut policy);
        }
        let mut options = Options::new(policy);
        options.clock = clock.clone();
        options.random = Arc::new(SeededRandom::new(self.seed));
        options.token_mode = self.mode;
        options.allowed_origins = self.origins;
        options.keyring = self.keyring;
        options.issuer = self.issuer;
        options.verifier_url = self.verifier_url;
        options.accept_test_numbers = self.accept_test_numbers;
        options.receipts = self.receipts;
        options.trust_test_header = true;
        options.function_timeout = self.function_timeout;
        options.proxy = self.proxy;
        let lines = Lines::default();
        options.journal_output = lines.output();
        let external = Database::external(self.proxied).await;
        if let Some(database) = &external {
            // DynamoDB remembers request tokens across tables, and the same seed would repeat another world's tokens.
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
        let database = external.unwrap_or_else(|| Database::at(&endpoints.dynamodb));
        let mut proxy = None;
        if self.proxied {
            let started = Proxy::start(&endpoints.dynamodb, &endpoints.sns).await;
            endpoints.dynamodb.clone_from(&started.dynamodb);
            endpoints.sns.clone_from(&started.sns);
            // One loopback port serves both SNS and Secrets Manager.
            endpoints.secrets.clone_from(&started.sns);
            proxy = Some(started);
        }
        if !self.route.is_empty() {
            let own = HookPolicy {
                url: format!("{}{HOOK_PATH}", endpoints.sns),
                reach: Reach::Loopback,
            };
            options.policy.hook = Some(self.hook.unwrap_or(own));
            let policy = &mut options.policy;
            policy.end_user_messaging.get_or_insert_default();
            policy.notify.get_or_insert_with(|| NotifyPolicy {
                configuration_id: Some("notify-0123456789abcdef0123456789abcdef".to_owned()),
                templates: BTreeMap::new(),
                voice_template_id: Some(VOICE_TEMPLATE.to_owned()),
                configuration_set: None,
            });
            policy.sms.channels = self.route;
        }
        let random = Arc::clone(&options.random);
        let setup = Box::new((options.clone(), endpoints.clone()));
        let turn = STARTS.acquire().await.expect("it never closes");
        // On the heap, because the future is large.
        let stack = Box::pin(Stack::start_on(options, backends, endpoints)).await;
        let stack = stack.expect("a stack");
        drop(turn);
        let client = Client::new(&stack.url);
        if let Some(proxy) = &proxy {
            // The start has read the keyring. Tests count only the calls after it.
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

/// Takes every price out of `policy`. A text without a price costs nothing that a purse could pay. No policy file is
/// accepted without prices.
fn remove_prices(policy: &mut Policy) {
    policy.sms.prices.clear();
    policy.sms.max_price = None;
}
