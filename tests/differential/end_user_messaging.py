"""Drives the local endpoint of AWS End User Messaging with boto3, at every bound of the API's model.

    pip install -r tests/differential/requirements.txt
    cargo build -p phoneproof-local
    python3 tests/differential/end_user_messaging.py target/debug/phoneproof-local

boto3 writes the requests and reads the answers: it is a client that this project did not write. It also has the model of
the API. The script takes every length, pattern and enum from it, and compares what the endpoint admits. Last, it lets the
endpoint refuse with each reason, and looks it up in the model.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

# Not one of the model's: a letter of another script, spaces, and what is between the ranges of letters.
CHARACTERS = "aZ09+-_.:/ \t\né漢@[`{\u00a0"
PHONE = "+14152007001"
LEAST = {
    "SendTextMessage": {"DestinationPhoneNumber": PHONE, "MessageBody": "Your code is 424242"},
    "SendNotifyTextMessage": {
        "DestinationPhoneNumber": PHONE,
        "NotifyConfigurationId": "notify-1",
        "TemplateVariables": {"code": "424242"},
    },
}
LEAST["SendNotifyVoiceMessage"] = LEAST["SendNotifyTextMessage"]
LIMITS = {"SendTextMessage": "TEXT", "SendNotifyTextMessage": "NOTIFY", "SendNotifyVoiceMessage": "VOICE"}
CHANNELS = {"SendTextMessage": "end-user-messaging", "SendNotifyTextMessage": "notify", "SendNotifyVoiceMessage": "notify-voice"}
# A text that fits each pattern, by the name of its shape; its last character is repeated to any length.
FITTING = {"PhoneNumber": "+1", "MaxPrice": ".1", "TemplateVariableName": "a"}
# The reasons of the service, and how the API says them: docs of the API, and the table of the runbook.
REASONS = {
    "throttled": ("ThrottlingException", None),
    "invalid-parameter": ("ValidationException", "FIELD_VALIDATION_FAILED"),
    "opted-out": ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
    "not-authorized": ("AccessDeniedException", None),
    "account-disabled": ("AccessDeniedException", "ACCOUNT_DISABLED"),
    "account-reputation": ("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION"),
    "no-origination": ("ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND"),
    "wrong-origination": ("ValidationException", "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY"),
    "message-type-mismatch": ("ConflictException", "MESSAGE_TYPE_MISMATCH"),
    "sender-id-not-registered": ("ValidationException", "SENDER_ID_REQUIRES_REGISTRATION"),
    "sender-id-not-supported": ("ValidationException", "SENDER_ID_NOT_SUPPORTED"),
    "registration-incomplete": ("ConflictException", "REGISTRATION_NOT_COMPLETE"),
    "resource-not-active": ("ConflictException", "RESOURCE_NOT_ACTIVE"),
    "notify-not-active": ("ConflictException", "NOTIFY_CONFIGURATION_NOT_ACTIVE"),
    "in-sandbox": ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED"),
    "country-blocked": ("ValidationException", "DESTINATION_COUNTRY_BLOCKED"),
    "country-not-enabled": ("ValidationException", "COUNTRY_NOT_ENABLED"),
    "protect-blocks-country": ("ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"),
    "protect-blocks-number": ("ConflictException", "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"),
    "price-over-limit": ("ValidationException", "PRICE_OVER_THRESHOLD"),
    # Texts, Notify and calls have a limit each.
    "spend-limit": ("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_{}"),
    "daily-limit": ("ServiceQuotaExceededException", "DAILY_NOTIFY_TIER_MESSAGE_LIMIT"),
    "destination-limit": ("ServiceQuotaExceededException", "DAILY_DESTINATION_CALL_LIMIT"),
    "not-found": ("ResourceNotFoundException", None),
    "server-error": ("InternalServerException", None),
}


def start(binary):
    """Starts a local stack on free ports, and returns its URL and that of its AWS services."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen([binary, "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment)
    variables = {}
    for line in process.stdout:
        if match := re.match(r"\s*export (\w+)=(\S+)", line):
            variables[match[1]] = match[2]
        if match := re.match(r"listening on (\S+)", line):
            return process, match[1].rstrip("/"), variables["AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2"]
    raise SystemExit("the local stack did not start")


