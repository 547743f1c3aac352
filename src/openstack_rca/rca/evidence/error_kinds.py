"""What kind of fault an error is that no rule knows: one table, from what is most exact to what is least.

A line tells its kind by the class of an exception, by an error number of the system, by a number of the database, by a status of
HTTP, or by plain words; the first row that fits decides. The telling line of an event is read first: the last line of the
exception, or what a command wrote to its standard error.
"""

from __future__ import annotations

import re

from openstack_rca.rca.vocabulary import Category

_TABLE: tuple[tuple[Category, str], ...] = (
    # Numbers of the database, which say more than the class that carries them.
    (Category.NETWORK, r"\(2005, |Unknown MySQL server host"),
    (Category.PROCESS_DOWN, r"\(200[23], |\(2013, .{0,40}reading initial"),
    (Category.HANG, r"\(2003, .{0,120}timed out"),
    (Category.AUTH, r"\(104[45], |\(1142, |\(1698, |SQLSTATE\[?28|password authentication failed"),
    (Category.CONFIG, r"\(1049, |database \S{1,80} does not exist"),
    (Category.CAPACITY, r"\(1040, |\(1203, |\(1226, |\(1114, |\(1021, |too many clients|QueuePool limit"),
    (
        Category.DATABASE,
        r"\((?:1146|1054|1205|1213|1290|1047|1927|2006|2013), |deadlock found|InnoDB|galera|wsrep|group_replication"
        r"|[Nn]o primary available|NotWritablePrimary",
    ),
    # Names and routes before the connections that fail for want of them.
    (
        Category.NETWORK,
        r"getaddrinfo|name resolution|[Cc]ould not resolve|Name or service not known|EAI_AGAIN|gaierror|No address associated"
        r"|Errno (?:101|113)\b|E(?:NET|HOST)UNREACH|[Nn]etwork is unreachable|[Nn]o route to host|PortBindingFailed"
        r"|VirtualInterfaceCreateException|binding_failed",
    ),
    (
        Category.CONFIG,
        r"Errno (?:98|99)\b|EADDRINUSE|EADDRNOTAVAIL|[Aa]ddress already in use|[Cc]annot assign requested",
    ),
    (
        Category.CONFIG,
        r"EndpointNotFound|EmptyCatalog"
        r"|ModuleNotFoundError|ImportError|No module named|NoSuchOptError|ConfigFile\w{0,60}Error|RequiredOptError|NoMatches\b"
        r"|Invalid\w{0,60}Configuration|Configuration\w{0,60}Invalid|InvalidPolicy|PolicySyntax|ConfigurationError"
        r"|\bNameError|\bSyntaxError|\bAttributeError|ParseError|ScannerError|ParserError|JSONDecodeError",
    ),
    (
        Category.CONFIG,
        r"(?i)certificate|\bSSLError|\bTLS\b.{0,40}(?:alert|fail|error)|host key verification|unknown ca\b",
    ),
    (
        Category.AUTH,
        r"(?i)\bUnauthorized\b|AuthenticationFail|AccessRefused|ACCESS_REFUSED|NotAuthorized|\bForbidden\b|PolicyNotAuthorized"
        r"|\bHTTP 40[13]\b|requires authentication|access denied|authentication (?:to \w{1,40} )?fail|permission error"
        r"|invalid credentials"
        r"|RBAC rules"
        r"|credentials? (?:\w{1,40} ){0,3}(?:incorrect|invalid|wrong|rejected)|account .{0,40}\block(?:ed|out)"
        r"|log(?:in|on) (?:failed|failure)"
        r"|(?:incorrect|bad|wrong) (?:user ?name|password|credential)",
    ),
    (Category.CONFIG, r"(?i)permission denied|Errno 13\b|\bEACCES\b|PermissionError|operation not permitted"),
    (
        Category.CAPACITY,
        r"(?i)no space left|exceed the capacity"
        r"|Errno (?:12|24|28)\b|ENOSPC|out of memory|MemoryError|cannot allocate memory|too many open files"
        r"|QuotaExceeded|OverQuota|over quota|quota exceeded|LimitExceeded|exhausted|insufficient|not enough|no more "
        r"|no (?:\w{1,40} ){1,3}(?:is |are |was |were |left |remains? )?available"
        r"|\bno (?:\w{1,40} ){1,3}left\b|(?:slots|connections) are reserved|too many connections|limit (?:.{0,40} )?reached"
        r"|reached (?:\w{1,40} ){0,3}(?:limit|threshold|maximum)|MaxRetriesExceeded|\b(?:413|429|507)\b",
    ),
    (
        Category.DATABASE,
        r"\bDB(?:Error|Deadlock|DuplicateEntry|ReferenceError)|ProgrammingError|IntegrityError|alembic",
    ),
    (
        Category.STORAGE,
        r"(?i)Errno (?:5|30)\b|\bEIO\b|\bEROFS\b|input/output error|read-only file ?system|VolumeBackend|DriverNotInitialized"
        r"|driver (?:not ready|is(?:n't| not) initiali[sz]ed)|no suitable device|root device|volume group|logical volume"
        r"|multipath|iscsi|\blun\b|\brbd\b|rados|\bmount\b|filesystem|\bdisk\b.{0,30}(?:fail|error|not found)|corrupt",
    ),
    (
        Category.MESSAGING,
        r"(?i)MessageDeliveryFailure|PRECONDITION_FAILED|NOT_FOUND - no (?:queue|exchange)|RESOURCE_LOCKED|\bamqp\b",
    ),
    (Category.HANG, r"(?i)Timeout\b|timed? ?out|Errno 110\b|ETIMEDOUT|\b504\b|deadlock|not responding"),
    (
        Category.PROCESS_DOWN,
        r"(?i)connection (?:refused|reset|aborted|closed)|ECONNREFUSED|Errno (?:104|111|32)\b|broken pipe|segfault|core dumped"
        r"|killed|\b50[23]\b|bad gateway|service unavailable|unable to (?:establish|connect)|failed to (?:connect|establish)"
        r"|max retries exceeded|remote end closed|exited|(?:is|are|seems) (?:down|dead|not running)|neither .{1,60} running",
    ),
    (
        Category.CONFIG,
        r"(?i)\bnot (?:set|configured|specified|defined|supported|valid|a valid)\b|must be (?:specified|set|one of)|unsupported"
        r"|malformed|cannot parse|could not parse|invalid|unknown (?:option|driver|parameter|argument)|mis-?match|missing option"
        r"|unrecogni[sz]ed|cannot be enabled|\b400\b|Bad ?Request|ValueError|TypeError|cannot find suitable|incompatible|option",
    ),
    (
        Category.DATA_MISSING,
        r"(?i)not ?(?:be )?found|\b404\b|does ?n[o']t exist|no such|FileNotFoundError|Errno 2\b|missing|lost",
    ),
)
KINDS = tuple((category, re.compile(pattern)) for category, pattern in _TABLE)
"""The rows of the table, the most exact first."""

