"""What is deployed again when files change while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.following import Following
from embedded_aws.engine.process import Deployed

if TYPE_CHECKING:
    from embedded_aws.engine.process import EngineProcess


@dataclass
class Program:
    """Stands for the engine's process: `during` is what happens while the program runs."""

    file: Path
    during: Callable[[], None]
    following: Following | None = None
    runs: int = 0
    told: list[str] = field(default_factory=list)

    async def begin(self, _left: Mapping[str, Any]) -> None:
        self.runs += 1

    async def result(self, _on_output: Callable[[str], None]) -> Deployed:
        """Wait until what happened during the run is noticed."""
        self.during()
        if self.following:
            saves = self.following._saves
            saves.put_nowait(await saves.get())
        return self.deployed()

    async def stop(self) -> None:
        """Nothing runs."""

    def deployed(self) -> Deployed:
        reads = {"files": [str(self.file)], "folders": [], "written": [], "others": False}
        return Deployed("p", "dev", "us-east-1", {}, {}, {}, (), {"reads": reads, "changes": []})

    def save(self) -> None:
        """Write what was never there before."""
        self.file.write_text(f"{self.runs} {len(self.file.read_text())}" + "x" * self.file.stat().st_size)

    def follow(self, quiet: float) -> Following:
        async def start(_left: Mapping[str, Any]) -> EngineProcess:
            engine: Any = self
            return engine  # type: ignore[no-any-return]

        self.following = Following(self.file.parent, start, self.told.append, quiet)
        self.following.begin(self.deployed())
        return self.following


@pytest.fixture
def program(tmp_path: Path) -> Program:
    file = tmp_path.resolve() / "made.txt"
    file.write_text("")
    made = Program(file, lambda: None)
    made.during = made.save
    return made


def test_what_each_run_writes_is_passed_over(program: Program) -> None:
    """The program would be deployed for ever; after four runs that is told, and it ends."""

    async def follow() -> None:
        following = program.follow(quiet=0.01)
        program.save()
        for _ in range(4):
            await following.next()
        assert following._saves.empty()
        await following.close()

    asyncio.run(follow())
    assert program.told == [
        f"{program.file} changes whenever the program runs: it is not watched during runs"
    ]


def test_what_somebody_saves_during_each_run_is_deployed_to_the_last(program: Program) -> None:
    """As editors save by themselves while one types: some of it comes while nothing runs."""

    async def follow() -> None:
        following = program.follow(quiet=60)
        program.save()
        for _ in range(3):
            await following.next()
        program.save()
        for _ in range(3):
            await following.next()
        assert not following._saves.empty()
        await following.close()

    asyncio.run(follow())
    assert program.told == []
