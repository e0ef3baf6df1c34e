"""AdminClient: topics, configurations, groups, access and users of a cluster."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from ctypes import byref, c_int64
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable, Generic, TypeVar, Union

from . import _abi
from ._call import apart, milliseconds, text_of
from ._client import Client
from ._library import library, text_in
from .errors import KafkaError, KafkaException
from .topic_partition import OFFSET_INVALID, TopicPartition

ADMIN = 3  # the kind of client

TIMEOUT = 30.0  # seconds

K = TypeVar("K")
V = TypeVar("V")


class _Known(str, Enum):
    """A name that Kafka has for something; where one is wanted, its text does as well."""

    @classmethod
    def _missing_(cls, value: object) -> _Known | None:
        return cls.__members__.get("UNKNOWN")  # a newer broker's

    def __str__(self) -> str:
        return str(self.value)


class ResourceType(_Known):
    """What a configuration or an ACL is about."""

    UNKNOWN = "UNKNOWN"
    ANY = "ANY"  # in filters
    TOPIC = "TOPIC"
    GROUP = "GROUP"
    BROKER = "BROKER"  # has a configuration; its name is its id
    CLUSTER = "CLUSTER"  # has ACLs; its name is kafka-cluster
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class ResourcePatternType(_Known):
    """How the name of an ACL is meant."""

    UNKNOWN = "UNKNOWN"
    ANY = "ANY"  # in filters
    MATCH = "MATCH"  # in filters: all that concern a resource of this name
    LITERAL = "LITERAL"
    PREFIXED = "PREFIXED"


class AclOperation(_Known):
    """What an ACL allows or denies, and what a client may do."""

    UNKNOWN = "UNKNOWN"
    ANY = "ANY"  # in filters
    ALL = "ALL"
    READ = "READ"
    WRITE = "WRITE"
    CREATE = "CREATE"
    DELETE = "DELETE"
    ALTER = "ALTER"
    DESCRIBE = "DESCRIBE"
    CLUSTER_ACTION = "CLUSTER_ACTION"
    DESCRIBE_CONFIGS = "DESCRIBE_CONFIGS"
    ALTER_CONFIGS = "ALTER_CONFIGS"
    IDEMPOTENT_WRITE = "IDEMPOTENT_WRITE"


class AclPermissionType(_Known):
    """Whether an ACL allows or denies."""

    UNKNOWN = "UNKNOWN"
    ANY = "ANY"  # in filters
    DENY = "DENY"
    ALLOW = "ALLOW"


class AlterConfigOpType(_Known):
    """How a configuration is changed."""

    SET = "SET"
    DELETE = "DELETE"  # back to the default
    APPEND = "APPEND"  # to a list
    SUBTRACT = "SUBTRACT"  # from a list


class ConfigSource(_Known):
    """Where a configuration comes from."""

    UNKNOWN = "UNKNOWN_CONFIG"
    DYNAMIC_TOPIC_CONFIG = "DYNAMIC_TOPIC_CONFIG"
    DYNAMIC_BROKER_CONFIG = "DYNAMIC_BROKER_CONFIG"
    DYNAMIC_DEFAULT_BROKER_CONFIG = "DYNAMIC_DEFAULT_BROKER_CONFIG"
    STATIC_BROKER_CONFIG = "STATIC_BROKER_CONFIG"
    DEFAULT_CONFIG = "DEFAULT_CONFIG"
    GROUP_CONFIG = "GROUP_CONFIG"


class ConsumerGroupState(_Known):
    """The state of a group."""

    UNKNOWN = "Unknown"
    PREPARING_REBALANCING = "PreparingRebalance"
    COMPLETING_REBALANCING = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"  # or never there
    EMPTY = "Empty"


class ConsumerGroupType(_Known):
    """The protocol of a group."""

    UNKNOWN = "Unknown"
    CONSUMER = "Consumer"
    CLASSIC = "Classic"


class ElectionType(_Known):
    """Which replica is to lead."""

    PREFERRED = "PREFERRED"
    UNCLEAN = "UNCLEAN"  # one that is not in sync, where no other is left: records may be lost


class IsolationLevel(_Known):
    """Whether records of open transactions count."""

    READ_UNCOMMITTED = "read_uncommitted"
    READ_COMMITTED = "read_committed"


class ScramMechanism(_Known):
    """How a user's password is kept."""

    UNKNOWN = "UNKNOWN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True)
