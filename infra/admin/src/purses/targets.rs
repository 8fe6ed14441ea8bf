//! Purses as operators name them.

use phoneproof_domain::country::Country;
use phoneproof_domain::phone::Destination;
use phoneproof_domain::purse::PurseKey;
use phoneproof_domain::subject::SubjectIndex;

use crate::cli::{Common, parse_country};
use crate::operator::{Operator, Resources};
use crate::output::CommandError;
use crate::subjects::{find_number_block, parse_address};

/// The most texts of a grant.
const MOST_TEXTS: u32 = 1_000_000;

/// A purse that an operator named.
pub(crate) enum Named {
    Country(Country),
    NumberBlock {
        index: SubjectIndex,
        /// A number of the block, which may not exist.
        phone: Destination,
    },
    /// A network, in every country.
    Network(SubjectIndex),
    /// An item, by its key.
    Item(PurseKey),
}

/// Reads the arguments of `purse grant`: a purse, and how many texts it gets.
pub(crate) async fn parse_grant(
    operator: &Operator,
    common: &Common,
    resources: &Resources,
    arguments: &[String],
) -> Result<(Named, u32), CommandError> {
    let [purse, value @ .., texts] = arguments else {
        return Err(CommandError::usage(
            "PURSE TEXTS: a purse and a number of texts are needed",
        ));
    };
    let parsed = texts.parse().ok().filter(|texts| *texts <= MOST_TEXTS);
    let texts = parsed.filter(|_| texts.bytes().all(|b| b.is_ascii_digit()));
    let texts = texts.ok_or_else(|| {
        CommandError::usage(format!(
            "TEXTS: a whole number of texts is needed, as in 10; {MOST_TEXTS} at most"
        ))
    })?;
    let value = value.first().map(String::as_str);
    let named = parse_purse(operator, common, resources, (purse, value)).await?;
    Ok((named, texts))
}

/// Reads which purse an operator names: by its kind and a value, or by the key of its item.
pub(crate) async fn parse_purse(
    operator: &Operator,
    common: &Common,
    resources: &Resources,
    (purse, value): (&str, Option<&str>),
) -> Result<Named, CommandError> {
    if let Some(key) = PurseKey::parse(purse).filter(|_| value.is_none()) {
        return Ok(Named::Item(key));
    }
    match (purse, value) {
        ("number-block", Some(value)) => {
            let keyring = operator.read_keyring(resources).await?;
            let phone = find_number_block(value, common)?;
            let index = keyring.indexer().number_block(&phone.phone);
            Ok(Named::NumberBlock { index, phone })
        }
        ("network", Some(value)) => {
            let keyring = operator.read_keyring(resources).await?;
            // A prefix names the network of its first address.
            let address = value.split_once('/').map_or(value, |(address, _)| address);
            let address = parse_address(address)?;
            Ok(Named::Network(keyring.indexer().purse_network(&address)))
        }
        ("calls", Some(value)) => {
            let country = parse_country(value)
                .map_err(|error| CommandError::usage(format!("calls: {error}")))?;
            Ok(Named::Item(PurseKey::Calls { country }))
        }
        ("number-block" | "network" | "calls", None) => {
            Err(CommandError::usage(format!("{purse}: a value is needed")))
        }
        (_, None) => parse_country(purse).map(Named::Country).map_err(|error| {
            CommandError::usage(format!(
                "PURSE: a country, number-block, network or calls with a value, or an item as purse#MA#0 is needed ({error})"
            ))
        }),
        (_, Some(_)) => Err(CommandError::usage(
            "PURSE: only number-block, network and calls have a value",
        )),
    }
}
