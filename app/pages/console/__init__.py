"""The pages for staff."""

from app.pages.console.image_controller import ImagePages
from app.pages.console.operation_controller import OperationPages
from app.pages.console.orders import ORDERS
from app.pages.console.packing_controller import PackingPages
from app.pages.console.product_controller import ProductPages
from app.pages.console.report_controller import ReportPages
from app.pages.console.stock_controller import StockPages
from app.pages.console.today_controller import TodayPages

CONSOLE = (
    TodayPages,
    *ORDERS,
    PackingPages,
    ProductPages,
    ImagePages,
    StockPages,
    ReportPages,
    OperationPages,
)
