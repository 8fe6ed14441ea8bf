//! Purses as operators name them.

use std::net::IpAddr;

use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::country::Country;
use phoneproof_domain::network::Network;
use phoneproof_domain::phone::Destination;
use phoneproof_domain::purse::PurseKey;
use phoneproof_domain::subject::SubjectIndex;
use phoneproof_domain::typed::drop_unseen;

use crate::cli::{Common, parse_country};
use crate::operator::{Operator, Resources};
use crate::output::CommandError;
use crate::subjects::find_number_block;

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
    Network {
        index: SubjectIndex,
        /// Its prefix, which names no person.
        name: String,
    },
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
    let texts = parsed.filter(|_| is_digits(texts));
    let texts = texts.ok_or_else(|| {
        CommandError::usage(format!(
            "TEXTS: a whole number of texts from 0 to {MOST_TEXTS} is needed, as in 10"
        ))
    })?;
    let value = value.first().map(String::as_str);
    let named = parse_purse(operator, common, resources, (purse, value)).await?;
    Ok((named, texts))
}

/// What names a network that has a purse.
const NETWORK: &str = "network: an address of the network is needed, as in 198.51.100.7, or a prefix of one network, \
    as in 198.51.0.0/16 or 2001:db8::/32";

/// Reads an address of a network that has a purse, or the prefix of the network or of a part of it.
fn parse_network(text: &str) -> Result<SourceAddress, CommandError> {
    let text = drop_unseen(text);
    let (address, length) = match text.split_once('/') {
        None => (text.as_str(), None),
        Some((address, length)) => (address, Some(length)),
    };
    let ip = address.parse::<IpAddr>().ok();
    let fits = |ip: &IpAddr| {
        let accepted = if ip.is_ipv4() { 16..=32 } else { 32..=128 };
        let length = length.map(|length| length.parse().ok().filter(|_| is_digits(length)));
        length.is_none_or(|length: Option<u8>| length.is_some_and(|own| accepted.contains(&own)))
    };
    let ip = ip
        .filter(fits)
        .ok_or_else(|| CommandError::usage(NETWORK))?;
    Ok(SourceAddress::new(ip))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
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
            let index = keyring.indexer().index_number_block(&phone.phone);
            Ok(Named::NumberBlock { index, phone })
        }
        ("network", Some(value)) => {
            let address = parse_network(value)?;
            let keyring = operator.read_keyring(resources).await?;
            Ok(Named::Network {
                index: keyring.indexer().index_purse_network(&address),
                name: Network::of_purse(&address).expose(),
            })
        }
        ("calls", Some(value)) => {
            let country = parse_country(value)
                .map_err(|error| CommandError::usage(format!("calls: {error}")))?;
            Ok(Named::Item(PurseKey::Calls { country }))
        }
        ("number-block", None) => Err(CommandError::usage(
            "number-block: a number of the block is needed, or what its numbers begin with, as in +1415555",
        )),
        ("network", None) => Err(CommandError::usage(NETWORK)),
        ("calls", None) => Err(CommandError::usage("calls: a country is needed, as in MA")),
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
