"""Runs the receivers of infra/hooks against a fake of their provider.

    python3 tests/receivers/run.py

It needs Python and Node.js, and nothing else. It signs requests as Standard Webhooks says, by itself. The fake counts
the texts, and decides by the number how it answers.
"""

import base64
import collections
import concurrent.futures
import datetime
import hmac
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOOKS = pathlib.Path(__file__).resolve().parents[2] / "infra" / "hooks"
SECRETS = [os.urandom(32), os.urandom(32)]
TEXTS = collections.Counter()
SEEN = []
LOCK = threading.Lock()
RUNNING = []


# What something between answers, or a provider that is not well: it may have texted.
ODD = {
    "801": (201, b""), "802": (200, b"<html>"), "803": (200, b"null"), "804": (200, b"[]"), "805": (200, b'"sid"'),
    "806": (200, b"{}"), "807": (302, b""), "808": (201, b'{"sid":null}'), "809": (200, b"\xff"),
    "810": (400, b"<html>"), "811": (403, b"{}"), "812": (404, b""), "813": (429, b'{"message":"no"}'), "814": (401, b"null"),
    "815": (400, b'{"status":404,"message":"no"}'), "816": (400, b'{"type":"about:blank","code":null}'),
}


class Provider(BaseHTTPRequestHandler):
    """Twilio and MSG91, as far as the receivers call them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path.startswith("/2010-04-01/"):
            form = dict(urllib.parse.parse_qsl(body))
            phone, answer = form["To"], self.twilio
        else:
            form = json.loads(body)
            phone, answer = "+" + form["recipients"][0]["mobiles"], self.msg91
        with LOCK:
            SEEN.append((self.path, dict(self.headers), form))
        case = phone[-3:]
        if case in ("000", "500", "501", "502", *ODD):
            with LOCK:
                TEXTS[phone] += 1
        if case == "502":  # It texts, and the connection breaks.
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if case == "501":  # It texts, and takes its time.
            time.sleep(1)
        status, reply = answer(case)
        if case in ODD:
            status, content = ODD[case]
        else:
            content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def twilio(self, case):
        errors = {
            "211": (400, 21211), "614": (400, 21614), "610": (400, 21610), "408": (400, 21408), "999": (400, 29999),
            "401": (401, 20003), "429": (429, 20429), "430": (429, None), "403": (403, None),
        }
        if case in errors:
            status, code = errors[case]
            return status, {"code": code, "message": "no", "status": status}
        return (500, {}) if case == "500" else (201, {"sid": "SM1", "status": "queued"})

    def msg91(self, case):
        errors = {
            "211": (200, "Invalid mobile number"), "408": (200, "flow id missing"), "999": (400, "no such flow"),
            "401": (401, "Unauthorized"), "402": (200, "AuthenticationFailure"), "418": (418, "IP not whitelisted"),
            "429": (429, "Too many"), "430": (200, "Rate limit exceeded"),
        }
        if case in errors:
            status, message = errors[case]
            return status, {"type": "error", "message": message}
        return (500, {}) if case == "500" else (200, {"type": "success", "message": "3763646c3058373530393938"})

    def log_message(self, *_):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def sign(message_id, timestamp, body, secrets):
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets]
    return " ".join(f"v1,{key}" for key in keys)


def write(phone, **changes):
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
    data = {
        "phone": phone, "country": "US", "body": "123456 is your code", "code": "123456", "business": "login",
        "locale": "en", "segments": 1, "expiresAt": expires.strftime("%Y-%m-%dT%H:%M:%SZ"), "sender": None,
        "registration": None, "attempt": 1, **changes,
    }
    return json.dumps({"type": "sms.send", "timestamp": data["expiresAt"], "data": data}).encode()


def print_secrets(secrets):
    """The lines of `hook-secrets`."""
    words = ["whsec_" + base64.b64encode(secret).decode() for secret in secrets]
    return "\n".join(f"r{root}  {word}{'' if root > 1 else '  (current)'}" for root, word in enumerate(words, 1))


class Receiver:
    def __init__(self, command, provider, folder, secrets=None):
        env = {
            **os.environ, "PORT": "0", "HOOK_MEMORY": str(folder), "HOOK_SECRETS": secrets or print_secrets(SECRETS),
            "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "canary-token", "TWILIO_FROM": "MG1", "TWILIO_URL": provider,
            "MSG91_AUTH_KEY": "canary-key", "MSG91_TEMPLATES": '{"login/en": "65f"}', "MSG91_URL": provider,
        }
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.address = self.process.stdout.readline().rsplit("//", 1)[1].strip()
        self.count = 0
        RUNNING.append(self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.seek(0)
        return self.log.read().decode()

    def post(self, body, message_id=None, age=0, secrets=SECRETS[:1], version="v1", **headers):
        if message_id is None:
            self.count += 1
            message_id = f"msg_{self.process.pid}_{self.count}"
        timestamp = str(int(time.time()) - age)
        signature = sign(message_id, timestamp, body, secrets).replace("v1,", f"{version},")
        given = {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature, **headers}
        connection = http.client.HTTPConnection(self.address, timeout=20)
        connection.request("POST", "/", body, {name: value for name, value in given.items() if value is not None})
        answer = connection.getresponse()
        reply = json.loads(answer.read() or b"null")
        connection.close()
        return answer.status, reply, answer.headers


def expect(seen, wanted, what):
    if seen != wanted:
        raise AssertionError(f"{what}: {seen!r}, not {wanted!r}")


def check_signatures(receiver):
    phone = "+14155550000"
    body = write(phone)

    def status(**changes):
        return receiver.post(body, **changes)[0]

    for name, changes in {
        "no signature": {"webhook-signature": None},
        "empty signature": {"webhook-signature": ""},
        "other secret": {"secrets": [os.urandom(32)]},
        "no timestamp": {"webhook-timestamp": None},
        "odd timestamp": {"webhook-timestamp": "-1"},
        "timestamp of another request": {"webhook-timestamp": str(int(time.time()) - 1)},
        "no id": {"webhook-id": None},
        "id of another request": {"webhook-id": "msg_other"},
        "id that is a path": {"message_id": "../../msg"},
        "old": {"age": 301},
        # The receiver looks at its clock later than this did.
        "from the future": {"age": -310},
        "right signature of another version": {"version": "v2"},
        "no version": {"webhook-signature": "A" * 44},
        "not base64": {"webhook-signature": "v1,é".encode().decode("latin-1")},
    }.items():
        expect(status(**changes), 401, name)
    expect(TEXTS[phone], 0, "texts of requests that are not signed")
    for name, changes in {
        "second secret": {"secrets": SECRETS[1:]},
        "both secrets": {"secrets": SECRETS},
        "a new secret that it does not know, and one that it knows": {"secrets": [os.urandom(32), SECRETS[0]]},
        "a little old": {"age": 290},
        "a little early": {"age": -290},
    }.items():
        expect(status(**changes), 200, name)
    expect(TEXTS.pop(phone), 5, "texts of signed requests")
    for name, odd in {
        "not JSON": b"no", "not UTF-8": b"\xff", "no data": b"{}", "list": b"[]", "null": b"null", "text": b'"sms.send"',
        "data that is null": b'{"type":"sms.send","data":null}', "data that is a list": b'{"type":"sms.send","data":[]}',
        "data that is empty": b'{"type":"sms.send","data":{}}', "data that is a text": b'{"type":"sms.send","data":"no"}',
        "other type": body.replace(b"sms.send", b"other"), "number in place of a text": write(14155550000),
        "no code": write(phone, code=None), "deep": b"[" * 60_000,
    }.items():
        expect(receiver.post(odd)[0], 400, name)
    expect(TEXTS[phone], 0, "texts of requests that are odd")


def check_once(receiver):
    phone = "+14155551000"
    body = write(phone)
    first = receiver.post(body, "msg_once")[:2]
    for attempt in range(2, 5):
        expect(receiver.post(write(phone, attempt=attempt), "msg_once")[:2], first, "a repeated id")
    expect(receiver.post(body, "msg_once_more")[0], 200, "another id")
    expect(TEXTS.pop(phone), 2, "texts of two ids")
    # Twenty at once: one asks the provider, and the others are told to wait.
    phone = "+14155551501"
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        body = write(phone)
        answers = list(pool.map(lambda _: receiver.post(body, "msg_at_once"), range(20)))
    expect(sorted({status for status, _, _ in answers}), [200, 503], "twenty at once")
    for status, _, headers in answers:
        expect(headers.get("retry-after"), "1" if status == 503 else None, "retry-after")
    expect(receiver.post(body, "msg_at_once")[0], 200, "afterwards")
    expect(TEXTS.pop(phone), 1, "texts of twenty at once")
    # The provider texts and fails: nobody asks it again.
    for case in ["500", "502", *ODD]:
        phone = f"+14155551{case}"
        for _ in range(3):
            expect(receiver.post(write(phone), f"msg_{case}")[0], 502, "a provider that fails")
        expect(TEXTS.pop(phone), 1, "texts of a provider that fails")


def check_codes(receiver, codes):
    for case, (status, code) in codes.items():
        message_id = f"msg_code_{case}"
        phone = f"+14155552{case}"
        for _ in range(2):
            seen = receiver.post(write(phone), message_id)
            expect((seen[0], seen[1].get("code")), (status, code), f"case {case}")
        expect(TEXTS[phone], 0, f"case {case}")


def check_unreached(command, folder):
    """Without a connection nothing was sent, so the same id may be tried again, even by the next process."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    # The secrets alone, with a space between, are as good as the lines of `hook-secrets`.
    secrets = " ".join(word for word in print_secrets(SECRETS).split() if word.startswith("whsec_"))
    receiver = Receiver(command, f"http://127.0.0.1:{silent.getsockname()[1]}", folder, secrets)
    status, _, headers = receiver.post(write("+14155553000"), "msg_unreached")
    receiver.stop()
    expect((status, headers.get("retry-after")), (503, "1"), "a provider that is not there")
    silent.close()


