"""What FFmpeg's filters do to frames before they are shown: deinterlaced, HDR brought to a screen's range."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import av
import numpy as np
from av.filter import Graph

from app.capture.tone import BT2020, HLG, P3, PQ, write_table
from app.capture.upright import has_alpha
from models.types import UInt8

_FULL_RANGE = 2  # FFmpeg's AVCOL_RANGE_JPEG
_2020 = (9, 10)  # FFmpeg's numbers of BT.2020's two matrices
_TICK = Fraction(1, 1_000_000)  # seconds
_Kind = tuple[str, int, int, int, int, int, bool]
# format, width, height, HDR transfer, wide primaries, range, interlaced


class FrameFilters:
    """The filters that one file's frames ask for, made when the first frame does. Use it as a context."""

    def __init__(self) -> None:
        self._interlaced = False  # one such frame, and the file is of fields
        self._kind: _Kind | None = None  # of the graph
        self._graph: Graph | None = None
        self._tables: TemporaryDirectory[str] | None = None

    def __enter__(self) -> FrameFilters:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._graph = None
        if self._tables is not None:
            self._tables.cleanup()

    def __call__(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """The frames that can be shown now; deinterlacing waits for the next one."""
        self._interlaced |= frame.interlaced_frame
        transfer = int(frame.color_trc) if int(frame.color_trc) in (PQ, HLG) else 0
        wide = int(frame.color_primaries) in (BT2020, P3) and not has_alpha(frame)
        primaries = int(frame.color_primaries) if wide else 0
        if not transfer and not primaries and not self._interlaced:
            yield from self.rest()
            yield frame
            return
        kind = (
            frame.format.name, frame.width, frame.height, transfer, primaries, int(frame.color_range),
            self._interlaced,
        )  # fmt: skip
        if kind != self._kind:
            yield from self.rest()
            self._graph, self._kind = self._made(frame, kind), kind
        if self._graph is None:
            yield frame
            return
        self._graph.push(frame)
        yield from _pulled(self._graph)

    def rest(self) -> Iterator[av.VideoFrame]:
        """What the filters still hold back, at the end."""
        graph, self._graph, self._kind = self._graph, None, None
        if graph is not None:
            graph.push(None)
            yield from _pulled(graph)

    def _made(self, frame: av.VideoFrame, kind: _Kind) -> Graph | None:
        """None where FFmpeg can't: a frame unfiltered is better than none."""
        _, width, height, transfer, primaries, colour_range, interlaced = kind
        graph = Graph()
        try:
            nodes = [
                graph.add_buffer(
                    width=width, height=height, format=frame.format, time_base=frame.time_base or _TICK
                )
            ]
            if interlaced:
                nodes.append(graph.add("bwdif", mode="send_frame", deint="interlaced"))
            if transfer or primaries:
                source = {
                    "in_color_matrix": "bt2020" if transfer or frame.colorspace in _2020 else "auto",
                    "in_range": "full" if colour_range == _FULL_RANGE else "limited",
                    "out_range": "full",
                }
                nodes += [
                    graph.add("scale", **source),
                    graph.add("format", pix_fmts="gbrp10le"),
                    graph.add("lut3d", file=str(self._table(transfer, primaries)), interp="tetrahedral"),
                    graph.add("format", pix_fmts="rgb24"),
                ]
            nodes.append(graph.add("buffersink"))
            graph.link_nodes(*nodes).configure()
        except (av.error.FFmpegError, ValueError, OSError):
            return None
        return graph

    def _table(self, transfer: int, primaries: int) -> Path:
        if self._tables is None:
            self._tables = TemporaryDirectory(prefix="palmistry-")
        path = Path(self._tables.name) / f"{transfer}_{primaries}.cube"
        if not path.exists():
            write_table(path, transfer, primaries)
        return path


def tone_mapped(image_rgb: UInt8, transfer: int) -> UInt8:
    """A picture (H, W, 3) of PQ or HLG in BT.2020 as a screen shows it; as it is if FFmpeg can't."""
    graph, frame = Graph(), av.VideoFrame.from_ndarray(image_rgb, "rgb24")
    with TemporaryDirectory(prefix="palmistry-") as folder:
        write_table(Path(folder) / "hdr.cube", transfer)
        try:
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=_TICK
            )
            table = graph.add("lut3d", file=f"{folder}/hdr.cube", interp="tetrahedral")
            graph.link_nodes(source, table, graph.add("buffersink")).configure()
            graph.push(frame)
            return np.asarray(graph.vpull().to_ndarray(format="rgb24"), np.uint8)
        except (av.error.FFmpegError, ValueError, OSError):
            return image_rgb


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
