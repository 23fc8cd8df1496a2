"""The PDFs of `real.py`: by office programs, browsers, scanners and libraries, and by people who did something to them."""

import io
import struct
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pikepdf import Array, Dictionary, Name, Stream, String

from make import DPI, HERE, SIZE, card, pdf, picture_page, run, script
from real import FONTS, LINES, bilevel, jpeg, put, sheet

PAGE = """<html lang="vi"><head><meta charset="utf-8"><style>@page {{ size: {size}; margin: 20mm }} body {{ font: 12pt serif }}
.box {{ background: linear-gradient(#fee, #eef); border: 1px solid #a33; padding: 8pt; opacity: .8 }} td {{ border: 1px solid #333; padding: 3pt }}</style></head>
<body><h1>BẢN MẪU</h1>{lines}<div class="box">Số hiệu: <b>MẪU-000123</b></div><table><tr><td>Môn</td><td>Điểm</td></tr>
<tr><td>Toán</td><td>8,75</td></tr></table><p><a href="https://example.vn">liên kết</a></p></body></html>"""


def saved(file, name, **how):
    file.save(HERE / name, deterministic_id=not how.get("encryption"), **how)


# By programs


def office():
    import docx
    import openpyxl

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        document = docx.Document()
        document.add_heading("GIẤY XÁC NHẬN MẪU", 1)
        for line in LINES:
            document.add_paragraph(line)
        table = document.add_table(rows=2, cols=2, style="Table Grid")
        for cell, text in zip([cell for row in table.rows for cell in row.cells], ["Môn", "Điểm", "Toán", "8,75"]):
            cell.text = text
        (folder / "dau.png").write_bytes(seal_png())
        document.add_picture(str(folder / "dau.png"), width=docx.shared.Cm(3))
        document.save(folder / "van-ban.docx")
        put("van-ban.docx", (folder / "van-ban.docx").read_bytes())
        book = openpyxl.Workbook()
        book.active.append(["Môn", "Điểm", "Ghi chú"])
        for row in range(1, 12):
            book.active.append([f"Môn thử {row}", 5 + row / 4, "mẫu"])
        book.active.page_setup.orientation = "landscape"
        book.save(folder / "bang-tinh.xlsx")
        quiet = ("--headless", f"-env:UserInstallation=file://{folder}/profile")
        pdfa = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"},"UseTaggedPDF":{"type":"boolean","value":"true"}}'
        run("soffice", *quiet, "--convert-to", "pdf", "--outdir", folder, folder / "van-ban.docx")
        (folder / "van-ban.pdf").rename(HERE / "libreoffice-docx.pdf")
        run("soffice", *quiet, "--convert-to", pdfa, "--outdir", folder, folder / "van-ban.docx")
        (folder / "van-ban.pdf").rename(HERE / "libreoffice-pdfa.pdf")
        run("soffice", *quiet, "--convert-to", "pdf", "--outdir", folder, folder / "bang-tinh.xlsx")
        (folder / "bang-tinh.pdf").rename(HERE / "bang-tinh-ngang.pdf")


def seal_png():
    seal = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    ImageDraw.Draw(seal).ellipse((6, 6, 114, 114), outline=(200, 20, 30, 160), width=10)
    data = io.BytesIO()
    seal.save(data, "PNG")
    return data.getvalue()


def browser():
    html = PAGE.format(size="A4", lines="".join(f"<p>{line}</p>" for line in LINES))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "trang.html"
        page.write_text(html, encoding="utf-8")
        put("trang.html", html.encode())
        run("chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/p", "--no-pdf-header-footer",
            f"--print-to-pdf={HERE / 'chromium.pdf'}", page)


