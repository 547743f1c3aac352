"""How much a packed file may unpack to: the bounds, and what reading one has used up of them."""

from dataclasses import dataclass

from openstack_rca.errors import LogBoundReached

_TRUSTED_BYTES = 64 * 1024 * 1024
_RAISE = "Unpack it and give the logs that matter, or raise {}."


@dataclass(frozen=True)
class Bounds:
    """What one packed file on disk may hold.

    Attributes:
        members: files in all archives inside of it.
        size_bytes: bytes of text that are read from it.
        ratio: how many times its packed size anything inside may be; looked at beyond the first 64 MiB.
    """

    members: int = 200_000
    size_bytes: int = 2 * 1024**3
    ratio: int = 200


DEEPEST = 8
"""How many packings may lie in one another."""


class Budget:
    """What reading one packed file has used up."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._members = 0
        self._size = 0

    def take_member(self, called: str) -> None:
        """Count one more file of an archive. Raises LogBoundReached: there are too many."""
        self._members += 1
        if self._members > self.bounds.members:
            setting = "OPENSTACK_RCA_ARCHIVE_MEMBERS"
            raise LogBoundReached(
                f"{called} holds more than {self.bounds.members:,} files ({setting}); the rest was not read.",
                _RAISE.format(setting),
            )

    def take_text(self, called: str, size: int) -> None:
        """Count ``size`` more bytes of text. Raises LogBoundReached: that is too much."""
        self._size += size
        if self._size > self.bounds.size_bytes:
            setting = "OPENSTACK_RCA_UNPACKED_BYTES"
            raise LogBoundReached(
                f"{called} was not read to its end: it unpacks to more than {self.bounds.size_bytes / 1024**2:,.0f} MiB "
                f"of text ({setting}).",
                _RAISE.format(setting),
            )

    def give_back(self, size: int) -> None:
        """Subtract bytes of text that will be read, and so counted, once more."""
        self._size -= size

    def check_ratio(self, called: str, unpacked: int, packed: int) -> None:
        """Compare the sizes of something unpacked and packed, in bytes; ``called`` is its name.

        Raises LogBoundReached: the ratio is above the bound, and nothing of it may be used.
        """
        if unpacked > _TRUSTED_BYTES and unpacked > packed * self.bounds.ratio:
            setting = "OPENSTACK_RCA_UNPACKED_RATIO"
            raise LogBoundReached(
                f"{called} unpacks to more than {self.bounds.ratio} times its size ({setting}); it was left out.",
                _RAISE.format(setting),
                distrusted=True,
            )
