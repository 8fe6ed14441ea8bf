//! The real binary under a Runtime API: what it does before its answer, and what it does after it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use phoneproof_local::stack::{Endpoints, Options, Stack, tables};
use phoneproof_tests::{
    Client, FUNCTION_ISSUER, Fault, Process, Proxy, RuntimeApi, Said, find_code, function_command,
    phone, replace_body,
};
use serde_json::{Value, json};

/// The timeout of the function in `template.yaml`.
const FULL: Duration = Duration::from_secs(10);
/// How long a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);
/// The write that decides about a code, and the one of each credit.
const WRITE: &str = "UpdateItem";
/// The country, the number block, the network and the address get a credit each.
const CREDITS: usize = 4;

const POLICY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../infra/policy/policy.toml"
);

/// The function in a process of its own, beside a stack that sends its codes.
struct Function {
    /// What it prints, line by line.
    lines: mpsc::Receiver<String>,
    api: RuntimeApi,
    proxy: Proxy,
    stack: Stack,
    _process: Process,
}

/// What a function did with an event.
#[derive(Debug, PartialEq)]
struct Verified {
    /// The HTTP status of the answer.
    status: u64,
    /// The writes before the answer.
    before: usize,
    /// The writes between the answer and the question for the next event.
    after: usize,
    /// The member `CreditsLost` of the line of the request.
    lost: Option<u64>,
}

impl Function {
    async fn start() -> Self {
        let policy = std::fs::read_to_string(POLICY).expect("the sample policy");
        let policy = phoneproof_config::policy::from_toml(&policy).expect("valid");
        let mut options = Options::new(policy);
        // Only the issuer that sealed a token can read it. So the stack and the function have the same issuer.
        options.issuer = Some(FUNCTION_ISSUER.to_owned());
        options.journal_output = Arc::new(|_| ());
        let stack = Stack::start(options).await.expect("free ports");
        let endpoints = &stack.backends.endpoints;
        let proxy = Proxy::start(&endpoints.dynamodb, &endpoints.sns).await;
        let endpoints = Endpoints {
            dynamodb: proxy.dynamodb.clone(),
            ..endpoints.clone()
        };
        let mut api = RuntimeApi::start().await;
        let file = env!("CARGO_BIN_EXE_verify");
        let mut command = function_command(file, &api, &tables(), &endpoints);
        command.env("POLICY_PATH", POLICY).stdout(Stdio::piped());
        let mut process = Process::start(command);
        let printed = process.0.stdout.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(printed).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let ready = api.listen(PATIENCE).await;
        assert!(matches!(ready, Said::Ready(_)), "{ready:?}");
        Self {
            lines,
            api,
            proxy,
            stack,
            _process: process,
        }
    }

    /// Sends a code by the stack, and makes the event that enters it.
    async fn send(&self, phone: &str) -> String {
        let sent = Client::new(&self.stack.url).send(phone).await;
        assert_eq!(sent.status, 202, "{sent:?}");
        let texts = self.stack.backends.inbox.messages(Some(phone));
        let code = find_code(texts.first().expect("a text"), 6);
        let event = include_str!("../../../tests/events/verify.json");
        replace_body(event, &json!({ "token": sent.token(), "code": code }))
    }

    /// Takes the writes since the last call.
    fn take_writes(&self) -> usize {
        self.proxy.take_calls().remove(WRITE).unwrap_or_default()
    }

    /// Waits for the line of a request. Other lines may come before it.
    fn read_request_line(&self) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            if line.get("message").and_then(Value::as_str) == Some("request") {
                return line;
            }
        }
    }

    /// Enters a code.
    async fn verify(&mut self, event: String) -> Verified {
        self.take_writes();
        let holding = self.api.hold_answers().await;
        self.api.hand_out(event, FULL);
        let Said::Answered(_, answer) = self.api.listen(PATIENCE).await else {
            panic!("no answer");
        };
        let before = self.take_writes();
        drop(holding);
        let ready = self.api.listen(PATIENCE).await;
        assert!(matches!(ready, Said::Ready(_)), "{ready:?}");
        let line = self.read_request_line();
        assert!(self.lines.try_recv().is_err(), "one line per request");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let status = answer.get("statusCode").and_then(Value::as_u64);
        Verified {
            status: status.expect("a status"),
            before,
            after: self.take_writes(),
            lost: line.get("CreditsLost").and_then(Value::as_u64),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_follow_the_answer_and_precede_the_next_event() {
    let mut function = Function::start().await;
    let event = function.send(&phone(1)).await;
    let first = Verified {
        status: 200,
        before: 1,
        after: CREDITS,
        lost: None,
    };
    assert_eq!(function.verify(event.clone()).await, first);
    let again = Verified { after: 0, ..first };
    assert_eq!(
        function.verify(event).await,
        again,
        "a code that was entered before gives nothing back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_that_fail_change_no_answer_and_are_counted() {
    for fault in [Fault::Hang, Fault::CutAfter, Fault::Unavailable] {
        let mut function = Function::start().await;
        let event = function.send(&phone(1)).await;
        for credit in 0..CREDITS {
            let between = usize::from(credit == 0);
            function.proxy.break_after(WRITE, between, fault);
        }
        let failed = Verified {
            status: 200,
            before: 1,
            after: CREDITS,
            lost: Some(4),
        };
        assert_eq!(function.verify(event).await, failed, "{fault:?}");
        let event = function.send(&phone(2)).await;
        let next = function.verify(event).await;
        assert_eq!(
            (next.status, next.before, next.lost),
            (200, 1, None),
            "{fault:?}"
        );
    }
}