def libraries():
    from fpdf import FPDF
    from reportlab.pdfgen import canvas

    made = canvas.Canvas(str(HERE / "reportlab.pdf"), pagesize=(595, 842), invariant=1, pageCompression=1)
    made.setFont("Helvetica", 14)
    made.drawString(72, 770, "MAU 000123 - phong chu khong nhung")
    made.setFillAlpha(0.4)
    made.setFillColorRGB(1, 0, 0)
    made.rect(100, 600, 200, 80, fill=1)
    made.showPage()
    made.setPageRotation(90)
    made.drawString(72, 500, "trang 2, xoay")
    made.save()
    two = FPDF()
    two.set_creation_date(datetime(2026, 11, 26, tzinfo=UTC))
    two.add_font("Serif", fname=FONTS / "LiberationSerif-Regular.ttf")
    two.set_font("Serif", size=13)
    for number in (1, 2):
        two.add_page(orientation="portrait" if number == 1 else "landscape")
        for line in LINES:
            two.multi_cell(0, 8, line, new_x="LMARGIN", new_y="NEXT")
    two.output(HERE / "fpdf2.pdf")
    run("tiff2pdf", "-o", HERE / "tiff2pdf.pdf", HERE / "nhieu-co.tif")
    source = HERE / "libreoffice-docx.pdf"
    run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dPDFSETTINGS=/printer", f"-sOutputFile={HERE / 'gs-in-lai.pdf'}", source)
    run("pdftocairo", "-pdf", source, HERE / "cairo-in-lai.pdf")
    # What people do when a PDF is refused: print it to pictures.
    run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfimage24", "-r80", "-sCompression=JPEG", f"-sOutputFile={HERE / 'gs-thanh-anh.pdf'}", source)
    import pypdf

    writer = pypdf.PdfWriter()
    for name in ("libreoffice-docx.pdf", "trang-xoay.pdf"):
        for page in pypdf.PdfReader(HERE / name).pages[:2]:
            writer.add_page(page)
    writer.write(HERE / "ghep-pypdf.pdf")


# As Word writes: a table, an empty second section that points to a cross-reference stream with what is packed (ISO 32000-1, 7.5.8.4)


class Hand:
    """A PDF by hand: objects with their numbers, then whatever section one wants."""

    def __init__(self, head=b"%PDF-1.7\r\n%\xb5\xb5\xb5\xb5\r\n"):
        self.out, self.at = bytearray(head), {}

    def add(self, number, body):
        self.at[number] = len(self.out)
        self.out += b"%d 0 obj\r\n%s\r\nendobj\r\n" % (number, body)

    def stream(self, number, entries, data):
        self.add(number, b"<<%s/Length %d>>\r\nstream\r\n%s\r\nendstream" % (entries, len(data), data))

    def table(self, trailer, start=None):
        start = len(self.out) if start is None else start
        rows = b"".join(b"%010d 00000 n\r\n" % self.at[n] if n in self.at else b"0000000000 65535 f\r\n" for n in range(max(self.at) + 1))
        self.out += b"xref\r\n0 %d\r\n" % (max(self.at) + 1) + rows
        self.out += b"trailer\r\n<</Size %d/Root 1 0 R%s>>\r\nstartxref\r\n%d\r\n%%%%EOF\r\n" % (max(self.at) + 1, trailer, start)
        return start


