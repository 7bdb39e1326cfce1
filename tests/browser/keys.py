"""A person who uses the shop by the keyboard alone."""

from playwright.sync_api import Page

# Further away than that, nobody would look for it.
_MAX_TABS = 100
_SHOWN = 40
_NAME = """(() => {
  const it = document.activeElement;
  const label = it.getAttribute("aria-label") ?? it.labels?.[0]?.innerText ?? it.innerText;
  return (label ?? "").trim().replace(/\\s+/g, " ");
})()"""
_KIND = "document.activeElement.tagName.toLowerCase()"


class Keys:
    """Presses keys, and counts them; it knows where the focus is, as a screen reader does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    @property
    def focus(self) -> str:
        """The name of what has the focus."""
        return str(self.page.evaluate(_NAME))

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def enter(self) -> None:
        """Press Enter on what leads to another page, and wait for that page."""
        with self.page.expect_event("domcontentloaded"):
            self.press("Enter")

    def skip(self) -> None:
        """Leave the head of the page out."""
        self.press("Tab")
        assert self.focus == "Skip to the content"
        self.press("Enter")

    def to(self, name: str, *, kind: str | None = None) -> None:
        """Go on to what has this name, or begins with it."""
        met = []
        for _ in range(_MAX_TABS):
            if self.focus.startswith(name) and kind in (None, self.page.evaluate(_KIND)):
                return
            self.press("Tab")
            met.append(self.focus[:_SHOWN])
        raise AssertionError(f"no {name} on {self.page.url}; there are {met}")

    def type(self, name: str, text: str) -> None:
        """Replace what a field has."""
        self.to(name)
        self.press("Control+a")
        self.page.keyboard.type(text)
        self.pressed += len(text)
