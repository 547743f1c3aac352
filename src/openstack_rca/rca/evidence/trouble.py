"""Words of trouble that daemons write below the level of an error: one table, ``trouble.yaml``."""

from functools import cache

from openstack_rca.shipped import shipped_yaml


@cache
def words_of_trouble() -> str:
    """One pattern for what tells of trouble, whatever the level of the line."""
    return rf"(?i)\b(?:{'|'.join(_table()['whole words'])})\b|{'|'.join(_table()['parts'])}"


@cache
def words_of_neighbours() -> str:
    """One pattern for what tells of trouble where kernels, controllers, switches and other daemons below OpenStack write it."""
    return f"{words_of_trouble()}|{'|'.join(_table()['neighbours'])}"


@cache
def over() -> str:
    """One pattern for lines that tell of trouble that is over."""
    return f"(?i){'|'.join(_table()['over'])}"


@cache
def ended_well() -> str:
    """One pattern for lines that tell that something came through in the end."""
    return f"(?i){'|'.join(_table()['ended well'])}"


@cache
def undone() -> str:
    """One pattern for words of deleting or undoing something."""
    return f"(?i){'|'.join(_table()['undone'])}"


@cache
def lasting() -> str:
    """One pattern for what tells of an undertaking that failed for good, or of something that stays as it is."""
    return f"(?i){'|'.join(_table()['lasting'])}"


@cache
def retried() -> str:
    """One pattern for what tells that it will be tried again."""
    return f"(?i){'|'.join(_table()['retried'])}"


@cache
def everyday() -> str:
    """One pattern for what hosts write with words of trouble on any day, when all is well."""
    return f"(?i){'|'.join(_table()['everyday'])}"


@cache
def outdated() -> str:
    """One pattern for what is said of options and ways that are to be removed one day, and work until then."""
    return f"(?i){'|'.join(_table()['outdated'])}"


@cache
def calm() -> str:
    """One pattern for words that name trouble only to say that there is none."""
    return f"(?i){'|'.join(_table()['calm'])}"


@cache
def callers_mistakes() -> str:
    """One pattern for what an API tells of a call that it turns down: its caller's mistake, on every cloud every day."""
    return f"(?i){'|'.join(_table()['mistakes of callers'])}"


@cache
def _table() -> dict[str, list[str]]:
    data: dict[str, list[str]] = shipped_yaml("openstack_rca.rca.evidence", "trouble.yaml")
    return data
