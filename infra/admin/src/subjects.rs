//! Subjects as operators name them: in clear, or by the index that request lines and the block list show.

use clap::ValueEnum as _;
use phoneproof_crypto::index::Indexer;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::device::Device;
use phoneproof_domain::network::{PrefixPart, split_prefix};
use phoneproof_domain::phone::{Destination, NumberType, Phone};
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::subject::{Subject, SubjectIndex, SubjectKind};
use phoneproof_domain::typed::drop_unseen;

use crate::cli::{Common, Kind, SubjectArguments, parse_country};
use crate::operator::parse_phone;
use crate::output::CommandError;

/// A subject to block or unblock.
pub(crate) struct Target {
    pub(crate) subject: Subject,
    /// The subject in clear, for one that names no person.
    pub(crate) label: Option<String>,
}

/// Reads the subjects that an operator named. A network can be up to eight of them.
pub(crate) fn parse_targets(
    arguments: &SubjectArguments,
    common: &Common,
    indexer: &Indexer,
) -> Result<Vec<Target>, CommandError> {
    let by_index = |subject| {
        vec![Target {
            subject,
            label: None,
        }]
    };
    let named = arguments.value.as_deref().unwrap_or(&arguments.subject);
    let kind = Kind::from_str(&arguments.subject, true).ok();
    // A device can have any name. All else is read as it is pasted: phones by their parser, the others here.
    match (kind, Subject::parse(&drop_unseen(named))) {
        (_, Some(subject)) if subject.kind == SubjectKind::Business => Err(CommandError::usage(
            "a business is not blocked: change its limits in the policy",
        )),
        (None, Some(subject)) if arguments.value.is_none() => Ok(by_index(subject)),
        (Some(kind), Some(subject)) if subject.kind == to_subject_kind(kind) => {
            Ok(by_index(subject))
        }
        (Some(kind), _) => {
            let value = arguments.value.as_deref().ok_or_else(|| {
                let (kind, needed) = (&arguments.subject, name_value(kind));
                CommandError::usage(format!("{kind}: {needed}"))
            })?;
            match parse_bare_index(kind, value) {
                Some(subject) => Ok(by_index(subject)),
                None => parse_value(kind, value, common, indexer),
            }
        }
        (None, _) => Err(CommandError::usage(
            "KIND: phone, device, address, number-block, country or network is needed with a value, \
             or a subject such as address#1JWkwv…",
        )),
    }
}

/// Says what stands after a kind of subject.
const fn name_value(kind: Kind) -> &'static str {
    match kind {
        Kind::Phone => {
            "a phone in E.164 is needed, as in +14155550100, or a national one with --country"
        }
        Kind::Device => "the `uniqueId` of its requests is needed",
        Kind::Address => "an IPv4 or IPv6 address is needed, as in 198.51.100.7",
        Kind::NumberBlock => {
            "a number of the block is needed, or what its numbers begin with, as in +1415555"
        }
        Kind::Country => "the ISO 3166-1 code of a country is needed, as in GB",
        Kind::Network => "an IPv4 or IPv6 prefix is needed, as in 198.51.100.0/24",
    }
}

const fn to_subject_kind(kind: Kind) -> SubjectKind {
    match kind {
        Kind::Phone => SubjectKind::Phone,
        Kind::Device => SubjectKind::Device,
        Kind::Address => SubjectKind::Address,
        Kind::NumberBlock => SubjectKind::NumberBlock,
        Kind::Country => SubjectKind::Country,
        Kind::Network => SubjectKind::Network,
    }
}

/// Reads an index without its kind. A device can have any name, so its index needs the kind.
fn parse_bare_index(kind: Kind, value: &str) -> Option<Subject> {
    match kind {
        Kind::Device | Kind::Country => None,
        Kind::Phone | Kind::Address | Kind::NumberBlock | Kind::Network => {
            Subject::parse_index(to_subject_kind(kind), &drop_unseen(value))
        }
    }
}

