"""An account for each room at RabbitMQ and MariaDB, with the rights that the room's code needs and no others."""
