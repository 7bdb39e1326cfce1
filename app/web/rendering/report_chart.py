"""Draws daily reports as SVG: revenue above, orders below, over the same days or hours."""

import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from html import escape

import pygal
from pygal.style import Style

from app.core.money import currency_places, format_minor
from app.schemas.reports.report_schema import ReportSummary

# The hook is for plugins, which are not used: it would cause a deprecation warning at each import.
sys.meta_path[:] = [each for each in sys.meta_path if type(each).__module__ != "pygal"]

WIDE, NARROW = 960, 360
"""The widths of charts; at its own width, each shows text of at least 12 px."""
_TITLE_HEIGHT, _PANEL_HEIGHT = 44, 280
_MAX_LABELS = {WIDE: 16, NARROW: 5}
_MAX_TICKS = 5
# The library makes room for the characters of a label: if the shorter labels begin with this one,
# which is as wide as a digit, both panels have the same margin.
_FIGURE_SPACE = "\u2007"
# The background follows the reader's colour scheme. In both schemes, the contrast of text is at
# least 12 and that of bars at least 3 (WCAG 2.2, 1.4.3 and 1.4.11). `!important`, because the
# library's own rules select the panel by its id.
_CSS = """
.ground { fill: #ffffff }
text { fill: #24292f !important; font-family: sans-serif !important }
.heading { font-size: 20px; }
.narrow { font-size: 15px; }
.heading { font-weight: bold; text-anchor: middle }
.guide.line { stroke: #d0d7de !important; stroke-dasharray: none !important }
.axis > .line, .major.line:not(.guide) { stroke: #57606a !important }
#chart-revenue .reactive { fill: #0969da !important; stroke: none !important }
#chart-orders .reactive { fill: #bc4c00 !important; stroke: none !important }
@media (prefers-color-scheme: dark) {
  .ground { fill: #1c1f1b }
  text { fill: #eceee9 !important }
  .guide.line { stroke: #383d36 !important }
  .axis > .line, .major.line:not(.guide) { stroke: #8b949e !important }
  #chart-revenue .reactive { fill: #58a6ff !important }
  #chart-orders .reactive { fill: #f0883e !important }
}
"""
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    title_font_size=16,
    label_font_size=12,
    major_label_font_size=12,
    opacity="1",
)


def chart_of_days(
    days: Sequence[date],
    reports: Sequence[ReportSummary],
    shop_currency: str,
    width: int = WIDE,
) -> bytes:
    """Return a chart of several days, with a gap for a day without a report."""
    found = {each.day: each for each in reports}
    minor = [found[day].placed.amount_minor if day in found else None for day in days]
    orders = [found[day].placed.orders_count if day in found else None for day in days]
    currency = reports[0].currency if reports else shop_currency
    labels = [f"{day.day} {day:%b}" for day in days]
    title = f"Reports from {days[0]} to {days[-1]}"
    return _picture(title, labels, minor, orders, currency, width)


def chart_of_day(report: ReportSummary, hours: Sequence[Sequence[int]], width: int = WIDE) -> bytes:
    """Return a chart of a day from rows of hour, orders, units and amount."""
    found = {hour: (orders, minor) for hour, orders, _, minor in hours}
    return _picture(
        f"Report of {report.day}, by the hour" + (f" ({report.timezone})" if width == WIDE else ""),
        [f"{hour:02}" for hour in range(24)],
        [found.get(hour, (0, 0))[1] for hour in range(24)],
        [found.get(hour, (0, 0))[0] for hour in range(24)],
        report.currency,
        width,
    )


def _picture(
    title: str,
    labels: list[str],
    minor: Sequence[int | None],
    orders: Sequence[int | None],
    currency: str,
    width: int,
) -> bytes:
    axes = (_axis_of_amounts(minor, currency), _axis_of_numbers(orders))
    longest = max(len(text) for axis in axes for text in axis.values())
    panels = (
        _panel(
            f"Revenue, {currency}",
            labels,
            minor,
            _padded(axes[0], longest),
            lambda value: format_minor(round(value), currency),
            width,
        ),
        _panel(
            "Orders",
            labels,
            orders,
            _padded(axes[1], longest),
            lambda value: f"{value:,.0f}",
            width,
        ),
    )
    return _framed(title, panels, width)


def _framed(title: str, panels: Sequence[str], width: int) -> bytes:
    """Return panels below each other, with a title above them."""
    height = _TITLE_HEIGHT + _PANEL_HEIGHT * len(panels)
    heading = "heading" if width == WIDE else "heading narrow"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_CSS}</style>",
        f'<rect class="ground" width="{width}" height="{height}"/>',
        f'<text class="{heading}" x="{width / 2:g}" y="32">{escape(title)}</text>',
        *(
            f'<svg x="0" y="{_TITLE_HEIGHT + number * _PANEL_HEIGHT}" width="{width}" '
            f'height="{_PANEL_HEIGHT}">{panel}</svg>'
            for number, panel in enumerate(panels)
        ),
        "</svg>",
    ]
    return "\n".join(parts).encode()


def _axis_of_numbers(values: Sequence[int | None]) -> dict[int, str]:
    """Return the labels of an axis of whole numbers, by value."""
    return {value: f"{value:,}" for value in _ticks(values, 1)}


def _axis_of_amounts(minor: Sequence[int | None], currency: str) -> dict[int, str]:
    """Return the labels of an axis of amounts, by value in minor units."""
    places = currency_places(currency)
    ticks = _ticks(minor, 10**places)
    # Amounts of whole units need no places.
    is_whole = ticks[1] % 10**places == 0
    return {
        value: f"{value // 10**places:,}" if is_whole else format_minor(value, currency)
        for value in ticks
    }


def _ticks(values: Sequence[int | None], least: int) -> range:
    """Return evenly spaced round numbers, from 0 to at least the highest value, or to `least`."""
    highest = max((each for each in values if each), default=least)
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * _MAX_TICKS >= highest:
                return range(0, highest + step, step)
        power *= 10


def _padded(axis: dict[int, str], length: int) -> dict[int, str]:
    return {value: text.rjust(length, _FIGURE_SPACE) for value, text in axis.items()}


def _panel(
    title: str,
    labels: list[str],
    values: Sequence[int | None],
    axis: dict[int, str],
    shown: Callable[[float], str],
    width: int,
) -> str:
    most = _MAX_LABELS[width]
    chart = pygal.Bar(
        js=[],
        style=_STYLE,
        title=title,
        width=width,
        height=_PANEL_HEIGHT,
        explicit_size=True,
        disable_xml_declaration=True,
        show_legend=False,
        x_labels=labels,
        x_labels_major_every=max(1, -(-len(labels) // most)),
        show_minor_x_labels=False,
        # The library cuts off labels as if all of them were shown.
        truncate_label=-1,
        y_labels=[{"value": value, "label": text} for value, text in axis.items()],
        range=(0, max(axis)),
        include_x_axis=True,
        value_formatter=shown,
        spacing=8 if width == WIDE else 2,
        margin=12,
    )
    # The default is a random id: the same report would give different bytes each time.
    chart.uuid = title.split(",")[0].lower()
    chart.add(title, list(values))
    # A chart without the library's script can be embedded in any page.
    return _SCRIPT.sub("", chart.render(is_unicode=True))