def admits(shape, value):
    """Whether the model admits a value, by its type, bounds, pattern and enum alone."""
    bounds = shape.metadata
    least, most = bounds.get("min", 0), bounds.get("max", sys.maxsize)
    match shape.type_name:
        case "string":
            fits = re.fullmatch(bounds["pattern"], value) if "pattern" in bounds else True
            listed = value in shape.enum if shape.enum else True
            return bool(fits) and listed and least <= len(value) <= most
        case "integer":
            return least <= value <= most
        case "boolean":
            return isinstance(value, bool)
        case "map":
            entries = all(admits(shape.key, key) and admits(shape.value, of) for key, of in value.items())
            return entries and least <= len(value) <= most
    raise SystemExit(f"{shape.name}: what is a {shape.type_name}?")


def fitting(shape, length):
    """A text of this length that fits the pattern of a shape, as far as any does."""
    seed = shape.enum[0] if shape.enum else FITTING.get(shape.name, "a")
    return (seed + seed[-1] * length)[:length]


def texts(shape):
    """Texts at and beyond every bound of a shape, and with every kind of character in every place."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 64)
    lengths = {0, least - 1, least, least + 1, most - 1, most, most + 1, 2, 3, 7, 8, 9}
    found = {fitting(shape, length) for length in lengths if length >= 0}
    found |= {"漢" * most, "😀" * most, "漢" * (most + 1)}
    for base in (fitting(shape, max(least, 4)), FITTING.get(shape.name, "aa")):
        for character in CHARACTERS:
            found |= {character, character + base, base + character, base[:1] + character + base[1:], character * 3}
    found |= {"0", "00", "1", "1.", ".5", "0.5", "1.00000", "1.000000", "123.4", "0.123456", "1,5", "-1.0", "1.5.5", "+0123", "0123"}
    for name in shape.enum or []:
        found |= {name, name.lower(), name + "_", name[1:]}
    return sorted(found)


def values(shape):
    """Values at and beyond every bound of a member's shape."""
    match shape.type_name:
        case "string":
            return texts(shape)
        case "integer":
            least, most = shape.metadata["min"], shape.metadata["max"]
            return [least - 1, least, least + 1, most - 1, most, most + 1, 0, -1, 2**31, 2**63]
        case "boolean":
            return [True, False]
        case "map":
            key = shape.key.enum[0] if shape.key.enum else "code"
            maps = [{key: text} for text in texts(shape.value)] + [{name: "1"} for name in texts(shape.key)]
            most = shape.metadata["max"]
            for count in (0, most, most + 1):
                maps.append({f"{key}{n}" if n else key: "1" for n in range(count)})
            return maps
    raise SystemExit(f"{shape.name}: what is a {shape.type_name}?")


class Endpoint:
    def __init__(self, url, aws):
        self.url, self.aws = url, aws
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self.client = boto3.client(
            "pinpoint-sms-voice-v2", endpoint_url=aws, region_name="us-east-1", config=config,
            aws_access_key_id="local", aws_secret_access_key="local",
        )
        self.model = botocore.session.get_session().get_service_model("pinpoint-sms-voice-v2")

    def call(self, operation, arguments):
        """Returns the answer, or the error's code, reason and members."""
        method = {"SendTextMessage": self.client.send_text_message,
                  "SendNotifyTextMessage": self.client.send_notify_text_message,
                  "SendNotifyVoiceMessage": self.client.send_notify_voice_message}[operation]
        try:
            return method(**arguments), None
        except ClientError as error:
            found = error.response
            fields = [field["Name"] for field in found.get("Fields", [])]
            return None, (found["Error"]["Code"], found.get("Reason"), fields)

    def put_carrier(self, channel, answer):
        body = json.dumps({"channel": channel, "answer": answer}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.aws}/carrier", body, method="PUT"))

    def inbox(self):
        return json.load(urllib.request.urlopen(f"{self.url}/inbox/messages"))


def compare_bounds(endpoint):
    """Calls with every value of every member, and compares the endpoint with the model. Returns how often."""
    count = 0
    for operation, least in LEAST.items():
        members = endpoint.model.operation_model(operation).input_shape.members
        for name, shape in members.items():
            for value in values(shape):
                arguments = {**least, name: value}
                if name == "TemplateVariables":
                    arguments[name] = {"code": "424242", **value}
                    value = arguments[name]
                expected = admits(shape, value)
                _, error = endpoint.call(operation, arguments)
                count += 1
                if expected:
                    # What has no code in it is admitted by the model, and the template wants one.
                    assert error is None, (operation, name, value, error)
                else:
                    assert error == ("ValidationException", "FIELD_VALIDATION_FAILED", [name]), (operation, name, value, error)
    return count