def word():
    hand, subset = Hand(), subset_of_letters()
    hand.add(1, b"<</Type/Catalog/Pages 2 0 R/Lang(vi-VN) /StructTreeRoot 12 0 R/MarkInfo<</Marked true>>/ViewerPreferences 13 0 R>>")
    hand.add(2, b"<</Type/Pages/Count 1/Kids[ 3 0 R] >>")
    hand.add(3, b"<</Type/Page/Parent 2 0 R/Resources<</Font<</F1 5 0 R>>/ExtGState<</GS7 7 0 R/GS8 8 0 R>>/ProcSet[/PDF/Text/ImageB/ImageC/ImageI] >>"
                b"/MediaBox[ 0 0 595.32 841.92] /Contents 4 0 R/Group<</Type/Group/S/Transparency/CS/DeviceRGB>>/Tabs/S/StructParents 0>>")
    text = b"/P <</MCID 0>> BDC q\n0.000008871 0 595.32 841.92 re\nW* n\nBT\n/F1 24 Tf\n1 0 0 1 72.024 746.54 Tm\n0 g\n/GS7 gs\n[(MAU)-7( 000123)] TJ\nET\nQ\n EMC "
    hand.stream(4, b"/Filter/FlateDecode", zlib.compress(text))
    hand.add(5, b"<</Type/Font/Subtype/TrueType/Name/F1/BaseFont/BCDEEE+LiberationSerif/Encoding/WinAnsiEncoding/FontDescriptor 6 0 R/FirstChar 32/LastChar 126/Widths 10 0 R>>")
    hand.add(6, b"<</Type/FontDescriptor/FontName/BCDEEE+LiberationSerif/Flags 32/ItalicAngle 0/Ascent 891/Descent -216/CapHeight 693/AvgWidth 401/MaxWidth 2614"
                b"/FontWeight 400/XHeight 250/Leading 42/StemV 40/FontBBox[ -568 -216 2046 693] /FontFile2 11 0 R>>")
    hand.add(7, b"<</Type/ExtGState/BM/Normal/ca 1>>")
    hand.add(8, b"<</Type/ExtGState/BM/Normal/CA 1>>")
    hand.stream(11, b"/Filter/FlateDecode/Length1 %d" % len(subset), zlib.compress(subset, 9))
    packed = [(10, widths(subset)), (12, b"<</Type/StructTreeRoot/K 14 0 R/ParentTree 15 0 R/ParentTreeNextKey 1>>"), (13, b"<</DisplayDocTitle true>>"),
              (14, b"<</Type/StructElem/S/P/P 12 0 R/Pg 3 0 R/K 0>>"), (15, b"<</Nums[ 0[ 14 0 R] ] >>")]
    head, body = b"", b""
    for number, value in packed:
        head += b"%d %d " % (number, len(body))
        body += value + b" "
    hand.stream(16, b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(packed), len(head)), zlib.compress(head + body))
    # The cross-reference stream knows everything, the table only what is not packed.
    stream_at = len(hand.out)
    hand.at[17] = stream_at
    rows = bytearray()
    for number in range(18):
        place = [index for index, (packed_number, _) in enumerate(packed) if packed_number == number]
        if place:
            rows += struct.pack(">BIH", 2, 16, place[0])
        elif number in hand.at:
            rows += struct.pack(">BIH", 1, hand.at[number], 0)
        else:
            rows += struct.pack(">BIH", 0, 0, 65535)
    hand.stream(17, b"/Type/XRef/Size 18/W[ 1 4 2] /Root 1 0 R/ID[<00112233445566778899AABBCCDDEEFF><00112233445566778899AABBCCDDEEFF>] /Filter/FlateDecode", zlib.compress(bytes(rows)))
    first = hand.table(b"/ID[<00112233445566778899AABBCCDDEEFF><00112233445566778899AABBCCDDEEFF>] ")
    second = len(hand.out)
    hand.out += b"xref\r\n0 0\r\ntrailer\r\n<</Size 18/Root 1 0 R/ID[<00112233445566778899AABBCCDDEEFF><00112233445566778899AABBCCDDEEFF>] /Prev %d/XRefStm %d>>\r\nstartxref\r\n%d\r\n%%%%EOF" % (first, stream_at, second)
    put("word.pdf", bytes(hand.out))


def subset_of_letters():
    """The letters of the page alone: a typeface of ten glyphs."""
    from fontTools import subset, ttLib

    face = ttLib.TTFont(FONTS / "LiberationSerif-Regular.ttf")
    maker = subset.Subsetter(subset.Options(layout_features=[], name_IDs=[], notdef_outline=True, hinting=False))
    maker.populate(text="MAU 0123")
    maker.subset(face)
    data = io.BytesIO()
    face.save(data)
    return data.getvalue()


def widths(face):
    from fontTools import ttLib

    face = ttLib.TTFont(io.BytesIO(face))
    names, scale = face.getBestCmap(), 1000 / face["head"].unitsPerEm
    return b"[ " + b" ".join(b"%d" % round(face["hmtx"][names[code]][0] * scale) if code in names else b"0" for code in range(32, 127)) + b"]"


# As scanners write


def scanners():
    put("may-quet-jpeg.pdf", img2pdf.convert([jpeg(page, quality=15, dpi=DPI) for page in (sheet(100), Image.new("RGB", (827, 1169), (244, 244, 240)), sheet(100, 3, lines=8))]))
    put("may-quet-g4.pdf", img2pdf.convert([g4_file(bilevel(sheet(200, number)), 200) for number in (1, 2)]))
    mix = [jpeg(card(), dpi=DPI), jpeg(sheet(72, size_mm=(420, 297)), quality=20, dpi=(72, 72)), jpeg(sheet(72, 2), quality=20, dpi=(72, 72))]
    put("may-quet-nhieu-co.pdf", img2pdf.convert(mix))
    jpx = io.BytesIO()
    card().save(jpx, "JPEG2000", quality_mode="rates", quality_layers=[30], irreversible=True)
    put("may-quet-jpx.pdf", pages_of([image(SIZE, jpx.getvalue(), Filter=Name.JPXDecode)]))
    jbig2()
    strips()
    layered()
    recognised()
    put("may-quet-cmyk.pdf", pages_of([image(SIZE, jpeg(card().convert("CMYK")), Filter=Name.DCTDecode, ColorSpace=Name.DeviceCMYK, BitsPerComponent=8, Decode=[1, 0] * 4)]))
    few = card().quantize(16)
    space = Array([Name.Indexed, Name.DeviceRGB, 15, String(bytes(few.getpalette()[:48]))])
    put("may-quet-bang-mau.pdf", pages_of([image(SIZE, zlib.compress(few.tobytes()), Filter=Name.FlateDecode, ColorSpace=space, BitsPerComponent=8)]))
    inverted = ImageChops.invert(card().convert("L")).tobytes()
    put("may-quet-dao-mau.pdf", pages_of([image(SIZE, zlib.compress(inverted), Filter=Name.FlateDecode, ColorSpace=Name.DeviceGray, BitsPerComponent=8, Decode=[1, 0])]))
    upside = sheet(72).rotate(180)
    put("may-quet-xoay-180.pdf", pages_of([image(upside.size, jpeg(upside, quality=25), Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8)], turn=180, dpi=72))
    inline()


