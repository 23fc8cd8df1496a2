"""What copies show: papers of every shape, titles, letters and pictures of tests/looks.

poppler draws the copies and reads their text. Nothing of a scan is covered: outside the place of the wording every page looks as its scan did,
and inside it the scan shows blank paper. Signatures change nothing outside their fields. The pages with a wording are left as pictures in
`target/tmp/looks`, for people to look at.
"""

import json
import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
import test_pdfa
import test_scans
from PIL import ImageChops, ImageDraw, ImageFilter

MADE = Path(os.environ.get("CARGO_TARGET_DIR", test_scans.TESTS.parent / "target")) / "tmp/looks"
# How much darker than the paper around it a pixel of the scan may be under a wording, of 255: the composer calls 34 ink.
BLANK = 40


def rows():
    index = MADE / "index.json"
    return json.loads(index.read_text(encoding="utf-8")) if index.exists() else []


@pytest.fixture(params=rows(), ids=lambda row: row["name"])
def row(request):
    return request.param


def page_with_wording(row, pdf):
    number = row["placement"]["page"]
    size_pt = test_scans.sizes(MADE / row["pdf"])[number - 1]
    return test_scans.drawn(MADE / pdf, size_pt, number), size_pt, number


def pixels_of(rect, size_pt, page):
    """A rectangle of the page, from its lower left corner, as pixels of a picture."""
    x, y, w, h = rect
    scale = page.width / size_pt[0]
    return tuple(round(side * scale) for side in (x, size_pt[1] - y - h, x + w, size_pt[1] - y))


def test_there_are_ten_and_more():
    if not rows():
        pytest.skip("no copies were made: cargo test --workspace --test looks")
    assert len(rows()) > 10
    assert {row["placement"]["added_page"] for row in rows()} == {True, False}


# R37.
def test_every_page_looks_as_its_scan_did(row):
    wrong = {number: found for number, found in test_scans.compared(row, MADE).items() if not test_scans.looks_alike(*found)}
    assert wrong == {}


def darkest(picture):
    """The darkest of the channels: yellow and pale red ink count like black."""
    red, green, blue = picture.split()
    return ImageChops.darker(ImageChops.darker(red, green), blue)


def ink(picture):
    """How much darker than the paper around it the darkest spot is."""
    level = darkest(picture).reduce(2)
    around = level.filter(ImageFilter.MedianFilter(31))
    return ImageChops.subtract(around, level).getextrema()[1]


# R37: no content, and never the national name and motto, is covered.
def test_nothing_but_blank_paper_is_covered(row):
    page, size_pt, number = page_with_wording(row, row["pdf"])
    if row["placement"]["added_page"]:
        assert number == row["pages"]
        return
    scan = list(test_scans.wanted(row["files"]))[number - 1](size_pt, page.size)
    place = row["placement"]
    box = pixels_of([place[side] for side in "xywh"], size_pt, page)
    assert ink(scan.crop(box)) <= BLANK
    assert ink(page.crop(box)) > 100, "the wording is not seen"


def test_ink_under_a_wording_is_seen():
    made = {row["name"]: row for row in rows()}
    if not made:
        pytest.skip("no copies were made: cargo test --workspace --test looks")
    row = made["quoc-hieu"]
    page, size_pt, _ = page_with_wording(row, row["pdf"])
    scan = next(iter(test_scans.wanted(row["files"])))(size_pt, page.size)
    # Where the motto is, 850 of 1754 pixels down.
    motto = (page.width // 4, page.height * 775 // 1754, page.width * 3 // 4, page.height * 870 // 1754)
    assert ink(scan.crop(motto)) > BLANK


def test_signatures_change_nothing_outside_their_fields(row):
    page, size_pt, _ = page_with_wording(row, row["pdf"])
    base, *_ = page_with_wording(row, f"{row['name']}.base.pdf")
    changed = ImageChops.difference(page, base)
    for rect in row["fields"]:
        box = pixels_of(rect, size_pt, page)
        assert changed.crop(box).getbbox() is not None, "a field shows nothing"
        # Edges fall between pixels.
        ImageDraw.Draw(changed).rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), fill=0)
    assert changed.getbbox() is None


def text_of(row):
    page = str(row["placement"]["page"])
    said = subprocess.run(["pdftotext", "-f", page, "-l", page, str(MADE / row["pdf"]), "-"], capture_output=True, text=True, check=True).stdout
    assert said == unicodedata.normalize("NFC", said), "letters come apart"
    return re.sub(r"\s+", " ", said)


# R37, R43, R47: the text comes out with every mark, in the order in which it is read.
def test_every_text_can_be_taken_out(row):
    said = text_of(row)
    assert [text for text in row["reads"] if text not in said] == [], said
    assert re.search(r"Thời gian ký: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00", said), said
    assert "TM. " not in said


def test_fonts_are_subsets_with_their_unicode(row):
    page = str(row["placement"]["page"])
    said = subprocess.run(["pdffonts", "-f", page, "-l", page, str(MADE / row["pdf"])], capture_output=True, text=True, check=True).stdout
    head, _, *fonts = said.splitlines()
    embedded, subset, unicode = head.index("emb"), head.index("sub"), head.index("uni")
    ours = [font for font in fonts if "LiberationSerif" in font]
    assert ours and all(font[at : at + 3] == "yes" for font in ours for at in (embedded, subset, unicode)), said


def coloured(page, box):
    """Shares of plainly blue and plainly red pixels."""
    part = page.crop(box)
    levels = part.tobytes()
    every = list(zip(levels[::3], levels[1::3], levels[2::3], strict=True))
    blue = sum(1 for red, green, blue in every if blue > red + 60 and blue > green + 30)
    red = sum(1 for red, green, blue in every if red > blue + 90 and red > green + 90)
    return blue / len(every), red / len(every)


# R43, R49: blue signature over the leader's lines, red seal over the number; without pictures there is no such room.
def test_pictures_stand_in_their_fields(row):
    page, size_pt, _ = page_with_wording(row, row["pdf"])
    leader, seal = row["fields"]
    if not row["pictures"]:
        assert (leader[3], seal[3]) == (50.0, 104.0)
        return
    # The 36 mm of a seal, beside which there is nothing; over 50 points of the leader's lines a signature.
    side = 36 / 25.4 * 72
    seal_box = pixels_of([seal[0] + seal[2] - side, seal[1] + seal[3] - side, side, side], size_pt, page)
    signature_box = pixels_of([leader[0], leader[1] + 50, leader[2], leader[3] - 50], size_pt, page)
    assert coloured(page, seal_box)[1] > 0.15
    assert coloured(page, signature_box)[0] > 0.03
    beside = pixels_of([seal[0], seal[1] + seal[3] - side, seal[2] - side - 2, side], size_pt, page)
    assert coloured(page, beside) == (0, 0)


def test_pages_are_left_to_look_at(row):
    page, *_ = page_with_wording(row, row["pdf"])
    page.save(MADE / f"{row['name']}.png")


def test_every_claim_of_pdf_a_holds(request, tmp_path):
    folder = request.config.getoption("--dss")
    if folder is None or not rows():
        pytest.skip("no Java judges here, or no copies")
    claiming = [MADE / row["pdf"] for row in rows() if row["archival"]]
    assert MADE / "co-anh.pdf" in claiming, "pictures with transparency are among them"
    said = test_pdfa.asked(folder, claiming, tmp_path)
    assert {path.name: test_pdfa.failed(said[str(path)]) for path in claiming if not said[str(path)]["conforms"]} == {}
