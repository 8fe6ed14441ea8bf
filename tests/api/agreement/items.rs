//! The attributes of a phone's record, as the table holds them.

use super::*;

pub(super) fn number(attribute: &Value) -> Option<i64> {
    attribute["N"].as_str()?.parse().ok()
}

pub(super) fn read_slot(members: &Value) -> Slot {
    let binary = |name: &str| -> Option<[u8; 16]> {
        let bytes = STANDARD.decode(members[name]["B"].as_str()?).ok()?;
        bytes.try_into().ok()
    };
    let left = number(&members["l"]).expect("a number");
    Slot {
        id: ChallengeId(binary("i").expect("an id")),
        root: RootId::parse(members["r"]["S"].as_str().expect("a text")).expect("an id"),
        expires_at: Timestamp::from_unix(number(&members["e"]).expect("a number")),
        attempts_left: u32::try_from(left).expect("small"),
        renewed_as: binary("n").map(ChallengeId),
        used: number(&members["u"]).map(|at| Use {
            at: Timestamp::from_unix(at),
            by: WriteId(binary("ub").expect("a write")),
        }),
        written_by: binary("b").map(WriteId),
        resends: members
            .as_object()
            .expect("members")
            .iter()
            .filter_map(|(name, at)| {
                let id = u128::from_str_radix(name.strip_prefix("resent_")?, 16).expect("an id");
                let at = Timestamp::from_unix(number(at).expect("a number"));
                Some((ResendId(id.to_be_bytes()), at))
            })
            .collect(),
        calls: None,
    }
}

pub(super) fn slot_attribute(slot: &Slot) -> Value {
    let mut members = json!({
        "i": { "B": STANDARD.encode(slot.id.0) },
        "r": { "S": slot.root.as_str() },
        "e": { "N": slot.expires_at.unix().to_string() },
        "l": { "N": slot.attempts_left.to_string() },
    });
    if let Some(Use { at, by }) = slot.used {
        members["u"] = json!({ "N": at.unix().to_string() });
        members["ub"] = json!({ "B": STANDARD.encode(by.0) });
    }
    if let Some(ChallengeId(next)) = slot.renewed_as {
        members["n"] = json!({ "B": STANDARD.encode(next) });
    }
    if let Some(WriteId(by)) = slot.written_by {
        members["b"] = json!({ "B": STANDARD.encode(by) });
    }
    for (ResendId(id), at) in &slot.resends {
        let name = format!("resent_{:032x}", u128::from_be_bytes(*id));
        members[name] = json!({ "N": at.unix().to_string() });
    }
    json!({ "M": members })
}
