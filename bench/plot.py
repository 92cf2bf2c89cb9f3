"""Lines over time, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, BAND, MARGIN, GAP = 900, 150, 60, 50
COLOURS = ("steelblue", "indianred", "seagreen")


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines of one unit, by their names."""

    title: str
    lines: Mapping[str, Sequence[float]]


def chart(panels: Sequence[Panel], minutes: float) -> str:
    """The panels below each other, with one time axis."""
    height = len(panels) * (BAND + GAP) + MARGIN
    bands = "\n".join(_band(panel, number * (BAND + GAP) + GAP) for number, panel in enumerate(panels))
    view = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {view}>
<rect width="{WIDTH}" height="{height}" fill="white"/>
{bands}
<text x="{WIDTH - MARGIN}" y="{height - MARGIN + 40}" text-anchor="end">{minutes:.1f} minutes</text>
</svg>
"""


def _band(panel: Panel, top: float) -> str:
    most = max((value for line in panel.lines.values() for value in line), default=0.0) * 1.1 or 1.0
    bottom = top + BAND
    parts = [
        f'<text x="{MARGIN}" y="{top - 10}">{panel.title}</text>',
        f'<path d="M{MARGIN},{top} V{bottom} H{WIDTH - MARGIN}" fill="none" stroke="black"/>',
        f'<text x="{MARGIN - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{MARGIN - 6}" y="{top + 10}" text-anchor="end">{most:.0f}</text>',
    ]
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        step = (WIDTH - 2 * MARGIN) / max(len(line) - 1, 1)
        points = " ".join(
            f"{MARGIN + at * step:.1f},{bottom - value * BAND / most:.1f}" for at, value in enumerate(line)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        at = WIDTH - MARGIN - 90 * (len(panel.lines) - 1 - number)
        parts.append(f'<text x="{at}" y="{top - 10}" text-anchor="end" fill="{colour}">{name}</text>')
    return "\n".join(parts)
