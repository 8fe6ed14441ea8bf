//! One day of a country, over HTTP.

use std::collections::BTreeMap;

use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::clock::{Clock as _, Timestamp};
use phoneproof_domain::device::Device as DeviceId;
use phoneproof_domain::phone::Phone;
use phoneproof_domain::purse::{
    Attribute, CountryRecord, DAYS_KEPT, Evidence, Lane, Lanes, Micros, PurseItem, PurseKey,
    PursePolicy, Room,
};
use phoneproof_local::aws::SECRET_ID;
use phoneproof_simulator::attack::{Attack, Hit};
use phoneproof_simulator::crowd::{Crowd, Habits, draw_time_to_type};
use phoneproof_simulator::dice::Dice;
use phoneproof_simulator::world::{DAY, Device, Network, Place, Request};
use phoneproof_tests::{Answer, Client, World};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// The seconds of a day.
const SECONDS: i64 = 86_400;
/// The seconds between two steps of the clock for an attacker. Honest users have the second to themselves.
const STEP: i64 = 60;

/// What the attacker tried and got.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spending {
    pub(super) tries: usize,
    pub(super) texts: usize,
    /// In millionths of a dollar.
    pub(super) cost: Micros,
}

/// The honest sends, and those that were refused.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Loss {
    pub(super) sends: usize,
    pub(super) lost: usize,
}

/// What an honest user does next.
enum Event {
    Asks { request: Request, tries: u8 },
    Types { token: String, code: String },
}

/// A country with its honest users, at the midnight at which the day of an attack begins.
pub(super) struct Day {
    world: World,
    keyring: Keyring,
    place: Place,
    crowd: Crowd,
    dice: Dice,
    midnight: i64,
    agenda: BTreeMap<(i64, usize), Event>,
    planned: usize,
    spending: Spending,
    honest: Loss,
    stopped: BTreeMap<String, usize>,
}

impl Day {
    /// Starts a stack that has served `place` for months, with this many honest sends a day.
    pub(super) async fn begin(place: Place, per_day: f64) -> Self {
        let world = World::builder()
            .purses()
            .policy("countries = [", "countries = [\"MA\", \"UZ\", ")
            .policy(
                "# [sms.price_usd]\n",
                "[sms.price_usd]\nMA = 0.22\nUZ = 0.1411\n",
            )
            .start()
            .await;
        let now = world.clock.now().unix();
        let midnight = (now / SECONDS + 1) * SECONDS;
        let mut dice = Dice::new(1);
        let crowd = Crowd::new(dice.fork(), place, per_day, Habits::default());
        let mut day = Self {
            keyring: world.read_keyring(SECRET_ID).await,
            world,
            place,
            crowd,
            dice,
            midnight,
            agenda: BTreeMap::new(),
            planned: 0,
            spending: Spending::default(),
            honest: Loss::default(),
            stopped: BTreeMap::new(),
        };
        day.wait_until(midnight);
        day.remember_country(per_day).await;
        // The second day of the recordings, on which attacks begin at noon.
        let sends = day.crowd.clone().sends(2.0 * DAY);
        for (at, request) in sends.filter(|(at, _)| *at >= DAY).collect::<Vec<_>>() {
            if request.is_regular {
                day.remember_phone(&request).await;
            }
            day.plan(at, Event::Asks { request, tries: 0 });
        }
        day
    }

    /// Plays every `nth` send of an attack. The `neighbours`, phones that were verified before, ask while it goes on.
    /// Returns how many of these were refused.
    pub(super) async fn play(&mut self, attack: Attack, nth: usize, neighbours: &[u32]) -> usize {
        let own = |phone| Request {
            place: self.place,
            phone,
            device: Device::Own,
            network: Network::Home(self.place.country, 0),
            host: 7,
            is_attested: false,
            is_regular: true,
        };
        let neighbours: Vec<_> = neighbours.iter().map(|phone| own(*phone)).collect();
        for neighbour in &neighbours {
            self.remember_phone(neighbour).await;
        }
        let mut neighbours = neighbours.into_iter();
        let hits = attack.hits(self.dice.fork()).step_by(nth);
        let mut hits = hits.peekable();
        let mut refused = 0;
        for minute in 1..=SECONDS / STEP {
            let end = minute * STEP;
            self.pass(end).await;
            let is_now = |hit: &Hit| second_of(hit.at) <= end;
            let mut now = vec![];
            while let Some(hit) = hits.next_if(is_now) {
                now.push(hit);
            }
            self.wait_until(self.midnight + end - 1);
            self.strike(&now).await;
            // From an hour after the attack began on, one of them every ten minutes.
            let begun = end - SECONDS / 2;
            if begun > 3_600
                && begun % 600 == 0
                && let Some(neighbour) = neighbours.next()
            {
                let answer = self.send(&neighbour).await;
                refused += usize::from(answer.status != 202);
            }
        }
        assert_eq!(neighbours.count(), 0, "all of them have asked");
        // What a recording sends after midnight belongs to another day.
        self.strike(&hits.collect::<Vec<_>>()).await;
        refused
    }

