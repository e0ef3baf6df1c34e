using System;

namespace Kaffi;

/// <summary>Key and value of a record.</summary>
public sealed class Message
{
    /// <summary>The key; null when it is not set.</summary>
    public Bytes Key { get; init; }

    /// <summary>The value; null when it is not set.</summary>
    public Bytes Value { get; init; }
}

/// <summary>Who gave a record its time.</summary>
public enum TimestampType
{
    /// <summary>Nobody.</summary>
    NotAvailable = 0,
    /// <summary>The producer.</summary>
    CreateTime = 1,
    /// <summary>The broker.</summary>
    LogAppendTime = 2,
}

/// <summary>The time of a record.</summary>
/// <param name="UnixTimestampMs">Milliseconds since 1970, in UTC; -1 for none.</param>
/// <param name="Type">Who gave it.</param>
public readonly record struct Timestamp(long UnixTimestampMs, TimestampType Type)
{
    /// <summary>The time as a date.</summary>
    public DateTime UtcDateTime => DateTime.UnixEpoch.AddMilliseconds(UnixTimestampMs);
}

/// <summary>A record as it was consumed.</summary>
/// <param name="Topic">The name of its topic.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Message">Its key and value.</param>
/// <param name="Timestamp">Its time.</param>
public sealed record ConsumeResult(string Topic, Partition Partition, Offset Offset, Message Message, Timestamp Timestamp)
{
    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>Topic, partition and offset.</summary>
    public TopicPartitionOffset TopicPartitionOffset => new(Topic, Partition, Offset);
}

/// <summary>Whether a record is stored.</summary>
public enum PersistenceStatus
{
    /// <summary>It is not, for certain.</summary>
    NotPersisted = 0,
    /// <summary>It was sent, but the answer is not known.</summary>
    PossiblyPersisted = 1,
    /// <summary>It is.</summary>
    Persisted = 2,
}

/// <summary>What became of a produced record.</summary>
/// <param name="MessageId">The number that <see cref="Producer.Produce(string, Message, Action{DeliveryReport}?)"/> gave it.</param>
/// <param name="Topic">The name of its topic.</param>
/// <param name="Partition">Its partition; <see cref="Kaffi.Partition.Any"/> when none was chosen.</param>
/// <param name="Offset">Its offset; <see cref="Kaffi.Offset.Unset"/> when it was not stored.</param>
/// <param name="Status">Whether it is stored.</param>
/// <param name="Message">Its key and value.</param>
/// <param name="Timestamp">Its time.</param>
public record DeliveryResult(
    ulong MessageId, string Topic, Partition Partition, Offset Offset, PersistenceStatus Status, Message Message, Timestamp Timestamp)
{
    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>Topic, partition and offset.</summary>
    public TopicPartitionOffset TopicPartitionOffset => new(Topic, Partition, Offset);

    /// <summary>Its key.</summary>
    public Bytes Key => Message.Key;

    /// <summary>Its value.</summary>
    public Bytes Value => Message.Value;
}

/// <summary>What a delivery handler is given: what became of the record, and why it failed, if it did.</summary>
public sealed record DeliveryReport : DeliveryResult
{
    internal DeliveryReport(DeliveryResult result, Error error) : base(result) => Error = error;

    /// <summary>Why it was not delivered; <see cref="ErrorCode.NoError"/> when it was.</summary>
    public Error Error { get; }
}
