//! The tables of the policy file, as TOML holds them. Their values are not checked yet.
//!
//! Every member has a default. A missing value is then reported by the check that needs it, beside all other faults.

use std::collections::BTreeMap;

use super::purses::PursesTable;
use super::reader::{FromMembers, Members, Strings, Texts};
use super::voice::VoiceTable;

/// The whole policy file as it is read. Nothing in it has been checked, except for the types of its values.
pub(super) struct File {
    pub(super) day_starts_at: String,
    /// Holds `cooldown_seconds`, and one number per counting rule under the name of the rule with underscores.
    pub(super) limits: BTreeMap<String, u32>,
    pub(super) lock: LockTable,
    pub(super) numbers: NumbersTable,
    pub(super) sms: SmsTable,
    pub(super) purses: PursesTable,
    pub(super) business: BTreeMap<String, BusinessTable>,
    pub(super) test_number: Vec<TestNumberTable>,
    pub(super) attestation: Option<AttestationTable>,
    pub(super) end_user_messaging: Option<EndUserMessagingTable>,
    pub(super) notify: Option<NotifyTable>,
    pub(super) hook: Option<HookTable>,
    pub(super) voice: Option<VoiceTable>,
}

impl FromMembers for File {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            day_starts_at: members.read_or("day_starts_at", "00:00".to_owned()),
            limits: members.read_or_empty("limits"),
            lock: members.read_table("lock"),
            numbers: members.read_table("numbers"),
            sms: members.read_table("sms"),
            purses: members.read_table("purses"),
            business: members.read_or_empty("business"),
            test_number: members.read_or_empty("test_number"),
            attestation: members.read_optional("attestation"),
            end_user_messaging: members.read_optional("end_user_messaging"),
            notify: members.read_optional("notify"),
            hook: members.read_optional("hook"),
            voice: members.read_optional("voice"),
        }
    }
}

pub(super) struct LockTable {
    pub(super) wrong_codes_per_day: u32,
    pub(super) consecutive_wrong_codes: u32,
    pub(super) remembered_days: u32,
}

impl FromMembers for LockTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            wrong_codes_per_day: members.read_or("wrong_codes_per_day", 20),
            consecutive_wrong_codes: members.read_or("consecutive_wrong_codes", 100),
            remembered_days: members.read_or("remembered_days", 90),
        }
    }
}

pub(super) struct NumbersTable {
    pub(super) countries: Texts,
    pub(super) types: Texts,
    pub(super) range: Vec<RangeTable>,
}

impl FromMembers for NumbersTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        let types = ["mobile", "fixed-line-or-mobile"];
        Self {
            countries: members.read_texts("countries").unwrap_or_default(),
            types: members
                .read_texts("types")
                .unwrap_or_else(|| types.map(|name| Some(name.to_owned())).to_vec()),
            range: members.read_or_empty("range"),
        }
    }
}

#[derive(Default)]
pub(super) struct RangeTable {
    pub(super) prefix: String,
    pub(super) digits: u32,
    pub(super) country: String,
    pub(super) r#type: String,
}

impl FromMembers for RangeTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            prefix: members.read_or_empty("prefix"),
            digits: members.read_or_empty("digits"),
            country: members.read_or_empty("country"),
            r#type: members.read_or_empty("type"),
        }
    }
}

pub(super) struct SmsTable {
    pub(super) r#type: String,
    /// The names of the channels that a text takes, in their order, not checked yet.
    pub(super) channels: Option<Texts>,
    pub(super) sender_id: Option<String>,
    pub(super) max_price_usd: Option<String>,
    pub(super) max_segments: u32,
    pub(super) price_usd: BTreeMap<String, f64>,
    pub(super) price_list: Option<PriceListTable>,
    pub(super) country: BTreeMap<String, CountryTable>,
}

/// What the texts to one country have of their own.
pub(super) struct CountryTable {
    pub(super) sender_id: Option<String>,
    pub(super) origination_number: Option<String>,
    pub(super) entity_id: Option<String>,
    pub(super) locales: Option<Texts>,
    pub(super) channels: Option<Texts>,
    pub(super) price_usd: Option<f64>,
}

impl FromMembers for CountryTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            sender_id: members.read_optional("sender_id"),
            origination_number: members.read_optional("origination_number"),
            entity_id: members.read_optional("entity_id"),
            locales: members.read_texts("locales"),
            channels: members.read_texts("channels"),
            price_usd: members.read_optional("price_usd"),
        }
    }
}

impl FromMembers for SmsTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            r#type: members.read_or("type", "Transactional".to_owned()),
            channels: members.read_texts("channels"),
            sender_id: members.read_optional("sender_id"),
            max_price_usd: members.read_optional("max_price_usd"),
            max_segments: members.read_or("max_segments", 2),
            price_usd: members.read_or_empty("price_usd"),
            price_list: members.read_optional("price_list"),
            country: members.read_or_empty("country"),
        }
    }
}

