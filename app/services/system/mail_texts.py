"""The texts of the mails to users."""

from msgspec import Struct


class MailText(Struct, frozen=True):
    """A mail without its address."""

    subject: str
    body: str


class MailTexts:
    """Mails with a link to the storefront, or, if there is none, with the token itself."""

    def __init__(self, storefront_url: str | None) -> None:
        self._storefront_url = storefront_url

    def reset_password(self, token: str) -> MailText:
        """Return the mail to a user who has forgotten the password."""
        return MailText(
            "Choose a new password",
            "Somebody, probably you, has asked for a new password at our shop.\n\n"
            f"{self._instruction('reset-password', token, 'POST /api/v1/auth/password/reset')}\n\n"
            "This works once, within an hour. If it was not you, do nothing: your password "
            "stays.\n",
        )

    def verify_email(self, token: str) -> MailText:
        """Return the mail to a new address."""
        return MailText(
            "Is this your address?",
            "Somebody, probably you, has given this address at our shop.\n\n"
            f"{self._instruction('verify-email', token, 'POST /api/v1/auth/email/verify')}\n\n"
            "This works within a week. If it was not you, do nothing.\n",
        )

    def password_changed(self) -> MailText:
        """Return the mail to a user whose password was changed."""
        return MailText(
            "Your password was changed",
            "The password of your account at our shop was changed, and every log-in has ended.\n\n"
            "If it was not you, ask for a new password now.\n",
        )

    def email_changed(self) -> MailText:
        """Return the mail to the previous address of a user."""
        return MailText(
            "Your e-mail address was changed",
            "Your account at our shop has another e-mail address now.\n\n"
            "If it was not you, write to us now.\n",
        )

    def _instruction(self, page: str, token: str, route: str) -> str:
        if self._storefront_url is None:
            return f"The token for {route}:\n{token}"
        return f"{self._storefront_url.rstrip('/')}/{page}#token={token}"
