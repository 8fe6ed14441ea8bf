//! `cargo run`: the whole service on one machine. Nothing else has to be installed.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use phoneproof_config::ProxySettings;
use phoneproof_config::process::{ProcessEnvironment, SystemClock};
use phoneproof_domain::challenge::TokenMode;
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::policy::Policy;
use phoneproof_local::aws::{ACCOUNT_SECRET_ID, LOG_GROUP, Log, POLICY_PATH};
use phoneproof_local::loose::{CALLS_TO_TRY, loosen_limits, make_policy_to_try};
use phoneproof_local::sms_account::{
    ALARM_TOPIC, MONTHLY_BUDGET, NOTIFY_CONFIGURATION, SmsAccount,
};
use phoneproof_local::stack::{Options, Stack, account_tables, list_service_variables, tables};
use serde_json::Value;

/// Runs PhoneProof on this machine: API, demo page, SMS inbox and its own DynamoDB, all on loopback.
///
/// `PROXY_SECRET_SHA256` and `PROXY_ADDRESS_HEADER` of the environment make it trust a proxy, as they do in a
/// deployment.
#[derive(Parser)]
#[command(name = "phoneproof-local", version)]
struct Arguments {
    /// Port of the API and the pages; 0 for any free one. DynamoDB takes the next port, and the other AWS services
    /// share the one after.
    #[arg(long, default_value_t = 3000, allow_negative_numbers = true, value_parser = parse_port)]
    port: u16,
    /// Public URL, which is the issuer of all tokens; the URL that the stack listens on if not given. Tokens are valid
    /// only while the issuer stays the same. Behind a tunnel or a proxy, give its URL. APIs and pages are served at the
    /// path of the URL too, so the proxy may pass the path on or take it off.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Policy file; the copy of infra/policy/policy.toml that is compiled in if not given, with its purses in shadow
    /// mode.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Web origin whose pages may call the verification API, such as `http://localhost:5173`. For several, repeat the
    /// option.
    #[arg(long, value_name = "ORIGIN")]
    allowed_origin: Vec<String>,
    /// For end-to-end suites: a million texts an hour and a day, a lock after 100 wrong codes, and the shortest
    /// cooldown (10 s for codes of 300 s). The policy's countries and templates stay.
    #[arg(long)]
    loose_limits: bool,
    /// File to keep the tables in, with the keyrings and the inbox beside it; all stay in memory if not given.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Let the AWS account look as on its first day when `phoneproof-admin doctor` asks: SMS sandbox, a spend limit of
    /// one dollar, no numbers, nobody gets the alarms. The inbox takes texts all the same.
    #[arg(long)]
    new_account: bool,
    /// Lets people in the US and GB be called: the demo page then offers a call, and its phone shows what it says. A
    /// policy file says so itself.
    #[arg(long, conflicts_with = "policy")]
    voice: bool,
    /// Where challenge tokens live: sealed at the client, or stored in a table.
    #[arg(long, value_name = "MODE", default_value = "sealed", value_parser = ["sealed", "stored"])]
    token_mode: String,
}

/// Reads a port with two more after it.
fn parse_port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port <= LAST_PORT);
    port.ok_or_else(|| format!("a port from 0 to {LAST_PORT} is needed"))
}

/// The last port that two more follow.
const LAST_PORT: u16 = 65_533;

