"""second_server.py FOLDER DOMAIN: another Matrix server beside the app's own, in its container, until it is told to end.

It stands at localhost:8449 with a certificate of its own, and finds the app's server where DNS and an edge would lead it: by
DOMAIN, on port 443, over TLS. Clients ask it at http://127.0.0.1:8450.
"""
import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

folder, domain = sys.argv[1:]
name = "localhost:8449"
settings = {
    "server_name": name,
    "report_stats": False,
    "pid_file": f"{folder}/synapse.pid",
    "signing_key_path": f"{folder}/signing.key",
    "media_store_path": f"{folder}/media",
    "database": {"name": "sqlite3", "args": {"database": f"{folder}/second.db"}},
    "listeners": [{"port": 8450, "bind_addresses": ["127.0.0.1"], "type": "http", "resources": [{"names": ["client", "federation"]}]}],
    "registration_shared_secret": "second",
    "trusted_key_servers": [],
    "federation_verify_certificates": False,
    "ip_range_blacklist": [],
}


def certificate() -> ssl.SSLContext:
    key, chain = f"{folder}/key.pem", f"{folder}/chain.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=second", "-keyout", key, "-out", chain], check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


async def serve_tls(context: ssl.SSLContext) -> None:
    def to(port: int):
        async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pump(reader, back), pump(there, writer))

        return forward

    await asyncio.start_server(to(8008), "127.0.0.1", 443, ssl=context)
    await asyncio.start_server(to(8450), "127.0.0.1", 8449, ssl=context)
    await asyncio.Event().wait()


resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *others, **named: resolve("127.0.0.1" if host in (domain, domain.encode()) else host, *others, **named)

with open(f"{folder}/pid", "w") as file:
    file.write(str(os.getpid()))
path = f"{folder}/homeserver.yaml"
with open(path, "w") as file:
    json.dump(settings, file)
subprocess.run([sys.executable, "-m", "synapse.app.homeserver", "--config-path", path, "--generate-keys"], check=True)
context = certificate()
threading.Thread(target=lambda: asyncio.run(serve_tls(context)), daemon=True).start()

# Twisted keeps the resolver that it finds when it is loaded.
from synapse.app.homeserver import main  # noqa: E402

sys.argv = ["synapse", "--config-path", path]
main()
