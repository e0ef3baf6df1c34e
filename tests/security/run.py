#!/usr/bin/env python3
"""usage: run.py [WORD...]

TLS, SASL and OAUTHBEARER against the broker of `ci/kafka start --sasl` (KAFFI_TEST_*): what has to work, record by
record, and everything that can be wrong: CheckConnection, Produce, CloseKafka and the error events must name address
and cause in time, and no text, log, event or property shows a secret. Then listeners that are no Kafka. With words:
only tests whose name contains one. KAFFI_LIBRARY is the library. Last line: `N passed, N failed[, N skipped]`.
"""
from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings/python"))

from kaffi import Consumer, KafkaError, KafkaException, Producer  # noqa: E402
from kaffi._library import library, text_out  # noqa: E402
from servers import ALERT, CLOSES, HTTP, SILENT, TokenServer, listener, token  # noqa: E402

AT_ONCE = 12  # tests mostly wait
RESOLVE, TRANSPORT, SSL, AUTHENTICATION, TIMED_OUT, START_FAILED = -193, -195, -181, -169, -185, -1111
QUEUE_FULL = -184
LONG, EARLY, SHORT = 30.0, 15.0, 2.0  # timeouts in seconds: what must end early, at what time that is; else
Conf = dict[str, str]

TESTS: dict[str, Callable[[], None]] = {}
SECRETS: set[str] = set()


def secret(text: str) -> str:
    """Notes what may be in no text."""
    SECRETS.add(text)
    return text


PASSWORD = secret(os.environ.get("KAFFI_TEST_PASSWORD", "kaffi-secret"))
WRONG = secret("WrongPassword-1")
CLIENT, CLIENT_SECRET, WRONG_SECRET = "kaffi", secret("ClientSecret-1"), secret("WrongSecret-1")
KEY_PASSWORD = secret("KeyPassword-1")
for _word in CLIENT_SECRET, WRONG_SECRET:  # as HTTP's basic authentication has it
    secret(base64.b64encode(f"{CLIENT}:{_word}".encode()).decode())


def hear(text: str) -> str:
    """A text of the library: shows no secret."""
    shown = sorted(word for word in SECRETS if word in text)
    if shown:
        raise AssertionError(f"{shown} in {text!r}")
    return text


class Skip(Exception):
    """Why a test cannot be played here."""


def test(function: Callable[[], None]) -> Callable[[], None]:
    TESTS[function.__name__.replace("_", " ")] = function
    return function


class Broker:
    """What ci/kafka says of its broker."""

    def __getattr__(self, name: str) -> str:
        try:
            return os.environ[f"KAFFI_TEST_{name.upper()}"]
        except KeyError:
            raise Skip(f"needs a broker by `ci/kafka start --sasl`: KAFFI_TEST_{name.upper()} is not set") from None

    def file(self, name: str) -> str:
        return str(Path(self.ca).with_name(name))


BROKER = Broker()


# ---- Clients, by the functions themselves ----


class Client:
    """A client whose every text is heard."""

    def __init__(self, conf: Conf) -> None:
        handle = ctypes.c_uint64()
        assert library().InitKafka(ctypes.byref(handle)) == 0
        self.handle = handle.value
        for key, value in conf.items():
            assert self.call("SetKafkaConf", key.encode(), value.encode()) == (0, ""), key

    def call(self, name: str, *arguments: object) -> tuple[int, str]:
        room, length = ctypes.create_string_buffer(4096), ctypes.c_int(4096)
        code = getattr(library(), name)(self.handle, *arguments, room, ctypes.byref(length))
        return code, hear(room.value.decode())

    def get(self, key: str) -> str:
        get = library().GetKafkaConf
        return hear(text_out(lambda value, length: get(self.handle, key.encode(), value, length, None, None)))

    def check(self, seconds: float) -> tuple[int, str]:
        return self.call("CheckConnection", int(seconds * 1000))

    def produce(self, topic: str) -> tuple[int, str]:
        return self.call("Produce", topic.encode(), b"value", 5, None, 0, -1, ctypes.byref(ctypes.c_uint64()))

    def events(self, seconds: float = 0) -> Iterator[dict[str, Any]]:
        """The events that are there; `seconds`: how long to wait for each."""
        room = 1 << 16
        while True:
            text, length = ctypes.create_string_buffer(room), ctypes.c_int32(room)
            code, error = self.call("NextEvent", int(seconds * 1000), text, ctypes.byref(length))
            if code == 2:
                room = length.value + 1
            elif code:
                assert code == 1, (code, error)
                return
            else:
                yield json.loads(hear(text.value.decode()))

    def give(self, jwt: str) -> tuple[int, str]:
        """Gives a token that the client takes to live for an hour."""
        return self.call("SetOAuthToken", jwt.encode(), int((time.time() + 3600) * 1000), b"kaffi", b"")

    def close(self, seconds: float = 0) -> tuple[int, str]:
        return self.call("CloseKafka", int(seconds * 1000), ctypes.byref(ctypes.c_int64()))


