"""Drives shared/web/examples/form.py as a browser would, against the stack on port 3000, and checks that no token reaches it."""

import concurrent.futures
import http.cookiejar
import http.server
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:3000")
FORM = "http://127.0.0.1:8081"
HERE = os.path.dirname(os.path.abspath(__file__))
seen = []


def browser(form=FORM):
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def ask(path="/", **fields):
        body = urllib.parse.urlencode(fields).encode() if fields else None
        with opener.open(form + path, body, timeout=20) as answer:
            text = answer.read().decode()
            seen.append(text + str(answer.headers))
            return text

    ask.session = lambda: next(cookie.value for cookie in jar if cookie.name == "session")
    return ask


def code_of(phone):
    with urllib.request.urlopen(f"{ISSUER}/inbox/messages?phone={urllib.parse.quote(phone)}") as answer:
        return re.search(r"\d{6}", json.load(answer)[0]["body"])[0]


class Gateway(http.server.BaseHTTPRequestHandler):
    """Stands before the stack, and answers in its place as `planned`: a status, a body, and whether the stack hears of it."""

    planned = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, text, is_heard = self.planned.pop(0) if self.planned else (None, b"", True)
        if is_heard:
            headers = {name: self.headers[name] for name in ("Content-Type", "Idempotency-Key") if self.headers[name]}
            try:
                answer = urllib.request.urlopen(urllib.request.Request(ISSUER + self.path, body, headers))
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                status, text = (status, text) if status else (answer.status, answer.read())
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def start(port, issuer, **more):
    process = subprocess.Popen([sys.executable, f"{HERE}/../../shared/web/examples/form.py", str(port)], env={**os.environ, "ISSUER": issuer, **more})
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    return process


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_):
        return None


def count_texts(phone):
    with urllib.request.urlopen(f"{ISSUER}/inbox/messages?phone={urllib.parse.quote(phone)}") as answer:
        return len(json.load(answer))


def behind_a_gateway():
    """What a gateway answers in the service's place crashes nothing, texts nothing twice and ends nothing."""
    ask, phone = browser("http://127.0.0.1:8083"), "+14152057987"
    gone = b'{"message":"Service Unavailable"}'
    for text in (b"<html>", gone, b"", b"[]", b"\xff"):
        Gateway.planned[:] = [(503, text, False)]
        assert "not work just now" in ask("/send", phone=phone), text
    Gateway.planned[:] = [(504, gone, True)]
    assert "not work just now" in ask("/send", phone=phone)
    assert "Enter the code" in ask("/send", phone=phone)
    assert count_texts(phone) == 1
    for status in (403, 404, 409, 410, 429, 500, 502):
        Gateway.planned[:] = [(status, b"<html>", False)]
        assert "Enter the code" in ask("/verify", code="000000"), status
    said = ask("/resend", go="1")
    assert "Enter the code" in said and "Too many codes" in said
    said = ask("/change", go="1")
    assert "Phone number" in said and phone in said
    # The code that was texted can still be entered, although no other is texted so soon.
    said = ask("/send", phone=phone)
    assert "Enter the code" in said and "a moment ago" in said, said
    assert count_texts(phone) == 1


def at_once(*works):
    """What each of them returns, begun at the same moment."""
    # On a busy machine the first could end before the last one's thread has started.
    all_are_ready = threading.Barrier(len(works))

    def begin(work):
        all_are_ready.wait()
        return work()

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def twice():
    """A form that is sent twice, or again, texts once, costs one try and shows one page; the log-in has a session of its own."""
    ask, phone = browser(), "+14152067986"
    ask()
    for said in at_once(*[lambda: ask("/send", phone=phone)] * 3):
        assert "Enter the code" in said and "Too many" not in said, said
    assert "We texted you a code" in ask("/send", phone=phone)
    assert count_texts(phone) == 1
    code = code_of(phone)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(6):
        assert "not the code" in ask("/verify", code=wrong)
    before = ask.session()
    for said in at_once(*[lambda: ask("/verify", code=code)] * 3):
        assert f"Hello, {phone}" in said and "new code" not in said and "not work" not in said, said
    assert "not work" not in ask("/verify", code=code)
    assert ask.session() != before
    stolen = urllib.request.Request(FORM, headers={"Cookie": f"session={before}"})
    assert "Hello" not in urllib.request.urlopen(stolen).read().decode()


