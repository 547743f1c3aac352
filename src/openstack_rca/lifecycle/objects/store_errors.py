"""What a store's library says, in our words.

Messages name the place and the remedy; of the answer's text only the code and the message are passed on.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse, urlsplit, urlunsplit

from openstack_rca.errors import (
    LifecycleError,
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreError,
    StoreObjectExists,
    StoreObjectNotFound,
    StoreUnavailable,
)
from openstack_rca.lifecycle.objects.files import NO_ROOM
from openstack_rca.lifecycle.objects.sayings import meaning

BUSY = (408, 429)
"""Answers that ask to come again later."""
IN_THE_WAY = (
    "ConditionalRequestConflict|OperationAborted|conflicting (conditional )?operation"
    "|InvalidObjectState|is archived|archived blob|BlobArchived"
)
"""What stores say with the status of a key that is taken, although something else is in the way."""


class ConditionNotSupportedError(StoreError):
    """The server does not know ``If-None-Match`` on writes."""


@contextmanager
def store_errors(root: str, address: str, key: str, *, writing: bool = False) -> Iterator[None]:
    """Turn the store library's errors in the block into ours (``StoreError`` and its kinds).

    Args:
        address: what to call the server when it does not answer.
        key: the object that is worked on; empty for a listing.
        writing: "not found" then means that the bucket is missing, not the object.
    """
    from obstore import exceptions

    where = f"{root}/{key}" if key else root
    try:
        yield
    except exceptions.AlreadyExistsError as error:
        if re.search(IN_THE_WAY, str(error)):
            raise _remote_trouble(str(error), root, address, where) from error
        raise key_taken(where) from error
    except (FileNotFoundError, exceptions.NotFoundError) as error:
        bucket_is_missing = "NoSuchBucket" in str(error) or writing or not key
        if bucket_is_missing and not _is_local(root):
            raise _bucket_not_found(root) from error
        raise StoreObjectNotFound(f"There is no object {where}.") from error
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        if _is_local(root):
            raise _not_ours(root) from error
        raise _remote_trouble(str(error), root, address, where) from error
    except NotImplementedError as error:
        raise ConditionNotSupportedError(f"The store refused a conditional write to {where}.") from error
    except (exceptions.BaseError, OSError, ValueError) as error:
        text = str(error).split("Debug source", 1)[0]
        if _is_local(root):
            number = error.errno if isinstance(error, OSError) else None
            raise _local_trouble(f"{text} (os error {number})" if number else text, root, where) from error
        raise _remote_trouble(str(error), root, address, where) from error


def key_taken(where: str) -> StoreObjectExists:
    """The error for a key that holds an object already."""
    return StoreObjectExists(f"{where} exists already; nothing was overwritten.")


@contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """Turn an OSError in the block into a StoreError that says why ``target`` cannot be written."""
    try:
        yield
    except OSError as error:
        message = f"{target} cannot be written: {error.strerror}."
        raise StoreError(message, way_on(error)) from error


def way_on(error: OSError) -> str:
    """The hint for a file that cannot be written: a sentence on what to do."""
    if error.errno in NO_ROOM:
        return "Free some space or name another place."
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return "A file is where its folder should be; name another place."
    return "Name a place that this user may write."


def _is_local(root: str) -> bool:
    return root.startswith("file:")


def _remote_trouble(text: str, root: str, address: str, where: str) -> LifecycleError:
    whole, text = text, text.split("Debug source", 1)[0]
    found = re.search(r"status code: (\d{3})", text)
    status = int(found.group(1)) if found else 0
    if status == 501:
        return ConditionNotSupportedError(f"The store refused a conditional write to {where}.")
    # Of a certificate only the library's own notes tell.
    known = said(text, root, address, where) or (said(whole, root, address, where) if not status else None)
    if known is not None:
        return known
    if status == 404:
        return _bucket_not_found(root)
    if 400 <= status < 500 and status not in BUSY:
        return StoreError(
            f"The object store refused {where}: {_reason(text)}", "Correct what it names, or ask who runs the store."
        )
    # Broken connections, time limits, 5xx and answers that are not a store's at all.
    return no_answer(address)


def no_answer(address: str) -> StoreUnavailable:
    """The error for a store that does not answer; a proxy on the way there is named."""
    proxy = proxy_for(address)
    if proxy:
        return StoreUnavailable(
            f"The object store {address} does not answer by way of the proxy {proxy}.",
            "Check the proxy (HTTP_PROXY, HTTPS_PROXY), or name the store in NO_PROXY.",
        )
    return StoreUnavailable(
        f"The object store {address} does not answer.", "Check that it runs and that MLFLOW_S3_ENDPOINT_URL is right."
    )


def proxy_for(address: str) -> str:
    """The proxy that the environment names for a server, without its password; empty if there is none."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlparse(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return ""
    proxy = urlsplit(getproxies().get(parts.scheme, ""))
    return urlunsplit(proxy._replace(netloc=proxy.netloc.rsplit("@", 1)[-1])).rstrip("/")


def _local_trouble(text: str, root: str, where: str) -> StoreError:
    found = re.search(r"os error (\d+)", text)
    number = int(found.group(1)) if found else 0
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _not_ours(root)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return StoreUnavailable(f"No space is left to write {where}.", "Free some space and run again.")
    return StoreError(
        f"{where} cannot be used: {_first_line(text)}",
        "Check OPENSTACK_RCA_HOME, and MLFLOW_ARTIFACT_ROOT if you set it.",
    )


def _not_ours(root: str) -> StoreAccessDenied:
    return StoreAccessDenied(
        f"This user may not read or write {root}.", "Change its owner or set MLFLOW_ARTIFACT_ROOT."
    )


def _bucket_not_found(root: str) -> StoreBucketNotFound:
    return StoreBucketNotFound(
        f"The bucket {urlparse(root).netloc} does not exist.", "Create it, or correct MLFLOW_ARTIFACT_ROOT."
    )


def _reason(text: str) -> str:
    """The code and the message of an S3 answer; the rest of it may name keys and signatures."""
    found = re.search(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>", text)
    return f"{found.group(1)}, {found.group(2)}" if found else _first_line(text)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else "no reason given"


REGION = re.compile(
    r"expecting '(?P<expecting>[\w-]+)'|<Region>(?P<region>[\w-]+)</Region>|x-amz-bucket-region: (?P<header>[\w-]+)"
    r"|s3[.-](?P<endpoint>[a-z]{2}-[a-z]+-\d)\.amazonaws"
)


def said(text: str, root: str, address: str, where: str) -> LifecycleError | None:
    """The error for a store's answer (``text``, with its status); ``where`` names the object. ``None`` if it is not known."""
    found = REGION.search(text)
    region = next((value for value in found.groups() if value), None) if found else None
    facts = {
        "root": root,
        "bucket": urlparse(root).netloc,
        "address": address,
        "where": where,
        "region": region or "the bucket's region",
    }
    row = meaning(text, "openstack_rca.lifecycle.objects", "store_words.yaml")
    return (row.kind or StoreError)(row.what.format(**facts), row.remedy.format(**facts)) if row else None
