"""Which partitions a consumer reads, by hand or by its group; pausing and seeking."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ctypes import byref, c_uint64
from typing import Any, Callable

from ._batch import PartitionList, Records
from ._call import apart, call
from ._hand import Hand
from ._library import library
from .events import partitions as partitions_of
from .topic_partition import TopicPartition

OnRebalance = Callable[[Any, list[TopicPartition]], object]


class Assignment(Hand):
    """Part of Consumer."""

    _answers = True  # rebalances that no callback answers; else the host does, after `next_event`
    _answered = False  # whether the rebalance that waited was
    _rebalancing = False  # whether a callback is told of one
    _on_assign: OnRebalance | None = None
    _on_revoke: OnRebalance | None = None
    _on_lost: OnRebalance | None = None

    def _serve_events(self, wait_ms: int = 0) -> None:
        if not self._rebalancing:
            super()._serve_events(wait_ms)

    def _tell(self, event: dict[str, Any], text: str) -> None:
        if event["event"] != "rebalance":
            super()._tell(event, text)
            return
        with self._lock:
            lost, assigns = event["lost"] and self._on_lost, event["kind"] == "assign"
            callback = self._on_assign if assigns else lost or self._on_revoke
            self._answered, self._rebalancing = not event["pending"], True
            try:
                if callback:
                    callback(self, partitions_of(event))
            finally:
                if not self._answered and (callback or self._answers):
                    self._accept(assigns)
                self._rebalancing = False
                self._size.value = 0
            if not callback and (self._tells_rebalances or not self._answers):
                self._kept.append(json.dumps({**event, "pending": not self._answered}))

    def _accept(self, assigns: bool) -> None:
        accept = library().AssignPartitions if assigns else library().UnassignPartitions
        call(accept, self._handle, 0)
        self._answered = True

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Assigns partitions by hand, in place of what was assigned so: no group shares them out. Reading starts at
        each one's `offset`: that of a record, OFFSET_BEGINNING, OFFSET_END, or else where the group has committed
        (without that, or without `group.id`, as `auto.offset.reset` says). Pauses end.

        In `on_assign` it is the answer to the rebalance, where offsets may be set; partitions that this member keeps
        (cooperative protocol) stay. Outside of that a consumer that is subscribed cannot assign (as in Java, and
        unlike confluent_kafka): `unsubscribe` first. Raises KafkaException.
        """
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().AssignPartitions, self._handle, list_)
            self._answered = True
            self._records = Records()  # what is in hand goes

    def incremental_assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Adds partitions to those that are assigned by hand, or answers a rebalance in `on_assign`; offsets as in
        `assign`. Raises KafkaException when one is assigned already.
        """
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().AddPartitions, self._handle, list_)
            self._answered = True

    def unassign(self) -> None:
        """Gives up all partitions that are assigned by hand, or in `on_revoke` those that the rebalance takes. What was
        handed out counts as processed and is committed (with `enable.auto.commit`); what was not is dropped.
        """
        with self._in_turn():
            call(library().UnassignPartitions, self._handle, 0)
            self._answered = True
            self._records = Records()  # what is in hand goes

    def incremental_unassign(self, partitions: Sequence[TopicPartition]) -> None:
        """Gives up some of the partitions that are assigned by hand, or answers a rebalance in `on_revoke`."""
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().UnassignPartitions, self._handle, list_)
            self._answered = True
            self._give_back(partitions)

    def unsubscribe(self) -> None:
        """Ends the subscription, or what was assigned by hand; nothing to end is no error. What was handed out counts
        as processed and is committed (with `enable.auto.commit`), after `on_revoke`. Waits until the partitions are
        given back.
        """
        with self._in_turn():
            apart(self._handle, lambda: call(library().UnsubscribeConsumer, self._handle))
            self._serve_events()
            self._records = Records()  # what is in hand goes

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Hands out no more records of these partitions, until `resume`, or until the partition leaves this consumer.
        Go on with `poll`: it hands out those of the others, and keeps the membership in the group alive. Raises
        KafkaException when one is not assigned: then none is paused.
        """
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().PausePartitions, self._handle, list_)
            if not set(partitions).isdisjoint(self._first_in_hand()):
                self._give_back()

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        """Goes on with partitions that were paused; one that was not is no error."""
        with self._in_turn(), PartitionList(partitions) as list_:
            call(library().ResumePartitions, self._handle, list_)

    def seek(self, partition: TopicPartition) -> None:
        """Goes to `partition.offset` (of a record, OFFSET_BEGINNING or OFFSET_END) in a partition that is assigned:
        its next record is the one there. That is its position from then on, also for a commit. To begin elsewhere
        after a rebalance, set offsets in `on_assign`. Raises KafkaException.
        """
        with self._in_turn():
            self._give_back(to=[partition])

    def assignment(self) -> list[TopicPartition]:
        """The partitions that are assigned, by hand or by the group."""
        return self._list(library().GetAssignment)

    def subscription(self) -> list[str]:
        """The topics that are subscribed to. (confluent_kafka has no such method.)"""
        return [entry.topic for entry in self._list(library().GetSubscription)]

    def _list(self, function: Callable[..., int]) -> list[TopicPartition]:
        list_ = c_uint64()
        call(function, self._handle, byref(list_))
        try:
            return PartitionList.read(list_.value)
        finally:
            library().DelBatch(list_.value)
