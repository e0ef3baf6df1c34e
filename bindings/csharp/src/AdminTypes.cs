using System;
using System.Collections.Generic;

namespace Kaffi;

/// <summary>What became of one thing that an admin operation was asked about.</summary>
/// <param name="Error">Why it failed; <see cref="ErrorCode.NoError"/> when all is well.</param>
public abstract record AdminResult(Error Error)
{
    /// <summary>What it is about, in words.</summary>
    private protected abstract string About { get; }

    internal string Reason => $"{About}: {Error.Reason}";

    /// <inheritdoc/>
    public sealed override string ToString() => Error.IsError ? $"{About}: {Error}" : About;
}

/// <summary>An admin operation failed for some of the things that it was asked about.</summary>
public class AdminException : KafkaException
{
    /// <summary>An exception for these results.</summary>
    public AdminException(Error error, IReadOnlyList<AdminResult> results) : base(error) => Results = results;

    /// <summary>What became of each thing, also of those that went well.</summary>
    public IReadOnlyList<AdminResult> Results { get; }
}

/// <summary>What became of a topic.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Error">Why it failed.</param>
public sealed record TopicResult(string Topic, Error Error) : AdminResult(Error)
{
    private protected override string About => Topic;
}

/// <summary>What became of a group.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Error">Why it failed.</param>
public sealed record GroupResult(string Group, Error Error) : AdminResult(Error)
{
    private protected override string About => Group;
}

/// <summary>What became of a user.</summary>
/// <param name="User">Its name.</param>
/// <param name="Error">Why it failed.</param>
public sealed record UserResult(string User, Error Error) : AdminResult(Error)
{
    private protected override string About => User;
}

/// <summary>What became of a partition.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Error">Why it failed.</param>
public sealed record PartitionResult(TopicPartition TopicPartition, Error Error) : AdminResult(Error)
{
    private protected override string About => TopicPartition.ToString();
}

/// <summary>A broker.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Rack">Its rack; null when it has none.</param>
public sealed record Node(int Id, string Host, int Port, string? Rack);

/// <summary>What the brokers say of themselves and of topics.</summary>
/// <param name="ClusterId">The cluster's id; null when the brokers are too old.</param>
/// <param name="ControllerId">The number of the controller; null when it is not known.</param>
/// <param name="Brokers">The brokers.</param>
/// <param name="Topics">The topics.</param>
public sealed record Metadata(string? ClusterId, int? ControllerId, IReadOnlyList<BrokerMetadata> Brokers, IReadOnlyList<TopicMetadata> Topics);

/// <summary>A broker, as metadata has it.</summary>
/// <param name="BrokerId">Its number.</param>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">Its port.</param>
public sealed record BrokerMetadata(int BrokerId, string Host, int Port);

/// <summary>A topic, as metadata has it.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Partitions">Its partitions.</param>
/// <param name="Error">Why nothing is known of it, such as <see cref="ErrorCode.UnknownTopicOrPart"/>.</param>
public sealed record TopicMetadata(string Topic, IReadOnlyList<PartitionMetadata> Partitions, Error Error) : AdminResult(Error)
{
    private protected override string About => Topic;
}

/// <summary>A partition, as metadata has it.</summary>
/// <param name="PartitionId">Its number.</param>
/// <param name="Leader">The number of its leader; -1 when it has none.</param>
/// <param name="Replicas">The numbers of the brokers that keep it.</param>
/// <param name="InSyncReplicas">The numbers of those that are up to date.</param>
/// <param name="Error">What is wrong with it.</param>
public sealed record PartitionMetadata(
    int PartitionId, int Leader, IReadOnlyList<int> Replicas, IReadOnlyList<int> InSyncReplicas, Error Error);

