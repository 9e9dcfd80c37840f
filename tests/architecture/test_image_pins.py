"""Images of others are pinned by digest, and to the same one wherever they are named: a tag may be moved under a running stack."""

import re
from pathlib import Path

import yaml

from memesnipe.testing.images.base import PULLED

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
PINNED = re.compile(r"[a-z/-]+:v?\d[\w.-]*@sha256:[0-9a-f]{64}")


def test_every_image_of_others_is_pinned_by_digest() -> None:
    named = re.findall(r"\$\{(?:BASE_IMAGE|REDIS_IMAGE|PROMETHEUS_IMAGE|GRAFANA_IMAGE):-([^}]*)}", COMPOSE)

    assert len(named) == 4
    assert [image for image in named if PINNED.fullmatch(image) is None] == []


def test_the_base_is_the_same_in_dockerfile_compose_and_tests() -> None:
    dockerfile = (ROOT / "Dockerfile.python").read_text(encoding="utf-8")

    assert f"ARG BASE={PULLED}\n" in dockerfile
    assert f"${{BASE_IMAGE:-{PULLED}}}" in COMPOSE


def test_compose_and_chart_start_the_same_redis() -> None:
    image = yaml.safe_load((ROOT / "charts/memesnipe/values.yaml").read_text(encoding="utf-8"))["redis"]["image"]

    assert f"${{REDIS_IMAGE:-{image['repository']}:{image['tag']}}}" in COMPOSE
