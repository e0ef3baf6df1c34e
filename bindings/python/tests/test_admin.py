"""AdminClient: every operation, on both clusters where the embedded one knows it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Cluster, read
from test_assignment import fill, refused

from kaffi import OFFSET_END, OFFSET_INVALID, KafkaError, KafkaException, TopicPartition
from kaffi.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    DeletedRecords,
    ElectionType,
    IsolationLevel,
    ListOffsetsResultInfo,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    Results,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialsDescription,
    UserScramCredentialUpsertion,
)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[AdminClient]:
    with AdminClient({"bootstrap.servers": cluster.bootstrap}) as client:
        yield client


@pytest.fixture
def real(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--cluster") == "mock":
        pytest.skip("the embedded cluster does not know this operation")


@pytest.fixture
def secured(real: None) -> None:
    if "KAFFI_TEST_SASL_BOOTSTRAP" not in os.environ:
        pytest.skip("this cluster has no authorizer and no users (see ci/kafka start --sasl)")


def until(true: Any, timeout: float = 20) -> None:
    """Waits for what a broker does a little after its answer."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def failure(results: Results[Any, Any], key: Any) -> int:
    """The code of a thing that failed, as `all` raises it too, with its name."""
    error = results[key]
    assert isinstance(error, KafkaError) and error.str()
    with refused(error.code()):
        results.all()
    return error.code()


def made(admin: AdminClient, topic: str, partitions: int = 1) -> str:
    admin.create_topics([NewTopic(topic, partitions, 1)]).all()
    until(lambda: len(admin.metadata([topic]).topics[topic].partitions) == partitions)
    return topic


# ---- On both clusters ----


def test_metadata(cluster: Cluster, admin: AdminClient, topic: str) -> None:
    fill(cluster, topic, 1, 1)
    all_ = admin.list_topics()
    one = admin.list_topics(topic)
    assert topic in all_.topics and list(one.topics) == [topic]
    assert one.cluster_id == all_.cluster_id == admin.describe_cluster().cluster_id
    partitions = one.topics[topic].partitions
    assert sorted(partitions) == [0, 1, 2, 3] and one.topics[topic].error is None
    assert partitions[3].id == 3 and partitions[3].leader in one.brokers and partitions[3].leader in partitions[3].isrs
    assert partitions[3].replicas and partitions[3].error is None
    [broker] = one.brokers.values()
    assert f"{broker.host}:{broker.port}" == cluster.bootstrap
    none = admin.metadata([f"{topic}-none"]).topics[f"{topic}-none"]
    assert none.error == KafkaError.UNKNOWN_TOPIC_OR_PART and none.partitions == {}
    assert f"{topic}-none" not in admin.topic_listings()


def test_describe(cluster: Cluster, admin: AdminClient, topic: str, request: pytest.FixtureRequest) -> None:
    fill(cluster, topic, 1, 1)
    listing = admin.topic_listings().all()[topic]
    assert (listing.name, listing.partitions, listing.is_internal) == (topic, 4, False)
    described = admin.describe_cluster()
    [node] = described.nodes
    assert f"{node.host}:{node.port}" == cluster.bootstrap and described.authorized_operations is None
    results = admin.describe_topics([topic, f"{topic}-none"])
    assert failure(results, f"{topic}-none") == KafkaError.UNKNOWN_TOPIC_OR_PART
    one = admin.describe_topics([topic]).all()[topic]
    assert (one.name, one.is_internal, one.authorized_operations) == (topic, False, None)
    assert [(part.id, part.leader, part.replicas, part.isr) for part in one.partitions] == [
        (number, node, [node], [node]) for number in range(4)
    ]
    if request.config.getoption("--cluster") == "kafka":
        assert one.topic_id and described.controller == node
        may = admin.describe_topics([topic], include_authorized_operations=True).all()[topic].authorized_operations
        assert may is not None and AclOperation.READ in may and AclOperation.IDEMPOTENT_WRITE not in may
        cluster_may = admin.describe_cluster(include_authorized_operations=True).authorized_operations
        assert cluster_may is not None and AclOperation.CREATE in cluster_may
        assert "__consumer_offsets" not in admin.topic_listings()


