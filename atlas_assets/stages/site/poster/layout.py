"""How a poster is laid out: title, map, legend, sources, and which names find room; as marks, for any kind of file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from atlas_assets.stages.bundle.reader import Bundle
from atlas_assets.stages.site.poster.colours import Colours, Entry, colours_of, ramp
from atlas_assets.stages.site.poster.fonts import font_for
from atlas_assets.stages.site.poster.ground import ground
from atlas_assets.stages.site.poster.marks import RGB, Discs, Lines, Picture, Sheet, Text
from atlas_assets.stages.site.thumbnail import flattened

SHORT, UNITS_PER_INCH = 2400, 150
USUAL = 1.25  # the longer side over the shorter one: 16 by 20 inches
ACROSS_FROM = 1.2  # width of a map over its height
MARGIN = 150
PAPER, INK, FINE, SOFT, RULE = (251, 250, 246), (29, 37, 48), (66, 75, 87), (91, 100, 112), (201, 198, 188)
USUAL_POINT, LARGEST_POINT = (2.2, 11.0), 30.0  # across
NAME_GAP = 8  # around a name, that no other may touch
DOT = 24
HALO = 8  # of an em of a name is the paper around it


@dataclass(frozen=True)
class Style:
    """How something is written. most: names of this kind on one sheet; tried: until so many have been looked at."""

    size: int
    style: str = "normal"
    serif: bool = True
    colour: RGB = INK
    most: int = 0
    tried: int = 0
    spacing: float = 0.0  # em, of capitals
    below: bool = False  # the place that it names

    @property
    def line(self) -> int:
        return round(1.3 * self.size)


TITLE, TEXT = Style(136), Style(40, colour=SOFT)
LEGEND, LEGEND_TITLE = Style(25, serif=False), Style(27, "bold", serif=False)
SMALL = Style(24, serif=False, colour=SOFT)
REGIONS = (Style(42, "bold", most=30, tried=200, spacing=0.12), Style(32, "italic", most=50, tried=400))
POINTS = Style(19, serif=False, colour=FINE, most=120, tried=2000, below=True)
# What may be set in capitals: words. Names of code, with dots, slashes or both cases in a word, may not.
_WORDS = re.compile(r"[^\W\d_][^\W\d_A-Z]*(?:[ ,&–'’-]+[^\W\d_][^\W\d_A-Z]*)*")


def laid_out(bundle: Bundle, *, address: str | None = None, ratio: float = USUAL) -> Sheet:
    """The view on which a bundle opens. address: where the map can be explored. ratio: longer over shorter side."""
    default = bundle.manifest["default"]
    positions, regions = bundle.positions(default["projection"]), bundle.regions(default["projection"])
    anchors = np.array([[region[axis] for axis in "xyz"[: positions.shape[1]]] for region in regions])
    both = flattened(np.vstack([positions, anchors.reshape(len(regions), positions.shape[1])]))
    wide, high = np.ptp(both[: bundle.n_rows], axis=0)
    long = round(SHORT * ratio)
    page = _Page(*((long, SHORT) if wide > ACROSS_FROM * high else (SHORT, long)))
    colours, importance = colours_of(bundle, default["colour"]), _importance(bundle, default["size"])
    page.head(bundle)
    page.foot(bundle, colours, address)
    both = page.fitted(both, bundle.n_rows)
    order = np.argsort(-importance, kind="stable")
    page.points(both[order[::-1]], colours.rgb[order[::-1]], importance[order[::-1]])
    page.names(_names(bundle, regions, both, order))
    atlas = bundle.manifest["atlas"]
    said = {"Title": atlas["title"], "Source": atlas.get("attribution"), "Software": "Atlas"}
    said |= {"Copyright": atlas.get("licence")}
    page.sheet.said.update({key: text for key, text in said.items() if text})
    return page.sheet


class _Page:
    """What is written at the ends of a sheet leaves less for the map between ``top`` and ``bottom``."""

    def __init__(self, width: int, height: int) -> None:
        self.sheet = Sheet(width, height, PAPER)
        self.width, self.height = width, height
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
        rule = np.array([[MARGIN, self.bottom], [self.width - MARGIN, self.bottom]], np.float64)
        self.sheet.marks.append(Lines([rule], [RULE], 2))
        self.bottom -= 30
        if colours.title:
            self._legend(colours)
        self.bottom -= 40

    def fitted(self, places: np.ndarray, n_rows: int) -> np.ndarray:
        """``places`` on the sheet, such that the first ``n_rows`` fill what is left of it; up is up."""
        low, high = places[:n_rows].min(axis=0), places[:n_rows].max(axis=0)
        room = np.array([self.width - 2 * MARGIN, self.bottom - self.top])
        scale = np.min(room / np.maximum(high - low, 1e-9))
        middle = np.array([self.width / 2, (self.top + self.bottom) / 2])
        return (places - (low + high) / 2) * scale * (1, -1) + middle

    def points(self, places: np.ndarray, rgb: np.ndarray, importance: np.ndarray) -> None:
        """Discs on the ground that they make, later ones above earlier ones, in a rim of paper: they stay apart."""
        room = (self.width - 2 * MARGIN) * (self.bottom - self.top)
        usual = float(np.clip(0.42 * np.sqrt(room / len(places)), *USUAL_POINT))
        radius = np.minimum(usual * (0.6 + 1.3 * importance**3), LARGEST_POINT) / 2
        # Behind what is written already: the ground reaches a little beyond the points.
        self.sheet.marks[:0] = [
            *(ground(places, rgb, PAPER) or ()),
            Discs(places, radius, np.rint(rgb * 255).astype(np.uint8), 0.4 if usual > 4 else 0.0),
        ]

    def names(self, wanted: Iterator[tuple[str, bool, float, float, Style]]) -> None:
        """Names where they are, the first of them first; one that would touch an earlier one is left out."""
        taken = np.zeros((0, 4))
        written: dict[Style, int] = {}
        for text, says, x, y, style in wanted:
            if written.get(style, 0) >= style.most:
                continue
            capitals = bool(style.spacing) and says and _WORDS.fullmatch(text) is not None
            spacing = style.spacing * style.size if capitals else 0.0
            lines = [text] if style.below else text.split(" · ")  # a region may be named after two things
            lines = [line.upper() for line in lines] if capitals else lines
            wide, high = max(_wide(line, style, spacing) for line in lines), style.size * (1.15 * len(lines) - 0.15)
            top = y + 12 if style.below else y - high / 2
            box = np.array([x - wide / 2, top, x + wide / 2, top + high]) + np.array([-1, -1, 1, 1]) * NAME_GAP
            edge = MARGIN / 2
            inside = (
                box[0] > edge and box[2] < self.width - edge and box[1] > self.top - 40 and box[3] < self.bottom + 40
            )
            touches = (taken[:, 0] < box[2]) & (box[0] < taken[:, 2]) & (taken[:, 1] < box[3]) & (box[1] < taken[:, 3])
            if inside and not touches.any():
                for number, line in enumerate(lines):
                    middle = top + style.size * (0.5 + 1.15 * number)
                    halo = max(3.0, style.size / HALO)
                    self._mark(line, x, middle, style, align="middle", halo=halo, spacing=spacing)
                taken = np.vstack([taken, box])
                written[style] = written.get(style, 0) + 1

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
                shade = np.array([[int(entry.colour[i : i + 2], 16) for i in (1, 3, 5)]], np.uint8)
                self.sheet.marks.append(Discs(np.array([[x + DOT / 2, y]]), np.array([DOT / 2]), shade))
                self._mark(_entry(entry), x + DOT + 12, y, LEGEND)
        if colours.ticks:
            self._ramp(colours)
        self.bottom -= LEGEND_TITLE.line + 14
        self._write(colours.title, MARGIN, self.bottom, LEGEND_TITLE)

    def _in_rows(self, entries: tuple[Entry, ...]) -> Iterator[list[tuple[float, Entry]]]:
        row: list[tuple[float, Entry]] = []
        x = float(MARGIN)
        for entry in entries:
            wide = DOT + 12 + _wide(_entry(entry), LEGEND)
            if row and x + wide > self.width - MARGIN:
                yield row
                row, x = [], float(MARGIN)
            row.append((x, entry))
            x += wide + 56
        if row:
            yield row

    def _ramp(self, colours: Colours) -> None:
        long, thick = round((self.width - 2 * MARGIN) * 0.5), 30
        self.bottom -= LEGEND.line + 10
        for place, text in colours.ticks:
            align = "left" if place == 0 else "right" if place == 1 else "middle"
            self._write(text, MARGIN + place * long, self.bottom, LEGEND, align=align)
        self.bottom -= thick + 12
        strip = np.rint(ramp()[None] * 255).astype(np.uint8)
        self.sheet.marks.append(Picture(strip, MARGIN, self.bottom, long, thick))

    def _write(self, text: str, x: float, y: float, style: Style, *, align: str = "left") -> None:
        """y: of the top of the line."""
        ascent, descent = font_for(text, style.size, serif=style.serif, style=style.style).getmetrics()
        self._mark(text, x, y + (ascent + descent) / 2, style, align=align)

    def _mark(self, text: str, x: float, y: float, style: Style, **more: Any) -> None:
        font = font_for(text, style.size, serif=style.serif, style=style.style)
        wide = _wide(text, style, more.get("spacing", 0.0))
        self.sheet.marks.append(Text(text, x, y, str(font.path), style.size, style.colour, wide=wide, **more))


def _wide(text: str, style: Style, spacing: float = 0.0) -> float:
    font = font_for(text, style.size, serif=style.serif, style=style.style)
    if not spacing:
        return font.getlength(text)
    return sum(font.getlength(letter) for letter in text) + spacing * (len(text) - 1)


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
) -> Iterator[tuple[str, bool, float, float, Style]]:
    """Name, whether it claims something, place, style: regions, coarse and important ones first; then points, too."""
    levels = sorted({region["level"] for region in regions})
    tried: dict[Style, int] = {}
    for i in sorted(range(len(regions)), key=lambda i: (regions[i]["level"], -regions[i]["priority"])):
        style = REGIONS[min(levels.index(regions[i]["level"]), len(REGIONS) - 1)]
        tried[style] = tried.get(style, 0) + 1
        if tried[style] <= style.tried:
            yield regions[i]["name"], regions[i].get("kind") != "members", *places[bundle.n_rows + i].tolist(), style
    for row in order[: POINTS.tried].tolist():
        yield bundle.names[row], True, *places[row].tolist(), POINTS


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