_STANDARD_ERROR = re.compile(r"(?m)^[^\S\n]*(?:Stderr|stderr): (?:u?['\"])?\s*(.+?)(?:\\r)?(?:\\n)?['\"]?$")


LONGEST_STATEMENT = 280
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

OWN_KIND = {
    "mariadb": Category.DATABASE,
    "postgresql": Category.DATABASE,
    "rabbitmq": Category.MESSAGING,
    "storage": Category.STORAGE,
}
"""Servers whose errors are of one kind where the words tell no other plainly."""

UNTOLD_KIND = Category.CONFIG
"""Of the errors of the field that tell no kind, most were mistakes in what a service was told."""

_PLAINLY_TOLD = (Category.CAPACITY, Category.AUTH, Category.NETWORK)


def kind_of_error(component: str, *texts: str) -> Category:
    """Kind of fault of an error that a component logs and that no rule knows; the texts as for ``kind_of``."""
    told = kind_of(*texts)
    own = OWN_KIND.get(component)
    if own is not None and told not in _PLAINLY_TOLD:
        return own
    return told or UNTOLD_KIND


def kind_of(*texts: str) -> Category | None:
    """Kind of fault that the first of the texts speaks of that speaks of any; None where all are silent."""
    for text in texts:
        for category, pattern in KINDS:
            if pattern.search(text):
                return category
    return None


def telling_line(message: str, exception: str | None, detail: str | None) -> str:
    """The line of an event that says most: what a command wrote to its standard error, the exception, or the message.

    Args:
        message: first line of the event.
        exception: class and text of the exception that was raised last.
        detail: the lines below the message.
    """
    written = _STANDARD_ERROR.findall(detail or "")
    if written:
        return str(written[-1])
    raised = (exception or "").strip().split("\n")[0]
    if raised and raised not in message:
        return raised
    return message.strip()


def printable_statement(message: str, exception: str | None, detail: str | None) -> str:
    """``statement_of`` without control characters, of bounded length: log text is hostile."""
    return _CONTROL.sub(" ", statement_of(message, exception, detail, LONGEST_STATEMENT))


def statement_of(message: str, exception: str | None, detail: str | None, longest: int) -> str:
    """One sentence of the logger's own words: the telling line first, and where it stood."""
    told = telling_line(message, exception, detail)
    first = message.strip()
    words = told if told in first or first in told else f"{told} ({first})"
    words = first if told in first else words
    return words if len(words) <= longest else words[: longest - 1] + "…"
