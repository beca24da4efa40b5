"""Errors that are told to senders."""

from __future__ import annotations


def told(error: BaseException) -> BaseException:
    """The error without its frames.

    They hold the request's body and calls, and these hold the future that the error ends: a circle
    that would keep up to hundreds of MiB until the garbage collector comes by.
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
