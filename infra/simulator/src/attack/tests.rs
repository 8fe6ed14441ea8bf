//! Tests of the streams.

use super::*;
use crate::world::find_place;

fn domestic(own_blocks: Option<u32>) -> Attack {
    Attack::Domestic {
        place: find_place("MA"),
        tries: 800,
        hours: 12,
        share: 0.5,
        own_blocks,
    }
}

#[test]
fn every_attack_comes_in_order_within_its_hours() {
    let (ma, uz) = (find_place("MA"), find_place("UZ"));
    let several = Attack::Countries {
        places: vec![ma, uz],
        tries: 900,
    };
    let random = Attack::Healthchecks {
        place: ma,
        tries: 8_000,
    };
    let typing = Attack::Typing {
        place: ma,
        share: 0.2,
    };
    let again = Attack::AsksAgain {
        place: ma,
        share: 0.2,
    };
    let attacks = [
        (Attack::Luma { place: uz }, 13_000),
        (
            Attack::LumaWhole {
                places: vec![ma, uz],
                tries: 20_000,
            },
            20_000,
        ),
        (random, 8_000),
        (several, 900),
        (Attack::Slow { place: ma }, 10_080),
        (typing, 8_000),
        (again, 8_000),
        (domestic(None), 800),
        (domestic(Some(1)), 800),
    ];
    for (attack, tries) in attacks {
        let hits: Vec<_> = attack.hits(Dice::new(1)).collect();
        assert_eq!(hits.len(), tries, "{attack:?}");
        assert!(hits.is_sorted_by(|a, b| a.at <= b.at), "{attack:?}");
        let end = START + attack.lasts() + 5.0 * 62.0;
        assert!(hits.iter().all(|hit| (START..end).contains(&hit.at)));
    }
}

#[test]
fn who_asks_again_types_a_code_after_so_many_texts() {
    let (place, share) = (find_place("MA"), 0.2);
    let first = Attack::AsksAgain { place, share }.hits(Dice::new(1)).next();
    let first = first.expect("a hit");
    let next = first.list_next();
    let typed: Vec<_> = next.iter().map(|hit| hit.is_typed).collect();
    assert_eq!(typed, [false, false, false, false, true]);
    let own = next
        .iter()
        .map(|hit| hit.request.device == first.request.device);
    assert!(own.eq([true, true, true, false, true]));
    assert!(next.is_sorted_by(|a, b| a.at < b.at && a.request.phone == b.request.phone));
    assert_eq!(next[0].list_next(), []);
}

#[test]
fn luma_is_one_block_and_the_attacker_with_one_block_has_one() {
    let blocks = |attack: Attack| {
        let hits = attack.hits(Dice::new(1));
        let blocks = hits.map(|hit| hit.request.phone / BLOCK);
        blocks.collect::<std::collections::HashSet<_>>().len()
    };
    let uz = find_place("UZ");
    assert_eq!(blocks(Attack::Luma { place: uz }), 1);
    assert_eq!(blocks(domestic(Some(1))), 1);
    let whole = Attack::LumaWhole {
        places: vec![uz],
        tries: 20_000,
    };
    assert_eq!(blocks(whole), 6);
}
