from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from collector.workload.cast import CUSTOMERS, FEATURES, MODELS, Feature, Model
from ledger.pricing.catalog import find_model


def test_the_demo_has_forty_tenants_eight_models_four_providers_and_eight_features() -> None:
    assert len({customer.name for customer in CUSTOMERS}) == len(CUSTOMERS) == 40
    assert len(MODELS) == 8
    assert len({model.provider for model in MODELS.values()}) == 4
    assert len({feature.name for feature in FEATURES}) == len(FEATURES) == 8


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_the_models_of_a_feature_share_all_of_it(feature: Feature) -> None:
    assert sum(share for _, share in feature.models) == pytest.approx(1)
    assert {name for name, _ in feature.models} <= MODELS.keys()


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
def test_every_model_of_the_demo_has_a_price(model: Model) -> None:
    assert find_model(model.provider, model.name) is not None


def test_every_model_and_feature_is_used_by_somebody() -> None:
    used = {feature.name for customer in CUSTOMERS for feature in customer.features}
    assert used == {feature.name for feature in FEATURES}
    assert {name for feature in FEATURES for name, _ in feature.models} == MODELS.keys()


def test_customers_live_in_real_zones_one_of_them_with_a_fractional_offset() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    offsets = {at.astimezone(ZoneInfo(customer.time_zone)).utcoffset() for customer in CUSTOMERS}
    assert any(offset and offset.total_seconds() % 3600 for offset in offsets)
