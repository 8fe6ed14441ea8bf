//! Runs `phoneproof-admin` with the variables that `cargo run` prints.

use std::process::{Command, Output};

use phoneproof_local::stack::{Stack, tables};

/// Makes the command for the tables and services of `stack`. No variable names a keyring yet.
pub(crate) fn admin_command(stack: &Stack, issuer: &str, arguments: &[&str]) -> Command {
    let (endpoints, tables) = (&stack.backends.endpoints, tables());
    let mut command = Command::new(env!("CARGO_BIN_EXE_phoneproof-admin"));
    command
        .args(arguments)
        .env_clear()
        .env("LIMITS_TABLE", &tables.limits)
        .env("CHALLENGES_TABLE", &tables.challenges)
        .env("BLOCKS_TABLE", &tables.blocks)
        .env("ISSUER", issuer)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", &endpoints.secrets)
        .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb);
    command
}

/// Runs the command to its end, beside the stack that answers it.
pub(crate) async fn run(mut command: Command) -> Output {
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    ran.expect("joined").expect("the command runs")
}
