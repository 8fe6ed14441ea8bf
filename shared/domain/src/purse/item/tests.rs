use std::collections::HashSet;

use super::*;

#[test]
fn every_attribute_has_a_name_of_its_own_and_is_read_back() {
    let names: HashSet<_> = Attribute::all().map(Attribute::name).collect();
    assert_eq!(names.len(), Attribute::all().count());
    let item: PurseItem = Attribute::all().zip(1..).collect();
    let stored: BTreeMap<_, _> = item.iter().map(|(a, value)| (a.name(), value)).collect();
    let read = |name: &str| {
        stored
            .get(name)
            .copied()
            .map_or(Stored::Absent, Stored::Integer)
    };
    assert_eq!(PurseItem::read(read), item);
}

#[test]
fn an_attribute_that_is_not_an_integer_is_present_without_a_value() {
    let mut item = PurseItem::read(|name| match name {
        "room" => Stored::Other,
        "at" => Stored::Integer(5),
        _ => Stored::Absent,
    });
    assert!(item.others().eq([Attribute::Room]));
    assert_eq!(item.get(Attribute::Room), None);
    assert!(item.has(Attribute::Room) && !item.is_empty());
    item.set(Attribute::Room, 1);
    assert_eq!(item.others().count(), 0);
    item.remove(Attribute::Room);
    item.remove(Attribute::At);
    assert!(item.is_empty());
}

#[test]
fn a_full_item_of_a_country_is_one_write_unit() {
    use Attribute::{At, Codes, Needed, Room, Since};
    let of_others = [At, Codes, Needed, Room, Since];
    let own = Attribute::all().filter(|attribute| !of_others.contains(attribute));
    let bytes: usize = own.map(|a| a.name().len() + 11).sum();
    assert!(bytes < 900, "{bytes}");
}

#[test]
fn a_key_names_the_purse() {
    let country = Country::parse("MA").expect("a country");
    let index = |text: &str| SubjectIndex::from_text(text.to_owned());
    let keys = [
        PurseKey::Country { country, shard: 1 },
        PurseKey::NumberBlock(index("b")),
        PurseKey::Network {
            country,
            shard: 1,
            network: index("n"),
        },
        PurseKey::Calls { country },
        PurseKey::Service { day: 20_000 },
    ];
    let written = keys.map(|key| key.to_string());
    assert_eq!(
        written,
        [
            "purse#MA#1",
            "block#b",
            "net#MA#1#n",
            "calls#MA",
            "service#20000"
        ]
    );
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let (country, hash) = (Country::parse("MA").expect("a country"), "x".repeat(43));
    let index = || SubjectIndex::from_text(hash.clone());
    for key in [
        PurseKey::Country { country, shard: 3 },
        PurseKey::NumberBlock(index()),
        PurseKey::Network {
            country,
            shard: 0,
            network: index(),
        },
        PurseKey::Calls { country },
        PurseKey::Service { day: 20_000 },
    ] {
        assert_eq!(PurseKey::parse(&key.to_string()), Some(key));
    }
    for text in [
        "",
        "purse",
        "purse#MA",
        "purse#ma#0",
        "purse#MA#+1",
        "purse#MA#256",
        "block#short",
        "net#MA#0",
        "calls#ma",
        "service#x",
        "service#+1",
        "phone#x",
    ] {
        assert_eq!(PurseKey::parse(text), None, "{text}");
    }
}