@contextlib.contextmanager
def client(conf: Conf) -> Iterator[Client]:
    made = Client(conf)
    try:
        yield made
    finally:
        made.close()


def tls(bootstrap: str, **more: str) -> Conf:
    """Configuration for a listener with TLS; the underscores of a name are dots."""
    conf = {"bootstrap.servers": bootstrap, "security.protocol": "ssl", "ssl.ca.location": BROKER.ca}
    return conf | {key.replace("_", "."): value for key, value in more.items()}


def sasl(
    mechanism: str, user: str = "", password: str = PASSWORD, bootstrap: str = "", protocol: str = "sasl_ssl"
) -> Conf:
    return tls(bootstrap or BROKER.sasl_bootstrap, security_protocol=protocol, sasl_mechanism=mechanism,
               sasl_username=user or BROKER.user, sasl_password=password)


def oauth(**more: str) -> Conf:
    return tls(BROKER.oauth_bootstrap, security_protocol="sasl_ssl", sasl_mechanism="OAUTHBEARER", **more)


def oidc(url: str, secret: str = CLIENT_SECRET, **more: str) -> Conf:
    return oauth(**more) | {
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": CLIENT,
        "sasl.oauthbearer.client.secret": secret,
        "sasl.oauthbearer.token.endpoint.url": url,
    }


# ---- What works ----


def delivers(conf: Mapping[str, Any], jwt: str = "", enough: Callable[[], bool] = lambda: True) -> None:
    """Records go from a producer to a consumer: 100, and more till there are enough."""
    topic = f"kaffi-security-{uuid.uuid4().hex[:10]}"
    failed: list[object] = []
    seen: set[int] = set()

    def reported(error: object, _: object) -> None:
        if error:
            failed.append(error)

    with Producer(conf) as producer:
        consumer = Consumer({**conf, "group.id": f"{topic}-group", "auto.offset.reset": "earliest"})
        with consumer:
            for made in (producer, consumer) if jwt else ():
                raw = Client.__new__(Client)
                raw.handle = made._handle
                got = raw.give(jwt)
                assert got == (0, ""), got
            if "oauth_cb" not in conf:  # that is served by the calls that follow
                producer.check_connection(LONG)
            records, end = 0, time.monotonic() + 2 * LONG
            while records < 100 or (not enough() and time.monotonic() < end):
                producer.produce(topic, str(records), on_delivery=reported)
                records += 1
                producer.poll(0 if records < 100 else 0.05)
            assert producer.flush(LONG) == 0 and not failed, failed
            consumer.subscribe([topic])
            end = time.monotonic() + LONG
            while len(seen) < records and time.monotonic() < end:
                message = consumer.poll(1)
                if message is not None:
                    assert message.error() is None, message.error()
                    seen.add(int(message.value() or b""))
            assert seen == set(range(records)), f"{len(seen)} of {records} records"
    if not jwt and "oauth_cb" not in conf:
        with client(dict(conf)) as unstarted:
            assert unstarted.check(LONG) == (0, "")


@test
def tls_with_a_CA() -> None:
    delivers(tls(BROKER.tls_bootstrap))


@test
def tls_with_a_CA_as_text() -> None:
    conf = tls(BROKER.tls_bootstrap)
    conf["ssl.ca.pem"] = Path(conf.pop("ssl.ca.location")).read_text()
    delivers(conf)


@test
def mutual_tls() -> None:
    delivers(tls(BROKER.ssl_bootstrap, ssl_certificate_location=BROKER.cert, ssl_key_location=BROKER.key))


