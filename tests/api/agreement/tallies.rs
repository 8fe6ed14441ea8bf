//! The tallies of records, as the table holds them.

use std::collections::btree_map::Entry;

use phoneproof_domain::subject_record::SubjectRecord;

use super::*;

impl Bench {
    /// The table and the key of a subject's record.
    pub(super) fn place_of(subject: &Subject) -> (&'static str, String) {
        match subject.kind {
            SubjectKind::Phone => ("Challenges", subject.index.as_str().to_owned()),
            _ => ("Limits", subject.key()),
        }
    }

    /// Puts a record that holds only these tallies.
    pub(super) async fn put_tallies(&self, subject: &Subject, tallies: &[(&str, Tally)]) {
        let (table, key) = Self::place_of(subject);
        let mut item = json!({ "pk": { "S": key } });
        for (name, tally) in tallies {
            write_tally(&mut item, name, tally);
        }
        let request = json!({ "TableName": table, "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &request).await.status, 200);
    }

    /// Adds a count of each gate to the records, in the windows of the gates. It writes each record once.
    pub(super) async fn set_counts(&self, gates: &[Gate], n: u32) {
        let mut updates = BTreeMap::<_, (Vec<String>, Value)>::new();
        for gate in gates {
            let window = gate.quota().expect("it counts").window;
            let (name, place) = (tally_name(gate), Tally::place(&window));
            let (set, values) = updates.entry(Self::place_of(&gate.subject)).or_default();
            set.push(format!("{name}_at = :{name}_at, {name}_{place} = :n"));
            values[":n"] = json!({ "N": n.to_string() });
            values[format!(":{name}_at")] = json!({ "N": window.start.unix().to_string() });
        }
        for ((table, key), (set, values)) in updates {
            let update = json!({
                "TableName": table,
                "Key": { "pk": { "S": key } },
                "UpdateExpression": format!("SET {}", set.join(", ")),
                "ExpressionAttributeValues": values,
            });
            assert_eq!(self.world.dynamodb("UpdateItem", &update).await.status, 200);
        }
    }

    /// Reads the tally of each gate, in their order. It reads each record once.
    pub(super) async fn tallies(&self, gates: &[Gate]) -> Vec<Tally> {
        let mut records = BTreeMap::new();
        for gate in gates {
            let (table, key) = Self::place_of(&gate.subject);
            if let Entry::Vacant(place) = records.entry((table, key.clone())) {
                place.insert(self.item(table, &key).await);
            }
        }
        let read =
            |gate: &Gate| read_tally(&records[&Self::place_of(&gate.subject)], tally_name(gate));
        gates.iter().map(read).collect()
    }

    pub(super) async fn tally(&self, gate: &Gate) -> Tally {
        let (table, key) = Self::place_of(&gate.subject);
        read_tally(&self.item(table, &key).await, tally_name(gate))
    }

    /// Reads an item; null if there is none.
    pub(super) async fn item(&self, table: &str, key: &str) -> Value {
        let key = json!({ "pk": { "S": key } });
        let request = json!({ "TableName": table, "Key": key, "ConsistentRead": true });
        self.world.dynamodb("GetItem", &request).await.json["Item"].take()
    }

    /// Reads a tally of the phone's record.
    pub(super) async fn phone_tally(&self, name: &str) -> Tally {
        let index = self.subjects.phone_index.as_str();
        read_tally(&self.item("Challenges", index).await, name)
    }

    /// Replaces a tally of the phone's record.
    pub(super) async fn replace_tally(&self, name: &str, tally: &Tally) {
        let index = self.subjects.phone_index.as_str();
        let mut item = self.item("Challenges", index).await;
        let members = item.as_object_mut().expect("an item");
        members.retain(|member, _| !member.starts_with(name));
        write_tally(&mut item, name, tally);
        let put = json!({ "TableName": "Challenges", "Item": item });
        assert_eq!(self.world.dynamodb("PutItem", &put).await.status, 200);
    }

    /// Empties the records of all gates.
    pub(super) async fn empty(&self, gates: &[Gate]) {
        let mut emptied = Vec::new();
        for Gate { subject, .. } in gates {
            if !emptied.contains(&subject) {
                self.put_tallies(subject, &[]).await;
                emptied.push(subject);
            }
        }
    }
}

/// The name of the tally in which a gate counts.
pub(super) fn tally_name(gate: &Gate) -> &'static str {
    let is_day = gate.quota().expect("it counts").window.length == DAY;
    match (gate.share, is_day) {
        (Share::Common, false) => "hour",
        (Share::Common, true) => "day",
        (Share::Here, false) => "here_hour",
        (Share::Here, true) => "here_day",
        (Share::Near, false) => "near_hour",
        (Share::Near, true) => "near_day",
    }
}

pub(super) fn write_tally(item: &mut Value, name: &str, tally: &Tally) {
    if let Some(at) = tally.at {
        item[format!("{name}_at")] = json!({ "N": at.unix().to_string() });
    }
    for (place, n) in &tally.places {
        item[format!("{name}_{place}")] = json!({ "N": n.to_string() });
    }
}

pub(super) fn read_tally(item: &Value, name: &str) -> Tally {
    let read = |place| {
        let n = number(&item[format!("{name}_{place}")])?;
        Some((place, u32::try_from(n).expect("small")))
    };
    Tally {
        at: number(&item[format!("{name}_at")]).map(Timestamp::from_unix),
        places: (0..PLACES).filter_map(read).collect(),
    }
}

/// Puts `tally` where the record of a subject has that of the gate.
pub(super) fn set_tally(record: &mut SubjectRecord, gate: &Gate, tally: Tally) {
    let counts = match gate.share {
        Share::Common => &mut record.common,
        Share::Here => &mut record.here,
        Share::Near => &mut record.near,
    };
    if gate.quota().expect("it counts").window.length < DAY {
        counts.hour = tally;
    } else {
        counts.day = tally;
    }
}
