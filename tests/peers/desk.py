"""A look-alike of the desk program that signs with a USB Token (VGCA Sign Service), over SoftHSM2, for tests of pages.

One WebSocket for each operation, `wss://127.0.0.1:PORT/<Operation>`: one text in, one text out, then it is closed. It knows
`GetVersion`, `GetCertInfo` and `SignMsg`, as products in the field are seen to use them; no specification is public, and
that `Signature` is PKCS#1 over DigestInfo has to be seen on a real token yet. It signs no files, and asks nobody: what the
person at the desk would do is `decision`. PIN and key stay in the token's tools; a page never sees them.
"""

import asyncio
import base64
import binascii
import json
import ssl
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

import agency

# What DER puts before a digest of SHA-256 (RFC 8017 §9.2, note 1).
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
# The longest message, in bytes: a digest and its name take 150.
LONGEST = 4096
OK, REFUSED, WRONG = 0, 1, 2


class Desk:
    """The program at the desk: a token, the pages that it answers, and the person before it."""

    def __init__(self, house, key, origins):
        self.house, self.origins, self.decision = house, origins, True
        self.mark = f"{list(house.keys).index(key) + 1:02}"
        self.busy = asyncio.Lock()
        self.leaf = self.tool("--read-object", "--type", "cert", "--id", self.mark)
        self.operations = {"GetVersion": self.version, "GetCertInfo": self.info, "SignMsg": self.sign}

    def tool(self, *arguments, given=None):
        """What OpenSC's tool writes into a file; it reads PIN and input from files too."""
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder, "in"), Path(folder, "out")
            if given is not None:
                source.write_bytes(given)
                arguments += ("--login", "--pin", agency.PIN, "--input-file", str(source))
            command = ["pkcs11-tool", "--module", agency.LIBRARY, "--token-label", "seal", *arguments]
            self.house.run(*command, "--output-file", str(result))
            return result.read_bytes()

    def version(self, _asked):
        return {"Version": "1.0.0 (CTDT look-alike)"}

    def info(self, _asked):
        leaf = x509.load_der_x509_certificate(self.leaf)
        return {
            "CertInfo": {
                "SerialNumber": f"{leaf.serial_number:X}",
                "Subject": leaf.subject.rfc4514_string(),
                "Issuer": leaf.issuer.rfc4514_string(),
                "ValidFrom": leaf.not_valid_before_utc.isoformat(),
                "ValidTo": leaf.not_valid_after_utc.isoformat(),
                "Base64": base64.b64encode(self.leaf).decode(),
            }
        }

    def sign(self, asked):
        if asked.get("HashAlg") != "SHA256" or asked.get("Encode") != "RSA":
            raise ValueError("HashAlg must be SHA256, Encode RSA")
        digest = base64.b64decode(asked["HashValue"], validate=True)
        if len(digest) != 32:
            raise ValueError("HashValue must be 32 bytes")
        if not self.decision:
            return None
        key = x509.load_der_x509_certificate(self.leaf).public_key()
        is_rsa = isinstance(key, rsa.RSAPublicKey)
        mechanism = ("RSA-PKCS", DIGEST_INFO + digest) if is_rsa else ("ECDSA", digest)
        value = self.tool("--sign", "--mechanism", mechanism[0], "--id", self.mark, given=mechanism[1])
        return {"Signature": base64.b64encode(value).decode(), "CertBase64": base64.b64encode(self.leaf).decode()}

    def answer(self, operation, text):
        try:
            asked = json.loads(text) if text else {}
            if not isinstance(asked, dict):
                raise ValueError("no object")
            said = operation(asked)
        except (ValueError, KeyError, TypeError, binascii.Error) as why:
            return {"Status": WRONG, "Message": f"Yêu cầu sai / wrong request: {why}"}
        except subprocess.SubprocessError:
            return {"Status": WRONG, "Message": "Thiết bị không trả lời / the token does not answer"}
        if said is None:
            return {"Status": REFUSED, "Message": "Người dùng từ chối / refused by the user"}
        return {"Status": OK, **said}

    async def handle(self, request):
        operation = self.operations.get(request.match_info["operation"])
        if operation is None:
            raise web.HTTPNotFound()
        # A page of anybody could ask this address: only those of the system are answered.
        if request.headers.get("Origin") not in self.origins:
            raise web.HTTPForbidden()
        socket = web.WebSocketResponse(max_msg_size=LONGEST)
        await socket.prepare(request)
        message = await socket.receive()
        if message.type == WSMsgType.TEXT:
            # One dialogue at a time.
            async with self.busy:
                said = await asyncio.to_thread(self.answer, operation, message.data)
            await socket.send_str(json.dumps(said, ensure_ascii=False))
        await socket.close()
        return socket

    @asynccontextmanager
    async def running(self, port=0):
        """Serves on loopback; gives the URL. The desk program itself always takes port 8987."""
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(self.house.folder / "server.pem", self.house.folder / "server.key")
        app = web.Application()
        app.add_routes([web.get("/{operation}", self.handle)])
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=trust)
            await site.start()
            yield f"wss://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
