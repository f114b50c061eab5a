"""What is raised where a source can't be used."""

from __future__ import annotations

from app.errors import UserError


class SourceError(UserError):
    """A camera or file that can't be used: one clear line that says why and what to do."""
