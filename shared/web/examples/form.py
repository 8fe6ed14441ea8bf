"""A log-in form whose server does everything: the browser sees neither the challenge token nor the success token.

Needs `pip install 'pyjwt[crypto]'`. Run: ISSUER=http://127.0.0.1:3000 python3 form.py 8000

Sessions live in this process, so it is one process; keep them in your own store. All requests come from one address here,
so `address_per_hour` of the policy counts all people together: limit them per address yourself and raise that limit, or use
<phone-proof>, which calls from each person's own address.
"""

import html
import json
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:3000")
BUSINESS = "login"
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
sessions = {}

WORDS = {
    "invalid-phone": "There is no such number. Enter it with a leading + and its country code.",
    "destination-not-allowed": "This number cannot be texted.",
    "limited": "Too many codes were asked for. Wait a little, then try again.",
    "wrong-code": "That is not the code. Check the latest message.",
    "malformed": "Enter the digits of the code.",
    "expired": "This code has expired. Ask for a new one.",
    "attempts-exhausted": "No tries are left. Ask for a new code.",
}


def call(path, body, headers={}):
    """Calls PhoneProof. Returns the status and the answer; status 0 without one."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(ISSUER + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, {}


def check(token):
    """The phone that the token proves. Raises for any token that is not for this business, or is of a test number."""
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=ISSUER, audience=BUSINESS,
                        leeway=60, options={"require": ["exp", "nbf", "iss", "aud", "jti"]})
    if jwt.get_unverified_header(token).get("typ") != "phone-verified+jwt" or claims.get("test"):
        raise jwt.InvalidTokenError("not a success token of a person")
    return claims["phone_number"]


def send(session, form):
    # The key stays until an answer came, so that a form that is sent again texts no second code.
    key = session.setdefault("key", secrets.token_hex(16))
    body = {"phone": form.get("phone", ""), "uniqueId": session["device"], "businessId": BUSINESS}
    status, answer = call("/v1/send", body, {"Idempotency-Key": key})
    if status:
        del session["key"]
    if "token" not in answer:  # 202, or 504: the text may still arrive
        return refuse(answer)
    session["challenge"] = answer["token"]
    return "We texted you a code."


def verify(session, form):
    status, answer = call("/v1/verify", {"token": session.get("challenge", "-"), "code": form.get("code", "")})
    if status != 200:
        if status in (400, 409, 410, 429) and answer.get("type", "").rsplit(":", 1)[-1] != "malformed":
            session.pop("challenge", None)
        return refuse(answer)
    try:
        phone = check(answer["token"])
    except jwt.PyJWTError:
        return refuse({})
    spent, _ = call("/v1/spend", {"token": answer["token"], "audience": BUSINESS})
    if spent != 200:
        return "Please ask for a new code."
    session.pop("challenge", None)
    session["phone"] = phone
    return ""


def refuse(answer):
    return WORDS.get(answer.get("type", "").rsplit(":", 1)[-1], "This does not work just now. Please try again later.")


def page(session, said):
    if "phone" in session:
        body = f"<h1>Hello, {html.escape(session['phone'])}</h1>"
    elif "challenge" in session:
        body = """<h1>Enter the code</h1><form method="post" action="/verify"><label>Code
            <input name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus></label>
            <button>Verify</button></form>"""
    else:
        body = """<h1>Log in</h1><form method="post" action="/send"><label>Phone number
            <input name="phone" type="tel" autocomplete="tel" placeholder="+1 415 200 1234" required autofocus></label>
            <button>Send code</button></form>"""
    return f'<!doctype html><html lang="en"><title>Log in</title><main>{body}<p role="alert">{html.escape(said)}</p></main>'


class Handler(BaseHTTPRequestHandler):
    def answer(self, said=""):
        text = page(self.session, said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Set-Cookie", f"session={self.id}; HttpOnly; SameSite=Strict; Path=/")  # with TLS add: Secure
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def open_session(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        self.id = cookie.value if cookie and cookie.value in sessions else secrets.token_urlsafe(24)
        self.session = sessions.setdefault(self.id, {"device": secrets.token_hex(16)})

    def do_GET(self):
        self.open_session()
        self.answer()

    def do_POST(self):
        self.open_session()
        work = {"/send": send, "/verify": verify}.get(self.path)
        size = int(self.headers.get("Content-Length", 0))
        if work is None or size > 4096:
            return self.send_error(404)
        form = dict(urllib.parse.parse_qsl(self.rfile.read(size).decode(errors="replace")))
        self.answer(work(self.session, form))

    def log_message(self, *_):
        pass  # the default names addresses


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
