"""An agency with SoftHSM2, made by pyca and the tools of OpenSC: nothing of it is made by what is tested."""

import base64
import datetime
import hashlib
import ipaddress
import json
import os
import subprocess
import time
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "314159"
TOKEN = "bearer token of the peers, long enough to be none of a person"
SHA256 = "2.16.840.1.101.3.4.2.1"
# How long the connector may take to begin.
PATIENCE = 20


def name(organisation, common):
    attributes = [(NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def pem_key(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def spki(key, encoding=serialization.Encoding.DER):
    return key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class Agency:
    """The token, its CA, and the keys of connector, client and approver."""

    def __init__(self, folder, connector):
        self.folder, self.connector = folder, connector
        self.keys = {
            "rsa-2048": rsa.generate_private_key(65537, 2048),
            "rsa-3072": rsa.generate_private_key(65537, 3072),
            "p-256": ec.generate_private_key(ec.SECP256R1()),
        }
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.approver = ec.generate_private_key(ec.SECP256R1())
        self.ca_name = name("CTDT Test Cơ yếu", "Root")
        self.root = self.issue(self.ca_name, self.ca_key, ca=True)
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
        self.fill()

    def issue(self, subject, key, ca=False, more=()):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.ca_name)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=2))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        usage = dict.fromkeys(
            ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
        )
        usage |= {"digital_signature": not ca, "content_commitment": not ca, "key_cert_sign": ca, "crl_sign": ca}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.ca_key, hashes.SHA256())

    def write(self, file, data):
        path = self.folder / file
        path.write_bytes(data)
        path.chmod(0o600)
        return path

    def run(self, *command):
        subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=60)

    def fill(self):
        (self.folder / "tokens").mkdir()
        self.write("softhsm2.conf", f"directories.tokendir = {self.folder}/tokens\n".encode())
        self.write("pin", PIN.encode())
        self.write("ca.pem", self.root.public_bytes(serialization.Encoding.PEM))
        self.write("approver.pem", spki(self.approver, serialization.Encoding.PEM))
        self.run("softhsm2-util", "--init-token", "--free", "--label", "seal", "--so-pin", "27182818", "--pin", PIN)
        for number, (label, key) in enumerate(self.keys.items(), start=1):
            file, mark = self.write("key.pem", pem_key(key)), f"{number:02}"
            self.run(
                "softhsm2-util", "--import", file, "--token", "seal", "--pin", PIN, "--label", label, "--id", mark
            )
            leaf = self.issue(name("UBND xã Thử", label), key).public_bytes(serialization.Encoding.DER)
            file = self.write("leaf.der", leaf)
            self.run(
                "pkcs11-tool", "--module", LIBRARY, "--token-label", "seal", "--login", "--pin", PIN,
                "--write-object", file, "--type", "cert", "--id", mark, "--label", label,
            )  # fmt: skip

    def tls(self):
        """Keys of connector and client; gives what the configuration says about them."""
        server, client = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        for file, key, extension in (("server", server, host), ("client", client, use)):
            leaf = self.issue(name("CTDT", file), key, more=[extension])
            self.write(f"{file}.pem", leaf.public_bytes(serialization.Encoding.PEM))
            self.write(f"{file}.key", pem_key(key))
        pin = hashlib.sha256(spki(client)).hexdigest()
        return {
            "tls": {"key": "server.key", "chain": "server.pem", "client_ca": "ca.pem"},
            "clients": [{"name": "ctdt", "spki_sha256": pin}],
        }

    @contextmanager
    def running(self, tls=False):
        """The connector; gives its URL."""
        settings = {
            "listen": "127.0.0.1:0",
            "name": "hsm",
            "clients": [{"name": "ctdt", "token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}],
            "token": {"library": LIBRARY, "label": "seal", "pin_file": "pin"},
            "credentials": [
                {"id": label, "key_id": f"{number:02}", "chain": "ca.pem"}
                for number, label in enumerate(self.keys, start=1)
            ],
            "profile": "approved",
            "approval_keys": ["approver.pem"],
        } | (self.tls() if tls else {})
        # JSON is YAML.
        file = self.write(f"connector-{tls}.yaml", json.dumps(settings).encode())
        with open(self.folder / f"log-{tls}", "wb") as log:
            child = subprocess.Popen(
                [self.connector, file], env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            line = child.stdout.readline()
            assert line.startswith("READY "), (self.folder / f"log-{tls}").read_text()
            yield line.removeprefix("READY ").strip()
        finally:
            child.terminate()
            child.wait(PATIENCE)

    def approval(self, credential, hashes_b64):
        """What `signing-request` says: a JWS by ES256 (RFC 7515, RFC 7518 §3.4)."""
        now = int(time.time())
        claims = {
            "aud": "hsm", "sub": "session-1", "iat": now, "exp": now + 300, "credentialID": credential,
            "hashAlgorithmOID": SHA256, "hashes": hashes_b64,
        }  # fmt: skip
        header = {"alg": "ES256", "typ": "approval+jwt"}
        signed = ".".join(b64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self.approver.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