def image(size, data, **entries):
    return lambda file: Stream(file, data, Type=Name.XObject, Subtype=Name.Image, Width=size[0], Height=size[1], **entries)


def pages_of(pictures, turn=0, dpi=100):
    file = pikepdf.new()
    for make in pictures:
        one = make(file)
        wide, high = (int(side) * 72 / dpi for side in (one.Width, one.Height))
        content = Stream(file, b"q %.3f 0 0 %.3f 0 0 cm /Im0 Do Q" % (wide, high))
        page = Dictionary(Type=Name.Page, MediaBox=[0, 0, round(wide, 3), round(high, 3)], Rotate=turn, Contents=content, Resources=Dictionary(XObject=Dictionary(Im0=one)))
        file.pages.append(pikepdf.Page(file.make_indirect(page)))
    data = io.BytesIO()
    file.save(data, deterministic_id=True)
    return data.getvalue()


def g4_file(picture, dpi):
    data = io.BytesIO()
    picture.save(data, "TIFF", compression="group4", dpi=(dpi, dpi))
    return data.getvalue()


def g4(picture):
    """The one strip of a Group 4 picture. Pillow codes light as black runs and says so in the TIFF; a PDF and JBIG2 want black ones."""
    data = io.BytesIO()
    ImageChops.invert(picture.convert("L")).convert("1").save(data, "TIFF", compression="group4", tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(data.getvalue())) as made:
        (offset,), (length,) = made.tag_v2[273], made.tag_v2[279]
    return data.getvalue()[offset : offset + length]


def jbig2():
    """One generic region (ITU-T T.88, 6.2), arithmetically coded with template 0, embedded as PDF wants it."""
    picture = bilevel(sheet(100))
    data = arithmetic(picture)
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", *picture.size, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", *picture.size, 0, 0, 0) + b"\x00" + struct.pack("8b", 3, -1, -3, -1, 2, -2, -2, -2) + data
    region = struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region
    put("may-quet-jbig2.pdf", pages_of([image(picture.size, page + region, Filter=Name.JBIG2Decode, ColorSpace=Name.DeviceGray, BitsPerComponent=1)]))


# Probability states (T.88, table E.1): estimate, next after the likelier and the less likely symbol, whether they change places.
STATES = [tuple(int(part, 16 if at == 0 else 10) for at, part in enumerate(row.split())) for row in """5601 1 1 1,3401 2 6 0,1801 3 9 0,0AC1 4 12 0,0521 5 29 0,
0221 38 33 0,5601 7 6 1,5401 8 14 0,4801 9 14 0,3801 10 14 0,3001 11 17 0,2401 12 18 0,1C01 13 20 0,1601 29 21 0,5601 15 14 1,5401 16 14 0,5101 17 15 0,
4801 18 16 0,3801 19 17 0,3401 20 18 0,3001 21 19 0,2801 22 19 0,2401 23 20 0,2201 24 21 0,1C01 25 22 0,1801 26 23 0,1601 27 24 0,1401 28 25 0,1201 29 26 0,
1101 30 27 0,0AC1 31 28 0,09C1 32 29 0,08A1 33 30 0,0521 34 31 0,0441 35 32 0,02A1 36 33 0,0221 37 34 0,0141 38 35 0,0111 39 36 0,0085 40 37 0,0049 41 38 0,
0025 42 39 0,0015 43 40 0,0009 44 41 0,0005 45 42 0,0001 45 43 0,5601 46 46 0""".replace("\n", "").split(",")]