/// <summary>A cluster.</summary>
/// <param name="ClusterId">Its id.</param>
/// <param name="Controller">The broker that is the controller; null when it is not known.</param>
/// <param name="Nodes">Its brokers.</param>
/// <param name="AuthorizedOperations">What this client may do on the cluster; null when that was not asked for.</param>
public sealed record DescribeClusterResult(
    string? ClusterId, Node? Controller, IReadOnlyList<Node> Nodes, IReadOnlyList<AclOperation>? AuthorizedOperations);

/// <summary>A topic in the list of all.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions it has.</param>
/// <param name="IsInternal">Whether it is Kafka's own.</param>
/// <param name="Error">What is wrong with it.</param>
public sealed record TopicListing(string Name, int Partitions, bool IsInternal, Error Error) : AdminResult(Error)
{
    private protected override string About => Name;
}

/// <summary>A topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TopicId">Its id, in base64; null when the brokers are too old.</param>
/// <param name="IsInternal">Whether it is Kafka's own.</param>
/// <param name="Partitions">Where its partitions are.</param>
/// <param name="AuthorizedOperations">What this client may do on it; null when that was not asked for.</param>
/// <param name="Error">Why it could not be described.</param>
public sealed record TopicDescription(
    string Name, string? TopicId, bool IsInternal, IReadOnlyList<TopicPartitionInfo> Partitions,
    IReadOnlyList<AclOperation>? AuthorizedOperations, Error Error) : AdminResult(Error)
{
    private protected override string About => Name;
}

/// <summary>Where a partition is.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="Leader">Its leader; null when it has none.</param>
/// <param name="Replicas">The brokers that keep it.</param>
/// <param name="InSyncReplicas">Those that are up to date.</param>
public sealed record TopicPartitionInfo(int Partition, Node? Leader, IReadOnlyList<Node> Replicas, IReadOnlyList<Node> InSyncReplicas);

/// <summary>A topic that is to be made.</summary>
public sealed record TopicSpecification
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How many partitions it gets; -1: the brokers' default.</summary>
    public int NumPartitions { get; init; } = -1;

    /// <summary>On how many brokers each is kept; -1: the brokers' default.</summary>
    public int ReplicationFactor { get; init; } = -1;

    /// <summary>In place of both: for each partition the numbers of its brokers.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? ReplicasAssignments { get; init; }

    /// <summary>Its configuration.</summary>
    public IReadOnlyDictionary<string, string>? Configs { get; init; }
}

/// <summary>More partitions for a topic.</summary>
public sealed record PartitionsSpecification
{
    /// <summary>The name of the topic.</summary>
    public required string Topic { get; init; }

    /// <summary>How many it has then.</summary>
    public required int IncreaseTo { get; init; }

    /// <summary>For each new partition the numbers of its brokers.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? ReplicaAssignments { get; init; }
}

/// <summary>What is left of a partition whose first records were deleted.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="LowWatermark">The offset of its first record; null when nothing was deleted.</param>
/// <param name="Error">Why nothing was deleted.</param>
public sealed record DeleteRecordsResult(TopicPartition TopicPartition, Offset? LowWatermark, Error Error) : AdminResult(Error)
{
    private protected override string About => TopicPartition.ToString();
}

/// <summary>Which offset of a partition is asked for.</summary>
public sealed record OffsetSpec
{
    OffsetSpec(string? name, long timestamp) => (Name, Milliseconds) = (name, timestamp);

    internal string? Name { get; }

    internal long Milliseconds { get; }

    /// <summary>That of the first record.</summary>
    public static OffsetSpec Earliest { get; } = new("earliest", 0);

    /// <summary>That of the record which will be written next.</summary>
    public static OffsetSpec Latest { get; } = new("latest", 0);

    /// <summary>That of the record with the highest time.</summary>
    public static OffsetSpec MaxTimestamp { get; } = new("max_timestamp", 0);

    /// <summary>That of the first record whose time is not before this one, in ms since 1970.</summary>
    public static OffsetSpec ForTimestamp(long timestamp) => new(null, timestamp);
}