pub(super) struct EndUserMessagingTable {
    pub(super) origination_identity: Option<String>,
    /// Origination identities by country.
    pub(super) country: BTreeMap<String, String>,
    pub(super) protect_configuration_id: Option<String>,
    pub(super) configuration_set: Option<String>,
}

impl FromMembers for EndUserMessagingTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            origination_identity: members.read_optional("origination_identity"),
            country: members.read_or_empty("country"),
            protect_configuration_id: members.read_optional("protect_configuration_id"),
            configuration_set: members.read_optional("configuration_set"),
        }
    }
}

#[derive(Default)]
pub(super) struct NotifyTable {
    pub(super) configuration_id: Option<String>,
    /// Ids of templates by locale.
    pub(super) templates: BTreeMap<String, String>,
    pub(super) voice_template_id: Option<String>,
    pub(super) configuration_set: Option<String>,
}

impl FromMembers for NotifyTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            configuration_id: members.read_optional("configuration_id"),
            templates: members.read_or_empty("templates"),
            voice_template_id: members.read_optional("voice_template_id"),
            configuration_set: members.read_optional("configuration_set"),
        }
    }
}

#[derive(Default)]
pub(super) struct HookTable {
    pub(super) url: String,
    pub(super) allow_private: bool,
}

impl FromMembers for HookTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            url: members.read_or_empty("url"),
            allow_private: members.read_or("allow_private", false),
        }
    }
}

pub(super) struct PriceListTable {
    pub(super) date: String,
    pub(super) source: String,
    /// Lines of countries with their prices, as in `US 0.01, GB 0.05`. As TOML's own numbers, two hundred prices took a
    /// third of the instructions of a cold start.
    pub(super) usd: Texts,
}

impl FromMembers for PriceListTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            date: members.read_or_empty("date"),
            source: members.read_or_empty("source"),
            usd: members.read_texts("usd").unwrap_or_default(),
        }
    }
}

pub(super) struct BusinessTable {
    pub(super) brand: String,
    pub(super) default_locale: String,
    pub(super) code_length: u32,
    pub(super) code_lifetime_seconds: u32,
    pub(super) attempts: u32,
    pub(super) success_token_lifetime_seconds: u32,
    pub(super) origin: Option<String>,
    pub(super) android_hash: Strings,
    pub(super) client_key_sha256: Option<String>,
    pub(super) texts_per_hour: Option<u32>,
    pub(super) texts_per_day: Option<u32>,
    pub(super) templates: BTreeMap<String, String>,
    /// Ids of registered texts, by country and by locale.
    pub(super) registered: BTreeMap<String, BTreeMap<String, String>>,
    /// Labels by the kind of the action and by locale.
    pub(super) actions: BTreeMap<String, BTreeMap<String, String>>,
}

impl FromMembers for BusinessTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            brand: members.read_or_empty("brand"),
            default_locale: members.read_or_empty("default_locale"),
            code_length: members.read_or("code_length", 6),
            code_lifetime_seconds: members.read_or("code_lifetime_seconds", 300),
            attempts: members.read_or("attempts", 5),
            success_token_lifetime_seconds: members.read_or("success_token_lifetime_seconds", 300),
            origin: members.read_optional("origin"),
            android_hash: members.read_or_empty("android_hash"),
            client_key_sha256: members.read_optional("client_key_sha256"),
            texts_per_hour: members.read_optional("texts_per_hour"),
            texts_per_day: members.read_optional("texts_per_day"),
            templates: members.read_or_empty("templates"),
            registered: members.read_or_empty("registered"),
            actions: members.read_or_empty("actions"),
        }
    }
}

#[derive(Default)]
pub(super) struct TestNumberTable {
    pub(super) phone: String,
    pub(super) code: Strings,
    pub(super) until: String,
    pub(super) per_day: u32,
}

impl FromMembers for TestNumberTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            phone: members.read_or_empty("phone"),
            code: members.read_or_empty("code"),
            until: members.read_or_empty("until"),
            per_day: members.read_or("per_day", 100),
        }
    }
}

/// Who may vouch for callers.
pub(super) struct AttestationTable {
    pub(super) issuer: String,
    pub(super) key: Vec<AttestationKeyTable>,
}

impl FromMembers for AttestationTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            issuer: members.read_or_empty("issuer"),
            key: members.read_or_empty("key"),
        }
    }
}

#[derive(Default)]
pub(super) struct AttestationKeyTable {
    pub(super) kid: String,
    pub(super) pem: String,
}

impl FromMembers for AttestationKeyTable {
    fn from_members(members: &mut Members<'_>) -> Self {
        Self {
            kid: members.read_or_empty("kid"),
            pem: members.read_or_empty("pem"),
        }
    }
}
