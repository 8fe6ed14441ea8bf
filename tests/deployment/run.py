"""Deploys the built stack to an emulated AWS on loopback, uses it, updates it and deletes it.

It needs sam, ministack and the Rust toolchain on the path, and awscli, boto3, pyyaml and aws-sam-translator. Run it after the two builds:

    sam build
    sam build --template infra/account.yaml --build-dir .aws-sam/account
    python tests/deployment/run.py

emulated_aws.py says where the emulator differs from AWS.
"""

import json
import signal
import time
import urllib.request

import boto3

from accounts import accounts
from emulated_aws import ENDPOINT, STACK, left_behind, mount_policy, nest, run, start_emulator, write_emulated_templates
from runbook import run_runbook
from service import admin, base_url, call, deploy, run_suite, send, texted_code


def step(text):
    print(f"--- {text} ({time.monotonic() - BEGAN:.0f} s)", flush=True)


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
        emulator.wait(timeout=60)
