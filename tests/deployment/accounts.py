"""Deploys the account service beside the verification service, and uses it."""

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

from emulated_aws import ACCOUNT_BUILD, run
from service import base_url, call, deploy, fetch, send, texted_code


def set_variables(function, **variables):
    """Sets environment variables of a deployed function."""
    functions = boto3.client("lambda")
    environment = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": environment | variables})


def serve_under_paths(**bases):
    """Serves each API under a path of its own, as a mapping of API Gateway does. Returns their URLs by name."""

    class Proxy(BaseHTTPRequestHandler):
        def forward(self):
            _, name, path = self.path.split("/", 2)
            headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
            body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
            request = urllib.request.Request(f"{bases[name]}/{path}", body, headers, method=self.command)
            answer = fetch(request)
            text = answer.read()
            self.send_response(answer.status)
            for header in ("content-type", "cache-control", "retry-after"):
                if header in answer.headers:
                    self.send_header(header, answer.headers[header])
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = forward

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {name: f"http://127.0.0.1:{server.server_port}/{name}" for name in bases}


def accounts(verification, base):
    """Deploys the account service beside the verification service, and makes each of its main calls once."""
    found = deploy(
        template=ACCOUNT_BUILD / "emulated.yaml", stack="phoneproof-accounts", Issuer="https://verify.example.com"
    )
    urls = serve_under_paths(verification=base, accounts=base_url(found))
    base, account = urls["verification"], urls["accounts"]
    issuers = {"ISSUER": base, "ACCOUNT_ISSUER": f"{account}/account"}
    for function in ("SendFunction", "VerifyFunction"):
        set_variables(verification[function], ISSUER=base)
    set_variables(found["AccountFunction"], **issuers)

    def proof(business, phone):
        challenge = send(base, phone, business=business)
        return call(base, "/v1/verify", {"token": challenge, "code": texted_code(phone)})[1]["token"]

    phone, password = "+14152047986", "green mountains at noon"
    token = proof("register", phone)
    registration = {"token": token, "password": password}
    status, registered = call(account, "/account/v1/accounts", registration)
    assert status == 201, registered
    assert call(account, "/account/v1/accounts", registration)[0] == 409, "the token was spent"
    status, session = call(account, "/account/v1/sessions", {"phone": phone, "password": password})
    assert status == 201, session
    status, session = call(account, "/account/v1/sessions/refresh", {"refreshToken": session["refreshToken"]})
    assert status == 200, session
    status, me = call(account, "/account/v1/me", token=session["accessToken"])
    assert status == 200 and me["account"] == registered["account"], me
    assert call(account, "/account/v1/me", token=token)[0] == 401, "a success token opens nothing"
    # Every named route leads to the function, and so does every other path.
    status, listed = call(account, "/account/v1/sessions", token=session["accessToken"])
    assert status == 200 and len(listed["sessions"]) == 1, listed
    ended = call(account, "/account/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA", token=session["accessToken"], method="DELETE")
    assert ended[0] == 204, ended
    status, keys = call(account, "/account/.well-known/jwks.json")
    assert status == 200 and keys["keys"], keys
    for path in ("/account/v1/password", "/account/v1/phone", "/account/v1/recovery-code", "/account/v1/sessions/all"):
        assert call(account, path, {})[0] in (401, 405), path
    assert call(account, "/account/v1/password-reset", {})[1]["type"].endswith("malformed")
    assert call(account, "/account/v1/nothing")[1]["type"].endswith("not-found")
    assert call(account, "/account/v1/me", token=session["accessToken"], method="DELETE")[0] == 204
    lines = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=found["AccountLogGroup"])
    lines = "\n".join(event["message"] for page in lines for event in page["events"])
    for event in ("registered", "logged-in", "refreshed", "refused", "deleted"):
        assert f'"event":"{event}"' in lines, event
    assert phone[1:] not in lines and password not in lines, "the log names nobody"
    run("sam", "delete", "--no-prompts", "--stack-name", "phoneproof-accounts")
