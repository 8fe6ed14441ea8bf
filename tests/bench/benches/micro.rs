//! Measures the parts of a request. Beside each part is its floor: the bare library call that it needs at least.
//!
//! `cargo bench -p phoneproof-bench`

#![expect(
    clippy::expect_used,
    reason = "a benchmark, which stops at the first thing that is not as expected"
)]

use std::hint::black_box;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom as AwsLcRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use phoneproof_aws::clients::Clients;
use phoneproof_aws::store::{SendPlan, Store};
use phoneproof_bench::canned::Canned;
use phoneproof_bench::events::User;
use phoneproof_bench::warm::{KEYRING, Warm, nowhere, policy};
use phoneproof_config::DEFAULT_POLICY;
use phoneproof_config::process::{SystemClock, SystemRandom};
use phoneproof_crypto::challenge_token;
use phoneproof_crypto::code::{code_matches, derive_code, make_code_mac};
use phoneproof_crypto::keyring::Keyring;
use phoneproof_domain::address::SourceAddress;
use phoneproof_domain::business_id::BusinessId;
use phoneproof_domain::challenge::{Challenge, ChallengeId};
use phoneproof_domain::clock::{Clock, Timestamp};
use phoneproof_domain::country::Country;
use phoneproof_domain::device::Device;
use phoneproof_domain::locale::Locale;
use phoneproof_domain::phone_parser::PhoneParser;
use phoneproof_domain::phone_record::Reservation;
use phoneproof_domain::policy::Policy;
use phoneproof_domain::subject::{SubjectIndex, Subjects};
use phoneproof_domain::tally::Begin;
use phoneproof_guard::Claims;
use rlibphonenumber::PhoneNumberUtil;
use tokio::runtime::Runtime;

const NOW: Timestamp = Timestamp::from_unix(1_795_435_200);
const ISSUER: &str = "https://verify.example.com";
const ID: ChallengeId = ChallengeId([7; 16]);
const ENDS: Timestamp = Timestamp::from_unix(1_795_435_500);

fn keyring() -> Keyring {
    Keyring::from_json(KEYRING).expect("a keyring")
}

fn keyring_with_rsa() -> (Keyring, Vec<u8>) {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("encodable");
    let pkcs8 = STANDARD.encode(der.as_ref());
    let rsa = format!(r#","rsa":{{"kid":"rsa1","pkcs8":"{pkcs8}"}}}}"#);
    let text = format!("{}{rsa}", KEYRING.trim_end_matches('}'));
    (
        Keyring::from_json(&text).expect("a keyring"),
        der.as_ref().to_vec(),
    )
}

fn challenge(keyring: &Keyring) -> Challenge {
    let root = keyring.current();
    let code = derive_code(root.code_key(), ID, ENDS, 6);
    let phone = PhoneParser::new().parse(&User(1).phone(), None);
    Challenge {
        id: ID,
        phone: phone.expect("a number").phone,
        country: Country::parse("DE").ok(),
        device: Device::parse("device-1").expect("a device"),
        business: BusinessId::parse("login").expect("a business"),
        slot: 0,
        expires_at: ENDS,
        code_mac: make_code_mac(root.code_mac_key(), ID, &code),
        locale: Locale::parse("en").expect("a locale"),
        action: None,
        test: false,
        payment: None,
    }
}

fn challenge_tokens(c: &mut Criterion) {
    let keyring = keyring();
    let challenge = challenge(&keyring);
    let token = challenge_token::seal(&challenge, keyring.current(), ISSUER, NOW, &SystemRandom);
    let token = token.expect("sealed").into_text();
    let key = || LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; 32]).expect("a key"));
    let mut group = c.benchmark_group("challenge token");
    group.bench_function("seal", |b| {
        b.iter(|| {
            challenge_token::seal(
                black_box(&challenge),
                keyring.current(),
                ISSUER,
                NOW,
                &SystemRandom,
            )
        });
    });
    group.bench_function("open", |b| {
        b.iter(|| challenge_token::open(black_box(&token), &keyring, ISSUER, NOW).is_ok());
    });
    group.bench_function(
        "floor: AES-256-GCM of 160 bytes, with its key schedule",
        |b| {
            b.iter(|| {
                let mut text = black_box(vec![0; 160]);
                let nonce = Nonce::assume_unique_for_key([2; 12]);
                key().seal_in_place_append_tag(nonce, Aad::from(ISSUER), &mut text)
            });
        },
    );
    group.finish();
}

