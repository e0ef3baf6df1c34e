"""The C ABI of kaffi for ctypes. Written by bindings/generate from src/abi: do not edit."""

from __future__ import annotations

import ctypes
from typing import Any, Protocol, cast

# done
DONE = 0
# nothing there now (Produce: the producer could not start)
NOTHING = 1
# a buffer is too small: the room needed is set, nothing is lost; call again with that room
TOO_SMALL = 2
# the value of this property is invalid
INVALID_VALUE = -1
# there is no property of this name
UNKNOWN_PROPERTY = -2
# not a handle of this library
INVALID_HANDLE = -1100
# a handle of another kind, or a client of another type, than the function takes
WRONG_KIND = -1101
# a required pointer is null
NULL_POINTER = -1102
# a text is not valid UTF-8, or is empty where it may not be
BAD_TEXT = -1103
# an argument is outside its range
BAD_ARGUMENT = -1104
# the client has started: this is possible only before that
ALREADY_STARTED = -1105
# the client has not started yet
NOT_STARTED = -1106
# the handle is closed
CLOSED = -1107
# the handle belongs to the parent process: after fork, make a new one
FORKED = -1108
# closed, but records were left that no broker has confirmed
UNDELIVERED = -1109
# an internal error of kaffi: please report it
INTERNAL = -1110
# the client cannot start with this configuration
START_FAILED = -1111
# too many handles are open
TOO_MANY_HANDLES = -1112
# this batch has no such column, or it is of another type
UNKNOWN_COLUMN = -1113
# the columns of this batch do not fit together, or one that the call needs is missing
BAD_BATCH = -1114
# the JSON text is malformed, or has an unknown or a missing member
BAD_JSON = -1115

