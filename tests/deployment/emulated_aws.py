"""The emulated AWS, and what is changed in the templates for it.

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
- It does not know End User Messaging, nor the account's attributes for SMS, such as the spend limit. Its resources are removed, too.
- It does not keep settings of encryption, recovery or deletion protection. It does not throttle, and it makes no
  metrics from log lines.
"""

import io
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile

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


def nest():
    """Writes the template for use as a nested one, with its code in S3 and its transform expanded."""
    packaged = BUILD / "packaged.yaml"
    run("sam", "package", "--template-file", BUILD / "emulated.yaml", "--resolve-s3", "--output-template-file", packaged)
    loader = ManagedPolicyLoader(boto3.client("iam"))
    translated = transform(yaml.safe_load(packaged.read_text()), {}, loader)
    (BUILD / "translated.json").write_text(json.dumps(translated))
    shutil.copy(ROOT / "tests/deployment/nested.yaml", BUILD / "nested.yaml")


def left_behind():
    tables = boto3.client("dynamodb").list_tables()["TableNames"]
    functions = [f["FunctionName"] for f in boto3.client("lambda").list_functions()["Functions"]]
    secrets = [s["Name"] for s in boto3.client("secretsmanager").list_secrets()["SecretList"]]
    apis = [a["Name"] for a in boto3.client("apigatewayv2").get_apis()["Items"]]
    groups = [g["logGroupName"] for g in boto3.client("logs").describe_log_groups()["logGroups"]]
    return [name for name in tables + functions + secrets + apis + groups if "phoneproof" in name.lower()]
