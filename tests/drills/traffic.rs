//! People who log in at several instances of the service and wait a random time between steps.

use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::random::draw_array;
use phoneproof_guard::{Fetch, FetchFailed, Https, RemoteGuard};
use phoneproof_local::stack::Stack;
use phoneproof_tests::{Answer, Client, SeededRandom, World, phone};
use serde_json::json;

/// Each step of the drill is this many seconds long.
pub(crate) const STEP: u64 = 20;

/// People type the code less than this many seconds after the text, and the relying party spends the success token less
/// than this many seconds after that. The code and the success token live a moment longer.
const PATIENCE: u64 = 290;

/// A person between two steps of a log-in. Each person has their own device and address.
struct Person {
    phone: String,
    address: String,
    stage: Stage,
    /// When they act next, in seconds since the start.
    at: u64,
}

enum Stage {
    /// Has requested a text under an idempotency key and did not receive the answer.
    Unheard { key: String },
    /// Has a challenge token. Requests the text again first if `again` is true.
    Texted { challenge: String, again: bool },
    /// Has a success token that the relying party has yet to spend.
    Verified { success: String },
}

impl Stage {
    fn after_text(sent: &Answer, again: bool) -> Self {
        let challenge = sent.token();
        Self::Texted { challenge, again }
    }
}

/// The instances of one service and the people who log in at them.
pub(crate) struct Traffic {
    pub(crate) world: World,
    instances: Vec<Stack>,
    clients: Vec<Client>,
    people: Vec<Person>,
    random: SeededRandom,
    guard: RemoteGuard<Balanced>,
    elapsed: u64,
    started: u32,
    /// The number of log-ins that were completed.
    pub(crate) finished: u32,
}

/// Fetches the keys from a random instance, as behind a load balancer.
struct Balanced {
    https: Https,
    instances: Vec<String>,
    random: SeededRandom,
}

impl Fetch for Balanced {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, FetchFailed> {
        let path = url.strip_prefix(&self.instances[0]);
        let path = path.ok_or_else(|| FetchFailed::new("the URL of another issuer"))?;
        let instance = &self.instances[draw_below(&self.random, self.instances.len())];
        self.https.fetch(&format!("{instance}{path}")).await
    }
}

/// Draws a number below `end`, which is small.
fn draw_below(random: &SeededRandom, end: usize) -> usize {
    let bytes: [u8; 4] = draw_array(random).expect("a seed gives forever");
    usize::try_from(u32::from_be_bytes(bytes)).expect("32 bits") % end
}

impl Traffic {
    /// Starts three instances that read their keys at different times. They disagree for a while after each change of
    /// the keys.
    pub(crate) async fn start(world: World, seed: u64) -> Self {
        let mut instances = Vec::new();
        for _ in 0..2 {
            world.advance(100);
            instances.push(world.instance().await);
        }
        let urls = instances.iter().map(|instance| instance.url.clone());
        let urls: Vec<_> = std::iter::once(world.stack.url.clone())
            .chain(urls)
            .collect();
        let balanced = Balanced {
            https: Https::new().expect("a client"),
            instances: urls.clone(),
            random: SeededRandom::new(seed + 1),
        };
        Self {
            guard: RemoteGuard::new(world.stack.url.as_str(), balanced),
            clients: urls.iter().map(|url| Client::new(url)).collect(),
            instances,
            world,
            people: Vec::new(),
            random: SeededRandom::new(seed),
            elapsed: 0,
            started: 0,
            finished: 0,
        }
    }

    /// The client of a random instance.
    pub(crate) fn client(&self) -> &Client {
        &self.clients[draw_below(&self.random, self.clients.len())]
    }

    /// Whether a relying party accepts a success token.
    pub(crate) async fn relying_party_accepts(&self, success: &str) -> bool {
        let now = u64::try_from(self.world.clock.now().unix()).expect("after 1970");
        self.guard.check(success, "login", now).await.is_ok()
    }

    fn draw_patience(&self) -> u64 {
        u64::try_from(draw_below(&self.random, 15)).expect("small") * STEP
    }

