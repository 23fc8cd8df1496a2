"""poppler accepts the signatures, reads the Vietnamese text, finds every font embedded and no text over other text."""

import itertools
import re
import subprocess
import unicodedata
import xml.etree.ElementTree as xml

WORDING = "CHỨNG THỰC BẢN SAO ĐÚNG VỚI BẢN CHÍNH"
# What two neighbouring boxes may share: rounding, and ascenders that reach into the line above.
SLACK_PT = 1.0


def said_by(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pages(path):
    return int(re.search(r"^Pages:\s+(\d+)", said_by("pdfinfo", path), re.MULTILINE)[1])


def text(path, *options):
    return unicodedata.normalize("NFC", said_by("pdftotext", *options, path, "-"))


def words(path):
    """One line, single spaces: wording is broken into lines by the layout."""
    return re.sub(r"\s+", " ", text(path))


def test_pdfsig_calls_both_signatures_valid(copy):
    said = said_by("pdfsig", "-nocert", copy.path)
    blocks = {re.search(r"Field Name: (\S+)", block)[1]: block for block in said.split("Signature #")[1:]}
    for field in ("Leader", "Seal"):
        assert "Signature is Valid" in blocks[field], blocks[field]
        assert "ETSI.CAdES.detached" in blocks[field], blocks[field]
    assert "Total document signed" in said, "the last revision is covered by nothing"


def test_the_wording_can_be_read(copy):
    said = words(copy.path)
    assert WORDING in said
    assert "\ufffd" not in said


def test_text_is_composed_unicode(copy):
    """NFC, so that a search for what a person types finds it."""
    raw = said_by("pdftotext", copy.path, "-")
    assert raw == unicodedata.normalize("NFC", raw)


def test_the_number_is_drawn(copy):
    number = copy.report["number"]
    said = words(copy.path)
    assert re.search(rf"Số chứng thực: 0*{number['number']}\b", said), said
    assert f"Quyển số: {number['book']}/{number['year']} - {number['suffix']}" in said, said


def test_fonts_are_embedded_with_their_unicode(copy):
    rows = said_by("pdffonts", copy.path).splitlines()
    assert len(rows) > 2, "no font: the wording is a picture"
    head, columns = rows[0], rows[2:]
    embedded, unicode = head.index("emb"), head.index("uni")
    for row in columns:
        assert row[embedded : embedded + 3] == "yes", row
        assert row[unicode : unicode + 3] == "yes", row


def boxes(path, page):
    """The words of a page with their boxes, in points from the top left corner."""
    said = said_by("pdftotext", "-bbox", "-f", page, "-l", page, path, "-")
    said = re.sub(r"&(?!#?\w+;)", "&amp;", said)
    tree = xml.fromstring(said.replace('xmlns="http://www.w3.org/1999/xhtml"', ""))
    for word in tree.iter("word"):
        yield word.text, tuple(float(word.get(side)) for side in ("xMin", "yMin", "xMax", "yMax"))


def overlap(one, other):
    """How far two boxes lie over each other, in points (width, height)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width, height


def core(box):
    """The part of a box where letters stand: line boxes reach an eighth above and below."""
    eighth = (box[3] - box[1]) / 8
    return box[0], box[1] + eighth, box[2], box[3] - eighth


def collide(one, other):
    width, height = overlap(core(one), core(other))
    return width > SLACK_PT and height > SLACK_PT


def test_lines_half_over_each_other_are_seen():
    line = (100, 100, 200, 112)
    assert collide(line, (100, 106, 200, 118)), "half a line lower"
    assert collide(line, (195, 100, 260, 112)), "into the next word"
    assert not collide(line, (100, 112, 200, 124)), "the next line"
    assert not collide(line, (201, 100, 260, 112)), "the next word"


def test_no_text_lies_over_other_text(copy):
    last = pages(copy.path)
    for page in range(1, last + 1):
        found = list(boxes(copy.path, page))
        assert page < last or len(found) > 20, "the last page has hardly any text"
        for (word, one), (other_word, other) in itertools.combinations(found, 2):
            assert not collide(one, other), f"page {page}: {word!r} {one} lies over {other_word!r} {other}"


def test_pages_can_be_drawn(copy, tmp_path):
    last = pages(copy.path)
    for page in {1, last}:
        said_by("pdftoppm", "-r", "60", "-png", "-f", page, "-l", page, "-singlefile", copy.path, tmp_path / "page")
        assert (tmp_path / "page.png").stat().st_size > 2_000