TWILIO = {
    "211": (422, "invalid_phone_number"), "614": (422, "invalid_phone_number"), "610": (422, "opted_out"),
    "408": (422, "delivery_rejected"), "999": (422, "delivery_rejected"), "401": (422, "authentication_failed"),
    "403": (422, "authentication_failed"), "429": (429, "rate_limited"), "430": (429, "rate_limited"),
}
MSG91 = {
    "211": (422, "invalid_phone_number"), "408": (422, "delivery_rejected"), "999": (422, "delivery_rejected"),
    "401": (422, "authentication_failed"), "402": (422, "authentication_failed"), "418": (422, "authentication_failed"),
    "429": (429, "rate_limited"), "430": (429, "rate_limited"),
}


def check_secrets(command):
    """Without a whole secret a receiver does not start, and says what it needs. It shows nothing of what it was given."""
    word = print_secrets(SECRETS).split()[1]
    for given in ["", "r1", word[:-3], word.removeprefix("whsec_"), word + "!", f"{word} whsec_c2hvcnQ="]:
        run = subprocess.run(command, env={**os.environ, "HOOK_SECRETS": given}, capture_output=True, text=True, timeout=20)
        expect(run.returncode, 1, f"a start with {given!r}")
        expect(run.stderr.strip().startswith("HOOK_SECRETS: what `phoneproof-admin hook-secrets` prints"), True, run.stderr)
        expect(word[6:30] in run.stdout + run.stderr, False, "a part of a secret")


