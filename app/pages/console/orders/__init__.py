"""The pages of orders: the list, an order, its money and its returns, and what needs a person."""

from app.pages.console.orders.money_controller import OrderMoneyPages
from app.pages.console.orders.order_controller import OrderPages
from app.pages.console.orders.payment_controller import PaymentPages
from app.pages.console.orders.return_controller import OrderReturnPages

ORDERS = (OrderPages, OrderMoneyPages, OrderReturnPages, PaymentPages)
