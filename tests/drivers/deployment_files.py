"""The files that deploy a mesh: docker-compose.yml, and what Prometheus and Grafana are given."""

import json

import yaml

from operations.mesh import ROOT

COMPOSE = ROOT / "docker-compose.yml"
BESIDE = {"migrate", "auditor", "metrics"}    # our processes beside the rooms
OPERATORS = {"MARQUEE_AMQP_PASSWORD", "MARQUEE_DB_PASSWORD"}    # which no room knows
SECRETS = OPERATORS | {"MARQUEE_REDIS_PASSWORD", "MARQUEE_IDENTITY_KEY"}
OBSERVABILITY = ROOT / "deploy" / "observability"


class Plain(yaml.SafeLoader):
    """Leaves ${...} as it is; nameko makes SafeLoader replace it once a configuration was loaded."""

    yaml_implicit_resolvers = {letter: [each for each in resolvers if each[0] != "!env_var"]
                               for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


RULES = [rule for group in yaml.load((OBSERVABILITY / "alerts.yml").read_text(), Plain)["groups"]
         for rule in group["rules"]]
PANELS = json.loads((OBSERVABILITY / "grafana" / "marquee.json").read_text())["panels"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel.get("targets", [])]