@test
def mutual_tls_with_texts() -> None:
    key = Path(BROKER.key).read_text()
    secret(key.splitlines()[1])
    delivers(tls(BROKER.ssl_bootstrap, ssl_certificate_pem=Path(BROKER.cert).read_text(), ssl_key_pem=key))


@contextlib.contextmanager
def locked_key() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/locked.key"
        line = ["openssl", "ec", "-aes256", "-in", BROKER.key, "-passout", f"pass:{KEY_PASSWORD}", "-out", path]
        subprocess.run(line, check=True, stderr=subprocess.DEVNULL)
        yield path


@test
def mutual_tls_with_a_locked_key() -> None:
    with locked_key() as key:
        delivers(tls(BROKER.ssl_bootstrap, ssl_certificate_location=BROKER.cert, ssl_key_location=key,
                     ssl_key_password=KEY_PASSWORD))


@test
def sasl_PLAIN() -> None:
    delivers(sasl("PLAIN"))


@test
def sasl_SCRAM_SHA_256() -> None:
    delivers(sasl("SCRAM-SHA-256"))


@test
def sasl_SCRAM_SHA_512() -> None:
    delivers(sasl("SCRAM-SHA-512"))


@test
def oauth_with_a_token_of_the_host() -> None:
    delivers(oauth(), jwt=secret(token(Path(BROKER.token_key))))


@test
def oauth_with_a_callback_of_Python() -> None:
    asked: list[str] = []

    def give(config: str) -> tuple[str, float]:
        asked.append(config)
        return secret(token(Path(BROKER.token_key))), time.time() + 3600

    delivers(oauth(sasl_oauthbearer_config="realm=tests") | {"oauth_cb": give})
    assert asked == 2 * ["realm=tests"], asked


@test
def oauth_before_the_start() -> None:
    with client(oauth()) as unstarted:
        assert unstarted.give(secret(token(Path(BROKER.token_key)))) == (0, "")
        assert unstarted.check(LONG) == (0, "")


@contextlib.contextmanager
def token_server(https: bool = False) -> Iterator[TokenServer]:
    certificate = Path(BROKER.file("server.pem")) if https else None
    server = TokenServer(CLIENT, CLIENT_SECRET, Path(BROKER.token_key), other_key(), certificate)
    try:
        yield server
    finally:
        server.close()
        for given in server.given:
            secret(given)


def other_key() -> Path:
    """A key for tokens that the broker does not know."""
    path = Path(FOLDER) / f"{uuid.uuid4().hex}.key"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, stderr=subprocess.DEVNULL)
    return path


@test
def oidc_by_http() -> None:
    with token_server() as server:
        delivers(oidc(server.url))


@test
def oidc_by_https() -> None:
    with token_server(https=True) as server:
        delivers(oidc(server.url, https_ca_location=BROKER.ca))


@test
def clients_outlive_their_tokens() -> None:
    """Tokens live for 8 s, and the broker ends a connection with its token. With three tokens for each of the two
    clients all records arrive."""
    with token_server() as server:
        delivers(oidc(server.url + "short"), enough=lambda: len(server.given) >= 6)
        assert len(server.given) >= 6, len(server.given)


@test
def a_token_by_the_host_after_a_bad_one() -> None:
    with client(oauth()) as made:
        assert made.call("StartKafka", 1) == (0, "")
        assert made.give(secret(token(Path(BROKER.token_key), lifetime=-600)))[0] == 0
        assert made.check(LONG)[0] == AUTHENTICATION
        assert made.give(secret(token(Path(BROKER.token_key)))) == (0, "")
        assert made.check(LONG) == (0, "")


@test
def the_right_password_after_a_wrong_one() -> None:
    with client(sasl("SCRAM-SHA-256", password=WRONG)) as made:
        assert made.call("StartKafka", 1) == (0, "")
        assert made.check(LONG)[0] == AUTHENTICATION
        assert made.call("SetKafkaConf", b"sasl.password", PASSWORD.encode()) == (0, "")
        assert made.check(LONG) == (0, "")


# ---- What fails ----


