using System;
using System.Collections.Generic;
using System.Globalization;

namespace Kaffi;

/// <summary>The number of a partition.</summary>
/// <param name="Value">The number; -1 where the partitioner chooses.</param>
public readonly record struct Partition(int Value)
{
    /// <summary>The partitioner chooses, by the key.</summary>
    public static readonly Partition Any = new(-1);

    /// <summary>For <see cref="Producer.ProduceBatch(TopicPartition, RecordBatch, TimeSpan?)"/>: that of each row.</summary>
    public static readonly Partition OfRow = new(-2);

    /// <summary>The partition of this number.</summary>
    public static implicit operator Partition(int value) => new(value);

    /// <summary>The number.</summary>
    public static implicit operator int(Partition partition) => partition.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A place in a partition: of a record, or of the record that is to be read next.</summary>
/// <param name="Value">The number; negative ones have a meaning of their own.</param>
public readonly record struct Offset(long Value)
{
    /// <summary>The beginning of the partition.</summary>
    public static readonly Offset Beginning = new(-2);

    /// <summary>The end of the partition.</summary>
    public static readonly Offset End = new(-1);

    /// <summary>The offset that the group has committed.</summary>
    public static readonly Offset Stored = new(-1000);

    /// <summary>No offset.</summary>
    public static readonly Offset Unset = new(-1001);

    /// <summary>Whether this is none of a record, but one of the above.</summary>
    public bool IsSpecial => Value < 0;

    /// <summary>The offset of this number.</summary>
    public static implicit operator Offset(long value) => new(value);

    /// <summary>The number.</summary>
    public static implicit operator long(Offset offset) => offset.Value;

    /// <inheritdoc/>
    public override string ToString() => Value switch
    {
        -2 => "beginning",
        -1 => "end",
        -1000 => "stored",
        -1001 => "unset",
        _ => Value.ToString(CultureInfo.InvariantCulture),
    };
}

/// <summary>A partition of a topic.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Partition">The partition.</param>
public record TopicPartition(string Topic, Partition Partition)
{
    /// <inheritdoc/>
    public sealed override string ToString() => $"{Topic} [{Partition}]";
}

/// <summary>A place in a partition of a topic. Two of them are equal when topic, partition and offset are.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The place: where offsets are committed, that of the record to be read next.</param>
public record TopicPartitionOffset(string Topic, Partition Partition, Offset Offset)
{
    /// <summary>A place in a partition of a topic.</summary>
    public TopicPartitionOffset(TopicPartition topicPartition, Offset offset, int? leaderEpoch = null)
        : this(topicPartition.Topic, topicPartition.Partition, offset) => LeaderEpoch = leaderEpoch;

    /// <summary>The epoch of the leader that wrote the record before this place; null when it is not known.</summary>
    public int? LeaderEpoch { get; init; }

    /// <summary>The host's own note, which is kept beside a committed offset.</summary>
    public Bytes Metadata { get; init; }

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>Whether topic, partition and offset are the same.</summary>
    public virtual bool Equals(TopicPartitionOffset? other) =>
        other is not null && Topic == other.Topic && Partition == other.Partition && Offset == other.Offset;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Topic, Partition, Offset);

    /// <inheritdoc/>
    public sealed override string ToString() => $"{Topic} [{Partition}] @{Offset}";
}

/// <summary>A place in a partition of a topic, and what went wrong with it.</summary>
/// <param name="TopicPartitionOffset">The place.</param>
/// <param name="Error">What went wrong; <see cref="ErrorCode.NoError"/> when all is well.</param>
public sealed record TopicPartitionOffsetError(TopicPartitionOffset TopicPartitionOffset, Error Error)
{
    /// <summary>The name of the topic.</summary>
    public string Topic => TopicPartitionOffset.Topic;

    /// <summary>The partition.</summary>
    public Partition Partition => TopicPartitionOffset.Partition;

    /// <summary>The offset.</summary>
    public Offset Offset => TopicPartitionOffset.Offset;

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => TopicPartitionOffset.TopicPartition;

    /// <inheritdoc/>
    public override string ToString() => Error.IsError ? $"{TopicPartitionOffset}: {Error}" : $"{TopicPartitionOffset}";
}

/// <summary>A time in a partition of a topic.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Timestamp">The time.</param>
public sealed record TopicPartitionTimestamp(string Topic, Partition Partition, Timestamp Timestamp)
{
    /// <summary>A time in a partition of a topic.</summary>
    public TopicPartitionTimestamp(TopicPartition topicPartition, Timestamp timestamp)
        : this(topicPartition.Topic, topicPartition.Partition, timestamp) { }

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}

/// <summary>Where a partition begins and ends.</summary>
/// <param name="Low">The offset of its first record.</param>
/// <param name="High">The offset of the record that will be written next.</param>
public readonly record struct WatermarkOffsets(Offset Low, Offset High);

/// <summary>How far a consumer is behind in a partition.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Position">The offset of the record that is handed out next; <see cref="Offset.Unset"/> before that is known.</param>
/// <param name="End">The offset of the record that will be written next, as last heard; <see cref="Offset.Unset"/> before that is known.</param>
/// <param name="Lag">How many records lie between them; null before that is known.</param>
public sealed record PartitionLag(string Topic, Partition Partition, Offset Position, Offset End, long? Lag)
{
    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);
}

/// <summary>What became of a commit.</summary>
/// <param name="Offsets">The offsets, each with its own error.</param>
/// <param name="Error">Why none was committed; <see cref="ErrorCode.NoError"/> unless all failed.</param>
public sealed record CommittedOffsets(IReadOnlyList<TopicPartitionOffsetError> Offsets, Error Error);

/// <summary>Who a consumer is in its group.</summary>
/// <param name="GroupId">The name of the group.</param>
/// <param name="MemberId">The name that the group gave this member; empty before it has joined.</param>
/// <param name="GenerationId">How often the group has shared its partitions out; -1 before this member has joined.</param>
/// <param name="GroupInstanceId"><c>group.instance.id</c>; null when it is not set.</param>
public sealed record ConsumerGroupMetadata(string GroupId, string MemberId, int GenerationId, string? GroupInstanceId);
