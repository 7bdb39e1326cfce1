"""The results as a picture: a bar for each case, whose scale is its aim."""

from collections.abc import Sequence
from html import escape

from benchmarks.cases.case import Aim
from benchmarks.runner.result import Result

_STYLE = """
    svg { background: #ffffff; font-family: ui-sans-serif, system-ui, 'Segoe UI', sans-serif; }
    text { fill: #1d2433; font-size: 13px; }
    .name { text-anchor: end; }
    .head { font-size: 15px; font-weight: 600; }
    .far { font-size: 11px; fill: #5b6678; }
    .scale { text-anchor: middle; font-size: 11px; fill: #5b6678; }
    .met { fill: #3f9d6b; }
    .missed { fill: #d08a3c; }
    .noisy { opacity: 0.55; }
    .aim { stroke: #1d2433; stroke-width: 1.5; }
    .grid { stroke: #d7dce4; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; }
      text { fill: #e6eaf0; }
      .far, .scale { fill: #9aa5b5; }
      .met { fill: #4fb37d; }
      .missed { fill: #dd9a4d; }
      .aim { stroke: #e6eaf0; }
      .grid { stroke: #2a323d; }
    }
"""
_NAME_WIDTH, _UNIT, _TEXT_WIDTH = 200, 230, 230
_TOP, _STEP, _BAR = 62, 26, 16
_MOST = 2.0
"""The end of the scale: a longer bar ends there, and its text has the figure."""


def plot_of(results: Sequence[Result]) -> str:
    """Return an SVG image of the cases that have an aim and a score."""
    rows = [
        (each, each.case.aim, each.score)
        for each in results
        if each.case.aim is not None and each.score is not None
    ]
    height = _TOP + _STEP * len(rows) + 16
    width = _NAME_WIDTH + int(_UNIT * _MOST) + _TEXT_WIDTH
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "  <title>The score of each case of the benchmark as a share of its aim</title>",
        f"  <style>{_STYLE}  </style>",
        f'  <text class="head" x="{_NAME_WIDTH}" y="24">Share of the aim (longer is better)</text>',
        *_scale(height),
    ]
    for number, (result, aim, score) in enumerate(rows):
        lines += _bar(result, aim, score, _TOP + _STEP * number)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _scale(height: int) -> list[str]:
    lines = []
    for share in (0.5, 1.0, 1.5, 2.0):
        x = _NAME_WIDTH + _UNIT * share
        kind = "aim" if share == 1 else "grid"
        lines += [
            f'  <line class="{kind}" x1="{x:g}" x2="{x:g}" y1="{_TOP - 8}" y2="{height - 10}"/>',
            f'  <text class="scale" x="{x:g}" y="{_TOP - 14}">{share:.0%}</text>',
        ]
    return lines


def _bar(result: Result, aim: Aim, score: float, y: int) -> list[str]:
    length = _UNIT * min(aim.share_of(score), _MOST)
    kind = ("met" if result.is_met else "missed") + (" noisy" if result.is_noisy else "")
    unit = "" if result.case.reference is not None else f" {result.case.unit}".rstrip()
    noise = ", noisy" if result.is_noisy else ""
    text = escape(f"{score:.3g}{unit}, aim {aim}{noise}")
    end, baseline = _NAME_WIDTH + _UNIT * _MOST, y + _BAR - 3
    return [
        f'  <text class="name" x="{_NAME_WIDTH - 10}" y="{baseline}">'
        f"{escape(result.case.name)}</text>",
        f'  <rect class="{kind}" x="{_NAME_WIDTH}" y="{y}" width="{length:.1f}" height="{_BAR}"/>',
        f'  <text class="far" x="{end + 10:g}" y="{baseline}">{text}</text>',
    ]
