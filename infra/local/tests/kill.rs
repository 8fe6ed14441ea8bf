//! The process is killed in the middle of its work, again and again; what its clients were told holds
//! when it is back.

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
use phoneproof_domain::random::random_array;
use phoneproof_tests::{Answer, Client, SeededRandom, phone};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const ROUNDS: u32 = 10;
/// Clients at once.
const CLIENTS: u32 = 8;
/// Phones that one client may need in one round.
const PHONES: u32 = 400;
/// `device_per_day` of the sample policy.
const DEVICE_PER_DAY: u32 = 10;
/// `attempts` of the sample policy.
const ATTEMPTS: u64 = 5;

/// What a client knows about a step that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    NotDone,
    Done,
    /// The process died before it answered.
    Unknown,
}

/// One log-in as its client remembers it.
struct Entry {
    phone: String,
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
    /// The device in use.
    device: String,
    /// Texts that it was told of, and sends without an answer.
    texts_of_device: u32,
    lost_sends: u32,
}

/// Calls of all clients go through one: how many were answered says when to kill, on a slow machine too.
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

/// Starts the stack, and gives its URL.
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
    let bytes = random_array(random).expect("a seed gives forever");
    u32::from_be_bytes(bytes) % end
}

/// Logs in with one phone after another until the process is dead. `first` is the first of its phones.
async fn log_in_until_the_end(caller: Caller, first: u32) -> Ledger {
    let random = SeededRandom::new(u64::from(first));
    let mut ledger = Ledger::default();
    for n in 0..PHONES {
        // A new device for every ten texts that are known of.
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
        let Some(code) = code(&caller, &phone).await else {
            return ledger;
        };
        let mut entry = Entry {
            phone,
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

/// The code that was texted; `None` when the inbox is gone.
async fn code(caller: &Caller, phone: &str) -> Option<String> {
    let path = format!("/inbox/messages?phone=%2B{}", phone.trim_start_matches('+'));
    let texts = caller.get(&path).await?.json;
    let body = texts[0]["body"].as_str().expect("a text").to_owned();
    let mut runs = body.split(|c: char| !c.is_ascii_digit());
    Some(runs.find(|run| run.len() == 6).expect("a code").to_owned())
}

fn wrong(code: &str) -> String {
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

/// Guesses wrong a few times, then perhaps right, then perhaps spends; `false` when the process died.
async fn finish(caller: &Caller, random: &SeededRandom, entry: &mut Entry) -> bool {
    for _ in 0..below(random, 3) {
        let Some(answer) = verify(caller, &entry.challenge, &wrong(&entry.code)).await else {
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

/// What the client was told before holds for one log-in.
async fn holds(client: &Client, entry: &Entry) {
    let (challenge, code) = (&entry.challenge, &entry.code);
    let at_once = client.send(&entry.phone).await;
    assert_eq!(
        at_once.json["rule"], "phone-cooldown",
        "the text is remembered: {}",
        at_once.text
    );
    if entry.verified == Known::NotDone {
        let guess = client.verify(challenge, &wrong(code)).await;
        assert_eq!(guess.status, 422, "{}", guess.text);
        let left = guess.json["attemptsRemaining"].as_u64().expect("a number");
        let most = ATTEMPTS - entry.wrong_told - 1;
        assert!(
            (most - entry.wrong_unknown..=most).contains(&left),
            "{left} guesses left after {} and {} of unknown end",
            entry.wrong_told,
            entry.wrong_unknown
        );
    }
    let verified = client.verify(challenge, code).await;
    match entry.verified {
        Known::NotDone => assert_eq!(verified.status, 200, "{}", verified.text),
        Known::Done => assert_eq!(verified.problem(), "already-used", "{}", verified.text),
        Known::Unknown => assert!([200, 409].contains(&verified.status), "{}", verified.text),
    }
    let again = client.verify(challenge, code).await;
    assert_eq!(
        again.problem(),
        "already-used",
        "a second success: {}",
        again.text
    );
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

/// The device that was in use has as many texts left as it was not told of.
async fn device_limit_holds(client: &Client, ledger: &Ledger, first: u32) {
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
        "{more} more texts after {} and {} of unknown end",
        ledger.texts_of_device,
        ledger.lost_sends
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_were_told_holds_after_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, policy) = (
        folder.path().join("tables.sqlite"),
        folder.path().join("policy.toml"),
    );
    let mut raised = DEFAULT_POLICY.to_owned();
    for limit in ["address_per_hour", "number_block_per_hour"] {
        raised = raised.replacen(&format!("{limit} = 20 "), &format!("{limit} = 1000000 "), 1);
    }
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
            clients.spawn(async move { (first, log_in_until_the_end(caller, first).await) });
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
        for (first, ledger) in &ledgers {
            for entry in &ledger.entries {
                holds(&client, entry).await;
            }
            let open = |known: Known| u32::from(known == Known::Unknown);
            let lost =
                |e: &Entry| open(e.verified) + open(e.spent) + u32::from(e.wrong_unknown > 0);
            unknown += ledger.lost_sends + ledger.entries.iter().map(lost).sum::<u32>();
            entries += ledger.entries.len();
            device_limit_holds(&client, ledger, first + PHONES).await;
        }
    }
    stack.kill().expect("SIGKILL");
    stack.wait().expect("dead");
    assert!(
        entries > 50,
        "only {entries} log-ins: the kills came too soon"
    );
    assert!(
        unknown > 10,
        "only {unknown} steps of unknown end: the kills hit nothing"
    );
}