class Node:
    """A broker."""

    id: int
    host: str
    port: int
    rack: str | None = None


@dataclass(frozen=True)
class PartitionMetadata:
    """A partition: the ids of its leader (-1: none now), of its replicas and of those in sync."""

    id: int
    leader: int
    replicas: list[int]
    isrs: list[int]
    error: KafkaError | None = None


@dataclass(frozen=True)
class TopicMetadata:
    """A topic and its partitions, by their number."""

    topic: str
    partitions: dict[int, PartitionMetadata]
    error: KafkaError | None = None


@dataclass(frozen=True)
class ClusterMetadata:
    """What the brokers say of themselves (by id), and of topics (by name)."""

    cluster_id: str | None
    controller_id: int | None
    brokers: dict[int, Node]
    topics: dict[str, TopicMetadata]


@dataclass(frozen=True)
class DescribeClusterResult:
    """The cluster; `authorized_operations` is None unless asked for."""

    cluster_id: str | None
    controller: Node | None
    nodes: list[Node]
    authorized_operations: list[AclOperation] | None


@dataclass(frozen=True)
class TopicListing:
    """A topic and its number of partitions."""

    name: str
    partitions: int
    is_internal: bool


@dataclass(frozen=True)
class TopicPartitionInfo:
    """A partition: its leader (None: none now), its replicas and those in sync."""

    id: int
    leader: Node | None
    replicas: list[Node]
    isr: list[Node]


@dataclass(frozen=True)
class TopicDescription:
    """A topic; `authorized_operations` is None unless asked for."""

    name: str
    topic_id: str | None
    is_internal: bool
    partitions: list[TopicPartitionInfo]
    authorized_operations: list[AclOperation] | None


@dataclass(frozen=True)
class NewTopic:
    """A topic to be made. -1 is the broker's default; `replica_assignment`, the ids of the brokers of each partition,
    stands in place of `replication_factor`.
    """

    topic: str
    num_partitions: int = -1
    replication_factor: int = -1
    replica_assignment: Sequence[Sequence[int]] | None = None
    config: Mapping[str, str] | None = None


@dataclass(frozen=True)
class NewPartitions:
    """A topic that is to have so many partitions; `replica_assignment`: the ids of the brokers of each new one."""

    topic: str
    new_total_count: int
    replica_assignment: Sequence[Sequence[int]] | None = None


@dataclass(frozen=True)
class DeletedRecords:
    """The first offset that is left."""

    low_watermark: int


@dataclass(frozen=True)
class OffsetSpec:
    """An offset to be looked up."""

    offset: str | None = None
    timestamp: int | None = None

    @classmethod
    def earliest(cls) -> OffsetSpec:
        return cls("earliest")

    @classmethod
    def latest(cls) -> OffsetSpec:
        return cls("latest")

    @classmethod
    def max_timestamp(cls) -> OffsetSpec:
        """Of the record with the highest timestamp."""
        return cls("max_timestamp")

    @classmethod
    def for_timestamp(cls, timestamp: int) -> OffsetSpec:
        """Of the first record that is not older, in ms since 1970."""
        return cls(timestamp=timestamp)


@dataclass(frozen=True)
class ListOffsetsResultInfo:
    """An offset that was looked up; None where there is none."""

    offset: int | None
    timestamp: int | None
    leader_epoch: int | None


@dataclass(frozen=True)
class ConfigEntry:
    """One configuration. To change it, `name`, `value` and `incremental_operation` count. `synonyms` are the values in
    the order in which they count; the value of what is sensitive is None.
    """

    name: str
    value: str | None = None
    source: ConfigSource = ConfigSource.UNKNOWN
    is_read_only: bool = False
    is_default: bool = False
    is_sensitive: bool = False
    synonyms: Sequence[ConfigEntry] = ()
    incremental_operation: AlterConfigOpType | str = AlterConfigOpType.SET


@dataclass(frozen=True)
class ConfigResource:
    """What has a configuration: a TOPIC, a BROKER (its name is its id) or a GROUP; with the changes for
    `incremental_alter_configs`. Equal to another of the same type and name.
    """

    restype: ResourceType | str
    name: str
    incremental_configs: Sequence[ConfigEntry] = field(default=(), compare=False)


