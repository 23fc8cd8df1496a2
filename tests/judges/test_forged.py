"""Forged pages are rejected by pyHanko and by us, for the reason that they were made for."""

import json
import subprocess

import pytest
from pyhanko.sign.diff_analysis import ModificationLevel

import forge
import judge

FORGERIES = [forge.added_page, forge.replaced_page]


def ours(ctdt, file, *roots):
    trusted = [part for root in roots for part in ("--trust", root)]
    done = subprocess.run([ctdt, "verify", "--json", "--offline", *trusted, file], capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)["files"][0]


def of(report, field):
    return next(one for one in report["signatures"] if one["field"] == field)


def well_formed(path):
    return subprocess.run(["qpdf", "--check", path], capture_output=True).returncode == 0


def test_we_accept_the_copy(copy, ctdt):
    status, report = ours(ctdt, copy.path, copy.trust)
    assert (status, report["verdict"], report["kind"]) == (0, "valid", "certified_copy")
    assert [one["level"] for one in report["signatures"][:2]] == ["B-LTA", "B-LTA"]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_page_forged_after_the_seal(one_copy, ctdt, forgery, tmp_path):
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(forgery(one_copy.data))
    assert well_formed(forged)
    anchors = judge.roots(one_copy.trust.read_bytes())
    verdict = judge.verdict(forged.read_bytes(), anchors)
    assert not verdict.accepted and "changed afterwards" in verdict.why, verdict.why
    status, report = ours(ctdt, forged, one_copy.trust)
    assert (status, report["verdict"]) == (1, "invalid")
    assert of(report, "Seal")["integrity"] == "intact"
    assert of(report, "Seal")["changes_after"] == "not_permitted"


@pytest.fixture(scope="module")
def sealer():
    return forge.Sealer()


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_page_forged_between_leader_and_seal(one_copy, ctdt, sealer, forgery, tmp_path):
    """The one that sealed owns a trusted certificate: nothing but the change after the leader's signature is wrong."""
    root, forged = tmp_path / "sealer.pem", tmp_path / "forged.pdf"
    root.write_bytes(sealer.pem)
    forged.write_bytes(sealer.seal(forgery(forge.revision(one_copy.data, "Leader"))))
    assert well_formed(forged)
    assert judge.changes(forged.read_bytes(), "Leader") == ModificationLevel.OTHER
    assert judge.changes(forged.read_bytes(), "Seal") == ModificationLevel.NONE
    status, report = ours(ctdt, forged, one_copy.trust, root)
    assert (status, report["verdict"]) == (1, "invalid")
    leader = of(report, "Leader")
    assert (leader["integrity"], leader["changes_after"]) == ("intact", "not_permitted")


def test_the_forger_is_judged_by_the_page_alone(one_copy, ctdt, sealer, tmp_path):
    """The same hands without the forged page: both judges let the leader's signature stand."""
    root, honest = tmp_path / "sealer.pem", tmp_path / "honest.pdf"
    root.write_bytes(sealer.pem)
    honest.write_bytes(sealer.seal(forge.revision(one_copy.data, "Leader")))
    assert judge.changes(honest.read_bytes(), "Leader") == ModificationLevel.FORM_FILLING
    _, report = ours(ctdt, honest, one_copy.trust, root)
    assert of(report, "Leader")["changes_after"] == "permitted"
