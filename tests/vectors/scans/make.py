"""Makes the small scans of this folder again. By hand, rarely: the files are committed, since their makers change over time.

Needs ImageMagick, tiffcp and qpdf, and from PyPI: pillow, pikepdf.
"""

import io
import struct
import subprocess
import tempfile
from pathlib import Path

import pikepdf
from PIL import Image, ImageChops, ImageDraw, ImageFont
from pikepdf import Array, Dictionary, Name, Stream

HERE = Path(__file__).parent
FONTS = HERE.parents[2] / "shared/compose/fonts"
SIZE = (583, 413)
DPI = (100, 100)


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def card(number=1):
    """A lying card; the dark square stands in the upper left corner of the picture as it is to be seen."""
    picture = Image.new("RGB", SIZE, (247, 243, 232))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((12, 12, 52, 52), fill=(20, 20, 20))
    draw.text((80, 14), "GIẤY CHỨNG NHẬN MẪU", font=ImageFont.truetype(FONTS / "LiberationSerif-Bold.ttf", 26), fill=(150, 20, 30))
    plain = ImageFont.truetype(FONTS / "LiberationSerif-Regular.ttf", 17)
    lines = ["Họ và tên: Nguyễn Thị Ví Dụ", "Ngày sinh: 01/01/1990", f"Số hiệu: MẪU-{number:06}", f"Trang {number}"]
    for row, line in enumerate(lines):
        draw.text((80, 60 + 26 * row), line, font=plain, fill=(20, 20, 90))
    return picture


def jpegs():
    turn = Image.Transpose
    stored = [None, turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE, turn.ROTATE_90, turn.TRANSVERSE, turn.ROTATE_270]
    for orientation, move in enumerate(stored, 1):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x011A] = exif[0x011B] = 100.0
        exif[0x0128] = 2
        picture = card() if move is None else card().transpose(move)
        picture.save(HERE / f"exif-{orientation}.jpg", quality=60, dpi=DPI, exif=exif)
    card().convert("L").save(HERE / "xam.jpg", quality=60, dpi=DPI)
    card().convert("CMYK").save(HERE / "cmyk.jpg", quality=60, dpi=DPI)
    card().save(HERE / "luy-tien.jpg", quality=60, progressive=True, dpi=DPI)
    card().save(HERE / "khong-do-phan-giai.jpg", quality=60)


def pngs():
    card().convert("L").save(HERE / "xam.png", dpi=DPI)
    card().convert("1").save(HERE / "den-trang.png", dpi=DPI)
    card().convert("LA").save(HERE / "xam-alpha.png", dpi=DPI)
    card().quantize(16).save(HERE / "bang-mau.png", dpi=DPI)
    clear = Image.new("L", SIZE, 255)
    ImageDraw.Draw(clear).rectangle((300, 300, 560, 400), fill=0)
    rgba = card().convert("RGBA")
    rgba.putalpha(clear)
    rgba.save(HERE / "rgba.png", dpi=DPI)
    samples = b"".join(struct.pack("<H", value * 257) for value in card().convert("L").tobytes())
    Image.frombytes("I;16", SIZE, samples).save(HERE / "xam-16-bit.png", dpi=DPI)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.png"
        card().save(plain, dpi=DPI)
        quiet = ("-define", "png:exclude-chunks=date,time,tEXt")
        run("convert", plain, "-interlace", "PNG", *quiet, HERE / "dan-xen.png")
        run("convert", plain, "-colors", "24", "-define", "png:color-type=2", "-define", "png:bit-depth=16", *quiet, HERE / "mau-16-bit.png")


def tiff(name, pages, compression, dpi=DPI, **more):
    pages[0].save(HERE / name, save_all=True, append_images=pages[1:], compression=compression, dpi=dpi, **more)


def tiffs():
    pages = [card(number) for number in (1, 2, 3)]
    bilevel = [page.convert("L").point(lambda grey: 255 * (grey > 128)).convert("1") for page in pages]
    few = [page.quantize(16).convert("RGB") for page in pages]
    tiff("fax-g4.tif", bilevel, "group4")
    tiff("fax-g3.tif", bilevel[:1], "group3")
    tiff("lzw.tif", few, "tiff_lzw")
    tiff("deflate.tif", few[:2], "tiff_adobe_deflate")
    tiff("packbits.tif", bilevel[:1], "packbits")
    tiff("jpeg.tif", pages[:2], "jpeg", quality=30)
    tiff("bang-mau.tif", [pages[0].quantize(16)], "tiff_lzw")
    tiff("khong-nen.tif", [page.convert("L").resize((146, 103)) for page in pages], None, dpi=(25, 25))
    run("tiffcp", "-c", "g3:2d", f"{HERE / 'fax-g4.tif'},0", HERE / "fax-g3-2d.tif")
    run("tiffcp", "-c", "zip", "-p", "separate", "-t", "-w", "128", "-l", "128", f"{HERE / 'lzw.tif'},0", HERE / "o-gach-mat-mau-rieng.tif")
    run("tiffcp", "-c", "g4", "-t", "-w", "128", "-l", "128", f"{HERE / 'fax-g4.tif'},0", HERE / "o-gach-g4.tif")
    run("tiffcp", "-c", "lzw", "-p", "separate", f"{HERE / 'lzw.tif'},0", HERE / "mat-mau-rieng.tif")
    run("tiffcp", f"{HERE / 'fax-g4.tif'},1", f"{HERE / 'lzw.tif'},1", HERE / "hon-hop.tif")


