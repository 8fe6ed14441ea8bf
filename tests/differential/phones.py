"""Compares phone numbers with Google's libphonenumber, through its port to Python.

    pip install -r tests/differential/requirements.txt
    cargo build -p phoneproof-differential
    python3 tests/differential/phones.py target/debug/phoneproof-differential

Both sides must hold the same metadata: rlibphonenumber 2.2.15 and phonenumbers 9.0.42 both hold that of
libphonenumber 9.0.42 (the crate's readme names it). Every input is the same in every run.
"""

import collections
import json
import pathlib
import random
import subprocess
import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

METADATA = "9.0.42"
RUST = ("rlibphonenumber", "2.2.15")

TYPES = [number_type for number_type in PhoneNumberType.values() if number_type != PhoneNumberType.UNKNOWN]
SEPARATORS = [" ", "-", ".", "/", "(", ")", "\u00a0", "\u2011", "\u3000", "\u200b"]
DIGITS = {"full-width": 0xFF10, "Arabic-Indic": 0x0660, "extended Arabic-Indic": 0x06F0, "Devanagari": 0x0966}
# Text that no phone number contains. Google's library guesses a number from most of it; this project refuses it.
FOREIGN = ["x5", " ext. 5", ";ext=5", ",5", "#5", "A", "é", "\u0661a", "*", "\0", "\u202e", "&", "_", "+", "\t1"]


def examples(rng):
    """Yields example numbers of every region and type, as people write them there and elsewhere."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number_type in TYPES:
            number = phonenumbers.example_number_for_type(region, number_type)
            if number is None:
                continue
            national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            elsewhere = rng.choice(["US", "DE", "CN", "BR"])
            yield region, national
            yield region, phonenumbers.national_significant_number(number)
            yield None, e164
            yield None, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
            yield None, phonenumbers.format_number(number, PhoneNumberFormat.RFC3966).split(";")[0]
            yield elsewhere, "00" + e164[1:]
            yield elsewhere, phonenumbers.format_out_of_country_calling_number(number, elsewhere)
            yield elsewhere, national
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = phonenumbers.example_number_for_non_geo_entity(code)
        yield None, phonenumbers.format_number(number, PhoneNumberFormat.E164)


def misdialled(rng, known):
    """Yields numbers with a digit added, removed or changed, or with two digits swapped."""
    for region, text in known:
        digits = [index for index, character in enumerate(text) if character in "0123456789"]
        at = rng.choice(digits)
        other = rng.choice(digits)
        swapped = list(text)
        swapped[at], swapped[other] = swapped[other], swapped[at]
        yield region, rng.choice([
            text[:at] + text[at + 1 :],
            text[:at] + rng.choice("0123456789") + text[at:],
            text[:at] + rng.choice("0123456789") + text[at + 1 :],
            "".join(swapped),
        ])


def respelled(rng, known):
    """Yields numbers with other separators and with digits of other scripts."""
    for region, text in known:
        zero = rng.choice(list(DIGITS.values()))
        yield region, "".join(chr(zero + int(c)) if c in "0123456789" else c for c in text)
        at = rng.randrange(1, len(text))
        yield region, text[:at] + rng.choice(SEPARATORS) + text[at:]
        yield region, rng.choice([" ", "\u3000", "("]) + text + rng.choice([" ", ")", "-"])


def random_numbers(rng, count):
    """Yields random digits after every country code, and as national numbers in every region."""
    codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    for _ in range(count):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randrange(4, 14)))
        yield None, f"+{rng.choice(codes)}{digits}"
        yield rng.choice(regions), digits
        yield rng.choice([None, "US", "RU", "AU"]), rng.choice(["", "0", "00", "011", "8~10", "0011", "+"]) + digits


def with_foreign_characters(rng, known):
    """Yields numbers with a piece of foreign text, all of which must be refused."""
    for region, text in known:
        foreign = rng.choice(FOREIGN)
        at = rng.choice([rng.randrange(1, len(text) + 1), len(text)])
        yield region, text[:at] + foreign + text[at:]


def google(region, text):
    """Returns what Google's library reads in a text of digits, separators and plus signs.

    Four rules are this project's own:
    - a plus sign is only allowed at the start;
    - 00 is the international prefix everywhere;
    - a national number needs a region;
    - an E.164 number has at most 15 digits. Google's library also accepts some longer German numbers.
    """
    number = text.strip()
    if number[:4].lower() == "tel:":
        number = number[4:]
    number = number.lstrip()
    if number.startswith("00"):
        number = "+" + number[2:]
    plus_signs = [index for index, character in enumerate(number) if character in "+\uff0b"]
    if plus_signs not in ([], [0]) or (not plus_signs and region is None):
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or parsed.extension:
        return None
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    if len(e164) > 1 + 15:
        return None
    country = phonenumbers.region_code_for_number(parsed)
    kind = PhoneNumberType.to_string(phonenumbers.number_type(parsed))
    return {
        "e164": e164,
        "country": None if country == "001" else country,
        "type": "".join(word.title() for word in kind.split("_")),
    }


def ours(binary, questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    answers = subprocess.run([binary, "phones"], input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in answers.splitlines()]


def check_metadata():
    lock = (pathlib.Path(__file__).parents[2] / "Cargo.lock").read_text()
    name, version = RUST
    if f'name = "{name}"\nversion = "{version}"' not in lock or phonenumbers.__version__ != METADATA:
        sys.exit(f"{name} {version} and phonenumbers {METADATA} are compared; see the top of this file for new ones")


def main(binary):
    check_metadata()
    rng = random.Random(1)
    known = list(examples(rng))
    groups = {
        "examples": known,
        "misdialled": list(misdialled(rng, known)),
        "respelled": list(respelled(rng, known)),
        "random": list(random_numbers(rng, 3_000)),
        "foreign characters": list(with_foreign_characters(rng, known)),
    }
    different = 0
    for group, questions in groups.items():
        counted = collections.Counter()
        for (region, text), answer in zip(questions, ours(binary, questions), strict=True):
            expected = None if group == "foreign characters" else google(region, text)
            refused = "refused" in answer
            counted["refused" if refused else "accepted"] += 1
            if (None if refused else answer) != expected:
                different += 1
                print(f"{region} {text!r}: {answer}, Google's library says {expected}")
        print(f"{group}: {len(questions)} compared, {counted['accepted']} accepted, {counted['refused']} refused")
    if different:
        sys.exit(f"{different} differences")


if __name__ == "__main__":
    main(sys.argv[1])
