"""What a tracking server, a proxy before it or a database says, in our words: what it means and what to do.

One row of ``SAID`` a sentence; the sentences are those of MLflow's sources, of PostgreSQL's and SQLite's documentation and of
the proxies that people put before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlparse, urlsplit, urlunsplit

from openstack_rca.errors import (
    ConfigurationError,
    LifecycleError,
    RegistryFailed,
    RegistryRefused,
    RegistryUnavailable,
)
from openstack_rca.extras import require_extra
from openstack_rca.lifecycle.objects import proxy_for

MISSING = "RESOURCE_DOES_NOT_EXIST"
LONGEST_QUOTE = 300
LOG_IN = "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."


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


@dataclass(frozen=True)
class Said:
    """A sentence of a server.

    Attributes:
        sign: regular expression that finds it in what the client's library passes on.
        what: continues "The MLflow tracking server X ...".
        remedy: what to do about it.
        kind: ``RegistryUnavailable`` where a cached version may stand in meanwhile, ``RegistryFailed`` where it is the
            server's own trouble, ``RegistryRefused`` where asking again is of no use.
    """

    sign: str
    what: str
    remedy: str
    kind: type[LifecycleError] = RegistryUnavailable


SAID = (
    # TLS and the way there
    Said(
        "CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "shows a certificate that is not trusted.",
        "Set AWS_CA_BUNDLE, OPENSTACK_RCA_CA_BUNDLE or MLFLOW_TRACKING_SERVER_CERT_PATH to the certificates of its "
        "authority.",
    ),
    Said(
        "ProxyError|Unable to connect to proxy|Tunnel connection failed",
        "cannot be reached: the proxy {proxy} does not let the connection through.",
        "Correct HTTP_PROXY or HTTPS_PROXY, or name the server in NO_PROXY.",
    ),
    Said("WRONG_VERSION_NUMBER|wrong version number", "does not speak TLS.", "Begin MLFLOW_TRACKING_URI with http://."),
    # MLflow itself
    Said(
        "Invalid Host header",
        "does not serve the host name of this address (Invalid Host header).",
        "Start the server with --allowed-hosts and the name and port that clients use, or MLFLOW_SERVER_ALLOWED_HOSTS.",
    ),
    Said(
        "out-of-date database schema",
        "has the tables of another MLflow than the one that is installed here.",
        "Back the database up (openstack-rca backup, pg_dump), then run: mlflow db upgrade {uri} - where that does not know the "
        "revision, a newer MLflow made the tables: install that one.",
        RegistryRefused,
    ),
    Said(
        "Can't locate revision",
        "has tables that this MLflow does not know: a newer one made them.",
        "Install the MLflow that made them, or a newer one.",
        RegistryRefused,
    ),
    Said(
        "ENDPOINT_NOT_FOUND|error code 404|Not Found",
        "does not know this request: it is older than MLflow 3, or something else answers there.",
        "Update the server to MLflow 3 (mlflow --version), or correct MLFLOW_TRACKING_URI.",
        RegistryRefused,
    ),
    Said(
        "UNAUTHENTICATED|error code 401|not authenticated|Authorization Required|Unauthorized",
        "refused the credentials.",
        LOG_IN,
    ),
    Said(
        "PERMISSION_DENIED|error code 403|Forbidden|Permission denied\\b(?! for)",
        "does not let this user do that (the credentials are refused for it).",
        LOG_IN + " Or ask for the right to it.",
    ),
    Said(
        "error code 413|Entity Too Large|Content Too Large",
        "cannot be sent so much: a proxy before it limits the size of a request.",
        "Raise its limit (nginx: client_max_body_size).",
        RegistryFailed,
    ),
    Said("error code 429|too many 429|Too Many Requests", "is asked too often just now.", "Try again later."),
    Said(
        "error code 50[234]|too many 50[234]|Bad Gateway|Gateway Time-?out|Service (Temporarily )?Unavailable",
        "is down behind its proxy.",
        "Start the server, or wait until it has started.",
    ),
    Said(
        "NoCredentials|Unable to locate credentials",
        "has no keys for its bucket.",
        "Give the server AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; see docs/servers.md.",
        RegistryFailed,
    ),
    Said(
        "No module named '?boto",
        "cannot write to its bucket: it has no boto3.",
        "On the server: pip install boto3.",
        RegistryFailed,
    ),
    # PostgreSQL
    Said(
        "password authentication failed|no password supplied",
        "refused the password.",
        "Correct the user and password in MLFLOW_TRACKING_URI; write @, / and : of a password as %40, %2F and %3A.",
    ),
    Said(
        'role "[^"]*" does not exist',
        "does not know this user.",
        "Make it: sudo -u postgres createuser --pwprompt NAME",
    ),
    Said(
        'database "[^"]*" does not exist',
        "has no database of this name.",
        "Make it: sudo -u postgres createdb --owner USER NAME",
    ),
    Said(
        r"no pg_hba\.conf entry|pg_hba\.conf rejects|(Peer|Ident) authentication failed",
        "does not let this machine in.",
        "Add a line for it to pg_hba.conf on the database server, and reload it.",
    ),
    Said(
        "too many clients|remaining connection slots|too many connections|no more connections allowed|query_wait_timeout",
        "has no connection left.",
        "Try again later; raise max_connections, or put PgBouncer before it.",
    ),
    Said(
        "database system is (starting up|shutting down|in recovery mode|not yet accepting connections)"
        "|terminating connection due to administrator|server closed the connection unexpectedly",
        "is starting or stopping.",
        "Try again in a moment.",
    ),
    Said(
        "permission denied for (schema|table|database|relation|sequence)",
        "does not let this user make or use its tables.",
        "Since PostgreSQL 15 only the owner may: ALTER DATABASE ... OWNER TO ..., or GRANT ALL ON SCHEMA public.",
        RegistryRefused,
    ),
    Said(
        "read-only transaction|hot standby",
        "is a read-only copy.",
        "Name the primary server in MLFLOW_TRACKING_URI.",
        RegistryRefused,
    ),
    Said(
        "could not translate host name|Name or service not known|Temporary failure in name resolution",
        "has a host name that nobody knows.",
        "Correct MLFLOW_TRACKING_URI.",
    ),
    Said("server does not support SSL", "does not speak TLS.", "Take sslmode out of MLFLOW_TRACKING_URI."),
    # SQLite
    Said("database is locked", "is in use by another process.", "Wait for it, or stop it."),
    Said(
        "readonly database|unable to open database file",
        "cannot be written.",
        "Set OPENSTACK_RCA_HOME to a folder that this user may write, or correct MLFLOW_TRACKING_URI.",
    ),
    Said(
        "disk is full|No space left|disk I/O error|could not extend file",
        "cannot be written: no space is left.",
        "Free some space and run again.",
    ),
    Said(
        "file is not a database|disk image is malformed",
        "is damaged, or is no SQLite file.",
        "Put a copy back: openstack-rca restore FILE",
        RegistryRefused,
    ),
    # Last, for whatever was not known by its own words
    Said(
        "not in a valid JSON format|Expecting value|<!doctype html|<html",
        "answers with a web page: a log-in page of a proxy, or no MLflow.",
        "Correct MLFLOW_TRACKING_URI; where a proxy asks for a log-in, set MLFLOW_TRACKING_TOKEN.",
    ),
    Said(
        "too many 500 error responses",
        "fails with an error of its own (500).",
        "Its log says why: mostly its database, or the keys and the driver (boto3) of its bucket.",
        RegistryFailed,
    ),
)


def said(text: str, uri: str, proxy: str = "") -> LifecycleError | None:
    """The error that a server's own words mean, ``None`` if no row knows them.

    Args:
        text: what the client's library passed on.
        uri: the tracking URI.
        proxy: the proxy on the way there, to be named.
    """
    for row in SAID:
        if re.search(row.sign, text, re.IGNORECASE):
            message = f"{called(uri)} {row.what.format(proxy=proxy or 'of this machine')}"
            return row.kind(message, row.remedy.format(uri=without_password(uri)))
    return None


def unavailable(uri: str, reason: str) -> RegistryUnavailable:
    """The error for a server that does not answer; ``reason`` in a few words."""
    return RegistryUnavailable(
        f"{called(uri)} does not answer ({reason}).", "Check that it runs and that MLFLOW_TRACKING_URI is right."
    )


def require_mlflow(uri: str) -> None:
    """Make sure that MLflow is installed.

    Raises:
        ExtraMissing: it is not.
    """
    require_extra("mlflow", f"Keeping runs and versions in {without_password(uri)}")


@contextmanager
def registry_errors(uri: str) -> Iterator[None]:
    """Turn MLflow's errors into ours; "does not exist" is the caller's to catch before.

    Raises:
        RegistryUnavailable: no answer, a failing server, or refused credentials.
        RegistryRefused: the server answered that it will not do this.
        ConfigurationError: a database driver or the extra is missing.
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
