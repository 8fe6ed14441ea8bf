//! The real binary, frozen and thawed as Lambda does, while its connections die.
//!
//! Deadlines stand in for speed: a request that waited for a dead connection would find its time used up.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use phoneproof_local::loose::make_policy_to_try;
use phoneproof_local::stack::{Backends, Endpoints, Options, tables};
use phoneproof_tests::{
    Death, Process, RuntimeApi, Said, Wire, function_command, phone, replace_body,
};
use serde_json::{Value, json};

/// Longer than a connection is trusted, less than any server keeps one.
const FROZEN_FOR: Duration = Duration::from_millis(3_200);
/// The time of a function that a request over a dead connection would use up. The service keeps a second of it back.
const SHORT: Duration = Duration::from_secs(3);
/// The timeout of the function in `template.yaml`.
const FULL: Duration = Duration::from_secs(10);
/// How long a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often connections are counted until one try shows what a quiet machine shows. On a busy one a send may outlast
/// the trust in a connection, and the pool may take one back too late: then it is right to open another.
const TRIES: u32 = 5;

/// The file of the policy. The tests type no code in, so its purses are in shadow mode.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let path = format!("{}/thaw.toml", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, make_policy_to_try()).expect("written");
    path
});

/// The function in a process of its own, with a wire to each service that it calls while it serves.
struct Function {
    process: Process,
    api: RuntimeApi,
    dynamodb: Wire,
    sns: Wire,
    backends: Backends,
}

impl Function {
    async fn start() -> Self {
        let policy = phoneproof_config::policy::from_toml(&make_policy_to_try()).expect("valid");
        let backends = Backends::start(&Options::new(policy)).await;
        let backends = backends.expect("free ports");
        let dynamodb = Wire::to(&backends.endpoints.dynamodb).await;
        let sns = Wire::to(&backends.endpoints.sns).await;
        let mut api = RuntimeApi::start().await;
        let endpoints = Endpoints {
            dynamodb: dynamodb.url.clone(),
            sns: sns.url.clone(),
            secrets: backends.endpoints.secrets.clone(),
        };
        let file = env!("CARGO_BIN_EXE_send");
        let mut command = function_command(file, &api, &tables(), &endpoints);
        command.env("POLICY_PATH", &*POLICY);
        let process = Process::start(command);
        let ready = api.listen(PATIENCE).await;
        assert!(matches!(ready, Said::Ready(_)), "{ready:?}");
        Self {
            process,
            api,
            dynamodb,
            sns,
            backends,
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.process.0.id()).expect("process ids are small");
        kill(Pid::from_raw(id), signal).expect("it is alive");
    }

    /// Stops the process, lets `happen` happen, and lets the process go on after a while.
    async fn freeze(&self, happen: impl FnOnce(&Self)) {
        self.signal(Signal::SIGSTOP);
        happen(self);
        tokio::time::sleep(FROZEN_FOR).await;
        self.signal(Signal::SIGCONT);
    }

    /// Asks for a code. Returns the status and the body of the answer, which is due within `left`.
    async fn send(&mut self, phone: &str, left: Duration) -> (u64, Value) {
        let event = include_str!("../../../tests/events/send.json");
        let body = json!({ "phone": phone, "uniqueId": "device-1", "businessId": "login" });
        self.api.hand_out(replace_body(event, &body), left);
        let Said::Answered(_, answer) = self.api.listen(PATIENCE).await else {
            panic!("no answer");
        };
        let ready = self.api.listen(PATIENCE).await;
        assert!(matches!(ready, Said::Ready(_)), "{ready:?}");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let part = |name| answer.get(name).cloned().unwrap_or_default();
        let body = part("body").as_str().map(serde_json::from_str);
        let status = part("statusCode").as_u64().expect("a status");
        (status, body.expect("a body").expect("JSON"))
    }

    /// How many connections were opened to DynamoDB and to SNS.
    fn count_opened(&self) -> (usize, usize) {
        (self.dynamodb.count_opened(), self.sns.count_opened())
    }

    /// How many connections a send to each of these phones opens to DynamoDB and to SNS.
    async fn count_opened_by_sends(&mut self, phones: Range<u32>) -> (usize, usize) {
        let before = self.count_opened();
        for n in phones {
            assert_eq!(self.send(&phone(n), FULL).await.0, 202);
        }
        let after = self.count_opened();
        (after.0 - before.0, after.1 - before.1)
    }

    fn count_texts(&self) -> usize {
        self.backends.inbox.messages(None).len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_in_a_freeze() {
    for death in [Death::Reset, Death::Silence] {
        for (dynamodb_dies, sns_dies) in [(false, true), (true, false), (true, true)] {
            let what = format!("{death:?}, DynamoDB {dynamodb_dies}, SNS {sns_dies}");
            let mut function = Function::start().await;
            assert_eq!(function.send(&phone(1), FULL).await.0, 202, "{what}");
            function
                .freeze(|function| {
                    if dynamodb_dies {
                        function.dynamodb.kill(death);
                    }
                    if sns_dies {
                        function.sns.kill(death);
                    }
                })
                .await;
            let (status, body) = function.send(&phone(2), SHORT).await;
            assert_eq!(status, 202, "{what}: {body}");
            assert_eq!(function.count_texts(), 2, "{what}");
            assert_eq!(function.backends.inbox.count_publishes(), 2, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warm_function_opens_no_connection_and_a_thawed_one_opens_one_to_sns() {
    let mut tries = Vec::new();
    for _ in 0..TRIES {
        let mut function = Function::start().await;
        assert_eq!(
            function.count_opened(),
            (1, 1),
            "start-up opens one to each"
        );
        let warm = function.count_opened_by_sends(0..5).await;
        function.freeze(|_| ()).await;
        let thawed = function.count_opened_by_sends(5..6).await;
        assert!(
            thawed.1 > 0,
            "a text never goes over a connection that may be dead"
        );
        if (warm, thawed) == ((0, 0), (0, 1)) {
            return;
        }
        tries.push((warm, thawed));
    }
    panic!("a live connection to DynamoDB is kept, and a warm one to SNS: {tries:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_that_takes_no_connection_refuses_and_the_quota_is_given_back() {
    let mut function = Function::start().await;
    assert_eq!(function.send(&phone(1), FULL).await.0, 202);
    function.freeze(|function| function.sns.cut()).await;
    // The limit of a device is ten a day, and a refused text gives it back.
    for n in 0..12 {
        let (status, body) = function.send(&phone(2 + n), FULL).await;
        assert_eq!(status, 502, "{body}");
    }
    assert_eq!(function.count_texts(), 1);
}
