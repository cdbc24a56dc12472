"""``atlas mcp``: the answers of ``answers`` as tools of a server that agents start, over standard input and output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from atlas_assets import __version__
from atlas_assets.agents import answers
from atlas_assets.errors import AtlasError
from atlas_assets.redact import redact

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

TOOLS: tuple[Callable[..., Any], ...] = (
    answers.list_atlases,
    answers.search,
    answers.describe,
    answers.neighbours,
    answers.recommend,
    answers.regions,
    answers.maps,
    answers.compare_maps,
    answers.status,
)
INSTRUCTIONS = (
    "Atlases are maps of entities that keep company: books that are read together, functions that are used together. "
    "Begin with list_atlases. neighbours says what is close in the data; places on a map only show that. Names of "
    "regions are made by statistics: share and lift say how true each is."
)


def make(*, may_run: bool = False) -> MCPServer:
    """The server. may_run: also with a tool that makes what is due, which writes to the project.

    Raises AtlasError where the package ``mcp`` is missing.
    """
    if find_spec("mcp") is None:
        raise AtlasError("atlas mcp needs the package mcp: pip install 'atlas-assets[mcp]'")
    from mcp.server.mcpserver import MCPServer
    from mcp.types import ToolAnnotations

    server = MCPServer("atlas", instructions=INSTRUCTIONS, version=__version__, log_level="ERROR")
    for answer in TOOLS:
        reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        server.tool(annotations=reading, structured_output=False)(_told(answer))
    if may_run:
        writing = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
        server.tool(annotations=writing, structured_output=False)(_told(run))
    return server


def run(atlas: str) -> str:
    """Make what is missing or out of date of an atlas, from its source to its site. May take minutes."""
    done = subprocess.run(
        [sys.executable, "-m", "atlas_assets.cli", "run", atlas],
        stdin=subprocess.DEVNULL,  # that of the server is what the agent says
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AtlasError(done.stderr.strip() or done.stdout.strip())
    return done.stdout.strip()


def _told(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The same tool, whose mistakes are sentences for the agent, without secrets."""
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(answer)
    def tool(*arguments: Any, **named: Any) -> Any:
        try:
            return answer(*arguments, **named)
        except AtlasError as error:
            raise ToolError(redact(str(error))) from error

    return tool