# Of every function the type of its result, then those of its arguments.
FUNCTIONS: dict[str, list[Any]] = {
    "Version": [ctypes.c_int, ctypes.c_void_p, ctypes.c_int],
    "Describe": [ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32)],
    "DescribeAll": [ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32)],
    "DescribeError": [ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32)],
    "GetKeyPartition": [
        ctypes.c_int32,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "InitKafka": [ctypes.c_int, ctypes.POINTER(ctypes.c_uint64)],
    "UninitProducer": [ctypes.c_int, ctypes.c_uint64],
    "UninitConsumer": [ctypes.c_int, ctypes.c_uint64],
    "SetKafkaConf": [
        ctypes.c_int,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetKafkaConf": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "NewTopicConf": [ctypes.c_int, ctypes.POINTER(ctypes.c_uint64)],
    "DelTopicConf": [ctypes.c_int, ctypes.c_uint64],
    "SetTopicConf": [
        ctypes.c_int,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SetDefaultTopicConf": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "StartKafka": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "CheckConnection": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "SetOAuthToken": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_int64,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SetOAuthFailure": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "WakeKafka": [ctypes.c_int32, ctypes.c_uint64],
    "CloseKafka": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "NextEvent": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetReadyFd": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "NewTopicPartitionList": [ctypes.c_int, ctypes.POINTER(ctypes.c_uint64)],
    "SetTopicPartitionList": [ctypes.c_int, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_int32],
    "SetOffset": [ctypes.c_int, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64],
    "SubscribeConsumerTPList": [
        ctypes.c_int,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "Consume": [
        ctypes.c_int,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "ConsumeBatch": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AssignPartitions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AddPartitions": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "UnassignPartitions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "UnsubscribeConsumer": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "PausePartitions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "ResumePartitions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SeekPartitions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetAssignment": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetSubscription": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "StoreBatchOffsets": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "Commit": [ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64],
    "Committed": [ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64, ctypes.POINTER(ctypes.c_int64)],
    "StoreOffsets": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "CommitOffsets": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetCommitted": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetPositions": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "GetOffsetsForTimes": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetWatermarks": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetLag": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetGroupMetadata": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "Produce": [
        ctypes.c_int,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "DeliveryReport": [ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "DRMessageError": [ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "ProduceBatch": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "DeliveryReportBatch": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetOutstanding": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "FlushProducer": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "PurgeProducer": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "InitTransactions": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "BeginTransaction": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "CommitTransaction": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AbortTransaction": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SendOffsetsToTransaction": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AdminRequest": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "NewBatch": [ctypes.c_int32, ctypes.POINTER(ctypes.c_uint64)],
    "ClearBatch": [ctypes.c_int32, ctypes.c_uint64],
    "DelBatch": [ctypes.c_int32, ctypes.c_uint64],
    "GetBatchRows": [ctypes.c_int32, ctypes.c_uint64, ctypes.POINTER(ctypes.c_int32)],
    "GetBatchInts": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetBatchDoubles": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetBatchBytes": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SetBatchInts": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SetBatchBytes": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AddRecord": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "AddHeader": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "SelectBatchRows": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "ViewBatch": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_int64),
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "ExportBatch": [
        ctypes.c_int32,
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "ImportBatch": [
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "NewMockCluster": [
        ctypes.c_int32,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    ],
    "GetMockBootstrap": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int32)],
    "MockRequest": [ctypes.c_int32, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "DelMockCluster": [ctypes.c_int32, ctypes.c_uint64],
}

# bytes, a ctypes object, what byref gives, an address or None.
Pointer = Any


class Functions(Protocol):
    """The functions as they are called."""

    def Version(self, version: Pointer, len: int, /) -> int:
        """Gives the version of librdkafka, the engine."""

    def Describe(self, buffer: Pointer, psize: Pointer, /) -> int:
        """Describes the documented functions as JSON: `{"Version":"...","Patterns":["I4 %P|Version >0T1 U4",...]}`."""

    def DescribeAll(self, json: Pointer, len: Pointer, /) -> int:
        """Describes the whole library as JSON, for whoever writes a binding."""

    def DescribeError(self, code: int, json: Pointer, len: Pointer, /) -> int:
        """Describes a code as JSON: `{"code","name","text","class","retriable","fatal"}`."""

    def GetKeyPartition(
        self,
        partitioner: bytes | None,
        key: Pointer,
        keylen: int,
        partitions: int,
        partition: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Tells to which partition of a topic a key goes."""

    def InitKafka(self, kafka: Pointer, /) -> int:
        """Makes a client. It becomes a producer at the first `Produce`, a consumer at `SubscribeConsumerTPList`, or
        what `StartKafka` says."""

    def UninitProducer(self, prod: int, /) -> int:
        """Delivers what is under way and closes a producer (or a client that never started). The handle ends in any
        case."""

    def UninitConsumer(self, cons: int, /) -> int:
        """Leaves the group and closes a consumer (or a client that never started). The handle ends in any case."""

    def SetKafkaConf(self, kafka: int, key: bytes | None, val: bytes | None, errtxt: Pointer, plen: Pointer, /) -> int:
        """Sets a property of a client: librdkafka's (`bootstrap.servers`, `group.id`, ...) or kaffi's own
        (`kaffi.*`)."""

    def GetKafkaConf(
        self,
        kafka: int,
        key: bytes | None,
        val: Pointer,
        len: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Reads a property of a client: what was set, else the default."""

    def NewTopicConf(self, topicconf: Pointer, /) -> int:
        """Makes an empty set of topic properties, for `SetTopicConf` and `SetDefaultTopicConf`."""

    def DelTopicConf(self, topicconf: int, /) -> int:
        """Deletes a set of topic properties. Clients that were given it keep what they got."""

    def SetTopicConf(
        self,
        topicconf: int,
        key: bytes | None,
        val: bytes | None,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Sets a topic property (`acks`, `message.timeout.ms`, `partitioner`, ...) in a set."""

    def SetDefaultTopicConf(self, kafka: int, topicconf: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives a client topic properties for all topics that it uses. They replace those of an earlier call; what
        `SetKafkaConf` sets for a topic property goes before them. The set itself stays the host's."""

    def StartKafka(self, kafka: int, kind: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Starts a client as a producer, a consumer or an admin, where the first use shall not decide. Starting again
        as the same is nothing."""

    def CheckConnection(self, kafka: int, timeout_ms: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Finds out whether a broker answers a client as it is configured, and if not, why."""

    def SetOAuthToken(
        self,
        kafka: int,
        token: bytes | None,
        expires_ms: int,
        principal: bytes | None,
        extensions_json: bytes | None,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Gives a client the token by which it authenticates to its brokers, for `sasl.mechanism` OAUTHBEARER. Before
        the start it is kept for that. Not for `sasl.oauthbearer.method` oidc, whose tokens the client gets by
        itself."""

    def SetOAuthFailure(self, kafka: int, text: bytes | None, errtxt: Pointer, plen: Pointer, /) -> int:
        """Says why there is no token for OAUTHBEARER now. The text shows where no broker can be reached
        (`CheckConnection`). A token that the client has is used on; it asks again after 10 s."""

    def WakeKafka(self, kafka: int, /) -> int:
        """Wakes the calls of other threads that wait on this client: they end with 1 (a `Produce` that waits for room
        with -184). Where none waits, nothing happens."""

    def CloseKafka(self, kafka: int, timeout_ms: int, undelivered: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Closes a client of any kind: a producer delivers what is under way, a consumer commits what was processed
        (with `enable.auto.commit`) and leaves its group. The handle ends in any case."""

    def NextEvent(
        self,
        kafka: int,
        timeout_ms: int,
        json: Pointer,
        len: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Takes the next event of a client, as JSON: `{"event": "error", "time": ms since 1970, ...}`."""

    def GetReadyFd(self, kafka: int, what: int, fd: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives a descriptor that is readable as long as something waits, for epoll, poll, asyncio, libuv and the
        like."""

    def NewTopicPartitionList(self, subscr: Pointer, /) -> int:
        """Makes an empty topic-partition list. `DelBatch` deletes it, unless a call consumes it."""

    def SetTopicPartitionList(self, subscr: int, topic: bytes | None, partition: int, /) -> int:
        """Adds a topic and partition to a list, with no offset. What is there already stays as it is."""

    def SetOffset(self, subscr: int, topic: bytes | None, partition: int, offset: int, /) -> int:
        """Sets the offset of an entry of a list."""

    def SubscribeConsumerTPList(self, kafka: int, subscr: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Starts a client as a consumer if it has not started, and subscribes it to the topics of a list. Subscribing
        again replaces. Records come by `Consume`."""

    def Consume(
        self,
        cons: int,
        topic: Pointer,
        topiclen: Pointer,
        payload: Pointer,
        paylen: Pointer,
        key: Pointer,
        keylen: Pointer,
        partition: Pointer,
        offset: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Takes the next record."""

    def ConsumeBatch(
        self,
        cons: int,
        max_rows: int,
        timeout_ms: int,
        batch: Pointer,
        rows: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Takes the records that are there, as a batch with columns (`GetBatchInts`, `GetBatchBytes`)."""

    def AssignPartitions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Assigns partitions by hand, in place of what was assigned so; or answers a rebalance that gives
        partitions."""

    def AddPartitions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Adds partitions to those that are assigned by hand; or answers a rebalance that gives partitions."""

    def UnassignPartitions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Takes partitions out of those that are assigned by hand; or answers a rebalance that takes partitions."""

    def UnsubscribeConsumer(self, cons: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Ends the subscription, or what was assigned by hand. Without either nothing happens."""

    def PausePartitions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Stops handing out records of partitions. What was fetched of them waits."""

    def ResumePartitions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Goes on handing out records of partitions that were paused."""

    def SeekPartitions(self, cons: int, tplist: int, timeout_ms: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Goes to other offsets: the next record of a partition is the one at the offset of its entry."""

    def GetAssignment(self, cons: int, tplist: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives the partitions that are assigned to a consumer, as a list without offsets, in the order of topic and
        partition."""

    def GetSubscription(self, cons: int, tplist: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives the topics that a consumer is subscribed to, as a list with partition -1."""

    def StoreBatchOffsets(self, cons: int, batch: int, rows: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Says how much of the last batch is processed so far, so that a host can take a batch and work record by
        record."""

    def Commit(self, cons: int, subscr: int, /) -> int:
        """Commits offsets to the group and waits for the answer, `kaffi.request.timeout.ms` (60 s) at most."""

    def Committed(self, cons: int, subscr: int, offset: Pointer, /) -> int:
        """Asks the group for the committed offset of the first entry of a list."""

    def StoreOffsets(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Says which offsets are processed, for the next commit. Only with `kaffi.offset.store` manual."""

    def CommitOffsets(self, cons: int, tplist: int, timeout_ms: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Commits offsets to the group, with a time limit or without waiting."""

    def GetCommitted(self, cons: int, tplist: int, timeout_ms: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Fills a list with what the group has committed: offset, leader_epoch, metadata. Offset -1001: nothing."""

    def GetPositions(self, cons: int, tplist: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Fills a list with the positions: the offset of the record that is handed out next. Offset -1001: not known
        before the first record."""

    def GetOffsetsForTimes(self, cons: int, tplist: int, timeout_ms: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Fills a list with the offset of the first record whose timestamp is at or after a time. Offset -1: there is
        none."""

    def GetWatermarks(
        self,
        cons: int,
        topic: bytes | None,
        partition: int,
        timeout_ms: int,
        low: Pointer,
        high: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Gives the offset of the first record of a partition, and that of the next one which will be written."""

    def GetLag(self, cons: int, batch: Pointer, rows: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Says how far a consumer is behind, for each partition that is assigned: columns topic, topic.name, partition,
        position, end, lag."""

    def GetGroupMetadata(self, cons: int, json: Pointer, len: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Says who a consumer is in its group, as JSON:
        `{"group_id","member_id","generation_id","group_instance_id"}`."""

    def Produce(
        self,
        prod: int,
        topic: bytes | None,
        payload: Pointer,
        paylen: int,
        key: Pointer,
        keylen: int,
        partition: int,
        msgid: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Hands a record to the producer, which copies it and delivers it in the background. The first call starts the
        client as a producer."""

    def DeliveryReport(self, prod: int, msgid: Pointer, err: Pointer, plength: Pointer, /) -> int:
        """Reads delivery reports: which records were delivered, which failed and why."""

    def DRMessageError(self, err: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives the text of a code, as a delivery report or any function answered it."""

    def ProduceBatch(
        self,
        prod: int,
        topic: bytes | None,
        partition: int,
        batch: int,
        timeout_ms: int,
        first_msgid: Pointer,
        left: Pointer,
        refused: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Hands the records of a batch to the producer, which copies them. The first call starts the client as a
        producer."""

    def DeliveryReportBatch(
        self,
        prod: int,
        max_rows: int,
        timeout_ms: int,
        batch: Pointer,
        rows: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Reads delivery reports as a batch with the columns msgid, error, topic, topic.name, partition, offset,
        timestamp, timestamp_type, status (0 not persisted, 1 possibly, 2 persisted) and latency (µs). It and
        `DeliveryReport` drain one ledger."""

    def GetOutstanding(
        self,
        prod: int,
        in_flight: Pointer,
        unread: Pointer,
        forgotten: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Counts the records of a producer that are on their way."""

    def FlushProducer(self, prod: int, timeout_ms: int, left: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Sends what is queued without waiting for `linger.ms`."""

    def PurgeProducer(self, prod: int, what: int, errtxt: Pointer, plen: Pointer, /) -> int:
        """Gives up records that are on their way. Each of them gets its report, with -152 (waited to be sent) or -151
        (was in flight: it may have been stored all the same)."""

    def InitTransactions(self, prod: int, timeout_ms: int, advice: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Registers the producer's `transactional.id`: an older producer with the same one is fenced off, and a
        transaction that it left open is aborted. Starts the client as a producer if it has not started."""

    def BeginTransaction(self, prod: int, timeout_ms: int, advice: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Begins a transaction: all that is produced from here on belongs to it. No broker is asked."""

    def CommitTransaction(self, prod: int, timeout_ms: int, advice: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Commits the transaction. What was produced is sent first; if a record of it failed, nothing is committed
        (advice 2)."""

    def AbortTransaction(self, prod: int, timeout_ms: int, advice: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Aborts the transaction: no consumer with `isolation.level` read_committed sees anything of it."""

    def SendOffsetsToTransaction(
        self,
        prod: int,
        cons: int,
        tplist: int,
        timeout_ms: int,
        advice: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Makes offsets of a consumer's group part of the transaction: they are committed with it."""

    def AdminRequest(
        self,
        kafka: int,
        request: bytes | None,
        timeout_ms: int,
        reply_id: Pointer,
        reply: Pointer,
        len: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Does one admin operation: JSON in, JSON out. Any client that has started will do; `StartKafka` with kind 3
        starts one for this alone."""

    def NewBatch(self, batch: Pointer, /) -> int:
        """Makes an empty batch for records: set its columns, or add records one by one; then `ProduceBatch`."""

    def ClearBatch(self, batch: int, /) -> int:
        """Empties a batch or list; it can be filled again."""

    def DelBatch(self, batch: int, /) -> int:
        """Deletes a batch or list. The handle ends."""

    def GetBatchRows(self, batch: int, rows: Pointer, /) -> int:
        """Counts the rows of a batch or list."""

    def GetBatchInts(
        self,
        batch: int,
        column: bytes | None,
        values: Pointer,
        count: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Reads a column of integers."""

    def GetBatchDoubles(
        self,
        batch: int,
        column: bytes | None,
        values: Pointer,
        count: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Reads a column of integers as doubles, for hosts without 64-bit integers. Exact below 2^53."""

    def GetBatchBytes(
        self,
        batch: int,
        column: bytes | None,
        bytes: Pointer,
        len: Pointer,
        lengths: Pointer,
        count: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Reads a column of bytes: all values one after the other, and the length of each."""

    def SetBatchInts(
        self,
        batch: int,
        column: bytes | None,
        values: Pointer,
        count: int,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Sets a column of integers; it replaces the one that is there."""

    def SetBatchBytes(
        self,
        batch: int,
        column: bytes | None,
        bytes: Pointer,
        len: int,
        lengths: Pointer,
        count: int,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Sets a column of bytes; it replaces the one that is there."""

    def AddRecord(
        self,
        batch: int,
        topic: bytes | None,
        partition: int,
        timestamp: int,
        key: Pointer,
        keylen: int,
        value: Pointer,
        valuelen: int,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Adds a record to a batch of records, for hosts that go row by row."""

    def AddHeader(
        self,
        batch: int,
        name: bytes | None,
        value: Pointer,
        len: int,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Adds a header to the last record of a batch. Several may have one name."""

    def SelectBatchRows(
        self,
        batch: int,
        rows: Pointer,
        count: int,
        out: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Makes a new batch of some rows of another, in the order given; a row may come several times."""

    def ViewBatch(
        self,
        batch: int,
        column: bytes | None,
        data: Pointer,
        data_bytes: Pointer,
        offsets: Pointer,
        validity: Pointer,
        errtxt: Pointer,
        plen: Pointer,
        /,
    ) -> int:
        """Gives the addresses of a column's buffers in place, for hosts that read memory without copying."""

    def ExportBatch(self, batch: int, array: Pointer, schema: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Exports a batch by the Arrow C data interface, as one struct array, without copying."""

    def ImportBatch(self, array: Pointer, schema: Pointer, batch: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Makes a batch of records from an Arrow struct array (a record batch), by the Arrow C data interface."""

    def NewMockCluster(self, brokers: int, mock: Pointer, errtxt: Pointer, plen: Pointer, /) -> int:
        """Starts an embedded cluster. Topics are made at their first use, with 4 partitions."""

    def GetMockBootstrap(self, mock: int, buf: Pointer, len: Pointer, /) -> int:
        """Gives the addresses of an embedded cluster's brokers, for `bootstrap.servers`."""

    def MockRequest(self, mock: int, json: bytes | None, errtxt: Pointer, plen: Pointer, /) -> int:
        """Asks something of an embedded cluster: one operation a call, as JSON."""

    def DelMockCluster(self, mock: int, /) -> int:
        """Stops an embedded cluster; what it kept is gone. Clients that are connected lose their connections."""


def declare(library: ctypes.CDLL) -> Functions:
    """Gives the functions of a loaded library their types."""
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return cast(Functions, library)
