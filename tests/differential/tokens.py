"""Compares tokens with PyJWT, in both directions and for both algorithms.

    pip install -r tests/differential/requirements.txt
    cargo build -p phoneproof-differential
    python3 tests/differential/tokens.py target/debug/phoneproof-differential

PyJWT signs the cases of tokens.json, and the guard must give the verdict of each case. PyJWT also checks the tokens
that the service issues.
"""

import base64
import hmac
import json
import pathlib
import subprocess
import sys
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

TABLE = json.loads((pathlib.Path(__file__).parent / "tokens.json").read_text())


def new_key(algorithm):
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == "ES384" else ec.SECP256R1())


KEYS = {algorithm: new_key(algorithm) for algorithm in ["ES256", "RS256"]}
OTHERS = {algorithm: new_key(algorithm) for algorithm in ["ES256", "RS256", "ES384"]}
# Another algorithm for each, with the same key if the algorithm can use it.
ELSE = {"ES256": ("ES384", OTHERS["ES384"]), "RS256": ("PS256", KEYS["RS256"])}
SWAPPED = {"ES256": "RS256", "RS256": "ES256"}


def jwk(algorithm, key):
    kind = RSAAlgorithm if algorithm == "RS256" else ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": algorithm, "alg": algorithm, "use": "sig"}


JWKS = {"keys": [jwk(algorithm, key) for algorithm, key in KEYS.items()]}


def changed(members, changes):
    members = {**members, **changes}
    return {name: value for name, value in members.items() if value is not None}


def sign(header, claims, algorithm, key):
    # PyJWT's plain signer does not check the claims.
    return jwt.api_jws.encode(claims, key, algorithm, headers=header)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(case, algorithm):
    header = changed({**TABLE["header"], "kid": algorithm}, case.get("header", {}))
    if header.get("kid") == "swapped":
        header["kid"] = SWAPPED[algorithm]
    claims = json.dumps(changed(TABLE["claims"], case.get("claims", {}))).encode()
    # PyJWT writes `"typ": "JWT"` unless the header has a type; an empty one leaves it out.
    header.setdefault("typ", "")
    good = sign(header, claims, algorithm, KEYS[algorithm])
    match case.get("sign"):
        case None:
            return good
        case "other key":
            return sign(header, claims, algorithm, OTHERS[algorithm])
        case "other key in header":
            return sign({**header, "jwk": jwk(algorithm, OTHERS[algorithm])}, claims, algorithm, OTHERS[algorithm])
        case "other algorithm":
            return sign(header, claims, *ELSE[algorithm])
        case "public key as secret":
            # PyJWT refuses such a secret, so the token is made by hand.
            public = KEYS[algorithm].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            message = f"{encoded(json.dumps({**header, 'alg': 'HS256'}).encode())}.{encoded(claims)}"
            return f"{message}.{encoded(hmac.digest(public, message.encode(), 'sha256'))}"
        case "none":
            return sign(header, claims, "none", None)
        case "changed":
            head, _, signature = good.split(".")
            return f"{head}.{encoded(claims.replace(b'+14152007986', b'+14152007987'))}.{signature}"
        case "cut":
            # In both algorithms this removes a whole byte and leaves no odd bits.
            return good[:-2]


def ask(binary, command, questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    answers = subprocess.run([binary, command], input=lines, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in answers.splitlines()]


def guard_judges(binary):
    """Lets the guard check tokens that PyJWT signed."""
    asked = [(case, algorithm) for algorithm in KEYS for case in TABLE["cases"]]
    fixed = {"jwks": JWKS, **{name: TABLE[name] for name in ["issuer", "audience", "now"]}}
    verdicts = ask(binary, "check", [{**fixed, "token": token_of(*pair)} for pair in asked])
    for (case, algorithm), verdict in zip(asked, verdicts, strict=True):
        assert verdict == case["verdict"], f"{algorithm}, {case['name']}: {verdict}, not {case['verdict']}"
    print(f"the guard judged {len(asked)} tokens of PyJWT {jwt.__version__} as it should")


def keyrings():
    """Returns a keyring that signs ES256, and one that signs RS256."""
    keyring = {"current": "r1", "r1": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"}
    pkcs8 = new_key("RS256").private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "ES256": keyring,
        "RS256": {**keyring, "rsa": {"kid": "rsa1", "pkcs8": base64.b64encode(pkcs8).decode()}},
    }


def pyjwt_accepts(answer, audience="login", issuer=TABLE["issuer"]):
    token, keys = answer["token"], jwt.PyJWKSet.from_dict(answer["jwks"])
    header = jwt.get_unverified_header(token)
    key = keys[header["kid"]]
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=issuer, audience=audience, leeway=60,
                        options={"require": ["exp", "nbf", "iss", "aud", "jti"]})
    assert header["typ"] == "phone-verified+jwt" and claims["phone_number"] == "+14152007986"
    return key.algorithm_name


def pyjwt_judges(binary):
    """Lets PyJWT check tokens that the service signed."""
    now = int(time.time())
    for algorithm, keyring in keyrings().items():
        question = {"keyring": keyring, "issuer": TABLE["issuer"], "audience": "login", "now": now}
        good, old = ask(binary, "issue", [question, {**question, "now": now - 1_000}])
        assert pyjwt_accepts(good) == algorithm
        head, claims, signature = good["token"].split(".")
        altered = {**good, "token": f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"}
        for error, check in [
            (jwt.InvalidAudienceError, lambda: pyjwt_accepts(good, audience="register")),
            (jwt.InvalidIssuerError, lambda: pyjwt_accepts(good, issuer="https://other.example.com")),
            (jwt.ExpiredSignatureError, lambda: pyjwt_accepts(old)),
            (jwt.InvalidSignatureError, lambda: pyjwt_accepts(altered)),
        ]:
            try:
                check()
            except error:
                continue
            raise AssertionError(f"{algorithm}: no {error.__name__}")
        print(f"PyJWT accepted the service's {algorithm} token, and refused it for 4 reasons")


if __name__ == "__main__":
    guard_judges(sys.argv[1])
    pyjwt_judges(sys.argv[1])
