"""The same files before other judges, in the same run: their CPU beside ours (limits.md §3.2).

pyHanko judges in one process, with everything loaded before the clock starts: both signatures with their paths, time-stamps
and embedded revocation, offline. pdfsig is a process each time and checks less: cryptography only (`-nocert`).
"""

import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "judges"))

LONG_S = 1.0
RUNS = 3


def best(act):
    """The least of several runs, milliseconds of CPU; noise only adds."""
    least, spent, runs = None, 0.0, 0
    while runs < RUNS or (spent < LONG_S and runs < 30):
        used = act()
        least = used if least is None else min(least, used)
        spent, runs = spent + used, runs + 1
    return least * 1e3


def told(case, value, baseline, baseline_value, bench="verify"):
    figure = {"bench": bench, "case": case, "value": round(value, 3), "unit": "ms_cpu", "baseline": baseline}
    print(json.dumps({**figure, "baseline_value": round(baseline_value, 3), "ratio": round(value / baseline_value, 5)}), flush=True)


def pyhanko(data, roots, at):
    """Seconds of CPU for both signatures; none may be refused, or the comparison would be with a shorter way."""
    import judge
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    settings = {"trust_roots": roots, "allow_fetching": False, "revocation_mode": "require", "moment": moment}
    begun = time.process_time()
    file = judge.reader(data)
    for one in file.embedded_regular_signatures:
        contexts = [DocumentSecurityStore.read_dss(file).as_validation_context(settings) for _ in range(2)]
        status = validate_pdf_signature(one, *contexts)
        why = judge.complaint(one.field_name, status)
        assert why is None, why
    return time.process_time() - begun


def child(arguments):
    """CPU seconds of a process, its start included."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{arguments[0]} ended with {status}"
    return used.ru_utime + used.ru_stime


def cpu(folder, figures, roots):
    for case, ours in json.loads(figures.read_text(encoding="utf-8")).items():
        path = folder / f"{case}.pdf"
        data = path.read_bytes()
        theirs = best(lambda: pyhanko(data, roots, ours["at"]))
        told(case, ours["value"], "pyhanko_in_process", theirs)
        theirs = best(lambda: child(["pdfsig", "-nocert", path]))
        told(case, ours["value"], "pdfsig_process", theirs)


def signer(rsa_keys):
    """A soft key with an X.509 certificate of its own, for signatures and for time-stamps. Nobody builds a path while signing."""
    from asn1crypto import keys, x509
    from cryptography import x509 as made
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    from pyhanko.sign import signers, timestamps
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = rsa.generate_private_key(65537, 2048) if rsa_keys else ec.generate_private_key(ec.SECP256R1())
    name = made.Name([made.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = made.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    built = built.add_extension(made.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    leaf = x509.Certificate.load(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    private = keys.PrivateKeyInfo.load(der)
    store = SimpleCertificateStore.from_certs([leaf])
    stamps = timestamps.DummyTimeStamper(leaf, private) if rsa_keys else None
    return signers.SimpleSigner(leaf, private, store), stamps


def pyhanko_signs(data, who, stamps):
    """Seconds of CPU for both signatures at B-T: no evidence and no archive, which is less than we are timed for."""
    from io import BytesIO

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    begun = time.process_time()
    for field in ("Leader", "Seal"):
        meta = signers.PdfSignatureMetadata(field_name=field, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256")
        data = signers.sign_pdf(IncrementalPdfFileWriter(BytesIO(data)), meta, who, timestamper=stamps).getvalue()
    return time.process_time() - begun


def signing(folder, figures):
    # Its own time-stamper signs with RSA only.
    (who, _), (_, stamps) = signer("rsa" in figures.stem), signer(True)
    for case, ours in json.loads(figures.read_text(encoding="utf-8")).items():
        data = (folder / f"base-{case}.pdf").read_bytes()
        theirs = best(lambda: pyhanko_signs(data, who, stamps))
        told(f"signing_{case}", ours["value"], "pyhanko_in_process", theirs, "seal")


def anchors(path):
    import judge

    return judge.roots(path.read_bytes())


def main(folder):
    for figures in sorted(folder.glob("figures*.json")):
        keys = figures.stem.removeprefix("figures")
        cpu(folder, figures, anchors(folder / f"trust{keys}.pem"))
    for figures in sorted(folder.glob("signing*.json")):
        signing(folder, figures)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