def test_list_offsets(cluster: Cluster, admin: AdminClient, topic: str) -> None:
    fill(cluster, topic, 2, 7)
    zero, one, wrong = (TopicPartition(topic, number) for number in (0, 1, 99))
    offsets = admin.list_offsets({zero: OffsetSpec.latest(), one: OffsetSpec.earliest()}).all()
    assert (offsets[zero].offset, offsets[one].offset) == (7, 0)
    assert failure(admin.list_offsets({zero: OffsetSpec.latest(), wrong: OffsetSpec.latest()}), wrong)


def test_group_offsets(cluster: Cluster, admin: AdminClient, topic: str, group: str) -> None:
    fill(cluster, topic, 2, 10)
    places = [TopicPartition(topic, 0, 4, metadata="by hand é"), TopicPartition(topic, 1, 5)]
    altered = admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)]).all()[group]
    assert [place.error for place in altered.topic_partitions or ()] == [None, None]
    asked = [TopicPartition(topic, number) for number in range(3)]
    for require_stable in False, True:
        groups = [ConsumerGroupTopicPartitions(group, asked), ConsumerGroupTopicPartitions(f"{group}-none", asked)]
        listed = admin.list_consumer_group_offsets(groups, require_stable).all()
        assert [place.offset for place in listed[group].topic_partitions or ()] == [4, 5, OFFSET_INVALID]
        assert listed[group].topic_partitions[0].metadata == "by hand é"  # type: ignore[index]
        assert [place.offset for place in listed[f"{group}-none"].topic_partitions or ()] == [OFFSET_INVALID] * 3
    with cluster.consumer(group) as consumer:
        consumer.assign(asked[:1])
        assert [message.offset() for message in read(consumer, 1)] == [4]


def test_request(cluster: Cluster, admin: AdminClient, topic: str) -> None:
    """The raw way; also a reply that finds too little room at first."""
    fill(cluster, topic, 1, 1)
    reply = admin.request({"DescribeTopics": {"topics": [f"{topic}-{number}" for number in range(50)]}})
    assert len(reply["topics"]) == 50 and len(json.dumps(reply)) > 4096
    with pytest.raises(KafkaException, match="ListTopics") as failed:
        admin.request({"MakeTopics": {}})
    assert failed.value.args[0] == KafkaError.BAD_JSON


def test_wrong_arguments(admin: AdminClient) -> None:
    for call in admin.delete_topics, admin.describe_topics, admin.delete_consumer_groups, admin.metadata:
        with pytest.raises(TypeError):
            call("orders")  # not its letters
    for request, word in (
        (lambda: admin.delete_topics([]), "empty"),
        (lambda: admin.delete_topics(["a", "a"]), "twice"),
        (lambda: admin.create_topics([NewTopic("a", 0)]), "partitions"),
        (lambda: admin.create_topics([NewTopic("a", 3, 1, [[1]])]), "replica_assignment"),
        (lambda: admin.list_offsets({TopicPartition("a", 0): OffsetSpec()}), "timestamp"),
    ):
        with pytest.raises(KafkaException, match=word) as failed:
            request()
        assert failed.value.args[0] == KafkaError.BAD_ARGUMENT
    secret = UserScramCredentialUpsertion("alice", ScramCredentialInfo("SCRAM-SHA-256"), b"hunter2\xff")
    with pytest.raises(ValueError) as refused_:
        admin.alter_user_scram_credentials([secret])
    assert "hunter2" not in repr(refused_.value) + repr(secret) and refused_.value.__cause__ is None


def test_nobody_answers(nobody: str) -> None:
    with AdminClient({"bootstrap.servers": nobody}) as admin:
        with pytest.raises(KafkaException, match=nobody) as failed:
            admin.list_topics(timeout=1.5)
        assert failed.value.args[0] == KafkaError._TIMED_OUT
        with refused(KafkaError._TIMED_OUT):
            admin.delete_topics(["a"], timeout=0)


def test_ctrl_c_and_close_end_a_wait(nobody: str) -> None:
    admin = AdminClient({"bootstrap.servers": nobody})
    start = time.monotonic()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        admin.list_topics(timeout=60)
    threading.Timer(0.5, admin.close).start()
    with refused(KafkaError.CLOSED):
        admin.list_topics(timeout=60)
    assert time.monotonic() - start < 10
    admin.close()
    with refused(KafkaError.CLOSED):
        admin.list_topics()
    assert "closed" in repr(admin)


