"""A user who has a keyboard only."""

from playwright.sync_api import Page

# The maximum number of presses of Tab to reach an element.
_MAX_TABS = 100
_SHOWN = 40
_NAME = """(() => {
  const it = document.activeElement;
  const label = it.getAttribute("aria-label") ?? it.labels?.[0]?.innerText ?? it.innerText;
  return (label ?? "").trim().replace(/\\s+/g, " ");
})()"""
_KIND = "document.activeElement.tagName.toLowerCase()"


class Keys:
    """Presses keys, and counts them; it reads the focused element like a screen reader."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    @property
    def focus(self) -> str:
        """The accessible name of the focused element."""
        return str(self.page.evaluate(_NAME))

    def press(self, *keys: str) -> None:
        """Press keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def open(self, path: str) -> None:
        """Open a page by its address, and wait for its focus."""
        self.page.goto(path)
        self._await_focus()

    def enter(self) -> None:
        """Press Enter on a link or button, and wait for the next page and its focus."""
        with self.page.expect_event("domcontentloaded"):
            self.press("Enter")
        self._await_focus()

    def _await_focus(self) -> None:
        if self.page.locator("[autofocus]").count():
            # The browser moves the focus when it draws the page for the first time.
            self.page.locator("[autofocus]:focus").wait_for()

    def skip(self) -> None:
        """Skip the header of the page."""
        self.press("Tab")
        assert self.focus == "Skip to the content"
        self.press("Enter")

    def to(self, name: str, *, kind: str | None = None) -> None:
        """Move the focus to the next element whose name begins with a text."""
        met = []
        for _ in range(_MAX_TABS):
            if self.focus.startswith(name) and kind in (None, self.page.evaluate(_KIND)):
                return
            self.press("Tab")
            met.append(self.focus[:_SHOWN])
        raise AssertionError(f"no {name} on {self.page.url}; there are {met}")

    def type(self, name: str, text: str) -> None:
        """Replace the value of a field."""
        self.to(name)
        self.press("Control+a")
        self.page.keyboard.type(text)
        self.pressed += len(text)
