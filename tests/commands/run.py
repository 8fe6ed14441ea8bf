"""Runs the commands of the documents that need a real account, against a stub of AWS on loopback.

    python tests/commands/run.py

It needs awscli, bash on the path, and target/debug/phoneproof-admin. It runs each block marked `<!-- AWS -->` of
infra/FIRST-ACCOUNT.md and infra/RUNBOOK.md, in order.

- The AWS command line refuses options that it does not know.
- The stub holds each request against the command line's own model of the service: members, enums, patterns, lengths and
  ranges. Members that hold JSON documents must be JSON. It answers with a sample of what the model says.
- `phoneproof-admin` runs against the stub, too. Only its exit code 2 counts, which says that its arguments are wrong.

So a misspelt option, a wrong value or a missing one fails. What AWS would do, this does not show.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import xml.sax.saxutils
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

try:
    # awscli 1.46 carries its own copy.
    from awscli.botocore.session import Session
except ImportError:
    from botocore.session import Session

import aws_cli

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ("infra/FIRST-ACCOUNT.md", "infra/RUNBOOK.md")
ADMIN = ROOT / "target/debug/phoneproof-admin"
ACCOUNT = "123456789012"
REGION = "us-east-1"

# The services by the name that signatures have.
SERVICES = {
    "sns": "sns",
    "sms-voice": "pinpoint-sms-voice-v2",
    "iam": "iam",
    "sts": "sts",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "lambda": "lambda",
    "dynamodb": "dynamodb",
    "cloudformation": "cloudformation",
    "secretsmanager": "secretsmanager",
    "servicequotas": "service-quotas",
}

# Members of answers that a sample of their type does not do for.
SAMPLES = {
    # The blocks look for functions among the resources of a stack.
    "ResourceType": "AWS::Lambda::Function",
    "Account": ACCOUNT,
    "PhoneNumber": "+18885550100",
    "PhoneNumberArn": f"arn:aws:sms-voice:{REGION}:{ACCOUNT}:phone-number/phone-0123456789abcdef",
    "SenderIdArn": f"arn:aws:sms-voice:{REGION}:{ACCOUNT}:sender-id/EXAMPLE/SG",
    "IsoCountryCode": "US",
    "VersionStages": ["AWSCURRENT", "AWSPREVIOUS"],
}
# A page of an answer is its last one.
TOKENS = re.compile(r"^(.*NextToken|nextToken|NextMarker|Marker|LastEvaluated\w+|nextForwardToken|nextBackwardToken)$")
# Members that are documents in JSON, although the model says that they are texts.
DOCUMENT = re.compile(r"Policy(Document)?$")

session = Session()
models = {}
faults = []


def model_of(signing_name):
    """Returns the model of the service that signs with this name."""
    if signing_name not in models:
        models[signing_name] = session.get_service_model(SERVICES[signing_name])
    return models[signing_name]


def check(shape, value, path):
    """Yields what is wrong with a value, by the model."""
    meta = shape.metadata
    if shape.type_name == "structure":
        for name in set(value) - set(shape.members):
            yield f"{path}: no member {name}"
        for name in set(shape.required_members) - set(value):
            yield f"{path}: {name} is missing"
        for name, member in value.items():
            if name in shape.members:
                yield from check(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            yield from check(shape.member, member, f"{path}[{number}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from check(shape.key, key, f"{path} key")
            yield from check(shape.value, member, f"{path}.{key}")
    elif shape.type_name == "string":
        if meta.get("enum") and value not in meta["enum"]:
            yield f"{path}: {value!r} is not one of {', '.join(meta['enum'])}"
        # Python cannot read some of the patterns of AWS.
        try:
            fits = "pattern" not in meta or re.fullmatch(meta["pattern"], value)
        except re.error:
            fits = True
        if not fits:
            yield f"{path}: {value!r} does not fit {meta['pattern']}"
        if DOCUMENT.search(path):
            try:
                json.loads(value)
            except ValueError as error:
                yield f"{path}: no JSON: {error}"
    if shape.type_name in ("string", "list", "integer", "long", "float", "double"):
        size = value if isinstance(value, (int, float)) else len(value)
        if not meta.get("min", float("-inf")) <= size <= meta.get("max", float("inf")):
            yield f"{path}: {size} is not between {meta.get('min')} and {meta.get('max')}"


def read_form(shape, form, prefix=""):
    """Reads a value of the AWS Query protocol from the fields of a form."""
    kind = shape.type_name
    if kind == "structure":
        members = {}
        for name, member in shape.members.items():
            field = prefix + member.serialization.get("name", name)
            if any(key == field or key.startswith(field + ".") for key in form):
                members[name] = read_form(member, form, field + ".")
        return members
    if kind in ("list", "map"):
        part = "entry." if kind == "map" else "member."
        found = [key for key in form if key.startswith(prefix + part)]
        count = len({key[len(prefix + part):].split(".")[0] for key in found})
        each = [f"{prefix}{part}{number}" for number in range(1, count + 1)]
        if kind == "list":
            return [read_form(shape.member, form, entry + ".") for entry in each]
        # SNS names the parts of a message attribute otherwise than of other maps.
        name, value = (shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value"))
        return {form[f"{entry}.{name}"]: read_form(shape.value, form, f"{entry}.{value}.") for entry in each}
    text = form[prefix.rstrip(".")]
    if kind in ("integer", "long"):
        return int(text)
    if kind == "boolean":
        return text == "true"
    return text


def sample(shape, name="", depth=0):
    """Makes a value as an answer could have it."""
    kind = shape.type_name
    if name in SAMPLES and kind in ("string", "list"):
        return SAMPLES[name]
    if kind == "structure":
        names = [n for n in shape.members if not TOKENS.match(n) and depth < 5]
        if getattr(shape, "is_tagged_union", False):
            names = names[:1]
        return {n: sample(shape.members[n], n, depth + 1) for n in names}
    if kind == "list":
        return [sample(shape.member, name.rstrip("s"), depth + 1)] if depth < 5 else []
    if kind == "map":
        return {"name": sample(shape.value, name, depth + 1)} if depth < 5 else {}
    if kind == "string":
        if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        if name.lower().endswith("arn"):
            return f"arn:aws:sns:{REGION}:{ACCOUNT}:name"
        return f"{name or 'text'}-0123456789".ljust(shape.metadata.get("min", 0), "0")
    return {"boolean": True, "blob": base64.b64encode(b"blob").decode(), "timestamp": 1700000000}.get(kind, 1)


def write_xml(shape, value):
    """Writes a value as the AWS Query protocol does."""
    kind = shape.type_name
    if kind == "structure":
        def element(name):
            member = shape.members[name]
            tag = member.serialization.get("name", name)
            return f"<{tag}>{write_xml(member, value[name])}</{tag}>"

        return "".join(map(element, value))
    if kind == "list":
        return "".join(f"<member>{write_xml(shape.member, each)}</member>" for each in value)
    if kind == "map":
        entry = "<entry><key>{}</key><value>{}</value></entry>"
        return "".join(entry.format(key, write_xml(shape.value, each)) for key, each in value.items())
    if kind == "timestamp":
        return "2026-11-01T00:00:00Z"
    if kind == "boolean":
        return "true" if value else "false"
    return xml.sax.saxutils.escape(str(value))


class Stub(BaseHTTPRequestHandler):
    """Answers every call with a sample, and notes what is wrong with it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("authorization", ""))
        if not signed or signed[1] not in SERVICES:
            faults.append(f"a call of {signed and signed[1]}, which the stub does not know")
            return self.answer(400, "text/plain", "")
        model = model_of(signed[1])
        target = self.headers.get("x-amz-target")
        if target:
            operation = model.operation_model(target.split(".")[-1])
            self.note(operation, json.loads(body))
            result = sample(operation.output_shape) if operation.output_shape else {}
            return self.answer(200, "application/x-amz-json-1.0", json.dumps(result))
        if model.protocol == "query":
            form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
            operation = model.operation_model(form["Action"])
            if operation.input_shape:
                self.note(operation, read_form(operation.input_shape, form))
            return self.answer(200, "text/xml", self.write_answer(operation))
        # CBOR of CloudWatch, and REST of Lambda: the command line has checked their options. An empty map of CBOR.
        if "rpc-v2-cbor" in self.headers.get("smithy-protocol", ""):
            self.extra = {"smithy-protocol": "rpc-v2-cbor"}
            return self.answer(200, "application/cbor", b"\xa0")
        return self.answer(200, "application/json", "{}")

    do_GET = do_PUT = do_DELETE = do_POST
    extra = {}

    def note(self, operation, value):
        shape = operation.input_shape
        faults.extend(f"{operation.name}: {fault}" for fault in check(shape, value, operation.name))

    @staticmethod
    def write_answer(operation):
        name, shape = operation.name, operation.output_shape
        result = ""
        if shape:
            wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
            result = f"<{wrapper}>{write_xml(shape, sample(shape))}</{wrapper}>"
        meta = "<ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata>"
        return f"<{name}Response>{result}{meta}</{name}Response>"

    def answer(self, status, kind, body):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in self.extra.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# Stands for a tool that the blocks call. Of phoneproof-admin, only wrong arguments count. Nothing is built or deployed.
