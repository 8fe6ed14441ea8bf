//! Decodes numbering plans from libphonenumber's metadata, and only those that are needed.
//!
//! All plans together take 3 ms and 4 MB to decode, more than everything else in a cold start. A policy serves a few
//! countries, whose plans take a fraction of that.

use std::collections::BTreeSet;

use prost::Message;
use prost::bytes::Bytes;
use rlibphonenumber::{PhoneMetadata, PhoneMetadataCollection, PhoneNumberUtil};

use crate::country::Country;

/// A `PhoneMetadataCollection`. `shared/domain/data/README.md` names its source.
static METADATA: &[u8] = include_bytes!("../../data/phone-metadata.bin");

/// The collection of all plans, each of them still encoded.
#[derive(Clone, PartialEq, Message)]
struct Encoded {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    plans: Vec<Bytes>,
}

/// The members of a plan that identify it. Decoding skips the others.
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(string, tag = "9")]
    country: String,
    #[prost(int32, tag = "10")]
    calling_code: i32,
}

/// Decodes the plans of `countries`, and of all countries that share a calling code with one of them.
///
/// For a number with such a calling code, the result says the same as all plans together.
pub(super) fn decode_for(countries: &[Country]) -> Option<PhoneNumberUtil> {
    let Encoded { plans } = Encoded::decode(Bytes::from_static(METADATA)).ok()?;
    let heads: Vec<Head> = plans.iter().map(decode_head).collect::<Option<_>>()?;
    let codes: BTreeSet<i32> = heads
        .iter()
        .filter(|head| {
            countries
                .iter()
                .any(|country| country.as_str() == head.country)
        })
        .map(|head| head.calling_code)
        .collect();
    let wanted: Vec<Bytes> = plans
        .into_iter()
        .zip(heads)
        .filter(|(_, head)| codes.contains(&head.calling_code))
        .map(|(plan, _)| plan)
        .collect();
    // Plans are large, and a vector that grows would copy them.
    let mut metadata = Vec::with_capacity(wanted.len());
    for plan in wanted {
        metadata.push(drop_unused(PhoneMetadata::decode(plan).ok()?));
    }
    build_library(PhoneMetadataCollection { metadata })
}

/// Finds the calling code of a country, such as `44`. Several countries can share one.
pub(super) fn find_calling_code(country: Country) -> Option<i32> {
    let Encoded { plans } = Encoded::decode(Bytes::from_static(METADATA)).ok()?;
    let mut heads = plans.iter().filter_map(decode_head);
    let head = heads.find(|head| head.country == country.as_str())?;
    Some(head.calling_code)
}

/// Drops the parts of a plan that this service never uses, because the library would spend time on preparing them.
///
/// They are the formats for display, the short and emergency numbers, and the classes that `get_number_type` does not
/// return.
#[expect(
    deprecated,
    reason = "the library deprecates the members that it moves elsewhere after it has read them"
)]
fn drop_unused(plan: PhoneMetadata) -> PhoneMetadata {
    PhoneMetadata {
        number_format: Vec::new(),
        intl_number_format: Vec::new(),
        emergency: None,
        short_code: None,
        standard_rate: None,
        carrier_specific: None,
        sms_services: None,
        no_international_dialling: None,
        ..plan
    }
}

/// Decodes the plans of all countries, for a number that the plans of the served countries do not cover.
pub(super) fn decode_all() -> Option<PhoneNumberUtil> {
    build_library(PhoneMetadataCollection::decode(METADATA).ok()?)
}

fn decode_head(plan: &Bytes) -> Option<Head> {
    Head::decode(plan.clone()).ok()
}

fn build_library(plans: PhoneMetadataCollection) -> Option<PhoneNumberUtil> {
    PhoneNumberUtil::new_for_metadata(plans).ok()
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::{PhoneNumberFormat, PhoneNumberType, Region};

    use super::*;

    const TYPES: [PhoneNumberType; 11] = [
        PhoneNumberType::FixedLine,
        PhoneNumberType::Mobile,
        PhoneNumberType::TollFree,
        PhoneNumberType::PremiumRate,
        PhoneNumberType::SharedCost,
        PhoneNumberType::VoIP,
        PhoneNumberType::PersonalNumber,
        PhoneNumberType::Pager,
        PhoneNumberType::UAN,
        PhoneNumberType::VoiceMail,
        PhoneNumberType::FixedLineOrMobile,
    ];

    /// Describes the example number of every type in a region, as `library` reads it.
    fn describe_examples(library: &PhoneNumberUtil, region: Region) -> Vec<Option<String>> {
        let describe = |kind| {
            let number = library
                .get_example_number_for_type_and_region(region, kind)
                .ok()?;
            let text = library
                .format(&number, PhoneNumberFormat::E164)
                .into_owned();
            let parsed = library.parse(&text, None).ok()?;
            let (kind, valid) = (
                library.get_number_type(&parsed),
                library.is_valid_number(&parsed),
            );
            let home = library.get_region_for_number(&parsed);
            Some(format!("{text} {kind:?} {valid} {home:?}"))
        };
        TYPES.into_iter().map(describe).collect()
    }

    #[test]
    fn the_metadata_matches_that_of_the_library() {
        let (ours, theirs) = (
            decode_all().expect("plans"),
            PhoneNumberUtil::new().expect("plans"),
        );
        let regions = |library: &PhoneNumberUtil| {
            let mut names: Vec<_> = library
                .get_supported_regions()
                .map(|region| region.as_region_str().as_str().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(regions(&ours), regions(&theirs));
        for region in theirs.get_supported_regions() {
            assert_eq!(
                describe_examples(&ours, region),
                describe_examples(&theirs, region),
                "{region:?}"
            );
        }
    }

    #[test]
    fn the_plans_of_one_country_read_its_numbers_as_all_plans_do() {
        let whole = decode_all().expect("plans");
        for region in whole.get_supported_regions() {
            let country = Country::parse(region.as_region_str().as_str()).expect("a country");
            let part = decode_for(&[country]).expect("a plan");
            assert_eq!(
                describe_examples(&part, region),
                describe_examples(&whole, region),
                "{country}"
            );
        }
    }

    #[test]
    fn decodes_all_countries_of_a_calling_code_and_no_others() {
        let part = decode_for(&[Country::parse("GB").expect("a country")]).expect("plans");
        let mut regions: Vec<_> = part
            .get_supported_regions()
            .map(|region| region.as_region_str().as_str().to_owned())
            .collect();
        regions.sort();
        assert_eq!(regions, ["GB", "GG", "IM", "JE"]);
    }
}