fn codes(c: &mut Criterion) {
    let keyring = keyring();
    let root = keyring.current();
    let code = derive_code(root.code_key(), ID, ENDS, 6);
    let mac = make_code_mac(root.code_mac_key(), ID, &code);
    let key = hmac::Key::new(HMAC_SHA256, &[1; 32]);
    let mut group = c.benchmark_group("code");
    group.bench_function("derive", |b| {
        b.iter(|| derive_code(root.code_key(), black_box(ID), ENDS, 6));
    });
    group.bench_function("compare", |b| {
        b.iter(|| code_matches(root.code_mac_key(), ID, black_box(&code), &mac));
    });
    group.bench_function("floor: HMAC-SHA-256 of 32 bytes", |b| {
        b.iter(|| hmac::sign(&key, black_box(&[3; 32])));
    });
    group.finish();
}

fn claims() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        sub: "Yj0w3W1Y5Zz4cVYwXo0v3A".to_owned(),
        aud: "login".to_owned(),
        iat: 1_795_435_200,
        nbf: 1_795_435_200,
        exp: 1_795_435_500,
        jti: "Yj0w3W1Y5Zz4cVYwXo0v3A".to_owned(),
        phone_number: User(1).phone(),
        phone_number_verified: true,
        device_id: "device-1".to_owned(),
        amr: phoneproof_guard::AMR.map(str::to_owned).to_vec(),
        action: None,
        test: false,
    }
}

fn success_tokens(c: &mut Criterion) {
    let (with_rsa, pkcs8) = keyring_with_rsa();
    let (keyring, claims) = (keyring(), claims());
    let random = AwsLcRandom::new();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let rsa = RsaKeyPair::from_pkcs8(&pkcs8).expect("a key");
    let message = [4; 480];
    let mut group = c.benchmark_group("success token");
    group.bench_function("sign, ES256", |b| {
        b.iter(|| keyring.signing_key(NOW).sign(black_box(&claims)));
    });
    group.bench_function("floor: ECDSA P-256", |b| {
        b.iter(|| ec.sign(&random, black_box(&message)));
    });
    group.bench_function("sign, RS256", |b| {
        b.iter(|| with_rsa.signing_key(NOW).sign(black_box(&claims)));
    });
    group.bench_function("floor: RSA 2048", |b| {
        let mut signature = vec![0; rsa.public_key().modulus_len()];
        b.iter(|| {
            rsa.sign(
                &RSA_PKCS1_SHA256,
                &random,
                black_box(&message),
                &mut signature,
            )
        });
    });
    group.finish();
}

fn phones(c: &mut Criterion) {
    let countries: Vec<_> = policy().numbers.countries.iter().copied().collect();
    let parser = PhoneParser::serving(countries.clone());
    let library = PhoneNumberUtil::new().expect("metadata");
    parser.warm_up();
    let mut group = c.benchmark_group("phone");
    group.bench_function("parse", |b| {
        b.iter(|| parser.parse(black_box("+49 151 12345678"), None));
    });
    group.bench_function("floor: parse and validate by the library", |b| {
        b.iter(|| {
            let number = library.parse(black_box("+49 151 12345678"), None);
            number.is_ok_and(|number| library.is_valid_number(&number))
        });
    });
    group.bench_function("load the plans of the sample policy", |b| {
        b.iter(|| PhoneParser::serving(countries.clone()).warm_up());
    });
    group.bench_function("load all plans", |b| {
        b.iter(|| PhoneParser::new().warm_up());
    });
    group.bench_function("floor: load all plans by the library", |b| {
        b.iter(|| PhoneNumberUtil::new().is_ok());
    });
    group.finish();
}

