//! An instance of a function: a process that is started, given events and ended.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use phoneproof_tests::{LAMBDA_VARIABLES, RuntimeApi, Said};
use serde_json::Value;
use tokio::time::Instant;

use crate::process::Process;

/// The timeout of the functions in `template.yaml`.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long the slowest runtime, or a function under callgrind, may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// The command that starts a function, with its folder and environment.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    command: Vec<String>,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Program {
    /// Describes a command in `folder`. `environment` is added to the variables that every function gets.
    pub(crate) fn new(
        command: &str,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            command: command.split_whitespace().map(str::to_owned).collect(),
            folder: folder.canonicalize().expect("the folder of a function"),
            environment: environment.clone(),
        }
    }

    /// Describes a command in the current folder that needs no further environment.
    pub(crate) fn here(path: &str) -> Self {
        Self::new(path, Path::new("."), &BTreeMap::new())
    }

    /// Describes a shell script in the current folder.
    pub(crate) fn script(script: String) -> Self {
        Self {
            command: vec!["sh".to_owned(), "-c".to_owned(), script],
            ..Self::here("")
        }
    }

    /// Returns the program's file, if the program is a single file.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self.command.as_slice() {
            [file] => Some(self.folder.join(file)),
            // A command with arguments is an interpreter, and the program is another file.
            _ => None,
        }
    }
}

/// The time that one step of an instance took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// The time elapsed on the clock.
    pub wall: Duration,
    /// The processor time of the process.
    pub cpu: Duration,
}

/// An invocation that the function has answered.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// From handing out the event to receiving the answer. The processor time also includes the work until the
    /// process asks for the next event.
    pub cost: Cost,
    /// The HTTP status of the answer.
    pub status: u64,
    /// The body of the answer.
    pub body: Value,
}

/// A running instance of a function. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Instance {
    /// From the start of the process to its first request for an event.
    pub init: Cost,
    /// The process, for its processor time and memory.
    pub process: Process,
    child: Child,
    api: RuntimeApi,
}

impl Instance {
    /// Starts `program`. Its environment is its own, `environment` and the variables that Lambda sets.
    ///
    /// # Panics
    ///
    /// When it does not start. The message has its standard error.
    pub(crate) async fn start(program: &Program, environment: &BTreeMap<String, String>) -> Self {
        let mut api = RuntimeApi::start().await;
        let (file, arguments) = program.command.split_first().expect("a command");
        let began = Instant::now();
        let mut child = Command::new(file)
            .args(arguments)
            .current_dir(&program.folder)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .envs(environment)
            .envs(&program.environment)
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .envs(LAMBDA_VARIABLES)
            .env("LAMBDA_TASK_ROOT", &program.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let process = Process::new(child.id());
        match api.listen(PATIENCE).await {
            Said::Ready(at) => Self {
                init: Cost {
                    wall: at - began,
                    cpu: process.cpu(),
                },
                process,
                child,
                api,
            },
            said => panic!(
                "{file} did not start: {said:?}\n{}",
                end_and_read_stderr(&mut child)
            ),
        }
    }

    /// Ends the process by `SIGTERM`, as the system does before it shuts down, and waits until it has ended.
    ///
    /// # Panics
    ///
    /// When the process has already ended.
    pub(crate) fn terminate(mut self) {
        let id = i32::try_from(self.child.id()).expect("process ids are small");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("it is alive");
        self.child.wait().expect("it is a child of this process");
    }

    /// Hands out an event, and waits for the answer and for the request of the next event.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    pub(crate) async fn invoke(&mut self, event: String) -> Invocation {
        self.invoke_with(event, || ()).await
    }

    /// Invokes as [`invoke`](Self::invoke) does. `at_answer` is called when there is an answer, before the process can do
    /// anything else.
    pub(crate) async fn invoke_with(
        &mut self,
        event: String,
        at_answer: impl FnOnce(),
    ) -> Invocation {
        let holding = self.api.hold_answers().await;
        let spent = self.process.cpu();
        let handed = Instant::now();
        self.api.hand_out(event, DEADLINE);
        let (at, answer) = match self.api.listen(PATIENCE).await {
            Said::Answered(at, answer) => (at, answer),
            said => panic!(
                "no answer: {said:?}\n{}",
                end_and_read_stderr(&mut self.child)
            ),
        };
        at_answer();
        drop(holding);
        let said = self.api.listen(PATIENCE).await;
        assert!(matches!(said, Said::Ready(_)), "{said:?}");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let body = answer["body"].as_str().unwrap_or_default();
        Invocation {
            cost: Cost {
                wall: at - handed,
                cpu: self.process.cpu().saturating_sub(spent),
            },
            status: answer["statusCode"].as_u64().unwrap_or(0),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }
}

/// Ends the process and reads its standard error.
fn end_and_read_stderr(child: &mut Child) -> String {
    drop(child.kill());
    let mut words = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        drop(stderr.read_to_string(&mut words));
    }
    words
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