fn parse_value(
    kind: Kind,
    value: &str,
    common: &Common,
    indexer: &Indexer,
) -> Result<Vec<Target>, CommandError> {
    let target = |index, label| Target {
        subject: Subject::new(to_subject_kind(kind), index),
        label,
    };
    Ok(match kind {
        Kind::Phone => {
            let phone = parse_phone(value, common)?.phone;
            vec![target(indexer.index_phone(&phone), None)]
        }
        Kind::Device => vec![target(indexer.index_device(&parse_device(value)?), None)],
        Kind::Address => vec![target(indexer.index_address(&parse_address(value)?), None)],
        Kind::NumberBlock => {
            let phone = parse_number_block(value, common)?;
            let label = format!("{}xxxx", phone.number_block());
            vec![target(indexer.index_number_block(&phone), Some(label))]
        }
        Kind::Country => {
            let country = parse_country(&drop_unseen(value));
            let country = country.map_err(|e| CommandError::usage(format!("country: {e}")))?;
            let label = country.to_string();
            vec![target(SubjectIndex::of_country(country), Some(label))]
        }
        Kind::Network => {
            let parts = split_prefix(&drop_unseen(value));
            let parts = parts.map_err(|e| CommandError::usage(format!("network: {e}")))?;
            parts.iter().map(|part| index_part(part, indexer)).collect()
        }
    })
}

/// Makes the subject of a part of a prefix. A single address names a person, so it has no label.
fn index_part(part: &PrefixPart, indexer: &Indexer) -> Target {
    match part {
        PrefixPart::Network(network) => Target {
            subject: Subject::new(SubjectKind::Network, indexer.index_network(network)),
            label: Some(network.expose()),
        },
        PrefixPart::Address(address) => Target {
            subject: Subject::new(SubjectKind::Address, indexer.index_address(address)),
            label: None,
        },
    }
}

/// Reads a number block: one of its numbers, or what its numbers have in common, with or without `xxxx` after it.
/// Returns a number of the block, which may not exist.
fn parse_number_block(text: &str, common: &Common) -> Result<Phone, CommandError> {
    find_number_block(text, common).map(|found| found.phone)
}

/// Reads a number block as [`parse_number_block`], with what is known of the number.
pub(crate) fn find_number_block(text: &str, common: &Common) -> Result<Destination, CommandError> {
    let seen = drop_unseen(text);
    let stem = seen
        .strip_suffix("xxxx")
        .or_else(|| seen.strip_suffix("XXXX"));
    let is_separator = |c: &char| matches!(c, '-' | '.' | '(' | ')');
    let shared: String = stem
        .unwrap_or(&seen)
        .chars()
        .filter(|c| !is_separator(c))
        .collect();
    let first = format!("{shared}0000");
    let whole = stem
        .is_none()
        .then(|| parse_phone(text, common).ok())
        .flatten();
    let first = parse_phone(&first, common).ok();
    // A number that no plan has can be one of a range that is newer than this build. Its length must exist.
    let parser = PhoneParser::new();
    let mut read = [&whole, &first].into_iter().flatten();
    let assigned = read.clone().find(|destination| is_assigned(destination));
    let found = assigned.or_else(|| read.find(|destination| parser.has_length(&destination.phone)));
    found.cloned().ok_or_else(|| {
        CommandError::usage(
            "number-block: a number in E.164 is needed, or one without its last four digits, as in +1415555; its \
             country has no numbers of this length. For more than ten thousand numbers, name the country or a network",
        )
    })
}

/// Whether a numbering plan has the number. Without one, seven digits may be a whole number or the start of one.
fn is_assigned(destination: &Destination) -> bool {
    destination.number_type != NumberType::Unassigned
}

/// Reads a device as operators type it.
pub(crate) fn parse_device(text: &str) -> Result<Device, CommandError> {
    Device::parse(text).map_err(|error| CommandError::usage(format!("device: {error}")))
}

/// Reads an address as operators type it.
pub(crate) fn parse_address(text: &str) -> Result<SourceAddress, CommandError> {
    let address = drop_unseen(text).parse().map(SourceAddress::new);
    address.map_err(|_| {
        CommandError::usage(
            "address: an IPv4 or IPv6 address is needed, as in 198.51.100.7; `block` and `unblock` take a prefix as a network",
        )
    })
}
