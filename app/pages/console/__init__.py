"""The pages for staff."""

from app.pages.console.today_controller import TodayController

CONSOLE = (TodayController,)