def test_callbacks(nobody: str) -> None:
    heard: list[KafkaError] = []
    with AdminClient({"bootstrap.servers": nobody, "error_cb": heard.append}) as admin:
        until(lambda: admin.next_event(0.1) is None and heard)
        assert KafkaError._TRANSPORT in heard or KafkaError._ALL_BROKERS_DOWN in heard


# ---- On a real cluster ----


@pytest.mark.usefixtures("real")
def test_topics(admin: AdminClient, topic: str) -> None:
    new = NewTopic(topic, 2, 1, config={"retention.ms": "60000"})
    assigned = NewTopic(f"{topic}-assigned", replica_assignment=[[1], [1], [1]])
    assert admin.create_topics([new], validate_only=True) == {topic: None}
    assert topic not in admin.topic_listings()
    assert admin.create_topics([new, assigned, NewTopic(f"{topic}-usual")]).all() == dict.fromkeys(
        (topic, f"{topic}-assigned", f"{topic}-usual")
    )
    assert failure(admin.create_topics([new, NewTopic(f"{topic}-more", 1)]), topic) == KafkaError.TOPIC_ALREADY_EXISTS
    with pytest.raises(KafkaException, match=topic):
        admin.create_topics([new]).all()
    sizes = {topic: 2, f"{topic}-assigned": 3, f"{topic}-more": 1, f"{topic}-usual": 4}
    until(lambda: sizes.items() <= {name: one.partitions for name, one in admin.topic_listings().all().items()}.items())
    more = [NewPartitions(topic, 3), NewPartitions(f"{topic}-assigned", 4, [[1]])]
    assert admin.create_partitions(more, validate_only=True).all() == admin.create_partitions(more).all()
    until(lambda: admin.topic_listings().all()[topic].partitions == 3)
    assert failure(admin.create_partitions([NewPartitions(topic, 1)]), topic) == KafkaError.INVALID_PARTITIONS
    assert admin.delete_topics(list(sizes)).all() == dict.fromkeys(sizes)
    until(lambda: not set(sizes) & set(admin.list_topics().topics))
    assert failure(admin.delete_topics([topic]), topic) == KafkaError.UNKNOWN_TOPIC_OR_PART


@pytest.mark.usefixtures("real")
def test_records_and_offsets(cluster: Cluster, admin: AdminClient, topic: str) -> None:
    made(admin, topic, 2)
    zero, one = TopicPartition(topic, 0, 3), TopicPartition(topic, 1, OFFSET_END)
    with cluster.producer() as producer:
        for number in range(10):
            for partition in 0, 1:
                producer.produce(topic, "x", partition=partition, timestamp=1_700_000_000_000 + 1000 * number)
    for spec, expected in (
        (OffsetSpec.for_timestamp(1_700_000_003_500), ListOffsetsResultInfo(4, 1_700_000_004_000, 0)),
        (OffsetSpec.max_timestamp(), ListOffsetsResultInfo(9, 1_700_000_009_000, 0)),
        (OffsetSpec.for_timestamp(1_800_000_000_000), ListOffsetsResultInfo(None, None, None)),
        (OffsetSpec.latest(), ListOffsetsResultInfo(10, None, 0)),
    ):
        found = admin.list_offsets({zero: spec}, IsolationLevel.READ_COMMITTED).all()[zero]
        assert (found.offset, found.timestamp) == (expected.offset, expected.timestamp)
    deleted = admin.delete_records([zero, one]).all()
    assert deleted == {zero: DeletedRecords(3), one: DeletedRecords(10)}
    earliest = admin.list_offsets({zero: OffsetSpec.earliest(), one: OffsetSpec.earliest()}).all()
    assert [earliest[place].offset for place in (zero, one)] == [3, 10]
    beyond = TopicPartition(topic, 0, 99)
    assert failure(admin.delete_records([beyond]), beyond) == KafkaError.OFFSET_OUT_OF_RANGE


