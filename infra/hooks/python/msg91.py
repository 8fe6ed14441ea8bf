"""Hands texts to MSG91's Flow API, for India: the words are the template that is registered, and the code is its variable.

    HOOK_SECRETS=… MSG91_AUTH_KEY=… MSG91_TEMPLATES='{"login/en": "65f…"}' python3 infra/hooks/python/msg91.py
"""

import json
import os

from provider import post
from receiver import Refused, Unknown, serve

# MSG91 says most errors in words. What has no row here is a refusal of the text.
WORDS = [
    ("auth", "authentication_failed"),
    ("ip", "authentication_failed"),
    ("mobile", "invalid_phone_number"),
    ("limit", "rate_limited"),
]
STATUSES = {401: "authentication_failed", 403: "authentication_failed", 418: "authentication_failed", 429: "rate_limited"}


def send(data):
    templates = json.loads(os.environ["MSG91_TEMPLATES"])
    template = templates.get(f"{data['business']}/{data['locale']}")
    if template is None:
        raise Refused("delivery_rejected", "no-template")
    base = os.environ.get("MSG91_URL", "https://control.msg91.com")
    recipient = {"mobiles": data["phone"].lstrip("+"), os.environ.get("MSG91_VARIABLE", "code"): data["code"]}
    body = json.dumps({"template_id": template, "short_url": "0", "recipients": [recipient]})
    headers = {"authkey": os.environ["MSG91_AUTH_KEY"], "Content-Type": "application/json"}
    status, reply = post(f"{base}/api/v5/flow/", headers, body)
    if status >= 500 or 300 <= status < 400:
        raise Unknown
    if status < 300 and reply.get("type") == "success":
        return str(reply.get("message", ""))
    # What is not MSG91's error is of something between, which may have asked it.
    if reply.get("type") != "error":
        raise Unknown
    # An error may come with a status of success.
    words = str(reply.get("message", "")).lower().replace("_", " ").split()
    by_words = next((code for word, code in WORDS if any(found.startswith(word) for found in words)), None)
    raise Refused(STATUSES.get(status) or by_words or "delivery_rejected", str(reply.get("code", status)))


if __name__ == "__main__":
    serve(send)
