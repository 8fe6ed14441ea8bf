//! The real binary of a function, in a process of its own.

use std::process::{Child, Command, Stdio};

use phoneproof_aws::store::Tables;
use phoneproof_local::stack::{Endpoints, list_service_variables};
use serde_json::Value;

use crate::runtime_api::RuntimeApi;

/// The issuer of the functions that [`function_command`] starts.
pub const FUNCTION_ISSUER: &str = "https://verify.example.com";

/// The variables that Lambda sets for every function, besides the address of its Runtime API.
pub const LAMBDA_VARIABLES: [(&str, &str); 5] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "f"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "1"),
];

/// Makes the command that starts a function under `api`, with the environment that Lambda and `template.yaml` give it and
/// nothing else. It prints nothing.
#[must_use]
pub fn function_command(
    file: &str,
    api: &RuntimeApi,
    tables: &Tables,
    endpoints: &Endpoints,
) -> Command {
    let mut command = Command::new(file);
    command
        .env_clear()
        .envs(list_service_variables(FUNCTION_ISSUER, tables))
        .envs(endpoints.list_variables())
        .envs(LAMBDA_VARIABLES)
        .env("AWS_LAMBDA_RUNTIME_API", &api.address);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Puts another body into an event of the gateway.
#[must_use]
pub fn replace_body(event: &str, body: &Value) -> String {
    let mut event: Value = serde_json::from_str(event).expect("JSON");
    event
        .as_object_mut()
        .expect("an object")
        .insert("body".to_owned(), body.to_string().into());
    event.to_string()
}

/// A process that ends when this value is dropped.
#[derive(Debug)]
pub struct Process(pub Child);

impl Process {
    /// Starts the command.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        Self(command.spawn().expect("runs"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
