"""Rule D: where our judge says that only permitted changes came after a signature, no page looks otherwise than when it was signed,
but for the rectangles of annotations that came, went or became others. In all pages of all files, with no tolerance.
"""

import io

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

import corpus
import forge
import pixels

# Points that become one pixel are 1.8: a letter of the text is still some pixels wide.
DPI = 40
# Fewer for a file that takes long.
LARGE, LARGE_DPI = 2_000_000, 24
# Files that look otherwise and rightly so: file → why.
EXCEPTIONS = {}


def permitted(report):
    """Fields of intact signatures after which we found permitted changes and no other."""
    return {
        one["field"]
        for one in report["signatures"]
        if (one["integrity"], one["changes_after"]) == ("intact", "permitted") and one["covers"] != "partial"
    }


def first_signed(data, fields):
    """The file as the oldest of these signatures covers it: whatever came later came after all of them."""
    ends = pixels.signed_ends(data)
    return data[: min(ends[field] for field in fields)]


def dpi(data):
    return DPI if len(data) < LARGE else LARGE_DPI


def test_no_page_of_the_corpora_changed_unseen(request, ctdt, tmp_path):
    corpora = request.config.getoption("--corpora")
    if not corpora:
        pytest.skip("the corpora of signed files are not beside the project: no pictures were compared")
    corpora = corpora.resolve()
    reports = corpus.our_reports(ctdt, corpora, sorted(corpus.manifest(corpora)))
    seen, changed, wrong = 0, 0, {}
    for file, report in reports.items():
        fields = permitted(report)
        if not fields:
            continue
        data = (corpora / file).read_bytes()
        found = pixels.compare(first_signed(data, fields), data, dpi(data), tmp_path)
        seen, changed = seen + 1, changed + bool(found.changed)
        if found.complaints:
            wrong[file] = found.complaints
    assert {file: why for file, why in wrong.items() if file not in EXCEPTIONS} == {}
    assert set(wrong) == set(EXCEPTIONS), "an exception that is none any more"
    assert seen > 90, f"only {seen} files have permitted changes"
    assert changed > 10, f"only {changed} files look otherwise at all: nothing was masked, so nothing was tried"


@pytest.mark.parametrize("field", ["Leader", "Seal"])
def test_no_page_of_a_copy_changed_after(copy, field, tmp_path):
    found = pixels.compare(forge.revision(copy.data, field), copy.data, DPI, tmp_path)
    assert found.complaints == []
    assert bool(found.changed) == (field == "Leader"), "the seal is drawn, and nothing after it"


@pytest.mark.parametrize("forgery", [forge.added_page, forge.replaced_page])
def test_a_forged_page_is_seen(one_copy, forgery, tmp_path):
    """What is compared can differ: the pictures alone find the forgeries, whatever our judge says of them."""
    signed = forge.revision(one_copy.data, "Leader")
    assert pixels.compare(signed, forgery(one_copy.data), DPI, tmp_path).complaints


RECT = (100, 300, 180, 330)


def name(text):
    return generic.pdf_name(text)


def first_page(writer):
    page = writer.root["/Pages"]["/Kids"].raw_get(0).get_object()
    while "/Kids" in page:
        page = page["/Kids"].raw_get(0).get_object()
    return page


def turned(data, degrees):
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = first_page(writer)
    page[name("/Rotate")] = generic.NumberObject(degrees)
    writer.mark_update(page.container_ref)
    return forge.written(writer)


def stamped(data):
    """A black stamp on the first page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page, sides = first_page(writer), generic.ArrayObject([generic.NumberObject(side) for side in RECT])
    black = f"{RECT[0]} {RECT[1]} {RECT[2] - RECT[0]} {RECT[3] - RECT[1]} re f".encode()
    form = generic.StreamObject({name("/Subtype"): name("/Form"), name("/BBox"): sides}, stream_data=black)
    stamp = {"/Type": name("/Annot"), "/Subtype": name("/Stamp"), "/Rect": sides, "/F": generic.NumberObject(4)}
    stamp["/AP"] = generic.DictionaryObject({name("/N"): writer.add_object(form)})
    stamp = generic.DictionaryObject({name(key): value for key, value in stamp.items()})
    old = list(page["/Annots"]) if "/Annots" in page else []
    page[name("/Annots")] = generic.ArrayObject([*old, writer.add_object(stamp)])
    writer.mark_update(page.container_ref)
    return forge.written(writer)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_mask_hides_its_rectangle_and_nothing_else(one_copy, tmp_path, degrees):
    """A stamp is masked wherever the page is turned; under a mask a little beside it the stamp is seen."""
    base = turned(one_copy.data, degrees)
    shown = stamped(base)
    found = pixels.compare(base, shown, DPI, tmp_path)
    assert (found.changed, found.complaints) == (1, [])
    (before, *_), (after, *_) = (pixels.pictures(tmp_path / f"{part}.pdf", DPI) for part in ("signed", "shown"))
    (_, inherited), *_ = pixels.leaves(pixels.opened(base).root["/Pages"])
    beside = tuple(side + 12 for side in RECT)
    count, _ = pixels.differing(before, after, [pixels.pixels(beside, 0, inherited, before)])
    assert count > 0
