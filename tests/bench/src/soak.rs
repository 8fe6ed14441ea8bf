//! A long run of honest users, guessers, pumpers and broken calls, all at once.
//!
//! It counts events that must never happen, and watches the memory and the sockets of the service. The service is a
//! process of its own that calls AWS through the proxy, so the figures include neither the database nor the callers.

mod trend;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use phoneproof_config::process::SystemClock;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::random::draw_array;
use phoneproof_local::inbox::Inbox;
use phoneproof_local::stack::{Backends, Endpoints, Options};
use phoneproof_tests::{Answer, Client, Fault, Proxy, SeededRandom};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::trend::{Look, Trend};
use crate::process::Process;
use crate::service::Service;
use phoneproof_bench::warm::policy_for_strangers;

/// Tasks of honest users.
const HONEST: u64 = 6;
/// Tasks that guess codes.
const GUESSERS: u64 = 2;
/// The time between two broken calls.
const FAULT_EVERY: Duration = Duration::from_millis(200);
/// The least part of the run that warms the service up, in percent.
const WARM_UP_PERCENT: u64 = 30;
/// The least requests that warm it up. On a busy machine they take longer, and so does the run.
const WARM_UP_REQUESTS: u64 = 12_000;
/// The longest warm-up, as a multiple of the seconds to run. It ends the run where the service stopped answering.
const LONGEST_WARM_UP: u64 = 5;
/// How much the memory may grow after the warm-up, as a multiple.
const GROWTH: f64 = 1.05;
/// How many sockets the end may have more than the start. Every actor can have a request and a call under way.
const SOCKETS_UNDER_WAY: f64 = 12.0;
/// The texts that a number block starts with in the sample policy, and gets back in six hours at most.
const BLOCK_TEXTS: u64 = 4;
/// The device's limit in the sample policy.
const DEVICE_PER_DAY: u64 = 10;
/// The address's limit in the sample policy.
const ADDRESS_PER_HOUR: u64 = 20;

#[derive(Args)]
pub(crate) struct Soak {
    /// How many seconds to run, if the service is warm in time.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// The seed that chooses the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The notes that all actors write: counts, refusals by rule or problem, and violations.
#[derive(Default)]
struct Notes {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    refusals: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<BTreeMap<&'static str, u64>>,
    requests: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notes {
    fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    /// Notes a violation if `happened`. Lists `what` in any case, so that the report shows a 0.
    fn never(&self, what: &'static str, happened: bool) {
        *lock(&self.violations).entry(what).or_default() += u64::from(happened);
    }

    fn look(&self, answer: Answer) -> Answer {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if answer.status >= 400 {
            let rule = answer.json["rule"].as_str().unwrap_or(answer.problem());
            *lock(&self.refusals).entry(rule.to_owned()).or_default() += 1;
        }
        answer
    }
}

/// The things that all actors share.
#[derive(Clone)]
struct Scene {
    client: Client,
    inbox: Inbox,
    notes: Arc<Notes>,
    phones: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Scene {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Returns an unused German mobile number, and its index. Successive ones are in 10,000 different number blocks.
    fn fresh_phone(&self) -> (u64, String) {
        let n = self.phones.fetch_add(1, Ordering::Relaxed);
        (n, format!("+49151{:04}{:04}", n % 10_000, n / 10_000))
    }

    async fn send(&self, phone: &str, device: &str, address: &str) -> Answer {
        self.notes
            .look(self.client.send_from(phone, device, address).await)
    }

    /// Sends from a device and an address that no other user has.
    async fn send_as_new(&self, n: u64, phone: &str) -> Answer {
        let address = format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255);
        self.send(phone, phone, &address).await
    }

    async fn verify(&self, challenge: &str, code: &str) -> Answer {
        self.notes.look(self.client.verify(challenge, code).await)
    }

    async fn spend(&self, success: &str) -> Answer {
        self.notes.look(self.client.spend(success, "login").await)
    }

