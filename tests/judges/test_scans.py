"""Pages of copies look as the scans did: every accepted row of tests/scans/table.tsv, each page drawn and held against its input.

poppler draws the copies and the PDFs, Pillow (libjpeg, libpng, libtiff, LittleCMS) reads the pictures; neither is what the composer reads with.
Left out are the place of the wording, where nothing may have been in the input, and links, whose frames are not on the paper.
"""

import io
import json
import os
import subprocess
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter, ImageOps

TESTS = Path(__file__).resolve().parent.parent
# Where `cargo test --workspace --test scans` leaves the copies.
MADE = Path(os.environ.get("CARGO_TARGET_DIR", TESTS.parent / "target")) / "tmp/scans"
# Of a long document so many pages are compared, evenly spread.
PAGES = 24
# The longer side of what is compared, pixels: six to a millimetre of A4.
SIDE = 1600
# Squares of so many pixels a side, and how far the means of two of them may lie apart, of 255. A square of three millimetres holds some letters:
# programs that reduce or enlarge a picture differently give up to 35 (a fax page of 150 dpi, black or white only), the same program gives 0 to 2,
# or 19 where a stencil falls otherwise on the pixels; a word that is missing gives 57, a page that is moved by a millimetre 54, one that is
# mirrored 72. A square of twelve millimetres averages the letters away and shows tones: 8 at most, while a page that is a tenth darker gives
# 26 and Display P3 taken for sRGB 42. The last test here makes such pages.
FINE = (16, 44)
COARSE = (64, 12)


def rows():
    index = MADE / "index.json"
    return json.loads(index.read_text(encoding="utf-8")) if index.exists() else []


def drawn(path, size_pt, number, *options):
    """One page by poppler, its longer side SIDE pixels."""
    dpi = SIDE * 72 / max(size_pt)
    command = ["pdftoppm", "-r", f"{dpi:.4f}", "-f", str(number), "-l", str(number), *options, str(path)]
    said = subprocess.run(command, capture_output=True, timeout=120)
    assert said.returncode == 0, said.stderr.decode(errors="replace")
    return Image.open(io.BytesIO(said.stdout)).convert("RGB")


def sizes(path):
    """Width and height of each page as shown, points."""
    said = subprocess.run(["pdfinfo", "-f", "1", "-l", "400", str(path)], capture_output=True, text=True, check=True).stdout
    found, turns = [], []
    for line in said.splitlines():
        words = line.split()
        if line.startswith("Page") and "size:" in line:
            found.append((float(words[3]), float(words[5])))
        elif line.startswith("Page") and "rot:" in line:
            turns.append(int(words[3]))
    return [size[::-1] if turn % 180 else size for size, turn in zip(found, turns, strict=True)]


def frames(path):
    """The pictures of a file as they are to be seen: upright, in sRGB, on white; small pictures of other pages left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as file:
            # An animation shows its first picture on paper.
            for number in range(getattr(file, "n_frames", 1) if file.format in ("TIFF", "MPO") else 1):
                file.seek(number)
                if file.format == "TIFF" and file.tag_v2.get(254, 0) & 1:
                    continue
                yield seen(file.copy() if file.format != "MPO" else file)
                if file.format == "MPO":
                    return


def seen(picture):
    profile, dpi = picture.info.get("icc_profile"), picture.info.get("dpi", (1, 1))
    turned = picture.getexif().get(0x0112, 1) >= 5
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        picture = picture.point(lambda level: level / 256).convert("L") if picture.mode != "I;16" else picture.point(lambda level: level / 256, "L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    elif profile and picture.mode == "RGB":
        picture = ImageCms.profileToProfile(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"))
    picture = picture.convert("RGB")
    picture.info["dpi"] = dpi[::-1] if turned else dpi
    return picture


def on_page(picture, size_pt, pixels):
    """A picture on its page: all of it where the page has the shape of the paper, else as large as fits and in the middle."""
    page = Image.new("RGB", pixels, "white")
    wide, high = picture.size
    across, down = picture.info.get("dpi", (1, 1))
    same_shape = abs(wide / across / (high / down) * size_pt[1] / size_pt[0] - 1) < 0.01
    scale = min(pixels[0] / wide, pixels[1] / high)
    size = pixels if same_shape else (round(wide * scale), round(high * scale))
    page.paste(picture.resize(size, Image.Resampling.BOX if size[0] < wide else Image.Resampling.BILINEAR), ((pixels[0] - size[0]) // 2, (pixels[1] - size[1]) // 2))
    return page


def difference(one, other, hole=None):
    """The largest differences of two squares' means, fine and coarse."""
    assert one.size == other.size, f"{one.size} and {other.size}"
    return tuple(apart(one, other, side, hole) for side, _ in (FINE, COARSE))


