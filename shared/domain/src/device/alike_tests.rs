//! Ids that differ in one thing from what programs print, and what programs print.

use super::*;

/// Each is told from what programs print by one thing.
#[test]
fn tells_what_programs_print_from_ids_like_it() {
    for id in [
        "closure object",
        "closure #1",
        "TimeoutException",
        "TypeError",
        "neterror: timed out",
        "error timed out",
        "net.error timed out",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "::ffff:198.51.100.7",
        "{device id}",
        "{{ device_id | 'none' }}",
    ] {
        assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
    }
    for id in [
        "iphone123,4",
        "iphone1,abc",
        "room1,2",
        "EMULATORaXbXcX7f",
        "mi5",
        "0k1w2r3z4q5v6m7x",
        "7a()",
        "7x/1.2.3",
        "a=b/1.2.3",
    ] {
        assert!(Device::parse(id).is_ok(), "{id}");
    }
}
