"""Spoil pictures and see that every one is answered: `make fuzz`, or

    python -m loadtests.fuzz [--cases 100000] [--seed N] [--corpus FOLDER] [--keep FOLDER]
    python -m loadtests.fuzz --again FOLDER     the inputs that were kept, once more

Exits with 1 if an answer was wrong: an error that is none of ours, or a picture that is not one.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from loadtests.fuzz.case import Case, cases
from loadtests.fuzz.fuzzing import fuzz
from loadtests.fuzz.memory import watched
from loadtests.fuzz.outcome import Outcome
from loadtests.fuzz.seeds import seeds
from loadtests.fuzz.tally import Tally, kept_cases
from origin.workers import open_workers
from transforms.limits import Limits

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
_MOST_TOLD = 20


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    # Replaced workers are counted here; a line for each would hide the rest.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console(width=max(100, Console().width))
    chosen: Iterable[Case]
    if asked.again:
        kept = kept_cases(asked.again)
        chosen, tally, todo = kept, Tally(), len(kept)
    else:
        corpus = asked.corpus if asked.corpus.is_dir() else None
        chosen_seeds = seeds(corpus)
        console.print(f"{len(chosen_seeds)} pictures, seed {asked.seed}", highlight=False)
        chosen = cases(chosen_seeds, seed=asked.seed, count=asked.cases)
        tally, todo = Tally(asked.keep), asked.cases
    asyncio.run(_run(chosen, tally, todo, asked, console))
    for line in tally.wrong[:_MOST_TOLD]:
        console.print(line, style="red", markup=False, highlight=False)
    if tally.kept:
        console.print(
            f"kept {tally.kept} inputs in {asked.keep}; --again {asked.keep} repeats them"
        )
    return 1 if tally.wrong or tally.done < todo else 0


async def _run(
    chosen: Iterable[Case],
    tally: Tally,
    todo: int,
    asked: argparse.Namespace,
    console: Console,
) -> None:
    began = time.monotonic()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[wrong]} wrong"))
    async with (
        open_workers(asked.workers, Limits()) as workers,
        watched(lambda: workers.pids) as peak,
    ):
        with Progress(*columns, TimeRemainingColumn(), console=console) as shown:
            task = shown.add_task("", total=todo, wrong=0)

            def noted(case: Case, outcome: Outcome) -> None:
                tally.note(case, outcome)
                shown.update(task, completed=tally.done, wrong=len(tally.wrong))

            await fuzz(workers, chosen, seconds=asked.seconds, noted=noted)
    console.print(tally.table(seconds=time.monotonic() - began, peak_mb=peak.mb))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="another one, other cases")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folders of pictures")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where inputs go")
    parser.add_argument("--again", type=Path, help="a folder of kept inputs")
    parser.add_argument("--seconds", type=float, default=10.0, help="for one picture")
    parser.add_argument(
        "--workers", type=int, default=len(os.sched_getaffinity(0)), help="processes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
