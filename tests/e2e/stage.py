# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""What is made for a play is undone after it, also when it is interrupted or fails half-way."""

import atexit
import contextlib
import signal
import subprocess
import tempfile

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

COMMAND_SECONDS = 20


class Interrupted(KeyboardInterrupt):
    """A signal; its number is the first argument."""


class _Held:
    depth = 0
    pending = 0
    raised = False


def _raise():
    # Only one: a second must not interrupt what the first one ends.
    if not _Held.raised:
        _Held.raised = True
        raise Interrupted(_Held.pending)


def _interrupt(number, _):
    _Held.pending = _Held.pending or number
    if not _Held.depth:
        _raise()


def catch_signals():
    """From now on a signal that would end the process raises Interrupted; one that is ignored (nohup) stays so.
    Call it in the main thread."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextlib.contextmanager
def uninterrupted():
    """A signal that comes inside raises Interrupted at its end: what was made is known to who must undo it.
    Not by a signal mask: processes that are started inside would inherit that."""
    _Held.depth += 1
    try:
        yield
    finally:
        _Held.depth -= 1
    if _Held.pending and not _Held.depth:
        _raise()


def run_shortly(*command, stdin=""):
    """For commands that end at once: not even a signal leaves one of them behind."""
    with uninterrupted():
        try:
            # A session of its own: an interrupt from the terminal is for us.
            return subprocess.run(command, input=stdin, capture_output=True, text=True, start_new_session=True,
                                  timeout=COMMAND_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            return subprocess.CompletedProcess(command, 124, "", str(error))


class Stage:
    """Use it in a with statement.  A subclass has set_up(), which makes things by self.make()."""

    def __init__(self):
        self._made = contextlib.ExitStack()
        # For a signal between the end of the with statement and the beginning of __exit__().
        atexit.register(self._made.close)
        self.folder = None

    def __enter__(self):
        try:
            with uninterrupted():
                self.folder = self._made.enter_context(tempfile.TemporaryDirectory(prefix="port-knock-"))
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with uninterrupted():
            self._made.close()

    def set_up(self):
        raise NotImplementedError

    def make(self, create, *arguments):
        """What create returns, once it is certain that its close() will be called."""
        with uninterrupted():
            made = create(*arguments)
            self._made.callback(made.close)
            return made