/// <summary>Whether records of open and aborted transactions are seen.</summary>
public enum IsolationLevel
{
    /// <summary>They are.</summary>
    ReadUncommitted,
    /// <summary>They are not.</summary>
    ReadCommitted,
}

/// <summary>An offset that was asked for.</summary>
/// <param name="TopicPartition">The partition.</param>
/// <param name="Offset">The offset; null where there is no such record.</param>
/// <param name="Timestamp">The record's time, in ms since 1970; null where it was not looked for.</param>
/// <param name="LeaderEpoch">The epoch of the leader that wrote it; null when it is not known.</param>
/// <param name="Error">Why it could not be found out.</param>
public sealed record ListOffsetsResult(
    TopicPartition TopicPartition, Offset? Offset, long? Timestamp, int? LeaderEpoch, Error Error) : AdminResult(Error)
{
    private protected override string About => TopicPartition.ToString();
}

/// <summary>What a configuration belongs to.</summary>
public enum ResourceType
{
    /// <summary>Anything, in a filter.</summary>
    Any,
    /// <summary>A kind that this library does not know.</summary>
    Unknown,
    /// <summary>A topic.</summary>
    Topic,
    /// <summary>A group.</summary>
    Group,
    /// <summary>A broker; its name is its number.</summary>
    Broker,
    /// <summary>The cluster; its name is <c>kafka-cluster</c>.</summary>
    Cluster,
    /// <summary>A transactional id.</summary>
    TransactionalId,
}

/// <summary>Something that has a configuration.</summary>
/// <param name="Type">A topic, a group or a broker.</param>
/// <param name="Name">Its name; of a broker its number.</param>
public sealed record ConfigResource(ResourceType Type, string Name);

/// <summary>The configuration of something.</summary>
/// <param name="ConfigResource">What it belongs to.</param>
/// <param name="Entries">The single configurations by their names.</param>
/// <param name="Error">Why it could not be described.</param>
public sealed record DescribeConfigsResult(
    ConfigResource ConfigResource, IReadOnlyDictionary<string, ConfigEntryResult> Entries, Error Error) : AdminResult(Error)
{
    private protected override string About => $"{ConfigResource.Type} {ConfigResource.Name}";
}

/// <summary>A configuration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value; null for what is secret, and for what is not set.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="IsDefault">Whether nobody has set it.</param>
/// <param name="IsReadOnly">Whether it cannot be changed.</param>
/// <param name="IsSensitive">Whether it is secret.</param>
/// <param name="Synonyms">All values that it has, in the order in which they count.</param>
public sealed record ConfigEntryResult(
    string Name, string? Value, ConfigSource Source, bool IsDefault, bool IsReadOnly, bool IsSensitive, IReadOnlyList<ConfigSynonym> Synonyms);

/// <summary>One of the values of a configuration.</summary>
/// <param name="Name">The name under which it is set.</param>
/// <param name="Value">The value; null for what is secret.</param>
/// <param name="Source">Where it comes from.</param>
public sealed record ConfigSynonym(string Name, string? Value, ConfigSource Source);

/// <summary>Where a configuration comes from.</summary>
public enum ConfigSource
{
    /// <summary>From somewhere that this library does not know.</summary>
    Unknown,
    /// <summary>It was set for the topic.</summary>
    DynamicTopicConfig,
    /// <summary>It was set for the broker.</summary>
    DynamicBrokerConfig,
    /// <summary>It was set for all brokers.</summary>
    DynamicDefaultBrokerConfig,
    /// <summary>From the broker's file.</summary>
    StaticBrokerConfig,
    /// <summary>It is Kafka's default.</summary>
    DefaultConfig,
    /// <summary>It was set for the broker's logging.</summary>
    DynamicBrokerLoggerConfig,
    /// <summary>It was set for client metrics.</summary>
    ClientMetricsConfig,
    /// <summary>It was set for the group.</summary>
    GroupConfig,
}

