"""Makes files that must be rejected: honest incremental updates in dishonest places.

Every forgery is well formed (qpdf finds nothing to complain about), so that only the judgement of what changed after a
signature can reject it. Keys and certificates of the forger are made on the spot and worth nothing.
"""

import datetime
import io

from asn1crypto import keys, x509
from cryptography import x509 as made
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

FORGED = b"q 1 0 0 1 72 400 cm 0 0 300 60 re S Q\n"


def revision(data, field):
    """The bytes that a signature covers, up to its end."""
    file = PdfFileReader(io.BytesIO(data))
    one = next(one for one in file.embedded_signatures if one.field_name == field)
    _, _, start, length = one.byte_range
    return data[: start + length]


def added_page(data):
    """One more page in a revision of its own."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    contents = writer.add_object(generic.StreamObject(stream_data=FORGED))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 595, 842)))
    return written(writer)


def replaced_page(data):
    """The first page shows something else."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"].raw_get(0).get_object()
    while "/Kids" in page:
        page = page["/Kids"].raw_get(0).get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=FORGED))
    writer.mark_update(page.container_ref)
    return written(writer)


def written(writer):
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Sealer:
    """Somebody who owns a sealing certificate that the relying party trusts."""

    def __init__(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = made.Name(
            [
                made.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                made.NameAttribute(NameOID.ORGANIZATION_NAME, "UBND xã Giả Mạo"),
                made.NameAttribute(NameOID.COMMON_NAME, "UBND xã Giả Mạo"),
            ]
        )
        now = datetime.datetime.now(tz=datetime.timezone.utc)
        usage = made.KeyUsage(True, True, False, False, False, True, True, False, False)
        self.certificate = (
            made.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(made.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(made.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.root = x509.Certificate.load(self.certificate.public_bytes(serialization.Encoding.DER))
        private = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.signer = signers.SimpleSigner(
            signing_cert=self.root,
            signing_key=keys.PrivateKeyInfo.load(private),
            cert_registry=SimpleCertificateStore(),
        )

    def seal(self, data, field="Seal"):
        """Signs the empty field of the seal over whatever the file says now."""
        writer = IncrementalPdfFileWriter(io.BytesIO(data))
        metadata = signers.PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        return signers.PdfSigner(metadata, signer=self.signer).sign_pdf(writer, existing_fields_only=True).getvalue()
