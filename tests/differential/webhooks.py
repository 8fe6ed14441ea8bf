"""Lets the Python library of Standard Webhooks check the requests of the send hook, and that of Rust.

    pip install -r tests/differential/requirements.txt
    cargo build -p phoneproof-differential
    python3 tests/differential/webhooks.py target/debug/phoneproof-differential
"""

import json
import subprocess
import sys
import time

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

OLD, NEW = "o" * 43, "n" * 43
KEYRINGS = {
    "one root": {"current": "r1", "r1": OLD},
    "two roots": {"current": "r2", "index": "r1", "roots": {"r1": OLD, "r2": NEW}},
}
BODY = json.dumps({"type": "sms.send", "data": {"body": "123456 – 验证码", "phone": "+14152007986"}}, ensure_ascii=False)


def ask(binary, question):
    line = json.dumps(question) + "\n"
    answer = subprocess.run([binary, "webhook"], input=line, capture_output=True, text=True, check=True).stdout
    return json.loads(answer)


def accepts(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


def main(binary):
    now = int(time.time())
    other = ask(binary, {"keyring": {"current": "r1", "r1": "z" * 43}, "now": now, "body": BODY})["secrets"][0]
    for name, keyring in KEYRINGS.items():
        signed = ask(binary, {"keyring": keyring, "now": now, "body": BODY})
        headers, secrets = signed["headers"], signed["secrets"]
        assert len(secrets) == len(headers["webhook-signature"].split(" ")) == (2 if name == "two roots" else 1)
        assert signed["rust"] == [[True, False]] * len(secrets), f"{name}: the Rust library: {signed['rust']}"
        for secret in secrets:
            assert accepts(secret, BODY, headers), f"{name}: refused"
            assert not accepts(secret, BODY + " ", headers), f"{name}: changed body"
            for header, value in {"webhook-id": "msg_other", "webhook-timestamp": str(now - 1)}.items():
                assert not accepts(secret, BODY, {**headers, header: value}), f"{name}: changed {header}"
        assert not accepts(other, BODY, headers), f"{name}: secret of another keyring"
        for age in (-400, 400):
            far = ask(binary, {"keyring": keyring, "now": now - age, "body": BODY})
            assert not accepts(secrets[0], BODY, far["headers"]), f"{name}: {age} seconds old"
            assert far["rust"] == [[False, False]] * len(secrets), f"{name}: {age} seconds old, by the Rust library"
    print("the Python and Rust libraries of Standard Webhooks accept the hook's requests, and no changed or old one")


main(sys.argv[1])
