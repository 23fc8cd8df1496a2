"""Rule D (validation.md §2.4): a page is drawn as it was signed and as it is shown now, and both pictures are held against each other.

poppler draws, pyHanko reads where annotations lie; neither knows the rules by which later changes are permitted. Left out of the comparison
are only the rectangles of annotations (widgets of signature and form fields among them) that came, went or became others.
"""

import hashlib
import io
import subprocess
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

# Pixels around a rectangle that smoothing may reach, and a line on its edge.
MARGIN_PX = 2
# The way back from an annotation: what else lies there is compared where it is drawn.
BACK = {"/P", "/Parent", "/Popup", "/IRT", "/StructParent", "/Dest", "/A", "/AA", "/V"}
DEPTH = 12
SECONDS = 60
# ISO 32000-2 table 167: stays upright while its page is turned.
NO_ROTATE = 16


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    rgb: bytes


def pictures(path, dpi):
    """All pages of a file, in order."""
    said = subprocess.run(["pdftoppm", "-r", str(dpi), path], capture_output=True, timeout=SECONDS)
    assert said.returncode == 0, said.stderr.decode(errors="replace")
    return list(split(said.stdout))


def split(data):
    """The pictures of a stream of PPM files (P6, 8 bits)."""
    at = 0
    while at < len(data):
        head = data[at : at + 32].split(b"\n", 3)
        assert head[0] == b"P6" and head[2] == b"255", head
        width, height = map(int, head[1].split())
        at += sum(len(line) + 1 for line in head[:3])
        yield Picture(width, height, data[at : at + 3 * width * height])
        at += 3 * width * height


def opened(data):
    file = PdfFileReader(io.BytesIO(data), strict=False)
    if file.encrypted:
        file.decrypt("")
    return file


def signed_ends(data):
    """Field name → where the bytes end that its signature covers. Walks the fields itself, since pyHanko passes over kinds it does not know."""
    ends = {}
    form = opened(data).root["/AcroForm"]
    work = [(field, "") for field in form["/Fields"]]
    while work:
        field, above = work.pop()
        field = field.get_object()
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (above, own) if part)
        work += [(kid, name) for kid in field["/Kids"]] if "/Kids" in field else []
        value = field["/V"] if "/V" in field else None
        if isinstance(value, dict) and "/ByteRange" in value:
            ends[name] = sum(int(number) for number in list(value["/ByteRange"])[2:4])
    return ends


def leaves(node, above=None):
    """The pages below a node, each with what it inherits."""
    here = dict(above or {})
    here.update({key: node[key] for key in ("/MediaBox", "/Rotate") if key in node})
    if "/Kids" not in node:
        yield node, here
        return
    for kid in node["/Kids"]:
        yield from leaves(kid.get_object(), here)


def mark(value, depth=0):
    """A value with everything that it draws, as text that two files may have in common."""
    value = value.get_object() if isinstance(value, generic.IndirectObject) else value
    if depth > DEPTH:
        return "…"
    if isinstance(value, dict):
        inside = ",".join(f"{key}:{mark(value.raw_get(key), depth + 1)}" for key in sorted(value) if key not in BACK)
        body = hashlib.sha256(value.data).hexdigest() if isinstance(value, generic.StreamObject) else ""
        return f"<{inside}|{body}>"
    if isinstance(value, list):
        return "[" + ",".join(mark(value.raw_get(at), depth + 1) for at in range(len(value))) + "]"
    return str(value)


def annotations(page):
    """Marks of what a page lists, with the rectangles of each: by number, since a signature is written into its own object."""
    found = set()
    for annotation in page["/Annots"] if "/Annots" in page else ():
        annotation = annotation.get_object()
        if isinstance(annotation, dict) and "/Rect" in annotation:
            sides = tuple(float(side.get_object()) for side in annotation["/Rect"])
            found.add((mark(annotation), sides, int(annotation.get("/F", 0))))
    return found


def box(sides):
    left, bottom, right, top = sides
    return min(left, right), min(bottom, top), max(left, right), max(bottom, top)


def pixels(sides, flags, inherited, picture):
    """Where a rectangle of the page's own coordinates lies in its picture, as (left, top, right, bottom)."""
    x0, y0, x1, y1 = box(sides)
    if flags & NO_ROTATE:
        reach = max(x1 - x0, y1 - y0)
        x0, y0, x1, y1 = x0 - reach, y1 - reach, x0 + reach, y1 + reach
    left, bottom, right, top = box([float(side) for side in inherited.get("/MediaBox", (0, 0, 612, 792))])
    turns = int(inherited.get("/Rotate", 0)) // 90 % 4
    corners = [(x0 - left, top - y1), (x1 - left, top - y0)]
    wide, high = right - left, top - bottom
    for _ in range(turns):
        corners = [(high - y, x) for x, y in corners]
        wide, high = high, wide
    across, down = picture.width / wide, picture.height / high
    (a, b), (c, d) = corners
    across_px, down_px = sorted((a * across, c * across)), sorted((b * down, d * down))
    return (
        int(across_px[0]) - MARGIN_PX,
        int(down_px[0]) - MARGIN_PX,
        int(across_px[1]) + 1 + MARGIN_PX,
        int(down_px[1]) + 1 + MARGIN_PX,
    )


def differing(one, other, masks):
    """How many pixels differ that no mask hides, and the first of them."""
    if (one.width, one.height) != (other.width, other.height):
        return one.width * one.height, (0, 0)
    count, first = 0, None
    if one.rgb == other.rgb:
        return 0, None
    row = 3 * one.width
    for y in range(one.height):
        was, now = one.rgb[y * row : (y + 1) * row], other.rgb[y * row : (y + 1) * row]
        if was == now:
            continue
        hidden = [(left, right) for left, top, right, bottom in masks if top <= y < bottom]
        for x in range(one.width):
            if was[3 * x : 3 * x + 3] != now[3 * x : 3 * x + 3] and not any(left <= x < right for left, right in hidden):
                count, first = count + 1, first or (x, y)
    return count, first


@dataclass(frozen=True)
class Comparison:
    """Pages whose pictures are not the same, and what of them no annotation explains."""

    changed: int
    complaints: list


def compare(signed, shown, dpi, folder):
    """What pages show otherwise than when they were signed, outside of annotations that came, went or became others."""
    drawn = []
    for name, data in (("signed", signed), ("shown", shown)):
        path = folder / f"{name}.pdf"
        path.write_bytes(data)
        drawn.append(pictures(path, dpi))
    if len(drawn[0]) != len(drawn[1]):
        return Comparison(1, [f"{len(drawn[0])} pages became {len(drawn[1])}"])
    if drawn[0] == drawn[1]:
        return Comparison(0, [])
    pages = [list(leaves(opened(data).root["/Pages"])) for data in (signed, shown)]
    changed, said = 0, []
    for number, ((was, box_was), (now, _), before, after) in enumerate(zip(*pages, *drawn, strict=True), 1):
        if before == after:
            continue
        changed += 1
        other = annotations(was) ^ annotations(now)
        masks = [pixels(sides, flags, box_was, before) for _, sides, flags in other]
        count, first = differing(before, after, masks)
        if count:
            said.append(f"page {number}: {count} pixels, the first at {first}")
    return Comparison(changed, said)
