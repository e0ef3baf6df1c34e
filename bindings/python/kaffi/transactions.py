"""Transactions: what a producer produces, and the offsets of what was consumed for it, count together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import byref, c_int32
from typing import Callable

from ._batch import PartitionList
from ._call import Deadline, apart, call, milliseconds
from ._client import Client
from ._library import library
from .errors import KafkaError, KafkaException
from .offsets import GroupMetadata, Offsets
from .topic_partition import TopicPartition

CALL_AGAIN, ABORT, FATAL = 1, 2, 3  # what the library advises

ILLEGAL_GENERATION = 22


class Transactions(Client):
    """Part of Producer. A failure of these calls says what to do: the KafkaError in its KafkaException is

    - `retriable()`: call again, it goes on where it was;
    - `txn_requires_abort()`: call `abort_transaction`, then begin anew;
    - `fatal()`: this producer cannot go on (a newer one with its `transactional.id` has fenced it off, say): close it;
    - none of these: the call was wrong, and nothing has changed.
    """

    def init_transactions(self, timeout: float | None = None) -> None:
        """Registers the `transactional.id`, once, before the first transaction: an older producer with the same one
        is fenced off, and a transaction that it left open is aborted. Waits `timeout` seconds at most (None or -1: as
        long as it takes), as all of these. Ctrl-C ends the wait.
        """
        self._transact(library().InitTransactions, timeout)

    def begin_transaction(self) -> None:
        """Begins a transaction: all that is produced from here on belongs to it."""
        self._transact(library().BeginTransaction, 0)

    def send_offsets_to_transaction(
        self,
        positions: Sequence[TopicPartition] | None,
        group_metadata: GroupMetadata | Offsets,
        timeout: float | None = None,
    ) -> None:
        """Makes offsets of a consumer's group part of the transaction: they are committed with it. `positions` hold the
        offsets of the records that are to be read next; None: what the consumer handed out so far. `group_metadata` is
        `consumer.consumer_group_metadata()`, or the consumer. Set `enable.auto.commit` of that to false.

            producer.send_offsets_to_transaction(None, consumer)
        """
        consumer = group_metadata
        if isinstance(consumer, GroupMetadata):
            _expect_current(consumer)
            consumer = consumer._consumer
        send = library().SendOffsetsToTransaction
        if positions is None:
            with consumer._in_turn():
                self._transact(send, timeout, consumer._handle, 0)
        else:
            with PartitionList(positions) as list_:
                self._transact(send, timeout, consumer._handle, list_)

    def commit_transaction(self, timeout: float | None = None) -> None:
        """Commits the transaction. Flushes first, so that callbacks are called: what one raises comes out, and nothing
        is committed. If a record failed, nothing is committed either: `txn_requires_abort()`.
        """
        deadline = Deadline(timeout)
        self.flush(timeout)
        self._transact(library().CommitTransaction, None if milliseconds(timeout) < 0 else deadline.left())

    def abort_transaction(self, timeout: float | None = None) -> None:
        """Aborts the transaction. Records that were not sent yet fail with `_PURGE_QUEUE`: callbacks tell, by the next
        `poll` or `flush`. A consumer whose offsets were part of it goes on where it is: `seek` to what is `committed`
        to read its records again.
        """
        self._transact(library().AbortTransaction, timeout)
        self._forget_failures()

    def flush(self, timeout: float | None = None) -> int:
        raise NotImplementedError

    def _forget_failures(self) -> None:
        """`close` is not to tell of records that the host gave up itself."""
        raise NotImplementedError

    def _transact(self, function: Callable[..., int], timeout: float | None, *arguments: object) -> None:
        advice = c_int32()
        limit = milliseconds(timeout)
        try:
            apart(self._handle, lambda: call(function, self._handle, *arguments, limit, byref(advice)))
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            again, abort, fatal = (advice.value == known for known in (CALL_AGAIN, ABORT, FATAL))
            raise KafkaException(KafkaError(error.code(), error.str(), fatal, again, abort)) from None


def _expect_current(metadata: GroupMetadata) -> None:
    """What was read in another generation of the group may be another member's by now."""
    now = metadata._consumer.consumer_group_metadata()
    if (now.generation_id, now.member_id) != (metadata.generation_id, metadata.member_id):
        text = "the group has rebalanced since consumer_group_metadata() was called: abort, and read anew"
        raise KafkaException(KafkaError(ILLEGAL_GENERATION, text, False, False, True))
