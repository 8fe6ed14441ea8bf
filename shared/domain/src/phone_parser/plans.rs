//! Numbering plans: libphonenumber's metadata, decoded as far as it is needed.
//!
//! All plans together take 3 ms and 4 MB to decode, more than everything else in a cold start. A
//! policy serves a few countries, and theirs take a fraction of that.

use std::collections::BTreeSet;

use prost::Message;
use prost::bytes::Bytes;
use rlibphonenumber::{PhoneMetadata, PhoneMetadataCollection, PhoneNumberUtil};

use crate::country::Country;

/// A `PhoneMetadataCollection`; `shared/domain/data/README.md` says where it is from.
static METADATA: &[u8] = include_bytes!("../../data/phone-metadata.bin");

/// The collection with its plans left encoded.
#[derive(Clone, PartialEq, Message)]
struct Encoded {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    plans: Vec<Bytes>,
}

/// What says which plan a plan is. Decoding passes over the rest.
#[derive(Clone, PartialEq, Message)]
struct Head {
    #[prost(string, tag = "9")]
    country: String,
    #[prost(int32, tag = "10")]
    calling_code: i32,
}

/// A library that knows the plans of `countries` and of all countries that share a calling code with one
/// of them, so that it says of a number with such a code what the whole library says.
pub(super) fn of(countries: &[Country]) -> Option<PhoneNumberUtil> {
    let Encoded { plans } = Encoded::decode(Bytes::from_static(METADATA)).ok()?;
    let heads: Vec<Head> = plans.iter().map(head).collect::<Option<_>>()?;
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
    // Plans are large: a vector that grows would copy them.
    let mut metadata = Vec::with_capacity(wanted.len());
    for plan in wanted {
        metadata.push(without_formats(PhoneMetadata::decode(plan).ok()?));
    }
    library(PhoneMetadataCollection { metadata })
}

/// The library would prepare what nobody here asks for: how numbers are written for people, short and emergency
/// numbers, and classes that `get_number_type` does not know.
#[expect(
    deprecated,
    reason = "the library marks members that it keeps elsewhere once it has read them"
)]
fn without_formats(plan: PhoneMetadata) -> PhoneMetadata {
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

/// The whole library.
pub(super) fn all() -> Option<PhoneNumberUtil> {
    library(PhoneMetadataCollection::decode(METADATA).ok()?)
}

fn head(plan: &Bytes) -> Option<Head> {
    Head::decode(plan.clone()).ok()
}

fn library(plans: PhoneMetadataCollection) -> Option<PhoneNumberUtil> {
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

    /// What a library says of the example numbers of a region, of every type.
    fn examples(library: &PhoneNumberUtil, region: Region) -> Vec<Option<String>> {
        let say = |kind| {
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
        TYPES.into_iter().map(say).collect()
    }

    #[test]
    fn the_data_is_that_of_the_library() {
        let (ours, theirs) = (
            all().expect("plans"),
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
                examples(&ours, region),
                examples(&theirs, region),
                "{region:?}"
            );
        }
    }

    #[test]
    fn a_part_says_what_the_whole_says() {
        let whole = all().expect("plans");
        for region in whole.get_supported_regions() {
            let country = Country::parse(region.as_region_str().as_str()).expect("a country");
            let part = of(&[country]).expect("a plan");
            assert_eq!(
                examples(&part, region),
                examples(&whole, region),
                "{country}"
            );
        }
    }

    #[test]
    fn a_part_has_all_countries_of_its_calling_codes_and_no_others() {
        let part = of(&[Country::parse("GB").expect("a country")]).expect("plans");
        let mut regions: Vec<_> = part
            .get_supported_regions()
            .map(|region| region.as_region_str().as_str().to_owned())
            .collect();
        regions.sort();
        assert_eq!(regions, ["GB", "GG", "IM", "JE"]);
    }
}
