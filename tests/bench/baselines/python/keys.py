"""The keys of both functions, from one secret that is read once, while the function starts."""

import base64
import hashlib
import hmac
import json
import os

import boto3
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["KEYRING_SECRET_ID"])
_keyring = json.loads(_secret["SecretString"])
_root = _keyring.get("roots", _keyring)[_keyring["current"]].encode()


def _derive(purpose):
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(_root)


_seal = AESGCM(_derive(b"seal"))
_index, _code = _derive(b"index"), _derive(b"code")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def phone_index(phone):
    # The prefix keeps the baselines apart in the one table that they share.
    return "python#" + base64url(hmac.digest(_index, phone.encode(), hashlib.sha256))


def code_mac(challenge_id, code):
    return hmac.digest(_code, f"{challenge_id}\0{code}".encode(), hashlib.sha256)


def seal(contents):
    nonce = os.urandom(12)
    return base64url(nonce + _seal.encrypt(nonce, json.dumps(contents).encode(), None))


def unseal(token):
    sealed = unbase64url(token)
    return json.loads(_seal.decrypt(sealed[:12], sealed[12:], None))


def signing_key():
    return ec.derive_private_key(int.from_bytes(_derive(b"sign")), ec.SECP256R1())


def answer(status, body):
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def parsed(event):
    try:
        body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        value = json.loads(body)
    except (KeyError, TypeError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
