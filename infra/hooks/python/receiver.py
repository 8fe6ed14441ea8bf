"""A receiver of PhoneProof's send hook, with nothing but Python's standard library.

It checks the signature, hands each text to a provider once, and remembers what became of it. `twilio.py` and `msg91.py`
are providers. README.md beside this folder says how to run them.
"""

import base64
import hmac
import json
import os
import pathlib
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Standard Webhooks advises five minutes: a request that somebody recorded is worth nothing later.
TOLERANCE_SECONDS = 300
MAX_BODY = 64 * 1024
# A text whose provider was being asked when the receiver died: after this time nobody waits for its answer.
GIVEN_UP_SECONDS = 60
KEPT_SECONDS = 24 * 3600


class Refused(Exception):
    """The provider did not take the text, and will not send it. `code` is one of the codes of the hook."""

    def __init__(self, code, provider_error_code=None):
        super().__init__(code)
        self.code = code
        self.provider_error_code = provider_error_code


class NotAsked(Exception):
    """The provider was not reached, so the same text may be tried again."""


class Unknown(Exception):
    """The provider may have taken the text. Nobody may ask it again."""


def read_secrets(text):
    """Reads the words that begin with `whsec_`: one per live root of the keyring. The others are what `hook-secrets` prints beside them."""
    words = [word.removeprefix("whsec_") for word in text.split() if word.startswith("whsec_")]
    try:
        secrets = [base64.b64decode(word, validate=True) for word in words]
    except ValueError:
        secrets = []
    if not secrets or any(len(secret) < 24 for secret in secrets):
        # What was given stays out of the log: it may be a part of a secret.
        raise SystemExit("HOOK_SECRETS: what `phoneproof-admin hook-secrets` prints is needed, with each whsec_… whole") from None
    return secrets


def is_signed(secrets, headers, body, now):
    """Whether one of the signatures belongs to one of the secrets, and the request is fresh."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", message_id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets]
    given = [entry.partition(",") for entry in headers.get("webhook-signature", "").split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(signature.encode(), known.encode())
        for version, _, signature in given
        for known in expected
    )


class Memory:
    """What became of each text: a file per `webhook-id`. Making the file claims the id, for all processes of this host.

    Receivers on several hosts need a store that they share, with the same three steps. In DynamoDB, `claim` is a `PutItem`
    with `attribute_not_exists`.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self.folder.iterdir():
            if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                file.unlink(missing_ok=True)

    def claim(self, message_id):
        """Returns None if this process may ask the provider, else the answer of the text: (status, body)."""
        path = self.folder / message_id
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return None
        except FileExistsError:
            pass
        try:
            text, age = path.read_text(), time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return 503, {}
        if text:
            return tuple(json.loads(text))
        return (502, {}) if age > GIVEN_UP_SECONDS else (503, {})

    def finish(self, message_id, status, body):
        """Keeps the answer for every later request with this id."""
        beside = self.folder / f"{message_id}.new"
        beside.write_text(json.dumps([status, body]))
        beside.replace(self.folder / message_id)

    def release(self, message_id):
        """Lets the next request with this id ask the provider."""
        (self.folder / message_id).unlink(missing_ok=True)


STATUSES = {"rate_limited": 429}
# What a provider needs of a text. A request without one of them is not PhoneProof's.
MEMBERS = ("phone", "body", "code", "business", "locale", "expiresAt")


def read_data(body):
    """The data of a request to send a text; None if it is another request."""
    try:
        request = json.loads(body)
        if request["type"] == "sms.send" and all(isinstance(request["data"][member], str) for member in MEMBERS):
            return request["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def answer(secrets, memory, send, headers, body):
    """Answers one request: (status, body). `send(data)` returns the provider's id of the text, or raises."""
    if not is_signed(secrets, headers, body, time.time()):
        return 401, {}
    data = read_data(body)
    if data is None:
        return 400, {}
    message_id = headers["webhook-id"]
    known = memory.claim(message_id)
    if known:
        return known
    try:
        outcome = 200, {"id": send(data)}
    except Refused as refused:
        code = {"code": refused.code, "provider_error_code": refused.provider_error_code}
        outcome = STATUSES.get(refused.code, 422), code
    except NotAsked:
        memory.release(message_id)
        return 503, {}
    except Exception as failed:  # The provider may have been asked: then nobody may ask it again.
        print(f"unknown outcome: {type(failed).__name__}", file=sys.stderr, flush=True)
        outcome = 502, {}
    memory.finish(message_id, *outcome)
    return outcome


def serve(send):
    """Serves until it is stopped. It logs no number, no code and no body."""
    secrets = read_secrets(os.environ["HOOK_SECRETS"])
    memory = Memory(os.environ.get("HOOK_MEMORY", "hook-memory"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            # PhoneProof opens its connection with a HEAD.
            self.respond(204, None)

        def do_POST(self):
            length = self.headers.get("content-length", "")
            if not re.fullmatch("[0-9]{1,5}", length) or int(length) > MAX_BODY:
                self.close_connection = True
                return self.respond(413, {})
            body = self.rfile.read(int(length))
            self.respond(*answer(secrets, memory, send, self.headers, body))

        def respond(self, status, body):
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "1")
            if body is not None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        # Python's default of five connections that wait is too few for a burst of texts.
        request_queue_size = 128

    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))
    server = Server(address, Handler)
    print(f"listening on http://{server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever()