def picture_page(file, turn=0, **more):
    data = io.BytesIO()
    card().save(data, "JPEG", quality=60)
    image = Stream(file, data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=SIZE[0], Height=SIZE[1], ColorSpace=Name.DeviceRGB,
                   BitsPerComponent=8, Filter=Name.DCTDecode)
    content = Stream(file, b"q 420 0 0 297.5 100 50 cm /Im0 Do Q")
    page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 620, 400], CropBox=[100, 50, 520, 347.5], Rotate=turn, Contents=content,
                      Resources=Dictionary(XObject=Dictionary(Im0=image)), **more)
    file.pages.append(pikepdf.Page(file.make_indirect(page)))


def pdf(name, change=None, **how):
    file = pikepdf.new()
    picture_page(file)
    if change:
        change(file)
    file.save(HERE / name, deterministic_id=not how.get("encryption"), **how)


def script(text="app.alert(1)"):
    return Dictionary(S=Name.JavaScript, JS=text)


def pdfs():
    turned = pikepdf.new()
    for turn in (0, 90, 180, 270):
        picture_page(turned, turn)
    turned.save(HERE / "trang-xoay.pdf", deterministic_id=True)
    pdf("don-vi-gap-doi.pdf", lambda file: file.pages[0].obj.update({"/UserUnit": 2}))
    pdf("mat-khau.pdf", encryption=pikepdf.Encryption(user="mau", owner="mau2", R=6))
    pdf("mat-khau-rong.pdf", encryption=pikepdf.Encryption(user="", owner="mau2", R=4))
    pdf("ma-lenh-khi-mo.pdf", lambda file: file.Root.update({"/OpenAction": script()}))
    pdf("ma-lenh-cua-trang.pdf", lambda file: file.pages[0].obj.update({"/AA": Dictionary(O=script())}))
    pdf("chay-chuong-trinh.pdf", lambda file: file.Root.update({"/OpenAction": Dictionary(S=Name.Launch, F="a.exe")}))

    def attach(file):
        file.attachments["a.txt"] = pikepdf.AttachedFileSpec(file, b"a", filename="a.txt", creation_date="D:20260101000000Z", mod_date="D:20260101000000Z")

    pdf("tep-dinh-kem.pdf", attach)

    def annotate(file):
        note = Dictionary(Type=Name.Annot, Subtype=Name.FreeText, Rect=[120, 60, 300, 90], DA="/Helv 12 Tf", Contents="x")
        file.pages[0].obj.Annots = Array([file.make_indirect(note)])

    pdf("chu-thich.pdf", annotate)

    def hide(file):
        layer = file.make_indirect(Dictionary(Type=Name.OCG, Name="an"))
        file.Root.OCProperties = Dictionary(OCGs=[layer], D=Dictionary(OFF=[layer]))

    pdf("lop-an.pdf", hide)

    def empty_field(file):
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T="Signature1", Rect=[0, 0, 0, 0])
        field = file.make_indirect(field)
        file.pages[0].obj.Annots = Array([field])
        file.Root.AcroForm = Dictionary(Fields=[field], SigFlags=1)

    pdf("o-ky-trong.pdf", empty_field)

    def link(file):
        target = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[120, 60, 300, 90], A=Dictionary(S=Name.URI, URI="https://example.vn"))
        file.pages[0].obj.Annots = Array([file.make_indirect(target)])

    pdf("lien-ket.pdf", link)
    pikepdf.new().save(HERE / "khong-trang.pdf", deterministic_id=True)
    whole = (HERE / "lien-ket.pdf").read_bytes()
    (HERE / "cut-duoi.pdf").write_bytes(whole[: len(whole) // 2])
    (HERE / "rong.pdf").write_bytes(b"")
    (HERE / "khong-phai-pdf.pdf").write_bytes("Đây không phải là tệp PDF.\n".encode())


SHEET = (827, 1169)


def sheet(paper="white", ink=(20, 20, 20)):
    """An upright page, full of text from edge to edge."""
    picture = Image.new("RGB", SHEET, paper)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(FONTS / "LiberationSerif-Regular.ttf", 26)
    for row in range(32):
        draw.text((40, 30 + 35 * row), f"{row + 1}. Nội dung của bản chính mẫu, không có thật, in kín cả trang giấy A4.", font=font, fill=ink)
    return picture


def sheet_pdf(name, objects, content):
    file = pikepdf.new()
    objects = {key: file.make_indirect(make(file)) for key, make in objects.items()}
    resources = Dictionary(XObject=Dictionary({key: one for key, one in objects.items() if one.get("/Subtype") == Name.Image}),
                           Font=Dictionary({key: one for key, one in objects.items() if one.get("/Type") == Name.Font}))
    page = Dictionary(Type=Name.Page, MediaBox=[0, 0, 595, 842], Contents=Stream(file, content), Resources=resources)
    file.pages.append(pikepdf.Page(file.make_indirect(page)))
    file.save(HERE / name, deterministic_id=True)


def jpeg_stream(picture, space):
    def make(file):
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=40)
        return Stream(file, data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=picture.width, Height=picture.height,
                      ColorSpace=space, BitsPerComponent=8, Filter=Name.DCTDecode)

    return make


def drawn_letters(file):
    """A typeface whose letters are drawings, one of them called like a word of the standard."""
    letter = lambda path: file.make_indirect(Stream(file, b"1000 0 0 0 750 750 d1 " + path))
    letters = Dictionary(A=letter(b"0 0 750 750 re f"), B=letter(b"375 750 m 0 0 l 750 0 l f"))
    names = Dictionary(Type=Name.Encoding, Differences=Array([65, Name.A, Name.B]))
    return Dictionary(Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 1000, 1000], FontMatrix=[0.001, 0, 0, 0.001, 0, 0], CharProcs=letters,
                      Encoding=names, FirstChar=65, LastChar=66, Widths=[1000, 1000], Resources=Dictionary())