@dataclass(frozen=True)
class ConsumerGroupListing:
    """A group; `is_simple_consumer_group`: it only has committed offsets."""

    group_id: str
    is_simple_consumer_group: bool
    state: ConsumerGroupState
    type: ConsumerGroupType


@dataclass(frozen=True)
class ListConsumerGroupsResult:
    """The groups, and the errors of brokers that did not answer for theirs."""

    valid: list[ConsumerGroupListing]
    errors: list[KafkaError]


@dataclass(frozen=True)
class MemberDescription:
    """A member of a group and what it is assigned; `target_assignment` is what it will be assigned, if known."""

    member_id: str
    client_id: str
    host: str
    assignment: list[TopicPartition]
    group_instance_id: str | None
    target_assignment: list[TopicPartition] | None


@dataclass(frozen=True)
class ConsumerGroupDescription:
    """A group; `authorized_operations` is None unless asked for."""

    group_id: str
    is_simple_consumer_group: bool
    members: list[MemberDescription]
    partition_assignor: str
    state: ConsumerGroupState
    type: ConsumerGroupType
    coordinator: Node | None
    authorized_operations: list[AclOperation] | None


@dataclass(frozen=True)
class ConsumerGroupTopicPartitions:
    """A group and partitions: with offsets, where they are altered or listed. None: all that have one."""

    group_id: str
    topic_partitions: Sequence[TopicPartition] | None = None


@dataclass(frozen=True)
class AclBinding:
    """An ACL: whether a principal (`User:alice`) may do something from a host (`*`: any). `error` is for those that
    `delete_acls` could not delete; it does not count when two are compared.
    """

    restype: ResourceType | str
    name: str
    resource_pattern_type: ResourcePatternType | str
    principal: str
    host: str
    operation: AclOperation | str
    permission_type: AclPermissionType | str
    error: KafkaError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class AclBindingFilter:
    """ACLs: None and ANY fit all."""

    restype: ResourceType | str | None = None
    name: str | None = None
    resource_pattern_type: ResourcePatternType | str | None = None
    principal: str | None = None
    host: str | None = None
    operation: AclOperation | str | None = None
    permission_type: AclPermissionType | str | None = None


@dataclass(frozen=True)
class ScramCredentialInfo:
    """A SCRAM credential, with 4096 to 16384 iterations."""

    mechanism: ScramMechanism | str
    iterations: int = 4096


@dataclass(frozen=True)
class UserScramCredentialsDescription:
    """A user's SCRAM credentials."""

    user: str
    scram_credential_infos: list[ScramCredentialInfo]


@dataclass(frozen=True)
class UserScramCredentialUpsertion:
    """A SCRAM credential that is made or replaced. The salt is random unless given."""

    user: str
    scram_credential_info: ScramCredentialInfo
    password: str | bytes = field(repr=False)
    salt: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class UserScramCredentialDeletion:
    """A SCRAM credential that goes."""

    user: str
    mechanism: ScramMechanism | str


class Results(dict[K, Union[V, KafkaError]], Generic[K, V]):
    """What became of each thing: its result, or the KafkaError that says why there is none. Where there is nothing to
    tell, None is success. `all()` is for those who want all of them or an exception.
    """

    def all(self) -> dict[K, V]:
        """The results, none of which has failed; else raises KafkaException with the first failure."""
        done: dict[K, V] = {}
        for key, value in self.items():
            for error in _errors(value):
                raise KafkaException(KafkaError(error.code(), f"{_title(key)}: {error.str()}"))
            assert not isinstance(value, KafkaError)
            done[key] = value
        return done


