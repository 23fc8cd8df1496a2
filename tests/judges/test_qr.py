"""The QR code in the seal: found on the rendered page by zbar, which is not ours, and checked by `ctdt qr` with the published keys.

The format is written down in shared/domain/src/qr/mod.rs (docs/decisions/0016); here it is read again, from that text alone, and the
signature is verified by OpenSSL.
"""

import base64
import json
import re
import subprocess

import pytest
from PIL import Image

import judge

SIGNATURE = 64
DOMAIN = b"ctdt-qr-1\n"
# RFC 8410 §4: what stands before the 32 bytes of an Ed25519 key.
SPKI = bytes.fromhex("302a300506032b6570032100")


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


def rendered(path, folder, dpi, *options):
    """Every page as a picture."""
    folder.mkdir(exist_ok=True)
    done = run("pdftoppm", "-r", dpi, *options, path, folder / "page")
    assert done.returncode == 0, done.stderr
    return sorted(folder.iterdir())


def read(picture):
    """The texts of the codes on a picture. 4 means that there is none."""
    done = run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture)
    assert done.returncode in (0, 4), done.stderr
    return done.stdout.split()


@pytest.fixture
def keys(copy):
    return copy.folder / "ma-qr.jwks.json"


@pytest.fixture
def text(copy, tmp_path):
    """What the code says, from a good picture; the copy has one code."""
    found = [text for page in rendered(copy.path, tmp_path / "good", 200, "-gray") for text in read(page)]
    assert len(found) == 1, found
    return found[0]


def checked(ctdt, keys, *texts):
    """`ctdt qr --json` in a world without a network, where the machine allows one to be made."""
    command = [ctdt, "qr", "--json", "--keys", keys, *texts]
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    if run(*alone, "true").returncode == 0:
        command = [*alone, *command]
    done = run(*command)
    return done.returncode, json.loads(done.stdout)["codes"] if done.stdout else done.stderr


def parsed(text):
    """The format again, by another hand."""
    match = re.fullmatch(r"HTTPS?://[0-9A-Z.:-]+/Q/([A-Z2-7]+)", text)
    assert match, text
    raw = base64.b32decode(match[1] + "=" * (-len(match[1]) % 8))
    body, signature = raw[:-SIGNATURE], raw[-SIGNATURE:]
    assert body[0] == 1
    key, rest, texts = body[1:5].hex(), body[5:], []
    for _ in range(3):
        texts.append(rest[1 : 1 + rest[0]].decode("utf-8"))
        rest = rest[1 + rest[0] :]
    assert len(rest) == 4 + 2 + 8
    return key, texts, int.from_bytes(rest[:4], "big"), body, signature


@pytest.mark.parametrize("shades", ["colour", "gray", "one-bit"])
@pytest.mark.parametrize("dpi", [100, 150, 300])
def test_zbar_reads_it_from_the_page(copy, text, tmp_path, dpi, shades):
    found = []
    for page in rendered(copy.path, tmp_path / "pages", dpi, *(() if shades == "colour" else ("-gray",))):
        if shades == "one-bit":
            # As a fax or a copier scans: dark or light, no halftones.
            Image.open(page).point(lambda shade: 255 if shade > 127 else 0).convert("1").save(tmp_path / "bits.png")
            page = tmp_path / "bits.png"
        found += read(page)
    assert found == [text]


@pytest.mark.parametrize("degrees", [90, 180, 270, 7])
def test_zbar_reads_it_turned(copy, text, tmp_path, degrees):
    found = []
    for at, page in enumerate(rendered(copy.path, tmp_path / "pages", 200, "-gray")):
        turned = tmp_path / f"turned-{at}.png"
        Image.open(page).rotate(degrees, expand=True, fillcolor=255).save(turned)
        found += read(turned)
    assert found == [text]


def test_the_code_says_what_the_copy_says(copy, text, keys, ctdt):
    status, (said,) = checked(ctdt, keys, text)
    assert status == 0
    number = copy.report["number"]
    assert said["valid"] is True and "reason" not in said
    assert said["unit"]["code"] == number["unit_code"]
    assert {name: said["number"][name] for name in ("number", "book", "year", "suffix")} == {
        name: number[name] for name in ("number", "book", "year", "suffix")
    }


