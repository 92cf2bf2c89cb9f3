"""Secrets from mounted folders and from files, read again when they change."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from worker.secrets import SecretScope
from worker.secrets.files import LARGEST_FILE, FileSecrets, FolderSecrets, SecretFileError

SCOPE = SecretScope()


def replace(path: Path, content: str) -> None:
    """Write as careful tools do: beside, then over."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(content)
    os.replace(beside, path)


def test_one_file_per_secret(tmp_path: Path) -> None:
    (tmp_path / "TOKEN").write_text("value\n")
    (tmp_path / "key.pem").write_text("line 1\nline 2\r\n")
    secrets = FolderSecrets([tmp_path / "missing", tmp_path])
    assert secrets.lookup("TOKEN", SCOPE) == "value"
    assert secrets.lookup("key.pem", SCOPE) == "line 1\nline 2"
    assert secrets.lookup("OTHER", SCOPE) is None


def test_a_folder_that_is_not_there_is_told_and_may_come_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = FolderSecrets([tmp_path / "later", tmp_path])
    assert [record.__dict__["folder"] for record in caplog.records] == [str(tmp_path / "later")]
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "TOKEN").write_text("value")
    assert secrets.lookup("TOKEN", SCOPE) == "value"


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "..", ".", "..data", "a/b", "a\0b", ""])
def test_a_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_text("no")
    folder = tmp_path / "secrets"
    folder.mkdir()
    assert FolderSecrets([folder]).lookup(name, SCOPE) is None


def test_a_swapped_link_is_noticed(tmp_path: Path) -> None:
    for version, value in (("..v1", "old"), ("..v2", "new")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "TOKEN").write_text(value)
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "TOKEN").symlink_to("..data/TOKEN")
    secrets = FolderSecrets([tmp_path])
    assert secrets.lookup("TOKEN", SCOPE) == "old"
    (tmp_path / "..data_tmp").symlink_to("..v2")
    os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
    assert secrets.lookup("TOKEN", SCOPE) == "new"
    (tmp_path / "TOKEN").unlink()
    assert secrets.lookup("TOKEN", SCOPE) is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (LARGEST_FILE + 1)])
def test_an_unusable_file_is_no_secret_and_said_so(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "TOKEN").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert FolderSecrets([tmp_path]).lookup("TOKEN", SCOPE) is None
    assert str(tmp_path / "TOKEN") in caplog.records[0].__dict__["reason"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.json", '{"TOKEN": "value", "db": {"password": "p#w"}}'),
        ("s.yaml", "TOKEN: value\ndb:\n  password: 'p#w'\n"),
        ("s.env", "# comment\nTOKEN=value\ndb.password='p#w'\n"),
    ],
)
def test_one_file_with_many(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    secrets = FileSecrets(tmp_path / name)
    assert secrets.lookup("TOKEN", SCOPE) == "value"
    assert secrets.lookup("db.password", SCOPE) == "p#w"
    assert secrets.lookup("OTHER", SCOPE) is None


def test_a_changed_file_is_read_again_and_a_broken_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"A": "old"}')
    secrets = FileSecrets(path)
    replace(path, '{"A": "new"}')
    assert secrets.lookup("A", SCOPE) == "new"
    with caplog.at_level(logging.WARNING):
        replace(path, '{"A": "hidden-value"')
        assert secrets.lookup("A", SCOPE) == "new"
        assert secrets.lookup("A", SCOPE) == "new"
        path.unlink()
        assert secrets.lookup("A", SCOPE) == "new"
    assert len(caplog.records) == 2
    assert "hidden-value" not in str([record.__dict__ for record in caplog.records])
    replace(path, '{"A": "back"}')
    assert secrets.lookup("A", SCOPE) == "back"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("s.json", '{"A": 1}', "the value of A is no text; put it in quotes"),
        ("s.json", "[]", "holds no names with values"),
        ("s.json", '{"A": "hidden-value}', "is not JSON"),
        ("s.yaml", "A: 1.10", "the value of A is no text"),
        ("s.yml", "A: 'hidden-value\nB: [", "is not YAML: line"),
        ("s.env", "A", "the value of A is no text"),
    ],
)
def test_a_wrong_file_ends_the_start_and_says_why(tmp_path: Path, name: str, content: str, expected: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SecretFileError, match=expected) as caught:
        FileSecrets(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "hidden-value" not in str(caught.value)


def test_a_missing_file_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(SecretFileError, match="cannot be read"):
        FileSecrets(tmp_path / "missing.json")
