//! Counts the network calls and bytes of the functions, cold and warm.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use phoneproof_bench::events::{Events, User};
use phoneproof_bench::warm::policy;
use phoneproof_local::stack::{Backends, Endpoints, Options};
use phoneproof_tests::Proxy;
use serde::{Deserialize, Serialize};

use crate::lambda::{Instance, Invocation, Program, Surroundings};
use crate::relay::{Passed, Relays};
use crate::{goals, report};

/// The options of `bench calls`.
#[derive(Args)]
pub(crate) struct Calls {
    /// The command that starts `send`.
    #[arg(long, default_value = "target/release/send")]
    send: String,
    /// The command that starts `verify`.
    #[arg(long, default_value = "target/release/verify")]
    verify: String,
}

/// The network traffic of one step in a function's life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The token mode: `sealed` or `stored`.
    pub mode: String,
    /// The function: `send` or `verify`.
    pub function: String,
    /// The step: `start`, the answer of the `first` or of a `warm` invocation, and what came after that answer, such as
    /// `warm, after the answer`.
    pub step: String,
    /// The number of calls by AWS operation.
    pub calls: BTreeMap<String, usize>,
    /// The connections opened and the bytes passed.
    pub passed: Passed,
}

/// The flows after which the country's purse and the users' network are known, so that the next one is the usual case.
pub(crate) const ESTABLISHED: u32 = 8;
/// What the name of a step ends with, when it is the work after an answer.
pub(crate) const AFTER: &str = ", after the answer";

/// Backends behind a proxy that counts calls, which is behind relays that count bytes.
struct Counted {
    proxy: Proxy,
    relays: Relays,
    around: Surroundings,
    steps: Vec<Step>,
    mode: &'static str,
}

impl Counted {
    async fn start(mode: &'static str) -> Self {
        let backends = Backends::start(&Options::new(policy())).await;
        let backends = backends.expect("free ports");
        let own = &backends.endpoints;
        // One loopback server answers for both SNS and Secrets Manager.
        let proxy = Proxy::start(&own.dynamodb, &own.sns).await;
        let endpoints = Endpoints {
            dynamodb: proxy.dynamodb.clone(),
            sns: proxy.sns.clone(),
            secrets: proxy.sns.clone(),
        };
        let relays = Relays::before(&endpoints, None).await;
        let mut around = Surroundings::on(backends, &relays.endpoints);
        let mode_variable = ("TOKEN_MODE".to_owned(), mode.to_owned());
        around.environment.extend([mode_variable]);
        Self {
            proxy,
            relays,
            around,
            steps: Vec::new(),
            mode,
        }
    }

    fn note(&mut self, function: &str, step: &str) {
        self.steps.push(Step {
            mode: self.mode.to_owned(),
            function: function.to_owned(),
            step: step.to_owned(),
            calls: self.proxy.take_calls(),
            passed: self.relays.take(),
        });
    }

    /// Invokes a function. Notes what it did up to its answer, and what it did after that.
    async fn invoke(
        &mut self,
        instance: &mut Instance,
        function: &str,
        step: Option<&str>,
        event: String,
    ) -> Invocation {
        let Some(step) = step else {
            let invocation = instance.invoke(event).await;
            self.forget();
            return invocation;
        };
        let invocation = instance.invoke_with(event, || self.note(function, step));
        let invocation = invocation.await;
        self.note(function, &format!("{step}{AFTER}"));
        if self.steps.last().is_some_and(|step| step.calls.is_empty()) {
            self.steps.pop();
        }
        invocation
    }

    /// Begins to count again.
    fn forget(&self) {
        drop((self.proxy.take_calls(), self.relays.take()));
    }

    async fn function(&mut self, name: &str, command: &str) -> Instance {
        let program = Program::here(command);
        let instance = Instance::start(&program, &self.around.environment).await;
        self.note(name, "start");
        instance
    }
}

/// Counts and prints. Returns whether warm requests make only the calls that they need.
pub(crate) async fn run(options: Calls) -> bool {
    let (events, mut steps) = (Events::compile(), Vec::new());
    for mode in ["sealed", "stored"] {
        let mut counted = Counted::start(mode).await;
        let mut send = counted.function("send", &options.send).await;
        let mut verify = counted.function("verify", &options.verify).await;
        for n in 0..=ESTABLISHED {
            let (user, step) = (User(n), name_step(n));
            let sent = counted.invoke(&mut send, "send", step, events.send(user));
            let sent = sent.await;
            let token = sent.body["token"].as_str().expect("a token").to_owned();
            let event = events.verify(user, &token, &counted.around.code(user));
            let verified = counted.invoke(&mut verify, "verify", step, event).await;
            assert_eq!(verified.status, 200);
        }
        steps.append(&mut counted.steps);
    }
    print!("{}", table(&steps));
    report::write("calls", &steps);
    goals::judge(&goals::calls(&steps))
}

/// Names the step of a flow; `None` for the flows that only lead to the usual case.
fn name_step(flow: u32) -> Option<&'static str> {
    match flow {
        0 => Some("first"),
        ESTABLISHED => Some("warm"),
        _ => None,
    }
}

/// Formats the steps as a Markdown table.
pub(crate) fn table(steps: &[Step]) -> String {
    let mut table = String::from(
        "| tokens | function | step | calls | connections | bytes sent | bytes received |\n|---|---|---|---|---|---|---|\n",
    );
    for step in steps {
        let calls: Vec<_> = step
            .calls
            .iter()
            .map(|(operation, count)| format!("{count} {operation}"))
            .collect();
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} |",
            step.mode,
            step.function,
            step.step,
            calls.join(", "),
            step.passed.connections,
            step.passed.sent,
            step.passed.received
        )
        .expect("a string takes everything");
    }
    table
}
