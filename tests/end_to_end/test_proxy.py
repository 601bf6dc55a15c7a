"""A site where only a proxy reaches the internet: the cloud is asked through it, rooms and Exchange Server are not."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.end_to_end.office import Office, until_served
from tests.end_to_end.providers import OnExchange
from tests.support.patience import until
from tests.support.proxies import ConnectProxy


@pytest.mark.timeout(60)
async def test_the_environments_proxy_is_for_the_cloud_only(place: Office) -> None:
    async with ConnectProxy() as proxy, place.site.daemon(**proxy.environment) as daemon:
        await until_served(place, daemon)
        assert await daemon.stop() == 0
    service = urlsplit(place.provider.url).netloc
    assert set(proxy.targets) == (set() if isinstance(place.provider, OnExchange) else {service})


@pytest.mark.timeout(60)
@pytest.mark.parametrize("place", ["graph", "google"], indirect=True)
async def test_a_proxy_that_refuses_is_named(place: Office) -> None:
    async with ConnectProxy(refuses=True) as proxy, place.site.daemon(**proxy.environment) as daemon:
        await until(lambda: daemon.named("calendar.failed"), "the reading fails")
        assert "the proxy that https_proxy in the environment names" in daemon.named("calendar.failed")[0]["reason"]