def traps():
    """What was read wrongly once: names that are words, other inks, light on dark, octets from below, a PNG that is held sideways."""
    sheet((20, 30, 120), "white").save(HERE / "chu-sang.jpg", quality=40, dpi=DPI)
    whole = b"q 595 0 0 842 0 0 cm /%s Do Q"
    sheet_pdf("muc-cmyk.pdf", {"/Im0": jpeg_stream(ImageChops.invert(sheet().resize((620, 877)).convert("CMYK")), Name.DeviceCMYK)}, whole % b"Im0")
    small = {"/A": jpeg_stream(card(), Name.DeviceRGB), "/ID": drawn_letters}
    sheet_pdf("ten-la-tu.pdf", small, b"q 420 0 0 297.5 80 500 cm /A Do Q BT /ID 40 Tf 80 400 Td (ABABAB) Tj ET")
    bits = card().convert("L").point(lambda grey: 255 * (grey > 128)).convert("1")
    data = io.BytesIO()
    bits.save(data, "TIFF", dpi=DPI, tiffinfo={266: 2})
    octets = bytearray(data.getvalue())
    with Image.open(data) as file:
        for start, length in zip(file.tag_v2[273], file.tag_v2[279]):
            octets[start : start + length] = bytes(int(f"{octet:08b}"[::-1], 2) for octet in octets[start : start + length])
    (HERE / "bit-nguoc.tif").write_bytes(octets)
    turned = Image.Exif()
    turned[0x0112] = 6
    card().transpose(Image.Transpose.ROTATE_90).save(HERE / "huong-exif.png", dpi=DPI, exif=turned)


def stumbling_blocks():
    """Scans over whose lower half a program wrote, behind something at which a reader may stop: a comment, an operator that is none."""
    written = b"".join(b" 1 0 0 1 60 %d Tm (Da thu hoi ban chinh, xem quyet dinh 40) Tj" % y for y in range(40, 520, 24))
    fonts = lambda file: Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Helvetica-Bold"), Encoding=Name.WinAnsiEncoding)
    for name, block in (("chu-giai-trong-lenh.pdf", b"BT /F1 % phong chu\n 15 Tf"), ("lenh-khong-biet.pdf", b"my_op BT /F1 15 Tf")):
        picture = {"/Im0": jpeg_stream(card(), Name.DeviceRGB), "/F1": fonts}
        sheet_pdf(name, picture, b"q 595 0 0 842 0 0 cm /Im0 Do Q " + block + written + b" ET")
    sheet_pdf("chu-giai-that.pdf", {"/Im0": jpeg_stream(card(), Name.DeviceRGB)}, b"% mot trang\nq 595 0 0 % rong\n842 0 0 cm /Im0 Do Q")


def faint():
    """Pages of text that is faint and can be read: grey, pale red, grey on grey; and of paper with grain and nothing on it."""
    for name, paper, ink in (("chu-nhat.png", "white", (224,) * 3), ("chu-do-nhat.png", "white", (255, 226, 226)), ("chu-xam.png", (235,) * 3, (205,) * 3)):
        sheet(paper, ink).quantize(8).save(HERE / name, dpi=DPI)
    grain = Image.effect_noise((414, 585), 8).point(lambda value: value + 115)
    grain.save(HERE / "giay-san.jpg", quality=50, dpi=(50, 50))


if __name__ == "__main__":
    faint()
    stumbling_blocks()
    traps()
    jpegs()
    pngs()
    tiffs()
    pdfs()
