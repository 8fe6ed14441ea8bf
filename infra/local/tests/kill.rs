//! The test kills the process in the middle of its work, again and again. Everything that clients were told must still
//! hold after each restart.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use phoneproof_config::DEFAULT_POLICY;
use phoneproof_domain::random::draw_array;
use phoneproof_tests::{Answer, Client, SeededRandom, phone};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How often the process is killed.
const ROUNDS: u32 = 10;
/// Clients that call in parallel.
const CLIENTS: u32 = 8;
/// Phones set aside for one client in one round.
const PHONES: u32 = 400;
/// `device_per_day` of the sample policy.
const DEVICE_PER_DAY: u32 = 10;
/// `attempts` of the sample policy.
const ATTEMPTS: u64 = 5;

/// What a client knows about a step of a log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// The client never asked for it.
    NotDone,
    /// The process answered that it is done.
    Done,
    /// The process died before it answered.
    Unknown,
}

/// One log-in as its client remembers it.
struct Entry {
    phone: String,
    device: String,
    challenge: String,
    code: String,
    wrong_told: u64,
    wrong_unknown: u64,
    verified: Known,
    success: Option<String>,
    spent: Known,
}

/// What a client did before the process died.
#[derive(Default)]
struct Ledger {
    entries: Vec<Entry>,
    /// The device that the client sends from now.
    device: String,
    /// Sends from that device that were answered.
    texts_of_device: u32,
    /// Sends that the process died on before it answered.
    lost_sends: u32,
}

impl Ledger {
    /// Counts the steps that the process died on before it answered.
    fn count_unknown(&self) -> u32 {
        let is_unknown = |known: Known| u32::from(known == Known::Unknown);
        let of_entry = |entry: &Entry| {
            is_unknown(entry.verified)
                + is_unknown(entry.spent)
                + u32::from(entry.wrong_unknown > 0)
        };
        self.lost_sends + self.entries.iter().map(of_entry).sum::<u32>()
    }
}

/// All clients of a round share one caller. It counts answers, so that the test kills after the same number of answers
/// on a fast and on a slow machine.
#[derive(Clone)]
struct Caller {
    client: Client,
    answered: Arc<AtomicU32>,
}

impl Caller {
    fn new(url: &str) -> Self {
        Self {
            client: Client::new(url),
            answered: Arc::default(),
        }
    }

    fn count(&self, answer: Option<Answer>) -> Option<Answer> {
        self.answered
            .fetch_add(u32::from(answer.is_some()), Ordering::Relaxed);
        answer
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.count(self.client.try_post(path, body).await)
    }

    async fn get(&self, path: &str) -> Option<Answer> {
        self.count(self.client.try_get(path).await)
    }

