"""`python -m tests.system.impatient`: the server with so little patience that tests can wait."""

from __future__ import annotations

from origin.logs import configure_logs
from origin.patience import Patience
from origin.serve import serve
from origin.settings import read_settings

PATIENCE = Patience(idle=6, request=3, answer=3)

if __name__ == "__main__":
    configure_logs()
    serve(read_settings(), patience=PATIENCE)
