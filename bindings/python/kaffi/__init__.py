"""Kafka for Python: a complete client over the library kaffi, with the names that users of confluent_kafka know.

    from kaffi import Consumer, Producer

    with Producer({"bootstrap.servers": "localhost:9092"}) as producer:
        producer.produce("greetings", "hello", key="world")

    with Consumer({"bootstrap.servers": "localhost:9092", "group.id": "readers"}) as consumer:
        consumer.subscribe(["greetings"])
        for message in consumer:
            print(message.value())

Every property of librdkafka can be set in the configuration, and kaffi's own (`kaffi.*`). Timeouts are in seconds:
0 does not wait, -1 or None waits as long as it takes. Ctrl-C ends every waiting call. Any method may be called from
any thread. A client belongs to the process that made it: after a fork the child's calls raise KafkaException
(FORKED).
"""

from __future__ import annotations

from ._library import description as describe
from ._library import libversion, version
from .batch import Batch
from .consumer import Consumer
from .errors import KafkaError, KafkaException
from .events import ThrottleEvent
from .message import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    TIMESTAMP_NOT_AVAILABLE,
    Message,
)
from .mock import MockCluster
from .offsets import GroupMetadata, Lag
from .producer import Produced, Producer, QueueFull, key_partition
from .topic_partition import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    OFFSET_STORED,
    TopicPartition,
)

__all__ = [
    "OFFSET_BEGINNING",
    "OFFSET_END",
    "OFFSET_INVALID",
    "OFFSET_STORED",
    "TIMESTAMP_CREATE_TIME",
    "TIMESTAMP_LOG_APPEND_TIME",
    "TIMESTAMP_NOT_AVAILABLE",
    "Batch",
    "Consumer",
    "GroupMetadata",
    "KafkaError",
    "KafkaException",
    "Lag",
    "Message",
    "MockCluster",
    "Produced",
    "Producer",
    "QueueFull",
    "ThrottleEvent",
    "TopicPartition",
    "describe",
    "key_partition",
    "libversion",
    "version",
]