def fails(
    conf: Conf, code: int, *words: str, timeout: float = LONG, known: bool = True, event: bool = True, jwt: str = ""
) -> None:
    """CheckConnection says the code and all words and the address, before and after the start, and ends early where the
    timeout is long. Where the cause is known, Produce and CloseKafka say it as well, and an error event does."""
    address = conf["bootstrap.servers"]

    def says(text: str) -> bool:
        return all(word in text for word in words)

    def checked(made: Client) -> None:
        start = time.monotonic()
        got, text = made.check(timeout)
        seconds = time.monotonic() - start
        assert got == code and says(text), f"CheckConnection: {got}, {text!r}"
        assert address in text or "token" in text, text
        assert not re.search(r"error:[0-9A-F]{8}|\(after \d+ms|[?:,;]\.|\. \.", text), f"not plain: {text!r}"
        assert seconds < (EARLY if timeout == LONG else timeout + 5), f"{seconds:.1f} s"

    with client(conf) as made:
        assert not jwt or made.give(jwt)[0] == 0
        checked(made)
    limits = {"queue.buffering.max.messages": "1", "kaffi.produce.timeout.ms": "1500"}
    made = Client({**conf, **limits})
    try:
        assert not jwt or made.give(jwt)[0] == 0
        assert made.call("StartKafka", 1) == (0, "")
        checked(made)
        topic = f"kaffi-security-{uuid.uuid4().hex[:10]}"
        got, text = made.produce(topic)
        assert got == 0, (got, text)
        got, text = made.produce(topic)
        assert got == QUEUE_FULL, (got, text)
        assert not known or says(text), f"Produce: {text!r}"
        errors = [event["text"] for event in made.events() if event["event"] == "error"]
        assert not (known and event) or any(says(text) for text in errors), f"events: {errors}"
    finally:
        start = time.monotonic()
        got, text = made.close(0.2)
        seconds = time.monotonic() - start
    assert seconds < 5, f"CloseKafka: {seconds:.1f} s"
    assert KafkaError(got).name() == "UNDELIVERED", (got, text)
    assert not known or says(text), f"CloseKafka: {text!r}"


@test
def wrong_CA() -> None:
    fails(tls(BROKER.tls_bootstrap, ssl_ca_location=BROKER.file("other-ca.crt")), SSL,
          "Certificate (subject=/CN=localhost, issuer=/CN=ca)", "unable to get local issuer", "ssl.ca.location")


@test
def CA_of_the_system() -> None:
    conf = tls(BROKER.tls_bootstrap)
    del conf["ssl.ca.location"]
    fails(conf, SSL, "Certificate (subject=/CN=localhost", "ssl.ca.location")


@test
def expired_certificate() -> None:
    fails(tls(BROKER.expired_bootstrap), SSL, "Certificate (subject=/CN=server", "certificate has expired", "new one")


@test
def wrong_host_name() -> None:
    fails(tls(BROKER.tls_bootstrap.replace("localhost", "127.0.0.1")), SSL,
          "Certificate (subject=/CN=localhost", "IP address mismatch", "for another host", "advertised.listeners")


@test
def no_client_certificate() -> None:
    fails(tls(BROKER.ssl_bootstrap), SSL, "alert", "certificate", "ssl.certificate.location")


@test
def client_certificate_of_another_CA() -> None:
    fails(tls(BROKER.ssl_bootstrap, ssl_certificate_location=BROKER.file("other-client.crt"),
              ssl_key_location=BROKER.key), SSL, "alert", "certificate", "ssl.certificate.location")


@test
def expired_client_certificate() -> None:
    fails(tls(BROKER.ssl_bootstrap, ssl_certificate_location=BROKER.file("expired-client.crt"),
              ssl_key_location=BROKER.key), SSL, "alert", "certificate", "ssl.certificate.location")


@test
def plain_client_on_a_TLS_listener() -> None:
    fails({"bootstrap.servers": BROKER.tls_bootstrap}, TRANSPORT, "Disconnected", "may want TLS", "security.protocol")


@test
def plain_client_on_a_SASL_listener() -> None:
    fails({"bootstrap.servers": BROKER.sasl_bootstrap}, TRANSPORT, "Disconnected", "may want TLS", "security.protocol")


@test
def TLS_client_on_a_plain_listener() -> None:
    fails(tls(BROKER.bootstrap), SSL, "does not seem to speak TLS", "security.protocol")


@test
def TLS_client_on_a_SASL_listener() -> None:
    fails(tls(BROKER.sasl_bootstrap), AUTHENTICATION, "may want SASL", "sasl_ssl")