TOOL = """#!/usr/bin/env bash
case "$(basename "$0")" in
phoneproof-admin)
    status=0
    "{admin}" "$@" </dev/null || status=$?
    case $status in 0 | 1 | 3 | 4) ;; *) exit "$status" ;; esac ;;
esac
"""


def start(folder):
    """Starts the stub, and returns the environment in which blocks call it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("phoneproof-admin", "sam", "curl"):
        tool = folder / name
        tool.write_text(TOOL.format(admin=ADMIN))
        tool.chmod(0o755)
    return os.environ | {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "stub",
        "AWS_SECRET_ACCESS_KEY": "stub",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        # These settings make sure that no call reaches a real account.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # What the first block of the runbook sets.
        "STAGE": "dev",
        "STACK": "phoneproof-dev",
        "ACCOUNTS": "phoneproof-accounts",
        "ACCOUNTS_TABLE": "Accounts",
        "BLOCKS_TABLE": "Blocks",
        "KEYRING_SECRET": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:keyring",
        "SEND_FUNCTION": "send",
        "ALARM_TOPIC": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
    }


def run_block(block, environment, variables):
    """Runs a block. Returns what is wrong with it, and the environment of the next one."""
    faults.clear()
    # An error in a substitution ends the block, too.
    script = f"set -euo pipefail\n{block}\nenv -0 > {variables}"
    done = subprocess.run(["bash", "-c", script], env=environment, cwd=ROOT, text=True, capture_output=True)
    wrong = list(faults)
    if done.returncode:
        wrong.append(f"exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    else:
        pairs = variables.read_text().split("\0")
        environment = dict(pair.split("=", 1) for pair in pairs if pair)
    return wrong, environment


# Each of these is wrong in one place, and must be found.
WRONG = {
    "a misspelt option": "aws sns get-sms-attributes --atributes MonthlySpendLimit",
    "a misspelt command": "aws sns get-sms-attribute",
    "a missing option": "aws sns create-sms-sandbox-phone-number",
    "a value of no enum": "aws sns create-sms-sandbox-phone-number --phone-number +14155550100 --language-code en",
    "a number with a letter in it": "aws pinpoint-sms-voice-v2 send-text-message --destination-phone-number 4155550100x",
    "an attribute of another form": "aws pinpoint-sms-voice-v2 create-notify-configuration --use-case CODE_VERIFICATION "
    "--display-name 'A name of more than 15' --enabled-channels SMS",
    "a document that is not JSON": "aws iam create-role --role-name r --assume-role-policy-document '{'",
    "wrong arguments of our own command": "phoneproof-admin --stack-name s doctor --withn 5s",
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        environment, variables = start(folder), folder / "variables"
        command_line = aws_cli.start(folder)
        for name, block in WRONG.items():
            wrong, _ = run_block(block, environment, variables)
            assert wrong, f"{name} was not found: {block}"
        failed = 0
        for document in DOCUMENTS:
            text = (ROOT / document).read_text()
            blocks = re.findall(r"<!-- AWS -->\n *```sh\n(.*?)\n *```", text, re.DOTALL)
            assert blocks, document
            here = environment
            for block in blocks:
                wrong, here = run_block(block, here, variables)
                failed += bool(wrong)
                for fault in wrong:
                    print(f"{document}:\n{block}\n=> {fault}\n", file=sys.stderr)
            print(f"{len(blocks)} blocks of {document}")
        command_line.terminate()
        command_line.wait()
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