def compare_required(endpoint):
    for operation, least in LEAST.items():
        for name in endpoint.model.operation_model(operation).input_shape.required_members:
            arguments = {member: value for member, value in least.items() if member != name}
            _, error = endpoint.call(operation, arguments)
            assert error == ("ValidationException", "FIELD_VALIDATION_FAILED", [name]), (operation, name, error)


def compare_answers(endpoint):
    """What boto3 sends arrives in the inbox, and what the endpoint answers is what the model says."""
    text = {
        **LEAST["SendTextMessage"], "OriginationIdentity": "EXAMPL", "MessageType": "TRANSACTIONAL", "MaxPrice": "0.50",
        "TimeToLive": 300, "DestinationCountryParameters": {"IN_ENTITY_ID": "11", "IN_TEMPLATE_ID": "22"},
    }
    before = len(endpoint.inbox())
    answer, error = endpoint.call("SendTextMessage", {**text, "DryRun": True})
    assert error is None and answer["MessageId"], error
    assert len(endpoint.inbox()) == before, "a dry run sends nothing"
    answer, error = endpoint.call("SendTextMessage", text)
    newest = endpoint.inbox()[0]
    assert (newest["channel"], newest["phone"], newest["body"]) == ("end-user-messaging", PHONE, text["MessageBody"])
    assert newest["id"] == answer["MessageId"]
    for name, value in {"OriginationIdentity": "EXAMPL", "IN_ENTITY_ID": "11", "IN_TEMPLATE_ID": "22", "TimeToLive": "300"}.items():
        assert newest["attributes"][name] == value, newest
    # A text has the code as a number, and a call has its digits one by one.
    for operation, code in {"SendNotifyTextMessage": "424242", "SendNotifyVoiceMessage": "4, 2, 4, 2, 4, 2"}.items():
        before = len(endpoint.inbox())
        answer, error = endpoint.call(operation, {**LEAST[operation], "TemplateId": "english-001", "DryRun": True})
        assert error is None and len(endpoint.inbox()) == before, error
        answer, error = endpoint.call(operation, {**LEAST[operation], "TemplateId": "english-001"})
        newest = endpoint.inbox()[0]
        assert newest["channel"] == CHANNELS[operation] and code in newest["body"], newest
        members = set(endpoint.model.operation_model(operation).output_shape.members)
        assert members <= set(answer) and answer["TemplateId"] == "english-001", answer
        assert answer["ResolvedMessageBody"] == newest["body"], answer
        _, error = endpoint.call(operation, {**LEAST[operation], "TemplateVariables": {"other": "1"}})
        assert error[:2] == ("ValidationException", "MISSING_PARAMETER"), error


def compare_reasons(endpoint):
    """Each reason is an exception of the operation in the model, with a reason of the exception's enum."""
    for operation, channel in CHANNELS.items():
        shapes = {shape.name: shape for shape in endpoint.model.operation_model(operation).error_shapes}
        for name, (exception, reason) in REASONS.items():
            endpoint.put_carrier(channel, name)
            before = len(endpoint.inbox())
            _, error = endpoint.call(operation, LEAST[operation])
            reason = reason and reason.format(LIMITS[operation])
            assert error is not None and error[:2] == (exception, reason), (name, error)
            if reason is not None:
                assert reason in shapes[exception].members["Reason"].enum, reason
            assert len(endpoint.inbox()) - before == (exception == "InternalServerException"), name
        endpoint.put_carrier(channel, "deliver")


def main():
    process, url, aws = start(sys.argv[1])
    try:
        endpoint = Endpoint(url, aws)
        compare_required(endpoint)
        compare_answers(endpoint)
        compare_reasons(endpoint)
        # Last, because it fills the inbox.
        count = compare_bounds(endpoint)
        print(f"End User Messaging: {count} values at the bounds of the model, {len(REASONS)} reasons: no difference")
    finally:
        process.terminate()
        process.wait()


main()
