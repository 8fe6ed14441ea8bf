//! The real binary under a Runtime API: what it does before its answer, and what it does after it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use phoneproof_local::aws::SECRET_ID;
use phoneproof_local::stack::{Options, Stack, tables};
use phoneproof_tests::{Client, Fault, Proxy, RuntimeApi, Said, find_code, phone};
use serde_json::{Value, json};

/// The timeout of the function in `template.yaml`.
const FULL: Duration = Duration::from_secs(10);
/// How long a busy machine may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);
/// The write that decides about a code, and the one of each credit.
const WRITE: &str = "UpdateItem";
/// The country, the number block, the network and the address get a credit each.
const CREDITS: usize = 4;

/// A token is read only by the issuer that sealed it, so the stack and the function are the same one.
const ISSUER: &str = "https://verify.example.com";
const POLICY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../infra/policy/policy.toml"
);

/// The function in a process of its own, beside a stack that sends its codes.
struct Function {
    process: Child,
    api: RuntimeApi,
    proxy: Proxy,
    stack: Stack,
}

impl Function {
    async fn start() -> Self {
        let policy = std::fs::read_to_string(POLICY).expect("the sample policy");
        let policy = phoneproof_config::policy::from_toml(&policy).expect("valid");
        let mut options = Options::new(policy);
        options.issuer = Some(ISSUER.to_owned());
        options.journal_output = Arc::new(|_| ());
        let stack = Stack::start(options).await.expect("free ports");
        let endpoints = &stack.backends.endpoints;
        let proxy = Proxy::start(&endpoints.dynamodb, &endpoints.sns).await;
        let mut api = RuntimeApi::start().await;
        let names = tables();
        let process = Command::new(env!("CARGO_BIN_EXE_verify"))
            .env_clear()
            .envs([
                ("ISSUER", ISSUER),
                ("POLICY_PATH", POLICY),
                ("LIMITS_TABLE", &names.limits),
                ("CHALLENGES_TABLE", &names.challenges),
                ("BLOCKS_TABLE", &names.blocks),
                ("KEYRING_SECRET_ID", SECRET_ID),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_ENDPOINT_URL_DYNAMODB", &proxy.dynamodb),
                ("AWS_ENDPOINT_URL_SNS", &endpoints.sns),
                ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", &endpoints.sns),
                ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoints.secrets),
                ("AWS_LAMBDA_RUNTIME_API", &api.address),
                ("AWS_LAMBDA_FUNCTION_NAME", "verify"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", "verify"),
                ("AWS_LAMBDA_LOG_STREAM_NAME", "1"),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("runs");
        let ready = api.listen(PATIENCE).await;
        assert!(matches!(ready, Said::Ready(_)), "{ready:?}");
        Self {
            process,
            api,
            proxy,
            stack,
        }
    }

    /// Sends a code by the stack, and makes the event that enters it.
    async fn send(&self, phone: &str) -> String {
        let sent = Client::new(&self.stack.url).send(phone).await;
        assert_eq!(sent.status, 202, "{sent:?}");
        let texts = self.stack.backends.inbox.messages(Some(phone));
        let code = find_code(texts.first().expect("a text"), 6);
        let mut event: Value =
            serde_json::from_str(include_str!("../../../tests/events/verify.json")).expect("JSON");
        let body = json!({ "token": sent.token(), "code": code });
        event
            .as_object_mut()
            .expect("an object")
            .insert("body".to_owned(), body.to_string().into());
        event.to_string()
    }

    /// Takes the writes since the last call.
    fn take_writes(&self) -> usize {
        self.proxy.take_calls().remove(WRITE).unwrap_or_default()
    }

    /// Enters a code. Returns the status, the writes before the answer, and those between it and the next event.
    async fn verify(&mut self, event: String) -> (u64, usize, usize) {
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
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let status = answer.get("statusCode").and_then(Value::as_u64);
        (status.expect("a status"), before, self.take_writes())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_follow_the_answer_and_precede_the_next_event() {
    let mut function = Function::start().await;
    let event = function.send(&phone(1)).await;
    assert_eq!(function.verify(event.clone()).await, (200, 1, CREDITS));
    assert_eq!(
        function.verify(event).await,
        (200, 1, 0),
        "a code that was entered before gives nothing back"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_that_fail_change_no_answer() {
    for fault in [Fault::Hang, Fault::CutAfter, Fault::Unavailable] {
        let mut function = Function::start().await;
        let event = function.send(&phone(1)).await;
        for credit in 0..CREDITS {
            let between = usize::from(credit == 0);
            function.proxy.break_after(WRITE, between, fault);
        }
        assert_eq!(function.verify(event).await, (200, 1, CREDITS), "{fault:?}");
        let next = function.send(&phone(2)).await;
        let (status, before, _) = function.verify(next).await;
        assert_eq!((status, before), (200, 1), "{fault:?}");
    }
}