def test_another_reader_and_openssl_agree(copy, text, keys, tmp_path):
    key, (unit, book, suffix), number, body, signature = parsed(text)
    said = copy.report["number"]
    assert (unit, book, suffix, number) == (said["unit_code"], said["book"], said["suffix"], said["number"])
    assert len(body) + SIGNATURE <= 110
    (jwk,) = json.loads(keys.read_text(encoding="utf-8"))["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["kid"]) == ("OKP", "Ed25519", key)
    public = base64.urlsafe_b64decode(jwk["x"] + "=")
    for name, data in (("key.der", SPKI + public), ("signed", DOMAIN + body), ("signature", signature)):
        (tmp_path / name).write_bytes(data)
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-rawin"]
    verify += ["-in", tmp_path / "signed", "-sigfile", tmp_path / "signature"]
    assert run(*verify).returncode == 0
    (tmp_path / "signed").write_bytes(body)
    assert run(*verify).returncode != 0, "the name of the format is signed too"


def test_one_bit_is_enough(text, keys, ctdt):
    """Each bit of the payload, 300 at a time."""
    base, _, payload = text.rpartition("/")
    raw = base64.b32decode(payload + "=" * (-len(payload) % 8))
    changed = []
    for bit in range(len(raw) * 8):
        other = bytearray(raw)
        other[bit // 8] ^= 1 << (bit % 8)
        changed.append(f"{base}/{base64.b32encode(other).decode().rstrip('=')}")
    for start in range(0, len(changed), 300):
        some = changed[start : start + 300]
        status, said = checked(ctdt, keys, *some)
        assert status == 1
        assert [one["valid"] for one in said] == [False] * len(some)


def test_a_foreign_key_proves_nothing(text, ctdt, tmp_path):
    other = tmp_path / "other.json"
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "90facafe"}
    other.write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    status, (said,) = checked(ctdt, other, text)
    assert (status, said["valid"], said["reason"]) == (2, False, "unknown-key")
    assert checked(ctdt, tmp_path / "none.json", text)[0] == 3


def seal_on(page, rectangle, height):
    """The part of a picture that a rectangle of the page covers, and how many dots a point has."""
    scale = page.height / height
    left, low, right, high = rectangle
    return page.crop([round(side * scale) for side in (left, height - high, right, height - low)]), scale


def test_the_code_is_crisp(copy, text, tmp_path):
    """At 600 dpi: dark or light and little between, four light modules around, each of 0.33 mm at least."""
    root = judge.reader(copy.data).root
    fields = [one.get_object() for one in root["/AcroForm"]["/Fields"]]
    (field,) = (one for one in fields if one["/T"] == "Seal")
    pages = rendered(copy.path, tmp_path / "pages", 600, "-gray")
    # The seal stands on the last page.
    media = [float(number) for number in field["/P"]["/MediaBox"]]
    seal, scale = seal_on(Image.open(pages[-1]).convert("L"), [float(n) for n in field["/Rect"]], media[3])
    # Inside the frame, left of the text.
    inside = round(2.5 * scale)
    part = seal.crop((inside, inside, round(0.42 * seal.width), seal.height - inside))
    box = part.point(lambda shade: 255 if shade < 96 else 0).getbbox()
    # ISO/IEC 18004, table 7: the most letters of the alphanumeric mode at level M.
    version = next(at for at, most in ((7, 178), (8, 221), (9, 262), (10, 311)) if len(text) <= most)
    module = (box[2] - box[0]) / (17 + 4 * version)
    assert abs((box[3] - box[1]) - (box[2] - box[0])) <= 2, "a square"
    assert module / 600 * 25.4 >= 0.33, module
    histogram = part.crop(box).histogram()
    between = sum(histogram[64:160]) / sum(histogram)
    assert between < 0.12, f"{between:.0%} of the code is neither dark nor light"
    quiet = 4 * module - 3
    assert box[0] + inside >= quiet and box[1] + inside >= quiet and seal.height - (box[3] + inside) >= quiet
    light = part.point(lambda shade: 255 if shade < 160 else 0)
    assert light.getbbox() == tuple(box) or light.crop((box[2] + 2, 0, part.width, part.height)).getbbox() is None
