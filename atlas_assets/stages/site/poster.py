"""A map to hang on a wall: the atlas as one picture on paper, with its title, its regions, a legend and its sources.

A sheet of 16 by 20 inches (40 by 50 cm) at 150 dots per inch, upright or across as the map is. Equal bundles give equal
bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, PngImagePlugin

from atlas_assets.kernels.stamps import paint, stamps
from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site.poster_colours import Colours, Entry, colours_of, ramp
from atlas_assets.stages.site.poster_fonts import font_for
from atlas_assets.stages.site.thumbnail import flattened

SHORT, LONG, DPI = 2400, 3000, 150
ACROSS_FROM = 1.2  # width of a map over its height
MARGIN = 150
PAPER, INK, FINE, SOFT, RULE = (251, 250, 246), (29, 37, 48), (66, 75, 87), (91, 100, 112), (201, 198, 188)
SUPERSAMPLING = 2
USUAL_POINT, LARGEST_POINT = (2.2, 11.0), 30.0  # pixels across
NAME_GAP = 8  # pixels around a name that no other may touch
DOT = 24
COMPRESSION = 3  # of 9: a tenth larger than with 6, in half the time


@dataclass(frozen=True)
class Style:
    """How something is written. most: names of this kind on one sheet; tried: until so many have been looked at."""

    size: int
    style: str = "normal"
    serif: bool = True
    colour: tuple[int, int, int] = INK
    most: int = 0
    tried: int = 0

    @property
    def line(self) -> int:
        return round(1.3 * self.size)


TITLE, TEXT = Style(136), Style(40, colour=SOFT)
LEGEND, LEGEND_TITLE = Style(25, serif=False), Style(27, "bold", serif=False)
SMALL = Style(24, serif=False, colour=SOFT)
REGIONS = (Style(48, "bold", most=30, tried=200), Style(32, "italic", most=50, tried=400))  # coarse to fine
POINTS = Style(19, serif=False, colour=FINE, most=120, tried=2000)


def draw(bundle: Bundle, *, address: str | None = None) -> bytes:
    """The view on which a bundle opens, as PNG. address: where the map can be explored."""
    default = bundle.manifest["default"]
    positions, regions = bundle.positions(default["projection"]), bundle.regions(default["projection"])
    anchors = np.array([[region[axis] for axis in "xyz"[: positions.shape[1]]] for region in regions])
    both = flattened(np.vstack([positions, anchors.reshape(len(regions), positions.shape[1])]))
    wide, high = np.ptp(both[: bundle.n_rows], axis=0)
    sheet = _Sheet(*((LONG, SHORT) if wide > ACROSS_FROM * high else (SHORT, LONG)))
    colours, importance = colours_of(bundle, default["colour"]), _importance(bundle, default["size"])
    sheet.head(bundle)
    sheet.foot(bundle, colours, address)
    both = sheet.fitted(both, bundle.n_rows)
    order = np.argsort(-importance, kind="stable")
    sheet.points(both[order[::-1]], colours.rgb[order[::-1]], importance[order[::-1]])
    sheet.names(_names(bundle, regions, both, order))
    return sheet.png(bundle.manifest["atlas"])


class _Sheet:
    """Paper to draw on; what is written at its ends leaves less for the map between ``top`` and ``bottom``."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width, height), PAPER)
        self._pen = ImageDraw.Draw(self._image)
        self.top, self.bottom = MARGIN, height - MARGIN

    def head(self, bundle: Bundle) -> None:
        """Title, description and size of the map, from the top."""
        atlas, room = bundle.manifest["atlas"], self.width - 2 * MARGIN
        self._lines(_wrapped(atlas["title"], room, TITLE, most=2), TITLE)
        self.top += 12
        said = _wrapped(atlas.get("description") or "", min(room, 1900), TEXT, most=3)
        self._lines([*said, f"{bundle.n_rows:,} {atlas['entity'][bundle.n_rows != 1]}"], TEXT)
        self.top += 40

    def foot(self, bundle: Bundle, colours: Colours, address: str | None) -> None:
        """The legend, and below it where all this comes from, at the bottom."""
        atlas, room = bundle.manifest["atlas"], self.width - 2 * MARGIN
        name = bundle.projection(bundle.manifest["default"]["projection"])["name"]
        licence = f"Licence of the data: {atlas['licence']}." if atlas.get("licence") else None
        said = [" ".join(filter(None, [atlas.get("attribution"), licence])), f"{_how(atlas)} Map: {name}."]
        said += [f"Explore it at {address}"] if address else []
        lines = [line for text in said for line in _wrapped(text, room, SMALL, most=3)]
        self.bottom -= len(lines) * SMALL.line
        for number, line in enumerate(lines):
            self._write(line, MARGIN, self.bottom + number * SMALL.line, SMALL)
        self.bottom -= 30
        self._pen.line((MARGIN, self.bottom, self.width - MARGIN, self.bottom), RULE, 2)
        self.bottom -= 30
        if colours.title:
            self._legend(colours)
        self.bottom -= 40

    def fitted(self, places: np.ndarray, n_rows: int) -> np.ndarray:
        """``places`` in pixels, such that the first ``n_rows`` fill what is left of the sheet; up is up."""
        low, high = places[:n_rows].min(axis=0), places[:n_rows].max(axis=0)
        room = np.array([self.width - 2 * MARGIN, self.bottom - self.top])
        scale = np.min(room / np.maximum(high - low, 1e-9))
        middle = np.array([self.width / 2, (self.top + self.bottom) / 2])
        return (places - (low + high) / 2) * scale * (1, -1) + middle

    def points(self, places: np.ndarray, rgb: np.ndarray, importance: np.ndarray) -> None:
        """Discs, later ones above earlier ones, each in a rim of paper, so that they stay apart."""
        room = (self.width - 2 * MARGIN) * (self.bottom - self.top)
        usual = float(np.clip(0.42 * np.sqrt(room / len(places)), *USUAL_POINT))
        radius = np.minimum(usual * (0.6 + 1.3 * importance**3), LARGEST_POINT) * SUPERSAMPLING / 2
        canvas, rim = Image.new("RGB", (self.width * SUPERSAMPLING, self.height * SUPERSAMPLING), PAPER), 0.8
        colours = np.rint(rgb * 255).astype(np.uint8)
        canvas = _with_discs(canvas, places * SUPERSAMPLING, radius, colours, rim=rim if usual > 4 else 0.0)
        top, bottom = self.top - 40, self.bottom + 40
        part = (0, top * SUPERSAMPLING, self.width * SUPERSAMPLING, bottom * SUPERSAMPLING)
        self._image.paste(canvas.reduce(SUPERSAMPLING, part), (0, top))

    def names(self, wanted: Iterator[tuple[str, float, float, Style]]) -> None:
        """Names where they are, the first of them first; one that would touch an earlier one is left out."""
        taken = np.zeros((0, 4))
        written: dict[Style, int] = {}
        for text, x, y, style in wanted:
            below = style is POINTS
            if written.get(style, 0) >= style.most:
                continue
            lines = [text] if below else text.split(" · ")  # a region may be named after two things
            wide, high = max(self._wide(line, style) for line in lines), style.size * (1.15 * len(lines) - 0.15)
            top = y + 12 if below else y - high / 2
            box = np.array([x - wide / 2, top, x + wide / 2, top + high]) + np.array([-1, -1, 1, 1]) * NAME_GAP
            edge = MARGIN / 2
            inside = (
                box[0] > edge and box[2] < self.width - edge and box[1] > self.top - 40 and box[3] < self.bottom + 40
            )
            touches = (taken[:, 0] < box[2]) & (box[0] < taken[:, 2]) & (taken[:, 1] < box[3]) & (box[1] < taken[:, 3])
            if inside and not touches.any():
                for number, line in enumerate(lines):
                    self._write(line, x, top + style.size * (0.5 + 1.15 * number), style, anchor="mm", halo=True)
                taken = np.vstack([taken, box])
                written[style] = written.get(style, 0) + 1

    def png(self, atlas: dict[str, Any]) -> bytes:
        said = PngImagePlugin.PngInfo()
        for key, text in (("Title", atlas["title"]), ("Source", atlas.get("attribution")), ("Software", "Atlas")):
            if text:
                said.add_itxt(key, text)
        if atlas.get("licence"):
            said.add_itxt("Copyright", atlas["licence"])
        out = io.BytesIO()
        self._image.save(out, "PNG", dpi=(DPI, DPI), pnginfo=said, compress_level=COMPRESSION)
        return out.getvalue()

    def _lines(self, lines: list[str], style: Style) -> None:
        for line in lines:
            self._write(line, MARGIN, self.top, style)
            self.top += style.line

    def _legend(self, colours: Colours) -> None:
        rows = list(self._in_rows(colours.entries))
        self.bottom -= round(1.7 * LEGEND.size) * len(rows)
        for number, row in enumerate(rows):
            y = self.bottom + 1.7 * LEGEND.size * (number + 0.5)
            for x, entry in row:
                self._dot(x, y, entry.colour)
                self._write(_entry(entry), x + DOT + 12, y, LEGEND, anchor="lm")
        if colours.ticks:
            self._ramp(colours)
        self.bottom -= LEGEND_TITLE.line + 14
        self._write(colours.title, MARGIN, self.bottom, LEGEND_TITLE)

    def _in_rows(self, entries: tuple[Entry, ...]) -> Iterator[list[tuple[float, Entry]]]:
        row: list[tuple[float, Entry]] = []
        x = float(MARGIN)
        for entry in entries:
            wide = DOT + 12 + self._wide(_entry(entry), LEGEND)
            if row and x + wide > self.width - MARGIN:
                yield row
                row, x = [], float(MARGIN)
            row.append((x, entry))
            x += wide + 56
        if row:
            yield row

    def _dot(self, x: float, y: float, colour: str) -> None:
        large = Image.new("L", (DOT * 4, DOT * 4), 0)
        ImageDraw.Draw(large).ellipse((0, 0, DOT * 4 - 1, DOT * 4 - 1), 255)
        self._image.paste(colour, (round(x), round(y - DOT / 2)), large.reduce(4))

    def _ramp(self, colours: Colours) -> None:
        long, thick = round((self.width - 2 * MARGIN) * 0.5), 30
        self.bottom -= LEGEND.line + 10
        for place, text in colours.ticks:
            align = "la" if place == 0 else "ra" if place == 1 else "ma"
            self._write(text, MARGIN + place * long, self.bottom, LEGEND, anchor=align)
        self.bottom -= thick + 12
        strip = Image.fromarray(np.rint(ramp()[None] * 255).astype(np.uint8))
        self._image.paste(strip.resize((long, thick), Image.Resampling.BILINEAR), (MARGIN, self.bottom))

    def _write(self, text: str, x: float, y: float, style: Style, *, anchor: str = "la", halo: bool = False) -> None:
        font = font_for(text, style.size, serif=style.serif, style=style.style)
        if halo:
            self._pen.text((x, y), text, PAPER, font, anchor, stroke_width=max(3, style.size // 8), stroke_fill=PAPER)
        self._pen.text((x, y), text, style.colour, font, anchor)

    def _wide(self, text: str, style: Style) -> float:
        return font_for(text, style.size, serif=style.serif, style=style.style).getlength(text)


def _with_discs(
    canvas: Image.Image, centres: np.ndarray, radii: np.ndarray, colours: np.ndarray, *, rim: float
) -> Image.Image:
    """``canvas`` with discs, later ones above earlier ones, each in a rim of paper of that width (0: none).

    centres (n, 2) and radii (n,) in pixels, colours (n, 3) uint8. As ``ImageDraw.ellipse`` draws them: it draws each
    size once, and then it is copied.
    """
    n_layers = 2 if rim else 1
    grown = np.stack([radii + rim, radii], axis=1)[:, -n_layers:]
    paper = np.broadcast_to(np.array(PAPER, np.uint8), colours.shape)
    shades = np.stack([paper, colours], axis=1)[:, -n_layers:].reshape(-1, 3)
    low, high = ((centres[:, None] + sign * grown[:, :, None]).astype(np.int64).reshape(-1, 2) for sign in (-1, 1))
    widest = int((high - low).max(initial=0)) + 1
    sizes, which = np.unique((high - low) @ (widest, 1), return_inverse=True)
    picture, shapes = np.array(canvas), [_disc(size // widest + 1, size % widest + 1) for size in sizes.tolist()]
    paint(picture, left=low[:, 0], top=low[:, 1], which=which, colours=shades, stamps=stamps(shapes))
    return Image.fromarray(picture)


def _disc(width: int, height: int) -> np.ndarray:
    mask = Image.new("L", (width, height), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), 255)
    return np.asarray(mask)


def _wrapped(text: str, room: float, style: Style, *, most: int) -> list[str]:
    """``text`` in at most ``most`` lines of that width, the last one cut where it has to be."""
    font = font_for(text, style.size, serif=style.serif, style=style.style)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(word)
        else:
            lines[-1] += "…"
            break
    return lines


def _names(
    bundle: Bundle, regions: list[dict[str, Any]], places: np.ndarray, order: np.ndarray
) -> Iterator[tuple[str, float, float, Style]]:
    """Regions, coarse ones and important ones first, then points, the most important first."""
    levels = sorted({region["level"] for region in regions})
    tried: dict[Style, int] = {}
    for i in sorted(range(len(regions)), key=lambda i: (regions[i]["level"], -regions[i]["priority"])):
        style = REGIONS[min(levels.index(regions[i]["level"]), len(REGIONS) - 1)]
        tried[style] = tried.get(style, 0) + 1
        if tried[style] <= style.tried:
            yield regions[i]["name"], *places[bundle.n_rows + i].tolist(), style
    for row in order[: POINTS.tried].tolist():
        yield bundle.names[row], *places[row].tolist(), POINTS


def _importance(bundle: Bundle, name: str | None) -> np.ndarray:
    """From 0 to 1 by the rank in a column, so that counts and their logarithms give the same picture."""
    if name is None:
        return np.full(bundle.n_rows, 0.5)
    values = np.nan_to_num(np.asarray(bundle.column(name), np.float64), nan=-np.inf)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - counts)[place] / max(1, bundle.n_rows - 1)


def _how(atlas: dict[str, Any]) -> str:
    many = atlas["entity"][1]
    return f"{many[:1].upper()}{many[1:]} {atlas['near']} lie close together."


def _entry(entry: Entry) -> str:
    return f"{entry.label}  {entry.count:,}"
