"""What commands do, in process: a registry is opened anew for each act, as a command does."""

from __future__ import annotations

from promptreg.operations.base import find_base
from promptreg.operations.bumping import BumpRequest, BumpResult, bump_files
from promptreg.operations.checking import CheckResult, check_branch
from promptreg.operations.releasing import ReleaseResult, release_all
from promptreg.operations.verifying import Verification, verify_tags
from promptreg.prompt.yamldoc import load
from promptreg.registry import Registry
from tests.kit import Repo, prompt_text

__all__ = ["bump", "check", "commit_prompt", "edit", "release", "rules", "stated", "verify"]


def bump(
    repo: Repo, *paths: str, dry_run: bool = False, every: bool = False, **options: str | bool
) -> list[BumpResult]:
    """Bump files as `promptreg bump` does."""
    with Registry(repo.path) as registry:
        request = BumpRequest.parse(every=every, **options)  # type: ignore[arg-type]
        return bump_files(registry, paths or None, request, dry_run=dry_run)


def check(repo: Repo, base: str | None = "main", *, strict: bool = False) -> CheckResult:
    """Check HEAD as `promptreg check` does."""
    with Registry(repo.path) as registry:
        return check_branch(registry, find_base(registry, base, {}), strict=strict)


def rules(result: CheckResult) -> list[str]:
    """Return the rules of a check's errors."""
    return [finding.rule for finding in result.findings if finding.severity == "error"]


def release(repo: Repo, *, push: bool = False, dry_run: bool = False) -> ReleaseResult:
    """Release as `promptreg release` does."""
    with Registry(repo.path) as registry:
        return release_all(registry, push=push, dry_run=dry_run)


def verify(repo: Repo) -> Verification:
    """Verify all tags; the change list of none may be doubted."""
    with Registry(repo.path) as registry:
        result = verify_tags(registry)
    assert result.reworded == ()
    return result


def stated(repo: Repo, path: str) -> tuple[str | None, str | None]:
    """Return the version and digest that a file states."""
    document = load((repo.path / path).read_bytes(), path)
    return document.scalar("version"), document.scalar("digest")


def edit(repo: Repo, path: str, old: str, new: str) -> None:
    """Replace the first occurrence of a text in a file; it must be there."""
    text = repo.read(path)
    assert old in text
    repo.write(path, text.replace(old, new, 1))


def commit_prompt(repo: Repo, name: str = "a", system: str = "One.", **options: str | bool) -> str:
    """Set a prompt's text, bump it as the hook does, commit, and return the version."""
    path = f"prompts/{name}.yaml"
    if (repo.path / path).exists():
        (line,) = [line for line in repo.read(path).splitlines() if line.startswith("      ")][:1]
        edit(repo, path, line, f"      {system}")
    else:
        repo.write(path, prompt_text(system))
    (result,) = bump(repo, path, **options)  # type: ignore[arg-type]
    repo.commit(f"{name}: {system}")
    return str(result.plan.version)
