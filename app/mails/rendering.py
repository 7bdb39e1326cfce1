"""Renders the mails to customers from templates and the texts of each language."""

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.mails.formats import isolated
from app.mails.guest_data_mail import GuestDataMail, view_of_guest_data
from app.mails.order_mail import Mail, MailSender, OrderMail, OrderMailKind
from app.mails.texts import FALLBACK, TEMPLATES, Language, UnusableTemplate, read_languages
from app.mails.view import view_of

if TYPE_CHECKING:
    from jinja2 import Environment

logger = logging.getLogger(__name__)


class OrderMails:
    """Renders mails; the files of a folder replace those of the shop, and are read once."""

    def __init__(self, sender: MailSender, folder: Path | None = None) -> None:
        self._sender = sender
        self._folder = folder

    def render(self, kind: OrderMailKind, order: OrderMail) -> Mail:
        """Return a mail in the language of the customer.

        If a file of the folder cannot be used, an error is logged and the mail has the shop's own
        text: no order may fail because of its mail.
        """
        return self._render_surely(lambda mails: mails.render_strictly(kind, order))

    def render_guest_data(self, mail: GuestDataMail) -> Mail:
        """Return the mail by which a guest proves an e-mail address, as `render` does."""
        return self._render_surely(lambda mails: mails.render_guest_data_strictly(mail))

    def render_strictly(self, kind: OrderMailKind, order: OrderMail) -> Mail:
        """Return a mail, without the fallback for an unusable file.

        Raises:
            UnusableTemplate: a template or a text is wrong.
        """
        language = self.language_of(order.locale)
        return self._rendered(
            "order", language, lambda: view_of(kind, order, self._sender, language)
        )

    def render_guest_data_strictly(self, mail: GuestDataMail) -> Mail:
        """Return the mail by which a guest proves an e-mail address, as `render_strictly` does.

        Raises:
            UnusableTemplate: a template or a text is wrong.
        """
        language = self.language_of(mail.locale)
        return self._rendered(
            "guest_data", language, lambda: view_of_guest_data(mail, self._sender, language)
        )

    @cached_property
    def languages(self) -> dict[str, Language]:
        """The languages that have texts, by their codes.

        Raises:
            UnusableTemplate: a file of the folder has no texts of mails.
        """
        return read_languages(self._folder)

    def _render_surely(self, rendered: Callable[["OrderMails"], Mail]) -> Mail:
        try:
            return rendered(self)
        except UnusableTemplate as error:
            if self._folder is None:
                raise
            logger.error("MAIL_TEMPLATES was not used for a mail: %s", error)
            return rendered(self._shipped)

    def _rendered(self, name: str, language: Language, view: Callable[[], dict[str, Any]]) -> Mail:
        """Return a mail by the templates of a name.

        Raises:
            UnusableTemplate: a template or a text is wrong.
        """
        # A shop without orders does not need the library, and no shop needs it at its start.
        from jinja2 import TemplateError  # pylint: disable=import-outside-toplevel

        place = f"{language.code}.toml"
        try:
            values = view()
            text = self._environment.get_template(place := f"{name}.txt").render(values)
            html = self._environment.get_template(place := f"{name}.html").render(values)
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UnusableTemplate(f"{place}: {type(error).__name__}: {error}") from error
        return Mail(values["subject"], text, html)

    def language_of(self, locale: str) -> Language:
        """Return the language of the mails to a customer with a locale, such as `de` or `de-AT`."""
        code = locale.replace("_", "-").partition("-")[0].lower()
        return self.languages.get(code, self.languages[FALLBACK])

    @cached_property
    def _shipped(self) -> "OrderMails":
        return OrderMails(self._sender)

    @cached_property
    def _environment(self) -> "Environment":
        # The library is not needed at the start, as above.
        from jinja2 import (  # pylint: disable=import-outside-toplevel
            Environment,
            FileSystemLoader,
            StrictUndefined,
            select_autoescape,
        )

        environment = Environment(
            loader=FileSystemLoader([self._folder or TEMPLATES, TEMPLATES]),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        environment.filters["isolated"] = isolated
        return environment
