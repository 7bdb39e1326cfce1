"""One measurement, or the reason for its absence."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class NotMeasured(Exception):
    """Something cannot be measured here; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The value that is compared, and further figures."""

    value: float
    details: Mapping[str, float] = field(default_factory=dict)
    """Further figures by their names with units, such as `p99_ms`."""
    is_disturbed: bool = False
    """Whether operations other than those of the case took part in the measurement."""
