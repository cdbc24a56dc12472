"""``atlas mcp``, asked through the official client: tools, answers, mistakes, and what it does not let agents do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from atlas_assets.agents import server
from atlas_assets.frames import Atlas

READING = {
    *("list_atlases", "search", "describe", "neighbours", "recommend", "regions", "maps", "compare_maps", "status"),
}


def asked(name: str, **arguments: Any) -> Any:
    """The answer of a tool, as values; its error as a text."""

    async def ask() -> Any:
        async with Client(server.make()) as client:
            result = await client.call_tool(name, arguments)
            texts = [part.text for part in result.content if part.type == "text"]
            if result.is_error:
                return "\n".join(texts)
            return [json.loads(text) for text in texts]

    return asyncio.run(ask())


def test_agents_only_read_unless_they_are_allowed_to_run(project: Path) -> None:
    async def tools(may_run: bool) -> dict[str, bool]:
        async with Client(server.make(may_run=may_run)) as client:
            listed = (await client.list_tools()).tools
        assert all(tool.description for tool in listed)
        return {tool.name: bool(tool.annotations and tool.annotations.read_only_hint) for tool in listed}

    assert asyncio.run(tools(False)) == dict.fromkeys(READING, True)
    assert asyncio.run(tools(True)) == dict.fromkeys(READING, True) | {"run": False}


def test_answers_are_those_of_the_frames(project: Path, books: Atlas) -> None:
    names = {one["atlas"]: one for one in asked("list_atlases")}
    assert names["books"]["holds"] == "61 books"
    assert asked("search", atlas="books", text="bridge")[0]["id"] == 60
    near = asked("neighbours", atlas="books", entity="Crime 3", k=4)
    assert [one["label"] for one in near] == books.neighbours("Crime 3", k=4)["label"].to_list()
    liked = asked("recommend", atlas="books", liked=["Crime 3", "Crime 4"], most=3)
    assert [one["label"] for one in liked] == books.recommend(["Crime 3", "Crime 4"], most=3)["label"].to_list()
    assert len(asked("regions", atlas="books", level=0)) == books.regions().filter(level=0).height
    assert asked("describe", atlas="books", entity="60")[0]["genre"] == "both"
    assert [one["map"] for one in asked("maps", atlas="books")] == books.maps
    both = asked("compare_maps", atlas="books", first=books.maps[0], second=books.maps[0])[0]
    assert both["nearest_in_common"] == 1
    assert asked("status", atlas="books")[0]["due"] == []


def test_a_mistake_is_a_sentence_for_the_agent(project: Path) -> None:
    assert "Did you mean 'The Bridge'" in asked("neighbours", atlas="books", entity="bridge")
    assert "expected one of" in asked("status", atlas="boks")


def test_the_command_speaks_the_protocol(project: Path) -> None:
    async def ask() -> list[str]:
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "atlas_assets.cli", "mcp"], env=dict(os.environ), cwd=str(project)
        )
        async with Client(command) as client:
            result = await client.call_tool("search", {"atlas": "books", "text": "bridge"})
            return [part.text for part in result.content if part.type == "text"]

    assert [json.loads(text)["label"] for text in asyncio.run(ask())] == ["The Bridge"]