class Coder:
    """The encoder of T.88, annex E.2."""

    def __init__(self):
        self.a, self.c, self.ct, self.out = 0x8000, 0, 12, bytearray(b"\0")
        self.index, self.likely = [0] * 65536, [0] * 65536

    def encode(self, context, bit):
        estimate, after_likely, after_other, switch = STATES[self.index[context]]
        self.a -= estimate
        if bit == self.likely[context]:
            if self.a & 0x8000:
                self.c += estimate
                return
            if self.a < estimate:
                self.a = estimate
            else:
                self.c += estimate
            self.index[context] = after_likely
        else:
            if self.a < estimate:
                self.c += estimate
            else:
                self.a = estimate
            self.likely[context] ^= switch
            self.index[context] = after_other
        while not self.a & 0x8000:
            self.a, self.c, self.ct = self.a << 1, self.c << 1, self.ct - 1
            if self.ct == 0:
                self.byte()

    def byte(self):
        if self.out[-1] != 0xFF and self.c >= 0x8000000:
            self.out[-1] += 1
            self.c &= 0x7FFFFFF
        stuffed = self.out[-1] == 0xFF
        shift, self.ct = (20, 7) if stuffed else (19, 8)
        self.out.append(self.c >> shift & 0xFF)
        self.c &= (1 << shift) - 1

    def end(self):
        top = self.c + self.a
        self.c |= 0xFFFF
        if self.c >= top:
            self.c -= 0x8000
        for _ in range(2):
            self.c <<= self.ct
            self.byte()
        return bytes(self.out[1:]).rstrip(b"\xff") + b"\xff\xac"


def arithmetic(picture):
    wide, high = picture.size
    levels = picture.convert("L").tobytes()
    rows = [[0] * (wide + 8)] * 2 + [[0] * 4 + [level < 128 for level in levels[y * wide : (y + 1) * wide]] + [0] * 4 for y in range(high)]
    coder = Coder()
    for two, one, row in zip(rows, rows[1:], rows[2:]):
        for x in range(4, wide + 4):
            # Figure 3, with the adaptive pixels in their nominal places.
            near = [*two[x - 2 : x + 3], *one[x - 3 : x + 4], *row[x - 4 : x]]
            ordered = [near[0], *near[1:4], near[4], near[5], *near[6:11], near[11], *near[12:16]]
            context = 0
            for bit in ordered:
                context = context << 1 | bit
            coder.encode(context, int(row[x]))
    return coder.end()


def strips():
    """A page cut into bands, each a picture of its own."""
    page, file = sheet(100), pikepdf.new()
    objects, content = Dictionary(), b""
    for number, top in enumerate(range(0, page.height, 200)):
        band = page.crop((0, top, page.width, min(top + 200, page.height)))
        objects[f"/Im{number}"] = image(band.size, jpeg(band, quality=25), Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8)(file)
        content += b"q %.3f 0 0 %.3f 0 %.3f cm /Im%d Do Q\n" % (band.width * 0.72, band.height * 0.72, (page.height - top - band.height) * 0.72, number)
    node = Dictionary(Type=Name.Page, MediaBox=[0, 0, round(page.width * 0.72, 2), round(page.height * 0.72, 2)], Contents=Stream(file, content), Resources=Dictionary(XObject=objects))
    file.pages.append(pikepdf.Page(file.make_indirect(node)))
    saved(file, "may-quet-dai.pdf")


