"""What a shell shows around the lines of a log that somebody printed: prompts with what was typed, logins and ends."""

import re
from collections.abc import Callable, Sequence

from openstack_rca.logs.names import origin_of
from openstack_rca.logs.wraps import BEGINS

_PROMPT = re.compile(
    r"^(?:\([\w.-]+\) ?)?(?:\[[\w.-]+@[\w.-]+ [^\]]+\]|[\w.-]+@[\w.-]+:[^$#\s]*)[$#](?: .*)?$|"
    r"^(?:[$#%\u276f]|\u279c .{0,80}?) {1,9}(?:sudo )?(?:[ef]?z?grep|rg|tail|head|z?cat|less|journalctl|kubectl|oc|docker|podman|"
    r"crictl|nerdctl|juju|ssh|openstack|ceph|rabbitmqctl|rabbitmq-diagnostics|pcs|crm_mon|systemctl|ov[sn]-\w{4,6}ctl|virsh)\b"
)
# What `script`, PuTTY, `watch`, a login and a shell that ends put around it.
_SESSION = re.compile(
    r"^(?:Script (?:started|done)\b.*|exit|logout|(?:=~)+= PuTTY log .*|login as: .*|[\w.-]+@[\w.-]+'s password: *|"
    r"Last login: .*|Every \d+\.\ds: .*)$"
)
_TYPED = re.compile(
    r"^(?:\([\w.-]{1,40}\) ?)?\[?[\w.-]{1,64}@(?P<host>[A-Za-z][\w.-]{0,252})[: ](?P<folder>[^$#\]\s]{0,400})\]?[$#] "
    r"(?:sudo )?(?P<command>(?:[ef]?z?grep|rg|tail|head|z?cat|less|more|sed|awk|journalctl|dmesg)\b.{0,2000})"
)
_NAMED = re.compile(r"^(?:\([\w.-]{1,40}\) ?)?\[?[\w.-]{1,64}@(?P<host>[A-Za-z][\w.-]{0,252})[: ]")
_ELSEWHERE = re.compile(r"(?:-D|--directory|--file|-M|--machine|-H|--host)\b")


def is_of_shell(line: str) -> bool:
    """Whether a shell or a session wrote the line, and no program that logs."""
    return _PROMPT.match(line) is not None or _SESSION.match(line) is not None


def host_of_prompt(line: str) -> str:
    """The host that a prompt names; empty where it names none."""
    named = _NAMED.match(line)
    return named["host"] if named is not None and named["host"] != "localhost" else ""


def with_hosts_of_prompts(sample: Sequence[str]) -> Callable[[str], str] | None:
    """A function that puts the host before the lines that a command read from its machine's own logs; None where none was.

    A machine's own logs are its journal and what lies below ``/var/log`` in no folder of another host's.
    """
    if not any(_host_of(line) for line in sample) or not any(map(BEGINS.match, sample)):
        return None
    host, headed = "", False

    def named(line: str) -> str:
        nonlocal host, headed
        if is_of_shell(line):
            host, headed = _host_of(line), False
            return ""
        if host and line.startswith("==> "):
            # The name of a file above its lines gets the host.
            headed = True
            return f"==> {host}:{line[4:]}"
        return f"{host}: {line}" if host and not headed and BEGINS.match(line) else line

    return named


def _host_of(line: str) -> str:
    typed = _TYPED.match(line)
    if typed is None or typed["host"] == "localhost":
        return ""
    words = typed["command"].split()
    if words[0] in ("journalctl", "dmesg"):
        return "" if _ELSEWHERE.search(typed["command"]) else typed["host"]
    below = typed["folder"] + "/" if typed["folder"].startswith("/var/log") else ""
    files = [word if word.startswith("/") else below + word for word in words[1:] if not word.startswith("-")]
    own = [file for file in files if file.startswith("/var/log/")]
    return typed["host"] if own and not any(origin_of(file.split("/")[1:]).host for file in own) else ""
