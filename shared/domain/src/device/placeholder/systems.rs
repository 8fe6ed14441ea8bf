//! Names of systems, of emulators and of processors. Every device that runs them sends the same.

use super::runs::holds_id;

/// Systems, in lower case, without punctuation and spaces.
const SYSTEMS: &str = "\
    android ios ipados iphoneos macos macosx osx watchos tvos windows windowsnt linux darwin chromeos harmonyos \
    androidapi androidsdk apilevel sdk chrome safari firefox edge chromium ubuntu debian fedora";

/// The editions of Windows, which stand behind its version.
const EDITIONS: [&str; 5] = [" pro", " home", " enterprise", " education", " lts"];

/// Emulators, virtual machines, processors, and what browsers call their platform, written like [`SYSTEMS`].
///
/// The code names of real boards are words, such as `panther`, which people give to devices. So they do not count as
/// placeholders.
const MACHINES: &str = "\
    goldfish ranchu vbox86p vbox86 emu64a emu64x emu64xa emu64xr genymotion bluestacks nox noxplayer ldplayer memu \
    redroid waydroid sdk googlesdk virtualbox vmware qemu qcom zuma zumapro x8664 arm64 arm64v8a armeabiv7a aarch64 \
    i386 i686 armv7l armv8l x86 amd64 win32 win64 macintel";

/// The beginnings of the names that Android's emulators give as model, board or serial number, as in `sdk_gphone64_x86_64`.
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

/// How Android's descriptions of a build end.
const FINGERPRINTS: [&str; 3] = ["release-keys", "test-keys", "dev-keys"];

/// Whether a text names a system, an emulator or a processor. `text` is in lower case, and `bare` is it without punctuation
/// and spaces.
pub(super) fn names_system(text: &str, bare: &str) -> bool {
    let machine = bare.strip_prefix("linux").unwrap_or(bare);
    MACHINES
        .split(' ')
        .any(|known| known == bare || known == machine)
        || (is_emulator(bare) && !holds_id(text))
        || FINGERPRINTS.iter().any(|end| text.ends_with(end))
        || is_emulated_serial(bare)
        || is_system(text)
}

/// Whether `bare` begins with the name of an emulator.
pub(super) fn is_emulator(bare: &str) -> bool {
    EMULATORS.iter().any(|start| bare.starts_with(start))
}

/// Whether `text` is a system with its version, as in `Android 14` and `iOS 17.2`.
fn is_system(text: &str) -> bool {
    let mut editions = EDITIONS.iter();
    let text = editions
        .find_map(|edition| text.strip_suffix(edition))
        .unwrap_or(text);
    let version = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let name = text.strip_suffix(version).unwrap_or_default();
    let bare: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_version = version
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'));
    let first = version.split(['.', '_']).next().unwrap_or_default();
    // A list of an app's own may number its devices, as in `android-14`.
    let is_spelled = name.ends_with([' ', '/']) || version.contains('.');
    is_version
        && is_spelled
        && (1..=3).contains(&first.len())
        && SYSTEMS.split(' ').any(|system| system == bare)
}

/// Drops the port from the name that Android's debugger gives an emulator, as in `emulator-5554`.
pub(super) fn strip_port(bare: &str) -> &str {
    let rest = bare.strip_prefix("emulator");
    let is_port = rest.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if is_port { "emulator" } else { bare }
}

/// Whether `bare` is the serial number of an emulator of Android, such as `EMULATOR30X4X5X0`.
fn is_emulated_serial(bare: &str) -> bool {
    let rest = bare.strip_prefix("emulator");
    rest.is_some_and(|rest| {
        rest.matches('x').count() == 3 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'x')
    })
}