@test
def SASL_client_on_a_TLS_listener() -> None:
    fails(sasl("PLAIN", bootstrap=BROKER.tls_bootstrap), AUTHENTICATION, "has no SASL", "security.protocol")


@test
def SASL_client_on_a_plain_listener() -> None:
    fails(sasl("PLAIN", bootstrap=BROKER.bootstrap, protocol="sasl_plaintext"), AUTHENTICATION,
          "has no SASL", "security.protocol")


@test
def wrong_mechanism() -> None:
    fails(sasl("PLAIN", bootstrap=BROKER.oauth_bootstrap), AUTHENTICATION,
          "supported mechanisms: OAUTHBEARER", "sasl.mechanism")


@test
def wrong_password_by_PLAIN() -> None:
    fails(sasl("PLAIN", password=WRONG), AUTHENTICATION, "Invalid username or password", "sasl.password")


@test
def wrong_password_by_SCRAM_SHA_256() -> None:
    fails(sasl("SCRAM-SHA-256", password=WRONG), AUTHENTICATION, "invalid credentials", "sasl.password")


@test
def wrong_password_by_SCRAM_SHA_512() -> None:
    fails(sasl("SCRAM-SHA-512", password=WRONG), AUTHENTICATION, "invalid credentials", "sasl.password")


@test
def unknown_user_by_PLAIN() -> None:
    fails(sasl("PLAIN", user="nobody"), AUTHENTICATION, "Invalid username or password", "sasl.username")


@test
def unknown_user_by_SCRAM() -> None:
    fails(sasl("SCRAM-SHA-512", user="nobody"), AUTHENTICATION, "invalid credentials", "sasl.username")


@test
def no_token() -> None:
    fails(oauth(), AUTHENTICATION, "SetOAuthToken", timeout=SHORT, event=False)


@test
def expired_token() -> None:
    fails(oauth(), AUTHENTICATION, "invalid_token", "exp", jwt=secret(token(Path(BROKER.token_key), lifetime=-600)))


@test
def forged_token() -> None:
    fails(oauth(), AUTHENTICATION, "invalid_token", "signature", jwt=secret(token(other_key())))


@test
def token_for_another_audience() -> None:
    jwt = secret(token(Path(BROKER.token_key), aud="another"))
    fails(oauth(), AUTHENTICATION, "invalid_token", "audience", jwt=jwt)


@test
def token_server_down() -> None:
    with socket.socket() as taken:  # and not listening
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        fails(oidc(url), AUTHENTICATION, f'"{url}"', "Could not connect", "sasl.oauthbearer.token.endpoint.url")


@test
def token_server_that_says_nothing() -> None:
    with listener(SILENT) as address:
        fails(oidc(f"http://{address}/"), TIMED_OUT, f"http://{address}/", "no token yet", timeout=SHORT, known=False)


@test
def token_server_busy() -> None:
    with token_server() as server:
        fails(oidc(server.url + "busy"), TIMED_OUT, server.url, "no token yet", timeout=SHORT, known=False)


@test
def token_server_of_another_CA() -> None:
    with token_server(https=True) as server:
        fails(oidc(server.url, https_ca_location=BROKER.file("other-ca.crt")), AUTHENTICATION,
              server.url, "certificate", "https.ca.location")


@test
def wrong_client_secret() -> None:
    with token_server() as server:
        fails(oidc(server.url, secret=WRONG_SECRET), AUTHENTICATION,
              server.url, "invalid_client", "sasl.oauthbearer.client.secret")


@test
def token_server_gives_a_page() -> None:
    with token_server() as server:
        fails(oidc(server.url + "page"), AUTHENTICATION, server.url, "text/html", "sasl.oauthbearer.token.endpoint.url")


@test
def token_server_gives_no_token() -> None:
    with token_server() as server:
        fails(oidc(server.url + "empty"), AUTHENTICATION, "access_token", "token.endpoint.url")


@test
def token_server_gives_an_expired_token() -> None:
    with token_server() as server:
        fails(oidc(server.url + "expired"), AUTHENTICATION, "unexpired token")


@test
def token_server_gives_a_forged_token() -> None:
    with token_server() as server:
        fails(oidc(server.url + "forged"), AUTHENTICATION, "invalid_token", "signature")


