"""Figures that other commands made, within the page."""

import base64
import io
from pathlib import Path

from PIL import Image

WIDTH = 800
"""Largest width of a picture, in pixels."""
COLOURS = 32


def embed_picture(path: Path) -> str:
    """Encode a picture as a ``data:`` address, so that the page stays one file, and make it small."""
    with Image.open(path) as picture:
        picture = picture.convert("RGB")
        picture.thumbnail((WIDTH, 3 * WIDTH))
        buffer = io.BytesIO()
        picture.quantize(COLOURS).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
