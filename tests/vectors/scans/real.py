"""Makes the papers of this folder that look like those which reach an office: as phones, scanners, fax machines, office programs and people leave them.

By hand, rarely: the files are committed, since their makers change over time. Needs soffice, gs, qpdf, poppler, libtiff's tools, cjpeg, chromium and
ImageMagick, and from PyPI: pillow, pillow-heif, pikepdf, img2pdf, reportlab, fpdf2 (with fonttools), pypdf, python-docx, openpyxl. `make.py` makes the others.
"""

import io
import random
import struct
import tempfile
import zlib
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from make import DPI, FONTS, HERE, SIZE, card, run, tiff

INK = (25, 25, 30)
PAPER = (246, 243, 236)
LINES = [
    "Giấy này là bản mẫu, không có giá trị pháp lý. Mọi tên, số và ngày đều do chương trình đặt ra để thử",
    "việc tiếp nhận bản quét. Bà Nguyễn Thị Ví Dụ đã hoàn thành khoá học “Nghiệp vụ chứng thực” tại Trường",
    "Thử Nghiệm, đạt loại giỏi; điểm trung bình 8,75; số hiệu văn bằng MẪU-000123, ngày 01/01/2020.",
]


def font(size, cut="Regular"):
    return ImageFont.truetype(FONTS / f"LiberationSerif-{cut}.ttf", size)


def sheet(dpi, number=1, paper=PAPER, lines=24, size_mm=(210, 297)):
    """A page of text as paper has it, at a resolution."""
    scale = dpi / 25.4
    picture = Image.new("RGB", (round(size_mm[0] * scale), round(size_mm[1] * scale)), paper)
    draw = ImageDraw.Draw(picture)
    left, top, step = 25 * scale, 30 * scale, 7 * scale
    if lines:
        draw.text((picture.width / 2, top - 2 * step), "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA MẪU", font=font(round(5 * scale), "Bold"), fill=INK, anchor="mm")
        draw.text((picture.width / 2, top - step), f"Trang {number}", font=font(round(4.2 * scale)), fill=INK, anchor="mm")
    for row in range(lines):
        draw.text((left, top + row * step), LINES[row % len(LINES)], font=font(round(3.6 * scale)), fill=INK)
    if lines:
        radius, centre = 15 * scale, (picture.width - 50 * scale, top + (lines + 3) * step)
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        draw.ellipse(box, outline=(190, 30, 40), width=round(1 * scale))
        draw.text(centre, "MẪU", font=font(round(6 * scale), "Bold"), fill=(190, 30, 40), anchor="mm")
    return picture


def bilevel(picture, cut=128):
    return picture.convert("L").point(lambda grey: 255 * (grey > cut)).convert("1")


def jpeg(picture, **how):
    data = io.BytesIO()
    picture.save(data, "JPEG", **{"quality": 40, **how})
    return data.getvalue()


def put(name, data):
    (HERE / name).write_bytes(data)


def noisy(picture, seed, strength=6):
    """The grain of a sensor."""
    chance = random.Random(seed)
    grain = Image.frombytes("L", (picture.width // 2, picture.height // 2), bytes(128 + chance.randint(-strength, strength) for _ in range((picture.width // 2) * (picture.height // 2))))
    return ImageChops.add(picture, grain.resize(picture.size).convert("RGB"), scale=1, offset=-128)


# Photos


def icc_of(primaries, name):
    """A small matrix profile (ICC.1:2010, 9.2) with a gamma of 2.2."""

    def s15(value):
        return struct.pack(">i", round(value * 65536))

    def text(value):
        value = value.encode() + b"\0"
        return b"desc\0\0\0\0" + struct.pack(">I", len(value)) + value + bytes(4 + 4 + 2 + 1 + 67)

    tags = {b"desc": text(name), b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642) + s15(1.0) + s15(0.8249)}
    for tag, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries):
        tags[tag] = b"XYZ \0\0\0\0" + b"".join(s15(part) for part in colour)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        tags[tag] = curve
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data
    whole = bytes(8) + struct.pack(">I", 0x02100000) + b"mntrRGB XYZ " + struct.pack(">6H", 2026, 11, 26, 0, 0, 0) + b"acsp" + bytes(28)
    whole += s15(0.9642) + s15(1.0) + s15(0.8249) + bytes(48) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


