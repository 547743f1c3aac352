"""The tools for agents, by the SDK's own client over standard input and output."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from trained_environment import SAMPLES, environment

anyio = pytest.importorskip("anyio")
mcp = pytest.importorskip("mcp", reason="the Python package mcp is not installed")


def with_client(home: Path, work: Any) -> Any:
    """Run ``work(client)`` against a server in a process of its own that may read the sample incidents."""
    server = mcp.StdioServerParameters(
        command=sys.executable,
        args=["-c", "from openstack_rca.cli import main; main()", "mcp", "--root", str(SAMPLES / "incidents")],
        env=environment(OPENSTACK_RCA_HOME=home, HOME=home.parent, OPENSTACK_RCA_MLFLOW_ENABLED="false"),
    )

    async def run() -> Any:
        async with mcp.Client(server) as client:
            return await work(client)

    # A browser's test in the same process leaves an event loop in the main thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, run).result()


def test_an_agent_analyses_reads_searches_and_lists(tmp_path: Path) -> None:
    """From the question to the proof; all tools say that they only read; what is outside is refused in a sentence."""

    async def work(client: Any) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == {
            "analyze",
            "read_report",
            "list_reports",
            "search_logs",
            "list_versions",
        }
        assert all(tool.annotations.read_only_hint for tool in tools)
        answer = await client.call_tool("analyze", {"logs": "INC-009/logs", "issue": "nothing can be created"})
        found = answer.structured_content
        assert found["verdict"] == "CONFIRMED"
        assert found["causes"][0]["component"] == "mariadb"
        report = (await client.call_tool("read_report", {"id": found["id"]})).structured_content
        assert report["id"] == found["id"]
        assert "activity" not in report
        listed = (await client.call_tool("list_reports", {})).structured_content
        assert found["id"] in str(listed)
        searched = await client.call_tool(
            "search_logs", {"logs": "INC-009/logs", "text": "normal shutdown", "limit": 5}
        )
        assert searched.structured_content["found"] >= 1
        assert "Normal shutdown" in searched.structured_content["events"][0]["message"]
        assert not (await client.call_tool("list_versions", {})).is_error
        for name, arguments in (
            ("analyze", {"logs": "/etc"}),
            ("search_logs", {"logs": "../../pyproject.toml"}),
            ("read_report", {"id": "../history"}),
        ):
            refused = await client.call_tool(name, arguments)
            assert refused.is_error, name
            assert "Traceback" not in str(refused.content)

    with_client(tmp_path / "home", work)
