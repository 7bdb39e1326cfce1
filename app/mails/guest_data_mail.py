"""The mail by which a person without an account proves an e-mail address."""

from typing import Any

from msgspec import Struct

from app.mails.formats import filled
from app.mails.order_mail import MailSender, require_web_link
from app.mails.texts import Language
from app.mails.view import common_view_of

GUEST_DATA = "guest_data"
"""The name of the mail, of its templates, and of its section of the texts."""


class GuestDataMail(Struct, frozen=True):
    """The content of the mail.

    Raises:
        ValueError: the link is not a web address.
    """

    locale: str
    """The language, as in `OrderMail`."""
    token: str
    link: str | None = None
    """The link with the token; without a page, the mail has the token itself."""

    def __post_init__(self) -> None:
        require_web_link(self.link)


def view_of_guest_data(
    mail: GuestDataMail, sender: MailSender, language: Language
) -> dict[str, Any]:
    """Return the variables of the templates.

    Raises:
        LookupError: a text has a placeholder that does not exist.
        ValueError: a text has a brace that is not that of a placeholder.
    """
    texts = language.texts[GUEST_DATA]
    return common_view_of(GUEST_DATA, sender, language) | {
        "words": language.texts["words"],
        "token": mail.token,
        "token_label": filled(texts["token"]),
        "link": mail.link or "",
        "link_label": filled(texts["link"]),
    }
