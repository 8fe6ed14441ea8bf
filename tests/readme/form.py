"""Drives shared/web/examples/form.py as a browser would, against the stack on port 3000, and checks that no token reaches it."""

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:3000")
FORM = "http://127.0.0.1:8081"
HERE = os.path.dirname(os.path.abspath(__file__))
seen = []


def browser():
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def ask(path="/", **fields):
        body = urllib.parse.urlencode(fields).encode() if fields else None
        with opener.open(FORM + path, body, timeout=20) as answer:
            text = answer.read().decode()
            seen.append(text + str(answer.headers))
            return text

    return ask


def code_of(phone):
    with urllib.request.urlopen(f"{ISSUER}/inbox/messages?phone={urllib.parse.quote(phone)}") as answer:
        return re.search(r"\d{6}", json.load(answer)[0]["body"])[0]


server = subprocess.Popen([sys.executable, f"{HERE}/../../shared/web/examples/form.py", "8081"], env={**os.environ, "ISSUER": ISSUER})
try:
    for _ in range(100):
        try:
            urllib.request.urlopen(FORM, timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    ask, phone = browser(), "+14152057986"
    assert "Phone number" in ask()
    assert "no such number" in ask("/send", phone="<b>12</b>")
    assert "Enter the code" in ask("/send", phone=phone)
    code = code_of(phone)
    assert "not the code" in ask("/verify", code=f"{(int(code) + 1) % 1_000_000:06}")
    assert "Enter the digits" in ask("/verify", code="<script>")
    assert f"Hello, {phone}" in ask("/verify", code=f"{code[:3]} {code[3:]}")
    assert f"Hello, {phone}" in ask()
    # Another person's browser is not logged in, and a test number never is.
    other = browser()
    assert "Phone number" in other()
    assert "too many codes" in other("/send", phone=phone).lower()
    other("/send", phone="+14155550100")
    assert "not work just now" in other("/verify", code="000000")
    assert "Hello" not in other()
    assert not re.search(r"eyJ|v1\.r|&lt;b&gt;.*<b>", "".join(seen)), "a token reached the browser"
    print(f"the form of Python logs in, refuses a test number, and shows no token in {len(seen)} answers")
finally:
    server.terminate()
