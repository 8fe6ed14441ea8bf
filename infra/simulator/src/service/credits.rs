//! What a typed code gives back.

use phoneproof_domain::challenge::Payment;
use phoneproof_domain::clock::Timestamp;
use phoneproof_domain::phone_record::Share;
use phoneproof_domain::purse::{
    CallRecord, CountryRecord, Evidence, NetworkRecord, NumberBlockRecord, Payer, PurseKey,
    PursePolicy, Write,
};
use phoneproof_domain::rule::Rule;
use phoneproof_domain::window::{HOUR, Window};

use super::{Sent, Service};

impl Service {
    /// Takes the right code of a text. It is the success that the product stores before it credits anything.
    pub fn take_code(&mut self, now: Timestamp, sent: &Sent) {
        let settings = self.purse_settings.clone();
        let (Some(settings), Some(payment)) = (settings, &sent.payment) else {
            return;
        };
        let payer = &payment.payer;
        let policy = &settings.policy;
        self.tally.codes += 1;
        let country = sent.request.place.country;
        let subjects = &sent.subjects;
        self.credit_country(policy, payer, sent, now);
        self.credit_calls(policy, payer, sent, now);
        self.credit_address(payment);

        let block = PurseKey::NumberBlock(subjects.number_block_index.clone());
        if let Some(write) = payer.credit_number_block(&subjects.number_block_index, None, policy)
            && !self.write_credit(&write)
        {
            let seen = NumberBlockRecord::read(&self.item(&block), now)
                .ok()
                .flatten();
            let again =
                payer.credit_number_block(&subjects.number_block_index, seen.as_ref(), policy);
            if let Some(write) = again {
                self.write_credit(&write);
            }
        }
        let of_network = |seen| payer.credit_network(country, seen, policy, now);
        if let Some(write) = of_network(None)
            && !self.write_credit(&write)
        {
            let seen = NetworkRecord::read(&self.item(&write.key)).ok().flatten();
            if let Some(again) = of_network(seen.as_ref()) {
                self.write_credit(&again);
            }
        }
        let phone = self.phones.entry(subjects.phone_index.clone()).or_default();
        let evidence = Evidence::from_code(subjects.device_index.clone(), now, policy);
        let evidence = evidence.continue_from(phone.evidence.as_ref(), now);
        phone.evidence = Some(evidence.with_network(Some(payer.network.clone())));
    }

    fn credit_country(&mut self, policy: &PursePolicy, payer: &Payer, sent: &Sent, now: Timestamp) {
        let (country, shard) = (sent.request.place.country, payer.shard);
        let key = PurseKey::Country { country, shard };
        let write = payer.credit_country(country, self.seen.get(&key), policy);
        if !self.write_credit(&write) {
            let seen = CountryRecord::read(&self.item(&key), now).ok().flatten();
            let again = payer.credit_country(country, seen.as_ref(), policy);
            self.write_credit(&again);
        }
        if let Ok(Some(record)) = CountryRecord::read(&self.item(&key), now) {
            self.seen.insert(key, record);
        }
    }

    /// Gives the text back to its address, if the address still counts in that hour.
    fn credit_address(&mut self, payment: &Payment) {
        let hour = Window {
            start: payment.hour,
            length: HOUR,
        };
        let address = (Rule::AddressPerHour, Share::Common, payment.address.clone());
        if let Some(counted) = self.counters.get_mut(&address) {
            counted.give_back(&hour);
        }
    }

    /// Gives the price of a call back to the calls of its country, for a typed code.
    fn credit_calls(&mut self, policy: &PursePolicy, payer: &Payer, sent: &Sent, now: Timestamp) {
        let (country, Some(price)) = (sent.request.place.country, sent.called) else {
            return;
        };
        let credit = |seen| payer.credit_calls(country, price, seen, policy);
        if let Some(write) = credit(None)
            && !self.write_credit(&write)
        {
            let item = self.item(&PurseKey::Calls { country });
            let seen = CallRecord::read(&item, now).ok().flatten();
            if let Some(again) = credit(seen.as_ref()) {
                self.write_credit(&again);
            }
        }
    }

    fn write_credit(&mut self, write: &Write) -> bool {
        self.tally.credit_writes += 1;
        self.write_all(std::slice::from_ref(write))
    }
}
