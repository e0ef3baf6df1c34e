"""Produces a record, sees it delivered, consumes it and commits.

usage: demo.py [bootstrap servers]    without them: on an embedded cluster of its own
"""

import sys

from kaffi import Consumer, MockCluster, Producer

if len(sys.argv) > 1:
    cluster, servers = None, sys.argv[1]
else:
    cluster = MockCluster()
    servers = cluster.bootstrap
    print("an embedded cluster answers at", servers)


def delivered(error, message):
    print("delivered ", error or f"to partition {message.partition()}, offset {message.offset()}")


# [example
with Producer({"bootstrap.servers": servers}) as producer:
    producer.produce("greetings-python", "hello", key="world", on_delivery=delivered)
    # example]
    print("produced   hello")
    # [example
    producer.flush()
# example]

consuming = {"bootstrap.servers": servers, "group.id": "demo-python", "auto.offset.reset": "earliest"}
# [example
with Consumer(consuming) as consumer:
    consumer.subscribe(["greetings-python"])
    message = consumer.poll(30)
    # example]
    if message is None or message.error():
        sys.exit(f"no record came: {message and message.error()}")
    text = f"{message.value().decode()} with key {message.key().decode()}"
    print(f"consumed   {text} from {message.topic()}, partition {message.partition()}, offset {message.offset()}")
    # [example
    [committed] = consumer.commit(message)
    # example]
    print("committed  the next record to read is at offset", committed.offset)

if cluster:
    cluster.close()