/// <summary>How a configuration is changed.</summary>
public enum AlterConfigOpType
{
    /// <summary>It gets this value.</summary>
    Set,
    /// <summary>It goes back to its default.</summary>
    Delete,
    /// <summary>This is added to the list that it is.</summary>
    Append,
    /// <summary>This is taken out of the list that it is.</summary>
    Subtract,
}

/// <summary>A change of a configuration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value; null where it is deleted.</param>
/// <param name="IncrementalOperation">How it is changed.</param>
public sealed record ConfigEntry(string Name, string? Value, AlterConfigOpType IncrementalOperation = AlterConfigOpType.Set);

/// <summary>What became of a change of configurations.</summary>
/// <param name="ConfigResource">What they belong to.</param>
/// <param name="Error">Why nothing was changed.</param>
public sealed record AlterConfigsResult(ConfigResource ConfigResource, Error Error) : AdminResult(Error)
{
    private protected override string About => $"{ConfigResource.Type} {ConfigResource.Name}";
}

/// <summary>What a group is doing.</summary>
public enum ConsumerGroupState
{
    /// <summary>Something that this library does not know.</summary>
    Unknown,
    /// <summary>Members come or go.</summary>
    PreparingRebalance,
    /// <summary>The partitions are being shared out.</summary>
    CompletingRebalance,
    /// <summary>It consumes.</summary>
    Stable,
    /// <summary>There is no such group.</summary>
    Dead,
    /// <summary>It has no members.</summary>
    Empty,
    /// <summary>The partitions are being shared out (new protocol).</summary>
    Assigning,
    /// <summary>Members are taking their partitions over (new protocol).</summary>
    Reconciling,
}

/// <summary>By which protocol a group works.</summary>
public enum ConsumerGroupType
{
    /// <summary>By one that this library does not know.</summary>
    Unknown,
    /// <summary>By the one in which a member shares the partitions out.</summary>
    Classic,
    /// <summary>By the one in which the brokers do.</summary>
    Consumer,
}

/// <summary>A group in the list of all.</summary>
/// <param name="GroupId">Its name.</param>
/// <param name="State">What it is doing.</param>
/// <param name="Type">By which protocol it works.</param>
/// <param name="IsSimpleConsumerGroup">Whether it has committed offsets only, without members.</param>
public sealed record ConsumerGroupListing(string GroupId, ConsumerGroupState State, ConsumerGroupType Type, bool IsSimpleConsumerGroup);

/// <summary>All groups.</summary>
/// <param name="Valid">The groups.</param>
/// <param name="Errors">Of brokers that did not answer for their groups.</param>
public sealed record ListConsumerGroupsResult(IReadOnlyList<ConsumerGroupListing> Valid, IReadOnlyList<Error> Errors);

/// <summary>A group.</summary>
/// <param name="GroupId">Its name.</param>
/// <param name="State">What it is doing; <see cref="ConsumerGroupState.Dead"/> where there is no such group.</param>
/// <param name="Type">By which protocol it works.</param>
/// <param name="IsSimpleConsumerGroup">Whether it has committed offsets only, without members.</param>
/// <param name="PartitionAssignor">How it shares the partitions out.</param>
/// <param name="Coordinator">The broker that keeps it; null when it is not known.</param>
/// <param name="Members">Its members.</param>
/// <param name="AuthorizedOperations">What this client may do on it; null when that was not asked for.</param>
/// <param name="Error">Why it could not be described.</param>
public sealed record ConsumerGroupDescription(
    string GroupId, ConsumerGroupState State, ConsumerGroupType Type, bool IsSimpleConsumerGroup, string PartitionAssignor, Node? Coordinator,
    IReadOnlyList<MemberDescription> Members, IReadOnlyList<AclOperation>? AuthorizedOperations, Error Error) : AdminResult(Error)
{
    private protected override string About => GroupId;
}

