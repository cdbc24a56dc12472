"""A password, a token and a signature in an address are taken out of all that is written or shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from atlas_assets.errors import AtlasError, DataError, Found
from atlas_assets.redact import redact, within

KNOWN = {
    "https://me:geheim@host/x.csv": "https://***@host/x.csv",
    "https://geheim@github.com/x": "https://***@github.com/x",
    "ssh://git@github.com/x": "ssh://git@github.com/x",
    "git+ssh://git:geheim@h/x": "git+ssh://***@h/x",
    "https://h/x.csv?token=geheim&gid=0&format=csv": "https://h/x.csv?token=***&gid=0&format=csv",
    "s3://b/x?X-Amz-Signature=geheim&X-Amz-Credential=geheim%2F1": "s3://b/x?X-Amz-Signature=***&X-Amz-Credential=***",
    "https://h/?sv=2020&sig=geheim%3D&se=2020": "https://h/?sv=2020&sig=***&se=2020",
    f"https://h/?c={'geheim' * 5}": "https://h/?c=***",
    "https://h/#access_token=geheim": "https://h/#access_token=***",
    "{'password': 'geheim', 'key': 'x'}": "{'password': '***', 'key': 'x'}",
    "Authorization: Bearer geheimgeheim": "Authorization: Bearer ***",
    "source.fields[1][key] is 1; sort by key=value": "source.fields[1][key] is 1; sort by key=value",
    'Invalid bucket name "me:geheim@bucket"': 'Invalid bucket name "***@bucket"',
    "git@github.com:me/maps.git at 12:30@home, mailto:someone@example.org": (
        "git@github.com:me/maps.git at 12:30@home, mailto:someone@example.org"
    ),
    "s3://bucket/a*/x?.csv": "s3://bucket/a*/x?.csv",
}


@pytest.mark.parametrize("text", KNOWN)
def test_secrets_are_taken_out_of_texts(text: str) -> None:
    assert redact(text) == KNOWN[text]
    assert redact(redact(text)) == redact(text)


def test_secrets_of_the_environment_are_taken_out_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim/geheim/geheim")
    assert redact("the key is geheim/geheim/geheim.") == "the key is ***."


def test_every_error_of_ours_is_without_secrets() -> None:
    address = "https://me:geheim@host/x.csv"
    assert "geheim" not in str(AtlasError(f"{address} is not there"))
    error = DataError(file=address, where="", found=Found(f"holds {address}"), expected=address, remedy=address)
    assert "geheim" not in str(error)
    assert "geheim" not in error.file
    assert within({"a": [address, 1, (Path("x"), address)]}) == {
        "a": ["https://***@host/x.csv", 1, (Path("x"), "https://***@host/x.csv")]
    }
