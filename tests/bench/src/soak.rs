//! A long run: honest users, guessers, pumpers and broken calls, all at once. What must never happen is
//! counted, and the memory and sockets of the service are watched.
//!
//! The service is a process of its own that knows only the address of the proxy, so that what is measured is
//! neither the database nor the callers.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use phoneproof::config::DEFAULT_POLICY;
use phoneproof::domain::clock::{Clock as _, SystemClock};
use phoneproof::domain::policy::Policy;
use phoneproof::domain::random::random_array;
use phoneproof_local::inbox::Inbox;
use phoneproof_local::stack::{Backends, Endpoints, Options, Stack};
use phoneproof_tests::{Answer, Client, Fault, Proxy, SeededRandom};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Tasks of each kind.
const HONEST: u64 = 6;
const GUESSERS: u64 = 2;
/// How often a call is broken.
const FAULT_EVERY: Duration = Duration::from_millis(200);
/// The part of the run after which memory has to be level.
const WARM_UP: f64 = 0.3;
/// How much the memory may grow from then on.
const GROWTH: f64 = 1.05;
/// Limits of the sample policy.
const BLOCK_PER_HOUR: u64 = 20;
const DEVICE_PER_DAY: u64 = 10;
const ADDRESS_PER_HOUR: u64 = 20;

#[derive(Args)]
pub(crate) struct Soak {
    /// How long it runs.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Of the random choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The process that is watched.
#[derive(Args)]
pub(crate) struct Instance {
    #[arg(long)]
    dynamodb: String,
    #[arg(long)]
    sns: String,
    #[arg(long)]
    secrets: String,
}

fn policy() -> Policy {
    Policy::from_toml(DEFAULT_POLICY).expect("the sample policy is valid")
}

/// Serves until its standard input ends, which it does with the process that started it.
pub(crate) async fn serve(instance: Instance) -> bool {
    let mut options = Options::new(policy());
    options.trust_test_header = true;
    options.journal_output = Arc::new(|_| ());
    // Not used: everything is reached through the given endpoints.
    let backends = Backends::start(&options).await.expect("free ports");
    let endpoints = Endpoints {
        dynamodb: instance.dynamodb,
        sns: instance.sns,
        secrets: instance.secrets,
    };
    let stack = Stack::start_on(options, backends, endpoints).await;
    let stack = stack.expect("the service starts");
    println!("listening on {}", stack.url);
    io::stdout().flush().expect("somebody listens");
    let end = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    end.await.is_ok()
}

fn start(endpoints: &Endpoints) -> (Child, String) {
    let this = std::env::current_exe().expect("a path");
    let mut child = Command::new(this)
        .args(["instance", "--dynamodb", &endpoints.dynamodb])
        .args(["--sns", &endpoints.sns, "--secrets", &endpoints.secrets])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let output = child.stdout.take().expect("piped");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let url = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
    (child, url.expect("a listening line"))
}

/// What everybody writes down.
#[derive(Default)]
struct Notes {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    refusals: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<BTreeMap<&'static str, u64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notes {
    fn count(&self, what: &'static str) {
        *locked(&self.counts).entry(what).or_default() += 1;
    }

    /// What must never happen, and whether it did.
    fn never(&self, what: &'static str, happened: bool) {
        *locked(&self.violations).entry(what).or_default() += u64::from(happened);
    }

    fn look(&self, answer: Answer) -> Answer {
        if answer.status >= 400 {
            let rule = answer.json["rule"].as_str().unwrap_or(answer.problem());
            *locked(&self.refusals).entry(rule.to_owned()).or_default() += 1;
        }
        answer
    }
}

/// What everybody shares.
#[derive(Clone)]
struct Scene {
    client: Client,
    inbox: Inbox,
    notes: Arc<Notes>,
    phones: Arc<AtomicU64>,
    end: Instant,
}

impl Scene {
    fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// A number that nobody had, the next in another number block: 10,000 blocks of German mobile numbers.
    fn fresh_phone(&self) -> (u64, String) {
        let n = self.phones.fetch_add(1, Ordering::Relaxed);
        (n, format!("+49151{:04}{:04}", n % 10_000, n / 10_000))
    }