/// <summary>A member of a group.</summary>
/// <param name="ConsumerId">The name that the group gave it.</param>
/// <param name="ClientId">Its <c>client.id</c>.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="GroupInstanceId">Its <c>group.instance.id</c>; null when that is not set.</param>
/// <param name="Assignment">Its partitions.</param>
/// <param name="TargetAssignment">The partitions that it will have (new protocol); else null.</param>
public sealed record MemberDescription(
    string ConsumerId, string ClientId, string Host, string? GroupInstanceId, IReadOnlyList<TopicPartition> Assignment,
    IReadOnlyList<TopicPartition>? TargetAssignment);

/// <summary>Partitions of a group.</summary>
/// <param name="Group">Its name.</param>
/// <param name="TopicPartitions">The partitions; null: all that it has committed offsets of.</param>
public sealed record ConsumerGroupTopicPartitions(string Group, IReadOnlyList<TopicPartition>? TopicPartitions = null);

/// <summary>Offsets of a group.</summary>
/// <param name="Group">Its name.</param>
/// <param name="TopicPartitionOffsets">The offsets, each of the record to be read next.</param>
public sealed record ConsumerGroupTopicPartitionOffsets(string Group, IReadOnlyList<TopicPartitionOffset> TopicPartitionOffsets);

/// <summary>What a group has committed, or what became of a change of that.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Partitions">The partitions, each with its own error; <see cref="Offset.Unset"/> where nothing is committed.</param>
/// <param name="Error">Why it failed; where only partitions did, the first one's error.</param>
public sealed record GroupOffsetsResult(string Group, IReadOnlyList<TopicPartitionOffsetError> Partitions, Error Error) : AdminResult(Error)
{
    private protected override string About => Group;
}

/// <summary>What an ACL allows or denies.</summary>
public enum AclOperation
{
    /// <summary>Something that this library does not know.</summary>
    Unknown,
    /// <summary>Anything, in a filter.</summary>
    Any,
    /// <summary>Everything.</summary>
    All,
    /// <summary>To read.</summary>
    Read,
    /// <summary>To write.</summary>
    Write,
    /// <summary>To make.</summary>
    Create,
    /// <summary>To delete.</summary>
    Delete,
    /// <summary>To change.</summary>
    Alter,
    /// <summary>To describe.</summary>
    Describe,
    /// <summary>What brokers do among themselves.</summary>
    ClusterAction,
    /// <summary>To describe configurations.</summary>
    DescribeConfigs,
    /// <summary>To change configurations.</summary>
    AlterConfigs,
    /// <summary>To produce idempotently.</summary>
    IdempotentWrite,
}

/// <summary>Whether an ACL allows or denies.</summary>
public enum AclPermissionType
{
    /// <summary>Something that this library does not know.</summary>
    Unknown,
    /// <summary>Either, in a filter.</summary>
    Any,
    /// <summary>It denies.</summary>
    Deny,
    /// <summary>It allows.</summary>
    Allow,
}

/// <summary>Which resources the name in an ACL means.</summary>
public enum ResourcePatternType
{
    /// <summary>Something that this library does not know.</summary>
    Unknown,
    /// <summary>Any, in a filter.</summary>
    Any,
    /// <summary>In a filter: all that concern a resource of this name.</summary>
    Match,
    /// <summary>The one of this name.</summary>
    Literal,
    /// <summary>All whose names begin so.</summary>
    Prefixed,
}

/// <summary>An ACL: who may do what, or not.</summary>
/// <param name="Type">What it is about.</param>
/// <param name="Name">The name of that, <c>*</c> for all.</param>
/// <param name="Principal">Who: <c>User:alice</c>.</param>
/// <param name="Operation">What.</param>
/// <param name="PermissionType">May, or may not.</param>
public sealed record AclBinding(ResourceType Type, string Name, string Principal, AclOperation Operation, AclPermissionType PermissionType)
{
    /// <summary>Which resources the name means.</summary>
    public ResourcePatternType ResourcePatternType { get; init; } = ResourcePatternType.Literal;