    fn code(&self, phone: &str) -> Option<String> {
        let texts = self.inbox.messages(Some(phone));
        self.notes
            .never("two texts for one request", texts.len() > 1);
        let mut runs = texts.first()?.body.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == 6).map(str::to_owned)
    }
}

/// Logs in again and again, each time with a new phone. Repeats calls that were answered with 503, as clients do.
async fn log_in_repeatedly(scene: Scene) {
    while scene.goes_on() {
        let (n, phone) = scene.fresh_phone();
        let sent = scene.send_as_new(n, &phone).await;
        if sent.status != 202 {
            let ours = [500, 502, 503, 504].contains(&sent.status);
            scene.notes.never("an honest send refused by a rule", !ours);
            scene.notes.count("sends that a fault broke");
            continue;
        }
        let Some(code) = scene.code(&phone) else {
            scene.notes.never("a 202 without a text", true);
            continue;
        };
        scene.notes.never("a 202 without a text", false);
        let challenge = sent.token();
        let (mut successes, mut unknown) = (Vec::new(), false);
        // Once more than needed: the right code may be repeated for a while, and is answered with the same success.
        for _ in 0..5 {
            let answer = scene.verify(&challenge, &code).await;
            match answer.status {
                200 => successes.push(answer.token()),
                503 => unknown = true,
                409 => break,
                _ => scene.notes.never("a right code called wrong", true),
            }
            if successes.len() == 2 {
                break;
            }
        }
        let missing = successes.is_empty() && !unknown;
        scene
            .notes
            .never("a right code refused without a fault", missing);
        if successes.is_empty() {
            scene
                .notes
                .count("verifications whose reply was lost to a fault");
        } else {
            scene.notes.count("verified");
            spend(&scene, &successes).await;
        }
    }
}

/// Spends the success tokens of one challenge in turn, and the first of them again. Together they are worth one.
async fn spend(scene: &Scene, successes: &[String]) {
    let (mut spent, mut unknown) = (0, false);
    for success in successes.iter().cycle().take(successes.len() + 1) {
        match scene.spend(success).await.status {
            200 => spent += 1,
            503 => unknown = true,
            _ => {}
        }
    }
    scene.notes.never("a success spent twice", spent > 1);
    let lost = spent == 0 && !unknown;
    scene.notes.never("a success refused without a fault", lost);
    scene.notes.count("spent");
}

/// Guesses a code wrong eight times, then right. Only the first five guesses may be evaluated.
async fn guess(scene: Scene) {
    while scene.goes_on() {
        let (n, phone) = scene.fresh_phone();
        let sent = scene.send_as_new(n, &phone).await;
        let Some(code) = scene.code(&phone).filter(|_| sent.status == 202) else {
            continue;
        };
        let challenge = sent.token();
        let right: u32 = code.parse().expect("digits");
        let mut evaluated = 0;
        for by in 1..=8 {
            let wrong = format!("{:06}", (right + by) % 1_000_000);
            evaluated += u32::from(scene.verify(&challenge, &wrong).await.status == 422);
        }
        let answer = scene.verify(&challenge, &code).await;
        scene.notes.never(
            "a sixth guess that was evaluated",
            answer.status == 200 || evaluated > 5,
        );
        scene.notes.count("challenges guessed at");
    }
}

/// The subject that a pumper keeps the same, whose limit it hits.
#[derive(Clone, Copy)]
enum Fixed {
    Block,
    Device,
    Address,
}

/// Asks for texts through one number block, device or address, and counts how many leave.
async fn pump(scene: Scene, fixed: Fixed) {
    let began = SystemClock.now();
    let (mut tries, mut texts) = (0_u64, 0_u64);
    while scene.goes_on() {
        tries += 1;
        let far = 1_000_000 + tries;
        let own = format!("pumper-{far}");
        let address = format!("11.{}.{}.{}", far >> 16 & 255, far >> 8 & 255, far & 255);
        let sent = match fixed {
            Fixed::Block => {
                let phone = format!("+491601234{:04}", tries % 10_000);
                scene.send(&phone, &own, &address).await
            }
            Fixed::Device => {
                let phone = format!("+49170{:04}{:03}", tries % 10_000, tries / 10_000 % 1_000);
                scene.send(&phone, "pumper", &address).await
            }
            Fixed::Address => {
                let phone = format!("+49171{:04}{:03}", tries % 10_000, tries / 10_000 % 1_000);
                scene.send(&phone, &own, "192.0.2.66").await
            }
        };
        texts += u64::from(sent.status == 202);
        scene.notes.count("tries to pump");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Windows follow the clock, so a run may touch more than one.
    let now = SystemClock.now();
    let windows = |seconds: i64| u64::try_from(now.unix() / seconds - began.unix() / seconds + 1);
    let (what, most) = match fixed {
        Fixed::Block => (
            "more texts than a number block may get",
            BLOCK_TEXTS * windows(6 * 3_600).unwrap_or(1),
        ),
        Fixed::Device => (
            "more texts than a device may ask for",
            DEVICE_PER_DAY * windows(86_400).unwrap_or(1),
        ),
        Fixed::Address => (
            "more texts than an address may ask for",
            ADDRESS_PER_HOUR * windows(3_600).unwrap_or(1),
        ),
    };
    scene.notes.never(what, texts > most);
}

/// Breaks one call of every operation in turn, with a random fault.
async fn break_calls(proxy: Proxy, scene: Scene, seed: u64) {
    let random = SeededRandom::new(seed);
    while scene.goes_on() {
        for operation in ["TransactWriteItems", "Publish", "UpdateItem", "PutItem"] {
            let [byte]: [u8; 1] = draw_array(&random).expect("a seeded generator does not fail");
            let fault = Fault::ALL[usize::from(byte) % Fault::ALL.len()];
            proxy.break_next(operation, fault);
            scene.notes.count("faults");
            tokio::time::sleep(FAULT_EVERY).await;
        }
    }
    proxy.mend();
}

pub(crate) async fn run(soak: Soak) -> bool {
    let options = Options::new(policy_for_strangers());
    let backends = Backends::start(&options).await.expect("free ports");
    let proxy = Proxy::start(&backends.endpoints.dynamodb, &backends.endpoints.sns).await;
    let service = Service::on(&Endpoints {
        dynamodb: proxy.dynamodb.clone(),
        sns: proxy.sns.clone(),
        secrets: backends.endpoints.secrets.clone(),
    });
    let scene = Scene {
        client: Client::new(&service.url),
        inbox: backends.inbox.clone(),
        notes: Arc::default(),
        phones: Arc::default(),
        is_over: Arc::default(),
    };
    let mut actors = JoinSet::new();
    (0..HONEST).for_each(|_| drop(actors.spawn(log_in_repeatedly(scene.clone()))));
    (0..GUESSERS).for_each(|_| drop(actors.spawn(guess(scene.clone()))));
    for fixed in [Fixed::Block, Fixed::Device, Fixed::Address] {
        actors.spawn(pump(scene.clone(), fixed));
    }
    actors.spawn(break_calls(proxy, scene.clone(), soak.seed));
    let looks = watch(&service.process, &scene, soak.seconds).await;
    scene.is_over.store(true, Ordering::Relaxed);
    while actors.join_next().await.is_some_and(|done| done.is_ok()) {}
    let all_ended = actors.is_empty();
    let peak_mb = service.process.peak_mb();
    report(&soak, &scene.notes, &looks, peak_mb) && all_ended
}

/// Looks at the process every second: first until it is warm, then for the rest of `seconds`. Returns the later looks.
async fn watch(process: &Process, scene: &Scene, seconds: u64) -> Vec<Look> {
    let began = Instant::now();
    let warm_up = Duration::from_secs(seconds * WARM_UP_PERCENT / 100);
    let longest = Duration::from_secs(seconds * LONGEST_WARM_UP);
    let has_worked = || scene.notes.requests.load(Ordering::Relaxed) >= WARM_UP_REQUESTS;
    while began.elapsed() < warm_up || (!has_worked() && began.elapsed() < longest) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    println!("warm after {} s", began.elapsed().as_secs());
    let end = Instant::now() + Duration::from_secs(seconds).saturating_sub(warm_up);
    let mut looks = Vec::new();
    while Instant::now() < end {
        looks.push(Look {
            resident_mb: process.memory_mb(),
            sockets: process.sockets(),
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    looks
}

/// Prints the notes and the trend. Returns whether there were no violations and no growth.
fn report(soak: &Soak, notes: &Notes, looks: &[Look], peak_mb: f64) -> bool {
    println!("soak: {} s, seed {}", soak.seconds, soak.seed);
    for (what, count) in lock(&notes.counts).iter() {
        println!("  {count:>9}  {what}");
    }
    println!("refused, by rule or problem");
    for (rule, count) in lock(&notes.refusals).iter() {
        println!("  {count:>9}  {rule}");
    }
    println!("what must never happen");
    let violations = lock(&notes.violations);
    for (what, count) in violations.iter() {
        println!("  {count:>9}  {what}");
    }
    let trend = Trend::of(looks);
    println!(
        "memory of the service: peak {peak_mb:.1} MB, after warm-up {:.1} MB, at the end {:.1} MB: x {:.3} (at most {GROWTH}), {:+.2} MB a minute",
        trend.memory_mb.0,
        trend.memory_mb.1,
        trend.growth(),
        trend.slope_mb_per_minute
    );
    println!(
        "open sockets: after warm-up {}, at the end {} (at most {SOCKETS_UNDER_WAY} more)",
        trend.sockets.0, trend.sockets.1
    );
    let held = violations.values().all(|count| *count == 0) && trend.is_level();
    println!("{}", if held { "held" } else { "DID NOT HOLD" });
    held
}
