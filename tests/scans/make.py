"""Makes the scans of this folder again. By hand, rarely: the files are committed, since their makers change over time.

Needs soffice, gs, qpdf and pdftocairo, and from PyPI: pillow, img2pdf, pikepdf, pyHanko.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "judges"))
import forge  # noqa: E402

SAMPLE = HERE.parent.parent / "infra/ctdt/sample/ban-goc.jpg"
ORIENTATION = 0x0112
PAGE = """<html><body lang="vi"><h1>BẢN MẪU</h1><p>Giấy xác nhận số 000-MẪU, cấp cho người không có thật.</p>
<p>Ông Nguyễn Văn Mẫu đã hoàn thành khoá học “Nghiệp vụ chứng thực” tại Trường Thử Nghiệm, đạt loại giỏi.</p></body></html>"""


def run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


def small(dpi):
    picture = Image.open(SAMPLE)
    return picture.resize((int(8.27 * dpi), int(11.69 * dpi)), Image.Resampling.LANCZOS)


def pictures():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    small(110).transpose(Image.Transpose.ROTATE_90).save(HERE / "anh-xoay-exif.jpg", quality=60, dpi=(110, 110), exif=exif)
    small(90).convert("L").quantize(16).save(HERE / "anh.png", optimize=True, dpi=(90, 90))
    pages = [small(150).convert("L").point(lambda grey, cut=cut: 255 * (grey > cut)).convert("1") for cut in (120, 140, 160)]
    pages[0].save(HERE / "nhieu-trang.tif", save_all=True, append_images=pages[1:], compression="group4", dpi=(150, 150))


def documents():
    upright = io.BytesIO()
    small(100).save(upright, "JPEG", quality=55, dpi=(100, 100))
    (HERE / "img2pdf.pdf").write_bytes(img2pdf.convert(upright.getvalue()))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "libreoffice.html"
        page.write_text(PAGE, encoding="utf-8")
        run("soffice", "--headless", "--writer", "--convert-to", "pdf:writer_web_pdf_Export", "--outdir", HERE, page)
    source = HERE / "libreoffice.pdf"
    run("pdftocairo", "-pdf", source, HERE / "cairo.pdf")
    run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", f"-sOutputFile={HERE / 'ghostscript.pdf'}", source)
    run("qpdf", "--linearize", HERE / "img2pdf.pdf", HERE / "qpdf-linearized.pdf")
    run("qpdf", "--object-streams=generate", source, HERE / "qpdf-object-streams.pdf")


def refused():
    with pikepdf.open(HERE / "libreoffice.pdf") as file:
        page = file.pages[0]
        field = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T="Ten", V="Mau", F=4, Rect=[80, 80, 280, 100]
        )
        field = file.make_indirect(field)
        page.Annots = file.make_indirect(pikepdf.Array([field]))
        file.Root.AcroForm = pikepdf.Dictionary(Fields=[field], DA="/Helv 0 Tf 0 g")
        file.save(HERE / "bieu-mau.pdf", deterministic_id=True)
    writer = IncrementalPdfFileWriter(io.BytesIO((HERE / "libreoffice.pdf").read_bytes()))
    metadata = signers.PdfSignatureMetadata(field_name="Signature1", md_algorithm="sha256")
    signed = signers.PdfSigner(metadata, signer=forge.Sealer().signer).sign_pdf(writer)
    (HERE / "da-ky.pdf").write_bytes(signed.getvalue())


if __name__ == "__main__":
    pictures()
    documents()
    refused()
