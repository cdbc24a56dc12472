"""Pictures on asset pages: the undocumented route that they come by still exists."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx2
import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.testclient import TestClient

from atlas_assets import project
from atlas_assets.reports import webserver_files as served
from atlas_tests.conftest import REPOSITORY

PNG = b"\x89PNG\r\n\x1a\n not much of a picture"


def test_the_folder_is_the_one_that_dagster_yaml_names() -> None:
    config = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text(encoding="utf-8"))
    assert config["compute_logs"]["config"]["base_dir"] == served.FOLDER


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project that the webserver runs in."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPOSITORY / "dagster.yaml", tmp_path)
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    return tmp_path


def asked(url: str) -> httpx2.Response:
    """What the real webserver of the current folder answers."""
    reference = InstanceRef.from_dir(".dagster", config_dir=".")
    with (
        DagsterInstance.from_ref(reference) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
    ):
        return TestClient(create_app_from_workspace_process_context(context)).get(url)


@pytest.mark.usefixtures("folder")
def test_the_webserver_hands_out_what_was_published() -> None:
    url = served.publish(PNG, "png")
    assert url is not None
    answer = asked(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == PNG


def test_one_click_saves_a_download_under_its_own_name(folder: Path) -> None:
    source = folder / "atlas-site.zip"
    for content in (b"the first", b"the second"):
        (folder / "draft").write_bytes(content)
        (folder / "draft").replace(source)  # as sites renew their files
        url = served.publish_download(source, "books-site.zip")
    assert url is not None
    answer = asked(url)
    assert answer.content == b"the second"
    assert answer.headers["content-disposition"] == 'attachment; filename="books-site.zip"'
    assert [path.name for path in (folder / served.FOLDER).iterdir() if path.is_file()] == ["books-site.zip"]
    assert source.stat().st_nlink == 2  # no second copy on the disk


def test_remote_storage_embeds_pictures_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_STORAGE", "s3://bucket/atlas")
    assert served.publish(PNG, "png") is None
