"""Deploys the built stack to an emulated AWS on loopback, uses it, updates it and deletes it.

It needs sam, ministack, aws and the Rust toolchain on the path. Run it after the two builds:

    sam build
    sam build --template infra/account.yaml --build-dir .aws-sam/account
    python tests/deployment/run.py

The emulator enforces IAM (AUTH=true). If a role misses an action, the test fails with the name of the action.

The emulator differs from AWS in these points:
- It does not know alarms on metric math. They are removed from the template before it is deployed. cfn-lint checks
  them.
- It does not mount layers for provided.al2023. The layer's archive is unpacked into the build folder, and POLICY_PATH
  points there instead of at /opt.
- All requests come from one address. So the unpacked policy allows more sends per address, and its purses refuse nobody.
- Its APIs have no DNS names, and the URLs that it has for them are not those of an issuer. For the account service, a
  proxy of this script serves both APIs at paths of its own, which become the issuers.
- It does not expand the SAM transform of nested templates. SAM's own translator expands it before the deployment.
- It does not know the account's attributes for SMS, such as the spend limit.
- It does not keep settings of encryption, recovery or deletion protection. It does not throttle, and it makes no
  metrics from log lines.
"""

import io
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import yaml
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".aws-sam" / "build"
ACCOUNT_BUILD = ROOT / ".aws-sam" / "account"
PORT = 4566
ENDPOINT = f"http://127.0.0.1:{PORT}"
STACK = "phoneproof-dev"
MOUNTED_POLICY = BUILD / "mounted" / "policy.toml"
PHONE = "+14152007986"
# The emulator runs the binaries on this machine, so the stack must have its architecture.
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]

ENVIRONMENT = os.environ | {
    "AWS_ENDPOINT_URL": ENDPOINT,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    # These settings make sure that no call reaches a real account.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
}
os.environ.update(ENVIRONMENT)


def step(text):
    print(f"--- {text} ({time.monotonic() - BEGAN:.0f} s)", flush=True)


