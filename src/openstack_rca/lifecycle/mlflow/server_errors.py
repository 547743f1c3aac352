"""What a tracking server, a proxy before it or a database says, in our words (``server_words.yaml``)."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlparse, urlsplit, urlunsplit

from openstack_rca.errors import (
    ConfigurationError,
    LifecycleError,
    RegistryFailed,
    RegistryRefused,
    RegistryUnavailable,
)
from openstack_rca.extras import require_extra
from openstack_rca.lifecycle.objects import meaning, proxy_for

MISSING = "RESOURCE_DOES_NOT_EXIST"
LONGEST_QUOTE = 300


def without_password(uri: str) -> str:
    """A URI that can be shown: the user's name stays, the password goes."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    host = parts.netloc.rsplit("@", 1)[1]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def called(uri: str) -> str:
    """What to call the place behind a tracking URI: a server, a database server, or the file of an embedded database."""
    scheme = urlparse(uri).scheme
    if scheme in ("http", "https"):
        return f"The MLflow tracking server {without_password(uri)}"
    if scheme.startswith("sqlite"):
        return f"The tracking database {uri.split('///', 1)[-1].split('?', 1)[0]}"
    return f"The tracking database {without_password(uri)}"


def said(text: str, uri: str, proxy: str = "") -> LifecycleError | None:
    """The error for an answer (``text``) of a server or of a ``proxy`` before it; ``None`` if the table does not know it."""
    row = meaning(text, "openstack_rca.lifecycle.mlflow", "server_words.yaml")
    if row is None:
        return None
    message = f"{called(uri)} {row.what.format(proxy=proxy or 'of this machine')}"
    # A cached version may stand in meanwhile, unless the row says that it is the server's own trouble, or its answer.
    return (row.kind or RegistryUnavailable)(message, row.remedy.format(uri=without_password(uri)))


def unavailable(uri: str, reason: str) -> RegistryUnavailable:
    """The error for a server that does not answer; ``reason`` in a few words."""
    return RegistryUnavailable(
        f"{called(uri)} does not answer ({reason}).", "Check that it runs and that MLFLOW_TRACKING_URI is right."
    )


def require_mlflow(uri: str) -> None:
    """Make sure that MLflow is installed. Raises ExtraMissing: it is not."""
    require_extra("mlflow", f"Keeping runs and versions in {without_password(uri)}")


@contextmanager
def registry_errors(uri: str) -> Iterator[None]:
    """Turn MLflow's errors into ours; "does not exist" is the caller's to catch before.

    Raises RegistryUnavailable: no answer, a failing server, or refused credentials. RegistryRefused: the server will not do
    this. ConfigurationError: a database driver or the extra is missing.
    """
    require_mlflow(uri)
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The database driver {error.name} for {without_password(uri)} is not installed.",
            "Install it, or name an installed one (postgresql+psycopg2://).",
        ) from error
    except NoSuchModuleError as error:
        raise ConfigurationError(
            f"There is no database driver for {without_password(uri)}.", "Name one that exists: postgresql+psycopg2://."
        ) from error
    except (SQLAlchemyError, CommandError) as error:
        raise said(str(error), uri) or unavailable(uri, type(error).__name__) from error
    except RequestException as error:
        raise said(str(error), uri, proxy_for(uri)) or _request_failed(error, uri) from error
    except MlflowException as error:
        code, text = str(error.error_code), str(error)
        known = said(f"{code} {text}", uri, proxy_for(uri))
        if known is not None:
            raise known from error
        if code not in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
            raise RegistryRefused(
                f"{called(uri)} refused the request: {text.splitlines()[0][:LONGEST_QUOTE]}",
                "Correct what it names, or ask who runs the server.",
            ) from error
        if "failed with exception" in text:
            raise unavailable(uri, "the connection broke or nobody answered") from error
        raise _failed(uri, text) from error


def _request_failed(error: OSError, uri: str) -> LifecycleError:
    """A file that was refused: its request does not go through MLflow's own client."""
    if getattr(error, "response", None) is None:
        return unavailable(uri, "the connection broke or nobody answered")
    return _failed(uri, str(error))


def _failed(uri: str, text: str) -> RegistryFailed:
    quoted = text.strip().splitlines()[0][:LONGEST_QUOTE] if text.strip() else "no reason given"
    return RegistryFailed(f"{called(uri)} failed: {quoted}", "Its own log says why; for its database or its bucket.")
