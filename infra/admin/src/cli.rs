//! The command line: its commands, arguments and help.

pub(crate) mod purses;

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use phoneproof_crypto::keyring::KeyringOwner;
use phoneproof_domain::channel::Channel;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::country::Country;

use self::purses::{PurseCommand, PursesArguments};
use crate::reason::parse_reason;
use crate::time::{Span, parse_count, parse_instant, parse_span, read_number};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: AWS did not answer or refused, a policy has faults, or a check of `doctor` failed
  2  usage: an argument is missing or malformed
  3  nothing to do: there is no such entry, key or phone
  4  refused: the step is unsafe now, was not confirmed, or somebody else changed the same thing at the same time";

/// Operates a PhoneProof stack: blocks, locks, keys, limits, policy, logs.
#[derive(Parser)]
#[command(name = "phoneproof-admin", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads a country as operators type it.
pub(crate) fn parse_country(text: &str) -> Result<Country, String> {
    Country::parse_with_numbers(text).map_err(|error| error.to_string())
}

/// Reads the name of a channel.
fn parse_channel(text: &str) -> Result<Channel, String> {
    let needed = "`sns`, `end-user-messaging`, `notify`, `hook` or `notify-voice` is needed";
    Channel::parse(text).ok_or_else(|| needed.to_owned())
}

/// Reads how many seeds are played.
fn parse_seeds(text: &str) -> Result<u32, String> {
    read_number(text, 1..=1_000)
}

/// Reads the first seed.
fn parse_first_seed(text: &str) -> Result<u32, String> {
    read_number(text, 0..=1_000_000_000)
}

/// Reads an AWS region. The country of a phone has an option of its own.
fn parse_aws_region(text: &str) -> Result<String, String> {
    if Country::parse(text).is_ok() {
        return Err(format!(
            "an AWS region is needed, as in us-east-1; the country of a phone is --country {text}"
        ));
    }
    let is_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.is_empty() || !text.bytes().all(is_region) {
        return Err("an AWS region is needed, as in us-east-1".to_owned());
    }
    Ok(text.to_owned())
}