fn plan(keyring: &Keyring, policy: &Policy) -> SendPlan {
    let (indexer, challenge) = (keyring.indexer(), challenge(keyring));
    let subjects = Subjects {
        phone_index: indexer.index_phone(&challenge.phone),
        device_index: indexer.index_device(&challenge.device),
        address_index: indexer
            .index_address(&SourceAddress::new(std::net::IpAddr::from([192, 0, 2, 1]))),
        number_block_index: indexer.index_number_block(&challenge.phone),
        country_index: challenge.country.map(SubjectIndex::of_country),
        network_indexes: indexer
            .index_networks(&SourceAddress::new(std::net::IpAddr::from([192, 0, 2, 1]))),
        business_index: None,
    };
    SendPlan {
        phone_index: subjects.phone_index.clone(),
        gates: policy.make_gates(subjects, &policy.limits, NOW),
        reservation: Reservation::New { id: ID, slot: 0 },
        root: keyring.current().id().clone(),
        expires_at: challenge.expires_at,
        attempts: 5,
        terms: policy.make_terms(NOW, &policy.limits),
        wrong: Begin::Next,
        ended_evidence: None,
        caller: None,
        paid: None,
        attestation: None,
        kept_until: challenge.expires_at,
        stored: None,
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn calls(c: &mut Criterion) {
    let (keyring, policy, canned) = (keyring(), policy(), Canned::new(KEYRING));
    let clients = Clients::over(canned.share(), &nowhere(), clock());
    let store = Store::new(clients.dynamodb.clone(), phoneproof_local::stack::tables());
    let plan = plan(&keyring, &policy);
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("call");
    group.bench_function("the rules as a transaction", |b| {
        b.iter(|| store.reserve_items(black_box(&plan)));
    });
    let items = store.reserve_items(&plan).expect("items");
    group.bench_function("floor: the SDK's TransactWriteItems of them", |b| {
        b.to_async(&runtime).iter(|| {
            let request = clients.dynamodb.transact_write_items();
            request.set_transact_items(Some(items.clone())).send()
        });
    });
    group.bench_function("floor: the SDK's smallest UpdateItem", |b| {
        b.to_async(&runtime).iter(|| {
            let request = clients.dynamodb.update_item().table_name("Challenges");
            let key = aws_sdk_dynamodb::types::AttributeValue::S("pk".to_owned());
            request.key("pk", key).send()
        });
    });
    group.bench_function("floor: the SDK's Publish", |b| {
        b.to_async(&runtime).iter(|| {
            let request = clients.sns.get().publish().phone_number("+4915112345678");
            request.message("123456 is your code").send()
        });
    });
    group.finish();
}

fn start(c: &mut Criterion) {
    let mut group = c.benchmark_group("start");
    group.bench_function("read the policy", |b| {
        b.iter(|| phoneproof_config::policy::from_toml(black_box(DEFAULT_POLICY)));
    });
    group.bench_function("floor: parse it as TOML", |b| {
        b.iter(|| toml::from_str::<toml::Table>(black_box(DEFAULT_POLICY)));
    });
    group.bench_function("read the keyring", |b| b.iter(keyring));
    group.bench_function("build the clients, with TLS", |b| {
        b.iter(|| Clients::new(&nowhere(), clock()));
    });
    group.finish();
}

fn handlers(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let warm = Arc::new(runtime.block_on(Warm::start()));
    let mut group = c.benchmark_group("handler");
    group.bench_function("send", |b| {
        b.to_async(&runtime).iter_batched(
            || warm.send_request(User(1)),
            |request| warm.send(request),
            BatchSize::SmallInput,
        );
    });
    let sent = runtime.block_on(warm.send(warm.send_request(User(1))));
    let sent = &sent;
    group.bench_function("verify", |b| {
        b.to_async(&runtime).iter_batched(
            || warm.verify_request(User(1), sent),
            |request| warm.verify(request),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(
    benches,
    challenge_tokens,
    codes,
    success_tokens,
    phones,
    calls,
    start,
    handlers
);
criterion_main!(benches);
