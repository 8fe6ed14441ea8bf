use super::*;

#[test]
fn accepts_the_ids_that_clients_use() {
    for id in [
        "a",
        "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
        &"x".repeat(128),
    ] {
        assert_eq!(
            Device::parse(id).map(|d| d.expose().to_owned()),
            Ok(id.to_owned())
        );
    }
}

#[test]
fn refuses_an_id_that_is_blank_too_long_or_holds_control_characters() {
    for id in ["", "  ", "a\0b", "a\nb", &"x".repeat(129)] {
        assert_eq!(Device::parse(id), Err(InvalidDevice::Characters));
        assert_eq!(Device::parse_accepted(id), Err(InvalidDevice::Characters));
    }
}

#[test]
fn what_was_accepted_before_is_not_compared_with_placeholders_again() {
    assert_eq!(Device::parse("unknown"), Err(InvalidDevice::Placeholder));
    let device = Device::parse_accepted("unknown").expect("an id");
    assert_eq!(device.expose(), "unknown");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of ids")]
fn refuses_an_id_that_many_devices_share() {
    for id in [
        "00000000-0000-0000-0000-000000000000",
        "{00000000-0000-0000-0000-000000000000}",
        "urn:uuid:00000000-0000-0000-0000-000000000000",
        "UUID('00000000-0000-0000-0000-000000000000')",
        "{0x00000000,0x0000,0x0000,{0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x00}}",
        "00000000000000000000000000000000",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "00000000-0000-4000-8000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "ffffffff-ffff-4fff-bfff-ffffffffffff",
        "11111111-1111-1111-1111-111111111111",
        "12345678-1234-5678-1234-567812345678",
        "01234567-89ab-cdef-0123-456789abcdef",
        "123e4567-e89b-12d3-a456-426614174000",
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx",
        "0",
        "-0",
        "0x0",
        "-1",
        "000000000000000",
        "111111111111111",
        "1234567890",
        "9876543210",
        "0123456789ABCDEF",
        "null",
        "(null)",
        "<nil>",
        "nullnull",
        "null/undefined",
        "Undefined",
        " unknown ",
        "unknown-device",
        "device",
        "Web",
        "browser",
        "iOS",
        "android",
        "iPhone",
        "web-browser",
        "test",
        "test-device",
        "Guest",
        "localhost",
        "emulator-5554",
        "Optional(\"\")",
        "00000000-0000-0000-0000-000000000001",
        "00000000-0000-4000-0000-000000000000",
        "0000000000000001",
        "unknownDeviceId",
        "device_id_unknown",
        "no device id",
        "NOT_SET",
        "N/A",
        "NaN",
        "\u{ff2e}\u{ff35}\u{ff2c}\u{ff2c}",
        "\u{1d427}\u{1d42e}\u{1d425}\u{1d425}",
        "\u{24dd}\u{24e4}\u{24db}\u{24db}",
        "nu\u{200b}ll",
        "未知",
        "неизвестно",
        "[object Object]",
        "[object Undefined]",
        "Instance of 'Future<String?>'",
        "${deviceId}",
        "{{ device_id }}",
        "{deviceId}",
        "%DEVICE_ID%",
        "%s",
        "%1$s",
        "<uuid>",
        "YOUR_DEVICE_ID",
        "installation-id",
        "9774d56d682e549c",
        "9774D56D682E549C",
        "02:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "00:11:22:33:44:55",
        "aa:bb:cc:dd:ee:ff",
        "To be filled by O.E.M.",
        "d41d8cd98f00b204e9800998ecf8427e",
        "--",
        "ffffffff",
        "FF-FF-FF-FF",
        "xxxxxxxx",
        "11111111",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "00000000-0000-0000-0000-00000000000a",
        "10000000-0000-0000-0000-000000000000",
        "00000000-0000-1000-8000-00000000000f",
        "deadbeef-dead-beef-dead-beefdeadbeef",
        "\u{660}\u{660}\u{660}\u{660}-\u{660}\u{660}\u{660}\u{660}",
        "\u{966}",
        "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "3FA85F64-5717-4562-B3FC-2C963F66AFA6",
        "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        "919108f7-52d1-4320-9bac-f847db4148a8",
        "03000200-0400-0500-0006-000700080009",
        "12345678-1234-1234-1234-123456789abc",
        "V1StGXR8_Z5jdHi6B-myT",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "490154203237518",
        "00:1A:2B:3C:4D:5E",
        "de:ad:be:ef:ca:fe",
        "EMULATOR30X4X5X0",
        "emulator-5556",
        "sdk_gphone64_x86_64",
        "Android SDK built for x86",
        "generic_x86_64",
        "Default string",
        "kotlin.Unit",
        "unknown unknown",
        "undefined-undefined",
        "null_null_null",
        "<unknown>",
        "[null]",
        "{}",
        "\"\"",
        "''",
        "'null'",
        "id: null",
        "deviceId=undefined",
    ] {
        assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
    }
}

/// Models, systems, emulators, hosts, functions, programs, errors, and words of examples.
const MODELS_AND_PRINTED: &str = "iPhone15,2|iPhone14,2|iphone12,8|iPad13,18|iPod9,1|Watch6,18|Mac14,7|MacBookPro18,3|AppleTV11,1|\"iPhone15,2\"|\
    iPhone 15 Pro Max|iPhone15ProMax|iPhone SE (3rd generation)|iPhone XR|iPhone XS Max|iPhone X|\
    iPad Pro (12.9-inch) (4th generation)|iPad Air 5|MacBook Pro|iPhone Simulator|Apple iPhone 13|Pixel 7|pixel-7|\
    pixel_7|Pixel 8 Pro|Pixel 6a|Google Pixel 9 Pro XL|Pixel Fold|Nexus 5X|pixel|SM-G991B|sm-g991b|SM-S918U1|SM-A5460|\
    SM-N975F/DS|SM\u{2011}G991B|samsung SM-G991B|GT-I9300|Samsung Galaxy S23 Ultra|Galaxy A54 5G|Galaxy Z Fold5|\
    Galaxy Tab S9 FE+|samsung|Redmi Note 12|Xiaomi Redmi Note 12 Pro+ 5G|POCO X3 Pro|Mi 11|Mi 9T Pro|M2101K6G|2201117TG|\
    Xiaomi 22041219G|Xiaomi|OnePlus 11|OnePlus Nord CE 2 Lite 5G|LE2115|ONEPLUS A6003|CPH2451|OPPO Find X5|\
    realme 10 Pro+|RMX3085|vivo 1904|HUAWEI P40 Pro|VOG-L29|HUAWEI ELS-NX9|Honor 90|moto g(60)|Moto G Power (2021)|\
    XT2125-4|motorola edge 30|Nokia 3310|TA-1234|Xperia 1 IV|XQ-BC72|ASUS_I005D|LM-G710|motorola|goldfish|ranchu|\
    sdk_gphone64_x86_64|sdk_gphone64_arm64|Android SDK built for arm64|vbox86p|emu64xa|x86_64|arm64|qcom|exynos2100|\
    Linux x86_64|MacIntel|Win32|TQ1A.230205.002|TP1A.220624.014.A1|\
    google/oriole/oriole:13/TQ1A.230205.002/9471150:user/release-keys|Android 14|iOS 17.2|iOS 17_2|Windows 10|\
    Windows NT 10.0|iPadOS/17.5.1|Android API 34|REPLACE_ME|<replace-me>|your-device-id|REPLACE_WITH_DEVICE_ID|\
    enter your device id here|FIXME|127.0.0.1|127.0.0.1:3000|localhost|localhost:3000|http://localhost:8080/|::1|[::1]|\
    0.0.0.0|10.0.2.15|192.168.1.20|fe80::1|::ffff:10.0.0.1|function () { [native code] }|\
    function getId() { [native code] }|() => uuid()|async () => {}|getDeviceId()|DeviceInfo.getUniqueId()|\
    Promise { <pending> }|Promise {<pending>}|Promise { 'x' }|[object Promise]|[Function: getId]|Symbol(id)|\
    process.env.DEVICE_ID|<function get_id at 0x7f3a2c>|<coroutine object get_id at 0x7f3a2c>|Closure: () => String|\
    java.lang.Object@1b2c3d|%!s(<nil>)|Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0|\
    okhttp/4.12|okhttp/4.12.0|Dart/3.0 (dart:io)|okhttp|curl/8|Dalvik/2.1.0 (Linux; U; Android 13)|\
    MyApp/1.2.3 CFNetwork/1410 Darwin/22.6.0|axios/1.6.0|python-requests/2.31.0|error|Error|Error: timeout|Error: |\
    TypeError: x is not a function|PlatformException(error, null, null, null)|java.lang.SecurityException: denied|\
    MissingPluginException(No implementation found)|Failed to get device id|Permission denied|error_no_device_id|foo|\
    bar|foobar|foo-bar|Nothing Phone (2a)|nothing phone 1|Huawei BAR-L04|STK-L21|TA-1053|SO-53C|function f(a) { return a }|\
    class Id { }|class com.example.Id|TypeError|com.example.IdException|MyApp/1.2|baz|Foo Bar|asdf|lorem ipsum|NaN|Infinity|Pixel Tablet|Galaxy S21 FE 5G|samsung s23|\
    Xiaomi 13T Pro|Mi A1|2312DRA50G|vivo V2109|Apple Watch Series 9|HTC One M9|TECNO Spark 10|Infinix X6831|\
    generic_arm64|ranchu_x86|iOS Simulator|put-your-device-id-here|fake-device|FILL_ME_IN|x => x|() -> Unit|\
    NSUUID().uuidString|{\"_h\":0,\"_i\":0,\"_j\":null,\"_k\":null}|<Task pending>|Optional.empty|\
    ExampleApp/1 CFNetwork/1485 Darwin/23.1.0|Mobile Safari|Chrome/120.0.0.0|timeout|<!DOCTYPE html>|\
    Internal Server Error|hello world|Android/13";

/// Versions, examples of documents, names of variables and of functions, and errors.
const EXAMPLES: &str = "Chrome 119|Firefox 121|Edge 120|Chrome/119|Windows 10 Pro|Windows 11 Home|Chrome OS|ChromeOS 119|Ubuntu 22.04|\
    5df41881-3aed-3515-88a7-2f4a814cf09e|2ed6657d-e927-568b-95e1-2665a8aea6a2|5c146b14-3c52-8afd-938a-375d0df1fbf6|\
    f47ac10b-58cc-4372-a567-0e02b2c3d479|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|E621E1F8-C36C-495A-93FC-0C247A3E6E5F|\
    507f1f77bcf86cd799439011|0ujtsYcgvSTl8PAuAdqWYSMnLOv|cjld2cjxh0000qzrmn831i7rn|11111111-2222-3333-4444-555555555555|\
    11111111-2222-4333-8444-555555555555|aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee|12345678-90ab-cdef-1234-567890abcdef|\
    1234567890abcdef|myapp/2.0:00000000-0000-0000-0000-000000000000|app/1.2.3 507f1f77bcf86cd799439011|fp-undefined|\
    visitor-undefined|fingerprint-null|visitorId|sessionId|session_id|deviceToken|getUniqueId|getDeviceId|identifierForVendor|\
    crypto.randomUUID|crypto.randomUUID()|SERVICE_NOT_AVAILABLE|BLACKLISTED|[NSNull null]|Pixel_3a_API_30|Nexus_5X_API_29|\
    Pixel_7_Pro_API_34|Pixel 6 API 33|Medium_Phone_API_35|PC|Laptop|computer|Network Error|Unknown error|Phone";

/// Many devices send what a document, a library or a variable says.
#[test]
fn refuses_examples_and_versions() {
    for id in EXAMPLES.split('|') {
        assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
    }
}

/// All phones of one model, or with one version of a program, would share the limits of one device.
#[test]
fn refuses_models_systems_and_what_programs_print() {
    for id in MODELS_AND_PRINTED.split('|') {
        assert_eq!(Device::parse(id), Err(InvalidDevice::Placeholder), "{id}");
    }
}

/// Ids that apps made, and ids with the name of a model or a program in them.
const LIKE_MODELS: &str = "pixel-7f3a|iphone-7f3a9c|galaxy-a1b2c3d4|Pixel 7 of Ann|Ann's iPhone|DESKTOP-4F7K2Q1|samsung-7f3a|my-laptop-2|\
    SM-G991B-R58M123ABCD|pixelated|macaroni|watchdog|error-7|mirror|terrier|function-7|promise-7|classic|barbara|\
    foobar2000|barn|okhttp-7f3a|android-15|localhost-7f3a|2001:db8::7|b8:27:eb:ff:fe:12:34:56|QmFzZTY0/2lkK2E=|\
    abc/1DEF+ghI2==|okh/4QWx9Zk=|vrN2oM5+8a/1bXcKQw==|dGhpcy1pcy1hbi1pZA|\
    fGzX9-0aQx2:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx|018f4e3a-7c1b-7d2e-9a4f-3b6c8d9e0f1a|clh3am5yk0000qw8f7r3t2m1z|\
    65f1c0a2b3d4e5f60718293a|KSUID2aQx9fGzX0aQx2vrN2oM5a8b|amzn1.ask.device.AHX7K2|com.example.app.4711|device/7f3a|\
    a1.b2.c3|G0W0MA07934600Q7|RF8N70ABCDE|ZY223XKQ9Z|g\u{e9}n\u{e9}rique-3";

#[test]
fn accepts_an_id_that_only_looks_like_a_placeholder() {
    let listed = [
        "d",
        "f",
        "x",
        "1",
        "10",
        "123",
        "my-laptop",
        "nano",
        "banana",
        "android-14",
        "unknown-7",
        "null-7",
        "-1204719283",
        "test-7",
        "emulator-a",
        "urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "UUID('6f9619ff-8b86-d011-b42d-00cf4fc964ff')",
        "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}",
        "6f9619ff8b86d011b42d00cf4fc964ff",
        "b8:27:eb:12:34:56",
        "490154203237526",
        "bf4d6c8e01a2937f",
        "W3StGXR8_Z5jdHi6B-myQ",
        "01HZX3NDEKTSV4RRFFQ69G5FB7",
        "设备",
        "device-64",
        "device64",
        "Device 1",
        "dev-7",
        "user42",
        "user-1",
        "client_7f3a",
        "web-7f3a",
        "ios-1a",
        "my-ipad-2",
        "x7",
        "0a",
        "000000000004711",
        "0000000000004711",
        "00000000-0000-0000-0000-000000004711",
        "00000000-0000-0000-0000-000000000042",
        "000000000012",
        "1000000",
        "12345",
        "1234567",
        "12121212",
        "deadbeef00112233",
        "facefeeddeadbeef",
        "c0ffee0123456789",
        "cafebabe-1f2e-4a3b-9c4d-5e6f708192a3",
        "00c0ffee-dead-4bee-8fed-facade0decaf",
        "0b00b1e5-f00d-4bad-a55a-5ca1ab1e0ff5",
        "ff00ff00ff01",
        "00:00:5e:00:53:01",
        "nullable",
        "undefinedish-9",
        "testament",
        "idiom",
        "unknownsoldier",
        "guestbook",
        "R58M123ABCD",
        "HT7A1KM00123",
        "sdk-2f9c",
    ];
    for id in listed.into_iter().chain(LIKE_MODELS.split('|')) {
        assert!(Device::parse(id).is_ok(), "{id}");
    }
}

/// What people call the devices of a house, an office or a shop.
const EVERYDAY: &str = "phone-1|Phone 1|phone-2|phone-2a|phone-12|phone-17|phone-21|Phone 3a|pos-l01|bar-l04|lab-l01|pos-l12a|ta-0042|\
    sc-12a|so-12b|sh-21a|class 4b|class room 2.1|function room|function hall 2|closure room|missing link|Missing Piece|terror|Terror|mirror 2|my-tablet|My iPad|\
    galaxy-tablet|room/1.2|floor 2/4.1|rack 3/1.2|Node 7|ruby|opera|edge-7|Hermes|desk (2)|kitchen -> hall|left/right|\
    visitor-7f3a|session-42|pc-7|Laptop of Ann|computer 3|chrome-119|11111111-2222-3333-4444-555555555556|room 12 pro|api 30|token7|\
    phone booth|till 4|bar (front)";

#[test]
fn accepts_the_names_that_people_give_to_devices() {
    for id in EVERYDAY.split('|') {
        assert!(Device::parse(id).is_ok(), "{id}");
    }
}

/// Random numbers of xorshift, the same at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut one = || alphabet[self.below(alphabet.len())];
        (0..length).map(|_| one()).collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12]
            .map(|length| self.text(HEX, length))
            .join("-")
    }
}