def layered():
    """Mixed raster content: a coarse background, the text as a stencil, a seal with a soft mask."""
    page, file = sheet(200), pikepdf.new()
    ground = page.resize((page.width // 4, page.height // 4)).filter(ImageFilter.MedianFilter(5))
    text = bilevel(page, 110)
    seal = Image.new("L", (100, 100), 0)
    ImageDraw.Draw(seal).ellipse((8, 8, 92, 92), outline=200, width=8)
    soft = Stream(file, zlib.compress(seal.tobytes()), Type=Name.XObject, Subtype=Name.Image, Width=100, Height=100, ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.FlateDecode)
    objects = Dictionary(
        Ground=image(ground.size, jpeg(ground, quality=20), Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8)(file),
        Text=image(text.size, g4(text), Filter=Name.CCITTFaxDecode, ImageMask=True, BitsPerComponent=1,
                   DecodeParms=Dictionary(K=-1, Columns=text.width, Rows=text.height, BlackIs1=False))(file),
        Seal=image((100, 100), zlib.compress(bytes((200, 20, 30)) * 10_000), Filter=Name.FlateDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8, SMask=file.make_indirect(soft))(file),
    )
    content = b"q 595.2 0 0 841.92 0 0 cm /Ground Do Q q 0.1 0.1 0.12 rg 595.2 0 0 841.92 0 0 cm /Text Do Q q 90 0 0 90 380 60 cm /Seal Do Q"
    node = Dictionary(Type=Name.Page, MediaBox=[0, 0, 595.2, 841.92], Contents=Stream(file, content), Resources=Dictionary(XObject=objects))
    file.pages.append(pikepdf.Page(file.make_indirect(node)))
    saved(file, "may-quet-nhieu-lop.pdf")


def recognised():
    """What text recognition leaves: the picture, and the words over it that nobody sees."""
    page, file = sheet(100), pikepdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    objects = Dictionary(Im0=image(page.size, jpeg(page, quality=25), Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB, BitsPerComponent=8)(file))
    content = b"q 595 0 0 842 0 0 cm /Im0 Do Q BT 3 Tr /F1 10 Tf 71 740 Td (Giay nay la ban mau) Tj 0 -20 Td [(so hieu) -300 (000123)] TJ ET"
    node = Dictionary(Type=Name.Page, MediaBox=[0, 0, 595, 842], Contents=Stream(file, content), Resources=Dictionary(XObject=objects, Font=Dictionary(F1=font)))
    file.pages.append(pikepdf.Page(file.make_indirect(node)))
    saved(file, "may-quet-nhan-dang.pdf")


def inline():
    """A picture inside the content stream (ISO 32000-1, 8.9.7)."""
    file, small = pikepdf.new(), card().convert("L").resize((146, 103))
    content = b"q 420 0 0 297 0 0 cm BI /W 146 /H 103 /BPC 8 /CS /G /F /AHx ID " + small.tobytes().hex().encode() + b"> EI Q"
    file.pages.append(pikepdf.Page(file.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, 420, 297], Contents=Stream(file, content), Resources=Dictionary()))))
    saved(file, "anh-trong-noi-dung.pdf", compress_streams=True)


# What people and programs do to files


