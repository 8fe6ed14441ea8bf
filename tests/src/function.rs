//! The real binary of a function, in a process of its own.

use std::process::{Child, Command, Stdio};

use phoneproof_aws::store::Tables;
use phoneproof_local::aws::SECRET_ID;
use phoneproof_local::stack::Endpoints;

use crate::runtime_api::RuntimeApi;

/// The issuer of the functions that [`function_command`] starts.
pub const FUNCTION_ISSUER: &str = "https://verify.example.com";

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
    command.env_clear().envs([
        ("ISSUER", FUNCTION_ISSUER),
        ("LIMITS_TABLE", &tables.limits),
        ("CHALLENGES_TABLE", &tables.challenges),
        ("BLOCKS_TABLE", &tables.blocks),
        ("KEYRING_SECRET_ID", SECRET_ID),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_SNS", &endpoints.sns),
        ("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", &endpoints.sns),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoints.secrets),
        ("AWS_LAMBDA_RUNTIME_API", &api.address),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "log"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "1"),
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
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
