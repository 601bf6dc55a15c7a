"""A master key in AWS KMS, by its own client (optional extra ``aws``). The key never leaves the service.

Permissions: ``kms:Encrypt`` and ``kms:Decrypt`` on the key. The account comes from boto3's usual places (instance
role, environment, profile). Every data key is bound to its place by the encryption context ``room-system-connector``,
which AWS writes into CloudTrail.
"""

from __future__ import annotations

from typing import Any

from connector.vault.errors import VaultError, VaultUnreachable

_CONTEXT = "room-system-connector"
_NO_ACCOUNT = " Give this machine an instance role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
_ADVICE = {  # error codes of KMS and of AWS's sign-in, as its API reference lists them
    "AccessDeniedException": " Allow kms:Encrypt and kms:Decrypt on this key to the role of this machine.",
    "DisabledException": " The key is disabled: enable it.",
    "KMSInvalidStateException": " The key is to be deleted or is not ready: cancel its deletion.",
    "NotFoundException": " There is no such key in this region: compare vault.master and vault.kms_region.",
    "InvalidCiphertextException": " The ring was sealed with another key, or it was changed: put the right one back.",
    "IncorrectKeyException": " The ring was sealed with another key: set vault.master back.",
    "ExpiredTokenException": " The machine's AWS credentials have expired.",
    "UnrecognizedClientException": " The machine's AWS credentials are not valid.",
}


class AwsKms:
    """``key``: a key id, an ARN or ``alias/NAME``. ``endpoint``: of a private link, else the region's own."""

    def __init__(self, key: str, *, region: str = "", endpoint: str = "") -> None:
        self.name = f"aws-kms:{key}"
        self._key = key
        self._client = _client(region, endpoint)

    def __repr__(self) -> str:
        return f"AwsKms({self._key!r})"

    def wrap(self, key: bytes, context: str) -> bytes:
        answer = self._call("encrypt", KeyId=self._key, Plaintext=key, EncryptionContext={_CONTEXT: context})
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        # KeyId is given although the blob names its key: a blob of another key must not be accepted.
        answer = self._call("decrypt", KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext={_CONTEXT: context})
        return bytes(answer["Plaintext"])

    def _call(self, method: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        try:
            answer: dict[str, Any] = getattr(self._client, method)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown error")
            denied = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 403
            advice = _ADVICE.get(code, _ADVICE["AccessDeniedException"] if denied else "")
            raise VaultError(f"{self.name}: AWS KMS refused to {method} ({code}).{advice}") from None
        except NoCredentialsError as error:
            raise VaultError(f"{self.name}: AWS KMS cannot be used ({type(error).__name__}).{_NO_ACCOUNT}") from None
        except BotoCoreError as error:
            raise VaultUnreachable(
                f"{self.name}: AWS KMS cannot be used ({type(error).__name__}); see that this machine reaches it."
            ) from None
        return answer


def _client(region: str, endpoint: str) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise VaultError(
            "vault.master names AWS KMS, but its client is not installed;"
            " run: .venv/bin/pip install 'room-system-connector[aws]'"
        ) from None
    settings = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 3, "mode": "standard"})
    try:
        return boto3.client("kms", region_name=region or None, endpoint_url=endpoint or None, config=settings)
    except (BotoCoreError, ValueError) as error:
        raise VaultError(f"vault: the client of AWS KMS cannot be made ({error}).") from None