@test
def a_good_server_after_a_bad_one() -> None:
    with client(sasl("PLAIN", bootstrap=f"{BROKER.tls_bootstrap},{BROKER.sasl_bootstrap}")) as made:
        assert made.check(LONG) == (0, "")


def refuses_to_start(conf: Conf, *words: str) -> None:
    with client(conf) as made:
        for name in "CheckConnection", "StartKafka":
            code, text = made.call(name, 1)
            assert code == START_FAILED and all(word in text for word in words), f"{name}: {code}, {text!r}"


@test
def files_and_keys_that_do_not_fit() -> None:
    certificate = {"ssl_certificate_location": BROKER.cert}
    refuses_to_start(tls(BROKER.ssl_bootstrap, ssl_ca_location="/no/such.crt"), "ssl.ca.location", "/no/such.crt")
    refuses_to_start(tls(BROKER.ssl_bootstrap, **certificate, ssl_key_location=BROKER.file("server.key")),
                     "ssl.key.location", "key values mismatch", BROKER.file("server.key"))
    with locked_key() as key:
        refuses_to_start(tls(BROKER.ssl_bootstrap, **certificate, ssl_key_location=key), key, "ssl.key.password")
        refuses_to_start(tls(BROKER.ssl_bootstrap, **certificate, ssl_key_location=key, ssl_key_password=WRONG), key)
        text = Path(key).read_text()
        secret(text.splitlines()[-2])
        refuses_to_start(tls(BROKER.ssl_bootstrap, **certificate, ssl_key_pem=text), "ssl.key.pem", "ssl.key.password")
    refuses_to_start(tls(BROKER.ssl_bootstrap, ssl_key_pem=secret("NoKeyAtAll-1")), "ssl.key.pem")


@test
def mechanisms_that_are_not_there() -> None:
    conf = sasl("PLAIN")
    del conf["sasl.mechanism"]
    refuses_to_start(conf, "GSSAPI", "Set sasl.mechanism to PLAIN")
    conf = sasl("PLAIN")
    del conf["sasl.username"]
    refuses_to_start(conf, "sasl.username")


# ---- Listeners that are no Kafka ----

# Of each: what it sends, and what a plain client and a TLS client say of it.
OTHERS: dict[str, tuple[bytes | None, tuple[int, str], tuple[int, str]]] = {
    "silent": (SILENT, (TIMED_OUT, "said nothing. Is that Kafka"), (TIMED_OUT, "said nothing. Is that Kafka")),
    "closing": (CLOSES, (TRANSPORT, "may want TLS"), (SSL, "does not seem to speak TLS")),
    "HTTP": (HTTP, (TRANSPORT, "is not Kafka"), (SSL, "does not seem to speak TLS")),
    "alert": (ALERT, (TRANSPORT, "or speaks TLS: look at the port and security.protocol"), (SSL, "handshake failure")),
}


def other(name: str, secure: bool) -> Callable[[], None]:
    def play() -> None:
        answer, *said = OTHERS[name]
        code, words = said[secure]
        with listener(answer) as address:
            conf = {"bootstrap.servers": address, "security.protocol": "ssl" if secure else "plaintext"}
            fails(conf, code, words, timeout=LONG if code != TIMED_OUT else SHORT, known=code != TIMED_OUT)

    return play


for _name in OTHERS:
    TESTS[f"plain client on a listener: {_name}"] = other(_name, secure=False)
    TESTS[f"TLS client on a listener: {_name}"] = other(_name, secure=True)


@test
def nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        fails({"bootstrap.servers": address}, TRANSPORT, "refused", "Is a broker listening", timeout=SHORT)


@test
def unknown_host() -> None:
    try:
        socket.getaddrinfo("no-such-host.invalid", 9092)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise Skip("no name server can be reached") from None
    fails({"bootstrap.servers": "no-such-host.invalid:9092"}, RESOLVE, "Failed to resolve", "bootstrap.servers")


# ---- Secrets ----


