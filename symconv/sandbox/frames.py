"""Where a message begins and ends in a pipe that other code can write to as well.

A frame is a secret token, the length of what follows, its checksum, and a body. Whatever stands
between frames was written by somebody who does not know the token, and is skipped, up to a limit;
a frame that was cut or written into is noticed.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

from symconv.sandbox.plain import Garbled

TOKEN_BYTES = 16
MOST_NOISE = 2**20
"""In bytes: how much between two frames is skipped."""
_HEAD = struct.Struct("!QI")
_AT_ONCE = 2**20

# Kept from before the code under test can put something else in their place.
_read = os.read
_write = os.write
_fstat = os.fstat
_set_blocking = os.set_blocking
_crc32 = zlib.crc32
_memoryview = memoryview
_EBADF = 9


class Writer:
    """The end of a pipe that frames are written to.

    Args:
        number: its file descriptor.
        token: what a frame begins with.
    """

    def __init__(self, number: int, token: bytes) -> None:
        self._number = number
        self._token = token
        self._file = _identity(number)

    def send(self, body: bytes) -> None:
        """Write one frame.

        Raises:
            OSError: when nobody reads it, or the descriptor is that of another file by now.
        """
        if _identity(self._number) != self._file:
            raise OSError(_EBADF, "the descriptor stands for another file")
        data = b"".join((self._token, _HEAD.pack(len(body), _crc32(body)), body))
        rest = _memoryview(data)
        while rest:
            try:
                rest = rest[_write(self._number, rest[:_AT_ONCE]) :]
            except BlockingIOError:
                # The code has changed what belongs to all ends of a pipe together.
                _set_blocking(self._number, True)


class Reader:
    """The end of a pipe that frames are read from.

    Args:
        number: its file descriptor.
        token: what a frame begins with.

    Attributes:
        limit: how many bytes a body may have.
    """

    def __init__(self, number: int, token: bytes, limit: int) -> None:
        self._number = number
        self._token = token
        self._buffer = bytearray()
        self._noise = 0
        self.limit = limit

    def bodies(self) -> Iterator[bytes]:
        """Yield what was sent, up to the end of the pipe.

        Raises:
            Garbled: when a frame was cut or written into, is too long, or there is too much
                between two of them.
        """
        while True:
            body = self._next()
            while body is not None:
                yield body
                body = self._next()
            try:
                data = _read(self._number, _AT_ONCE)
            except BlockingIOError:
                _set_blocking(self._number, True)
                continue
            if not data:
                if len(self._buffer) > TOKEN_BYTES:
                    raise Garbled("what it sent was cut off")
                return
            self._buffer += data

    def _next(self) -> bytes | None:
        """Return the next body, None where it is not there yet."""
        buffer = self._buffer
        place = buffer.find(self._token)
        if place:
            # The token itself may have arrived in part.
            skipped = max(0, len(buffer) - TOKEN_BYTES + 1) if place < 0 else place
            self._noise += skipped
            del buffer[:skipped]
            if self._noise > MOST_NOISE:
                raise Garbled("something wrote into the pipe through which it answers")
            if place < 0:
                return None
        start = TOKEN_BYTES + _HEAD.size
        if len(buffer) < start:
            return None
        length, checksum = _HEAD.unpack_from(buffer, TOKEN_BYTES)
        if length > self.limit:
            raise Garbled(
                f"it answered with {length:,} bytes, more than the {self.limit:,} allowed"
            )
        if len(buffer) < start + length:
            return None
        body = bytes(buffer[start : start + length])
        del buffer[: start + length]
        if _crc32(body) != checksum:
            raise Garbled("something wrote into its answer")
        self._noise = 0
        return body


def _identity(number: int) -> tuple[int, int]:
    found = _fstat(number)
    return found.st_dev, found.st_ino