    pub(super) const fn spending(&self) -> Spending {
        self.spending
    }

    pub(super) const fn honest(&self) -> Loss {
        self.honest
    }

    /// What the honest texts cost, in millionths of a dollar.
    pub(super) fn honest_cost(&self) -> Micros {
        let texts = self.honest.sends - self.honest.lost;
        self.place.price * Micros::try_from(texts).expect("few")
    }

    /// The attacker's sends that a rule refused.
    pub(super) fn stopped_by(&self, rule: &str) -> usize {
        self.stopped.get(rule).copied().unwrap_or(0)
    }

    fn wait_until(&self, instant: i64) {
        let seconds = instant - self.world.clock.now().unix();
        self.world.advance(u64::try_from(seconds).unwrap_or(0));
    }

    fn plan(&mut self, at: f64, event: Event) {
        self.planned += 1;
        let key = (second_of(at), self.planned);
        self.agenda.insert(key, event);
    }

    /// Lets honest users do what they do before a second of the day.
    async fn pass(&mut self, end: i64) {
        while let Some(entry) = self.agenda.first_entry() {
            let (second, _) = *entry.key();
            if second >= end {
                return;
            }
            let event = entry.remove();
            self.wait_until(self.midnight + second);
            #[expect(clippy::cast_precision_loss, reason = "a second of a day")]
            let at = second as f64 + DAY;
            match event {
                Event::Asks { request, tries } => self.ask(at, request, tries).await,
                Event::Types { token, code } => {
                    let verified = self.world.client.verify(&token, &code).await;
                    // An outrun code is over, as on any day.
                    assert!(
                        matches!(verified.status, 200 | 410 | 409),
                        "{}",
                        verified.text
                    );
                }
            }
        }
    }

    async fn ask(&mut self, at: f64, request: Request, tries: u8) {
        let answer = self.send(&request).await;
        self.honest.sends += 1;
        if answer.status != 202 {
            assert_eq!(answer.status, 429, "{}", answer.text);
            self.honest.lost += 1;
            return;
        }
        if self.dice.happens(self.place.conversion) {
            let code = self.world.code(&number(&request));
            let token = answer.token();
            let at = at + draw_time_to_type(&mut self.dice);
            self.plan(at, Event::Types { token, code });
        } else if tries < 3 && self.dice.happens(0.5) {
            let at = at + 65.0 + self.dice.exponential(1.0 / 40.0);
            let tries = tries + 1;
            self.plan(at, Event::Asks { request, tries });
        }
    }

    async fn send(&self, request: &Request) -> Answer {
        send(self.world.client.clone(), *request).await
    }

    /// Makes the sends of an attacker at this instant. The first one goes alone, so that the others meet an instance
    /// which remembers.
    async fn strike(&mut self, hits: &[Hit]) {
        let Some((first, others)) = hits.split_first() else {
            return;
        };
        let mut answers = vec![(*first, self.send(&first.request).await)];
        let mut calls = JoinSet::new();
        for hit in others.iter().copied() {
            let client = self.world.client.clone();
            calls.spawn(async move { (hit, send(client, hit.request).await) });
        }
        answers.extend(calls.join_all().await);
        for (hit, answer) in answers {
            self.spending.tries += 1;
            if answer.status != 202 {
                assert_eq!(answer.status, 429, "{}", answer.text);
                let rule = answer.json["rule"].as_str().expect("a rule").to_owned();
                *self.stopped.entry(rule).or_default() += 1;
                continue;
            }
            self.spending.texts += 1;
            self.spending.cost += self.place.price;
            if hit.is_typed {
                let code = self.world.code(&number(&hit.request));
                let verified = self.world.client.verify(&answer.token(), &code).await;
                assert_eq!(verified.status, 200, "{}", verified.text);
            }
        }
    }

