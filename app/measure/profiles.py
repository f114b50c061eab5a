"""Hand profiles as files: one for each name, in the user's own folder."""

from __future__ import annotations

import json
from pathlib import Path

from app.errors import UserError
from app.folders import file_stem, read_limited, user_folder
from app.output import write_whole
from models.hand.profile import HandProfile

_KIND = "palmistry hand"
_HINT = "measure the hand again in the window"


def profile_names() -> tuple[str, ...]:
    """The profiles that there are, by file name; not read yet."""
    try:
        return tuple(sorted(path.stem for path in user_folder("hands").glob("*.json")))
    except OSError:
        return ()


def save_profile(profile: HandProfile) -> Path:
    """Keep a profile under its name, in place of one of that name. Raises UserError."""
    path = user_folder("hands") / f"{file_stem(profile.name)}.json"
    content = {
        "kind": _KIND,
        "name": profile.name,
        "betas": list(profile.betas),
        "scale": profile.scale,
        "measured": profile.measured,
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")
    return path


def load_profile(name: str) -> HandProfile:
    """The profile of a name. Raises UserError where there is none or it is damaged."""
    path = user_folder("hands") / f"{file_stem(name)}.json"
    if not path.is_file():
        known = ", ".join(profile_names()) or "none yet: the window measures them"
        raise UserError(f"there is no hand named {name!r}; there are: {known}")
    try:
        content = json.loads(read_limited(path))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("kind") != _KIND:
        raise UserError(f"{path} is not a hand profile; {_HINT}")
    betas, scale = content.get("betas"), content.get("scale")
    numbers = [*betas, scale] if isinstance(betas, list) else [None]
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        raise UserError(f"{path}: expected numbers in 'betas' and 'scale'; {_HINT}")
    try:
        return HandProfile(
            str(content.get("name", name))[:80],
            tuple(float(b) for b in numbers[:-1]),  # type: ignore[arg-type]
            float(scale),  # type: ignore[arg-type]
            content.get("measured") is True,
        )
    except (ValueError, OverflowError) as error:
        raise UserError(f"{path} can't be a hand's ({error}); {_HINT}") from error