def shapes():
    whole = (HERE / "lien-ket.pdf").read_bytes()
    put("rac-dau.pdf", b"\r\n\r\nMAY QUET 123\r\n" + whole)
    put("xref-19-byte.pdf", whole.replace(b" n \n", b" n\n").replace(b" f \n", b" f\n"))
    put("rac-cuoi.pdf", whole + b"\r\n" + bytes(300) + b"<html></html>")
    at = whole.rindex(b"startxref") + 10
    put("xref-lech.pdf", whole[:at] + b"7" + whole[at:])
    put("mat-xref.pdf", whole[: whole.rindex(b"startxref")])

    def blank(file):
        file.pages.append(pikepdf.Page(file.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, 595, 842]))))

    pdf("trang-khong-noi-dung.pdf", blank)

    def inherit(file):
        page = file.pages[0].obj
        for key in ("/MediaBox", "/CropBox", "/Resources"):
            file.Root.Pages[key] = page[key]
            del page[key]
        file.Root.Pages.Rotate = 270
        del page["/Rotate"]

    pdf("thua-huong.pdf", inherit)

    def split(file):
            # Between two streams there is white space: a number or a name is never cut (ISO 32000-1, table 30).
        parts = [b"q 420 0 0", b"297.5 100 50 cm", b"/Im0 Do", b"Q"]
        file.pages[0].obj.Contents = Array([file.make_indirect(Stream(file, part)) for part in parts])

    pdf("noi-dung-chia.pdf", split)

    def unbalanced(file):
        file.pages[0].obj.Contents = Stream(file, b"q q 420 0 0 297.5 100 50 cm /Im0 Do 0.5 0 0 0.5 10 10 cm 1 0 0 rg")

    pdf("q-lech.pdf", unbalanced)

    def negative(file):
        page = file.pages[0].obj
        page.MediaBox, page.Contents = [-210, -150, 210, 147.5], Stream(file, b"q 420 0 0 297.5 -210 -150 cm /Im0 Do Q")
        del page["/CropBox"]

    pdf("hop-am.pdf", negative)

    def dangling(file):
        resources = file.pages[0].obj.Resources
        resources.Font = Dictionary(F9=file.make_indirect(Dictionary(Type=Name.Font)))
        resources.XObject.Im9 = file.make_indirect(Dictionary())

    pdf("thua-tai-nguyen.pdf", dangling)

    def no_box(file):
        page = file.pages[0].obj
        for key in ("/MediaBox", "/CropBox"):
            del page[key]

    pdf("khong-hop.pdf", no_box)

    def layer(file, more):
        group = file.make_indirect(Dictionary(Type=Name.OCG, Name="lop", Usage=Dictionary(View=Dictionary(ViewState=Name.OFF))))
        page = file.pages[0].obj
        page.Resources.Properties = Dictionary(MC0=more(file, group))
        page.Contents = Stream(file, b"/OC /MC0 BDC q 420 0 0 297.5 100 50 cm /Im0 Do Q EMC")
        file.Root.OCProperties = Dictionary(OCGs=[group], D=Dictionary(ON=[group], Order=[group]))
        return group

    pdf("lop-hien.pdf", lambda file: layer(file, lambda _file, group: group))

    def by_event(file):
        group = layer(file, lambda _file, group: group)
        file.Root.OCProperties.D.AS = Array([Dictionary(Event=Name.View, Category=[Name.View], OCGs=[group])])

    pdf("lop-theo-su-kien.pdf", by_event)
    pdf("lop-khi-tat.pdf", lambda file: layer(file, lambda file, group: file.make_indirect(Dictionary(Type=Name.OCMD, OCGs=group, P=Name.AllOff))))

    def goto(file):
        file.Root.OpenAction = Array([file.pages[0].obj, Name.Fit])
        file.Root.PageMode = Name.UseOutlines
        with file.open_outline() as outline:
            outline.root.append(pikepdf.OutlineItem("Trang 1", 0))

    pdf("muc-luc.pdf", goto)
    pdf("pdf-2.0.pdf", force_version="2.0")
    pdf("pdf-1.3.pdf", force_version="1.3", object_stream_mode=pikepdf.ObjectStreamMode.disable)
    pdf("nen-doi-tuong.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True)
    with pikepdf.open(HERE / "libreoffice-docx.pdf") as file:
        saved(file, "tuyen-tinh.pdf", linearize=True)
    incremental()
    many()
    sizes()


def incremental():
    """A page turned later, as a viewer saves it: a second revision."""
    hand = Hand(b"%PDF-1.4\n")
    picture = jpeg(card(), quality=40)
    hand.add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    hand.add(2, b"<</Type/Pages/Count 1/Kids[3 0 R]>>")
    hand.add(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 297]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>")
    hand.stream(4, b"", b"q 420 0 0 297 0 0 cm /I Do Q")
    hand.stream(5, b"/Type/XObject/Subtype/Image/Width 583/Height 413/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode", picture)
    first = hand.table(b"")
    hand.at = {3: len(hand.out)}
    hand.out += b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 297]/Rotate 90/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>\nendobj\n"
    start = len(hand.out)
    hand.out += b"xref\n0 1\n0000000000 65535 f \n3 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (hand.at[3], first, start)
    put("xoay-sau.pdf", bytes(hand.out))


