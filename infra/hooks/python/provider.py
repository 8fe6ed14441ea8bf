"""Calls a provider over HTTP, and tells whether it was reached."""

import http.client
import json
import socket
import ssl
import urllib.parse

from receiver import NotAsked, Unknown

# PhoneProof waits three seconds, and then asks again under the same id.
TIMEOUT_SECONDS = 8


def post(url, headers, body):
    """Posts `body`. Returns the status and the object of the answer, which is empty if the answer is not a JSON object.

    `NotAsked` when there was no connection, so that nothing was sent; `Unknown` when there was one and no answer.
    """
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.connect()
    except (OSError, ssl.SSLError, socket.timeout) as failed:
        raise NotAsked from failed
    try:
        connection.request("POST", parts.path, body, headers)
        answer = connection.getresponse()
        text = answer.read(64 * 1024)
    except (OSError, http.client.HTTPException) as failed:
        raise Unknown from failed
    finally:
        connection.close()
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        reply = None
    return answer.status, reply if isinstance(reply, dict) else {}
