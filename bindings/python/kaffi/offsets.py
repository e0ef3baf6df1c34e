"""What counts as processed, what a group has committed, where a consumer is and how far behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ctypes import byref, c_int32, c_int64, c_uint64
from typing import NamedTuple

from ._batch import PartitionList, ints, topics
from ._call import apart, call, milliseconds, text_of
from ._hand import Hand
from ._library import library, text_in
from .message import Message
from .topic_partition import OFFSET_INVALID, TopicPartition


class Lag(NamedTuple):
    """How far a consumer is behind in a partition: the `position` is the offset of its next record, `end` that of the
    next one which will be written, `lag` how many lie between. None: not known yet.
    """

    topic: str
    partition: int
    position: int | None
    end: int | None
    lag: int | None


class GroupMetadata:
    """Who a consumer is in its group, for `Producer.send_offsets_to_transaction`. Attributes: `group_id`, `member_id`,
    `generation_id` and `group_instance_id` (None without static membership).
    """

    __slots__ = ("_consumer", "generation_id", "group_id", "group_instance_id", "member_id")

    def __init__(self, consumer: Offsets) -> None:
        data = json.loads(text_of(library().GetGroupMetadata, consumer._handle))
        self._consumer = consumer
        self.group_id: str = data["group_id"]
        self.member_id: str = data["member_id"]
        self.generation_id: int = data["generation_id"]
        self.group_instance_id: str | None = data["group_instance_id"]

    def __repr__(self) -> str:
        return f"<GroupMetadata {self.group_id} {self.member_id or 'not joined'} generation {self.generation_id}>"


class Offsets(Hand):
    """Part of Consumer."""

    def commit(
        self,
        message: Message | None = None,
        offsets: Sequence[TopicPartition] | None = None,
        asynchronous: bool = False,
    ) -> list[TopicPartition] | None:
        """Commits to the group: the position behind a `message`, or `offsets` (of the record that is to be read next,
        with `metadata` and `leader_epoch`), or what was handed out so far.

        Waits for the answer, `kaffi.request.timeout.ms` (60 s) at most, and raises KafkaException when the group
        refuses; nothing to commit is no error. With `message` or `offsets` it returns the partitions with the error of
        each, else None.

        With `asynchronous` it does not wait and returns None: the result comes to `on_commit`, or by `next_event`. In
        confluent_kafka that is the default.
        """
        partitions = _positions(message, offsets)
        limit = 0.0 if asynchronous else self._request_seconds or 0.001
        if partitions is None:
            with self._in_turn():
                self._ask(library().CommitOffsets, 0, timeout=limit)
            return None
        filled = self._fill(library().CommitOffsets, partitions, limit)
        return None if asynchronous else filled

    def store_offsets(self, message: Message | None = None, offsets: Sequence[TopicPartition] | None = None) -> None:
        """Says what is processed, for the next commit: a `message` and all before it, or `offsets` (of the record that
        is to be read next). Needs `enable.auto.offset.store` false (or `kaffi.offset.store` manual): else what was
        handed out counts by itself. Raises KafkaException when a partition is not assigned.
        """
        partitions = _positions(message, offsets)
        if partitions is None:
            raise ValueError("give message or offsets")
        with PartitionList(partitions) as list_:
            call(library().StoreOffsets, self._handle, list_)

    def committed(self, partitions: Sequence[TopicPartition], timeout: float | None = None) -> list[TopicPartition]:
        """The partitions with what the group has committed: offset (OFFSET_INVALID: nothing), metadata and
        leader_epoch. Raises KafkaException, also with `_TIMED_OUT` when the answer has not come within `timeout`
        seconds.
        """
        return self._fill(library().GetCommitted, partitions, timeout)

    def position(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        """The partitions with the offset of the record that is handed out next; OFFSET_INVALID as long as that is not
        known, before the first record (Java would ask the brokers). Raises KafkaException when one is not assigned.
        """
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().GetPositions, self._handle, list_)
            in_hand = {first: first for first in self._first_in_hand()}
            return [in_hand.get(entry, entry) for entry in PartitionList.read(list_)]

    def offsets_for_times(
        self, partitions: Sequence[TopicPartition], timeout: float | None = None
    ) -> list[TopicPartition]:
        """The partitions with the offset of the first record whose timestamp is at or after a time: that in their
        `offset`, in milliseconds since 1970. OFFSET_END: there is none. Raises KafkaException.
        """
        return self._fill(library().GetOffsetsForTimes, partitions, timeout)

    def get_watermark_offsets(
        self, partition: TopicPartition, timeout: float | None = None, cached: bool = False
    ) -> tuple[int, int]:
        """The offset of the first record of a partition, and that of the next one which will be written. With
        `cached` nobody is asked: what was heard last while consuming, OFFSET_INVALID for what is not known. Raises
        KafkaException, also with `_TIMED_OUT` (confluent_kafka returns None then).
        """
        low, high = c_int64(), c_int64()
        limit = 0 if cached else milliseconds(timeout) or 1
        topic = text_in(partition.topic, "the topic")
        arguments = self._handle, topic, partition.partition, limit, byref(low), byref(high)
        apart(self._handle, lambda: call(library().GetWatermarks, *arguments))
        return low.value, high.value

    def lag(self) -> list[Lag]:
        """How far it is behind in each partition that is assigned. Nobody is asked: ends are those that were heard last
        while consuming. (confluent_kafka has no such method.)
        """
        batch, rows = c_uint64(), c_int32()
        with self._in_turn():
            call(library().GetLag, self._handle, byref(batch), byref(rows))
            in_hand = {(first.topic, first.partition): first.offset for first in self._first_in_hand()}
        try:
            columns = (ints(batch.value, name, rows.value) for name in ("partition", "position", "end", "lag"))
            all_ = list(zip(topics(batch.value, rows.value), *columns))
        finally:
            library().DelBatch(batch.value)
        lags = []
        for topic, partition, position, end, lag in all_:
            if (topic, partition) in in_hand:
                position = in_hand[topic, partition]
                lag = max(0, end - position) if end >= 0 else OFFSET_INVALID
            lags.append(Lag(topic, partition, *(None if number < 0 else number for number in (position, end, lag))))
        return lags

    def consumer_group_metadata(self) -> GroupMetadata:
        """Who this consumer is in its group, for `Producer.send_offsets_to_transaction`. Raises KafkaException without
        `group.id`.
        """
        return GroupMetadata(self)

    def memberid(self) -> str:
        """The id that the group has given this member; empty before it has joined."""
        return GroupMetadata(self).member_id


def _positions(message: Message | None, offsets: Sequence[TopicPartition] | None) -> Sequence[TopicPartition] | None:
    """What to commit or store."""
    if message is None:
        return offsets
    if offsets is not None:
        raise ValueError("give message or offsets, not both")
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    if topic is None or partition is None or offset is None:
        raise ValueError("this message is no record that could be committed")
    return [TopicPartition(topic, partition, offset + 1, leader_epoch=message.leader_epoch())]
