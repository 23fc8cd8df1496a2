"""Copies that are looked at years later, without a network.

The copies are those of `cargo test --workspace --test later`, which wrote beside each when it is looked at and what is right: the leader's and
the office's X.509 certificates have ended or were revoked meanwhile, their issuer's was, the document time-stamps were renewed once and twice;
and one that was revoked before it signed. EU DSS and ours are asked for the verdict of the moment, the others for what they know of. pyHanko's own verdict of a moment
(EN 319 102-1 §5.6.3) is asked for where it can have one: see `own_verdicts`.
"""

import asyncio
import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import test_pdfa
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy, FreshnessReqType
from pyhanko_certvalidator.registry import SimpleTrustManager

import judge

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parents[2] / "target"))
MADE = TARGET / "tmp/later"
SIGNERS = ["Leader", "Seal"]


def rows():
    index = MADE / "index.json"
    return json.loads(index.read_text(encoding="utf-8")) if index.exists() else []


def name_of(row):
    return f"{row['name']}-{row['at'][:10]}"


def lists(row):
    return [MADE / name for name in row["crls"]]


@pytest.fixture(params=rows(), ids=name_of)
def row(request):
    return request.param


def test_there_is_something_to_judge():
    assert rows(), "no copies were made: cargo test --workspace --test later"
    assert {row["verdict"] for row in rows()} == {"valid", "indeterminate", "invalid"}


def test_ctdt_says_so(row, ctdt):
    """With nothing but the file: the lists of revoked X.509 certificates are no secret that the verdict hangs on."""
    command = [ctdt, "verify", "--offline", "--json", "--at", row["at"], "--trust", MADE / "trust.pem", MADE / row["pdf"]]
    said = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    report = json.loads(said.stdout)
    report = report.get("files", [report])[0] if isinstance(report, dict) else report[0]
    assert report["verdict"] == row["verdict"], report["reasons"]
    if row["verdict"] == "valid":
        assert [one["level"] for one in report["signatures"][:2]] == ["B-LTA", "B-LTA"]


def test_pyhanko_finds_everything_whole(row):
    """Digests, signatures, coverage and what came after, at no moment; trust at a moment long past it is not asked for here."""
    anchors = judge.roots((MADE / "trust.pem").read_bytes())
    data = (MADE / row["pdf"]).read_bytes()
    signatures, stamps = judge.signature_statuses(data, anchors), judge.timestamp_statuses(data, anchors)
    assert list(signatures) == SIGNERS and len(stamps) == row["stamps"]
    for name, status in [*signatures.items(), *stamps.items()]:
        assert status.intact and status.valid, f"{name}: {status.summary()}"
        assert status.coverage in judge.WHOLE, f"{name}: {status.coverage}"
        assert status.modification_level in judge.TOLERATED, f"{name}: {status.modification_level}"


def at_its_moment(monkeypatch, moment):
    """pyHanko slides back in time from the machine's clock and not from the moment that it is asked about: the clock is that moment."""

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    for name, module in list(sys.modules.items()):
        if name.startswith("pyhanko") and getattr(module, "datetime", None) is datetime.datetime:
            monkeypatch.setattr(module, "datetime", Clock)


def own_verdicts(row, monkeypatch):
    """EN 319 102-1 §5.6.3 by pyHanko, with nothing but the roots and what the file embeds: whose signatures pass.

    Evidence may be ten years old: what is said of the last time-stamp's authority is what the file says, and that was said when the file was made.
    """
    moment = datetime.datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
    at_its_moment(monkeypatch, moment)
    anchors = judge.roots((MADE / "trust.pem").read_bytes())
    rule = CertRevTrustPolicy(
        revocation_checking_policy=REQUIRE_REVINFO,
        freshness=datetime.timedelta(days=3653),
        freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
    )
    trust = SimpleTrustManager.build(trust_roots=anchors)
    gathering = RevocationInfoGatheringSpec(
        online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
        certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
    )
    signatures = SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(trust_manager=trust, revinfo_policy=rule), revinfo_gathering_policy=gathering
    )
    timing = ValidationTimingInfo(validation_time=moment, best_signature_time=moment, point_in_time_validation=False)
    file = judge.reader((MADE / row["pdf"]).read_bytes())
    said = {
        one.field_name: asyncio.run(ades_lta_validation(one, PdfSignatureValidationSpec(signature_validation_spec=signatures), timing_info=timing))
        for one in file.embedded_regular_signatures
    }
    assert list(said) == SIGNERS
    return [name for name, result in said.items() if result.ades_subindic == AdESPassed.OK]


