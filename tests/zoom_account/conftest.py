from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connector.standins.zoom import ZoomStandIn
from connector.zoom_account.api import ZoomApi
from tests.calendars.core.conftest import quiet

__all__ = ["quiet"]


@pytest.fixture
async def zoom() -> AsyncIterator[ZoomStandIn]:
    async with ZoomStandIn() as stand_in:
        yield stand_in


def api_of(zoom: ZoomStandIn, rate: float = 100) -> ZoomApi:
    state = zoom.state
    return ZoomApi(
        state.account_id,
        state.client_id,
        state.client_secret,
        api_url=zoom.api_url,
        login_url=zoom.login_url,
        rate=rate,
    )


@pytest.fixture
async def api(zoom: ZoomStandIn) -> AsyncIterator[ZoomApi]:
    found = api_of(zoom)
    yield found
    await found.close()
