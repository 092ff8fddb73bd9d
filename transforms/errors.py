"""What can go wrong between a URL and its pixels.

TransformError
├── PlanError               the options cannot be read: says which, what was expected, what came
│   └── ForbiddenOption     a security option while those are switched off
├── UnsupportedSource       not a picture of a kind that is decoded here
├── UnsupportedOutput       a format that is known but not written, or not for this picture
├── BrokenSource            looks like a picture but cannot be decoded
├── LimitExceeded           larger than a limit allows: says the limit, the value and the setting
└── EngineError             libvips failed on work that no picture should make fail

Each takes one message and nothing else, so that it crosses the border of a worker process whole.
"""

from __future__ import annotations


class TransformError(Exception):
    """Any failure of this package that a caller is meant to answer."""


class PlanError(TransformError):
    """The options cannot be read."""


class ForbiddenOption(PlanError):
    """An option that is only accepted with SAFELIGHT_ALLOW_SECURITY_OPTIONS=1."""


class UnsupportedSource(TransformError):
    """The source is not a picture of a kind that is decoded here."""


class UnsupportedOutput(TransformError):
    """The format is known, but it is not written here or cannot hold this picture."""


class BrokenSource(TransformError):
    """The source looks like a picture but cannot be decoded."""


class LimitExceeded(TransformError):
    """The source, or what was asked of it, is larger than a limit allows."""


class EngineError(TransformError):
    """libvips failed on work that no picture should make fail."""