def apart(one, other, side, hole):
    # What is left over at the right and below, less than a square, is no mean of many pixels.
    whole = (0, 0, one.width // side * side, one.height // side * side) if side > FINE[0] else (0, 0, *one.size)
    found = ImageChops.difference(one.reduce(side, whole), other.reduce(side, whole))
    if hole:
        left, top, right, bottom = hole
        # A square that the hole touches is not compared.
        ImageDraw.Draw(found).rectangle((left // side, top // side, right // side, bottom // side), fill=0)
    return max(high for _, high in found.getextrema())


def wanted(files):
    """Every page of the inputs: a way to draw it for a page of the copy."""
    for name in files:
        path = TESTS / name
        if path.suffix == ".pdf":
            for number, _ in enumerate(sizes(path), 1):
                yield lambda size_pt, pixels, path=path, number=number: pdf_page(path, number, pixels)
        else:
            for picture in frames(path):
                yield lambda size_pt, pixels, picture=picture: on_page(picture, size_pt, pixels)


def pdf_page(path, number, pixels):
    page = drawn(path, sizes(path)[number - 1], number, "-cropbox", "-hide-annotations")
    assert abs(page.width - pixels[0]) <= 2 and abs(page.height - pixels[1]) <= 2, f"{page.size}, not {pixels}"
    return page if page.size == pixels else page.resize(pixels, Image.Resampling.BILINEAR)


def hole(row, number, size_pt, pixels):
    """The pixels under the wording: it stands where nothing was, and is not compared."""
    place = row["placement"]
    if place["page"] != number:
        return None
    scale = pixels[0] / size_pt[0]
    top = size_pt[1] - place["y"] - place["h"]
    return tuple(round(side * scale) for side in (place["x"], top, place["x"] + place["w"], top + place["h"]))


def compared(row, folder=None):
    """Page → differences."""
    copy, found = (folder or MADE) / row["pdf"], {}
    shown, inputs = sizes(copy), list(wanted(row["files"]))
    assert len(shown) == len(inputs) + row["placement"]["added_page"], "pages were lost or added"
    step = -(-len(inputs) // PAGES)
    for number in range(1, len(inputs) + 1, step):
        size_pt = shown[number - 1]
        page = drawn(copy, size_pt, number)
        scan, place = inputs[number - 1](size_pt, page.size), hole(row, number, size_pt, page.size)
        assert not place or is_bare(scan, place), f"page {number}: the wording covers something, or stands on something dark"
        found[number] = difference(page, scan, place)
    return found


# Of a place where nothing is, no spot of a millimetre is so much darker or lighter than what is around it, and nothing is darker than this.
SPOT, AROUND, APART, DARK = 6, 12, 30, 140


def is_bare(scan, place):
    """Whether nothing is to be seen there, on paper that can be written on."""
    spots = scan.crop(place).reduce(SPOT)
    around = spots.filter(ImageFilter.BoxBlur(AROUND))
    apart = max(high for _, high in ImageChops.difference(spots, around).getextrema())
    return apart <= APART and min(low for low, _ in spots.getextrema()) >= DARK


def looks_alike(fine, coarse):
    return fine <= FINE[1] and coarse <= COARSE[1]


@pytest.mark.parametrize("row", rows(), ids=lambda row: " + ".join(Path(name).name for name in row["files"]))
def test_pages_look_as_the_scan_did(row):
    wrong = {number: found for number, found in compared(row).items() if not looks_alike(*found)}
    assert wrong == {}, f"page → (fine, coarse) of {MADE / row['pdf']}"


def test_what_is_covered_is_noticed():
    bare = Image.new("RGB", (900, 500), (245, 240, 230))
    line, grey = bare.copy(), bare.point(lambda level: level // 2)
    ImageDraw.Draw(line).line((300, 250, 420, 250), fill=(20, 20, 20), width=4)
    assert is_bare(bare, (50, 50, 850, 450)) and is_bare(line, (450, 50, 850, 450))
    assert not is_bare(line, (50, 50, 850, 450)) and not is_bare(grey, (50, 50, 850, 450))
    assert not is_bare(ImageOps.invert(line), (50, 50, 850, 450))


def test_the_copies_are_there():
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    assert len(rows()) > 100


def test_qpdf_finds_no_fault():
    for row in rows():
        said = subprocess.run(["qpdf", "--check", MADE / row["pdf"]], capture_output=True, text=True)
        assert said.returncode == 0, f"{row['files']}: {said.stdout}{said.stderr}"


def row_of(name):
    return next(row for row in rows() if row["files"] == [f"vectors/scans/{name}"])


def page_of(row):
    size_pt = sizes(MADE / row["pdf"])[0]
    page = drawn(MADE / row["pdf"], size_pt, 1)
    return page, next(iter(wanted(row["files"])))(size_pt, page.size)


def damages(page):
    """Ways in which a page may look otherwise."""
    blot, smaller = page.copy(), page.copy()
    smaller.paste(page.resize((page.width * 98 // 100, page.height * 98 // 100)))
    # A word of the text, fifteen millimetres of one line.
    ImageDraw.Draw(blot).rectangle((300, 310, 390, 338), fill=page.getpixel((5, 5)))
    yield "a word is gone", blot
    yield "moved by a millimetre", ImageChops.offset(page, 6, 0)
    yield "mirrored", ImageOps.mirror(page)
    yield "upside down", page.rotate(180)
    yield "inverted", ImageOps.invert(page)
    yield "a little smaller", smaller
    yield "darker", page.point(lambda level: level * 9 // 10)


def test_a_page_that_looks_otherwise_is_noticed():
    if not rows():
        pytest.skip("no copies of scans were made: cargo test --workspace --test scans")
    page, scan = page_of(row_of("ngay-ngan.jpg"))
    found = {name: difference(damaged, scan) for name, damaged in damages(page)}
    assert looks_alike(*difference(page, scan))
    assert {name: found[name] for name in found if looks_alike(*found[name])} == {}
    coloured, scan = page_of(row_of("anh-p3.jpg"))
    flat = on_page(Image.open(TESTS / "vectors/scans/anh-p3.jpg").convert("RGB"), sizes(MADE / row_of("anh-p3.jpg")["pdf"])[0], coloured.size)
    assert looks_alike(*difference(coloured, scan)) and not looks_alike(*difference(flat, scan)), "a profile that is not followed"