    /// Runs the traffic for `seconds`. At each step, as many people begin as there are instances, and all whose time
    /// has come act. None of them may fail.
    pub(crate) async fn run(&mut self, seconds: u64) {
        let end = self.elapsed + seconds;
        while self.elapsed < end {
            for _ in 0..self.clients.len() {
                let person = self.start_log_in().await;
                self.people.push(person);
            }
            self.act().await;
            self.world.advance(STEP);
            self.elapsed += STEP;
        }
    }

    /// Runs the traffic until everybody has finished. Nobody new begins.
    pub(crate) async fn finish(&mut self) {
        while !self.people.is_empty() {
            self.act().await;
            self.world.advance(STEP);
            self.elapsed += STEP;
        }
    }

    async fn start_log_in(&mut self) -> Person {
        self.started += 1;
        let (n, phone) = (self.started, phone(self.started));
        let address = format!("198.18.{}.{}", n / 256, n % 256);
        let key = format!("key-{n}");
        let sent = self.send(&phone, &address, &key).await;
        assert_eq!(sent.status, 202, "after {} s: {}", self.elapsed, sent.text);
        let (stage, after) = match draw_below(&self.random, 4) {
            0 => (
                Stage::Unheard { key },
                self.draw_patience().min(PATIENCE - 80),
            ),
            1 => (Stage::after_text(&sent, true), 60),
            _ => (Stage::after_text(&sent, false), self.draw_patience()),
        };
        Person {
            phone,
            address,
            stage,
            at: self.elapsed + after,
        }
    }

    async fn act(&mut self) {
        let now = self.elapsed;
        let (due, later) = std::mem::take(&mut self.people)
            .into_iter()
            .partition(|person| person.at <= now);
        self.people = later;
        for person in Vec::from_iter::<Vec<Person>>(due) {
            if let Some(person) = self.next_step(person).await {
                self.people.push(person);
            }
        }
    }

    async fn next_step(&mut self, person: Person) -> Option<Person> {
        let (phone, address, now) = (person.phone, person.address, self.elapsed);
        let (stage, at) = match person.stage {
            Stage::Unheard { key } => {
                let sent = self.send(&phone, &address, &key).await;
                assert_eq!(sent.status, 202, "after {now} s: {}", sent.text);
                assert_eq!(self.world.texts(&phone).len(), 1, "a repeat texts nothing");
                (Stage::after_text(&sent, false), now + 20)
            }
            Stage::Texted {
                challenge,
                again: true,
            } => {
                let code = self.world.code(&phone);
                let sent = self.resend(&phone, &address, &challenge).await;
                assert_eq!(sent.status, 202, "after {now} s: {}", sent.text);
                assert_eq!(
                    self.world.code(&phone),
                    code,
                    "the same code from every instance"
                );
                let at = now + self.draw_patience().min(PATIENCE - 80);
                (Stage::after_text(&sent, false), at)
            }
            Stage::Texted { challenge, .. } => {
                let code = self.world.code(&phone);
                let verified = self.client().verify(&challenge, &code).await;
                assert_eq!(verified.status, 200, "after {now} s: {}", verified.text);
                let success = verified.token();
                let accepted = self.relying_party_accepts(&success).await;
                assert!(accepted, "after {now} s a relying party refuses");
                (Stage::Verified { success }, now + self.draw_patience())
            }
            Stage::Verified { success } => {
                let spent = self.client().spend(&success, "login").await;
                assert_eq!(spent.status, 200, "after {now} s: {}", spent.text);
                self.finished += 1;
                return None;
            }
        };
        Some(Person {
            phone,
            address,
            stage,
            at,
        })
    }

    /// Sends under an `Idempotency-Key`.
    async fn send(&self, phone: &str, address: &str, key: &str) -> Answer {
        let headers = [("x-test-source-ip", address), ("idempotency-key", key)];
        self.client().send_with(phone, phone, &headers).await
    }

    async fn resend(&self, phone: &str, address: &str, challenge: &str) -> Answer {
        let body =
            json!({ "phone": phone, "uniqueId": phone, "businessId": "login", "token": challenge });
        let from = [("x-test-source-ip", address)];
        self.client().post_with("/v1/send", &body, &from).await
    }

    /// Stops the instances that the traffic started.
    pub(crate) async fn stop(self) {
        for instance in self.instances {
            instance.stop().await;
        }
    }
}