#[tokio::main]
async fn main() -> ExitCode {
    let log = Log::default();
    let copied = log.clone();
    phoneproof_observe::logging::init(tracing::Level::INFO, move || Copied(copied.clone()));
    match Box::pin(run(Arguments::parse(), log)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "phoneproof-local: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes each event to standard error and to the log that operators read, as a deployed function does.
struct Copied(Log);

impl io::Write for Copied {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let at = u64::try_from(SystemClock.since_epoch().as_millis()).unwrap_or(u64::MAX);
        self.0.push(at, line);
        // What reads standard error may be gone. The log takes the line all the same.
        drop(io::stderr().write_all(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

async fn run(arguments: Arguments, log: Log) -> io::Result<()> {
    let (mut policy_file, mut policy) = read_policy(arguments.policy, arguments.voice)?;
    if arguments.loose_limits {
        policy_file = loosen_limits(&policy_file, &policy).map_err(io::Error::other)?;
        policy = phoneproof_config::policy::from_toml(&policy_file).map_err(io::Error::other)?;
    }
    // The deployment would make it.
    let notify = policy.notify.as_mut();
    let made = notify.filter(|notify| notify.configuration_id.is_none());
    let makes_notify = made.is_some();
    if let Some(notify) = made {
        notify.configuration_id = Some(NOTIFY_CONFIGURATION.to_owned());
    }
    let mut options = Options::new(policy);
    options.log = log;
    options.proxy = phoneproof_config::read_proxy(&ProcessEnvironment).map_err(io::Error::other)?;
    let proxy = options.proxy.clone();
    options.policy_file = Some(policy_file);
    options.journal_output =
        Arc::new(|line| drop(writeln!(io::stderr(), "{}", drop_metrics(line))));
    options.port = arguments.port;
    options.data = arguments.data;
    if arguments.new_account {
        options.account = SmsAccount::new_account();
    }
    options.issuer = arguments.issuer.map(check_issuer).transpose()?;
    options.allowed_origins = check_origins(&arguments.allowed_origin)?;
    options.receipts = true;
    options.token_mode = TokenMode::parse(&arguments.token_mode).unwrap_or_default();
    let given = options.issuer.clone();
    let stack = Stack::start(options).await?;
    let public = given.unwrap_or_else(|| stack.url.clone());
    // The first poll registers the handler. A person may interrupt as soon as the stack says that it listens.
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        ended = &mut interrupted => ended?,
        () = std::future::ready(()) => {
            announce(&stack, &public, makes_notify, proxy.as_ref())?;
            interrupted.await?;
        }
    }
    stack.stop().await;
    Ok(())
}

/// Reads the policy, as the text of its file and checked.
fn read_policy(path: Option<PathBuf>, calls: bool) -> io::Result<(String, Policy)> {
    let text = match path {
        None if calls => make_policy_to_try() + CALLS_TO_TRY,
        None => make_policy_to_try(),
        Some(path) => std::fs::read_to_string(&path)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?,
    };
    let policy = phoneproof_config::policy::from_toml(&text).map_err(io::Error::other)?;
    Ok((text, policy))
}

fn check_issuer(url: String) -> io::Result<String> {
    phoneproof_config::check_issuer("--issuer", url).map_err(io::Error::other)
}

fn check_origins(given: &[String]) -> io::Result<Vec<String>> {
    let checked = given.iter().map(|text| {
        phoneproof_config::check_origin("--allowed-origin", text)
            .map_err(|error| io::Error::other(format!("{error}; for several, repeat the option")))
    });
    checked.collect()
}

/// Drops the metrics of a request line, because only CloudWatch reads them.
fn drop_metrics(line: &[u8]) -> Value {
    let mut line: Value = serde_json::from_slice(line).unwrap_or_default();
    if let Value::Object(members) = &mut line {
        members.remove("_aws");
    }
    line
}

/// Prints where everything is, and last the line that says that the stack is ready.
fn announce(
    stack: &Stack,
    issuer: &str,
    makes_notify: bool,
    proxy: Option<&ProxySettings>,
) -> io::Result<()> {
    let (url, endpoints, tables) = (&stack.url, &stack.backends.endpoints, tables());
    let policy_url = format!("{}{POLICY_PATH}", endpoints.secrets);
    let budget = MONTHLY_BUDGET.to_string();
    let (account_issuer, account_tables) = (format!("{issuer}/account"), account_tables());
    let mut out = io::stdout().lock();
    let base_path = &stack.base_path;
    writeln!(out, "demo page   {url}{base_path}/")?;
    writeln!(out, "SMS inbox   {url}{base_path}/inbox")?;
    writeln!(out, "operations  {url}{base_path}/operations")?;
    writeln!(out, "API         {url}{base_path}/openapi.json")?;
    if let Some(proxy) = proxy {
        let header = &proxy.address_header;
        writeln!(
            out,
            "proxy       trusted to name the client in {header}, with its secret in x-proxy-secret"
        )?;
    }
    writeln!(
        out,
        "\nFor `cargo lambda watch` and `phoneproof-admin`, in another terminal:"
    )?;
    let made = makes_notify.then_some(("NOTIFY_CONFIGURATION_ID", NOTIFY_CONFIGURATION));
    let of_accounts = [
        ("ACCOUNT_ISSUER", account_issuer.as_str()),
        ("ACCOUNTS_TABLE", &account_tables.accounts),
        ("ACCOUNT_LIMITS_TABLE", &account_tables.limits),
        ("ACCOUNT_KEYRING_SECRET_ID", ACCOUNT_SECRET_ID),
    ];
    let of_operators = [
        (
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
            endpoints.secrets.as_str(),
        ),
        ("AWS_ENDPOINT_URL_CLOUDWATCH", &endpoints.secrets),
        ("LOG_GROUP", LOG_GROUP),
        ("ALARM_TOPIC", ALARM_TOPIC),
        ("MONTHLY_SMS_BUDGET", &budget),
        ("POLICY_URL", &policy_url),
    ];
    let exported = list_service_variables(issuer, &tables)
        .into_iter()
        .chain(of_accounts)
        .chain(endpoints.list_variables())
        .chain(of_operators)
        .chain(made);
    for (name, value) in exported {
        writeln!(out, "  export {name}={value}")?;
    }
    writeln!(out, "\nlistening on {url}")?;
    out.flush()
}
