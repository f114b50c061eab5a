"""Where the tests find the project and, where it is there, the real data beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIPS = ROOT / "assets" / "clips"
REAL = ROOT.parent / "shared" / "real"
