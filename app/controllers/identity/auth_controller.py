"""Routes of log-ins, passwords and e-mail addresses."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, JSONBody

from app.errors import (
    InvalidCredentials,
    InvalidToken,
    RefreshTokenReused,
    SessionNotFound,
    TooManyRequests,
)
from app.schemas.identity.auth_schema import (
    EmailVerification,
    PasswordChange,
    PasswordForgotten,
    PasswordReset,
    RefreshGrant,
    RefreshRequest,
    SessionList,
    TokenPair,
    TokenRequest,
)
from app.security.principal import Access
from app.web.rendering.grant_refusals import GRANT_EXCEPTION_HANDLERS
from app.web.rendering.responses import accepted_response, json_response, no_store_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.identity import Accounts, Auth


class AuthController(Controller):
    """Log-ins, passwords and e-mail addresses."""

    path = "/auth"
    tags = ["auth"]

    @post(
        "/token",
        status_code=200,
        summary="Log in",
        opt=declared(
            InvalidCredentials,
            access=Access.PUBLIC,
            form=TokenRequest,
            answers=Answers.NEVER_STORED,
            is_throttled=True,
            # The log-in ends the oldest one of more than 100.
            changes_rights=True,
        ),
    )
    async def log_in(self, request: ShopRequest, auth: Auth) -> Response[TokenPair]:
        """Exchange a username and a password for an access and a refresh token (RFC 6749)."""
        asked = await request.form_of(TokenRequest)
        user_agent = request.headers.get("user-agent", "")
        return no_store_response(await auth.log_in(asked, request.caller, user_agent))

    @post(
        "/refresh",
        status_code=200,
        exception_handlers=GRANT_EXCEPTION_HANDLERS,
        summary="Renew a log-in",
        opt=declared(
            InvalidToken,
            RefreshTokenReused,
            access=Access.PUBLIC,
            grant=RefreshGrant,
            answers=Answers.NEVER_STORED,
            changes_rights=True,
        ),
    )
    async def refresh(
        self, request: ShopRequest, data: JSONBody[RefreshRequest], auth: Auth
    ) -> Response[TokenPair]:
        """Exchange a refresh token for a new pair; a token that is used twice ends its log-in.

        Clients of OAuth 2 may send the form of RFC 6749, section 6, and then get the errors of
        section 5.2.
        """
        return no_store_response(await auth.refresh(data.refresh_token, request.caller))

    @post(
        "/logout",
        status_code=204,
        summary="Log out",
        opt=declared(access=Access.CUSTOMER, answers=Answers.NEVER_STORED, changes_rights=True),
    )
    async def log_out(self, request: ShopRequest, auth: Auth) -> None:
        """End the log-in that the token belongs to, with all its tokens."""
        await auth.log_out(request.caller, request.session_id)

    @get("/sessions", summary="List log-ins", opt=declared(access=Access.CUSTOMER))
    async def sessions(self, request: ShopRequest, auth: Auth) -> Response[SessionList]:
        """Return the valid log-ins of the caller, newest first."""
        return json_response(request, await auth.sessions(request.caller))

    @delete(
        "/sessions",
        summary="Log out everywhere",
        opt=declared(access=Access.CUSTOMER, changes_rights=True),
    )
    async def log_out_everywhere(self, request: ShopRequest, auth: Auth) -> None:
        """End every log-in of the caller, including the current one."""
        await auth.log_out_everywhere(request.caller)

    @delete(
        "/sessions/{session_id:uuid}",
        summary="End a log-in",
        opt=declared(SessionNotFound, access=Access.CUSTOMER, changes_rights=True),
    )
    async def end_session(
        self, request: ShopRequest, session_id: FromPath[UUID], auth: Auth
    ) -> None:
        """End one of the caller's log-ins, with all its tokens."""
        await auth.log_out(request.caller, session_id)

    @post(
        "/password",
        status_code=204,
        summary="Change the password",
        opt=declared(
            InvalidCredentials,
            TooManyRequests,
            access=Access.CUSTOMER,
            answers=Answers.NEVER_STORED,
            is_throttled=True,
            changes_rights=True,
        ),
    )
    async def change_password(
        self, request: ShopRequest, data: JSONBody[PasswordChange], accounts: Accounts
    ) -> None:
        """Change the caller's own password; every log-in of the caller ends."""
        await accounts.change_password(request.caller, data)

    @post(
        "/password/forgot",
        status_code=202,
        summary="Request a new password",
        opt=declared(access=Access.PUBLIC, answers=Answers.NEVER_STORED, is_throttled=True),
    )
    async def forgot_password(
        self, request: ShopRequest, data: JSONBody[PasswordForgotten], accounts: Accounts
    ) -> Response[None]:
        """Send a token to the address if a user has it, which the response does not reveal."""
        await accounts.send_reset(data.email, request.caller)
        return accepted_response()

    @post(
        "/password/reset",
        status_code=204,
        summary="Set a new password",
        opt=declared(
            InvalidToken,
            access=Access.PUBLIC,
            answers=Answers.NEVER_STORED,
            is_throttled=True,
            changes_rights=True,
        ),
    )
    async def reset_password(
        self, request: ShopRequest, data: JSONBody[PasswordReset], accounts: Accounts
    ) -> None:
        """Set a new password with the token from an e-mail; every log-in of the user ends."""
        await accounts.reset_password(data, request.caller)

    @post(
        "/email/ask",
        status_code=202,
        summary="Request verification of an address",
        opt=declared(
            TooManyRequests, access=Access.CUSTOMER, answers=Answers.NEVER_STORED, is_throttled=True
        ),
    )
    async def ask_to_verify(self, request: ShopRequest, accounts: Accounts) -> Response[None]:
        """Send a token to the address of the caller."""
        await accounts.send_verification(request.caller)
        return accepted_response()

    @post(
        "/email/verify",
        status_code=204,
        summary="Verify an address",
        opt=declared(InvalidToken, access=Access.PUBLIC, answers=Answers.NEVER_STORED),
    )
    async def verify_email(
        self, request: ShopRequest, data: JSONBody[EmailVerification], accounts: Accounts
    ) -> None:
        """Mark the address of the user as verified with the token from an e-mail."""
        await accounts.verify_email(data.token, request.caller)
