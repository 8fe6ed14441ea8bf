"""POST /v1/send: one conditional write, one text, 202 with a token."""

import os
import re
import secrets
import time
import uuid

import boto3
from botocore.config import Config

from keys import answer, base64url, code_mac, parsed, phone_index, seal

COOLDOWN, LIFE, ATTEMPTS = 60, 300, 5
PHONE = re.compile(r"\+[1-9]\d{6,14}")

dynamodb = boto3.client("dynamodb")
# A retry would text twice.
sns = boto3.client("sns", config=Config(retries={"total_max_attempts": 1}))


def is_text(value):
    return isinstance(value, str) and 0 < len(value) <= 128


def handler(event, _context):
    body = parsed(event)
    phone, device, business = body.get("phone"), body.get("uniqueId"), body.get("businessId")
    if not all(map(is_text, (phone, device, business))) or not PHONE.fullmatch(phone):
        return answer(400, {"title": "phone, uniqueId and businessId are needed"})
    now = int(time.time())
    challenge_id, expires = str(uuid.uuid4()), now + LIFE
    challenge = {"id": {"S": challenge_id}, "expires": {"N": str(expires)}, "left": {"N": str(ATTEMPTS)}}
    try:
        dynamodb.update_item(
            TableName=os.environ["CHALLENGES_TABLE"],
            Key={"pk": {"S": phone_index(phone)}},
            UpdateExpression="SET last_sent = :now, challenge = :challenge, expires_at = :expires",
            ConditionExpression="attribute_not_exists(last_sent) OR last_sent <= :ready",
            ExpressionAttributeValues={
                ":now": {"N": str(now)},
                ":ready": {"N": str(now - COOLDOWN)},
                ":expires": {"N": str(expires)},
                ":challenge": {"M": challenge},
            },
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return answer(429, {"title": "Too many texts for this phone"})
    code = f"{secrets.randbelow(1_000_000):06}"
    sns.publish(
        PhoneNumber=phone,
        Message=f"{code} is your Example login code. It works for 5 minutes. Never share it.",
        MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
    )
    token = seal({
        "id": challenge_id, "phone": phone, "device": device, "business": business,
        "expires": expires, "mac": base64url(code_mac(challenge_id, code)),
    })
    sent = {"token": token, "expiresAt": expires, "resendAt": now + COOLDOWN, "codeLength": 6, "attempts": ATTEMPTS}
    return answer(202, sent)
