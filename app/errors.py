"""The one kind of error a user is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """One clear line: what was wrong and what to do. Commands print it and exit with status 2."""