const HEX: &str = "0123456789abcdef";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const CRYPT64: &str = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE85: &str =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const ASCII85: &str =
    "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstu";

/// Apps put their name before an id, and generators of ids use every sign.
#[test]
fn accepts_random_ids_whatever_stands_before_them() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..400 {
        let (uuid, hex) = (random.uuid(), random.text(HEX, 16));
        for id in [
            uuid.clone(),
            format!("myapp/2.0:{uuid}"),
            format!("app/1.2.3 {uuid}"),
            format!("ios/17.2/{uuid}"),
            format!("myapp-ios/7.5.2/{uuid}"),
            format!("okhttp/4.12 {hex}"),
            format!("okhttp/4.12.0 {}", uuid.to_uppercase()),
            format!("sdk_gphone64_arm64-{hex}"),
            format!("sdk_gphone64_x86_64/{uuid}"),
            format!("{{\"_id\":\"{}\"}}", random.text(HEX, 24)),
            format!("$2b$10${}", random.text(CRYPT64, 53)),
            format!(
                "$6${}${}",
                random.text(CRYPT64, 16),
                random.text(CRYPT64, 86)
            ),
            random.text(CRYPT64, 43),
            random.text(BASE64, 43) + "=",
            random.text(BASE64, 22) + ".1",
            random.text(BASE85, 20),
            random.text(ASCII85, 20),
            format!("<~{}~>", random.text(ASCII85, 40)),
        ] {
            assert!(Device::parse(&id).is_ok(), "{id}");
        }
    }
}

#[test]
fn debug_hides_the_id() {
    let device = Device::parse("canary-device").expect("valid");
    assert!(!format!("{device:?}").contains("canary"));
}

/// Nobody could wait until every way to divide these into names and words had been looked at.
#[test]
fn a_text_that_can_be_divided_in_many_ways_takes_no_longer() {
    for id in [
        format!("iphone{}q", "i".repeat(121)),
        format!("pixel{}q", "promax".repeat(20)),
        format!("{}q", "replacemeid".repeat(11)),
    ] {
        assert!(Device::parse(&id).is_ok(), "{id}");
    }
}