# Whose signatures pyHanko passes by itself, by file and year of the moment. Only files whose evidence is lists: a root that signs OCSP answers
# itself is to pyHanko a responder about whom evidence is missing (NO_POE). Five years later a signer's X.509 certificate has ended, and its past
# validation passes those about whom a later list says more (it slides back to the revocation), not those about whom nothing was said since
# (OUT_OF_BOUNDS_NO_POE). Whoever makes one of them pass, or fail, has to come here.
PASSED = {
    ("by-lists", 2026): SIGNERS,
    ("by-lists", 2031): [],
    ("by-lists", 2033): [],
    ("leader-revoked-later-by-lists", 2027): SIGNERS,
    ("leader-revoked-later-by-lists", 2031): ["Leader"],
    ("office-revoked-later-by-lists", 2027): SIGNERS,
    ("office-revoked-later-by-lists", 2031): ["Seal"],
    ("issuer-revoked-later-by-lists", 2027): SIGNERS,
    ("issuer-revoked-later-by-lists", 2031): SIGNERS,
    ("leader-revoked-before", 2026): [],
    ("leader-revoked-before", 2031): [],
}


@pytest.mark.parametrize("file", PASSED, ids=lambda file: f"{file[0]}-{file[1]}")
def test_pyhanko_trusts_by_itself(file, monkeypatch):
    """Years later, and after a later revocation, from embedded evidence alone; and nobody who was revoked before."""
    name, year = file
    row = next(row for row in rows() if row["name"] == name and row["at"].startswith(str(year)))
    assert own_verdicts(row, monkeypatch) == PASSED[file]
    assert PASSED[file] == [] or row["verdict"] == "valid"


@pytest.fixture(scope="module")
def sayings(request, tmp_path_factory):
    """What DSS says, by name of the row: one start of Java for all; a link of its own for each moment of a file."""
    classes = request.config.getoption("--dss")
    if not classes:
        pytest.skip("EU DSS is not asked: no Maven, or Maven Central did not answer")
    folder, asked = tmp_path_factory.mktemp("later"), []
    for row in rows():
        link = folder / f"{name_of(row)}.pdf"
        link.symlink_to(MADE / row["pdf"])
        asked.append((link, MADE / "trust.pem", row["at"], *lists(row)))
    said = {}
    for file, kind, *rest in judge.dss(classes, asked):
        assert kind in ("signature", "timestamp"), f"{file}: {kind} {rest}"
        said.setdefault(Path(file).stem, []).append((kind, *rest))
    return said


def test_dss_says_so(row, sayings):
    said = sayings[name_of(row)]
    signatures = {field: rest for kind, field, *rest in said if kind == "signature"}
    assert list(signatures) == SIGNERS
    passed = {field: indication == "TOTAL_PASSED" for field, (indication, *_) in signatures.items()}
    assert all(passed.values()) == (row["verdict"] == "valid"), said
    assert all(intact == "intact" for _, _, _, intact, *_ in signatures.values())
    if row["verdict"] == "valid":
        assert {level for _, _, level, *_ in signatures.values()} == {"PAdES-BASELINE-LTA"}


def test_poppler_and_qpdf_find_no_fault(row):
    """They know no moment: both signatures are whole, and the last time-stamp covers the file."""
    said = subprocess.run(["pdfsig", "-nocert", str(MADE / row["pdf"])], capture_output=True, text=True, check=True).stdout
    fields = re.findall(r"Field Name: (\S+)", said)
    assert fields[:2] == SIGNERS
    assert len(fields) == 2 + row["stamps"]
    # Document time-stamps are of a kind that pdfsig names and does not check.
    assert said.count("Signature is Valid") == len(SIGNERS), said
    assert "Total document signed" in said
    done = subprocess.run(["qpdf", "--check", str(MADE / row["pdf"])], capture_output=True, text=True)
    assert done.returncode == 0 and "WARNING" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_every_file_stays_pdf_a(request, tmp_path):
    folder = request.config.getoption("--dss")
    if folder is None or not rows():
        pytest.skip("no Java judges here, or no copies")
    paths = sorted({MADE / row["pdf"] for row in rows()})
    assert all(test_pdfa.CLAIM in path.read_bytes() for path in paths)
    said = test_pdfa.asked(folder, paths, tmp_path)
    assert {path.name: test_pdfa.failed(said[str(path)]) for path in paths if not said[str(path)]["conforms"]} == {}
