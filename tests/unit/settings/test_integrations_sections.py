"""[webhooks], [zoom] and [vault]: what may stand there, and sentences that repeat no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import UserError
from connector.settings import Settings, load_settings

ZOOM = '[zoom]\naccount_id = "a"\nclient_id = "b"\nclient_secret = "vault:zoom"\n'


def load(folder: Path, text: str) -> Settings:
    (folder / "connector.toml").write_text(text)
    return load_settings(folder, {}).settings


@pytest.mark.parametrize(
    "text",
    [
        "",
        ZOOM,
        f'{ZOOM}webhook_token = "env:HOOK"\napi_url = "http://127.0.0.1:8000/v2/"\n',
        f'{ZOOM}api_url = "https://api.zoomgov.com/v2"\n',
        '[webhooks]\npublic_url = "https://rooms.example.org/a/b"\nlisten = "[::1]:0"\n',
        '[webhooks]\npublic_url = "https://x.org"\nlisten = "0.0.0.0:443"\ncert_file = "c"\nkey_file = "k"\n',
        '[vault]\nmaster = "env:VAULT_KEY"\n',
        '[vault]\nmaster = "aws-kms:arn:aws:kms:eu-central-1:1234:key/12-ab"\n',
        '[vault]\nmaster = "aws-kms:alias/rooms"\nkms_region = "eu-central-1"\n',
    ],
)
def test_what_may_stand_there(tmp_path: Path, text: str) -> None:
    settings = load(tmp_path, text)
    assert settings.keyring_file == settings.data_dir / "vault.ring"
    assert not settings.zoom.api_url.endswith("/")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[zoom]\naccount_id = "a"\n', "client_id and zoom.client_secret belong together: give all three"),
        (ZOOM.replace("vault:zoom", "hunter2"), "zoom.client_secret is wrong: a secret must be a reference"),
        (ZOOM.replace('"vault:zoom"', "482913"), "zoom.client_secret is wrong: a secret must be a reference"),
        (f'{ZOOM}webhook_token = "hunter2"\n', "zoom.webhook_token is wrong: a secret must be a reference"),
        ('[zoom]\nwebhook_token = "env:X"\n', "zoom.webhook_token needs zoom.account_id"),
        (f'{ZOOM}api_url = "http://api.zoom.us/v2"\n', "zoom.api_url is wrong: it must be an https URL"),
        (f'{ZOOM}login_url = "https://u:hunter2@zoom.us"\n', "zoom.login_url is wrong: it must be an https URL"),
        (f'{ZOOM}api_url = "https://[bad"\n', "zoom.api_url is wrong: it must be an https URL"),
        ('[webhooks]\npublic_url = "http://x.org"\n', "services call https addresses only"),
        ('[webhooks]\npublic_url = "https://x.org/?a=b"\n', "services call https addresses only"),
        ('[webhooks]\nlisten = "0.0.0.0:8470"\n', "open to the network without TLS"),
        ('[webhooks]\nlisten = "localhost:8470"\n', "such as 127.0.0.1:8470"),
        ('[webhooks]\nlisten = "127.0.0.1"\n', "such as 127.0.0.1:8470"),
        ('[webhooks]\ncert_file = "c"\n', "belong together: give both, or neither"),
        ('[vault]\nmaster = "gcp:key"\n', "it is one of: file, env:NAME, aws-kms:KEY"),
        ('[vault]\nmastr = "file"\n', "did you mean 'master'?"),
    ],
)
def test_a_mistake_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert sentence in str(caught.value)
    assert "hunter2" not in str(caught.value) and "482913" not in str(caught.value)
