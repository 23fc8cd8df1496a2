"""Copies that are looked at years later, without a network.

The copies are those of `cargo test --workspace --test later`, which wrote beside each when it is looked at and what is right: the leader's and
the office's X.509 certificates have ended or were revoked meanwhile, their issuer's was, the document time-stamps were renewed once and twice;
and one that was revoked before it signed. EU DSS and ours are asked for the verdict of the moment, the others for what they know of.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import test_pdfa

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
