"""Runs a Lambda bootstrap as Lambda does and reports its size and peak memory.

usage: measure.py BINARY EVENT.json EXPECTED_STATUS

The script is the Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html): it hands
the binary one event a number of times and reads the answers. The environment must name the loopback
endpoints that `cargo run` prints. It fails when the status differs, the zipped binary has 4 MB or more, or
the peak memory is 20 MB or more.
"""

import http.server
import io
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import zipfile

INVOCATIONS = 20
MAX_ZIP_BYTES = 4_000_000
MAX_PEAK_KB = 20_000


class Runtime(http.server.ThreadingHTTPServer):
    """The Runtime API of one function instance."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event = event
        self.started = time.monotonic()
        self.ready_after = None
        self.answers = []
        self.handed_at = 0.0
        self.took = []
        self.done = threading.Event()

    def handle_error(self, *_):
        """A function that is killed breaks its connection; that is how every run ends."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        runtime = self.server
        if runtime.ready_after is None:
            runtime.ready_after = time.monotonic() - runtime.started
        if len(runtime.answers) >= INVOCATIONS:
            runtime.done.wait()
            time.sleep(60)
        runtime.handed_at = time.monotonic()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(len(runtime.answers)))
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 10) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:::function:f")
        self.send_header("Content-Length", str(len(runtime.event)))
        self.end_headers()
        self.wfile.write(runtime.event)

    def do_POST(self):
        runtime = self.server
        runtime.answers.append(self.body())
        runtime.took.append(time.monotonic() - runtime.handed_at)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if len(runtime.answers) >= INVOCATIONS:
            runtime.done.set()

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            return self.rfile.read(length)
        chunks = b""
        while size := int(self.rfile.readline() or b"0", 16):
            chunks += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return chunks


def zipped_size(binary):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(binary, "bootstrap")
    return len(archive.getvalue())


def run(binary, event, wrapper=()):
    """One life of a function, through all invocations; its status file at the end."""
    runtime = Runtime(pathlib.Path(event).read_bytes())
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    function = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
    }
    with subprocess.Popen([*wrapper, binary], env=os.environ | function, stdout=subprocess.DEVNULL) as process:
        finished = runtime.done.wait(30)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text() if finished else ""
        process.kill()
    runtime.shutdown()
    runtime.server_close()
    if not finished:
        sys.exit(f"{binary}: {len(runtime.answers)} of {INVOCATIONS} answers")
    return runtime, status


def main(binary, event, expected_status):
    runtime, status = run(binary, event)
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    size = zipped_size(binary)
    first = json.loads(runtime.answers[0])["statusCode"]
    print(
        f"{os.path.basename(binary)}: zip {size / 1e6:.2f} MB, peak memory {peak / 1000:.1f} MB, "
        f"ready after {runtime.ready_after * 1000:.0f} ms, first answer {first}"
    )
    if first != int(expected_status) or size >= MAX_ZIP_BYTES or peak >= MAX_PEAK_KB:
        sys.exit(f"{binary}: expected status {expected_status}, zip under 4 MB, memory under 20 MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