@pytest.mark.usefixtures("real")
def test_configs(admin: AdminClient, topic: str) -> None:
    made(admin, topic)
    resource, missing = ConfigResource(ResourceType.TOPIC, topic), ConfigResource("TOPIC", f"{topic}-none")
    before = admin.describe_configs([resource]).all()[resource]
    retention = before["retention.ms"]
    assert (retention.name, retention.is_default, retention.is_read_only, retention.is_sensitive) == (
        "retention.ms", True, False, False,
    )  # fmt: skip
    changes = [
        ConfigEntry("retention.ms", "70000"),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
    ]
    altered = ConfigResource("TOPIC", topic, changes)
    assert altered == resource
    admin.incremental_alter_configs([altered], validate_only=True).all()
    assert admin.describe_configs([resource], ["retention.ms"]).all() == {resource: {"retention.ms": retention}}
    assert admin.incremental_alter_configs([altered]).all() == {resource: None}

    def now(name: str) -> ConfigEntry:
        return admin.describe_configs([resource], [name]).all()[resource][name]

    until(lambda: now("retention.ms").value == "70000")
    assert now("retention.ms").source == ConfigSource.DYNAMIC_TOPIC_CONFIG
    assert (now("retention.ms").synonyms[0].value, now("cleanup.policy").value) == ("70000", "delete,compact")
    back = [
        ConfigEntry("retention.ms", incremental_operation="DELETE"),
        ConfigEntry("cleanup.policy", "delete", incremental_operation="SUBTRACT"),
    ]
    admin.incremental_alter_configs([ConfigResource("TOPIC", topic, back)]).all()
    until(lambda: (now("retention.ms").value, now("cleanup.policy").value) == (retention.value, "compact"))
    assert failure(admin.describe_configs([resource, missing]), missing) == KafkaError.UNKNOWN_TOPIC_OR_PART
    wrong = ConfigResource("TOPIC", topic, [ConfigEntry("retention.ms", "long")])
    assert failure(admin.incremental_alter_configs([wrong]), wrong) == KafkaError.INVALID_CONFIG
    broker = ConfigResource(ResourceType.BROKER, str(next(iter(admin.list_topics().brokers))))
    assert admin.describe_configs([broker]).all()[broker]["num.partitions"].value == "4"


@pytest.mark.usefixtures("real")
def test_groups(cluster: Cluster, admin: AdminClient, topic: str, group: str) -> None:
    fill(cluster, topic, 1, 10)

    def listed(**filters: Any) -> dict[str, Any]:
        result = admin.list_consumer_groups(**filters)
        assert result.errors == []
        return {one.group_id: one for one in result.valid}

    with cluster.consumer(group, client_id="one") as consumer:
        consumer.subscribe([topic])
        read(consumer, 10)
        consumer.commit()
        one = admin.describe_consumer_groups([group], include_authorized_operations=True).all()[group]
        assert (one.group_id, one.state, one.type) == (group, ConsumerGroupState.STABLE, ConsumerGroupType.CLASSIC)
        assert (one.partition_assignor, one.is_simple_consumer_group) == ("range", False)
        assert one.coordinator == admin.describe_cluster().nodes[0]
        assert one.authorized_operations is not None and AclOperation.READ in one.authorized_operations
        [member] = one.members
        assert (member.client_id, member.member_id) == ("one", consumer.memberid())
        assert member.assignment == [TopicPartition(topic, number) for number in range(4)]
        assert (member.group_instance_id, member.target_assignment) == (None, None)
        until(lambda: group in listed(states=[ConsumerGroupState.STABLE], types={"Classic"}))
        assert group not in listed(states=["Empty"])
        assert failure(admin.delete_consumer_groups([group]), group) == KafkaError.NON_EMPTY_GROUP
        mine = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 3)])
        for change in admin.alter_consumer_group_offsets, admin.delete_consumer_group_offsets:
            results = change([mine])
            with pytest.raises(KafkaException, match=group):
                results.all()  # also where only the partition has the error
    until(lambda: group in listed(states=["Empty"]))
    [offsets] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).all().values()
    assert [(place.partition, place.offset) for place in offsets.topic_partitions or ()] == [(0, 10)]
    gone = admin.delete_consumer_group_offsets([mine]).all()[group]
    assert gone == ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
    [offsets] = admin.list_consumer_group_offsets([mine]).all().values()
    assert [place.offset for place in offsets.topic_partitions or ()] == [OFFSET_INVALID]
    admin.alter_consumer_group_offsets([mine]).all()
    assert admin.delete_consumer_groups([group]).all() == {group: None}
    assert group not in listed()
    assert failure(admin.delete_consumer_groups([group]), group) == KafkaError.GROUP_ID_NOT_FOUND
    assert admin.describe_consumer_groups([group]).all()[group].state is ConsumerGroupState.DEAD


