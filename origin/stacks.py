"""Where every task and thread of the server is, as text of a bounded length. Places, no values."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import traceback
from typing import Final

_MOST_TASKS: Final = 50
_FRAMES: Final = 12
_MOST_CHARACTERS: Final = 20_000


def stacks() -> str:
    """Of the running loop's tasks and of all threads."""
    out = io.StringIO()
    for thread, frame in sys._current_frames().items():
        name = next((one.name for one in threading.enumerate() if one.ident == thread), thread)
        out.write(f"Thread {name}\n")
        traceback.print_stack(frame, limit=_FRAMES, file=out)
    tasks = asyncio.all_tasks()
    out.write(f"{len(tasks)} tasks\n")
    for task in list(tasks)[:_MOST_TASKS]:
        task.print_stack(limit=_FRAMES, file=out)
    text = out.getvalue()
    left_out = len(text) - _MOST_CHARACTERS
    return f"{text[:_MOST_CHARACTERS]}\n({left_out} characters more)" if left_out > 0 else text
