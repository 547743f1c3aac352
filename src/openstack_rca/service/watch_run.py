"""A watch as a process: it goes on until it is told to stop or nothing can come any more, and stops in good order."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from openstack_rca.errors import ConfigurationError
from openstack_rca.lifecycle.objects import locked
from openstack_rca.plain_text import counted
from openstack_rca.service.deliveries import Deliveries, Receiver
from openstack_rca.service.model_choice import OpenModel
from openstack_rca.service.remote import plain_address
from openstack_rca.service.troubles import Told
from openstack_rca.service.watch_page import serving
from openstack_rca.service.watching import Figures, Watch

LOOK_SECONDS = 1.0
"""Between two looks at files that hold nothing new."""
DRAIN_SECONDS = 15.0
"""So long a stopping watch waits for what is just being delivered."""


class Stop:
    """Set by SIGTERM, SIGINT or a terminal that closes: the step that runs is finished, nothing is left half done."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.interrupted = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take the signals until the block ends."""
        numbers = [signal.SIGTERM, signal.SIGINT]
        # What nohup started goes on when its terminal closes.
        numbers += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
        before = {number: signal.signal(number, self._take) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take(self, number: int, _frame: object) -> None:
        self.interrupted = self.interrupted or number == signal.SIGINT
        self.event.set()


def opening_words(
    names: Sequence[str], files: int, model: OpenModel, receivers: Sequence[Receiver], state: Path
) -> str:
    """What a watch follows and how many files that is now, with which model, whom it tells and where it remembers."""
    found = counted(files, "log") if files else "no log yet; those that appear will be followed"
    used = f" with version {model.version} of the model" if model.version else f" with model {model.used.name}"
    if not model.file:
        # Why there is none, the notices say.
        used = "" if model.notices else " without a model"
    told = f" and to {', '.join(receiver.name for receiver in receivers)}" if receivers else ""
    return (
        f"Following {', '.join(plain_address(name) for name in names)} ({found}){used}. "
        f"Trouble is told here{told}; what was read and told is kept in {state}. Ctrl-C ends the watch."
    )


def closing_words(figures: Figures) -> str:
    """What a watch has done."""
    return (
        f"The watch ended: {counted(figures.lines, 'line')} read, {counted(figures.began, 'trouble')} begun and "
        f"{figures.ended:,} ended."
    )


def keep_watching(
    watch: Watch,
    deliveries: Deliveries,
    stop: Stop,
    *,
    tell: Callable[[Told], None],
    state: Path | None = None,
    port: int | None = None,
    model: str = "none",
    on_page: Callable[[int], None] | None = None,
) -> None:
    """Watch until ``stop`` is set or all input has ended.

    Args:
        tell: told each thing at once, before it is delivered elsewhere.
        state: the file of the watch; nobody else may watch with it at the same time.
        port: of the page of metrics, told to ``on_page``; None serves none.

    Raises ConfigurationError: another watch has the state, the port is taken, or the state cannot be written at the end.
    """
    with ExitStack() as stack:
        stack.callback(watch.close)
        if state is not None:
            stack.enter_context(_alone(state))
        if port is not None:
            taken = stack.enter_context(serving(port, watch.figures, deliveries, model))
            if on_page is not None:
                on_page(taken)
        done = threading.Event()
        sender = threading.Thread(target=deliveries.run, args=(done,), daemon=True)
        sender.start()
        try:
            while not stop.event.is_set():
                before = watch.figures.lines
                for told in watch.step():
                    tell(told)
                if watch.ended:
                    break
                if watch.figures.lines == before:
                    stop.event.wait(LOOK_SECONDS)
        finally:
            done.set()
            deliveries.wake()
            sender.join(DRAIN_SECONDS)
            if not sender.is_alive():
                deliveries.try_due()
            watch.save()


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    lock = state.with_name(f".{state.name}.lock")
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(lock, 0.0))
        except TimeoutError:
            raise ConfigurationError(
                f"Another watch uses {state}.", "Stop it first, or name another file with --state."
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"The state of the watch cannot be kept in {state} ({error.strerror}).",
                "Name another file with --state.",
            ) from None
        yield