    async fn send(&self, phone: &str, device: &str, address: &str) -> Answer {
        self.notes
            .look(self.client.send_from(phone, device, address).await)
    }

    /// A send as somebody new makes it.
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

/// Logs in again and again, each time with a new phone; repeats what was answered with 503, as clients do.
async fn honest(scene: Scene) {
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
        let (mut successes, mut unknown) = (0, false);
        for _ in 0..5 {
            let answer = scene.verify(&challenge, &code).await;
            match answer.status {
                200 => {
                    successes += 1;
                    scene.notes.count("verified");
                    once(&scene, &answer.token()).await;
                }
                503 => unknown = true,
                409 => break,
                _ => scene.notes.never("a right code called wrong", true),
            }
        }
        let missing = successes == 0 && !unknown;
        scene
            .notes
            .never("a right code refused without a fault", missing);
        scene
            .notes
            .never("two successes of one challenge", successes > 1);
        if successes == 0 {
            scene.notes.count("verifications whose reply a fault ate");
        }
    }
}

/// Spends a success token until it is spent, and once more.
async fn once(scene: &Scene, success: &str) {
    let (mut spent, mut unknown) = (0, false);
    for _ in 0..5 {
        match scene.spend(success).await.status {
            200 => spent += 1,
            503 => unknown = true,
            _ => break,
        }
    }
    scene.notes.never("a success token spent twice", spent > 1);
    let lost = spent == 0 && !unknown;
    scene
        .notes
        .never("a success token refused without a fault", lost);
    scene.notes.count("spent");
}

/// Guesses wrong five times, then right.
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
            "a sixth guess that counts",
            answer.status == 200 || evaluated > 5,
        );
        scene.notes.count("challenges guessed at");
    }
}

/// Whose limit a pumper hits.
#[derive(Clone, Copy)]
enum Fixed {
    Block,
    Device,
    Address,
}

/// Pumps texts through one number block, device or address, and counts how many leave.
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
    // Windows are those of the clock; a run may touch two.
    let now = SystemClock.now();
    let windows = |seconds: i64| u64::try_from(now.unix() / seconds - began.unix() / seconds + 1);
    let (what, most) = match fixed {
        Fixed::Block => (
            "more texts than a number block may get",
            BLOCK_PER_HOUR * windows(3_600).unwrap_or(1),
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

/// Breaks a call of every operation in turn.
async fn break_calls(proxy: Proxy, notes: Arc<Notes>, seed: u64, end: Instant) {
    let random = SeededRandom::new(seed);
    while Instant::now() < end {
        for operation in ["TransactWriteItems", "Publish", "UpdateItem", "PutItem"] {
            let [byte]: [u8; 1] = random_array(&random).expect("a seed gives forever");
            let fault = Fault::ALL[usize::from(byte) % Fault::ALL.len()];
            proxy.break_next(operation, fault);
            notes.count("faults");
            tokio::time::sleep(FAULT_EVERY).await;
        }
    }
    proxy.mend();
}

/// The process at one moment.
#[derive(Clone, Copy)]
struct Look {
    resident_kb: u64,
    sockets: usize,
}

fn look(pid: u32) -> Look {
    let sockets = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it is alive");
    let is_socket = |entry: io::Result<std::fs::DirEntry>| {
        let target = std::fs::read_link(entry.ok()?.path()).ok()?;
        target
            .to_string_lossy()
            .starts_with("socket:")
            .then_some(())
    };
    Look {
        resident_kb: status(pid, "VmRSS:"),
        sockets: sockets.filter_map(is_socket).count(),
    }
}

fn status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it is alive");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).expect("kB")
}

fn median(values: &[u64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    u32::try_from(sorted[sorted.len() / 2]).map_or(f64::NAN, f64::from)
}

/// Memory in the first and the last quarter after the warm-up.
struct Memory {
    before_mb: f64,
    after_mb: f64,
}

fn memory(looks: &[Look]) -> Memory {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a length"
    )]
    #[expect(clippy::cast_precision_loss, reason = "a number of seconds")]
    let warm = &looks[(looks.len() as f64 * WARM_UP) as usize..];
    let resident: Vec<_> = warm.iter().map(|look| look.resident_kb).collect();
    let quarter = resident.len().div_ceil(4);
    Memory {
        before_mb: median(&resident[..quarter]) / 1_000.0,
        after_mb: median(&resident[resident.len() - quarter..]) / 1_000.0,
    }
}

