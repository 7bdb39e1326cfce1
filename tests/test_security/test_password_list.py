"""The list of common passwords is used."""

import pytest

from app.errors import InvalidInput
from app.security import passwords
from app.security.passwords import require_strong


def test_the_list_has_thousands_of_passwords_that_are_long_enough() -> None:
    known = passwords._common()  # pylint: disable=protected-access  # there is no other way in
    assert len(known) > 20_000
    assert all(len(each) >= 8 and each == each.casefold() for each in known)


@pytest.mark.parametrize(
    "password", ["password", "12345678", "PASSWORD1", "Jennifer", "administrator", "qwertyuiop"]
)
def test_a_password_of_the_list_is_refused_in_any_case(password: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        require_strong(password, "new_password")
    reason = "is too common"
    assert refusal.value.context["errors"] == [{"pointer": "#/new_password", "detail": reason}]


def test_a_password_of_four_words_is_accepted() -> None:
    require_strong("correct horse battery staple", "password", "ada", "ada@example.com")
