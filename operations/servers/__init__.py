"""RabbitMQ, Redis and MariaDB: the address of each, whether it answers, and how to run a private one."""