    /// <summary>From where; <c>*</c> for anywhere.</summary>
    public string Host { get; init; } = "*";
}

/// <summary>Which ACLs are meant: what is left out or null fits all.</summary>
public sealed record AclBindingFilter
{
    /// <summary>What they are about.</summary>
    public ResourceType? Type { get; init; }

    /// <summary>The name of that.</summary>
    public string? Name { get; init; }

    /// <summary>Which resources the name means.</summary>
    public ResourcePatternType? ResourcePatternType { get; init; }

    /// <summary>Who.</summary>
    public string? Principal { get; init; }

    /// <summary>From where.</summary>
    public string? Host { get; init; }

    /// <summary>What.</summary>
    public AclOperation? Operation { get; init; }

    /// <summary>May, or may not.</summary>
    public AclPermissionType? PermissionType { get; init; }
}

/// <summary>What became of an ACL.</summary>
/// <param name="AclBinding">The ACL.</param>
/// <param name="Error">Why it failed.</param>
public sealed record AclResult(AclBinding AclBinding, Error Error) : AdminResult(Error)
{
    private protected override string About => $"{AclBinding.PermissionType} {AclBinding.Principal} {AclBinding.Operation} {AclBinding.Type} {AclBinding.Name}";
}

/// <summary>What a filter has deleted.</summary>
/// <param name="AclBindings">The ACLs that were deleted.</param>
/// <param name="Error">Why it failed.</param>
public sealed record DeleteAclsResult(IReadOnlyList<AclBinding> AclBindings, Error Error) : AdminResult(Error)
{
    private protected override string About => "deleting ACLs";
}

/// <summary>How a password is checked.</summary>
public enum ScramMechanism
{
    /// <summary>In a way that this library does not know.</summary>
    Unknown,
    /// <summary>SCRAM-SHA-256.</summary>
    ScramSha256,
    /// <summary>SCRAM-SHA-512.</summary>
    ScramSha512,
}

/// <summary>A SCRAM credential, without its secrets.</summary>
/// <param name="Mechanism">How the password is checked.</param>
/// <param name="Iterations">How often it is hashed: 4096 to 16384.</param>
public sealed record ScramCredentialInfo(ScramMechanism Mechanism, int Iterations = 4096);

/// <summary>The SCRAM credentials of a user.</summary>
/// <param name="User">The user's name.</param>
/// <param name="ScramCredentialInfos">The credentials.</param>
/// <param name="Error">Why they could not be described.</param>
public sealed record UserScramCredentialsDescription(string User, IReadOnlyList<ScramCredentialInfo> ScramCredentialInfos, Error Error) : AdminResult(Error)
{
    private protected override string About => User;
}

/// <summary>A change of a user's SCRAM credentials.</summary>
/// <param name="User">The user's name.</param>
public abstract record UserScramCredentialAlteration(string User);

/// <summary>Makes or replaces a SCRAM credential.</summary>
/// <param name="User">The user's name.</param>
/// <param name="ScramCredentialInfo">How the password is checked.</param>
/// <param name="Password">The password.</param>
public sealed record UserScramCredentialUpsertion(string User, ScramCredentialInfo ScramCredentialInfo, string Password) : UserScramCredentialAlteration(User)
{
    /// <summary>The salt; random unless given.</summary>
    public byte[]? Salt { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{User}: {ScramCredentialInfo}";
}

/// <summary>Deletes a SCRAM credential.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Mechanism">Which of them.</param>
public sealed record UserScramCredentialDeletion(string User, ScramMechanism Mechanism) : UserScramCredentialAlteration(User);

/// <summary>Which replica becomes the leader.</summary>
public enum ElectionType
{
    /// <summary>The preferred one.</summary>
    Preferred,
    /// <summary>One that is not up to date, where no other is left.</summary>
    Unclean,
}
