//! The money that the measured functions may spend.

use std::time::Duration;

use phoneproof_aws::store::Store;
use phoneproof_bench::events::User;
use phoneproof_bench::warm::policy;
use phoneproof_config::process::{SystemClock, SystemRandom};
use phoneproof_domain::clock::Clock as _;
use phoneproof_domain::country::Country;
use phoneproof_domain::purse::{Ask, Budget, give_budget};
use phoneproof_tests::Database;

/// Far more than any measurement spends, in millionths of a US dollar.
const PER_DAY: i64 = 1_000_000_000_000;

/// Gives the country of the users a larger budget for today and tomorrow, as an operator does.
///
/// The functions run the sample policy, whose money for a day would stop a long measurement.
pub(super) async fn raise_budget(dynamodb: &str) {
    let country = Country::parse(User::COUNTRY).expect("a country");
    let (policy, now) = (policy(), SystemClock.now());
    let today = policy.make_terms(now, &policy.limits).today;
    let ask = Ask::of_stranger(country, 0, policy.purses.shards_of(country), 1, now, today);
    let budget = Budget {
        per_day: PER_DAY,
        until: now + Duration::from_hours(48),
    };
    let database = Database::at(dynamodb);
    let store = Store::new(database.clients().dynamodb, database.tables);
    let make = |item: &_| give_budget(&ask, &policy.purses.policy, item, Some(budget));
    let key = ask.country_key();
    let changed = store.change_purse(&key, make, &SystemRandom);
    changed.await.expect("the budget is written");
}
