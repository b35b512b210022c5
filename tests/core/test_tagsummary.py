"""The cached summary of all tags says what the tags themselves say."""

from __future__ import annotations

import resource
from pathlib import Path

from promptreg.config import Config
from promptreg.git import Repository
from promptreg.history.tagsummary import TagSummary, summarize_tags
from tests.kit import Repo


def summary(repo: Repo) -> dict[str, TagSummary]:
    """Summarize with a repository that is opened anew."""
    return summarize_tags(Repository.open(repo.path), Config().tags)


def test_loose_and_packed_tags_count_once_however_they_are_stored(repo: Repo) -> None:
    """Packing, adding, overriding and deleting tags each show at once, cache or not."""
    repo.write("file", "x")
    repo.commit()
    for tag in ("a@1.0.0", "a@1.10.0", "a@1.9.0", "team/b@2.0.0-rc.1", "other", "c@x"):
        repo.git("tag", tag)
    expected = {"a": TagSummary("1.10.0", 3), "team/b": TagSummary(None, 1)}
    assert summary(repo) == expected
    repo.git("pack-refs", "--all")
    assert summary(repo) == expected
    cache = repo.path / ".git/promptreg/tags.json"
    assert cache.exists()
    assert summary(repo) == expected
    repo.git("tag", "a@1.11.0")
    repo.git("tag", "-f", "a@1.9.0", "HEAD")
    assert summary(repo)["a"] == TagSummary("1.11.0", 4)
    repo.git("tag", "-d", "a@1.10.0")
    assert summary(repo)["a"] == TagSummary("1.11.0", 3)


def test_a_cache_that_was_cut_short_is_made_again(repo: Repo) -> None:
    """Rubbish in the cache changes no answer."""
    repo.write("file", "x")
    repo.commit()
    repo.git("tag", "a@1.0.0")
    repo.git("pack-refs", "--all")
    expected = summary(repo)
    cache: Path = repo.path / ".git/promptreg/tags.json"
    for rubbish in ("", "{", "[]", '{"key": 1}', cache.read_text()[:-9]):
        cache.write_text(rubbish)
        assert summary(repo) == expected


def test_a_full_disk_keeps_no_rest_of_a_cache(repo: Repo) -> None:
    """Where the cache finds no room the answer is the same, and nothing is left behind."""
    repo.write("file", "x")
    repo.commit()
    repo.git("tag", "a@1.0.0")
    repo.git("pack-refs", "--all")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        assert summary(repo) == {"a": TagSummary("1.0.0", 1)}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((repo.path / ".git/promptreg").iterdir()) == []