def check(name, command, codes, provider):
    check_secrets(command)
    with tempfile.TemporaryDirectory() as folder:
        check_unreached(command, folder)
        receiver = Receiver(command, provider, folder)
        expect(receiver.post(write("+14155553000"), "msg_unreached")[0], 200, "the same text afterwards")
        TEXTS.pop("+14155553000")
        check_signatures(receiver)
        check_once(receiver)
        check_codes(receiver, codes)
        first = receiver.post(write("+14155554000"), "msg_restart")[:2]
        log = receiver.stop()
        again = Receiver(command, provider, folder)
        expect(again.post(write("+14155554000"), "msg_restart")[:2], first, "after a restart")
        log += again.stop()
        expect(TEXTS.pop("+14155554000"), 1, "texts before and after a restart")
        kept = "".join(file.read_text() for file in pathlib.Path(folder).iterdir())
        for canary in ["1415555", "123456", "canary"]:
            expect(canary in log + kept, False, f"{canary} in a log or a file")
    TEXTS.clear()
    print(f"{name}: signatures, one text per id, {len(codes)} errors of the provider")


def check_requests():
    """What the providers were asked."""
    path, headers, form = next(seen for seen in SEEN if seen[0].startswith("/2010"))
    expect(path, "/2010-04-01/Accounts/AC1/Messages.json", "path")
    login = base64.b64encode(b"AC1:canary-token").decode()
    headers = {name.lower(): value for name, value in headers.items()}
    expect(headers["authorization"], f"Basic {login}", "login")
    expect(form["Body"], "123456 is your code", "body")
    expect(form["MessagingServiceSid"], "MG1", "sender")
    expect(200 < int(form["ValidityPeriod"]) <= 300, True, "validity")
    path, headers, form = next(seen for seen in SEEN if seen[0].startswith("/api"))
    expect(path, "/api/v5/flow/", "path")
    headers = {name.lower(): value for name, value in headers.items()}
    expect(headers["authkey"], "canary-key", "key")
    expect(form["template_id"], "65f", "template")
    expect(form["recipients"][0]["code"], "123456", "code")


def main():
    server = Quiet(("127.0.0.1", 0), Provider)
    server.request_queue_size = 64
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider = f"http://127.0.0.1:{server.server_address[1]}"
    for name, codes in {"twilio": TWILIO, "msg91": MSG91}.items():
        check(f"{name}.py", [sys.executable, str(HOOKS / "python" / f"{name}.py")], codes, provider)
        check(f"{name}.mjs", ["node", str(HOOKS / "node" / f"{name}.mjs")], codes, provider)
    check_requests()


if __name__ == "__main__":
    try:
        main()
    finally:
        for process in RUNNING:
            process.kill()
