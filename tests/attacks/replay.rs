//! The recorded attacks on the SMS bill, replayed over HTTP on the stack's clock while honest users come.
//!
//! Attackers and honest users are those of `phoneproof_simulator`, from seed 1. The country has been served for months:
//! its purse, its networks and its regular users stand in the tables when the day begins.

mod day;

use phoneproof_domain::country::Country;
use phoneproof_simulator::attack::Attack;
use phoneproof_simulator::world::{Place, place};

use self::day::{Day, Loss, Spending};

fn find_place(code: &str) -> Place {
    let country = Country::parse(code).expect("a country");
    place(country).expect("a country of the recordings")
}

/// Luma: 13,000 texts in eight hours into one block of ten thousand numbers, from 20,000 addresses; here every fourth
/// of them. Twenty users of that block, who were verified before, ask meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn luma_replayed() {
    let place = find_place("UZ");
    let mut day = Day::begin(place, 200.0).await;
    let neighbours: Vec<_> = (0..20).map(|n| 3 * 10_000 + 500 * n).collect();
    let refused = day.play(Attack::Luma { place }, 4, &neighbours).await;
    let Spending { tries, texts, cost } = day.spending();
    assert_eq!((tries, refused), (3_250, 0), "neighbours that were refused");
    let spent = format!("{texts} texts: {cost} millionths of a dollar");
    assert!(texts <= 10 && cost < 2_000_000, "{spent}");
    let Loss { sends, lost } = day.honest();
    assert!(100 * lost < sends, "{lost} of {sends}");
}

/// Healthchecks.io: 8,000 texts to random numbers of one country in twelve hours, from 60 VPNs, five per number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthchecks_replayed() {
    let place = find_place("MA");
    let mut day = Day::begin(place, 400.0).await;
    let attack = Attack::Healthchecks {
        place,
        tries: 8_000,
    };
    day.play(attack, 1, &[]).await;
    let Spending { tries, texts, cost } = day.spending();
    assert_eq!(tries, 8_000);
    let spent = format!("{texts} texts: {cost} millionths of a dollar");
    assert!(texts <= 6 && cost < 2_000_000, "{spent}");
    let Loss { sends, lost } = day.honest();
    assert!(100 * lost < sends, "{lost} of {sends}");
}

/// The attacker has somebody who types a part of the codes in, or all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_some_of_the_codes() {
    let place = find_place("MA");
    let mut day = Day::begin(place, 400.0).await;
    let attack = |share| Attack::Typing { place, share };
    day.play(attack(0.2), 4, &[]).await;
    let Spending { tries, texts, cost } = day.spending();
    assert_eq!(tries, 2_000);
    let spent = format!("{texts} texts: {cost} millionths of a dollar");
    assert!(texts <= 10 && cost < 5_000_000, "{spent}");
    // An attacker who types in every code earns more than the purses take. Only the money stop of the day remains.
    let mut day = Day::begin(place, 20.0).await;
    day.play(attack(1.0), 8, &[]).await;
    let Spending { tries, texts, cost } = day.spending();
    let all = cost + day.honest_cost();
    assert_eq!(tries, 1_000);
    assert!(
        all <= 25_000_000,
        "{texts} texts: {all} millionths of a dollar"
    );
    assert!(day.stopped_by("money-per-day") > 500);
}
