"""A log-in form whose server does everything: the browser sees neither the challenge token nor the success token.

Needs `pip install 'pyjwt[crypto]'`. Run: ISSUER=http://127.0.0.1:3000 python3 form.py 8000
In production, behind a proxy that ends TLS, add ORIGIN=https://shop.example.com, the address that people see.

Sessions live in this process, so it is one process; keep them in your own store. All requests come from one address here,
so the limit of an address and the purse of a network count all people together. Give the business a client key and send the
address of each person (docs/CALLERS.md), or use <phone-proof>, which calls from each person's own address.
"""

import html
import http.client
import json
import os
import re
import secrets
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:3000")
BUSINESS = "login"
ORIGIN = os.environ.get("ORIGIN", "")
# Over TLS only, and by the prefix set by nobody but this host: no neighbour of it plants a session that is theirs.
COOKIE, SECURE = ("__Host-session", "; Secure") if ORIGIN.startswith("https:") else ("session", "")
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
sessions = {}
opening = threading.Lock()

WORDS = {
    "invalid-phone": "There is no such number. Enter it with a leading + and its country code.",
    "destination-not-allowed": "This number cannot be texted.",
    "limited": "Too many codes were asked for. Wait a little, then try again.",
    "locked": "This number had too many wrong codes. Please try again later.",
    "wrong-code": "That is not the code. Check the latest message.",
    "malformed": "Enter the digits of the code.",
    "expired": "This code has expired. Ask for a new one.",
    "attempts-exhausted": "No tries are left. Ask for a new code.",
}
TEXTED = ("We texted you a code.", "We texted you the code again.")
# After these a code works no longer, and the number is asked for again.
OVER = ("invalid-token", "already-used", "expired", "attempts-exhausted", "locked")


