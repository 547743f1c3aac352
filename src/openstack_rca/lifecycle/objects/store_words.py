"""What an object store answers, in our words: what it means and what to do.

One row of ``SAID`` a sentence, the most telling first. Codes and messages are those of the documentation and the sources of
AWS, MinIO, Ceph, OpenStack Swift, Cloudflare R2, Backblaze B2, Wasabi, Google and Azure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlparse

from openstack_rca.errors import (
    StoreAccessDenied,
    StoreBucketNotFound,
    StoreError,
    StoreUnavailable,
)

KEYS = "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"
CONFLICT = "ConditionalRequestConflict|OperationAborted|conflicting (conditional )?operation"
ARCHIVED = "InvalidObjectState|is archived|archived blob|BlobArchived"
REGION = re.compile(
    r"expecting '(?P<expecting>[\w-]+)'|<Region>(?P<region>[\w-]+)</Region>|x-amz-bucket-region: (?P<header>[\w-]+)"
    r"|s3[.-](?P<endpoint>[a-z]{2}-[a-z]+-\d)\.amazonaws"
)


@dataclass(frozen=True)
class Said:
    """A sentence of a store.

    Attributes:
        sign: regular expression that finds it in the answer.
        what: the whole message; ``{root}``, ``{bucket}``, ``{address}``, ``{region}`` are put in.
        remedy: what to do about it.
        kind: ``StoreUnavailable`` where trying again may help.
    """

    sign: str
    what: str
    remedy: str
    kind: type[StoreError] = StoreError


SAID = (
    # Where the bucket is
    Said(
        "PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint|InvalidRegion"
        "|redirect without LOCATION|region '[^']*' is wrong|status code: 30[127]",
        "The bucket {bucket} is in another region than requests are signed for.",
        "Set AWS_DEFAULT_REGION to {region}, and MLFLOW_S3_ENDPOINT_URL to that region's address if you set it.",
    ),
    Said(
        "NoSuchBucket|ContainerNotFound|The specified (bucket|container) does not exist|NoSuchContainer",
        "The bucket {bucket} does not exist.",
        "Create it, or correct MLFLOW_ARTIFACT_ROOT.",
        StoreBucketNotFound,
    ),
    Said(
        "InvalidBucketName",
        "The bucket cannot be called {bucket}: the object store does not take the name.",
        "Correct MLFLOW_ARTIFACT_ROOT.",
        StoreBucketNotFound,
    ),
    # Who asks
    Said(
        "SignatureDoesNotMatch|signature we calculated does not match",
        "The object store refused the credentials for {root}: the secret does not fit the access key (SignatureDoesNotMatch).",
        "Check AWS_SECRET_ACCESS_KEY for missing or added characters. A proxy that changes the path or the Host header "
        "breaks signatures too.",
        StoreAccessDenied,
    ),
    Said(
        "InvalidAccessKeyId|Access Key Id you provided does not exist|Credential access key has length",
        "The object store refused the credentials for {root}: it does not know the access key (InvalidAccessKeyId).",
        "Check AWS_ACCESS_KEY_ID, and that it is a key of this store (MLFLOW_S3_ENDPOINT_URL).",
        StoreAccessDenied,
    ),
    Said(
        "ExpiredToken|TokenRefreshRequired|token has expired|security token included in the request is expired",
        "The object store refused the credentials for {root}: they have expired (ExpiredToken).",
        "Get new ones and set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
        StoreAccessDenied,
    ),
    Said(
        "InvalidToken|InvalidClientTokenId|security token included in the request is invalid",
        "The object store refused the credentials for {root}: the session token is not valid (InvalidToken).",
        "Correct AWS_SESSION_TOKEN, or unset it where the keys are not temporary.",
        StoreAccessDenied,
    ),
    Said(
        "RequestTimeTooSkewed|RequestExpired|time too skewed",
        "The object store refused {where}: the clocks differ too much (RequestTimeTooSkewed).",
        "Set the clock of this machine (chrony, ntp).",
        StoreAccessDenied,
    ),
    Said(
        "AuthenticationFailed|failed to authenticate the request|InvalidAuthenticationInfo|invalid_grant"
        "|KeyBasedAuthenticationNotPermitted|Invalid Credentials|Anonymous caller|status code: 401",
        "The object store refused the credentials for {root}.",
        KEYS + ", for gs:// GOOGLE_APPLICATION_CREDENTIALS, for az:// AZURE_STORAGE_ACCOUNT_KEY.",
        StoreAccessDenied,
    ),
    # Room
    Said(
        "QuotaExceeded|Upload exceeds quota|QuotaBytes|cap.exceeded|over its quota",
        "The object store took nothing for {where}: the quota of the bucket or of its owner is used up.",
        "Remove what is old (openstack-rca models prune), or ask for a larger quota.",
    ),
    Said(
        "InsufficientStorage|Insufficient Storage|XMinioStorageFull|StorageFull|status code: 507|minimum free drive",
        "The object store has no space left for {where}.",
        "Free some space there, or ask who runs it.",
    ),
    Said(
        "EntityTooLarge|Entity Too Large|status code: 413",
        "The object store, or a proxy before it, takes no object as large as {where}.",
        "Raise the limit of the proxy (nginx: client_max_body_size), or send smaller parts: "
        "OPENSTACK_RCA_S3_MULTIPART_THRESHOLD and OPENSTACK_RCA_S3_MULTIPART_CHUNKSIZE.",
    ),
    # What it demands of an object
    Said(
        ARCHIVED,
        "{where} is in an archive and cannot be read (InvalidObjectState).",
        "Restore it there first; set OPENSTACK_RCA_S3_STORAGE_CLASS to a class that can be read at once.",
    ),
    Said(
        r"kms:\w+|KMS\.\w+|KMS is not configured|KMSKey|KmsKey|KMS key|customer master key",
        "The object store cannot use the key that encrypts {where}.",
        "Check OPENSTACK_RCA_S3_KMS_KEY_ID, and the rights kms:GenerateDataKey and kms:Decrypt.",
        StoreAccessDenied,
    ),
    Said(
        "(server.side.encryption|SSE)[^<]*(require|must|missing|not specified)|(require|must)[^<]*(server.side.encryption|SSE)"
        "|InvalidEncryptionMethod|InvalidEncryptionAlgorithm",
        "The object store takes {where} only encrypted as it says.",
        "Set OPENSTACK_RCA_S3_SERVER_SIDE_ENCRYPTION to AES256 or aws:kms.",
    ),
    Said(
        "InvalidStorageClass",
        "The object store has no storage class as asked for {where}.",
        "Correct OPENSTACK_RCA_S3_STORAGE_CLASS, or unset it.",
    ),
    Said(
        "ObjectLock|Object Lock|WORM|under retention|BlobImmutableDueToPolicy",
        "The object store keeps {where} unchanged until its retention ends.",
        "Wait for that, or ask who set the object lock of the bucket.",
    ),
    Said(
        "BadDigest|XAmzContentSHA256Mismatch|InvalidDigest",
        "What arrived for {where} is not what was sent.",
        "Look for a proxy that changes what passes through it.",
    ),
    # Who may not
    Said(
        "AccountProblem|Account(Is)?Disabled|AllAccessDisabled|(Account|User)Suspended|NotSignedUp|NotEntitled|billing account",
        "The object store has closed the account that {root} belongs to.",
        "Ask who pays for it.",
        StoreAccessDenied,
    ),
    Said(
        "explicit deny|AccessDenied|AccessForbidden|AuthorizationPermissionMismatch|AuthorizationFailure"
        "|not authorized to perform|does not have storage|access denied|not entitled",
        "The object store knows the credentials for {root} and does not allow this ({where}).",
        "Give them the rights of docs/security.md. A policy may also demand encryption "
        "(OPENSTACK_RCA_S3_SERVER_SIDE_ENCRYPTION) or let in other networks only.",
        StoreAccessDenied,
    ),
    Said(
        "status code: 403",
        "The object store refused the credentials for {root}.",
        KEYS + ", and what they may do there.",
        StoreAccessDenied,
    ),
    # Not now
    Said(
        CONFLICT,
        "Another writer is at {where} in this very moment.",
        "Try again.",
        StoreUnavailable,
    ),
    Said(
        "SlowDown|reduce your request rate|Too ?Many ?Requests|status code: 4(29|98)|ServerBusy|RequestLimitExceeded",
        "The object store {address} is asked too much just now (SlowDown).",
        "Try again later.",
        StoreUnavailable,
    ),
    Said(
        "ServerNotInitialized|not initialized yet|no_tomes_available|RequestTimeout|OperationTimedOut"
        "|status code: 50[234]|ServiceUnavailable",
        "The object store {address} is not available just now; it says so itself, or a proxy before it.",
        "Try again later, or see whether it runs.",
        StoreUnavailable,
    ),
    # No store at all
    Said(
        "<!doctype html|<html|ETag Header missing|text/html",
        "What answers at {address} is no object store: it sends a web page.",
        "Correct MLFLOW_S3_ENDPOINT_URL: the port of the S3 interface, not that of the console or of a log-in page.",
    ),
    Said(
        "InvalidContentType|wrong version number|WRONG_VERSION_NUMBER",
        "The object store {address} does not speak TLS.",
        "Begin MLFLOW_S3_ENDPOINT_URL with http://.",
        StoreUnavailable,
    ),
    Said(
        "InvalidCertificate|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "The certificate is not trusted that the object store {address} shows.",
        "Set AWS_CA_BUNDLE (or OPENSTACK_RCA_CA_BUNDLE) to the certificates of its authority.",
        StoreUnavailable,
    ),
    Said(
        "CredentialsError|169.254.169.254|GenericCredential",
        "There are no credentials for {root}: neither keys nor a profile, and this machine has no role.",
        KEYS + ".",
        StoreAccessDenied,
    ),
)


def said(text: str, root: str, address: str, where: str) -> StoreError | None:
    """The error that a store's own words mean, ``None`` if no row knows them.

    Args:
        text: the answer, with its status.
        root: the artifact root.
        address: what to call the server.
        where: the object that it was about.
    """
    found = REGION.search(text)
    region = next((value for value in found.groups() if value), None) if found else None
    facts = {
        "root": root,
        "bucket": urlparse(root).netloc,
        "address": address,
        "where": where,
        "region": region or "the bucket's region",
    }
    for row in SAID:
        if re.search(row.sign, text, re.IGNORECASE):
            return row.kind(row.what.format(**facts), row.remedy.format(**facts))
    return None
