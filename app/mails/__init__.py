"""The mails to customers about their orders, as text and as HTML."""
