"""One page in a Chromium of its own, with software rendering: how it loads, draws, picks, searches, and what it uses.

Pages are told when to draw. The time of a frame runs from the call to the end of the GPU's work on it, for every side
alike; what the browser then does to put it on the screen is not part of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEIGHT = 1200, 800
FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# A usual mobile connection, for every side alike: the time of a first paint without any says little.
NETWORK = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 5e6 / 8}
NETWORK_TEXT = "10 Mbit/s, 40 ms"
SLOWEST_LOAD_MS = 15 * 60 * 1000

# Runs before any script of our site: notes when its first points were drawn.
_WATCH = """
window.firstPaint = new Promise((resolve) => {
  const context = WebGL2RenderingContext.prototype
  const { drawElements, drawArrays } = context
  const watched = (draw, countAt) => function (...call) {
    draw.apply(this, call)
    if (call[0] !== this.POINTS || call[countAt] === 0) return
    Object.assign(context, { drawElements, drawArrays })
    this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4))
    resolve(performance.now())
  }
  Object.assign(context, { drawElements: watched(drawElements, 1), drawArrays: watched(drawArrays, 2) })
})
"""
# What the pages of the others offer, for ours: the same calls on the hooks of its tests.
_OURS = """async () => {
  const paintedMs = await window.firstPaint
  await window.__atlas.ready
  const completeMs = performance.now()
  await window.__atlas.settled()
  const at = { x: 0, y: 0 }
  const frame = (options) => (x, y) => {
    const by = { x: x - at.x, y: y - at.y }
    Object.assign(at, { x, y })
    return window.__atlas.drawNow(by, options).ms
  }
  window.bench = {
    paintedMs, completeMs, frame: frame({}), moving: frame({ moving: true }), alone: frame({ labels: false }),
    pick: (x, y) => {
      const begin = performance.now()
      const row = window.__atlas.pick(x, y)
      return { ms: performance.now() - begin, row }
    },
  }
}"""
# First bytes: what had come when all was there that the first frame shows. Ours marks that moment and then asks for the
# rest, some of which may come while that frame is drawn; the others have one file, so everything.
_LOADED = """(data) => {
  const { paintedMs, completeMs = paintedMs } = window.bench
  const readyMs = performance.getEntriesByName('atlas:first-paint')[0]?.startTime ?? paintedMs
  const files = performance.getEntriesByType('resource').filter((entry) => entry.name.includes(data))
  const bytes = (until) => files.filter((e) => e.responseEnd <= until).reduce((sum, e) => sum + e.encodedBodySize, 0)
  const [first_bytes, complete_bytes] = [bytes(readyMs), bytes(completeMs)]
  return { first_ms: paintedMs, first_bytes, complete_ms: completeMs, complete_bytes }
}"""
# Not counted: a pause in which the browser shows what was drawn before, and a frame after it, unless there is but one.
_FRAMES = """async ([name, path]) => {
  await new Promise((resolve) => setTimeout(resolve, 200))
  if (path.length > 1) await bench[name](...path.at(-1))
  const all = []
  for (const at of path) all.push(await bench[name](...at))
  return all
}"""
# A pick right after the map moved, one far away from that, and another one while the map rests.
_PICKS = """async ([path, places]) => {
  const all = []
  for (const [i, at] of path.entries()) {
    await bench.frame(...at)
    const picked = []
    for (const place of places.slice(3 * i, 3 * i + 3)) picked.push(await bench.pick(...place))
    all.push(picked.map(({ ms, row }) => [ms, row]))
  }
  return all
}"""
_SEARCH = """async ([queries, limit]) => {
  const all = []
  for (const query of queries) {
    const begin = performance.now()
    await window.__atlas.search(query, limit)
    all.push(performance.now() - begin)
  }
  return all
}"""
_LOOK = """([rows, n]) => ({
  places: rows.map((row) => window.__atlas.screenOf(row)),
  sizes: Array.from({ length: n }, (_, row) => window.__atlas.sizeOf(row)),
  style: window.__atlas.drawNow({ x: 0, y: 0 }).style,
})"""


class Stopped(Exception):
    """A page took longer than it may, and its browser was ended; or the page failed. The message says so."""


def executable() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class Side:
    """A browser of its own for one competitor: its memory is nobody else's. ``seconds``: the most one call may take."""

    def __init__(self, playwright: Any, name: str, address: str, *, data: str, seconds: float) -> None:
        """data: what all addresses of files with data have in common."""
        self.name, self._address, self._data, self._seconds = name, address, data, seconds
        self.ours = name == "ours"
        self._browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        self.version: str = self._browser.version
        self._session = self._browser.new_browser_cdp_session()
        self._page: Any = None
        self._context: Any = None

    def load(self) -> dict[str, float]:
        """Open the page in a browser that has nothing cached. first and complete: ms and bytes of data."""
        if self._context is not None:
            self._guarded(self._context.close)
        return self._guarded(self._load)

    def _load(self) -> dict[str, float]:
        self._context = self._browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1)
        self._context.set_default_timeout(SLOWEST_LOAD_MS)
        self._page = self._context.new_page()
        session = self._context.new_cdp_session(self._page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        if self.ours:
            self._page.add_init_script(_WATCH)
        self._page.goto(self._address)
        if self.ours:
            self._page.evaluate(_OURS)
        else:
            self._page.wait_for_function("window.bench !== undefined")
        if error := self._page.evaluate("window.bench.error"):
            raise Stopped(error)
        return self._page.evaluate(_LOADED, self._data)

    def frames(self, path: Sequence[Sequence[float]], name: str = "frame") -> list[float]:
        """ms of one frame at each place of the path. name: for ours also "moving" and "alone"."""
        return self._evaluate(_FRAMES, [name, path])

    def picks(self, path: Sequence[Sequence[float]], places: Sequence[Sequence[float]]) -> list[list[list[float]]]:
        """For each place of the path, three picks after moving there: ms, and the row found (-1: none)."""
        return self._evaluate(_PICKS, [path, places])

    def search(self, queries: Sequence[str], limit: int = 50) -> list[float]:
        return self._evaluate(_SEARCH, [queries, limit])

    def look(self, rows: Sequence[int], n: int) -> dict[str, Any]:
        """How ours draws: places of some rows in CSS px, sizes of all, diameters, opacity."""
        return self._evaluate(_LOOK, [rows, n])

    def drawn(self) -> int:
        """How many points ours leaves after slow frames while it moves."""
        return self._evaluate("() => window.__atlas.drawNow({ x: 0, y: 0 }, { moving: true }).points", None)

    def memory(self) -> dict[str, float]:
        """Bytes that scripts hold, and of the processes that run the page and draw for it."""
        session = self._context.new_cdp_session(self._page)
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        return {"heap": heap, "processes": sum(map(resident_bytes, self._pids("renderer", "GPU")))}

    def close(self) -> None:
        self._browser.close()

    def _evaluate(self, script: str, argument: Any) -> Any:
        return self._guarded(lambda: self._page.evaluate(script, argument))

    def _pids(self, *kinds: str) -> list[int]:
        found = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        return [process["id"] for process in found if process["type"] in kinds]

    def _guarded(self, action: Callable[[], Any]) -> Any:
        """``action``, ended with its browser after ``seconds``: a page that is busy drawing hears nothing."""
        late = threading.Event()
        pids = self._pids("browser", "renderer", "GPU")

        def stop() -> None:
            late.set()
            for pid in pids:
                os.kill(pid, signal.SIGKILL)

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            return action()
        except Stopped:
            raise
        except Exception as error:
            if late.is_set():
                raise Stopped(f"stopped after {self._seconds:,g} s") from error
            raise Stopped((str(error).strip().splitlines() or [type(error).__name__])[0][:200]) from error
        finally:
            timer.cancel()


def resident_bytes(pid: int) -> int:
    """Memory of a process; what several share is divided among them, where the system can tell."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))


def circle(steps: int, radius: float = 120.0) -> list[list[float]]:
    """A path for the map to be moved along, CSS px from where it began, where it also ends."""
    angles = np.linspace(0, 2 * np.pi, steps + 1)[1:]
    return [[round(float(radius * np.sin(a)), 2), round(float(radius * (np.cos(a) - 1)), 2)] for a in angles]


def affine(values: np.ndarray, places: np.ndarray) -> tuple[float, float, float]:
    """scale, offset and largest residual of places = scale × values + offset."""
    scale, offset = np.polyfit(values, places, 1)
    return float(scale), float(offset), float(np.abs(scale * values + offset - places).max())
