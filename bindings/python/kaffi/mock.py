"""MockCluster: brokers inside this process, on real sockets of the loopback interface, for trying out and for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ctypes import byref, c_uint64

from ._call import call
from ._library import library, text_in, text_out


class MockCluster:
    """An embedded cluster. It keeps records in memory, and has no TLS, SASL, read_committed or look-up by time.

        with MockCluster() as cluster:
            producer = Producer({"bootstrap.servers": cluster.bootstrap})

    Topics are made at their first use, with 4 partitions, or by `create_topic`. Brokers are numbered from 1.
    """

    def __init__(self, brokers: int = 1) -> None:
        handle = c_uint64()
        call(library().NewMockCluster, brokers, byref(handle))
        self._handle = handle.value

    @property
    def bootstrap(self) -> str:
        """The addresses of the brokers, for `bootstrap.servers`."""
        return text_out(library().GetMockBootstrap, self._handle)

    def create_topic(self, topic: str, partitions: int = 4, replication_factor: int = 1) -> None:
        """Makes a topic."""
        self._request("CreateTopic", topic=topic, partitions=partitions, replication_factor=replication_factor)

    def broker_down(self, broker: int = 1) -> None:
        """Breaks the broker's connections and refuses new ones, until `broker_up`."""
        self._request("BrokerDown", broker=broker)

    def broker_up(self, broker: int = 1) -> None:
        """Lets the broker accept connections again."""
        self._request("BrokerUp", broker=broker)

    def round_trip_time(self, seconds: float, broker: int = 1) -> None:
        """Makes the broker's answers take so long."""
        self._request("RoundTripTime", broker=broker, ms=round(seconds * 1000))

    def partition_leader(self, topic: str, partition: int, broker: int) -> None:
        """Moves the leader of a partition."""
        self._request("PartitionLeader", topic=topic, partition=partition, broker=broker)

    def push_errors(self, api: str | int, errors: Sequence[int]) -> None:
        """Answers the next requests of an API (name or number) with these codes, one each."""
        self._request("PushErrors", api=api, errors=list(errors))

    def coordinator_for(
        self, broker: int, group: str | None = None, transactional_id: str | None = None
    ) -> None:
        """Makes a broker the coordinator of a group or of a transactional id."""
        what = {"group": group, "transactional_id": transactional_id}
        self._request("CoordinatorFor", broker=broker, **{key: name for key, name in what.items() if name is not None})

    def _request(self, operation: str, **members: object) -> None:
        call(library().MockRequest, self._handle, text_in(json.dumps({operation: members}), "the request"))

    def close(self) -> None:
        """Stops the cluster; what it kept is gone. Closing again does nothing."""
        library().DelMockCluster(self._handle)

    def __enter__(self) -> MockCluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()
