using System;
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

/// <summary>A place in a partition of a topic.</summary>
/// <param name="Topic">The name of the topic.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The place: where offsets are committed, that of the record to be read next.</param>
public record TopicPartitionOffset(string Topic, Partition Partition, Offset Offset)
{
    /// <summary>A place in a partition of a topic.</summary>
    public TopicPartitionOffset(TopicPartition topicPartition, Offset offset) : this(topicPartition.Topic, topicPartition.Partition, offset) { }

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <inheritdoc/>
    public sealed override string ToString() => $"{Topic} [{Partition}] @{Offset}";
}
