//! The codes of models, which systems give in place of a name: Android as model, as board and as build, Apple's as
//! machine.

use super::brands::{FAMILIES, MAKERS};

/// The codes, in lower case: `#` is a digit, `@` a letter, and `?` makes the sign before it optional. In the order of
/// the lines they are those of
///
/// 1. Samsung
/// 2. Xiaomi
/// 3. Oppo and its brands
/// 4. Vivo, Motorola, Nokia, LG, Sony, Sharp, Lenovo, Amazon and Asus
/// 5. Huawei and Honor
/// 6. chips, which Android gives as hardware and as board
/// 7. builds of Android.
const CODES: [&str; 7] = [
    "sm-@###@?#?@?@?#? gt-@####@?@? sgh-@###@? shv-@###@? sc-0#@ sc-5#@",
    "m2###@##?@@?@? 2######@?g 2#######@?g 2######@?i 2#######@?i 2######@?y 2#######@?y 2####@@@?#?#?#g 2###@@@##g",
    "cph#### rmx#### le21## kb20## in20## hd19## gm19## be20## dn21## ne22## iv22## oneplus-a####",
    "vivo-#### vivo-v####@? infinix-x###?#?@? xt1### xt####-##?@? ta-1### lm-@###@?@?@?@? lg-@###@?@? xq-@@## so-0#@ so-5#@ sh-0#@ sh-5#@ tb-@?####?@?@? kf@@wi asus-@@?##?#?#?@?@?",
    "@@@-al##@? @@@-tl##@? @@@-cl##@? @@@-ul##@? @@@-an##@? @@@-tn##@? @@@-lx##?@? @@@-nx##?@? @@@-bx##?@?",
    "exynos####@? universal####@? msm#### sdm### gs#01",
    "@@#@.######.### @@#@.######.###.@#?#?",
];

/// How Huawei's and Honor's codes begin, as in `VOG-L29`. Other words before such a number are places, as in `bar-l04`.
const HUAWEI: &str = "\
    agr aka agm ags ald alp ana ane aqm ars art ask atu aum auy bac bah bgo bkk bkl bla bln bnd bzk bzt cag can clt cmr \
    col cor cpn cro cun cut dig dli dua dub duk edi ele els eml eva evr fig fla fra frd frl glk gra hlk hma hry hwi inc jat \
    jdn jef jkm jmm jny jsn kiw knt kob ksa ldn lel lio lld lon lua lya lyo mar mha mla mrd mya nce neo nem noh nmo nts nxt oce oxf \
    par pct pic plk pot ppa pra pri rio rne rvl scl sea sht sla sne spn stf stk tag tas tit tny trt vce vie \
    vky vns vog vtr was wlz yal";

/// The names in Apple's identifiers of models, such as `iPhone15,2`.
const APPLE: &str = "\
    iphone ipad ipod watch mac macbook macbookpro macbookair macmini macpro imac imacpro appletv audioaccessory \
    realitydevice virtualmac homepod vision";

/// Whether `text` is an identifier of Apple's for a model: a name and two numbers.
pub(super) fn is_identifier(text: &str) -> bool {
    let is_number = |text: &str| text.len() <= 2 && text.parse::<u8>().is_ok();
    let numbers = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let name = text.strip_suffix(numbers).unwrap_or_default();
    let numbers = numbers.split_once([',', '.', '_']);
    APPLE.split(' ').any(|known| known == name)
        && numbers.is_some_and(|(one, two)| is_number(one) && is_number(two))
}

/// Whether `text` is the code of a model or a chip, alone or behind its maker. Samsung writes a suffix behind a slash.
pub(super) fn is_code(text: &str) -> bool {
    let text = text.replace([' ', '_'], "-");
    let code = text.split_once('/').map_or(text.as_str(), |(code, _)| code);
    let mut makers = MAKERS.split(' ').chain(FAMILIES.split(' '));
    let behind = makers.find_map(|maker| text.strip_prefix(maker));
    let behind = behind.map(|rest| rest.trim_start_matches(['-', '/']));
    let mut patterns = CODES.iter().flat_map(|codes| codes.split(' '));
    let is_huawei = |code: &str, is_behind: bool| {
        code.split_once('-').is_some_and(|(name, number)| {
            (is_behind || HUAWEI.split(' ').any(|known| known == name))
                && matches("@@@", name)
                && matches("l##@?", number)
        })
    };
    is_huawei(code, false)
        || behind.is_some_and(|code| is_huawei(code, true))
        || patterns.any(|pattern| {
            matches(pattern, code) || behind.is_some_and(|code| matches(pattern, code))
        })
}

/// Whether `text` is what `pattern` of [`CODES`] says.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut signs = pattern.chars();
    let Some(sign) = signs.next() else {
        return text.is_empty();
    };
    let rest = signs.as_str();
    let optional = rest.strip_prefix('?');
    let after = optional.unwrap_or(rest);
    let mut characters = text.chars();
    let is_one = characters.next().is_some_and(|c| match sign {
        '#' => c.is_ascii_digit(),
        '@' => c.is_ascii_lowercase(),
        _ => c == sign,
    });
    (is_one && matches(after, characters.as_str())) || (optional.is_some() && matches(after, text))
}
