"""A form on a page: empty, or with the sent values and the reasons of the refusal."""

import secrets
from typing import Any

from app.web.request_state import RefusedForm


class ShownForm:
    """The values that the templates of forms use."""

    def __init__(self, token: str, page: str, refused: RefusedForm | None) -> None:
        self.token = token
        self.page = page
        self.is_again = refused is not None
        """Whether the page shows the typed values, refused or not."""
        self._fields = dict(refused.fields) if refused is not None else {}
        self.problem: dict[str, Any] | None = None if refused is None else refused.problem
        self.sent_to = "" if refused is None else refused.path
        """The path to which the refused form was sent: a page may have several forms."""
        self.reasons = _reasons_of(self.problem or {})
        """The reasons of all fields by name."""

    @property
    def is_refused(self) -> bool:
        """Whether the page shows a form that was refused."""
        return self.problem is not None

    @property
    def code(self) -> str:
        """The type of the problem, such as `precondition-failed`."""
        return str((self.problem or {}).get("type", "")).removeprefix("urn:problem:")

    def new_key(self) -> str:
        """Return the idempotency key of one form, which has one effect even if it is sent twice."""
        return secrets.token_urlsafe(16)

    def value(self, name: str, otherwise: Any = "") -> Any:
        """Return the typed value of a field, or otherwise its initial value."""
        return self._fields.get(name, otherwise) if self.is_again else otherwise

    def is_ticked(self, name: str, otherwise: bool = False) -> bool:
        """Return whether a check box is checked; browsers send only checked ones."""
        return name in self._fields if self.is_again else otherwise

    def reason(self, name: str) -> str | None:
        """Return why a field was refused."""
        return self.reasons.get(name)


def _reasons_of(problem: dict[str, Any]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for error in problem.get("errors", ()):
        place = error.get("pointer") or error.get("parameter") or error.get("header") or ""
        reasons[place.removeprefix("#/").replace("/", ".")] = error["detail"]
    if "field" in problem:
        reasons[problem["field"]] = problem["detail"]
    return reasons
