"""What each region of a level could be called, best first: what is true of most of the region and of little else.

A candidate with share s of the region, and lift L over the map, scores s ln L, its part in the Kullback-Leibler
divergence of the region from the map, as far as it also tells the region from the larger one around it; times how well
its kind says what is inside, how much it clusters, and how true it is of the region.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial, reduce
from itertools import combinations

import numpy as np
from scipy import sparse

from atlas_assets.stages.regions.naming import readable
from atlas_assets.stages.regions.naming.ranges import WEIGHTS as RANGE_WEIGHTS
from atlas_assets.stages.regions.naming.ranges import Quantity, range_of, ranges_of
from atlas_assets.stages.regions.naming.traits import DESCRIBING, Traits

TRUE = 0.5  # share of a region that a name holds for, as a rule
WELL = 0.6  # from here on a name is as true as it need be
# Where nothing is true of most of a region, what tells most of it from others names it, or what is at home there,
# nearly all of it: two members would say less.
TELLS, LEAST_TRUE = 0.6, 0.22  # nats of share x ln lift, and share
MANY, MOSTLY_HERE = 0.4, 0.5  # share of a region that has it, where most that has it is there
AT_HOME, ALL_AT_HOME, EACH_AT_HOME = 0.6, 0.25, 0.08
FEW_WORDS = 0.2  # words of titles are rarely in most of them
# Words of paths and of long labels say what is where, however few have each: "frida · exploit · osint".
FEWER_WORDS, EACH_WORD, WORDS_TELL, FAR_LIFT = 0.02, 0.005, 0.06, 5.0
LIFT = 1.5  # over the map, and
BOTH_LIFT = 2.0  # of each of two things that hold together
RANGE_LIFT = {"year": 2.5, "date": 2.5, "number": 4.0}  # a range is fitted to the region: a wide one says nothing
INSIDE_LIFT = 1.15  # over the region around it
WORD_LIFT = 3.0
WORD_LIFT_COUNTED = 50.0  # of two words that are rare elsewhere, that counts which more of the region have
FEWEST = 3  # entities
LEAST_CLUSTERING = 0.05
RANGES = 2  # of one field
MOST = 12  # traits that are looked at more closely, by score
TYPICAL, MOST_TYPICAL = 0.15, 5  # share of the region, at least, of what is told as typical of it; and how much of that
PARTS, PART = 3, 0.12  # of a union; share of the region that each adds
MASKS_BYTES = 256 * 2**20  # that masks of traits take, which regions beside and inside each other ask for again
JOIN = " · "


@dataclass(frozen=True)
class Candidate:
    """text: as shown. parts: folded keys of what it says. kind: value, range, word ... share: of the region; and lift.
    holds: of whom it is true, (n,) bool. either: it says that one of its parts holds, not all.
    """

    score: float
    text: str
    parts: frozenset[str]
    kind: str
    share: float
    lift: float
    holds: Callable[[], np.ndarray]
    either: bool = False

    @property
    def says(self) -> frozenset[str]:
        """What regions inside need not say again; of "fantasy & crime" they may be one, and what few are, all."""
        if self.share < TRUE:
            return frozenset()
        return frozenset({" or ".join(sorted(self.parts))}) if self.either else self.parts


@dataclass(frozen=True)
class Region:
    """rows: its entities. around: those of the region around it, None for the map."""

    rows: np.ndarray
    around: np.ndarray | None


@dataclass
class Shortlist:
    """candidates: best first. typical: single traits and ranges that set the region apart, (text, share, lift)."""

    candidates: list[Candidate] = field(default_factory=list)
    typical: list[tuple[str, float, float]] = field(default_factory=list)


@dataclass
class _Single:
    score: float
    text: str
    key: str
    kind: str
    field: str
    mask: Callable[[], np.ndarray]  # (n,) bool: who has it
    weight: float
    share: float
    lift: float


class Judge:
    """Scores what could name regions of n entities."""

    def __init__(self, traits: Traits, clustering: np.ndarray, quantities: list[Quantity], n: int) -> None:
        self.n = n
        self.traits, self.quantities = traits, quantities
        self.is_word = np.array([kind == "word" for kind in traits.kinds], bool)
        self.clusters = clustering >= LEAST_CLUSTERING
        self.weights = traits.weights * np.sqrt(np.clip(clustering, 0, 1))
        self.base = np.diff(traits.has.indptr) / max(n, 1)
        self._rows = sparse.csr_array(traits.has)
        self._mask = lru_cache(max(MOST, MASKS_BYTES // max(n, 1)))(self._mask_of)

    def counts(self, members: np.ndarray) -> sparse.csr_array:
        """How many of each region (members >= 0) have each trait: (regions, t)."""
        rows = np.flatnonzero(members >= 0)
        shape = (int(members.max(initial=-1)) + 1, self.n)
        belongs = sparse.csr_array((np.ones(rows.size, np.float32), (members[rows], rows)), shape=shape)
        return sparse.csr_array(belongs @ self._rows)

    def shortlist(self, region: Region, counts: np.ndarray, around: np.ndarray | None, old: str = "") -> Shortlist:
        """counts (t,): of the region's entities those with each trait; around: the same of the region around it. old:
        what it was called, which may still do.
        """
        size = region.rows.size
        values, words = self._singles(region, counts, around)
        values += self._ranges(region, old)
        values.sort(key=lambda one: (-one.score, one.text))
        near = [one for one in values if one.share >= 0.2][:MOST]
        beside = [one for one in values if one.share >= PART]
        found = [
            self._candidate(one.score, one.text, [one], one.share, one.lift, one.mask)
            for one in values
            if one.share >= TRUE or self._tells(one, size)
        ]
        found += self._both(region, near)
        found += self._either(region, beside, size)
        found += [one for one in (self._at_home(region, values), self._of_words(region, words)) if one is not None]
        best: dict[str, Candidate] = {}
        for one in sorted(found, key=lambda c: (-c.score, c.text)):
            best.setdefault(one.text, one)
        return Shortlist(list(best.values()), _typical(values + words))

    def _singles(
        self, region: Region, counts: np.ndarray, around: np.ndarray | None
    ) -> tuple[list[_Single], list[_Single]]:
        size = region.rows.size
        asked = np.flatnonzero((counts >= FEWEST) & self.clusters)
        share = counts[asked] / size
        lift = share / np.maximum(self.base[asked], 1e-12)
        inner = lift
        if around is not None and region.around is not None:
            inner = share / np.maximum(around[asked] / region.around.size, 1e-12)
        as_word = (lift >= WORD_LIFT) & (share >= EACH_WORD)
        fit = np.where(self.is_word[asked], as_word, (lift >= LIFT) & (share >= PART)) & (inner >= INSIDE_LIFT)
        score = _score(share, lift, inner) * self.weights[asked]
        chosen = np.flatnonzero(fit)
        chosen = chosen[np.lexsort((asked[chosen], -score[chosen]))]
        values, words = [], []
        for one in chosen:
            trait = int(asked[one])
            listed = words if self.is_word[trait] and share[one] < TRUE else values
            if len(listed) < MOST:
                listed.append(self._single(trait, float(score[one]), float(share[one]), float(lift[one])))
            if len(values) >= MOST and len(words) >= MOST:
                break
        return values, words

    def _single(self, trait: int, score: float, share: float, lift: float) -> _Single:
        told = self.traits
        text, key, kind, field = told.texts[trait], told.keys[trait], told.kinds[trait], told.fields[trait]
        weight = float(self.weights[trait])
        return _Single(score, text, key, kind, field, partial(self._mask, trait), weight, share, lift)

    def _mask_of(self, trait: int) -> np.ndarray:
        mask = np.zeros(self.n, bool)
        mask[self.traits.rows(trait)] = True
        return mask

    def _ranges(self, region: Region, old: str) -> list[_Single]:
        found = []
        for quantity in self.quantities:
            weight = RANGE_WEIGHTS[quantity.kind]
            fitting = []
            ranges = ranges_of(quantity, region.rows)
            if old and (before := range_of(old, quantity, region.rows)) and all(one.text != old for one in ranges):
                ranges.append(before)
            for one in ranges:
                lift = one.share / max(one.base, 1e-12)
                if lift < RANGE_LIFT[quantity.kind]:
                    continue
                inner = lift if region.around is None else one.share / max(one.share_of(region.around), 1e-12)
                if inner >= INSIDE_LIFT:
                    score = float(_score(one.share, lift, inner)) * weight
                    fitting.append(
                        _Single(score, one.text, one.text, "range", quantity.name, one.mask, weight, one.share, lift)
                    )
            fitting.sort(key=lambda one: (-one.score, one.text))
            found += [one for place, one in enumerate(fitting) if place < RANGES or one.text == old]
        return found

    def _figures(self, region: Region, mask: np.ndarray, least: float) -> tuple[float, float, float]:
        """Share of the region, lift over the map, lift over the region around it; zeros for a share below ``least``."""
        share = np.count_nonzero(mask[region.rows]) / region.rows.size
        if share < least:
            return 0.0, 0.0, 0.0
        lift = share / max(float(np.count_nonzero(mask) / mask.size), 1e-12)
        inner = (
            lift
            if region.around is None
            else share / max(np.count_nonzero(mask[region.around]) / region.around.size, 1e-12)
        )
        return share, lift, inner

    def _both(self, region: Region, singles: list[_Single]) -> list[Candidate]:
        """Two things that hold together: "fantasy · children"."""
        found = []
        true = [one for one in singles if one.share >= TRUE][:6]
        for one, other in combinations(true, 2):
            if one.key in other.key or other.key in one.key or (one.kind == other.kind == "range"):
                continue
            if min(one.lift, other.lift) < BOTH_LIFT:
                continue
            share, lift, inner = self._figures(region, one.mask() & other.mask(), TRUE)
            if share < TRUE or lift < 1.3 * max(one.lift, other.lift) or inner < INSIDE_LIFT:
                continue
            weight = 0.7 * min(one.weight, other.weight)
            first, second = (other, one) if one.kind == "range" else (one, other)
            text = f"{first.text}{JOIN}{second.text}"
            score = float(_score(share, lift, inner)) * weight
            holds = partial(_all_of, one.mask, other.mask)
            found.append(self._candidate(score, text, [one, other], share, lift, holds))
        return found

    def _either(self, region: Region, singles: list[_Single], size: int) -> list[Candidate]:
        """Values of one field of which nearly every member has one: "fantasy & science fiction"."""
        found = []
        for first in singles[:4]:
            if first.kind not in ("value", "prefix", "code") or first.share >= 0.85:
                continue
            chosen, mask = [first], first.mask()
            for other in singles:
                alike = other.field == first.field and other.kind == first.kind
                if (
                    len(chosen) == PARTS
                    or not alike
                    or any(one.key in other.key or other.key in one.key for one in chosen)
                ):
                    continue
                if (other.mask()[region.rows] & ~mask[region.rows]).sum() >= PART * size:
                    chosen, mask = [*chosen, other], mask | other.mask()
            share, lift, inner = self._figures(region, mask, TRUE)
            enough = TRUE if lift >= FAR_LIFT else WELL
            if len(chosen) < 2 or share < enough or lift < LIFT or inner < INSIDE_LIFT:
                continue
            found.append(self._joined(chosen, share, lift, inner))
        return found

    def _joined(self, chosen: list[_Single], share: float, lift: float, inner: float) -> Candidate:
        """One of several values of a field, the most frequent of the map first: the same text for the same values."""
        chosen = sorted(chosen, key=lambda one: (-one.share / max(one.lift, 1e-12), one.text))
        score = float(_score(share, lift, inner)) * 0.6 * min(one.weight for one in chosen)
        holds = partial(_any_of, *(one.mask for one in chosen))
        one = self._candidate(score, _listed(chosen), chosen, share, lift, holds)
        return replace(one, either=len(chosen) > 1)

    def _at_home(self, region: Region, values: list[_Single]) -> Candidate | None:
        """Up to three values of a field of which nearly all are here: "matplotlib & networkx"."""
        size = region.rows.size
        home = [one for one in values if one.share >= EACH_AT_HOME and self._here(one, size) >= AT_HOME]
        home = [one for one in home if one.kind in ("value", "prefix")]
        if not home:
            return None
        chosen: list[_Single] = []
        for one in sorted(home, key=lambda one: (-one.share, one.text)):
            alike = one.field == home[0].field and one.kind == home[0].kind
            apart = all(one.key not in other.key and other.key not in one.key for other in chosen)
            if alike and apart and len(chosen) < PARTS:
                chosen.append(one)
        mask = _any_of(*(one.mask for one in chosen))
        share, lift, inner = self._figures(region, mask, ALL_AT_HOME)
        if share < ALL_AT_HOME or inner < INSIDE_LIFT:
            return None
        return self._joined(chosen, share, lift, inner)

    def _tells(self, one: _Single, size: int) -> bool:
        """Whether what is true of fewer than half of a region would do for a name all the same."""
        if one.kind not in ("value", "prefix", "code"):
            return False
        tells = one.share >= LEAST_TRUE and one.share * np.log(one.lift) >= TELLS
        return tells or (one.share >= MANY and self._here(one, size) >= MOSTLY_HERE)

    def _here(self, one: _Single, size: int) -> float:
        """Which share of all that have it are in a region of this size."""
        return one.share * size / max(one.share / max(one.lift, 1e-12) * self.n, 1e-12)

    def _of_words(self, region: Region, words: list[_Single]) -> Candidate | None:
        """Up to three words that members have in their labels or texts: "kubernetes · operator · helm"."""
        chosen: list[_Single] = []
        covered = np.zeros(self.n, bool)
        for _ in range(PARTS):
            best, most = None, 0.0
            for one in words:
                if any(one.key in other.key or other.key in one.key for other in chosen):
                    continue
                new = np.count_nonzero(one.mask()[region.rows] & ~covered[region.rows]) / region.rows.size
                gain = new * float(np.log(min(one.lift, WORD_LIFT_COUNTED))) * one.weight
                if gain > most and new >= EACH_WORD:
                    best, most = one, gain
            if best is None:
                break
            chosen.append(best)
            covered |= best.mask()
        share, lift, inner = self._figures(region, covered, FEWER_WORDS) if chosen else (0.0, 0.0, 0.0)
        if share < FEWER_WORDS or lift < WORD_LIFT or inner < INSIDE_LIFT:
            return None
        far = min(FAR_LIFT, 0.6 * self.n / region.rows.size)  # a large region cannot have much more than its share
        describing = all(one.field == DESCRIBING for one in chosen)
        describe = describing and lift >= far and share * np.log(lift) >= WORDS_TELL
        if share < FEW_WORDS and not describe:
            return None
        score = float(_score(share, lift, inner)) * min(one.weight for one in chosen)
        holds = partial(_any_of, *(one.mask for one in chosen))
        text = JOIN.join(one.text for one in chosen)
        return replace(self._candidate(score, text, chosen, share, lift, holds), either=len(chosen) > 1)

    def _candidate(
        self,
        score: float,
        text: str,
        parts: list[_Single],
        share: float,
        lift: float,
        holds: Callable[[], np.ndarray],
    ) -> Candidate:
        kinds = {one.kind for one in parts}
        kind = kinds.pop() if len(kinds) == 1 else "mixed"
        return Candidate(score, text, frozenset(one.key for one in parts), kind, share, lift, holds)


def _all_of(*masks: Callable[[], np.ndarray]) -> np.ndarray:
    return reduce(np.logical_and, (mask() for mask in masks))


def _any_of(*masks: Callable[[], np.ndarray]) -> np.ndarray:
    return reduce(np.logical_or, (mask() for mask in masks))


def _listed(chosen: list[_Single]) -> str:
    """ "fantasy, crime & horror"; of codes the field once: "class 4 & 9"."""
    first = chosen[0]
    texts = [one.text for one in chosen]
    if first.kind == "code":
        said = first.text.rsplit(" ", 1)[0] + " "
        texts = [first.text, *(text.removeprefix(said) for text in texts[1:])]
    return ", ".join(texts[:-1]) + f" & {texts[-1]}" if len(texts) > 1 else texts[0]


def _typical(singles: list[_Single]) -> list[tuple[str, float, float]]:
    """The first five that say different things."""
    found: dict[str, tuple[str, float, float]] = {}
    for one in singles:
        if one.share >= TYPICAL:
            found.setdefault(readable.fold(one.text), (one.text, round(one.share, 3), round(one.lift, 1)))
    return list(found.values())[:MOST_TYPICAL]


def _score(share, lift, inner):
    """s (ln L + ln L over the region around) / 2, less where it holds for few."""
    apart = (np.log(np.maximum(lift, 1e-12)) + np.log(np.maximum(inner, 1e-12))) / 2
    return np.maximum(share * apart * np.minimum(1, share / WELL) ** 1.5, 0)