def cookies():
    """A session is of this host alone, over TLS where there is TLS; no script reads it, and no page of somebody else uses it."""
    def ask(port, path="/", body=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
        try:
            return urllib.request.build_opener(Stay).open(request)
        except urllib.error.HTTPError as error:
            return error

    # A length that is not a number, or is too large, is refused before the body is read. So the answer comes without a body.
    for length in ("-1", "1e3", "+5", "10000", "9" * 5000, "\xb2"):
        with socket.create_connection(("127.0.0.1", 8081), timeout=5) as connection:
            connection.sendall(f"POST /send HTTP/1.1\r\nHost: 127.0.0.1:8081\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
            assert b" 413 " in connection.recv(64), length[:9]
    for port, name, secure in [(8081, "session", False), (8084, "__Host-session", True)]:
        cookie = ask(port).headers["Set-Cookie"]
        said = [part.strip() for part in cookie.split(";")]
        assert said[0].startswith(f"{name}="), cookie
        assert sorted(said[1:]) == sorted(["HttpOnly", "SameSite=Strict", "Path=/"] + ["Secure"] * secure), cookie
        # An id that somebody made up, or that is of another name, is nobody's session.
        for given in (f"{name}=made-up", f"other={said[0].split('=', 1)[1]}"):
            assert ask(port, Cookie=given).headers["Set-Cookie"].split(";")[0] not in (given, said[0])
    # Cookies of other programs, which a parser of cookies may stumble over, hide no session.
    given = ask(8081).headers["Set-Cookie"].split(";")[0]
    for others in ("{}", 'consent={{"a":"b"}}; {}', "foo; {}", "{}; =; a=\"b", "mysession=x; {}", "session=x; {}", "{}; session=x"):
        assert ask(8081, Cookie=others.format(given)).headers["Set-Cookie"].split(";")[0] == given, others
    own, foreign = "https://shop.example.com", "https://evil.example"
    phone = "+14152087986"
    for port, origin in [(8081, foreign), (8084, foreign), (8084, "http://127.0.0.1:8084"), (8084, "http://shop.example.com")]:
        answer = ask(port, "/send", f"phone=%2B{phone[1:]}".encode(), Origin=origin)
        assert answer.status == 403 and "Set-Cookie" not in answer.headers, (port, origin)
    assert count_texts(phone) == 0
    assert ask(8084, "/send", f"phone=%2B{phone[1:]}".encode(), Origin=own).status == 303
    assert count_texts(phone) == 1


def approvals():
    """A token that was texted for one payment logs nobody in. The files are those of `run.sh`."""
    spec = importlib.util.spec_from_file_location("app", f"{HERE}/../../shared/web/examples/form.py")
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    assert app.check(open("python.jwt").read()) == "+14152027986"
    try:
        app.check(open("action.jwt").read())
    except app.jwt.InvalidTokenError:
        return
    raise SystemExit("the form accepted the approval of a payment")


gateway = http.server.ThreadingHTTPServer(("127.0.0.1", 8082), Gateway)
threading.Thread(target=gateway.serve_forever, daemon=True).start()
servers = [start(8081, ISSUER), start(8083, "http://127.0.0.1:8082"), start(8084, ISSUER, ORIGIN="https://shop.example.com")]
try:
    ask, phone = browser(), "+14152057986"
    assert "Phone number" in ask() and '<meta name="viewport"' in ask()
    assert "no such number" in ask("/send", phone="<b>12</b>")
    assert "Enter the code" in ask("/send", phone=phone)
    code = code_of(phone)
    assert "not the code" in ask("/verify", code=f"{(int(code) + 1) % 1_000_000:06}")
    assert "Enter the digits" in ask("/verify", code="<script>")
    assert f"Hello, {phone}" in ask("/verify", code=f"Your code is {code}. It works for 5 minutes.")
    assert f"Hello, {phone}" in ask()
    # Another person's browser is not logged in, and a test number never is.
    other = browser()
    assert "Phone number" in other()
    # It waits for the cooldown of the phone, and has another phone meanwhile.
    assert "too many codes" in other("/send", phone=phone).lower()
    assert "Enter the code" in other("/send", phone="+14152117986")
    other("/send", phone="+14155550100")
    assert "not work just now" in other("/verify", code="000000")
    assert "Hello" not in other()
    behind_a_gateway()
    twice()
    cookies()
    approvals()
    assert not re.search(r"eyJ|v1\.r|&lt;b&gt;.*<b>", "".join(seen)), "a token reached the browser"
    print(f"the form of Python logs in, refuses a test number, and shows no token in {len(seen)} answers")
finally:
    for server in servers:
        server.terminate()
