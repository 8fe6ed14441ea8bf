//! Measures cold starts and warm invocations of functions, under a Runtime API of our own.
//!
//! All runtimes take turns in every round, so that other work of the machine slows all of them alike.

mod budget;
mod figures;
mod instance;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use phoneproof_bench::events::{Events, User};
use phoneproof_bench::warm::policy;
use phoneproof_local::inbox::Inbox;
use phoneproof_local::stack::{Backends, Endpoints, Options, list_service_variables, tables};
use phoneproof_tests::FUNCTION_ISSUER;
use serde::Deserialize;

use self::budget::raise_budget;
use self::figures::Figures;
pub(crate) use self::figures::{Summary, table};
pub(crate) use self::instance::{Instance, Invocation, Program};
use crate::relay::{Relays, Tls};
use crate::{goals, report};

/// Warm invocations that are not counted: they fill caches and open connections.
const WARM_UP: u32 = 20;

/// The options of `bench lambda`.
#[derive(Args)]
pub(crate) struct Lambda {
    /// How many cold starts of each function to measure.
    #[arg(long, default_value_t = 20)]
    cold: u32,
    /// How many warm invocations of each function to measure.
    #[arg(long, default_value_t = 500)]
    warm: u32,
    /// The file that lists the runtimes to measure.
    #[arg(long, default_value = "tests/bench/runtimes.toml")]
    runtimes: PathBuf,
    /// Measure only the runtimes with these names.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The folder with the events `send.json` and `verify.json`.
    #[arg(long, default_value = "tests/bench/events")]
    events: PathBuf,
    /// The command that starts the floor, a function that does nothing.
    #[arg(long, default_value = "target/release/hello")]
    floor: String,
    /// Do not measure the floor.
    #[arg(long)]
    no_floor: bool,
    /// Reach AWS by TLS, as in a deployment.
    #[arg(long)]
    tls: bool,
    /// The machine is busy or slow: print goals of time, but fail only for those of size and memory.
    #[arg(long)]
    busy: bool,
}

#[derive(Deserialize)]
struct Runtimes {
    runtime: Vec<Runtime>,
}

/// A runtime's two functions, which serve a flow together.
#[derive(Deserialize)]
struct Runtime {
    name: String,
    folder: PathBuf,
    send: String,
    verify: String,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// The AWS services that every function reaches, and the environment that names them.
pub(crate) struct Surroundings {
    /// The environment of every function.
    pub environment: BTreeMap<String, String>,
    inbox: Inbox,
    /// The services, which end when this value is dropped.
    _backends: Backends,
    _tls: Option<Tls>,
}

impl Surroundings {
    /// Starts the loopback AWS services, behind TLS if `tls` is set.
    pub(crate) async fn start(tls: bool) -> Self {
        let backends = Backends::start(&Options::new(policy())).await;
        let backends = backends.expect("free ports");
        let plain = backends.endpoints.clone();
        raise_budget(&plain.dynamodb).await;
        if !tls {
            return Self::on(backends, &plain);
        }
        let tls = Tls::new();
        let relays = Relays::before(&plain, Some(&tls)).await;
        let mut around = Self::on(backends, &relays.endpoints);
        let bundle = tls.bundle.display().to_string();
        // The AWS SDKs read the first variable, Node.js the second.
        for name in ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
            around.environment.insert(name.to_owned(), bundle.clone());
        }
        Self {
            _tls: Some(tls),
            ..around
        }
    }

    /// Uses running `backends`, which functions reach at `endpoints`.
    pub(crate) fn on(backends: Backends, endpoints: &Endpoints) -> Self {
        Self {
            environment: list_variables(endpoints),
            inbox: backends.inbox.clone(),
            _backends: backends,
            _tls: None,
        }
    }

    /// Returns the code in the newest text to `user`.
    pub(crate) fn code(&self, user: User) -> String {
        let texts = self.inbox.messages(Some(&user.phone()));
        let body = &texts.first().expect("a text").body;
        let mut runs = body.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == 6).expect("a code").to_owned()
    }
}

