"""pyHanko as the judge of one PDF file, without a network; and the way to ask EU DSS about many."""

import asyncio
import io
import subprocess
from dataclasses import dataclass

from asn1crypto import pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

TOLERATED = (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING)
# What Java says when it ends for want of memory.
OUT_OF_MEMORY = 3
WHOLE = (SignatureCoverageLevel.ENTIRE_REVISION, SignatureCoverageLevel.ENTIRE_FILE)


def roots(data):
    """The trust anchors of a PEM file."""
    return [x509.Certificate.load(der) for _, _, der in pem.unarmor(data, multiple=True)]


def reader(data):
    return PdfFileReader(io.BytesIO(data))


def changes(data, field):
    """What pyHanko thinks of the revisions after a signature; trust plays no part."""
    one = next(one for one in reader(data).embedded_regular_signatures if one.field_name == field)
    status = validate_pdf_signature(one, ValidationContext(trust_roots=[], allow_fetching=False))
    assert status.intact and status.valid, f"{field}: {status.summary()}"
    return status.modification_level


def context(anchors, file):
    """Hard-fail revocation with nothing but what the file embeds."""
    settings = {"trust_roots": anchors, "allow_fetching": False, "revocation_mode": "require"}
    return DocumentSecurityStore.read_dss(file).as_validation_context(settings)


def signature_statuses(data, anchors):
    """The status of every signature, in the order of the file."""
    file = reader(data)
    return {
        one.field_name: validate_pdf_signature(one, context(anchors, file), context(anchors, file))
        for one in file.embedded_regular_signatures
    }


def timestamp_statuses(data, anchors):
    file = reader(data)
    return {
        one.field_name: validate_pdf_timestamp(one, context(anchors, file))
        for one in file.embedded_timestamp_signatures
    }


def archive_results(data, anchors):
    """EN 319 102-1 §5.6 (long-term validation with archive time-stamps) of every signature, offline."""
    file = reader(data)
    rule = CertRevTrustPolicy(revocation_checking_policy=REQUIRE_REVINFO)
    certificates = CertValidationPolicySpec(trust_manager=SimpleTrustManager.build(trust_roots=anchors), revinfo_policy=rule)
    gathering = RevocationInfoGatheringSpec(
        online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
        certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
    )
    signatures = SignatureValidationSpec(
        cert_validation_policy=certificates, revinfo_gathering_policy=gathering, local_knowledge=LocalKnowledge()
    )
    specification = PdfSignatureValidationSpec(signature_validation_spec=signatures)
    return {
        one.field_name: asyncio.run(ades_lta_validation(one, specification))
        for one in file.embedded_regular_signatures
    }


@dataclass(frozen=True)
class Verdict:
    """Accepted, or the first reason why not."""

    accepted: bool
    why: str


def complaint(name, status):
    """Why pyHanko does not accept a signature or time-stamp; None when it does."""
    if not status.intact:
        return f"{name}: digest does not match"
    if not status.valid:
        return f"{name}: CMS signature is wrong"
    if not status.trusted:
        return f"{name}: not trusted ({status.trust_problem_indic})"
    if status.coverage not in WHOLE:
        return f"{name}: covers {status.coverage}"
    if status.modification_level not in TOLERATED:
        return f"{name}: changed afterwards ({status.modification_level})"
    if status.docmdp_ok is False:
        return f"{name}: its permissions forbid the later changes"
    return None


def verdict(data, anchors, expected=2, expected_stamps=1):
    """What pyHanko says of the whole file: every signature and time-stamp must hold, and none may be missing.

    pyHanko passes over a signature whose /SubFilter it does not know: who counts them misses it.
    """
    try:
        broken = broken_digest(data)
        if broken:
            return Verdict(False, broken)
        signatures, stamps = signature_statuses(data, anchors), timestamp_statuses(data, anchors)
    except Exception as error:  # noqa: BLE001 - whatever a judge refuses to read, it rejects
        return Verdict(False, f"{type(error).__name__}: {error}")
    if len(signatures) != expected:
        return Verdict(False, f"{len(signatures)} signatures")
    if len(stamps) != expected_stamps:
        return Verdict(False, f"{len(stamps)} document time-stamps")
    for name, status in [*signatures.items(), *stamps.items()]:
        why = complaint(name, status)
        if why:
            return Verdict(False, why)
    return Verdict(True, "accepted")


def broken_digest(data):
    """The cheap half: a signature whose digest does not match ends the judgement."""
    for one in reader(data).embedded_regular_signatures:
        attributes = one.signer_info["signed_attrs"]
        stated = next(value["values"][0].native for value in attributes if value["type"].native == "message_digest")
        if stated != one.compute_digest():
            return f"{one.field_name}: digest does not match"
    return None


def dss(classes, pairs, seconds=300):
    """What EU DSS says of pairs of a file and its roots (or None), and if wanted the moment and CRLs: the columns of every line of Judge.java.

    One start of Java for all files, and one more after each that was too slow or took all of the memory.
    """
    command = ["java", "-Xmx1g", "-XX:+ExitOnOutOfMemoryError", "-cp", f"{classes}/classes:{classes}/dependency/*", "Judge"]
    said, left = [], list(pairs)
    while left:
        names = "".join("\t".join(str(column or "") for column in columns).rstrip("\t") + "\n" for columns in left)
        done = subprocess.run(command, input=names, capture_output=True, text=True, timeout=seconds)
        # Java tells on the same way that it has no memory left.
        lines = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
        heard = {columns[0] for columns in lines}
        left = [pair for pair in left if str(pair[0]) not in heard]
        if done.returncode == OUT_OF_MEMORY:
            lines.append([str(left.pop(0)[0]), "exhausted", "more memory than there is"])
        else:
            assert done.returncode == 0 and lines, done.stderr
        said += lines
    return said