class AdminClient(Client):
    """Looks after a cluster.

        with AdminClient({"bootstrap.servers": "localhost:9092"}) as admin:
            admin.create_topics([NewTopic("orders", 4, config={"retention.ms": "60000"})]).all()
            print(admin.list_topics().topics)

    The methods have the names of confluent_kafka's, but wait for the answer and return it: there are no futures. Where
    things can fail one by one a Results comes, a dict whose values are results or KafkaError; look at them, or call
    `all()`, which raises KafkaException at the first failure. The call itself raises KafkaException when the request is
    wrong (then nothing was changed) or no broker has answered within `timeout` seconds (None or -1: an hour). After
    `_TIMED_OUT` of something that changes the cluster, look before you ask again: it may have been done. Ctrl-C ends
    the wait, too.

    Names such as `ResourceType.TOPIC` may be given as text, "TOPIC". A list must not be empty, nor name a thing twice.

    Any method may be called from any thread. Callbacks in the configuration (`error_cb`, `stats_cb`, `throttle_cb`,
    `oauth_cb`, `logger`) are called at the beginning of a request and by `next_event`.
    """

    def __init__(self, conf: Mapping[str, Any], logger: Any = None) -> None:
        """Starts a client. `conf` maps names of properties to str, bool or number. Raises KafkaException when it cannot
        start as configured.
        """
        super().__init__(conf if logger is None else {**conf, "logger": logger}, ADMIN)

    def request(self, request: Mapping[str, Any], timeout: float | None = TIMEOUT) -> dict[str, Any]:
        """Does one operation as the library has it, and returns its reply.

            admin.request({"ListTopics": {"include_internal": True}})["topics"]

        `docs/admin.md` has all of them.
        """
        text = text_in(json.dumps(request), "the request")
        limit = milliseconds(timeout)
        if self._callbacks:
            self._serve_events()
        replies: list[str] = []

        def work() -> int:
            # A reply that found too little room waits under a number; nothing is done twice.
            replies.append(text_of(library().AdminRequest, self._handle, text, limit, byref(c_int64())))
            return _abi.DONE

        apart(self._handle, work)
        reply: dict[str, Any] = json.loads(replies[0])
        return reply

    def _ask(self, operation: str, timeout: float | None, **members: Any) -> Any:
        return self.request({operation: _given(**members)}, timeout)

    # ---- Cluster and topics ----

    def list_topics(self, topic: str | None = None, timeout: float | None = TIMEOUT) -> ClusterMetadata:
        """What the brokers say of themselves and of all topics, or of one."""
        return self.metadata(None if topic is None else [topic], timeout)

    def metadata(self, topics: Sequence[str] | None = None, timeout: float | None = TIMEOUT) -> ClusterMetadata:
        """What the brokers say of themselves and of all topics, or of these. Topics are never made by this; one that
        does not exist has an `error`.
        """
        reply = self._ask("Metadata", timeout, topics=None if topics is None else _list(topics, "topics"))
        return ClusterMetadata(
            reply["cluster_id"],
            reply["controller_id"],
            {one["id"]: Node(**one) for one in reply["brokers"]},
            {one["name"]: _topic_metadata(one) for one in reply["topics"]},
        )

    def topic_listings(
        self, include_internal: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[str, TopicListing]:
        """Every topic by name, Kafka's own only with `include_internal`. (confluent_kafka has no such method.)"""
        reply = self._ask("ListTopics", timeout, include_internal=include_internal)
        return _results(
            reply["topics"], _name, lambda one: TopicListing(one["name"], one["partitions"], one["is_internal"])
        )

    def describe_cluster(
        self, include_authorized_operations: bool = False, timeout: float | None = TIMEOUT
    ) -> DescribeClusterResult:
        """The brokers with their racks, and what this client may do on the cluster."""
        reply = self._ask("DescribeCluster", timeout, include_authorized_operations=include_authorized_operations)
        return DescribeClusterResult(
            reply["cluster_id"],
            _node(reply["controller"]),
            [Node(**one) for one in reply["brokers"]],
            _operations(reply["authorized_operations"]),
        )

    def describe_topics(
        self, topics: Sequence[str], include_authorized_operations: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[str, TopicDescription]:
        """Topics by name, with their ids, where each partition is, and what this client may do on them."""
        reply = self._ask(
            "DescribeTopics",
            timeout,
            topics=_list(topics, "topics"),
            include_authorized_operations=include_authorized_operations,
        )
        return _results(reply["topics"], _name, _topic_description)

    def create_topics(
        self, new_topics: Sequence[NewTopic], validate_only: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[str, None]:
        """Makes topics, or only looks whether it could."""
        topics = [
            _given(
                name=new.topic,
                partitions=_unless_default(new.num_partitions),
                replication_factor=_unless_default(new.replication_factor),
                replica_assignment=_lists(new.replica_assignment),
                configs=None if new.config is None else dict(new.config),
            )
            for new in _list(new_topics, "new_topics")
        ]
        reply = self._ask("CreateTopics", timeout, topics=topics, validate_only=validate_only)
        return _results(reply["topics"], _name, _nothing)

    def delete_topics(self, topics: Sequence[str], timeout: float | None = TIMEOUT) -> Results[str, None]:
        """Deletes topics, by name."""
        reply = self._ask("DeleteTopics", timeout, topics=_list(topics, "topics"))
        return _results(reply["topics"], _name, _nothing)

    def create_partitions(
        self, new_partitions: Sequence[NewPartitions], validate_only: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[str, None]:
        """Gives topics more partitions, or only looks whether it could."""
        topics = [
            _given(name=new.topic, partitions=new.new_total_count, replica_assignment=_lists(new.replica_assignment))
            for new in _list(new_partitions, "new_partitions")
        ]
        reply = self._ask("CreatePartitions", timeout, topics=topics, validate_only=validate_only)
        return _results(reply["topics"], _name, _nothing)

    def delete_records(
        self, topic_partition_offsets: Sequence[TopicPartition], timeout: float | None = TIMEOUT
    ) -> Results[TopicPartition, DeletedRecords]:
        """Deletes the records before the offset of each partition; OFFSET_END: all that are there."""
        partitions = [
            {**_place(one), "offset": one.offset} for one in _list(topic_partition_offsets, "topic_partition_offsets")
        ]
        reply = self._ask("DeleteRecords", timeout, partitions=partitions)
        return _results(reply["partitions"], _partition, lambda one: DeletedRecords(one["low_watermark"]))

    def list_offsets(
        self,
        topic_partition_offsets: Mapping[TopicPartition, OffsetSpec],
        isolation_level: IsolationLevel | str = IsolationLevel.READ_UNCOMMITTED,
        timeout: float | None = TIMEOUT,
    ) -> Results[TopicPartition, ListOffsetsResultInfo]:
        """Looks up an offset of each partition."""
        partitions = [
            {**_place(one), **_given(offset=spec.offset, timestamp=spec.timestamp)}
            for one, spec in topic_partition_offsets.items()
        ]
        reply = self._ask("ListOffsets", timeout, partitions=partitions, isolation_level=isolation_level)
        return _results(
            reply["partitions"],
            _partition,
            lambda one: ListOffsetsResultInfo(one["offset"], one["timestamp"], one["leader_epoch"]),
        )

    def elect_leaders(
        self,
        election_type: ElectionType | str = ElectionType.PREFERRED,
        partitions: Sequence[TopicPartition] | None = None,
        timeout: float | None = TIMEOUT,
    ) -> Results[TopicPartition, None]:
        """Elects leaders of partitions, or of all that need it. `ELECTION_NOT_NEEDED` says that there was no need."""
        places = None if partitions is None else [_place(one) for one in _list(partitions, "partitions")]
        reply = self._ask("ElectLeaders", timeout, election_type=election_type, partitions=places)
        return _results(reply["partitions"], _partition, _nothing)

    # ---- Configurations ----

    def describe_configs(
        self,
        resources: Sequence[ConfigResource],
        configs: Sequence[str] | None = None,
        timeout: float | None = TIMEOUT,
    ) -> Results[ConfigResource, dict[str, ConfigEntry]]:
        """The configuration of each resource, by name; or only `configs` of it."""
        names = None if configs is None else _list(configs, "configs")
        asked = [_given(type=one.restype, name=one.name, configs=names) for one in _list(resources, "resources")]
        reply = self._ask("DescribeConfigs", timeout, resources=asked)
        return _results(reply["resources"], _resource, lambda one: {c["name"]: _config(c) for c in one["configs"]})

    def incremental_alter_configs(
        self, resources: Sequence[ConfigResource], validate_only: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[ConfigResource, None]:
        """Changes the `incremental_configs` of each resource and leaves its others; or only looks whether it could."""
        altered = [
            {"type": one.restype, "name": one.name, "configs": [_change(c) for c in one.incremental_configs]}
            for one in _list(resources, "resources")
        ]
        reply = self._ask("AlterConfigs", timeout, resources=altered, validate_only=validate_only)
        return _results(reply["resources"], _resource, _nothing)

    # ---- Groups ----

    def list_consumer_groups(
        self,
        states: Iterable[ConsumerGroupState | str] | None = None,
        types: Iterable[ConsumerGroupType | str] | None = None,
        timeout: float | None = TIMEOUT,
    ) -> ListConsumerGroupsResult:
        """Every consumer group, or those in these states and of these types."""
        reply = self._ask(
            "ListGroups",
            timeout,
            states=None if states is None else _list(states, "states"),
            types=None if types is None else _list(types, "types"),
        )
        groups = [
            ConsumerGroupListing(
                one["group"], one["is_simple"], ConsumerGroupState(one["state"]), ConsumerGroupType(one["type"])
            )
            for one in reply["groups"]
        ]
        return ListConsumerGroupsResult(groups, [KafkaError(one["code"], one["text"]) for one in reply["errors"]])

    def describe_consumer_groups(
        self, group_ids: Sequence[str], include_authorized_operations: bool = False, timeout: float | None = TIMEOUT
    ) -> Results[str, ConsumerGroupDescription]:
        """Groups by id, with their members and what these are assigned. One that does not exist is DEAD."""
        reply = self._ask(
            "DescribeGroups",
            timeout,
            groups=_list(group_ids, "group_ids"),
            include_authorized_operations=include_authorized_operations,
        )
        return _results(reply["groups"], _group, _group_description)

    def delete_consumer_groups(self, group_ids: Sequence[str], timeout: float | None = TIMEOUT) -> Results[str, None]:
        """Deletes groups that have no members, by id."""
        reply = self._ask("DeleteGroups", timeout, groups=_list(group_ids, "group_ids"))
        return _results(reply["groups"], _group, _nothing)

    def list_consumer_group_offsets(
        self,
        groups: Sequence[ConsumerGroupTopicPartitions],
        require_stable: bool = False,
        timeout: float | None = TIMEOUT,
    ) -> Results[str, ConsumerGroupTopicPartitions]:
        """What groups have committed, by their ids: OFFSET_INVALID where that is nothing. A partition may have an
        `error`. With `require_stable` offsets of open transactions are waited for.
        """
        return self._group_offsets("ListGroupOffsets", timeout, groups, _place, require_stable=require_stable)

    def alter_consumer_group_offsets(
        self, groups: Sequence[ConsumerGroupTopicPartitions], timeout: float | None = TIMEOUT
    ) -> Results[str, ConsumerGroupTopicPartitions]:
        """Commits the offsets (with `metadata` and `leader_epoch`) for groups that have no members. The result has the
        partitions, each with its `error`.
        """
        return self._group_offsets("AlterGroupOffsets", timeout, groups, _position)

    def delete_consumer_group_offsets(
        self, groups: Sequence[ConsumerGroupTopicPartitions], timeout: float | None = TIMEOUT
    ) -> Results[str, ConsumerGroupTopicPartitions]:
        """Forgets what groups have committed, of topics that they do not consume. The result has the partitions, each
        with its `error`. (confluent_kafka has no such method.)
        """
        return self._group_offsets("DeleteGroupOffsets", timeout, groups, _place)

    def _group_offsets(
        self,
        operation: str,
        timeout: float | None,
        groups: Sequence[ConsumerGroupTopicPartitions],
        told: Callable[[TopicPartition], dict[str, Any]],
        **members: Any,
    ) -> Results[str, ConsumerGroupTopicPartitions]:
        asked = []
        for one in _list(groups, "groups"):
            partitions = one.topic_partitions
            places = None if partitions is None else [told(place) for place in partitions]
            asked.append(_given(group=one.group_id, partitions=places))
        reply = self._ask(operation, timeout, groups=asked, **members)
        return _results(
            reply["groups"],
            _group,
            lambda one: ConsumerGroupTopicPartitions(one["group"], [_partition(place) for place in one["partitions"]]),
        )

    # ---- Access ----

    def create_acls(self, acls: Sequence[AclBinding], timeout: float | None = TIMEOUT) -> Results[AclBinding, None]:
        """Makes ACLs. One that is there already is no error."""
        asked = [_acl_members(one) for one in _list(acls, "acls")]
        return _results(self._ask("CreateAcls", timeout, acls=asked)["acls"], _acl, _nothing)

    def describe_acls(
        self, acl_binding_filter: AclBindingFilter | None = None, timeout: float | None = TIMEOUT
    ) -> list[AclBinding]:
        """The ACLs that fit the filter, or all."""
        members = _acl_members(acl_binding_filter or AclBindingFilter())
        return [_acl(one) for one in self._ask("DescribeAcls", timeout, filter=members)["acls"]]

    def delete_acls(
        self, acl_binding_filters: Sequence[AclBindingFilter], timeout: float | None = TIMEOUT
    ) -> Results[AclBindingFilter, list[AclBinding]]:
        """Deletes the ACLs that fit a filter; `AclBindingFilter()` deletes all. The result has, for each filter, what
        was deleted, and with an `error` what could not be.
        """
        filters = _list(acl_binding_filters, "acl_binding_filters")
        reply = self._ask("DeleteAcls", timeout, filters=[_acl_members(one) for one in filters])
        keys = iter(filters)  # the reply has their order
        return _results(reply["filters"], lambda _: next(keys), lambda one: [_acl(acl) for acl in one["acls"]])

    def describe_user_scram_credentials(
        self, users: Sequence[str] | None = None, timeout: float | None = TIMEOUT
    ) -> Results[str, UserScramCredentialsDescription]:
        """Which SCRAM credentials users have, or all users, by name."""
        reply = self._ask("DescribeScramCredentials", timeout, users=None if users is None else _list(users, "users"))
        return _results(reply["users"], _name, _user)

    def alter_user_scram_credentials(
        self,
        alterations: Sequence[UserScramCredentialUpsertion | UserScramCredentialDeletion],
        timeout: float | None = TIMEOUT,
    ) -> Results[str, None]:
        """Makes, replaces and deletes SCRAM credentials; the result is by user. Kafka refuses users that are there
        twice: change their other credential in a call of its own.
        """
        upsertions: list[dict[str, Any]] = []
        deletions: list[dict[str, Any]] = []
        for one in _list(alterations, "alterations"):
            if isinstance(one, UserScramCredentialUpsertion):
                upsertions.append(_upsertion(one))
            else:
                deletions.append({"name": one.user, "mechanism": one.mechanism})
        reply = self._ask("AlterScramCredentials", timeout, upsertions=upsertions, deletions=deletions)
        return _results(reply["users"], _name, _nothing)

    def close(self) -> None:
        """Closes. A request of another thread ends with KafkaException (CLOSED); closing again does nothing."""
        if not self._over:
            self._over = _abi.CLOSED
            self._close_handle(self._close_timeout)

    def __repr__(self) -> str:
        return f"<AdminClient {self._handle}{' closed' if self._over else ''}>"


# ---- Requests ----


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _list(things: Iterable[V], what: str) -> list[V]:
    if isinstance(things, (str, bytes)):
        raise TypeError(f"{what} must be a list, not {type(things).__name__}")
    return list(things)


def _lists(assignment: Sequence[Sequence[int]] | None) -> list[list[int]] | None:
    return [list(brokers) for brokers in assignment] if assignment else None


def _unless_default(number: int) -> int | None:
    return None if number == -1 else number


def _place(one: TopicPartition) -> dict[str, Any]:
    return {"topic": one.topic, "partition": one.partition}


def _position(one: TopicPartition) -> dict[str, Any]:
    return {**_place(one), **_given(offset=one.offset, leader_epoch=one.leader_epoch, metadata=one.metadata)}


def _change(one: ConfigEntry) -> dict[str, Any]:
    return _given(name=one.name, operation=one.incremental_operation, value=one.value)


def _acl_members(one: AclBinding | AclBindingFilter) -> dict[str, Any]:
    return _given(
        resource_type=one.restype,
        resource_name=one.name,
        pattern_type=one.resource_pattern_type,
        principal=one.principal,
        host=one.host,
        operation=one.operation,
        permission=one.permission_type,
    )


def _upsertion(one: UserScramCredentialUpsertion) -> dict[str, Any]:
    info = one.scram_credential_info
    return _given(
        name=one.user,
        mechanism=info.mechanism,
        iterations=info.iterations,
        password=_text(one.password),
        salt=None if one.salt is None else base64.b64encode(one.salt).decode(),
    )


def _text(password: str | bytes) -> str:
    if isinstance(password, str):
        return password
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise ValueError("the password is not UTF-8") from None  # the cause would show it


# ---- Replies ----


def _error(one: dict[str, Any]) -> KafkaError | None:
    return KafkaError(one["code"], one["text"]) if one["code"] else None


def _results(
    things: list[dict[str, Any]], key: Callable[[dict[str, Any]], K], value: Callable[[dict[str, Any]], V]
) -> Results[K, V]:
    return Results({key(one): _error(one) or value(one) for one in things})


def _errors(value: object) -> list[KafkaError]:
    """The failures in a result."""
    if isinstance(value, KafkaError):
        return [value]
    if isinstance(value, ConsumerGroupTopicPartitions):
        value = value.topic_partitions
    parts = value if isinstance(value, list) else []
    return [part.error for part in parts if getattr(part, "error", None)]


def _title(key: object) -> str:
    return f"{key.topic} [{key.partition}]" if isinstance(key, TopicPartition) else str(key)


def _nothing(_: dict[str, Any]) -> None:
    return None


def _name(one: dict[str, Any]) -> str:
    return str(one["name"])


def _group(one: dict[str, Any]) -> str:
    return str(one["group"])


def _partition(one: dict[str, Any]) -> TopicPartition:
    """A partition, with what is told of it."""
    offset = one.get("offset")
    partition = TopicPartition(
        one["topic"],
        one["partition"],
        OFFSET_INVALID if offset is None else offset,
        one.get("metadata"),
        one.get("leader_epoch"),
    )
    partition.error = _error(one) if one.get("code") else None
    return partition


def _node(one: dict[str, Any] | None) -> Node | None:
    return None if one is None else Node(**one)


def _operations(names: list[str] | None) -> list[AclOperation] | None:
    return None if names is None else [AclOperation(name) for name in names]


def _topic_metadata(one: dict[str, Any]) -> TopicMetadata:
    partitions = {
        part["partition"]: PartitionMetadata(
            part["partition"], part["leader"], part["replicas"], part["isr"], _error(part)
        )
        for part in one["partitions"]
    }
    return TopicMetadata(one["name"], partitions, _error(one))


def _topic_description(one: dict[str, Any]) -> TopicDescription:
    partitions = [
        TopicPartitionInfo(
            part["partition"],
            _node(part["leader"]),
            [Node(**node) for node in part["replicas"]],
            [Node(**node) for node in part["isr"]],
        )
        for part in one["partitions"]
    ]
    operations = _operations(one["authorized_operations"])
    return TopicDescription(one["name"], one["topic_id"], one["is_internal"], partitions, operations)


def _resource(one: dict[str, Any]) -> ConfigResource:
    return ConfigResource(ResourceType(one["type"]), one["name"])


def _config(one: dict[str, Any]) -> ConfigEntry:
    return ConfigEntry(
        one["name"],
        one["value"],
        ConfigSource(one["source"]),
        one["is_read_only"],
        one["is_default"],
        one["is_sensitive"],
        [ConfigEntry(also["name"], also["value"], ConfigSource(also["source"])) for also in one["synonyms"]],
    )


def _group_description(one: dict[str, Any]) -> ConsumerGroupDescription:
    members = [
        MemberDescription(
            member["member_id"],
            member["client_id"],
            member["host"],
            [_partition(place) for place in member["assignment"]],
            member["group_instance_id"],
            None
            if member["target_assignment"] is None
            else [_partition(place) for place in member["target_assignment"]],
        )
        for member in one["members"]
    ]
    return ConsumerGroupDescription(
        one["group"],
        one["is_simple"],
        members,
        one["partition_assignor"],
        ConsumerGroupState(one["state"]),
        ConsumerGroupType(one["type"]),
        _node(one["coordinator"]),
        _operations(one["authorized_operations"]),
    )


def _acl(one: dict[str, Any]) -> AclBinding:
    return AclBinding(
        ResourceType(one["resource_type"]),
        one["resource_name"],
        ResourcePatternType(one["pattern_type"]),
        one["principal"],
        one["host"],
        AclOperation(one["operation"]),
        AclPermissionType(one["permission"]),
        _error(one) if one.get("code") else None,
    )


def _user(one: dict[str, Any]) -> UserScramCredentialsDescription:
    infos = [ScramCredentialInfo(ScramMechanism(has["mechanism"]), has["iterations"]) for has in one["credentials"]]
    return UserScramCredentialsDescription(one["name"], infos)
