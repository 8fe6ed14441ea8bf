"""The deployed service: how it is deployed, called and operated."""

import json
import re
import subprocess
import urllib.error
import urllib.request

import boto3

from emulated_aws import ARCHITECTURE, BUILD, ENDPOINT, ENVIRONMENT, ROOT, STACK, run


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
