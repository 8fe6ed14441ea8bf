//! Names of systems, of emulators and of processors. Every device that runs them sends the same.

use super::emulators::{is_emulated_serial, is_emulator};
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

/// How Android's descriptions of a build end.
const FINGERPRINTS: [&str; 3] = ["release-keys", "test-keys", "dev-keys"];

/// Whether a text names a system, an emulator or a processor. `text` is in lower case, and `bare` is it without
/// punctuation and spaces.
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