# Columns of the matrix of Display P3, adapted to D50.
P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))


def vivid(picture):
    """Two colours that look clearly otherwise without their profile."""
    draw = ImageDraw.Draw(picture)
    wide, high = picture.size
    draw.rectangle((wide // 8, high * 3 // 5, wide * 3 // 8, high * 4 // 5), fill=(40, 170, 70))
    draw.rectangle((wide * 5 // 8, high * 3 // 5, wide * 7 // 8, high * 4 // 5), fill=(210, 70, 60))


def photo():
    """A page on a desk, seen by a phone: shadow, grain, the desk around it."""
    page = sheet(230, lines=24)
    desk = Image.new("RGB", (page.width + 260, page.height + 320), (92, 70, 52))
    desk.paste(page.rotate(0.7, expand=False, fillcolor=(92, 70, 52), resample=Image.Resampling.BICUBIC), (140, 150))
    shade = Image.linear_gradient("L").rotate(90).resize(desk.size).point(lambda grey: 150 + grey * 105 // 255)
    return noisy(ImageChops.multiply(desk, shade.convert("RGB")).filter(ImageFilter.GaussianBlur(0.8)), 1, 3)


def phone():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Hang Mau", "Dien thoai mau", 6
    exif[0x011A] = exif[0x011B] = 72.0
    exif[0x0128] = 2
    gps = exif.get_ifd(0x8825)
    # Where nobody is: the middle of the ocean.
    gps.update({1: "N", 2: (0.0, 0.0, 0.0), 3: "W", 4: (30.0, 0.0, 0.0)})
    stored = photo().transpose(Image.Transpose.ROTATE_90)
    put("dien-thoai.jpg", jpeg(stored, quality=22, exif=exif, comment=b"ghi chu cua may anh"))
    # As phones do: another, small picture and the phone's own data after the end.
    page = sheet(80, lines=12)
    vivid(page)
    small = jpeg(page.resize((60, 80)), quality=20)
    put("anh-p3.jpg", jpeg(page, icc_profile=icc_of(P3, "Display P3 mau"), dpi=(80, 80)) + small + b"MOTIONPHOTO" + bytes(64))


def without(data, *markers):
    """A JPEG without some of its segments."""
    at, kept = 2, data[:2]
    while data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        kept += b"" if data[at + 1] in markers else data[at:end]
        at = end
    return kept + data[at:]


def direct():
    """Red, green and blue as they are, said by the Adobe segment, by the names of the components, and by nobody for certain."""
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 100.0
    exif[0x0128] = 2
    said = jpeg(card(), keep_rgb=True, exif=exif)
    put("rgb-adobe.jpg", said)
    put("rgb-theo-ten.jpg", without(said, 0xEE))
    # Pillow states a resolution in a JFIF segment, and JFIF knows no other colours than differences.
    put("mau-mo-ho.jpg", jpeg(card(), keep_rgb=True, dpi=DPI))


def photos():
    phone()
    direct()
    put("chen-moc.jpg", jpeg(card(), subsampling=0, restart_marker_rows=4, dpi=DPI, progressive=True))
    put("cmyk-luy-tien.jpg", jpeg(card().convert("CMYK"), progressive=True, dpi=DPI))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "a.ppm"
        card().save(plain)
        run("cjpeg", "-arithmetic", "-outfile", HERE / "so-hoc.jpg", plain)
    whole = jpeg(card(), dpi=DPI)
    put("thieu-cuoi.jpg", whole[: len(whole) * 2 // 3])
    put("chi-dau.jpg", whole[:400])
    put("muoi-hai-bit.jpg", whole.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c", 1))
    put("mo.jpg", jpeg(noisy(sheet(150).filter(ImageFilter.GaussianBlur(3.2)), 2), quality=15, dpi=(150, 150)))
    straight = sheet(150)
    skewed = straight.rotate(3.5, fillcolor=(250, 250, 250), resample=Image.Resampling.BICUBIC)
    put("nghieng.jpg", jpeg(skewed.convert("L"), quality=15, dpi=(150, 150)))
    put("ngay-ngan.jpg", jpeg(straight.convert("L"), quality=15, dpi=(150, 150)))
    put("trang-trang.jpg", jpeg(noisy(Image.new("RGB", (827, 1169), PAPER), 3), quality=20, dpi=DPI))
    put("mot-dong.jpg", jpeg(sheet(100, lines=1), quality=30, dpi=DPI))
    put("the.jpg", jpeg(card().resize((1012, 638)), quality=40, dpi=(300, 300)))
    put("a3-ngang.jpg", jpeg(sheet(72, size_mm=(420, 297)), quality=30, dpi=(72, 72)))


def pngs():
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.png"
        clear = card().convert("RGBA")
        clear.putalpha(Image.linear_gradient("L").resize(SIZE))
        clear.quantize(64).convert("RGBA").save(plain, dpi=DPI)
        quiet = ("-define", "png:exclude-chunks=date,time,tEXt")
        run("/usr/bin/convert", plain, "-depth", "16", "-define", "png:color-type=6", "-define", "png:bit-depth=16", *quiet, HERE / "mau-alpha-16-bit.png")
    palette = card().quantize(16)
    palette.save(HERE / "bang-mau-trong-suot.png", dpi=DPI, transparency=bytes([255] * 3 + [0] + [255] * 12))
    card().convert("L").point(lambda grey: grey & 0xC0).quantize(4).save(HERE / "bang-mau-2-bit.png", dpi=DPI, bits=2)
    bilevel(sheet(200)).save(HERE / "quet-den-trang.png", dpi=(200, 200))
    card().resize((SIZE[0] * 2, SIZE[1])).quantize(32).save(HERE / "diem-khong-vuong.png", dpi=(200, 100))
    page = card().quantize(16).convert("RGB")
    vivid(page)
    page.save(HERE / "anh-p3.png", dpi=DPI, icc_profile=icc_of(P3, "Display P3 mau"))
    frames = [card(number).quantize(16) for number in (1, 2)]
    frames[0].save(HERE / "hoat-hinh.png", save_all=True, append_images=frames[1:], dpi=DPI)
    whole = (HERE / "bang-mau.png").read_bytes()
    put("thieu-cuoi.png", whole[: len(whole) // 2])
    at = whole.index(b"IDAT") + 100
    put("sai-byte.png", whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
    put("khong-lo.png", tiny_png(30_000, 30_000))
    put("khong-diem-nao.png", tiny_png(0, 10))


def tiny_png(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(64))) + chunk(b"IEND", b"")


# TIFF


def tiffs():
    few = card().quantize(16).convert("RGB")
    black = bilevel(card())
    grey = few.convert("L")
    fax = bilevel(sheet(204)).resize((1728, 1146))
    tiff("fax-204x98.tif", [fax], "group3", dpi=(204, 98))
    tiff("ccitt-rle.tif", [black], "tiff_ccitt")
    tiff("xam-16-bit.tif", [Image.frombytes("I;16", SIZE, b"".join(struct.pack("<H", value * 257) for value in grey.tobytes()))], "tiff_lzw")
    tiff("cmyk.tif", [few.convert("CMYK")], "tiff_lzw")
    tiff("lab.tif", [few.convert("LAB")], "tiff_lzw")
    tiff("so-thuc.tif", [grey.resize((146, 103)).convert("F")], "tiff_lzw")
    clear = few.convert("RGBA")
    clear.putalpha(black.convert("L").point(lambda level: 255 if level else 200))
    tiff("alpha.tif", [clear], "tiff_lzw")
    tiff("trang-la-khong.tif", [ImageChops.invert(grey)], "tiff_lzw", tiffinfo={262: 0})
    tiff("trang-la-khong-1-bit.tif", [ImageChops.invert(grey).point(lambda level: 255 * (level > 128)).convert("1")], "tiff_lzw", tiffinfo={262: 0})
    tiff("xoay.tif", [few.transpose(Image.Transpose.ROTATE_90)], "tiff_lzw", tiffinfo={274: 6})
    tiff("nhieu-co.tif", [bilevel(sheet(100)), black, bilevel(sheet(100, 2, size_mm=(297, 210), lines=15))], "group4")
    tiff("so-hoa.tif", [few], "tiff_lzw", tiffinfo={317: 2})
    tiff("muoi-hai-trang.tif", [bilevel(sheet(100, number, lines=6)) if number != 7 else Image.new("1", (827, 1169), 1) for number in range(1, 13)], "group4")
    tiff("301-trang.tif", [Image.new("1", (100, 100), 1)] * 301, "group4")
    tiff("co-anh-nho.tif", [few], "tiff_lzw")
    small = few.resize((73, 52))
    few.save(HERE / "co-anh-nho.tif", save_all=True, append_images=[small], compression="tiff_lzw", dpi=DPI)
    mark_reduced(HERE / "co-anh-nho.tif")
    source = HERE / "deflate.tif"
    run("tiffcp", "-B", "-c", "lzw:2", f"{source},0", HERE / "big-endian.tif")
    run("tiffcp", "-8", "-c", "zip", f"{source},0", HERE / "bigtiff.tif")
    run("tiffcp", "-t", "-w", "128", "-l", "128", "-c", "zip", f"{source},0", HERE / "o-gach.tif")
    run("tiffcp", "-c", "zstd", f"{source},0", HERE / "zstd.tif")
    fax = HERE / "fax-g4.tif"
    run("tiffcp", "-r", "64", "-c", "g4", "-f", "lsb2msb", f"{fax},0", HERE / "nhieu-dai-nguoc-bit.tif")
    run("tiffcp", "-c", "g3:1d:fill", f"{fax},0", HERE / "fax-g3-chen.tif")
    run("tiffcp", "-c", "g3:2d:fill", f"{fax},1", HERE / "fax-g3-2d-chen.tif")
    whole = (HERE / "bigtiff.tif").read_bytes()
    put("thieu-cuoi.tif", (HERE / "nhieu-co.tif").read_bytes()[:3000])
    put("vong-lap.tif", looped((HERE / "packbits.tif").read_bytes()))
    put("cat-bigtiff.tif", whole[: len(whole) // 2])


def directories(data):
    """Where the directories of a little-endian TIFF lie, and where the pointers to the next ones."""
    at, found = struct.unpack_from("<I", data, 4)[0], []
    while at:
        count = struct.unpack_from("<H", data, at)[0]
        found.append((at, at + 2 + 12 * count))
        at = struct.unpack_from("<I", data, at + 2 + 12 * count)[0]
    return found


def mark_reduced(path):
    """Says of the second page that it is a small picture of the first (TIFF 6.0, NewSubfileType)."""
    data = bytearray(path.read_bytes())
    (first, _), (second, end) = directories(data)
    entries = [data[at : at + 12] for at in range(second + 2, end, 12)]
    entries = [entry for entry in entries if struct.unpack_from("<H", entry)[0] not in (254, 296)]
    entries.insert(0, struct.pack("<HHII", 254, 4, 1, 1))
    data[second : second + 2] = struct.pack("<H", len(entries))
    block = b"".join(entries) + bytes(4)
    data[second + 2 : second + 2 + len(block)] = block
    path.write_bytes(data)


def looped(data):
    data = bytearray(data)
    ((first, pointer),) = directories(data)
    struct.pack_into("<I", data, pointer, first)
    return bytes(data)


# What is none of the four


def others():
    import pillow_heif

    pillow_heif.register_heif_opener()
    card().save(HERE / "dien-thoai.heic", quality=30)
    card().save(HERE / "anh.webp", quality=30)
    card().quantize(16).save(HERE / "anh.gif")
    bilevel(card()).save(HERE / "anh.bmp")
    card().save(HERE / "anh.avif", quality=30)
    put("anh.svg", b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><text y="9">M</text></svg>\n')
    put("tep-nen.zip", zipped({"ban-quet.pdf": (HERE / "khong-trang.pdf").read_bytes()}))
    put("anh.ps", b"%!PS-Adobe-3.0\n72 720 moveto (Mau) show showpage\n")


def zipped(files):
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as folder:
        for name, content in files.items():
            folder.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return data.getvalue()


if __name__ == "__main__":
    photos()
    pngs()
    tiffs()
    others()
    import real_pdf

    real_pdf.all()
