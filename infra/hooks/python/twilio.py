"""Hands texts to Twilio's Messages API.

    HOOK_SECRETS=… TWILIO_ACCOUNT_SID=AC… TWILIO_AUTH_TOKEN=… TWILIO_FROM=MG… python3 infra/hooks/python/twilio.py
"""

import base64
import datetime
import os
import urllib.parse

from provider import post
from receiver import Refused, Unknown, serve

# https://www.twilio.com/docs/api/errors
CODES = {
    20003: "authentication_failed",
    20429: "rate_limited",
    21211: "invalid_phone_number",
    21217: "invalid_phone_number",
    21610: "opted_out",
    21614: "invalid_phone_number",
    # What the owner of the account has to mend: a country that is not switched on, a sender that cannot text there.
    21408: "delivery_rejected",
    21606: "delivery_rejected",
    21612: "delivery_rejected",
    21659: "delivery_rejected",
}
STATUSES = {401: "authentication_failed", 403: "authentication_failed", 429: "rate_limited"}


def seconds_left(data):
    """How long the code still works, in the range that Twilio takes: no dead code is delivered."""
    end = datetime.datetime.fromisoformat(data["expiresAt"].replace("Z", "+00:00"))
    left = (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    return max(1, min(36_000, int(left)))


def send(data):
    account, sender = os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_FROM"]
    base = os.environ.get("TWILIO_URL", "https://api.twilio.com")
    login = base64.b64encode(f"{account}:{os.environ['TWILIO_AUTH_TOKEN']}".encode()).decode()
    form = {"To": data["phone"], "Body": data["body"], "ValidityPeriod": str(seconds_left(data))}
    form["MessagingServiceSid" if sender.startswith("MG") else "From"] = sender
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{base}/2010-04-01/Accounts/{account}/Messages.json"
    status, reply = post(url, headers, urllib.parse.urlencode(form))
    # A success without an id is not Twilio's: something between may have answered.
    if 200 <= status < 300 and isinstance(reply.get("sid"), str):
        return reply["sid"]
    # Nor is an error that does not repeat its status and say a message.
    is_twilios = reply.get("status") == status and isinstance(reply.get("message"), str)
    if 400 <= status < 500 and is_twilios:
        error = reply.get("code")
        code = CODES.get(error) or STATUSES.get(status) or "delivery_rejected"
        raise Refused(code, str(error or status))
    raise Unknown


if __name__ == "__main__":
    serve(send)
