"""RabbitMQ: the connection, the queues, the consumer of commands and the relay of the outbox."""