@test
def properties_with_secrets_are_not_shown() -> None:
    secrets = {
        "sasl.password": PASSWORD,
        "ssl.key.password": KEY_PASSWORD,
        "ssl.keystore.password": KEY_PASSWORD,
        "sasl.oauthbearer.client.secret": CLIENT_SECRET,
        "sasl.oauthbearer.config": f"principal={CLIENT_SECRET}",
        "sasl.oauthbearer.assertion.private.key.passphrase": KEY_PASSWORD,
        "sasl.oauthbearer.assertion.private.key.pem": CLIENT_SECRET,
    }
    alias = {"sasl.oauthbearer.client.credentials.client.secret": CLIENT_SECRET}
    for given in secrets, alias:
        with client({"bootstrap.servers": "127.0.0.1:1", **given}) as made:
            assert {made.get(key) for key in given} == {"[redacted]"}
            got = made.call("StartKafka", 1)
            assert got == (0, ""), got
            assert {made.get(key) for key in given} == {"[redacted]"}


@test
def refused_values_show_no_secret() -> None:
    with client(oauth()) as made:
        for key, value in {
            "sasl.jaas.config": f'PlainLoginModule required password="{PASSWORD}";',
            "sasl.oauthbearer.client.secrets": CLIENT_SECRET,
            "sasl.passwords": PASSWORD,
            "ssl_key": PASSWORD,
        }.items():
            code, text = made.call("SetKafkaConf", key.encode(), value.encode())
            assert code < 0 and key in text, (key, code, text)
        code, text = made.give(secret("No-Token-At-All\x01"))
        assert code < 0 and text, (code, text)


def logs(conf: Conf, *words: str, jwt: str = "") -> None:
    """All that the engine logs of a connection, in every detail, shows no secret."""
    made = Client({**conf, "debug": "all"})
    try:
        assert not jwt or made.give(jwt)[0] == 0
        assert made.call("StartKafka", 1) == (0, "")
        made.check(LONG)
        lines = [event["text"] for event in made.events() if event["event"] == "log"]
        assert all(any(word in line for line in lines) for word in words), f"{len(lines)} lines without {words}"
    finally:
        made.close(1)


@test
def logs_of_every_detail_show_no_secret() -> None:
    with token_server() as server, locked_key() as key:
        jwt = secret(token(Path(BROKER.token_key)))
        done = "Broker changed state AUTH_REQ -> UP"
        logs(sasl("PLAIN"), done, "SASL mechanism")
        logs(sasl("SCRAM-SHA-512"), done)
        logs(sasl("SCRAM-SHA-256", password=WRONG), "invalid credentials")
        logs(oauth(), done, jwt=jwt)
        logs(oidc(server.url), done)
        logs(oidc(server.url, secret=WRONG_SECRET), "invalid_client")
        logs(tls(BROKER.ssl_bootstrap, ssl_certificate_location=BROKER.cert, ssl_key_location=key,
                 ssl_key_password=KEY_PASSWORD), "-> UP")


# ---- The run ----


def play(name: str) -> tuple[str, str, str]:
    """Plays one test: its name, how it ended, and why."""
    start = time.monotonic()
    try:
        TESTS[name]()
        ended, why = "ok", f"{time.monotonic() - start:.1f} s"
    except Skip as skip:
        ended, why = "skipped", str(skip)
    except (AssertionError, KafkaException) as error:
        ended, why = "FAILED", f"{error} (line {traceback.extract_tb(error.__traceback__)[-1].lineno})"
    except Exception:
        ended, why = "FAILED", traceback.format_exc()
    say(f"{ended} {name}: {why}")
    return name, ended, why


def main() -> int:
    names = [name for name in TESTS if len(sys.argv) < 2 or any(word in name for word in sys.argv[1:])]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(play, names))
    count = {ended: sum(result[1] == ended for result in results) for ended in ("ok", "FAILED", "skipped")}
    sys.stdout.flush()
    printed = Path(NOISE.name).read_text(errors="replace")
    if printed:
        say(f"FAILED nothing is printed: {printed}")
    count["FAILED" if printed else "ok"] += 1
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    say(f"{count['ok']} passed, {count['FAILED']} failed{skipped}")
    return int(count["FAILED"] > 0)


OUTPUT = os.fdopen(os.dup(1), "w", buffering=1)
LOCK = threading.Lock()


def say(line: str) -> None:
    with LOCK:
        OUTPUT.write(line + "\n")


with tempfile.TemporaryDirectory() as FOLDER, tempfile.NamedTemporaryFile() as NOISE:
    os.dup2(NOISE.fileno(), 1)
    os.dup2(NOISE.fileno(), 2)
    sys.exit(main())
