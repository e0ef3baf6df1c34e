using System;
using System.Collections.Generic;

namespace Kaffi;

/// <summary>What a record holds.</summary>
public sealed class Message
{
    Headers? headers;

    /// <summary>A message without key, value and headers.</summary>
    public Message() { }

    internal Message(Headers? headers) => this.headers = headers;

    /// <summary>The key; null when it is not set.</summary>
    public Bytes Key { get; init; }

    /// <summary>The value; null when it is not set.</summary>
    public Bytes Value { get; init; }

    /// <summary>The time; when it is not set, a record is given that at which it is produced.</summary>
    public Timestamp Timestamp { get; init; }

    /// <summary>The headers, which may be none.</summary>
    public Headers Headers { get => headers ??= []; init => headers = value; }

    internal Headers? HeadersIfAny => headers is { Count: > 0 } ? headers : null;
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
    /// <summary>A time that the producer gives.</summary>
    public Timestamp(DateTimeOffset time) : this(time.ToUnixTimeMilliseconds(), TimestampType.CreateTime) { }

    internal long ForProducing => Type == TimestampType.NotAvailable ? -1 : UnixTimestampMs;

    /// <summary>The time as a date.</summary>
    public DateTime UtcDateTime => DateTime.UnixEpoch.AddMilliseconds(UnixTimestampMs);
}

/// <summary>A record as it was consumed.</summary>
/// <param name="Topic">The name of its topic.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Message">Its key, value, headers and time.</param>
public sealed record ConsumeResult(string Topic, Partition Partition, Offset Offset, Message Message)
{
    /// <summary>The epoch of the leader that wrote it; null when it is not known.</summary>
    public int? LeaderEpoch { get; init; }

    /// <summary>Its time.</summary>
    public Timestamp Timestamp => Message.Timestamp;

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <summary>Topic, partition and offset, with the leader epoch.</summary>
    public TopicPartitionOffset TopicPartitionOffset => new(Topic, Partition, Offset) { LeaderEpoch = LeaderEpoch };
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
/// <param name="Message">What was handed over.</param>
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

/// <summary>How far producing a batch has come.</summary>
/// <param name="FirstId">The number of the first row; the others follow it one by one, also in the reports.</param>
/// <param name="Left">How many rows found no room in time: the same call with the same batch takes those.</param>
/// <param name="Refused">How many rows were refused: too large, no such partition. They get no report.</param>
/// <param name="Errors">For each row <see cref="ErrorCode.NoError"/>, <see cref="ErrorCode.Local_QueueFull"/> where it is left, or why it
/// was refused; empty when all rows were taken.</param>
public sealed record ProduceBatchResult(ulong FirstId, int Left, int Refused, IReadOnlyList<ErrorCode> Errors);
