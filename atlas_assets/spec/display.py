"""What visitors of a site see: the part of a spec that changes how an atlas looks, and nothing about its maps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from atlas_assets.spec.model import Model

LOGO_SUFFIXES = ("svg", "png", "webp", "jpg")
MAX_LOGO_BYTES = 200_000

Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class BackgroundSpec(Model):
    """What lies behind the points, by scheme."""

    dark: Colour | None = Field(None, description="For visitors whose system is dark, #rrggbb.")
    light: Colour | None = Field(None, description="For visitors whose system is light, #rrggbb.")


class LinkSpec(Model):
    """A page to visit besides."""

    label: str = Field(min_length=1, max_length=80)
    url: str = Field(pattern=r"^https?://\S+$")


class StopSpec(Model):
    """One view of a tour and what is said of it."""

    view: str = Field(
        max_length=4000, description="What the address of the page says behind its #: copy it from the page."
    )
    text: str = Field(min_length=1, max_length=600)


class TourSpec(Model):
    """A story told in views."""

    title: str = Field(min_length=1, max_length=60)
    about: str = Field("", max_length=200, description="One sentence on what it shows.")
    stops: list[StopSpec] = Field(min_length=1, max_length=40)


class DisplaySpec(Model):
    """What a visitor sees first."""

    projection: str | None = Field(None, description="Key of the projection to open on. Default: the recommended one.")
    maps: int = Field(
        24, ge=1, le=40, description="Maps that visitors may choose from; of more, those of defs.yaml and the best."
    )
    colour: str | None = Field(None, description="Field that colours the points at first.")
    size: str | None = Field(None, description="Field that sizes the points. Default: popularity.")
    search: list[str] | None = Field(
        None, description="Fields searched beside the label: categories, lists, texts. Default: those of short words."
    )
    accent: Colour | None = Field(None, description="Accent colour, #rrggbb.")
    background: BackgroundSpec | None = Field(None, description="Colours behind the points.")
    palette: list[Colour] | None = Field(
        None, min_length=1, max_length=10, description="Colours of categories, the most frequent first."
    )
    logo: str | None = Field(None, description="Picture beside the title: svg, png, webp or jpg of at most 200 kB.")
    links: list[LinkSpec] = Field([], max_length=8, description="Pages to visit besides: label and url of each.")
    tours: list[TourSpec] = Field([], max_length=20, description="Stories told in views, before those that are found.")
    suggest_tours: bool = Field(
        True, description="Add tours of what the data shows: twins, bridges, hidden gems, outliers."
    )
    entity: tuple[str, str] = Field(("point", "points"), description="What visitors call the points: singular, plural.")
    collection: tuple[str, str] = Field(("collection", "collections"), description="What holds them: singular, plural.")
