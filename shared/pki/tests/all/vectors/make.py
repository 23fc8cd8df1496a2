"""Writes the vectors of EdDSA and ML-DSA anew: X.509 certificates that sign themselves and CMS over "ban sao", by pyca/cryptography (OpenSSL).

Run with `.tools/venv/bin/python shared/pki/tests/all/vectors/make.py`. The keys are thrown away, so every file comes out different. Which CMS
is to be refused stands in `pure.rs`.
"""

import datetime
import hashlib
from pathlib import Path

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed448, mldsa
from cryptography.x509.oid import NameOID

HERE = Path(__file__).parent
CONTENT = b"ban sao"
KEYS = {
    "ed448": (ed448.Ed448PrivateKey, "1.3.101.113"),
    "ml-dsa-44": (mldsa.MLDSA44PrivateKey, "2.16.840.1.101.3.4.3.17"),
    "ml-dsa-65": (mldsa.MLDSA65PrivateKey, "2.16.840.1.101.3.4.3.18"),
    "ml-dsa-87": (mldsa.MLDSA87PrivateKey, "2.16.840.1.101.3.4.3.19"),
}
HASHES = "2.16.840.1.101.3.4.2."
# Name → identifier below HASHES, parameters, digest.
DIGESTS = {
    "shake256": (12, None, hashlib.shake_256(CONTENT).digest(64)),
    "shake256-null": (12, core.Null(), hashlib.shake_256(CONTENT).digest(64)),
    "shake256-len-512": (18, core.Integer(512), hashlib.shake_256(CONTENT).digest(64)),
    "shake256-len-256": (18, core.Integer(256), hashlib.shake_256(CONTENT).digest(32)),
    "sha224": (4, None, hashlib.sha224(CONTENT).digest()),
    "sha256": (1, None, hashlib.sha256(CONTENT).digest()),
    "sha384": (2, None, hashlib.sha384(CONTENT).digest()),
    "sha512": (3, None, hashlib.sha512(CONTENT).digest()),
    "sha3-512": (10, None, hashlib.sha3_512(CONTENT).digest()),
}
SIGNED = {
    "ed448": ["shake256", "shake256-null", "shake256-len-512", "shake256-len-256", "sha512", "sha3-512"],
    "ml-dsa-44": ["sha224", "sha256", "shake256"],
    "ml-dsa-65": ["sha256", "sha384"],
    "ml-dsa-87": ["sha384", "sha512"],
}


class Identifier(core.Sequence):
    """AlgorithmIdentifier with anything in it."""

    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


def identifier(oid, parameters=None):
    return Identifier({"algorithm": oid} | ({"parameters": parameters} if parameters is not None else {})).dump()


def certificate(name, key):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Vector {name}")])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(datetime.datetime(2026, 1, 1)).not_valid_after(datetime.datetime(2046, 1, 1))
    return builder.sign(key, None).public_bytes(serialization.Encoding.DER)


def signed(key, der, oid, digest):
    arc, parameters, value = DIGESTS[digest]
    signer = asn1.Certificate.load(der)
    attributes = cms.CMSAttributes([
        {"type": "content_type", "values": ["data"]},
        {"type": "message_digest", "values": [value]},
    ])
    algorithm = algos.DigestAlgorithm.load(identifier(HASHES + str(arc), parameters))
    info = cms.SignerInfo({
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", {"issuer": signer.issuer, "serial_number": signer.serial_number}),
        "digest_algorithm": algorithm,
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm.load(identifier(oid)),
        "signature": key.sign(attributes.dump()),
    })
    data = {"version": "v1", "digest_algorithms": [algorithm], "encap_content_info": {"content_type": "data"}, "signer_infos": [info]}
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump()


for name, (kind, oid) in KEYS.items():
    key = kind.generate()
    der = certificate(name, key)
    (HERE / f"{name}.der").write_bytes(der)
    for digest in SIGNED[name]:
        (HERE / f"{name}-{digest}.cms").write_bytes(signed(key, der, oid, digest))
