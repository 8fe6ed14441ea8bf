//! Tests of the settings of purses.

use super::*;

#[test]
fn a_cap_is_a_number_of_texts_or_an_amount_whichever_is_more() {
    let crowd = PursePolicy::default().crowd.cap;
    assert_eq!(crowd.at(220_000), 3_080_000);
    assert_eq!(crowd.at(10_000), 750_000);
}

#[test]
fn the_crowds_gain_follows_the_best_week_between_its_bounds() {
    let policy = PursePolicy::default();
    let gain = |best| policy.gain_of(Lane::Crowd, best, false).0;
    assert_eq!(gain(None), 2_000);
    assert_eq!(gain(Some(500)), 2_000);
    assert_eq!(gain(Some(750)), 1_666);
    assert_eq!(gain(Some(800)), 1_500);
    assert_eq!(gain(Some(980)), 1_250);
    assert_eq!(gain(Some(0)), 2_000);
    assert_eq!(policy.gain_of(Lane::Crowd, Some(980), true).0, 2_000);
    assert_eq!(policy.gain_of(Lane::Open, Some(750), true).0, 1_500);
    assert_eq!(policy.gain_of(Lane::Open, None, false).0, 2_000);
    assert_eq!(policy.gain_of(Lane::Known, Some(750), false).0, 2_000);
}

#[test]
fn a_network_needs_four_codes_or_its_share_of_a_big_country() {
    let policy = PursePolicy::default();
    let needed = [0, 2_100, 6_222, 6_223, 14_000].map(|typed| policy.count_codes_needed(typed));
    assert_eq!(needed, [4, 4, 4, 5, 9]);
}

#[test]
fn a_country_is_kept_as_long_as_phones_networks_and_what_operators_gave() {
    let mut policy = PursePolicy {
        known_for: DAY,
        ..PursePolicy::default()
    };
    assert_eq!(policy.find_country_lifetime(), crate::purse::LONGEST);
    policy.network.forgotten_after = DAY * 30;
    assert_eq!(policy.find_country_lifetime(), DAY * 30);
    policy.known_for = DAY * 90;
    assert_eq!(policy.find_country_lifetime(), DAY * 90);
}

#[test]
fn nobody_is_known_only_after_he_is_forgotten() {
    let faults = |known_for, known_after| {
        let policy = PursePolicy {
            known_for,
            known_after,
            ..PursePolicy::default()
        };
        let fields = policy.faults().into_iter().map(|fault| fault.field);
        fields.collect::<Vec<_>>()
    };
    assert_eq!(faults(DAY, DAY), ["known.after_days"]);
    assert_eq!(faults(DAY * 2, DAY), [""; 0]);
    assert_eq!(faults(HOUR, DAY), ["known.days"]);
}

#[test]
fn a_forgotten_block_had_its_start_back() {
    let policy = PursePolicy::default();
    assert_eq!(policy.find_number_block_lifetime(220_000), HOUR * 30);
    // Five cents are 50 texts of a tenth of a cent.
    assert_eq!(policy.find_number_block_lifetime(1_000), HOUR * 6 * 51);
}