def run(*command, **options):
    """Runs a command that must succeed, and returns its output. Exits with the output if the command fails."""
    options = {"env": ENVIRONMENT, "cwd": ROOT, "text": True, "capture_output": True} | options
    done = subprocess.run(command, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def start_emulator():
    settings = {
        "GATEWAY_PORT": str(PORT),
        "MINISTACK_HOST": "127.0.0.1",
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "AUTH": "true",
    }
    log = open(BUILD / "emulator.log", "w")
    emulator = subprocess.Popen(["ministack"], env=ENVIRONMENT | settings, stdout=log, stderr=log)
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{ENDPOINT}/_ministack/ready", timeout=1)
            return emulator
        except OSError:
            time.sleep(0.2)
    sys.exit("the emulator did not start; see .aws-sam/build/emulator.log")


def without_notify(value):
    """Decides every `Fn::If` on HasNotify as a stack without a Notify configuration does."""
    if isinstance(value, list):
        return [without_notify(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("Fn::If"):
        case ["HasNotify", _, otherwise]:
            return without_notify(otherwise)
    return {name: without_notify(member) for name, member in value.items()}


def without_unknown(path):
    """Reads a built template without what the emulator does not know: alarms with metric math, End User Messaging."""
    template = without_notify(yaml.safe_load(path.read_text()))
    for name, resource in list(template["Resources"].items()):
        is_math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        if is_math or resource["Type"].startswith("AWS::SMSVOICE::"):
            del template["Resources"][name]
    for name, output in list(template["Outputs"].items()):
        if output.get("Condition") == "HasNotify":
            del template["Outputs"][name]
    return template


def write_emulated_templates():
    """Writes the built templates without the parts that the emulator does not know."""
    template = without_unknown(BUILD / "template.yaml")
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POLICY_PATH"] == "/opt/policy.toml", "the policy is where Lambda unpacks a layer"
    variables["POLICY_PATH"] = str(MOUNTED_POLICY)
    (BUILD / "emulated.yaml").write_text(yaml.safe_dump(template, sort_keys=False))
    template = without_unknown(ACCOUNT_BUILD / "template.yaml")
    (ACCOUNT_BUILD / "emulated.yaml").write_text(yaml.safe_dump(template, sort_keys=False))


def mount_policy(found):
    """Unpacks the policy layer of the send function, with a higher limit for the one address of all tests."""
    functions = boto3.client("lambda")
    layers = functions.get_function_configuration(FunctionName=found["SendFunction"])["Layers"]
    content = functions.get_layer_version_by_arn(Arn=layers[0]["Arn"])["Content"]["Location"]
    with urllib.request.urlopen(content) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    assert archive.namelist() == ["policy.toml"], archive.namelist()
    policy = archive.read("policy.toml").decode()
    changed = policy.replace("address_per_hour = 20 ", "address_per_hour = 100000 ")
    assert changed != policy, "the sample policy must limit the sends of an address"
    # Most tests type no code in, and all their phones are strangers.
    raised = changed.replace("shadow = []", 'shadow = ["country-purse", "number-block-purse", "money-per-day"]')
    assert raised != changed, "the sample policy must enforce its purses"
    MOUNTED_POLICY.parent.mkdir(exist_ok=True)
    MOUNTED_POLICY.write_text(raised)


def deploy(template="emulated.yaml", stack=STACK, **parameters):
    """Deploys a template and returns the outputs of its stack."""
    given = {"Architecture": ARCHITECTURE, "DeletionProtection": "false"} | parameters
    overrides = [f"{name}={value}" for name, value in given.items()] if template != "nested.yaml" else []
    run(
        "sam", "deploy", "--template-file", BUILD / template, "--stack-name", stack, "--resolve-s3",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset",
        "--no-fail-on-empty-changeset", *(["--parameter-overrides", *overrides] if overrides else []),
    )
    return outputs(stack)


def nest():
    """Writes the template for use as a nested one, with its code in S3 and its transform expanded."""
    packaged = BUILD / "packaged.yaml"
    run("sam", "package", "--template-file", BUILD / "emulated.yaml", "--resolve-s3", "--output-template-file", packaged)
    loader = ManagedPolicyLoader(boto3.client("iam"))
    translated = transform(yaml.safe_load(packaged.read_text()), {}, loader)
    (BUILD / "translated.json").write_text(json.dumps(translated))
    shutil.copy(ROOT / "tests/deployment/nested.yaml", BUILD / "nested.yaml")


def outputs(stack):
    described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def base_url(found):
    """Returns the URL at which the emulator serves the API. The `ApiUrl` of the outputs has no DNS name here."""
    api = re.match(r"https?://([^.]+)\.execute-api", found["JwksUrl"]).group(1)
    return f"{ENDPOINT}/_aws/execute-api/{api}/%24default"


def fetch(request):
    """Makes a request, and returns the answer whatever its status."""
    try:
        return urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        return error


def call(base, path, body=None, token=None, method=None):
    """Calls the API, and returns the status and the JSON or text of the answer."""
    request = urllib.request.Request(f"{base}{path}", method=method)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    answer = fetch(request)
    text = answer.read().decode()
    return answer.status, json.loads(text) if text.startswith("{") else text


def texted_code(phone):
    with urllib.request.urlopen(f"{ENDPOINT}/_ministack/sns/sms-messages") as answer:
        messages = json.load(answer)["sms_messages"][phone]
    return re.search(r"\d{6}", messages[-1]["Message"]).group(0)


def send(base, phone, device="deployment", business="login"):
    status, sent = call(base, "/v1/send", {"phone": phone, "uniqueId": device, "businessId": business})
    assert status == 202, sent
    return sent["token"]


def run_suite(base):
    """Runs the black-box suite, which also runs against the local stack."""
    environment = ENVIRONMENT | {"BASE_URL": base, "INBOX_URL": ENDPOINT}
    # With one package instead of the workspace, cargo would choose other features and compile the AWS crates again.
    command = ("cargo", "test", "--locked", "--workspace", "--test", "suites", "api::anywhere::")
    shown = run(*command, env=environment)
    print(next(line for line in shown.splitlines() if line.startswith("test result")))


def admin(*arguments, exit_code=0):
    """Runs phoneproof-admin on the stack, and returns what it printed. It must end with this exit code."""
    command = [ROOT / "target/debug/phoneproof-admin", "--stack-name", STACK, "--json", *arguments]
    done = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True)
    assert done.returncode == exit_code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


def roll_keys(base):
    """Promotes a new root while a challenge of the old root is open."""
    token = send(base, "+14152017986")
    assert token.startswith("v2.r1-"), "sealed by the generated root"
    admin("keys", "add", "r8")
    admin("keys", "promote", "r8", "--yes", exit_code=4)
    admin("keys", "promote", "r8", "--yes", "--force")
    # New instances read the keyring at once, running ones within five minutes. A deployment starts new ones.
    deploy(LogLevel="warn")
    status, verified = call(base, "/v1/verify", {"token": token, "code": texted_code("+14152017986")})
    assert status == 200, verified
    assert send(base, "+14152027986").startswith("v2.r8-"), "sealed by the new root"
    kids = {key["kid"] for key in call(base, "/.well-known/jwks.json")[1]["keys"]}
    assert kids == {"r1", "r8"}, kids
    admin("keys", "retire", "r1", "--yes", exit_code=4)


def check_doctor():
    """Runs `doctor`. The emulator knows nothing of an account's texts, so only what the stack shows is checked."""
    checks = admin("doctor", exit_code=1)["checks"]
    states = {check["check"]: check["state"] for check in checks}
    for name, state in {"stack": "ok", "policy": "ok", "functions": "ok", "keys": "ok", "alarms": "warn"}.items():
        assert states[name] == state, checks


# Stands for a tool while the runbook runs. The emulator's API has no DNS name, so curl goes to the emulator. The stack
# is built already, and its template lacks what the emulator does not know.
TOOL = """#!{python}
import os, re, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
if name == "curl":
    arguments = [re.sub(r"^https?://[^/]+", "{base}", argument) for argument in arguments]
if name == "sam" and arguments[0] == "build":
    sys.exit()
if name == "sam":
    arguments += ["--template-file", "{template}", "--config-file", "{config}"]
os.execv({{"curl": "{curl}", "sam": "{sam}"}}[name], [name, *arguments])
"""


def write_tools(base):
    """Writes the tools that stand for curl and sam, and returns their folder."""
    folder = BUILD / "tools"
    folder.mkdir(exist_ok=True)
    text = TOOL.format(
        python=sys.executable,
        base=base,
        template=BUILD / "emulated.yaml",
        config=ROOT / "samconfig.toml",
        curl=shutil.which("curl"),
        sam=shutil.which("sam"),
    )
    for name in ("curl", "sam"):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def check_effect(block, base, token):
    """Checks what a block of the runbook did, as callers see it."""
    if "put-function-concurrency" in block:
        status, answer = call(base, "/v1/send", {"phone": "+14152057986", "uniqueId": "d", "businessId": "login"})
        assert status >= 500 or status == 429, f"nothing is texted while texting is stopped: {status} {answer}"
        # A used code, because the owner was unlocked meanwhile; the point is that verify answers.
        assert call(base, "/v1/verify", {"token": token, "code": "000000"})[0] in (409, 422), "verify goes on"
    if "delete-function-concurrency" in block:
        send(base, "+14152057986")


def check_missing_stacks(block, environment):
    """Checks that the block which names the stage fails if a stack is missing, and takes no other one in its place."""
    for given, missing in (("export STAGE=dev", "export STAGE=nowhere"), ("export ACCOUNTS=", "export ACCOUNTS=nowhere")):
        assert given in block, block
        script = block.replace(given, missing, 1)
        done = subprocess.run(["bash", "-ec", script], env=environment, cwd=ROOT, text=True, capture_output=True)
        assert done.returncode and "stage " not in done.stdout, f"{missing}\n{done.stdout}\n{done.stderr}"


def run_runbook(base):
    """Runs, in order and as they stand, the blocks of the runbook that need no real account."""
    token = send(base, PHONE, "my-laptop")
    wrong = "000000" if texted_code(PHONE) != "000000" else "000001"
    assert call(base, "/v1/verify", {"token": token, "code": wrong})[0] == 422
    environment = ENVIRONMENT | {"PATH": f"{write_tools(base)}:{ROOT / 'target/debug'}:{os.environ['PATH']}"}
    text = (ROOT / "infra/RUNBOOK.md").read_text()
    blocks = re.findall(r"<!-- emulated(?:: exit (\d))? -->\n *```sh\n(.*?)\n *```", text, re.DOTALL)
    # The first block sets the variables of the others. Each runs in a shell of its own, so that it ends at a failure.
    assert "export STAGE=dev" in blocks[0][1], "the first block names the stage"
    variables = BUILD / "variables"
    for number, (code, block) in enumerate(blocks):
        script = block if number else f"{block}\nenv -0 > {variables}"
        done = subprocess.run(["bash", "-ec", script], env=environment, cwd=ROOT, text=True, capture_output=True)
        assert done.returncode == int(code or 0), f"{block}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        if number == 0:
            check_missing_stacks(block, environment)
            assert f"stage dev: stack {STACK} at http" in done.stdout, done.stdout
            environment = dict(pair.split("=", 1) for pair in variables.read_text().split("\0") if pair)
        check_effect(block, base, token)
    print(f"{len(blocks)} blocks of the runbook")


def check_logs(found):
    """Checks that the functions logged every text, and that no line holds a phone number or a text."""
    logs = boto3.client("logs")
    lines = []
    for group in (found["SendLogGroup"], found["VerifyLogGroup"]):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines += [event["message"] for page in pages for event in page["events"]]
    requests = [json.loads(line) for line in lines if '"message":"request"' in line]
    assert requests, "the functions must log requests"
    for line in requests:
        assert line["stack"] == STACK and line["_aws"]["CloudWatchMetrics"], line
    sent = sum(line.get("Sent", 0) for line in requests)
    with urllib.request.urlopen(f"{ENDPOINT}/_ministack/sns/sms-messages") as answer:
        messages = json.load(answer)["sms_messages"]
    assert sent == sum(map(len, messages.values())), "the lines must count one `Sent` for each text"
    everything = "\n".join(lines)
    for phone, texts in messages.items():
        assert phone[1:] not in everything, "a phone number is in a log"
        for text in texts:
            assert text["Message"] not in everything, "a text is in a log"
    print(f"{len(requests)} request lines, {sent} texts")


def check_settings(found):
    """Checks the settings that operators rely on, as far as the emulator keeps them."""
    for group in (found["SendLogGroup"], found["VerifyLogGroup"]):
        described = boto3.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
        assert described["retentionInDays"] == 30, described
    function = boto3.client("lambda").get_function_configuration(FunctionName=found["SendFunction"])
    assert (function["MemorySize"], function["Timeout"], function["Runtime"]) == (256, 10, "provided.al2023"), function
    names = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["MetricName"] for alarm in names} >= {"5xx", "Latency"}, names
    assert all("#" in alarm["AlarmDescription"] for alarm in names)


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


def left_behind():
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    functions = [f["FunctionName"] for f in boto3.client("lambda").list_functions()["Functions"]]
    secrets = [s["Name"] for s in boto3.client("secretsmanager").list_secrets()["SecretList"]]
    apis = [a["Name"] for a in boto3.client("apigatewayv2").get_apis()["Items"]]
    groups = [g["logGroupName"] for g in boto3.client("logs").describe_log_groups()["logGroups"]]
    return [name for name in tables + functions + secrets + apis + groups if "phoneproof" in name.lower()]


def main():
    write_emulated_templates()

    step("deploy")
    found = deploy()
    mount_policy(found)
    base = base_url(found)
    assert call(base, "/v1/ping") == (200, "ok")
    assert call(base, "/.well-known/openid-configuration")[1]["issuer"] == found["Issuer"]
    check_settings(found)

    step("the black-box suite, sealed tokens")
    run_suite(base)

    step("roll the keys")
    roll_keys(base)

    step("doctor")
    check_doctor()

    step("the runbook")
    run_runbook(base)

    step("update: stored tokens, and a second suite")
    updated = deploy(TokenMode="stored", AllowedOrigins="https://app.example.com")
    assert updated == found, "an update keeps tables, keyring and API"
    assert "." not in send(base, "+14152037986"), "a reference, not a sealed token"
    run_suite(base)

    step("logs")
    check_logs(found)

    step("a custom domain")
    on_domain = deploy(
        TokenMode="stored",
        DomainName="api.example.com",
        BasePath="sms",
        CertificateArn="arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000",
    )
    issuer = "https://api.example.com/sms"
    assert on_domain["Issuer"] == on_domain["ApiUrl"] == issuer, on_domain
    assert on_domain["DomainTarget"], "what the DNS record points to"
    assert call(base, "/.well-known/openid-configuration")[1]["issuer"] == issuer

    step("a nested application")
    nest()
    nested = deploy(template="nested.yaml", stack="phoneproof-nested")
    assert call(base_url(nested), "/v1/ping") == (200, "ok")
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName="phoneproof-nested")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="phoneproof-nested")

    step("the account service")
    accounts(found, base)

    step("delete")
    run("sam", "delete", "--no-prompts", "--stack-name", STACK)
    assert not left_behind(), left_behind()
    print("the stack was built, deployed, used, updated, rolled and deleted")


BEGAN = time.monotonic()
if __name__ == "__main__":
    emulator = start_emulator()
    try:
        main()
    finally:
        emulator.send_signal(signal.SIGINT)
        emulator.wait(timeout=10)
