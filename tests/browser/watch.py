"""Detects faults that no page of the shop may have, in all pages of a browser context."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

# A violation of the policy without other effects would be visible in the console only.
_TELL = (
    "addEventListener('securitypolicyviolation', (event) => console.error("
    "`policy ${event.effectiveDirective}: ${event.blockedURI} ${event.sourceFile ?? ''}`))"
)


class Watch:
    """The faults of all pages of a context: foreign hosts, refused scripts, errors of scripts."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.faults: list[str] = []
        self._host = urlsplit(url).netloc
        context.add_init_script(_TELL)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("request", self._see_request)
        context.on("response", self._see_response)

    def taken(self) -> list[str]:
        """Return the faults, and clear them."""
        faults, self.faults = self.faults, []
        return faults

    def _hear(self, message: ConsoleMessage) -> None:
        # That a file is missing is known from its response; a refused page may have such a status.
        is_known = message.text.startswith("Failed to load resource")
        if message.type == "error" and not is_known:
            self.faults.append(f"console of {message.page and message.page.url}: {message.text}")

    def _see_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.faults.append(f"another host: {request.url}")

    def _see_response(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not is_page):
            self.faults.append(f"status {response.status}: {response.url}")