def many():
    for count in (300, 301):
        file = pikepdf.new()
        for number in range(count):
            content = Stream(file, b"%d 10 10 40 re f" % (10 + number % 60))
            file.pages.append(pikepdf.Page(file.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, 90, 60], Contents=content, Resources=Dictionary()))))
        saved(file, f"{count}-trang.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)


def sizes():
    def box(name, wide, high):
        file = pikepdf.new()
        content = Stream(file, b"0.8 0.1 0.1 rg %d %d %d %d re f" % (wide // 4, high // 4, wide // 4, high // 8))
        file.pages.append(pikepdf.Page(file.make_indirect(Dictionary(Type=Name.Page, MediaBox=[0, 0, wide, high], Contents=content, Resources=Dictionary()))))
        saved(file, name)

    box("the-can-cuoc.pdf", 243, 153)
    box("ban-ve-a0.pdf", 2384, 3370)
    box("qua-rong.pdf", 20_000, 600)


# What is refused


def refused():
    def annotation(**entries):
        return lambda file: file.pages[0].obj.update({"/Annots": Array([file.make_indirect(Dictionary(Type=Name.Annot, Rect=[120, 60, 300, 90], **entries))])})

    pdf("to-sang.pdf", annotation(Subtype=Name.Highlight, QuadPoints=[120, 90, 300, 90, 120, 60, 300, 60], C=[1, 1, 0]))
    pdf("dong-dau-anh.pdf", annotation(Subtype=Name.Stamp, Name=Name.Approved))
    pdf("phim.pdf", annotation(Subtype=Name.Screen, A=Dictionary(S=Name.Rendition)))
    pdf("gui-bieu-mau.pdf", lambda file: file.Root.update({"/OpenAction": Dictionary(S=Name.SubmitForm, F="https://example.vn")}))
    pdf("ma-lenh-ten.pdf", lambda file: file.Root.update({"/Names": Dictionary(JavaScript=Dictionary(Names=[String("a"), script()]))}))
    pdf("ma-lenh-khi-in.pdf", lambda file: file.Root.update({"/AA": Dictionary(WP=script())}))
    pdf("xfa.pdf", lambda file: file.Root.update({"/AcroForm": Dictionary(Fields=[], XFA=Stream(file, b"<xdp/>"))}))
    pdf("tap-hop.pdf", lambda file: file.Root.update({"/Collection": Dictionary(View=Name.T)}))
    pdf("rc4-40.pdf", encryption=pikepdf.Encryption(user="mau", owner="mau2", R=2, aes=False, metadata=False), force_version="1.3")
    pdf("rc4-128.pdf", encryption=pikepdf.Encryption(user="mau", owner="mau2", R=3, aes=False, metadata=False))
    file = pikepdf.new()
    picture_page(file)
    file.Root.Pages.Kids.append(file.Root.Pages)
    saved(file, "cay-vong.pdf")
    for name, count in (("sai-so-trang.pdf", 3), ("thieu-so-trang.pdf", 0)):
        put(name, (HERE / "lien-ket.pdf").read_bytes().replace(b"/Count 1", b"/Count %d" % count))
    hand = Hand()
    hand.add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    hand.add(2, b"<</Type/Pages/Kids[3 0 R<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>>>]/Count 1>>")
    hand.add(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>>>")
    hand.stream(4, b"", b"9 9 30 30 re f")
    hand.table(b"")
    put("trang-truc-tiep.pdf", bytes(hand.out))
    signed = (HERE.parents[1] / "scans/da-ky.pdf").read_bytes()
    at = signed.rindex(b"startxref") + 10
    put("da-ky-hong.pdf", signed[:at] + b"9" + signed[at:])
    put("no-noi-dung.pdf", content_bomb())
    bomb()
    put("gia-pdf.pdf", b"%PDF-1.7\n" + b"khong co gi o day\n" * 20)
    timestamped()


def content_bomb():
    hand = Hand()
    hand.add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    hand.add(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    hand.add(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>>>")
    hand.stream(4, b"/Filter[/FlateDecode/FlateDecode]", zlib.compress(zlib.compress(b"0 0 9 9 re f\n" * 25_000_000, 9), 9))
    hand.table(b"")
    return bytes(hand.out)


def bomb():
    hand = Hand()
    hand.add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    packed = b"2 0 3 20 <</Type/Pages/Kids[3 0 R]/Count 1>> <</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>" + b" " * 200_000_000
    data = zlib.compress(packed, 9)
    data = zlib.compress(data, 9)
    hand.stream(4, b"/Type/ObjStm/N 2/First 9/Filter[/FlateDecode/FlateDecode]", data)
    at = len(hand.out)
    rows = struct.pack(">BIH", 0, 0, 65535) + struct.pack(">BIH", 1, hand.at[1], 0) + struct.pack(">BIH", 2, 4, 0) + struct.pack(">BIH", 2, 4, 1)
    rows += struct.pack(">BIH", 1, hand.at[4], 0) + struct.pack(">BIH", 1, at, 0)
    hand.stream(5, b"/Type/XRef/Size 6/W[1 4 2]/Root 1 0 R", rows)
    hand.out += b"startxref\n%d\n%%%%EOF\n" % at
    put("no-tung.pdf", bytes(hand.out))


def timestamped():
    """A time-stamp over the file and no other signature; made up, for nobody checks it here."""

    def stamp(file):
        value = file.make_indirect(Dictionary(Type=Name.DocTimeStamp, Filter=Name("/Adobe.PPKLite"), SubFilter=Name("/ETSI.RFC3161"), ByteRange=[0, 10, 20, 30], Contents=String(b"0")))
        field = file.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="DauThoiGian", Rect=[0, 0, 0, 0], F=132, V=value))
        file.pages[0].obj.Annots = Array([field])
        file.Root.AcroForm = Dictionary(Fields=[field], SigFlags=3)

    pdf("chi-dau-thoi-gian.pdf", stamp)


def all():
    office()
    browser()
    word()
    scanners()
    libraries()
    shapes()
    refused()