/// Options of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Name of the CloudFormation stack. If not given, the variables that `cargo run` prints name the local stack.
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) stack_name: Option<String>,
    /// AWS profile, as in the AWS command line.
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// AWS region, as in the AWS command line.
    #[arg(long, global = true, value_parser = parse_aws_region)]
    pub(crate) region: Option<String>,
    /// Country of phones that are given in national form, as in GB.
    #[arg(long, global = true, value_name = "COUNTRY", value_parser = parse_country)]
    pub(crate) country: Option<Country>,
    /// Policy file, for limits and lifetimes; the one that the stack runs with if not given.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Print one JSON document on standard output (`tail`: one per line).
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do not ask for confirmation.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Refuse all texts to a phone, a number block or a country, or for a device, an address or a network. Acts on the
    /// next request.
    Block(BlockArguments),
    /// Take a subject off the block list. Takes what `blocks` prints, too.
    Unblock(SubjectArguments),
    /// Show the block list.
    Blocks,
    /// Say which rule would refuse a text now, when each rule frees, and which purse would pay. Writes nothing.
    Explain(ExplainArguments),
    /// Show the purses of the countries: what each lane holds of what it holds at most, the money of the day, and the
    /// texts and typed codes of the week.
    Purses(PursesArguments),
    /// Give a purse room or money for a time, or let it start anew. Acts within ten seconds.
    #[command(subcommand)]
    Purse(PurseCommand),
    /// Clear the count of wrong codes that locks a phone.
    Unlock {
        /// Phone in E.164, as in +14155550100, or in national form with --country.
        #[arg(value_name = "PHONE")]
        typed_phone: String,
    },
    /// Erase everything stored about a phone: its record, counters and open challenges. An entry on the block list
    /// stays without --with-block.
    Forget {
        /// Phone in E.164, as in +14155550100, or in national form with --country.
        #[arg(value_name = "PHONE")]
        typed_phone: String,
        /// Take the phone off the block list too.
        #[arg(long)]
        with_block: bool,
    },
    /// Ask AWS whether the account and the stack can text real users: sandbox, spend limit, numbers, opted-out,
    /// delivery logs, alarms, rights, keys, prices and countries of the policy. Says what to do. Changes nothing, and
    /// ends with 1 if a check fails.
    Doctor {
        /// How long each check may take, as in 15s.
        #[arg(long, default_value = "15s", allow_hyphen_values = true, value_parser = parse_span)]
        within: Span,
    },
    /// List, add, promote and retire the keys of the keyring, or replace them all after a leak.
    Keys(KeysArguments),
    /// Check a policy file before it is deployed.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Take a number off SNS's list of numbers that are opted out, because its owner asks for texts again.
    OptIn {
        /// Phone in E.164, as in +14155550100.
        #[arg(value_name = "PHONE")]
        typed_phone: String,
    },
    /// Print the secrets with which the receiver of the send hook checks signatures: one per live root. After
    /// `keys add`, and before `keys promote`, the receiver needs the new one.
    HookSecrets,
    /// Text a specimen straight through a channel. No rule applies to it.
    SendTest {
        /// Phone in E.164, as in +14155550100, or in national form with --country.
        #[arg(value_name = "PHONE")]
        typed_phone: String,
        /// Business whose template is texted; the first one of the policy if not given.
        #[arg(long)]
        business: Option<String>,
        /// Language of the text; the default of the business if not given.
        #[arg(long)]
        locale: Option<String>,
        /// Channel that takes the text: sns, end-user-messaging, notify or hook; the first one of the country's route
        /// if not given. notify-voice calls the phone instead. The variable `SEND_HOOK_URL` replaces the URL of the
        /// policy.
        #[arg(long, value_parser = parse_channel)]
        channel: Option<Channel>,
        /// Ask end-user-messaging, notify or notify-voice whether it would take the text or the call. Nothing is sent,
        /// and nothing is billed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show the log lines of the functions.
    Tail {
        /// How far back to begin, as in 90s, 5m, 2h or 7d.
        #[arg(long, default_value = "5m", allow_hyphen_values = true, value_parser = parse_span)]
        since: Span,
        /// Show new lines until Ctrl-C.
        #[arg(long)]
        follow: bool,
        /// Show only lines with this member, as in outcome=wrong-code; may be repeated.
        #[arg(long, value_name = "MEMBER=VALUE")]
        filter: Vec<String>,
    },
    /// Sum up the request lines of the functions.
    Stats {
        /// How far back to begin, as in 90s, 5m, 2h or 7d.
        #[arg(long, default_value = "1h", allow_hyphen_values = true, value_parser = parse_span)]
        since: Span,
        /// Show only the busiest subjects, this many: who was refused most, and the countries that were texted most.
        /// `block` takes them as they are printed.
        #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "10", allow_negative_numbers = true, value_parser = parse_count)]
        top: Option<usize>,
    },
    /// Play recorded attacks and honest loads against a policy file, and show what they cost and whom they lock out.
    /// Needs no stack and no network.
    Simulate(SimulateArguments),
    /// Print a completion script for a shell.
    Completions {
        /// Shell that the script is for.
        shell: Shell,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A phone in E.164, as in +14155550100, or in national form with --country.
    Phone,
    /// A device, by the `uniqueId` of its requests.
    Device,
    /// An IPv4 address, or the /64 of an IPv6 address.
    Address,
    /// Ten thousand numbers, by one of them or without their last four digits, as in +1415555.
    NumberBlock,
    /// All numbers of a country, as in GB.
    Country,
    /// An IPv4 or IPv6 prefix, as in 198.51.100.0/24 or `2001:db8::/32`.
    Network,
}

#[derive(Args)]
pub(crate) struct SubjectArguments {
    /// A kind of subject: phone, device, address, number-block, country or network. Or a subject as `stats --top`,
    /// `blocks` and the request lines write it, as in address#1JWkwv…, without a value.
    #[arg(value_name = "KIND")]
    pub(crate) subject: String,
    /// The phone, device, address, number block, country or network.
    #[arg(allow_hyphen_values = true)]
    pub(crate) value: Option<String>,
}

#[derive(Args)]
pub(crate) struct ExplainArguments {
    /// Phone in E.164, as in +14155550100, or in national form with --country; `-` for none.
    #[arg(value_name = "PHONE")]
    pub(crate) typed_phone: Option<String>,
    /// Device that asks for the text (`uniqueId`); `-` for none.
    #[arg(allow_hyphen_values = true)]
    pub(crate) device: Option<String>,
    /// IP address that asks for the text; `-` for none.
    pub(crate) address: Option<String>,
    /// The device, without the places before it.
    #[arg(long = "device", value_name = "DEVICE", conflicts_with = "device")]
    pub(crate) named_device: Option<String>,
    /// The address, without the places before it.
    #[arg(long = "address", value_name = "ADDRESS", conflicts_with = "address")]
    pub(crate) named_address: Option<String>,
    /// Business that the text is for (`businessId`), to see its own limits.
    #[arg(long, value_name = "BUSINESS")]
    pub(crate) business: Option<String>,
}

#[derive(Args)]
pub(crate) struct SimulateArguments {
    /// Countries, volume and conversion of your own service: what `stats --json` printed. Attackers then choose among
    /// your countries, and prices are the policy's. Without it, the recorded attacks are played as they were.
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
    /// Play only the scenario with this id, the first column of the table; several as in 1,2,6b.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many seeds of each scenario are played. More give steadier figures.
    #[arg(long, value_name = "COUNT", default_value_t = 3, allow_negative_numbers = true, value_parser = parse_seeds)]
    pub(crate) seeds: u32,
    /// The first seed. The same seeds give the same figures.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true, value_parser = parse_first_seed)]
    pub(crate) first_seed: u32,
    /// Also draw what the attackers got over time, with and without each defence, into this SVG file.
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct BlockArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,
    /// Why, in words on one line; stored with the entry. Give no personal data.
    #[arg(long, allow_hyphen_values = true, value_parser = parse_reason)]
    pub(crate) reason: String,
    /// When the block ends, as in 2027-01-31T00:00:00Z; never if not given.
    #[arg(long, allow_hyphen_values = true, value_parser = parse_instant, conflicts_with = "duration")]
    pub(crate) until: Option<Timestamp>,
    /// How long the block lasts, as in 90s, 5m, 2h or 7d.
    #[arg(long = "for", id = "duration", value_name = "TIME", allow_hyphen_values = true, value_parser = parse_span)]
    pub(crate) duration: Option<Span>,
}

#[derive(Args)]
pub(crate) struct KeysArguments {
    /// Which keyring. If not given, it is that of the stack; with the variables that `cargo run` prints, that of the
    /// verification service.
    #[arg(long, global = true, value_enum, value_name = "SERVICE")]
    pub(crate) keyring: Option<Keyring>,
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Keyring {
    /// The keyring of the verification service, which `KEYRING_SECRET_ID` names.
    Verification,
    /// The keyring of the account service, which `ACCOUNT_KEYRING_SECRET_ID` names.
    Account,
}

impl From<Keyring> for KeyringOwner {
    fn from(keyring: Keyring) -> Self {
        match keyring {
            Keyring::Verification => Self::Verification,
            Keyring::Account => Self::Account,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Show the ids and dates of the keys, and no secret.
    List,
    /// After a leak: replace every key that makes tokens or codes, at once. Open challenges, unspent success tokens and
    /// sessions end. Limits, locks, blocks, accounts and passwords stay.
    Rotate {
        /// Confirm that somebody may have read the keyring. Without a leak use `add`, `promote` and `retire`, which end
        /// nothing.
        #[arg(long, required = true)]
        leaked: bool,
    },
    /// Add a root. Functions accept it once they have read it, and make nothing with it before it is promoted.
    Add {
        /// Id of the new root, 1 to 16 lower-case letters and digits, which no key had before and no command is; the
        /// next of r2, r3, … if not given.
        id: Option<String>,
    },
    /// Make new tokens with a root. Refused until every function and every cache of the key set knows it.
    Promote {
        /// Id of the root.
        id: String,
        /// Promote at once. Where the root is not known yet, its tokens are refused for up to ten minutes.
        #[arg(long)]
        force: bool,
    },
    /// Remove a key. Refused while tokens made with it may be in use.
    Retire {
        /// Id of the root or of the RSA key.
        id: String,
        /// Remove at once. Open challenges and unspent success tokens of this key are refused from then on. At an
        /// account stack, its sessions end.
        #[arg(long)]
        force: bool,
    },
    /// Remove a pepper of an account stack. Passwords made with it can then only be reset.
    RetirePepper {
        /// Id of the pepper.
        id: String,
        /// Confirm that no password needs the pepper, or that those passwords may be lost.
        #[arg(long)]
        force: bool,
    },
    /// Add an RSA key. From ten minutes later on it signs this keyring's JWTs with RS256: success tokens, or access
    /// tokens of the accounts. By then every function and every cache of the key set knows it.
    AddRsa {
        /// Id of the new key, 1 to 16 lower-case letters and digits, which no key had before; the next of rsa1, rsa2, …
        /// if not given.
        id: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show every fault of a policy, or the size and cost of every text if there is none.
    Check {
        /// Policy file to check.
        file: PathBuf,
    },
}