    /// Writes what months have left of a country: its purse, full, and the networks of its carriers.
    async fn remember_country(&self, per_day: f64) {
        let policy = PursePolicy::default();
        let (price, country) = (self.place.price, self.place.country);
        let at = Timestamp::from_unix(self.midnight);
        #[expect(clippy::cast_possible_truncation, reason = "few")]
        let whole = |amount: f64| amount as i64;
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let spent = whole(per_day * price as f64);
        let typed_per_day = per_day * self.place.conversion;
        let (day, week) = (at.day(), at.day().div_euclid(7));
        let holds = |lane| match lane {
            Lane::Open => Some(policy.open.cap.at(price)),
            lane => policy.lane(lane).map(|own| own.cap.at(price)),
        };
        let record = CountryRecord {
            lanes: Lanes::new(|lane| holds(lane).map(|holds| Room { holds, at })),
            day,
            left: policy.money.least.max(policy.money.growth.of(spent)),
            costs: [spent; DAYS_KEPT as usize],
            week,
            sent: 0,
            typed: 0,
            typed_before: whole(typed_per_day * 7.0),
            best: Some(whole(self.place.conversion * 1_000.0)),
            probes: 0,
        };
        let mut item = record.to_item();
        item.set(Attribute::cost_on(day), 0);
        let key = PurseKey::Country { country, shard: 0 };
        self.put("Limits", &key.to_string(), to_json(&item)).await;
        for (network, share) in self.crowd.shares() {
            let codes = whole(typed_per_day * share * 30.0);
            if !matches!(network, Network::Home(..)) || codes == 0 {
                continue;
            }
            let source = SourceAddress::new(address(network, 0).parse().expect("an address"));
            let key = PurseKey::Network {
                country,
                shard: 0,
                network: self.keyring.indexer().index_purse_network(&source),
            };
            let item = PurseItem::from_iter([
                (Attribute::Room, price * i64::from(policy.network.cap)),
                (Attribute::Codes, codes),
                (Attribute::Since, self.midnight - SECONDS),
                (
                    Attribute::Needed,
                    policy.count_codes_needed(whole(typed_per_day * 7.0)),
                ),
                (Attribute::ExpiresAt, self.midnight + 14 * SECONDS),
            ]);
            self.put("Limits", &key.to_string(), to_json(&item)).await;
        }
    }

    /// Writes that the phone of a request was verified before, at its owner's device.
    async fn remember_phone(&self, request: &Request) {
        let indexer = self.keyring.indexer();
        let phone = Phone::from_canonical(&number(request)).expect("canonical");
        let own = Request {
            device: Device::Own,
            ..*request
        };
        let device = DeviceId::parse(&device(&own)).expect("a device");
        let before = Timestamp::from_unix(self.midnight - SECONDS);
        let evidence = Evidence::from_code(
            indexer.index_device(&device),
            before,
            &PursePolicy::default(),
        );
        let item = json!({
            "proved": { "N": evidence.until.unix().to_string() },
            "proved_since": { "N": (self.midnight - 90 * SECONDS).to_string() },
            "proved_device": { "S": evidence.device.as_str() },
        });
        self.put("Challenges", indexer.index_phone(&phone).as_str(), item)
            .await;
    }

    async fn put(&self, table: &str, key: &str, mut item: Value) {
        item["pk"] = json!({ "S": key });
        let put = json!({ "TableName": table, "Item": item });
        let answer = self.world.dynamodb("PutItem", &put).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// The second of the day that the recording shows at this time of its second day.
fn second_of(at: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a second of a day")]
    let second = (at - DAY) as i64;
    second
}

async fn send(client: Client, request: Request) -> Answer {
    let source = address(request.network, request.host);
    client
        .send_from(&number(&request), &device(&request), &source)
        .await
}

fn to_json(item: &PurseItem) -> Value {
    let attributes = item.iter();
    let attributes = attributes.map(|(attribute, value)| {
        (
            attribute.name().into_owned(),
            json!({ "N": value.to_string() }),
        )
    });
    Value::Object(attributes.collect())
}

/// The number of a phone: a mobile number of the country, whose last four digits count within its block.
fn number(request: &Request) -> String {
    let starts = [("MA", "+2126"), ("UZ", "+9989")];
    let country = request.place.country.as_str();
    let start = starts.iter().find(|(code, _)| *code == country);
    let (_, start) = start.expect("a country of the replays");
    format!("{start}{:08}", request.phone)
}

fn device(request: &Request) -> String {
    match request.device {
        Device::Own => format!("own-{}", request.phone),
        Device::Other(bits) => format!("{bits:x}"),
    }
}

/// An address: each network is a /16 of its own.
fn address(network: Network, host: u32) -> String {
    let (first, second) = match network {
        Network::Home(_, rank) => (41, rank),
        Network::Odd(rank) => (60 + rank / 256, rank % 256),
        Network::Proxy(rank) => (128 + rank / 256, rank % 256),
    };
    format!("{first}.{second}.{}.{}", host / 256 % 256, host % 256)
}
