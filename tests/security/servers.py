"""What the tests connect to beside the broker: listeners that are no Kafka, and a token server."""
from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

SILENT, CLOSES = None, b""
HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ALERT = b"\x15\x03\x03\x00\x02\x02\x28" * 2  # fatal, handshake_failure


@contextlib.contextmanager
def listener(answer: bytes | None) -> Iterator[str]:
    """host:port of one that takes connections and sends these bytes when something has come, then closes."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):  # till it is closed
            while True:
                connection, _ = server.accept()
                accepted.append(connection)
                if answer is not SILENT:
                    threading.Thread(target=reply, args=(connection,), daemon=True).start()

    def reply(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if answer:
                connection.recv(4096)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(4096)  # closed too early, the answer would be lost

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    for connection in accepted:
        connection.close()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token(key: Path, lifetime: float = 3600, **claims: object) -> str:
    """A JWT for ci/kafka, signed with this RSA key, that ends in so many seconds."""
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "kid": "1"}
    payload = {"iss": "kaffi-test", "aud": "kaffi", "sub": "kaffi", "iat": now - 7200, "exp": int(now + lifetime)}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, {**payload, **claims}))
    line = ["openssl", "dgst", "-sha256", "-sign", str(key), "-binary"]
    signature = subprocess.run(line, input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return f"{text}.{base64url(signature)}"


class TokenServer:
    """Gives tokens to one client (OAuth's grant client_credentials) by http, or https with a certificate. The last part
    of the path says what it gives; `given` holds its tokens."""

    def __init__(self, client: str, secret: str, key: Path, other_key: Path, certificate: Path | None = None) -> None:
        self.given: list[str] = []
        self.basic = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
        self.keys = {"forged": other_key}
        self.lifetimes = {"short": 8.0, "expired": -3600.0}
        self.key = key
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, kind, body = outer.answer(urlsplit(self.path).path[1:], self.headers.get("Authorization", ""))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            plain = self.server.socket
            self.server.socket = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, what: str, authorization: str) -> tuple[int, str, str]:
        if what == "busy":
            return 503, "text/plain", "try again later"
        if what == "page":
            return 200, "text/html", "<html>Please log in</html>"
        if what == "empty":
            return 200, "application/json", "{}"
        if authorization != self.basic:
            # As some do, it tells who it was that asked.
            return 401, "application/json", json.dumps({"error": "invalid_client", "got": authorization})
        made = token(self.keys.get(what, self.key), self.lifetimes.get(what, 3600))
        self.given.append(made)
        return 200, "application/json", json.dumps({"access_token": made, "token_type": "Bearer"})

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
