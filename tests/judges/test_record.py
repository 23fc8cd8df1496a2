"""The record of a verification (bien-ban.pdf): signed by the service, and the report that was signed is inside.

It is a signed PDF and no copy: one signature, no time-stamp, for whoever holds a key has no way out (docs/decisions/0012).
"""

import hashlib
import json
import re
import subprocess

import pytest

import judge


@pytest.fixture
def path(copy):
    return copy.folder / "bien-ban.pdf"


@pytest.fixture
def data(path):
    return path.read_bytes()


def said_by(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attached(data):
    """The one embedded file: its name and bytes."""
    root = judge.reader(data).root
    name, specification = root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert root["/AF"][0]["/AFRelationship"] == "/Data"
    return str(name), specification.get_object()["/EF"]["/F"].data


def test_pyhanko_accepts_it(copy, data):
    anchors = judge.roots(copy.trust.read_bytes())
    verdict = judge.verdict(data, anchors, expected=1, expected_stamps=0)
    assert verdict.accepted, verdict.why
    (name, status), = judge.signature_statuses(data, anchors).items()
    assert name == "Report"
    assert "Dịch vụ kiểm tra" in status.signing_cert.subject.native["common_name"]
    assert not judge.verdict(data, [], expected=1, expected_stamps=0).accepted


def test_pdfsig_calls_it_valid(path):
    said = said_by("pdfsig", "-nocert", path)
    assert said.count("Signature #") == 1
    assert "Signature is Valid" in said and "ETSI.CAdES.detached" in said, said


def test_qpdf_finds_nothing(path):
    said_by("qpdf", "--check", path)


def test_ctdt_calls_it_a_signed_file_and_no_copy(copy, path, ctdt):
    said = json.loads(said_by(ctdt, "verify", "--json", "--trust", copy.trust, path))["files"][0]
    assert (said["verdict"], said["kind"]) == ("valid", "signed_pdf")


def test_the_report_is_inside_and_names_the_file(copy, data, path):
    name, report = attached(data)
    assert name == "bao-cao.json"
    pages = said_by("pdftotext", path, "-")
    assert hashlib.sha256(report).hexdigest() in pages, "the digest at the foot is that of the attachment"
    report = json.loads(report)
    assert report["sha256"] == hashlib.sha256(copy.data).hexdigest()
    assert report["verdict"] == "valid" and report["checked_at"]
    assert report["id"] in pages and str(report["policy"]["trust_list"]) in pages
    assert report["sha256"] in pages
    assert "không phải bản sao có chứng thực" in re.sub(r"\s+", " ", pages)


def test_a_changed_record_is_found_out(copy, data):
    """One byte in the attachment and one on the page."""
    anchors = judge.roots(copy.trust.read_bytes())
    for mark in (b"/EmbeddedFile", b"/Annots"):
        at = data.index(mark) + 1
        changed = data[:at] + b"X" + data[at + 1 :]
        assert not judge.verdict(changed, anchors, expected=1, expected_stamps=0).accepted, mark
