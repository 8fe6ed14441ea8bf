//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use phoneproof_domain::clock::Timestamp;

use crate::time::{Span, instant, span};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed: AWS did not answer or refused, or a policy has faults
  2  usage: an argument is missing or malformed
  3  nothing to do: there is no such entry, key or phone
  4  refused: the step is unsafe now, or was not confirmed";

/// Operates a PhoneProof stack: blocks, locks, keys, limits, policy, logs.
#[derive(Parser)]
#[command(name = "phoneproof-admin", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// The CloudFormation stack. Without it, the variables that `cargo run` prints say where the stack is.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack_name: Option<String>,
    /// AWS profile, as for the AWS command line.
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// AWS region, as for the AWS command line.
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// The policy that limits and lifetimes are taken from; infra/policy/policy.toml as compiled in if not given.
    /// A deployed stack may have another: give its file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// One JSON document on standard output (`tail`: one per line).
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do not ask.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Refuse all texts for a phone, device or address. Acts on the next request.
    Block(Block),
    /// Take a phone, device or address off the block list.
    Unblock(Subject),
    /// Show the block list.
    Blocks,
    /// Say which rule would refuse a text to a phone now, and when each frees. Writes nothing.
    Explain {
        /// The phone, as in +14155550100.
        phone: String,
        /// The device (`uniqueId`) that asks; `-` for none.
        #[arg(allow_hyphen_values = true)]
        device: Option<String>,
        /// The address that asks.
        address: Option<String>,
    },
    /// Clear the wrong codes of a phone, which lock it.
    Unlock {
        /// The phone, as in +14155550100.
        phone: String,
    },
    /// Erase everything that is stored about a phone: record, counters, open challenges.
    Forget {
        /// The phone, as in +14155550100.
        phone: String,
        /// Take it off the block list too.
        #[arg(long)]
        with_block: bool,
    },
    /// The keyring: list, add, promote and retire keys.
    #[command(subcommand)]
    Keys(Keys),
    /// Check a policy file before it is deployed.
    #[command(subcommand)]
    Policy(Policy),
    /// Text a specimen straight through SNS, past every rule.
    SendTest {
        /// The phone, as in +14155550100.
        phone: String,
        /// Whose template; the first of the policy if not given.
        #[arg(long)]
        business: Option<String>,
        /// In which language; the default of the business if not given.
        #[arg(long)]
        locale: Option<String>,
    },
    /// Show the lines of the functions' logs.
    Tail {
        /// How far back to begin: 90s, 5m, 2h, 7d.
        #[arg(long, default_value = "5m", value_parser = span)]
        since: Span,
        /// Go on until Ctrl-C.
        #[arg(long)]
        follow: bool,
        /// Only lines with this member, as in outcome=wrong-code; may be repeated.
        #[arg(long, value_name = "MEMBER=VALUE")]
        filter: Vec<String>,
    },
    /// Sum up the request lines of the functions' logs.
    Stats {
        /// How far back to begin: 90s, 5m, 2h, 7d.
        #[arg(long, default_value = "1h", value_parser = span)]
        since: Span,
    },
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// E.164, as in +14155550100.
    Phone,
    /// The `uniqueId` of requests.
    Device,
    /// An IPv4 address, or an IPv6 address with the /64 it is in.
    Address,
}

#[derive(Args)]
pub(crate) struct Subject {
    /// What to look at.
    pub(crate) kind: Kind,
    /// The phone, device or address.
    pub(crate) value: String,
}

#[derive(Args)]
pub(crate) struct Block {
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// Why; kept with the entry. No personal data, please.
    #[arg(long)]
    pub(crate) reason: String,
    /// When it ends, as in 2027-01-31T00:00:00Z; never if not given.
    #[arg(long, value_parser = instant, conflicts_with = "duration")]
    pub(crate) until: Option<Timestamp>,
    /// How long it lasts: 90s, 5m, 2h, 7d.
    #[arg(long = "for", id = "duration", value_name = "TIME", value_parser = span)]
    pub(crate) duration: Option<Span>,
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Show the keys: ids and dates, never a secret.
    List,
    /// Add a root. It is accepted from the next refresh on, and not used yet.
    Add {
        /// Its id, 1 to 16 lower-case letters and digits; the next free of r2, r3, … if not given.
        id: Option<String>,
    },
    /// Make new tokens with a root. Refused until every function has read it.
    Promote {
        /// Its id.
        id: String,
        /// Do not wait: functions that have not read it yet refuse its tokens for up to five minutes.
        #[arg(long)]
        force: bool,
    },
    /// Remove a key. Refused while tokens made with it may be in use; at an account stack always, because passwords
    /// are made with it too.
    Retire {
        /// Its id.
        id: String,
        /// Do not wait: open challenges and unspent success tokens of this key are refused; at an account stack,
        /// sessions end and passwords can only be reset.
        #[arg(long)]
        force: bool,
    },
    /// Add an RSA key. Five minutes later, when every function has read it, success tokens are RS256.
    AddRsa {
        /// Its id, 1 to 16 lower-case letters and digits.
        #[arg(default_value = "rsa1")]
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum Policy {
    /// Show every fault, or the size and cost of every text.
    Check {
        /// The policy file.
        file: PathBuf,
    },
}
