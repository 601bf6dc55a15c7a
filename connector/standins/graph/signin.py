"""Sign-in of the Graph stand-in: client credentials by secret or by a signed assertion, and its refusals."""

from __future__ import annotations

import secrets
import time
from typing import Any, Literal

import jwt
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.standins.graph.subscriptions import Refused

Trouble = Literal["", "expired_secret", "app_disabled", "blocked", "unavailable", "throttled"]
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignIn:
    """``secrets`` and ``certificates`` are what is registered with the app. ``roles`` go into the tokens."""

    def __init__(self, tenant: str, client_id: str, registered: set[str]) -> None:
        self.tenant = tenant
        self.client_id = client_id
        self.secrets = registered
        self.certificates: list[str] = []  # PEM
        self.roles: list[str] = ["Place.Read.All"]
        self.token_life = 3600.0  # seconds
        self.trouble: Trouble = ""
        self.refuses_tokens = False  # Graph answers 401 whatever it is given
        self.asked = 0  # for tokens
        self._key = secrets.token_hex(32)
        self._issued: dict[str, float] = {}  # token to its end

    def revoke_tokens(self) -> None:
        self._issued.clear()

    def check(self, request: web.Request) -> None:
        """Of a request to Graph."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        good = scheme == "Bearer" and self._issued.get(token, 0.0) > time.monotonic()
        if not good or self.refuses_tokens:
            raise Refused(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")

    async def answer(self, request: web.Request, url: str) -> web.StreamResponse:
        base = f"{url}/{self.tenant}"
        if request.path == f"/{self.tenant}/v2.0/.well-known/openid-configuration":
            return web.json_response(
                {
                    "issuer": f"{base}/v2.0",
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "jwks_uri": f"{base}/discovery/v2.0/keys",
                }
            )
        if request.path == f"/{self.tenant}/oauth2/v2.0/token" and request.method == "POST":
            self.asked += 1
            return self._token(dict(await request.post()), f"{base}/oauth2/v2.0/token", url)
        return _refusal(400, "invalid_tenant", 90002, "Tenant not found.")

    def _token(self, form: dict[str, Any], endpoint: str, url: str) -> web.StreamResponse:
        if self.trouble == "unavailable":
            return _refusal(503, "temporarily_unavailable", 90033, "A transient error has occurred.", wait="1")
        if self.trouble == "throttled":
            return _refusal(429, "temporarily_unavailable", 50196, "Too many requests.")
        if form.get("client_id") != self.client_id:
            return _refusal(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        if self.trouble == "app_disabled":
            return _refusal(401, "unauthorized_client", 7000112, "Application is disabled.")
        if self.trouble == "blocked":
            return _refusal(400, "invalid_grant", 53003, "Access has been blocked by Conditional Access policies.")
        if form.get("grant_type") != "client_credentials" or form.get("scope") != f"{url}/.default":
            return _refusal(400, "invalid_request", 900144, "The request body must contain other parameters.")
        if form.get("client_assertion_type") == _ASSERTION:
            problem = self._assertion_problem(str(form.get("client_assertion")), endpoint)
            if problem:
                return _refusal(401, "invalid_client", 700027, problem)
        elif self.trouble == "expired_secret":
            return _refusal(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
        elif form.get("client_secret") not in self.secrets:
            return _refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return self._issue()

    def _issue(self) -> web.StreamResponse:
        now = time.time()
        claims = {"aud": "https://graph.microsoft.com", "appid": self.client_id, "tid": self.tenant, "iat": int(now)}
        claims |= {"exp": int(now + self.token_life), "roles": self.roles, "uti": secrets.token_hex(8)}
        token = jwt.encode(claims, self._key, algorithm="HS256")
        self._issued[token] = time.monotonic() + self.token_life
        return web.json_response(
            {"token_type": "Bearer", "expires_in": int(self.token_life), "ext_expires_in": 0, "access_token": token}
        )

    def _assertion_problem(self, assertion: str, endpoint: str) -> str:
        """Why the assertion is not by a registered certificate for this endpoint; "" when it is."""
        for pem in self.certificates:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            try:
                claims = jwt.decode(assertion, key, algorithms=["PS256", "RS256"], audience=endpoint)
            except jwt.PyJWTError:
                continue
            if claims.get("iss") == claims.get("sub") == self.client_id:
                return ""
        return "The certificate with identifier used to sign the client assertion is not registered on application."


def _refusal(status: int, error: str, code: int, text: str, wait: str = "") -> web.StreamResponse:
    body = {"error": error, "error_codes": [code], "error_description": f"AADSTS{code}: {text}"}
    return web.json_response(body, status=status, headers={"Retry-After": wait} if wait else {})
