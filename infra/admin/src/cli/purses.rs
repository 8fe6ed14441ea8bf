//! The arguments of `purses` and `purse`.

use clap::{Args, Subcommand};
use phoneproof_domain::country::Country;
use phoneproof_domain::purse::LONGEST;

use super::parse_country;
use crate::money::{Dollars, parse_dollars};
use crate::time::{Span, parse_span_up_to};

#[derive(Args)]
pub(crate) struct PursesArguments {
    /// Only the purses of this country, as in MA.
    #[arg(value_name = "COUNTRY", value_parser = parse_country)]
    pub(crate) only: Option<Country>,
    /// Also look for purses of number blocks and networks that somebody damaged. It reads the whole table of limits.
    #[arg(long)]
    pub(crate) damaged: bool,
}

#[derive(Subcommand)]
pub(crate) enum PurseCommand {
    /// Give room for texts, for a time: to the strangers of a country, as for a launch, or to a number block. It pays
    /// what the purse itself cannot, and takes the place of an earlier grant. Calls get none: `[voice]` of the policy
    /// says how many a country starts with.
    Grant {
        /// The purse and the texts, as in `MA 10` or `number-block +1415555 10`. 0 texts end an earlier grant.
        #[arg(value_name = "PURSE TEXTS", num_args = 2..=3, required = true, allow_negative_numbers = true)]
        arguments: Vec<String>,
        /// How long the room lasts, as in 90s, 5m, 2h or 7d; 21d at most.
        #[arg(long = "for", id = "duration", value_name = "TIME", default_value = "24h", allow_hyphen_values = true,
              value_parser = parse_passing_span)]
        duration: Span,
    },
    /// Give the texts of a country money per day, for a time, where that is more than the policy gives. It takes the
    /// place of an earlier budget. Calls get none: their money is `voice.money_per_day_usd` of the policy.
    Budget {
        /// Country, as in MA.
        #[arg(value_name = "COUNTRY", value_parser = parse_texted)]
        of: Country,
        /// US dollars per day, as in 200 or 12.50. 0 ends an earlier budget.
        #[arg(allow_negative_numbers = true, value_parser = parse_dollars)]
        dollars: Dollars,
        /// How long the budget lasts, as in 90s, 5m, 2h or 7d; 21d at most.
        #[arg(long = "for", id = "duration", value_name = "TIME", default_value = "2d", allow_hyphen_values = true,
              value_parser = parse_passing_span)]
        duration: Span,
    },
    /// Let a purse start anew, without grant and budget: after an attack, or when somebody has damaged its item. A
    /// country keeps what it spent today, and so do its calls.
    Reset {
        /// A country, as in MA, for its texts. Or `calls`, `number-block` or `network` with a value. Or the item of a
        /// purse as the line about a damaged one names it, as in `net#MA#0#1JWkwv…`.
        #[arg(value_name = "PURSE")]
        purse: String,
        /// The country of the calls, as in MA, the number block, as in +1415555, or an address of the network, as in
        /// 198.51.100.7.
        value: Option<String>,
    },
}

/// Reads the country of a budget, which is for texts.
fn parse_texted(text: &str) -> Result<Country, String> {
    if text.starts_with("calls") {
        let needed = "a country is needed, as in MA: a budget is for its texts, and the money of its calls is \
                      voice.money_per_day_usd of the policy";
        return Err(needed.to_owned());
    }
    parse_country(text)
}

/// Reads for how long an operator gives something.
fn parse_passing_span(text: &str) -> Result<Span, String> {
    let days = LONGEST.as_secs() / 86_400;
    parse_span_up_to(text, days)
        .map_err(|error| format!("{error}; a change for longer belongs in the policy"))
}
