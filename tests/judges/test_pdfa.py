"""veraPDF says which copies are PDF/A-2b: those that claim it, and they are those that tests/scans/pdfa.tsv names.

Asked are the demo's copies as they stand after every revision (the bare base, the leader's signature, the seal, the archive), and the copy of
every accepted row of tests/scans. What may not claim stands in the table with its reason. Before the seal, which nobody gets to see, a field
that is not signed shows nothing, and that is the one thing that is amiss.
"""

import json
import re
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from test_scans import MADE, TESTS, rows

CLAIM = b"<pdfaid:part>2</pdfaid:part>"
# The copies of the table are many: a minute of Java's on one core.
LONGEST = 600
# Every annotation has an appearance (ISO 19005-2, 6.3.3).
EMPTY_FIELD = {"6.3.3-1"}
# Revisions until the seal: the base, the leader's signature.
UNSEALED = 2


def asked(folder, paths, tmp_path):
    """What veraPDF says: path → the line of PdfA.java."""
    listed = tmp_path / "paths"
    listed.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    command = ["java", "-Xmx1g", "-cp", f"{folder}/classes:{folder}/dependency/*", "PdfA", str(listed)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    assert said.returncode == 0, said.stderr
    found = {line["path"]: line for line in map(json.loads, said.stdout.splitlines())}
    assert len(found) == len({str(path) for path in paths}) and not [one for one in found.values() if "error" in one]
    return found


@pytest.fixture
def verapdf(request, tmp_path):
    folder = request.config.getoption("--dss")
    if folder is None:
        pytest.skip("no Java judges here")
    return lambda paths: asked(folder, paths, tmp_path)


def revisions(data):
    """A file as it stood after each of its revisions."""
    mark, at = b"%%EOF\n", 0
    while (at := data.find(mark, at)) >= 0:
        at += len(mark)
        yield data[:at]


def failed(line):
    return sorted({f"{one['clause']}-{one['test']} {one['object']}" for one in line["failed"]})


def table():
    lines = (TESTS / "scans/pdfa.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


# Decision 32.
def test_a_copy_keeps_to_its_claim_in_every_revision(copy, verapdf, tmp_path):
    states = []
    for number, state in enumerate(revisions(copy.data)):
        states.append(tmp_path / f"{number}.pdf")
        states[-1].write_bytes(state)
    assert len(states) >= 4, "base, signature, seal, archive"
    said = verapdf(states)
    if CLAIM not in copy.data:
        return
    broken = [{f"{one['clause']}-{one['test']}" for one in said[str(path)]["failed"]} for path in states]
    assert broken[:UNSEALED] == [EMPTY_FIELD] * UNSEALED
    assert broken[UNSEALED:] == [set()] * (len(states) - UNSEALED)


# Decision 32.
def test_copies_claim_what_verapdf_confirms(verapdf):
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    said = verapdf([MADE / row["pdf"] for row in rows()])
    claiming = {row["pdf"] for row in rows() if CLAIM in (MADE / row["pdf"]).read_bytes()}
    assert {name: failed(said[str(MADE / name)]) for name in claiming if not said[str(MADE / name)]["conforms"]} == {}
    assert claiming == {row["pdf"] for row in rows() if row["not_archival"] is None}
    assert len(claiming) > 50, Counter(row["not_archival"] for row in rows())


# Decision 32: what cannot be claimed is known by name.
def test_the_table_names_what_is_not_claimed():
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    found = {" + ".join(Path(name).name for name in row["files"]): row["not_archival"] for row in rows() if row["not_archival"]}
    assert found == table()


def test_verapdf_can_say_no(verapdf, tmp_path):
    """The same copy with one thing broken, in as many bytes as before."""
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    whole = (MADE / next(row for row in rows() if row["not_archival"] is None)["pdf"]).read_bytes()
    broken = {
        "no output intent": (b"/OutputIntents", b"/OutputIntentz"),
        "no level": (b"pdfaid:conformance>B<", b"pdfaid:conformance>X<"),
        "no print flag": (b"/F 132", b"/F 128"),
        "a field that shows nothing": (rb"/AP(?=\s*<<)", b"/AQ"),
    }
    paths = {}
    for name, (was, becomes) in broken.items():
        damaged = re.sub(was, becomes, whole)
        assert damaged != whole and len(damaged) == len(whole), name
        paths[name] = tmp_path / f"{name}.pdf"
        paths[name].write_bytes(damaged)
    said = verapdf(paths.values())
    assert {name: said[str(path)]["conforms"] for name, path in paths.items()} == dict.fromkeys(broken, False)


# R47: the leader's signature shows the moment with its zone (NĐ 30/2020, Annex I), in letters that can be taken out as they were put in.
def test_text_of_the_signatures_can_be_taken_out():
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    for row in rows():
        page = str(row["placement"]["page"])
        command = ["pdftotext", "-f", page, "-l", page, str(MADE / row["pdf"]), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        words = " ".join(unicodedata.normalize("NFC", text).split())
        assert re.search(r"Thời gian ký: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00", words), row["files"]
        assert all(part in words for part in ("Người ký: Nguyễn Văn Mẫu", "Số chứng thực: 1", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")), row["files"]