    async fn until_answered(&self, calls: u32) {
        while self.answered.load(Ordering::Relaxed) < calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Starts the stack, waits until it is ready, and returns its URL.
fn start(data: &Path, policy: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_phoneproof-local"))
        .args(["--port", "0", "--issuer", "https://verify.example.com"])
        .arg("--data")
        .arg(data)
        .arg("--policy")
        .arg(policy)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let output = child.stdout.take().expect("piped");
    let url = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        .expect("a listening line");
    (child, url)
}

fn below(random: &SeededRandom, end: u32) -> u32 {
    let bytes = draw_array(random).expect("a seeded source never fails");
    u32::from_be_bytes(bytes) % end
}

/// Logs in with one phone after another, from `phone(first)` on, until the process is dead.
async fn log_in_until_killed(caller: Caller, first: u32) -> Ledger {
    let random = SeededRandom::new(u64::from(first));
    let mut ledger = Ledger::default();
    for n in 0..PHONES {
        // The policy allows a device no more texts in a day.
        if n.is_multiple_of(DEVICE_PER_DAY) {
            ledger.device = format!("device-{first}-{}", n / DEVICE_PER_DAY);
            ledger.texts_of_device = 0;
        }
        let phone = phone(first + n);
        let body = json!({ "phone": phone, "uniqueId": ledger.device, "businessId": "login" });
        let Some(sent) = caller.post("/v1/send", &body).await else {
            ledger.lost_sends += 1;
            return ledger;
        };
        assert_eq!(sent.status, 202, "{}", sent.text);
        ledger.texts_of_device += 1;
        let Some(code) = read_code(&caller, &phone).await else {
            return ledger;
        };
        let mut entry = Entry {
            phone,
            device: ledger.device.clone(),
            challenge: sent.token(),
            code,
            wrong_told: 0,
            wrong_unknown: 0,
            verified: Known::NotDone,
            success: None,
            spent: Known::NotDone,
        };
        let alive = finish(&caller, &random, &mut entry).await;
        ledger.entries.push(entry);
        if !alive {
            return ledger;
        }
    }
    ledger
}

/// Reads the code from the inbox; `None` if the process died.
async fn read_code(caller: &Caller, phone: &str) -> Option<String> {
    let path = format!("/inbox/messages?phone=%2B{}", phone.trim_start_matches('+'));
    let texts = caller.get(&path).await?.json;
    let body = texts[0]["body"].as_str().expect("a text").to_owned();
    let mut runs = body.split(|c: char| !c.is_ascii_digit());
    Some(runs.find(|run| run.len() == 6).expect("a code").to_owned())
}

fn make_wrong(code: &str) -> String {
    let right: u32 = code.parse().expect("digits");
    format!("{:06}", (right + 1) % 1_000_000)
}

async fn verify(caller: &Caller, challenge: &str, code: &str) -> Option<Answer> {
    let body = json!({ "token": challenge, "code": code });
    caller.post("/v1/verify", &body).await
}

async fn spend(caller: &Caller, success: &str) -> Option<Answer> {
    let body = json!({ "token": success, "audience": "login" });
    caller.post("/v1/spend", &body).await
}

/// Enters up to two wrong codes, then perhaps the right one, then perhaps spends the token. Returns `false` if the
/// process died.
async fn finish(caller: &Caller, random: &SeededRandom, entry: &mut Entry) -> bool {
    for _ in 0..below(random, 3) {
        let Some(answer) = verify(caller, &entry.challenge, &make_wrong(&entry.code)).await else {
            entry.wrong_unknown += 1;
            return false;
        };
        assert_eq!(answer.status, 422, "{}", answer.text);
        entry.wrong_told += 1;
    }
    if below(random, 3) == 0 {
        return true;
    }
    let Some(answer) = verify(caller, &entry.challenge, &entry.code).await else {
        entry.verified = Known::Unknown;
        return false;
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
    entry.verified = Known::Done;
    let success = entry.success.insert(answer.token());
    if below(random, 3) == 0 {
        return true;
    }
    let Some(answer) = spend(caller, success).await else {
        entry.spent = Known::Unknown;
        return false;
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
    entry.spent = Known::Done;
    true
}

/// Checks that a right code, entered again, gets the success of the first time or is refused.
fn check_repeat(again: &Answer, first: Option<&str>) {
    let read_claims = |token: &str| token.split('.').nth(1).map(str::to_owned);
    if again.status == 200 {
        let claims = read_claims(&again.token());
        assert_eq!(claims, first.and_then(read_claims), "a second success");
    } else {
        assert_eq!(again.problem(), "already-used", "{}", again.text);
    }
}

/// Checks that everything the client was told about one log-in still holds.
async fn check_entry(client: &Client, entry: &Entry) {
    let (challenge, code) = (&entry.challenge, &entry.code);
    // A phone that was verified may have an allowance for others in the network, and not for the device of that text. That
    // device may have had its texts of the day.
    let (device, rules) = match entry.verified {
        Known::NotDone => ("another", vec!["phone-cooldown"]),
        Known::Done | Known::Unknown => (&*entry.device, vec!["phone-cooldown", "device-per-day"]),
    };
    let at_once = client.send_from(&entry.phone, device, "192.0.2.1").await;
    let rule = at_once.json["rule"].as_str().unwrap_or_default();
    assert!(
        rules.contains(&rule),
        "the text is remembered: {}",
        at_once.text
    );
    if entry.verified == Known::NotDone {
        let guess = client.verify(challenge, &make_wrong(code)).await;
        assert_eq!(guess.status, 422, "{}", guess.text);
        let left = guess.json["attemptsRemaining"].as_u64().expect("a number");
        let most = ATTEMPTS - entry.wrong_told - 1;
        assert!(
            (most - entry.wrong_unknown..=most).contains(&left),
            "{left} guesses left after {} wrong ones and {} without an answer",
            entry.wrong_told,
            entry.wrong_unknown
        );
    }
    let verified = client.verify(challenge, code).await;
    match entry.verified {
        Known::NotDone => assert_eq!(verified.status, 200, "{}", verified.text),
        Known::Done => check_repeat(&verified, entry.success.as_deref()),
        Known::Unknown => assert!([200, 409].contains(&verified.status), "{}", verified.text),
    }
    let again = client.verify(challenge, code).await;
    let first = (verified.status == 200).then(|| verified.token());
    check_repeat(&again, first.as_deref());
    let Some(success) = &entry.success else {
        return;
    };
    let spent = client.spend(success, "login").await;
    match entry.spent {
        Known::NotDone => assert_eq!(spent.status, 200, "{}", spent.text),
        Known::Done => assert_eq!(spent.problem(), "already-spent", "{}", spent.text),
        Known::Unknown => assert!([200, 409].contains(&spent.status), "{}", spent.text),
    }
    let again = client.spend(success, "login").await;
    assert_eq!(
        again.problem(),
        "already-spent",
        "spent twice: {}",
        again.text
    );
}

/// Checks that the client's last device has as many texts left as its answered sends leave.
async fn check_device_limit(client: &Client, ledger: &Ledger, first: u32) {
    let mut more = 0;
    for n in 0..=DEVICE_PER_DAY {
        let sent = client
            .send_from(&phone(first + n), &ledger.device, "192.0.2.1")
            .await;
        if sent.status != 202 {
            assert_eq!(sent.json["rule"], "device-per-day", "{}", sent.text);
            break;
        }
        more += 1;
    }
    let most = DEVICE_PER_DAY - ledger.texts_of_device;
    assert!(
        (most.saturating_sub(ledger.lost_sends)..=most).contains(&more),
        "{more} more texts after {} answered sends and {} without an answer",
        ledger.texts_of_device,
        ledger.lost_sends
    );
}

/// Checks that everything one client was told still holds. The phones from `phone(unused)` on had no text yet.
async fn check_ledger(client: &Client, ledger: &Ledger, unused: u32) {
    for entry in &ledger.entries {
        check_entry(client, entry).await;
    }
    check_device_limit(client, ledger, unused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_clients_were_told_holds_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, policy) = (
        folder.path().join("tables.sqlite"),
        folder.path().join("policy.toml"),
    );
    let (from, to) = ("address_per_hour = 20 ", "address_per_hour = 1000000 ");
    let raised = DEFAULT_POLICY.replacen(from, to, 1);
    // A third of the codes stays untyped, which empties purses.
    let shadow = r#"shadow = ["country-purse", "number-block-purse", "money-per-day"]"#;
    let raised = raised.replacen("shadow = []", shadow, 1);
    std::fs::write(&policy, raised).expect("written");
    let random = SeededRandom::new(1);
    let (mut entries, mut unknown) = (0, 0);
    let (mut stack, mut url) = start(&data, &policy);
    for round in 0..ROUNDS {
        let caller = Caller::new(&url);
        let mut clients = JoinSet::new();
        for n in 0..CLIENTS {
            let first = (round * CLIENTS + n) * 2 * PHONES;
            let caller = caller.clone();
            clients.spawn(async move { (first, log_in_until_killed(caller, first).await) });
        }
        let progress = caller.until_answered(60 + below(&random, 400));
        tokio::time::timeout(Duration::from_mins(2), progress)
            .await
            .expect("the clients make progress");
        stack.kill().expect("SIGKILL");
        stack.wait().expect("dead");
        let ledgers = clients.join_all().await;
        (stack, url) = start(&data, &policy);
        let client = Client::new(&url);
        let mut checks = JoinSet::new();
        for (first, ledger) in ledgers {
            unknown += ledger.count_unknown();
            entries += ledger.entries.len();
            let client = client.clone();
            checks.spawn(async move { check_ledger(&client, &ledger, first + PHONES).await });
        }
        checks.join_all().await;
    }
    stack.kill().expect("SIGKILL");
    stack.wait().expect("dead");
    assert!(
        entries > 50,
        "only {entries} log-ins: the kills came too soon"
    );
    assert!(
        unknown > 10,
        "only {unknown} steps without an answer: the kills hit nothing"
    );
}
