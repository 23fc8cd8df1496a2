"""The SIM simulator as a program of its own, and enrolled phones; nothing but the loopback is ever reached."""

import base64
import datetime
import http.server
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest


def import_oscrypto():
    """oscrypto 1.3.0 knows no version of OpenSSL with two digits at the end (3.0.17): its pattern reads one digit only."""
    real = re.search

    def lenient(pattern, text, flags=0):
        if isinstance(pattern, str):
            pattern = pattern.replace(r"\d\.\d\.\d[a-z]*", r"\d+\.\d+\.\d+[a-z]*")
        return real(pattern, text, flags)

    re.search = lenient
    try:
        import oscrypto.asymmetric  # noqa: F401
    finally:
        re.search = real


import_oscrypto()

import requests  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure()

TOKEN = "judge-token"
PIN = "246810"


def pytest_addoption(parser):
    parser.addoption("--ctdt", type=Path, required=True, help="the program ctdt")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    real = socket.socket.connect

    def connect(self, address):
        assert self.family == socket.AF_INET and address[0] == "127.0.0.1", "a judge tried to reach the network"
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


class Simulator:
    """One running simulator."""

    def __init__(self, url, clock):
        self.url = url
        self.clock = clock

    def at(self, seconds):
        """Sets its clock to so many seconds after the real one."""
        self.clock.write_text(str(seconds))

    def call(self, method, path, body):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def enrol(self, msisdn, key="rsa-2048"):
        """A phone whose SIM has an X.509 certificate."""
        asked = {"msisdn": msisdn, "name": "Nguyễn Văn Thử", "pin": PIN, "key": key}
        spki = base64.b64decode(self.call("POST", "/admin/subscribers", asked)["spki"])
        chain = {"certificates": [base64.b64encode(certificate(spki)).decode()]}
        self.call("PUT", f"/admin/subscribers/{msisdn}/chain", chain)
        return msisdn

    def confirm(self, msisdn):
        self.call("POST", f"/phones/{msisdn}/confirm", {"pin": PIN})

    def screen(self, msisdn):
        return requests.get(f"{self.url}/phones/{msisdn}", timeout=10).json()["data"]


def certificate(spki):
    """An X.509 certificate of a test CA that nobody trusts."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CTDT Test")])
    begin = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    made = made.not_valid_before(begin).not_valid_after(begin.replace(year=2035))
    made = made.public_key(serialization.load_der_public_key(spki))
    signed = made.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


class Receiver:
    """Takes what the simulator says by itself; each hint is its headers and its body."""

    def __init__(self):
        self.heard = []
        self.some = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.some:
                    receiver.heard.append((dict(self.headers), body))
                    receiver.some.notify_all()
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hints"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def exactly(self, count):
        """Waits for so many, and a moment for one too many."""
        with self.some:
            assert self.some.wait_for(lambda: len(self.heard) >= count, timeout=10), self.heard
            self.some.wait_for(lambda: len(self.heard) > count, timeout=1)
            assert len(self.heard) == count, self.heard
            return list(self.heard)


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(request):
    """The whole house in memory; gives its address."""
    program = [request.config.getoption("--ctdt").resolve(), "dev", "--port", "0"]
    running = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        line = running.stdout.readline()
        assert line.startswith("READY "), line
        yield line.split()[-1]
    finally:
        running.terminate()
        running.wait(timeout=30)
        running.stdout.close()


# With what the sandbox's gateway signs its hints, as local::CALLBACK_SECRET has it.
SECRET = "whsec_Q1REVCBzYW5kYm94LCBubyBzZWNyZXQgYXQgYWxs"


@pytest.fixture
def simulator(request, tmp_path, receiver):
    clock = tmp_path / "offset"
    program = [request.config.getoption("--ctdt").resolve(), "simpki", "--port", "0", "--token", TOKEN]
    running = subprocess.Popen(
        [*program, "--clock-offset-file", clock, "--callback", receiver.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CTDT_CALLBACK_SECRET": SECRET},
    )
    try:
        line = running.stdout.readline()
        assert line.startswith("SIMPKI READY "), line
        yield Simulator(line.split()[-1], clock)
    finally:
        running.stdin.close()
        running.wait(timeout=10)
        running.stdout.close()
