"""The few calls of the Docker engine that the bot needs, over its socket."""
import http.client
import io
import json
import os
import socket
import struct
import tarfile
import urllib.parse

SOCKET = "/var/run/docker.sock"


class EngineError(Exception):
    pass


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def _call(method, path, body=None, kind="application/json"):
    connection = _Connection("localhost")
    try:
        data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
        connection.request(method, path, data, {"Content-Type": kind})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 400:
        raise EngineError(f"{answer.status} {content.decode(errors='replace').strip()}")
    return content


def _filters(**filters):
    return "filters=" + urllib.parse.quote(json.dumps(filters))


def services():
    """Every service of a stack."""
    return json.loads(_call("GET", "/services?" + _filters(label=["com.docker.stack.namespace"])))


def container_of(service):
    """The id of a running container of the service on this node."""
    wanted = _filters(label=[f"com.docker.swarm.service.name={service}"], status=["running"])
    found = json.loads(_call("GET", "/containers/json?" + wanted))
    if not found:
        raise EngineError(f"no container of {service} is running here")
    return found[0]["Id"]


def execute(container, argv):
    """Runs a command in a container. Returns its exit code and what it printed."""
    asked = {"AttachStdout": True, "AttachStderr": True, "Cmd": argv}
    run = json.loads(_call("POST", f"/containers/{container}/exec", asked))["Id"]
    frames = io.BytesIO(_call("POST", f"/exec/{run}/start", {"Detach": False, "Tty": False}))
    output = b""
    while len(head := frames.read(8)) == 8:
        output += frames.read(struct.unpack(">I", head[4:])[0])
    return json.loads(_call("GET", f"/exec/{run}/json"))["ExitCode"], output.decode(errors="replace")


def copy_out(container, path, root):
    """Copies a path of a container to the same path under a folder."""
    parent = os.path.dirname(f"{root}{path}")
    os.makedirs(parent, exist_ok=True)
    content = _call("GET", f"/containers/{container}/archive?path={urllib.parse.quote(path)}")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(parent, numeric_owner=True)


def copy_in(container, path, root):
    """The way back of `copy_out`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(f"{root}{path}", arcname=os.path.basename(path))
    parent = urllib.parse.quote(os.path.dirname(path))
    _call("PUT", f"/containers/{container}/archive?path={parent}", packed.getvalue(), "application/x-tar")
