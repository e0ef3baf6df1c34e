"""Produces a record, sees it delivered, consumes it and commits.

usage: demo.py [bootstrap servers]    without them: on an embedded cluster of its own
"""

from __future__ import annotations

import sys

from kaffi import Consumer, KafkaError, Message, MockCluster, Producer

cluster = None
if len(sys.argv) > 1:
    servers = sys.argv[1]
else:
    cluster = MockCluster()
    servers = cluster.bootstrap
    print("an embedded cluster answers at", servers)


def delivered(error: KafkaError | None, message: Message) -> None:
    print("delivered ", error or f"to partition {message.partition()}, offset {message.offset()}")


# [example
producer = Producer({"bootstrap.servers": servers})
producer.produce("greetings-python", "hello", key="world", on_delivery=delivered)
# example]
print("produced   hello")
# [example
producer.flush()
# example]

consuming = {"bootstrap.servers": servers, "group.id": "demo-python", "auto.offset.reset": "earliest"}
# [example
consumer = Consumer(consuming)
consumer.subscribe(["greetings-python"])
message = consumer.poll(30)
# example]
if message is None or message.error():
    sys.exit(f"no record came: {message}")
print("consumed  ", message.value(), "with key", message.key(), "from", message)
# [example
consumer.commit(message)
# example]
print("committed  the next record to read is at offset", (message.offset() or 0) + 1)

producer.close()
consumer.close()
if cluster:
    cluster.close()
