# SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-exception
# Copyright (c) 2026 the port-knock authors

"""What is made for a play is undone after it, also when it is interrupted or fails half-way."""

import contextlib
import signal
import tempfile

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal; its number is the first argument."""


class _Held:
    depth = 0
    pending = 0


def _interrupt(number, _):
    if _Held.depth:
        _Held.pending = _Held.pending or number
    else:
        raise Interrupted(number)


def catch_signals():
    """From now on a signal that would end the process raises Interrupted.  Call it in the main thread."""
    for number in SIGNALS:
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
        number = 0 if _Held.depth else _Held.pending
        if number:
            _Held.pending = 0
    if number:
        raise Interrupted(number)


class Stage:
    """Use it in a with statement.  A subclass has set_up(), which makes things by self.make()."""

    def __init__(self):
        self._made = contextlib.ExitStack()
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
