"""`operations metrics`: serves the metrics of all processes of this machine at one address."""

import logging
import logging.config

import click
from nameko import config

from operations.mesh import Mesh
from operations.metrics import tables
from operations.metrics.exporter import Exporter
from operations.metrics.occupancy import Occupancy
from operations.metrics.queues import Queues
from operations.metrics.storage import Storage
from operations.operator_error import OperatorError
from services.foundation.metrics.endpoint import MetricsServer, folder_of
from services.foundation.metrics.settings import metrics_settings

log = logging.getLogger("marquee.metrics")


@click.command("metrics")
@click.pass_obj
def metrics_command(mesh: Mesh) -> None:
    """Serve the metrics of all processes of this machine; `start` keeps this running beside the rooms."""
    logging.config.dictConfig(config["LOGGING"])
    settings = metrics_settings(config)
    measurements = [*tables.measurements(), *Occupancy().measurements(), Queues(mesh).measurement(),
                    Storage(mesh).measurement()]
    try:
        server = MetricsServer((settings.address, settings.port), Exporter(folder_of(config), measurements))
    except OSError as error:
        where = f"{settings.address}:{settings.port}"
        raise OperatorError(f"{where} can't be used: {error} (MARQUEE_METRICS_PORT).") from None
    log.info("metrics are served", extra={"address": settings.address, "port": settings.port})
    server.serve_forever()
