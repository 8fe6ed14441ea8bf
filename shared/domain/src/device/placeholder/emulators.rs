//! Names of Android's emulators. All of one kind have the same.

/// The beginnings of the names that Android's emulators give as model, board or serial number, as in
/// `sdk_gphone64_x86_64`.
const EMULATORS: [&str; 13] = [
    "sdkgphone",
    "sdkgoogle",
    "androidsdkbuiltfor",
    "genericx86",
    "genericarm",
    "goldfishx86",
    "goldfisharm",
    "ranchux86",
    "ranchuarm",
    "vsocx86",
    "vsocarm",
    "emulator64x86",
    "emulator64arm",
];

/// Whether `bare` begins with the name of an emulator.
pub(super) fn is_emulator(bare: &str) -> bool {
    EMULATORS.iter().any(|start| bare.starts_with(start))
}

/// Drops the port from the name that Android's debugger gives an emulator, as in `emulator-5554`.
pub(super) fn strip_port(bare: &str) -> &str {
    let rest = bare.strip_prefix("emulator");
    let is_port = rest.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if is_port { "emulator" } else { bare }
}

/// Whether `bare` is the serial number of an emulator of Android, such as `EMULATOR30X4X5X0`.
pub(super) fn is_emulated_serial(bare: &str) -> bool {
    let rest = bare.strip_prefix("emulator");
    rest.is_some_and(|rest| {
        rest.matches('x').count() == 3 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'x')
    })
}