@pytest.mark.usefixtures("real")
def test_elect_leaders(admin: AdminClient, topic: str) -> None:
    made(admin, topic)
    place, missing = TopicPartition(topic, 0), TopicPartition(f"{topic}-none", 0)
    results = admin.elect_leaders(ElectionType.PREFERRED, [place, missing])
    assert results[place] == KafkaError.ELECTION_NOT_NEEDED and results[missing] == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert failure(admin.elect_leaders("PREFERRED", [place]), place) == KafkaError.ELECTION_NOT_NEEDED
    assert place not in admin.elect_leaders()


@pytest.mark.usefixtures("secured")
def test_acls(admin: AdminClient, topic: str) -> None:
    principal = f"User:{topic}"
    kinds = ResourceType.TOPIC, ResourcePatternType.LITERAL, AclPermissionType.ALLOW
    reads = AclBinding(kinds[0], topic, kinds[1], principal, "*", AclOperation.READ, kinds[2])
    writes = AclBinding("TOPIC", topic, "PREFIXED", principal, "127.0.0.1", "WRITE", "DENY")
    assert admin.create_acls([reads, writes]).all() == {reads: None, writes: None}
    mine, reading = AclBindingFilter(principal=principal), AclBindingFilter(principal=principal, operation="READ")
    until(lambda: len(admin.describe_acls(mine)) == 2)
    assert set(admin.describe_acls(mine)) == {reads, writes} <= set(admin.describe_acls())
    assert admin.describe_acls(AclBindingFilter("TOPIC", f"{topic}-x", "MATCH", principal)) == [writes]
    assert admin.describe_acls(reading) == [reads]
    writing = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, principal, None, "WRITE", "ANY")
    none = AclBindingFilter(principal=f"{principal}-none")
    assert admin.delete_acls([reading, none, writing]).all() == {reading: [reads], none: [], writing: [writes]}
    until(lambda: admin.describe_acls(mine) == [])
    with pytest.raises(KafkaException, match="principal"):
        admin.create_acls([AclBinding("TOPIC", topic, "LITERAL", "alice", "*", "READ", "ALLOW")])


@pytest.mark.usefixtures("secured")
def test_scram_credentials(cluster: Cluster, admin: AdminClient, topic: str) -> None:
    user, other = topic, f"{topic}-other"
    weak, strong = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256), ScramCredentialInfo("SCRAM-SHA-512", 8192)
    upsertions = [
        UserScramCredentialUpsertion(user, weak, "secret"),
        UserScramCredentialUpsertion(other, strong, "s"),
        UserScramCredentialUpsertion(user, strong, b"secret", salt=b"0123456789"),
    ]
    assert failure(admin.alter_user_scram_credentials(upsertions), user) == KafkaError.DUPLICATE_RESOURCE
    assert admin.alter_user_scram_credentials(upsertions[:2]).all() == {user: None, other: None}
    admin.alter_user_scram_credentials(upsertions[2:]).all()
    until(lambda: {user, other} <= set(admin.describe_user_scram_credentials()))
    until(lambda: len(admin.describe_user_scram_credentials([user]).all()[user].scram_credential_infos) == 2)
    described = admin.describe_user_scram_credentials([user, other]).all()
    assert described[other] == UserScramCredentialsDescription(other, [strong])
    assert set(described[user].scram_credential_infos) == {weak, strong}
    conf = {
        "bootstrap.servers": os.environ["KAFFI_TEST_SASL_BOOTSTRAP"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": "secret",
        "ssl.ca.location": os.environ["KAFFI_TEST_CA"],
    }
    with AdminClient(conf) as alice:
        assert alice.describe_cluster().nodes
    gone = [UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512) for name in (user, other)]
    assert admin.alter_user_scram_credentials(gone).all() == {user: None, other: None}
    until(lambda: isinstance(admin.describe_user_scram_credentials([other])[other], KafkaError))
    assert failure(admin.describe_user_scram_credentials([other]), other) == KafkaError.RESOURCE_NOT_FOUND
    assert admin.describe_user_scram_credentials([user]).all()[user].scram_credential_infos == [weak]
    admin.alter_user_scram_credentials([UserScramCredentialDeletion(user, "SCRAM-SHA-256")]).all()
    assert failure(admin.alter_user_scram_credentials(gone), user) == KafkaError.RESOURCE_NOT_FOUND
