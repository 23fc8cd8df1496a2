"""pyHanko's CSC client (version 1 of the API) signs PDF files through hsm-connector, and pyHanko accepts them."""

import asyncio
import base64
import hashlib
import io
import ssl

import aiohttp
import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationManager,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

import agency

KEYS = ("rsa-2048", "rsa-3072", "p-256")


class Approved(CSCAuthorizationManager):
    """Asks for a SAD with an approval; counts how often."""

    def __init__(self, session, info, credential, approve):
        super().__init__(info, credential)
        self.session, self.approve, self.asked = session, approve, 0

    async def authorize_signature(self, hash_b64s):
        self.asked += 1
        evidence = self.approve(self.csc_session_info.credential_id, hash_b64s)
        body = self.format_csc_auth_request(hash_b64s=hash_b64s, client_data=evidence)
        url = self.csc_session_info.endpoint_url("credentials/authorize")
        async with self.session.post(url, headers=self.auth_headers, json=body) as answer:
            if answer.status != 200:
                raise SigningError((await answer.json())["error"])
            return self.parse_csc_auth_response(await answer.json())


class Salted(CSCSigner):
    """PSS with a salt as long as the digest (ETSI TS 119 312): pyHanko itself takes the longest that fits."""

    def get_signature_mechanism_for_digest(self, digest_algorithm):
        mechanism = super().get_signature_mechanism_for_digest(digest_algorithm)
        if mechanism["algorithm"].native == "rsassa_pss" and self.salt:
            mechanism["parameters"]["salt_length"] = self.salt
        return mechanism

    salt = 32


class Longest(Salted):
    """As pyHanko would have it."""

    salt = None


def paper(number):
    """A PDF file of one page that is like no other."""
    writer = PdfFileWriter()
    text = f"BT /F1 12 Tf 72 720 Td (To giay {number}) Tj ET".encode()
    contents = writer.add_object(StreamObject(stream_data=text))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def signed(house, url, credential, papers, approve=None, pss=False, transport=None, kind=Salted):
    """The papers with a seal each, in one batch; and how often a SAD was asked for."""
    async with aiohttp.ClientSession(connector=transport) as session:
        info = CSCServiceSessionInfo(url, credential, oauth_token=None if transport else agency.TOKEN)
        held = await fetch_certs_in_csc_credential(session, info)
        assert held.hash_pinning_required and held.max_batch_size == 20
        manager = Approved(session, info, held, approve or house.approval)
        signer = kind(session, manager, prefer_pss=pss, batch_size=len(papers))
        meta = PdfSignatureMetadata("Seal", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)

        async def one(data):
            out = await PdfSigner(meta, signer).async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)))
            return out.getvalue()

        return await asyncio.gather(*map(one, papers)), manager.asked


def accepted(house, data):
    root = asn1.Certificate.load(house.root.public_bytes(serialization.Encoding.DER))
    one = PdfFileReader(io.BytesIO(data)).embedded_regular_signatures[0]
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    status = asyncio.run(async_validate_pdf_signature(one, context))
    assert status.bottom_line, status.pretty_print_details()
    return one.signer_info["signature_algorithm"].signature_algo


@pytest.mark.parametrize("key", KEYS)
def test_one_file(house, plain, key):
    (data,), asked = asyncio.run(signed(house, plain, key, [paper(1)]))
    assert asked == 1
    assert accepted(house, data) == ("ecdsa" if key == "p-256" else "rsassa_pkcs1v15")


@pytest.mark.parametrize("key", ("rsa-2048", "rsa-3072"))
def test_one_file_with_pss(house, plain, key):
    (data,), _ = asyncio.run(signed(house, plain, key, [paper(1)], pss=True))
    assert accepted(house, data) == "rsassa_pss"


def test_a_salt_of_another_length_is_refused(house, plain, caplog):
    with pytest.raises(SigningError):
        asyncio.run(signed(house, plain, "rsa-2048", [paper(1)], pss=True, kind=Longest))
    assert "400" in caplog.text


@pytest.mark.parametrize("key", KEYS)
def test_twenty_files_by_one_sad(house, plain, key):
    files, asked = asyncio.run(signed(house, plain, key, [paper(number) for number in range(20)]))
    assert asked == 1
    for data in files:
        accepted(house, data)


def test_over_mutual_tls(house, mutual):
    trust = ssl.create_default_context(cafile=str(house.folder / "ca.pem"))
    trust.load_cert_chain(house.folder / "client.pem", house.folder / "client.key")

    async def one():
        return await signed(house, mutual, "p-256", [paper(1)], transport=aiohttp.TCPConnector(ssl=trust))

    (data,), _ = asyncio.run(one())
    accepted(house, data)


def test_without_a_client_key_nobody_is_heard(house, mutual):
    trust = ssl.create_default_context(cafile=str(house.folder / "ca.pem"))

    async def one():
        return await signed(house, mutual, "p-256", [paper(1)], transport=aiohttp.TCPConnector(ssl=trust))

    with pytest.raises((SigningError, aiohttp.ClientError)):
        asyncio.run(one())


def test_what_nobody_approved_is_not_signed(house, plain, caplog):
    other = base64.b64encode(hashlib.sha256(b"another file").digest()).decode()
    for approve in (lambda _id, _hashes: None, lambda one, _hashes: house.approval(one, [other])):
        caplog.clear()
        with pytest.raises(SigningError):
            asyncio.run(signed(house, plain, "p-256", [paper(1)], approve=approve))
        assert "access_denied" in caplog.text


@pytest.mark.parametrize("key", KEYS)
def test_pyca_verifies_a_bare_digest_of_version_2(house, plain, key):
    digest = hashlib.sha256(b"bytes of no file").digest()
    listed = [base64.b64encode(digest).decode()]
    algorithm = "1.2.840.10045.4.3.2" if key == "p-256" else "1.2.840.113549.1.1.11"

    async def ask(session, method, **body):
        headers = {"Authorization": f"Bearer {agency.TOKEN}"}
        async with session.post(f"{plain}/csc/v2/{method}", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def one():
        async with aiohttp.ClientSession() as session:
            shown = await ask(session, "credentials/info", credentialID=key, certificates="chain")
            sad = await ask(
                session, "credentials/authorize", credentialID=key, numSignatures=1, hashes=listed,
                hashAlgorithmOID=agency.SHA256, clientData=house.approval(key, listed),
            )  # fmt: skip
            said = await ask(
                session, "signatures/signHash", credentialID=key, SAD=sad["SAD"], hashes=listed, signAlgo=algorithm
            )
            return shown, base64.b64decode(said["signatures"][0])

    shown, value = asyncio.run(one())
    leaf, root = (x509.load_der_x509_certificate(base64.b64decode(one)) for one in shown["cert"]["certificates"])
    assert root == house.root
    known = Prehashed(hashes.SHA256())
    if key == "p-256":
        leaf.public_key().verify(value, digest, ec.ECDSA(known))
    else:
        leaf.public_key().verify(value, digest, padding.PKCS1v15(), known)