/// Returns the environment that `template.yaml` gives to the functions.
fn list_variables(endpoints: &Endpoints) -> BTreeMap<String, String> {
    let of_baselines = [
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    list_service_variables(FUNCTION_ISSUER, &tables())
        .into_iter()
        .chain(endpoints.list_variables())
        .chain(of_baselines)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The functions of one runtime with their figures so far.
struct Measured {
    programs: (Program, Program),
    warm_send: Instance,
    send: Figures,
    verify: Figures,
}

impl Measured {
    async fn start(runtime: &Runtime, environment: &BTreeMap<String, String>) -> Self {
        let program = |command| Program::new(command, &runtime.folder, &runtime.environment);
        let (send, verify) = (program(&runtime.send), program(&runtime.verify));
        Self {
            warm_send: Instance::start(&send, environment).await,
            send: Figures::new(&runtime.name, "send", &send),
            verify: Figures::new(&runtime.name, "verify", &verify),
            programs: (send, verify),
        }
    }
}

/// Returns users that the run has not had yet.
struct Users(u32);

impl Users {
    fn next(&mut self) -> User {
        self.0 += 1;
        User(self.0)
    }
}

async fn ask_for_a_code(
    instance: &mut Instance,
    events: &Events,
    user: User,
) -> (Invocation, String) {
    let sent = instance.invoke(events.send(user)).await;
    assert_eq!(sent.status, 202, "{:?}", sent.body);
    let token = sent.body["token"].as_str().expect("a token").to_owned();
    (sent, token)
}

/// Measures the functions of one runtime, a round at a time.
struct Bench<'b> {
    around: &'b Surroundings,
    events: &'b Events,
    users: Users,
}

impl Bench<'_> {
    /// Measures one cold start of each function.
    async fn cold(&mut self, measured: &mut Measured) {
        let environment = &self.around.environment;
        let user = self.users.next();
        let mut send = Instance::start(&measured.programs.0, environment).await;
        let (first, _) = ask_for_a_code(&mut send, self.events, user).await;
        measured.send.cold(&send, &first);
        let user = self.users.next();
        let (_, token) = ask_for_a_code(&mut measured.warm_send, self.events, user).await;
        let event = self.events.verify(user, &token, &self.around.code(user));
        let mut verify = Instance::start(&measured.programs.1, environment).await;
        let first = verify.invoke(event).await;
        assert_eq!(first.status, 200, "{:?}", first.body);
        measured.verify.cold(&verify, &first);
    }

    /// Measures `count` warm flows through one instance of each function.
    async fn warm(&mut self, measured: &mut Measured, verify: &mut Instance, count: u32) {
        for _ in 0..count {
            let user = self.users.next();
            let (sent, token) = ask_for_a_code(&mut measured.warm_send, self.events, user).await;
            measured.send.warm(&measured.warm_send, &sent);
            let event = self.events.verify(user, &token, &self.around.code(user));
            let verified = verify.invoke(event).await;
            assert_eq!(verified.status, 200, "{:?}", verified.body);
            measured.verify.warm(verify, &verified);
        }
    }
}

/// Starts both functions of PhoneProof again and again, for two invocations each.
pub(crate) struct Life<'l> {
    around: &'l Surroundings,
    events: Events,
    users: Users,
}

impl<'l> Life<'l> {
    /// Prepares the events. No function is started yet.
    pub(crate) fn new(around: &'l Surroundings) -> Self {
        Self {
            around,
            events: Events::compile(),
            users: Users(0),
        }
    }

    /// Returns the times of `send`'s start, first and second invocation, and the same three of `verify`.
    pub(crate) async fn of(&mut self, send: &Program, verify: &Program) -> [Duration; 6] {
        let (first, second) = (self.users.next(), self.users.next());
        let mut send = Instance::start(send, &self.around.environment).await;
        let (sent, token) = ask_for_a_code(&mut send, &self.events, first).await;
        let (sent_again, token_again) = ask_for_a_code(&mut send, &self.events, second).await;
        let mut verify = Instance::start(verify, &self.around.environment).await;
        let mut took = [
            send.init.wall,
            sent.cost.wall,
            sent_again.cost.wall,
            verify.init.wall,
            Duration::ZERO,
            Duration::ZERO,
        ];
        let pairs = [(first, token), (second, token_again)];
        for (took, (user, token)) in took[4..].iter_mut().zip(pairs) {
            let event = self.events.verify(user, &token, &self.around.code(user));
            let verified = verify.invoke(event).await;
            assert_eq!(verified.status, 200, "{:?}", verified.body);
            *took = verified.cost.wall;
        }
        took
    }
}

/// Measures all runtimes. Returns whether the goals are reached.
pub(crate) async fn run(lambda: Lambda) -> bool {
    let text = fs::read_to_string(&lambda.runtimes).expect("the file of runtimes");
    let Runtimes { runtime: runtimes } = toml::from_str(&text).expect("runtimes");
    let wanted = |name: &String| lambda.only.is_empty() || lambda.only.contains(name);
    let runtimes: Vec<_> = runtimes.iter().filter(|r| wanted(&r.name)).collect();
    let events = Events::read(&lambda.events).expect("events");
    let around = Surroundings::start(lambda.tls).await;
    let mut bench = Bench {
        around: &around,
        events: &events,
        users: Users(0),
    };
    let mut floor = (!lambda.no_floor).then(|| {
        let hello = Program::here(&lambda.floor);
        (Figures::new("floor", "hello", &hello), hello)
    });
    let mut all = Vec::new();
    for runtime in runtimes {
        all.push(Measured::start(runtime, &around.environment).await);
    }
    for _ in 0..lambda.cold {
        if let Some((floor, hello)) = &mut floor {
            let mut instance = Instance::start(hello, &around.environment).await;
            let first = instance.invoke(events.send(bench.users.next())).await;
            floor.cold(&instance, &first);
        }
        for measured in &mut all {
            bench.cold(measured).await;
        }
    }
    if let Some((floor, hello)) = &mut floor {
        let mut instance = Instance::start(hello, &around.environment).await;
        for _ in 0..lambda.warm {
            let answer = instance.invoke(events.send(bench.users.next())).await;
            floor.warm(&instance, &answer);
        }
    }
    for measured in &mut all {
        let mut verify = Instance::start(&measured.programs.1, &around.environment).await;
        bench.warm(measured, &mut verify, WARM_UP).await;
        measured.send.forget_warm();
        measured.verify.forget_warm();
        bench.warm(measured, &mut verify, lambda.warm).await;
    }
    let figures: Vec<_> = floor
        .map(|(floor, _)| floor)
        .into_iter()
        .chain(all.into_iter().flat_map(|m| [m.send, m.verify]))
        .map(|figures| figures.summary())
        .collect();
    let name = if lambda.tls { "lambda-tls" } else { "lambda" };
    report::write(name, &figures);
    print!("{}", table(&figures));
    let goals = goals::lambda(&figures);
    if lambda.busy {
        goals::judge_busy(&goals)
    } else {
        goals::judge(&goals)
    }
}
