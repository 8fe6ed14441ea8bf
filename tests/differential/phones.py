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
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

METADATA = "9.0.42"
RUST = ("rlibphonenumber", "2.2.15")

TYPES = [number_type for number_type in PhoneNumberType.values() if number_type != PhoneNumberType.UNKNOWN]
# What people and programs leave between digits and around a number: punctuation, every space of Unicode, and characters
# that nobody sees.
SEPARATORS = ["-", ".", "/", "(", ")", "[", "]", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212"]
# What ends a line or a cell of a table. Two lines are not one number, but may stand around one.
BREAKS = ["\t", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
SPACES = [chr(c) for c in range(0x3001) if unicodedata.category(chr(c)) == "Zs"]
INVISIBLE = [chr(c) for c in range(0x10000) if unicodedata.category(chr(c)) == "Cf" and not 0x600 <= c <= 0x605
             and c not in (0x6DD, 0x70F, 0x890, 0x891, 0x8E2)]
# The zero of every script.
ZEROS = [c for c in range(0x110000) if unicodedata.decimal(chr(c), None) == 0 and unicodedata.category(chr(c)) == "Nd"]
# What people dial before an international number, somewhere in the world.
PREFIXES = ["+", "00", "011", "0011", "001", "002", "009", "010", "0018", "00700", "005", "119", "810", "8~10", "0"]
# What people and programs put around a number.
AROUND = [("'", "'"), ('"', '",'), ("<", ">"), ("{", "}"), ("`", "`"), ("\u201c", "\u201d"), ("\u00ab ", " \u00bb"), ("\u300c", "\u300d"),
          ("", ";"), ("", ","), ("", ":"), ("", "!"), ("", "?"), ("", "\u3002"), (": ", ""), ("= ", ""), ("\u260e\ufe0f", ""), ("\U0001f4de ", "")]
# Text that no phone number contains. Google's library guesses a number from most of it; this project refuses it.
FOREIGN = ["x5", " ext. 5", ";ext=5", ",5", "#5", "A", "é", "\u0661a", "*", "\0", "\u0301", "&", "_", "+", "~5"]


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
    """Yields numbers with other separators and digits of other scripts, each with the number before it was respelled.

    Both must be read alike. Google's library reads the plain number, so it need not know the characters.
    """
    for region, text in known:
        zero = rng.choice(ZEROS)
        yield (region, "".join(chr(zero + int(c)) if c in "0123456789" else c for c in text)), (region, text)
        at = rng.randrange(text.find(":") + 1 or 1, len(text))
        between = rng.choice([rng.choice(SEPARATORS), rng.choice(SPACES), rng.choice(INVISIBLE)])
        yield (region, text[:at] + between + text[at:]), (region, text)
        before, after = rng.choice([("\u202a", "\u202c"), ("\u2066", "\u2069"), ("\u200e", ""), ("\ufeff", "\r\n"), ("(", ")")])
        yield (region, before + text + after), (region, text)
        if text.startswith("+"):
            code, _, rest = text.partition(" ")
            yield (region, f"({code}) {rest}"), (region, text)


def wrapped(rng, known):
    """Yields numbers with something around them that Google's library leaves out."""
    for region, text in known:
        before, after = rng.choice(AROUND)
        yield region, before + text + after
        if text.startswith("+"):
            yield region, "+" + text


def dialled_abroad(rng, known):
    """Yields international numbers after the prefixes of every region, and after prefixes of other regions."""
    e164 = [text for region, text in known if region is None and text[:1] == "+" and text[1:].isdigit()]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        own = phonenumbers.PhoneMetadata.metadata_for_region(region)
        own = [own.preferred_international_prefix or own.international_prefix or ""]
        for prefix in [*own, *PREFIXES]:
            for number in rng.sample(e164, 3):
                yield region, f"{prefix}{number[1:]}"
                yield region, f"{prefix} {number[1:3]} {number[3:6]} {number[6:]}"
    for prefix in PREFIXES:
        for number in rng.sample(e164, 20):
            yield None, f"{prefix}{number[1:]}"


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
        # A second plus sign beside the first is not foreign text: some lists put one before numbers that have one.
        if foreign == "+" and "+" in text[at - 1 : at + 1]:
            continue
        yield region, text[:at] + foreign + text[at:]


def broken(rng, known):
    """Yields numbers with the end of a line between two digits, and as Google's library sees them."""
    for region, text in known:
        between = [at for at in range(1, len(text)) if text[at - 1].isdigit() and text[at].isdigit()]
        if between:
            at = rng.choice(between)
            yield region, text[:at] + rng.choice(BREAKS) + text[at:]


def google(region, text):
    """Returns what Google's library reads in a text. It gets the text as it is, without help."""
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed) or parsed.extension:
        return None
    country = phonenumbers.region_code_for_number(parsed)
    kind = PhoneNumberType.to_string(phonenumbers.number_type(parsed))
    return {
        "e164": phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        "country": None if country == "001" else country,
        "type": "".join(word.title() for word in kind.split("_")),
    }


def too_long(number):
    """Whether a number has more than the 15 digits of E.164. Google's library knows some longer German numbers."""
    return number is not None and len(number["e164"]) > 1 + 15


def ours(binary, questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    answers = subprocess.run([binary, "phones"], input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in answers.splitlines()]


def check_metadata():
    lock = (pathlib.Path(__file__).parents[2] / "Cargo.lock").read_text()
    name, version = RUST
    if f'name = "{name}"\nversion = "{version}"' not in lock or phonenumbers.__version__ != METADATA:
        sys.exit(f"{name} {version} and phonenumbers {METADATA} are compared; see the top of this file for new ones")


def count_differences(group, questions, expected, answers):
    """Counts the answers that are not as expected, and prints them."""
    counted = collections.Counter()
    different = 0
    for (region, text), wanted, answer in zip(questions, expected, answers, strict=True):
        refused = "refused" in answer
        counted["refused" if refused else "accepted"] += 1
        if (None if refused else answer) != wanted:
            different += 1
            print(f"{region} {text!r}: {answer}, expected is {wanted}")
    print(f"{group}: {len(questions)} compared, {counted['accepted']} accepted, {counted['refused']} refused")
    return different


def main(binary):
    check_metadata()
    rng = random.Random(1)
    known = list(examples(rng))
    pairs = list(respelled(rng, known))
    groups = {
        "examples": known,
        "misdialled": list(misdialled(rng, known)),
        "wrapped": list(wrapped(random.Random(2), known)),
        "broken": list(broken(random.Random(3), known)),
        "dialled abroad": list(dialled_abroad(rng, known)),
        "random": list(random_numbers(rng, 3_000)),
    }
    different = 0
    for group, questions in groups.items():
        expected = [google(*question) for question in questions]
        expected = [None if too_long(number) else number for number in expected]
        different += count_differences(group, questions, expected, ours(binary, questions))
    respellings, plain = [list(side) for side in zip(*pairs)]
    expected = [google(*question) for question in plain]
    expected = [None if too_long(number) else number for number in expected]
    different += count_differences("respelled", respellings, expected, ours(binary, respellings))
    # This project refuses what Google's library has to guess at. It may never read another number.
    foreign = list(with_foreign_characters(rng, known))
    different += count_differences("foreign characters", foreign, [None] * len(foreign), ours(binary, foreign))
    if different:
        sys.exit(f"{different} differences")


if __name__ == "__main__":
    main(sys.argv[1])
