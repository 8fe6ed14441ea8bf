"""POST /v1/verify: decide, one conditional write, 200 with a signed JWT."""

import hmac
import json
import os
import time
import uuid

import boto3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from keys import answer, base64url, code_mac, parsed, phone_index, signing_key, unbase64url, unseal

LIFE = 300
HEADER = {"alg": "ES256", "kid": "r1", "typ": "phone-verified+jwt"}
OPEN = (
    "challenge.id = :id AND challenge.expires > :now AND challenge.#left > :zero "
    "AND attribute_not_exists(challenge.used)"
)

dynamodb = boto3.client("dynamodb")
key = signing_key()


def jwt(claims):
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (HEADER, claims))
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def handler(event, _context):
    body = parsed(event)
    try:
        challenge, code = unseal(body["token"]), str(body["code"])
    except (InvalidTag, KeyError, TypeError, ValueError):
        return answer(400, {"title": "The token or code is malformed"})
    now = int(time.time())
    if challenge["expires"] <= now:
        return answer(410, {"title": "The code has expired"})
    right = hmac.compare_digest(code_mac(challenge["id"], code), unbase64url(challenge["mac"]))
    index = phone_index(challenge["phone"])
    try:
        dynamodb.update_item(
            TableName=os.environ["CHALLENGES_TABLE"],
            Key={"pk": {"S": index}},
            UpdateExpression="SET challenge.used = :one" if right else "SET challenge.#left = challenge.#left - :one",
            ConditionExpression=OPEN,
            ExpressionAttributeNames={"#left": "left"},
            ExpressionAttributeValues={
                ":id": {"S": challenge["id"]}, ":now": {"N": str(now)}, ":zero": {"N": "0"}, ":one": {"N": "1"},
            },
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return answer(409, {"title": "The code was used, or guessed too often"})
    if not right:
        return answer(422, {"title": "The code is wrong"})
    success = jwt({
        "iss": os.environ["ISSUER"], "sub": index, "aud": challenge["business"],
        "iat": now, "nbf": now, "exp": now + LIFE, "jti": str(uuid.uuid4()),
        "phone_number": challenge["phone"], "phone_number_verified": True,
        "device_id": challenge["device"], "amr": ["sms", "otp"],
    })
    return answer(200, {"token": success, "tokenType": "phone-verified+jwt", "expiresAt": now + LIFE})