def call(path, body, headers={}):
    """Calls PhoneProof. Returns the status and the answer; status 0 without one. A gateway's answer has no `type`."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(ISSUER + path, json.dumps(body).encode(), headers)
    try:
        try:
            answer = urllib.request.urlopen(request, timeout=15)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            status, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, {}
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    return status, document if isinstance(document, dict) else {}


def kind(answer):
    """The problem type of an answer; empty if PhoneProof has no such type."""
    start, _, name = str(answer.get("type", "")).rpartition(":")
    return name if start == "urn:phoneproof:problem" else ""


def check(token):
    """The phone that the token proves. Raises for any token that is not for this business, is of a test number, or approves
    one action, which is not a log-in."""
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=ISSUER, audience=BUSINESS,
                        leeway=60, options={"require": ["exp", "nbf", "iss", "aud", "jti"]})
    if jwt.get_unverified_header(token).get("typ") != "phone-verified+jwt" or claims.get("test") or "action" in claims:
        raise jwt.InvalidTokenError("not a success token of a person who logs in")
    return claims["phone_number"]


def send(session, form):
    left, is_same = session.pop("left", None), form.get("phone") == session.get("phone_typed")
    session["phone_typed"] = form.get("phone", "")
    said = text(session, None)
    if said == WORDS["limited"] and left and is_same:
        session["challenge"] = left  # the number was right after all, and its code may have arrived
        return "We texted you a code a moment ago."
    return said or TEXTED[0]


def resend(session, form):
    if "challenge" not in session:
        return ""
    return text(session, session["challenge"]) or TEXTED[1]


def text(session, challenge):
    """Texts a code, or that of a challenge again. Returns what is wrong, if anything."""
    # The key stays until PhoneProof has decided, so that a form that is sent again texts no second code.
    about = (session["phone_typed"], challenge)
    if session.get("about") != about:
        session.update(about=about, key=secrets.token_hex(16))
    body = {"phone": session["phone_typed"], "uniqueId": session["device"], "businessId": BUSINESS}
    if challenge:
        body["token"] = challenge
    _, answer = call("/v1/send", body, {"Idempotency-Key": session["key"]})
    if "token" in answer or kind(answer) not in ("", "unavailable", "internal"):
        session.pop("about", None)
    if "token" not in answer:  # 202, or 504: the text may still arrive
        if challenge and kind(answer) in OVER:
            session.pop("challenge", None)
        return refuse(answer)
    if answer["token"] != challenge:
        session["wrong"] = set()
    session.update(challenge=answer["token"], length=answer.get("codeLength", session.get("length", 6)))
    return ""


def change(session, form):
    if "challenge" in session:
        session["left"] = session.pop("challenge")
    return ""


def read_code(session, form):
    """The code, also out of a whole message that is pasted: its only run of so many digits."""
    code = form.get("code", "")
    read = re.sub(r"\W", "", code)
    runs = {run for run in re.findall(r"\d+", code) if len(run) == session["length"]}
    return runs.pop() if len(runs) == 1 and not read.isdecimal() else read


def verify(session, form):
    if "challenge" not in session:
        return ""  # a form that is sent again, after the code was right
    code = read_code(session, form)
    if code in session["wrong"]:
        return WORDS["wrong-code"]  # it would cost another try
    status, answer = call("/v1/verify", {"token": session["challenge"], "code": code})
    if status != 200 or "token" not in answer:
        if kind(answer) == "wrong-code":
            session["wrong"].add(code)
        # What a gateway says of itself ends nothing.
        if kind(answer) in OVER:
            session.pop("challenge", None)
        return refuse(answer)
    session.pop("challenge", None)
    try:
        phone = check(answer["token"])
    except (jwt.PyJWTError, ValueError):
        return refuse({})
    spent, _ = call("/v1/spend", {"token": answer["token"], "audience": BUSINESS})
    if spent != 200:
        return "Please ask for a new code."
    session.update(phone=phone, code=code)
    return ""


def refuse(answer):
    return WORDS.get(kind(answer), "This does not work just now. Please try again later.")


def page(session, said):
    if "phone" in session:
        body = f"<h1>Hello, {html.escape(session['phone'])}</h1>"
    elif "challenge" in session:
        body = """<h1>Enter the code</h1><form method="post" action="/verify"><label>Code
            <input name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus></label>
            <button>Verify</button></form>
            <form method="post" action="/resend"><button>Send again</button></form>
            <form method="post" action="/change"><button>Change number</button></form>"""
    else:
        typed = html.escape(session.get("phone_typed", ""))
        body = f"""<h1>Log in</h1><form method="post" action="/send"><label>Phone number
            <input name="phone" type="tel" autocomplete="tel" placeholder="+1 415 200 1234" value="{typed}" required autofocus></label>
            <button>Send code</button></form>"""
    return f'<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Log in</title><main>{body}<p role="alert">{html.escape(said)}</p></main>'


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        text = page(self.session, self.session.pop("said", "")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_session()
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def send_session(self):
        if sessions.get(self.id) is self.session:
            self.send_header("Set-Cookie", f"{COOKIE}={self.id}; HttpOnly; SameSite=Strict; Path=/{SECURE}")

    def open_session(self):
        # Other programs of the site set cookies, too, and not all of them keep to the rules.
        found = re.findall(rf"(?:^|;)\s*{COOKIE}=([\w-]+)", self.headers.get("Cookie", ""))
        with opening:
            self.id = next((id for id in found if id in sessions), None) or secrets.token_urlsafe(24)
            self.session = sessions.setdefault(self.id, {"device": secrets.token_hex(16), "lock": threading.Lock()})

    def rename_session(self):
        """An attacker who knew the id before the log-in, or gave it to the browser, does not know this one."""
        with opening:
            sessions.pop(self.id, None)
            self.id = self.session["id"] = secrets.token_urlsafe(24)
            sessions[self.id] = self.session

    def do_GET(self):
        self.open_session()
        self.answer()

    def do_POST(self):
        # A page of somebody else texts nobody, and logs nobody in.
        if self.headers.get("Origin", "null") not in (ORIGIN or f"http://{self.headers.get('Host')}", "null"):
            return self.send_error(403)
        self.open_session()
        work = {"/send": send, "/resend": resend, "/change": change, "/verify": verify}.get(self.path)
        if work is None:
            return self.send_error(404)
        size = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,4}", size):  # none, or too many bytes: nothing is read
            return self.send_error(413)
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(size)).decode(errors="replace")))
        came = time.monotonic()
        with self.session["lock"]:  # a double click is two requests at once, or within a second
            if "phone" not in self.session:
                asked = (self.path, form)
                before, said, until = self.session.get("texted", (None, "", 0))
                if asked != before or came > until:
                    said = work(self.session, form)
                    self.session["texted"] = (asked if said in TEXTED else None, said, time.monotonic() + 1)
                self.session["said"] = said
                if "phone" in self.session:
                    self.rename_session()
            elif self.path == "/verify" and read_code(self.session, form) == self.session["code"]:
                self.id = self.session["id"]  # the second click, also of another person who has the code
        # The page is another request, so that reloading it sends no form again.
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_session()
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass  # the default names addresses


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