pub(crate) async fn run(soak: Soak) -> bool {
    let options = Options::new(policy());
    let backends = Backends::start(&options).await.expect("free ports");
    let proxy = Proxy::start(&backends.endpoints.dynamodb, &backends.endpoints.sns).await;
    let (mut service, url) = start(&Endpoints {
        dynamodb: proxy.dynamodb.clone(),
        sns: proxy.sns.clone(),
        secrets: backends.endpoints.secrets.clone(),
    });
    let scene = Scene {
        client: Client::new(&url),
        inbox: backends.inbox.clone(),
        notes: Arc::default(),
        phones: Arc::default(),
        end: Instant::now() + Duration::from_secs(soak.seconds),
    };
    let mut actors = JoinSet::new();
    (0..HONEST).for_each(|_| drop(actors.spawn(honest(scene.clone()))));
    (0..GUESSERS).for_each(|_| drop(actors.spawn(guess(scene.clone()))));
    for fixed in [Fixed::Block, Fixed::Device, Fixed::Address] {
        actors.spawn(pump(scene.clone(), fixed));
    }
    actors.spawn(break_calls(
        proxy,
        Arc::clone(&scene.notes),
        soak.seed,
        scene.end,
    ));
    let mut looks = Vec::new();
    while scene.goes_on() {
        looks.push(look(service.id()));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    while actors.join_next().await.is_some_and(|done| done.is_ok()) {}
    let all_ended = actors.is_empty();
    let peak_mb = status(service.id(), "VmHWM:") / 1_000;
    let reached = report(&soak, &scene.notes, &looks, peak_mb) && all_ended;
    service.kill().expect("it is alive");
    service.wait().expect("dead");
    reached
}

/// Prints what happened; whether all of it was allowed.
fn report(soak: &Soak, notes: &Notes, looks: &[Look], peak_mb: u64) -> bool {
    println!("soak: {} s, seed {}", soak.seconds, soak.seed);
    for (what, count) in locked(&notes.counts).iter() {
        println!("  {count:>9}  {what}");
    }
    println!("refused, by rule or problem");
    for (rule, count) in locked(&notes.refusals).iter() {
        println!("  {count:>9}  {rule}");
    }
    println!("what must never happen");
    let violations = locked(&notes.violations);
    for (what, count) in violations.iter() {
        println!("  {count:>9}  {what}");
    }
    let Memory {
        before_mb,
        after_mb,
    } = memory(looks);
    let growth = after_mb / before_mb;
    let level = growth <= GROWTH;
    println!(
        "memory of the service: peak {peak_mb} MB, after warm-up {before_mb:.1} MB, at the end {after_mb:.1} MB: x {growth:.3} (goal: at most {GROWTH})"
    );
    let sockets = |at: usize| looks.get(at).map_or(0, |look| look.sockets);
    let most = looks.iter().map(|look| look.sockets).max().unwrap_or(0);
    println!(
        "open sockets: {} at half time, {} at the end, {most} at most",
        sockets(looks.len() / 2),
        sockets(looks.len() - 1)
    );
    let clean = violations.values().all(|count| *count == 0);
    println!(
        "{}",
        if clean && level {
            "held"
        } else {
            "DID NOT HOLD"
        }
    );
    clean && level
}
