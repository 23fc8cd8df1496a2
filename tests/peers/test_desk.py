"""The look-alike of the desk program keeps what pages are told about the real one."""

import asyncio
import base64
import hashlib
import json
import shutil
import ssl

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from playwright.async_api import Error, async_playwright

import desk

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage"]
ORIGIN = "https://ky.example.vn"
DIGEST = hashlib.sha256(b"SignedAttributes of a copy").digest()
ORDER = {"HashAlg": "SHA256", "HashValue": base64.b64encode(DIGEST).decode(), "Encode": "RSA"}


@pytest.fixture(scope="module")
def keys(house):
    """The key by which the desk program speaks TLS."""
    house.tls()
    return house


def told(house, asked, key="rsa-2048", decision=True, origin=ORIGIN):
    """What the desk says to each (operation, message), one connection each."""

    async def one(session, url, operation, message):
        trust = ssl.create_default_context(cafile=str(house.folder / "ca.pem"))
        async with session.ws_connect(f"{url}/{operation}", ssl=trust, origin=origin) as socket:
            await socket.send_str(message if isinstance(message, str) else json.dumps(message))
            said = json.loads((await socket.receive()).data)
            assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE, "one answer, then it is closed"
            return said

    async def all_of_them():
        program = desk.Desk(house, key, [ORIGIN])
        program.decision = decision
        async with program.running() as url, aiohttp.ClientSession() as session:
            return await asyncio.gather(*(one(session, url, *each) for each in asked))

    return asyncio.run(all_of_them())


def test_version_and_certificate(keys):
    version, info = told(keys, [("GetVersion", ""), ("GetCertInfo", {})])
    assert version["Status"] == info["Status"] == 0 and version["Version"]
    leaf = x509.load_der_x509_certificate(base64.b64decode(info["CertInfo"]["Base64"]))
    assert leaf.public_key() == keys.keys["rsa-2048"].public_key()
    assert int(info["CertInfo"]["SerialNumber"], 16) == leaf.serial_number


@pytest.mark.parametrize("key", ("rsa-2048", "rsa-3072", "p-256"))
def test_signatures_verify(keys, key):
    for said in told(keys, [("SignMsg", ORDER)] * 3, key):
        assert said["Status"] == 0, said
        value, known = base64.b64decode(said["Signature"]), Prehashed(hashes.SHA256())
        leaf = x509.load_der_x509_certificate(base64.b64decode(said["CertBase64"]))
        if key == "p-256":
            # As a token gives it: r and s beside each other.
            pair = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
            leaf.public_key().verify(encode_dss_signature(*pair), DIGEST, ec.ECDSA(known))
        else:
            leaf.public_key().verify(value, DIGEST, padding.PKCS1v15(), known)


ASK = """async ([url, order]) => await new Promise((done, failed) => {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(order);
  socket.onmessage = (message) => done(message.data);
  socket.onerror = () => failed(new Error("no answer"));
})"""


@pytest.mark.parametrize(
    ("origin", "permitted", "answered"),
    ((ORIGIN, True, True), (ORIGIN, False, False), ("https://evil.example", True, False)),
)
def test_a_page_in_chromium(keys, origin, permitted, answered):
    """A page of ours gets a signature once the user has let it reach the machine; one of others gets nothing."""

    async def ask(page, url):
        await page.route("**/*", lambda route: route.fulfill(body="<p>Ký số</p>", content_type="text/html"))
        await page.goto(origin)
        return json.loads(await page.evaluate(ASK, [f"{url}/SignMsg", json.dumps(ORDER)]))

    async def all_of_it():
        async with desk.Desk(keys, "rsa-2048", [ORIGIN]).running() as url, async_playwright() as playwright:
            found = next(filter(None, map(shutil.which, BROWSERS)))
            browser = await playwright.chromium.launch(executable_path=found, args=QUIET)
            # The desk program's CA is one that only the machine knows.
            context = await browser.new_context(ignore_https_errors=True)
            # Since Chromium 147 a page needs this permission to reach a WebSocket on the machine itself.
            if permitted:
                await context.grant_permissions(["local-network-access"], origin=origin)
            try:
                return await ask(await context.new_page(), url)
            finally:
                await browser.close()

    if not answered:
        with pytest.raises(Error, match="no answer"):
            asyncio.run(all_of_it())
        return
    said = asyncio.run(all_of_it())
    leaf = x509.load_der_x509_certificate(base64.b64decode(said["CertBase64"]))
    value = base64.b64decode(said["Signature"])
    leaf.public_key().verify(value, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def test_refusals(keys):
    wrong = [
        "no JSON",
        [],
        {},
        {**ORDER, "HashAlg": "SHA1"},
        {**ORDER, "Encode": "XML"},
        {**ORDER, "HashValue": base64.b64encode(DIGEST[:20]).decode()},
        {**ORDER, "HashValue": "***"},
    ]
    for said in told(keys, [("SignMsg", one) for one in wrong]):
        assert said["Status"] == desk.WRONG and "Signature" not in said
    (said,) = told(keys, [("SignMsg", ORDER)], decision=False)
    assert said["Status"] == desk.REFUSED and "Signature" not in said


@pytest.mark.parametrize("origin", (None, "https://evil.example", "null"))
def test_pages_of_others_are_not_answered(keys, origin):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        told(keys, [("GetVersion", "")], origin=origin)
    assert refused.value.status == 403


def test_an_unknown_operation_is_none(keys):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        told(keys, [("SignFiles", {})])
    assert refused.value.status == 404
