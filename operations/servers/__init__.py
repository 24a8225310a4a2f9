"""RabbitMQ, Redis and MariaDB: where each is, whether it answers, and how to run one of our own."""
