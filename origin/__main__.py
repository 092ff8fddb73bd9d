"""`python -m origin`: the server from the source tree, without an installed command."""

from __future__ import annotations

from origin.cli import main

if __name__ == "__main__":
    main(["serve"])
