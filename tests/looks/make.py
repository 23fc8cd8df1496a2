"""Makes chu-ky.png, con-dau.png and quoc-hieu.jpg of this folder again: nobody's signature, nobody's seal. By hand, rarely; needs pillow."""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
FONT = HERE.parents[1] / "shared/compose/fonts/LiberationSerif-Bold.ttf"
BLUE, RED = (16, 52, 150, 255), (200, 16, 30, 255)
# Drawn larger and reduced, so that edges are soft.
LARGER = 3


def signature():
    image = Image.new("RGBA", (600 * LARGER, 240 * LARGER), (*BLUE[:3], 0))
    draw = ImageDraw.Draw(image)
    for step in range(3000):
        at = step / 3000
        x = 40 + 500 * at + 50 * math.sin(at * 31)
        y = 120 + 75 * math.sin(at * 19) * (1 - at * 0.6) + 20 * math.sin(at * 53)
        pen = 3 + 2 * math.sin(at * 40)
        draw.ellipse([(x - pen) * LARGER, (y - pen) * LARGER, (x + pen) * LARGER, (y + pen) * LARGER], fill=BLUE)
    draw.line([(60 * LARGER, 205 * LARGER), (520 * LARGER, 180 * LARGER)], fill=BLUE, width=5 * LARGER)
    return image.resize((600, 240), Image.Resampling.LANCZOS)


def seal():
    side = 600 * LARGER
    image = Image.new("RGBA", (side, side), (*RED[:3], 0))
    draw = ImageDraw.Draw(image)
    middle = side / 2
    for radius, width in ((0.495, 14), (0.45, 5), (0.26, 5)):
        box = [middle - radius * side, middle - radius * side, middle + radius * side, middle + radius * side]
        draw.ellipse(box, outline=RED, width=width * LARGER)
    points = []
    for corner in range(10):
        radius = side * (0.17 if corner % 2 == 0 else 0.068)
        angle = -math.pi / 2 + corner * math.pi / 5
        points.append((middle + radius * math.cos(angle), middle + radius * math.sin(angle)))
    draw.polygon(points, fill=RED)
    font = ImageFont.truetype(str(FONT), 58 * LARGER)
    for text, centre, turn in (("DẤU MẪU THỬ NGHIỆM", -90, 1), ("KHÔNG CÓ GIÁ TRỊ", 90, -1)):
        step = 10.2 * turn
        for place, letter in enumerate(text):
            degrees = centre + (place - (len(text) - 1) / 2) * step
            tile = Image.new("RGBA", (100 * LARGER, 100 * LARGER), (*RED[:3], 0))
            ImageDraw.Draw(tile).text((50 * LARGER, 50 * LARGER), letter, font=font, fill=RED, anchor="mm")
            tile = tile.rotate(-degrees - 90 if turn > 0 else -degrees + 90, resample=Image.Resampling.BICUBIC)
            x = middle + 0.355 * side * math.cos(math.radians(degrees)) - 50 * LARGER
            y = middle + 0.355 * side * math.sin(math.radians(degrees)) - 50 * LARGER
            image.alpha_composite(tile, (round(x), round(y)))
    return image.resize((600, 600), Image.Resampling.LANCZOS)


def motto():
    """A page with the national name and motto, pale and in colour, where a wording would stand if nobody saw them."""
    image = Image.new("RGB", (1240, 1754), (247, 243, 230))
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.truetype(str(FONT), 40), ImageFont.truetype(str(FONT), 30)
    draw.text((620, 800), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", font=large, fill=(205, 160, 150), anchor="mm")
    draw.text((620, 850), "Độc lập - Tự do - Hạnh phúc", font=small, fill=(150, 170, 205), anchor="mm")
    for row in range(12):
        draw.text((160, 120 + row * 52), "Bản mẫu, cấp cho người không có thật. " * 2, font=small, fill=(60, 60, 70))
    return image


def one_ink(image, ink):
    """The reduced edges differ in how opaque they are, not in colour."""
    plain = Image.new("RGBA", image.size, ink)
    plain.putalpha(image.getchannel("A"))
    return plain


one_ink(signature(), BLUE).save(HERE / "chu-ky.png", optimize=True)
one_ink(seal(), RED).save(HERE / "con-dau.png", optimize=True)
motto().save(HERE / "quoc-hieu.jpg", quality=85, dpi=(150, 150))
