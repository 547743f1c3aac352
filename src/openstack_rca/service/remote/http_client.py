"""Asking HTTP servers: bounded in time and size, patient with 429, never from https to http, and every failure a sentence."""

import base64
import http.client
import ipaddress
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from openstack_rca.errors import ConfigurationError, RemoteLogsUnavailable
from openstack_rca.rca.report import mask_secrets, one_line
from openstack_rca.settings import Settings

ATTEMPTS = 4
LONGEST_WAIT = 20.0
LARGEST_ANSWER = 256 * 1024 * 1024


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows a redirect on the same server only: credentials go nowhere else, and https never turns into http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The next request, or None to take the redirect as an error."""
        before, after = urlsplit(req.full_url), urlsplit(newurl)
        if (before.scheme, before.netloc) != (after.scheme, after.netloc):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Web:
    """A client of HTTP servers; ``wanted`` names the variables for credentials, for the error where a server refuses them."""

    def __init__(self, settings: Settings, headers: Mapping[str, str] | None = None, wanted: str = "") -> None:
        self.settings = settings
        self.headers = {"User-Agent": "openstack-rca", **(headers or {})}
        self.wanted = wanted
        context = ssl.create_default_context(cafile=str(settings.ca_bundle) if settings.ca_bundle else None)
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _SameScheme())
        self._pause = threading.Event()

    @contextmanager
    def opened(self, url: str, data: bytes | None = None, method: str | None = None) -> Iterator[IO[bytes]]:
        """An answer as a stream; a busy server is asked again.

        Raises RemoteLogsUnavailable: it is silent, refuses or fails. ConfigurationError: as for ``require_private``.
        """
        headers = self.headers | ({"Content-Type": "application/json"} if data is not None else {})
        if "Authorization" in self.headers:
            require_private(url)
        request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310 - http and https only
        where = _where(url)
        for attempt in range(ATTEMPTS):
            try:
                with self._opener.open(request, timeout=self.settings.network_timeout_seconds) as answer:
                    yield answer
                    return
            except urllib.error.HTTPError as error:
                with error:
                    wait = _wait(error, attempt)
                    if wait is None or attempt == ATTEMPTS - 1:
                        raise self._refused(error, where) from None
                self._pause.wait(wait)
            except TimeoutError:
                raise RemoteLogsUnavailable(
                    f"{where} has not answered within {self.settings.network_timeout_seconds:g} s.",
                    "OPENSTACK_RCA_NETWORK_TIMEOUT sets how long to wait.",
                ) from None
            except urllib.error.URLError as error:
                reason = getattr(error.reason, "strerror", None) or error.reason
                raise RemoteLogsUnavailable(
                    f"{where} cannot be reached: {one_line(str(reason), 200)}.", "Check address and network."
                ) from None
            except (OSError, ValueError) as error:
                raise RemoteLogsUnavailable(
                    f"The answer of {where} broke off: {one_line(str(error), 200)}.", "Try again."
                ) from None

    def json(self, url: str, data: Any = None, method: str | None = None) -> Any:
        """An answer in JSON; raises as ``opened``, and RemoteLogsUnavailable: it is not JSON."""
        body = None if data is None else json.dumps(data).encode()
        with self.opened(url, body, method) as answer:
            text = answer.read(LARGEST_ANSWER)
        try:
            return json.loads(text)
        except ValueError:
            raise RemoteLogsUnavailable(
                f"{_where(url)} answered with something that is not JSON.",
                "Check that the address is that of the service.",
            ) from None

    def _refused(self, error: urllib.error.HTTPError, where: str) -> RemoteLogsUnavailable:
        said = one_line(mask_secrets(error.read(300).decode("utf-8", "replace")), 200)
        if error.code in (401, 403):
            hint = (
                f"Set {self.wanted}." if self.wanted else "The server wants credentials, which are not supported here."
            )
            return RemoteLogsUnavailable(f"{where} refuses the credentials ({error.code}).", hint)
        if error.code == 429:
            return RemoteLogsUnavailable(
                f"{where} asks for fewer requests (429), still after {ATTEMPTS}.", "Try later."
            )
        return RemoteLogsUnavailable(
            f"{where} answered {error.code}: {said or error.reason}.", "Check the address.", error.code
        )


def require_private(url: str) -> None:
    """Raise ConfigurationError unless credentials would travel encrypted or stay on this machine."""
    parts = urlsplit(url)
    try:
        here = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = False
    if parts.scheme != "https" and not here:
        raise ConfigurationError(
            f"Credentials for {parts.hostname} would travel in clear text.", "Use https, or remove the credentials."
        )


def _wait(error: urllib.error.HTTPError, attempt: int) -> float | None:
    """Seconds until it is worth another try; None where it is not."""
    if error.code not in (429, 502, 503, 504):
        return None
    said = error.headers.get("Retry-After", "")
    return min(float(said) if said.isdecimal() else 0.5 * 2**attempt, LONGEST_WAIT)


def _where(url: str) -> str:
    parts = urlsplit(url)
    return one_line(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}", 200)


def authorisation(token: SecretStr | None, user: str | None, password: SecretStr | None) -> dict[str, str]:
    """The header for a token, or for a user with a password; none for neither."""
    if token:
        return {"Authorization": f"Bearer {token.get_secret_value()}"}
    if user:
        pair = f"{user}:{password.get_secret_value() if password else ''}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}
