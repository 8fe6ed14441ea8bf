"""The AWS command line, loaded once: it needs almost a second of processor time to start.

`start(folder)` puts a command `aws` into the folder. It hands its arguments, environment and streams to a process that has
loaded the command line of awscli, and that makes a copy of itself (`fork`) for each call.
"""

import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import traceback

# Without the packages of the environment, Python starts in a few milliseconds.
COMMAND = """#!{python} -SE
import json, os, socket, sys
call = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("{address}")
    socket.send_fds(connection, [b"s"], [0, 1, 2])
    connection.sendall(json.dumps(call).encode())
    connection.shutdown(socket.SHUT_WR)
    sys.exit(connection.recv(1)[0])
"""


def start(folder):
    """Starts the command line, and writes the command `aws` that calls it. Returns its process."""
    address = pathlib.Path(folder) / "aws.socket"
    # An earlier run may have left it.
    address.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"r", "the AWS command line did not start"
    command = pathlib.Path(folder) / "aws"
    command.write_text(COMMAND.format(python=sys.executable, address=address))
    command.chmod(0o755)
    return process


def answer(connection, command_line):
    """Makes the call that a connection describes, in a copy of this process, and answers with its exit code."""
    if os.fork():
        return
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    status = 255
    try:
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        call = json.loads(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(call["folder"])
        # The environment is read at each use. awscli finds its own data by AWS_DATA_PATH, which it set when it was loaded.
        environment = call["environment"] | {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
        os.environ.clear()
        os.environ.update(environment)
        status = command_line.main(call["arguments"])
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        # Whatever happens, the copy ends here and not in the server's code.
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            connection.sendall(bytes([status & 255]))
        finally:
            os._exit(0)


def reap(*_):
    """Waits for the copies that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def serve(address):
    """Answers calls until the process that started this one ends."""
    from awscli.clidriver import create_clidriver

    command_line = create_clidriver()
    signal.signal(signal.SIGCHLD, reap)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("r")
        sys.stdout.flush()
        # Standard input ends with the process that started this one.
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection:
                answer(connection, command_line)


if __name__ == "__main__":
    serve(sys.argv[1])
