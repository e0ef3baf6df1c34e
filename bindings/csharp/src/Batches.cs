using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Kaffi;

/// <summary>Many records or reports in columns, in the library's memory.</summary>
/// <remarks>Columns are read in place, without copying: their spans are valid until <see cref="Dispose"/>. So put a batch into a
/// <c>using</c>; one that nobody disposes is deleted when the garbage collector finds it, which spans do not keep from happening. Any
/// number of threads may read a batch.</remarks>
public abstract class Batch : IDisposable
{
    readonly BatchHandle handle;
    readonly View topic, partition, offset, timestamp, timestampType;
    readonly string[] topics; // which rows have the index of

    private protected Batch(BatchHandle handle, int count)
    {
        this.handle = handle;
        Count = count;
        ulong batch = handle.Value;
        topic = new(batch, "topic"u8);
        partition = new(batch, "partition"u8);
        offset = new(batch, "offset"u8);
        timestamp = new(batch, "timestamp"u8);
        timestampType = new(batch, "timestamp_type"u8);
        topics = handle.Texts("topic.name"u8);
    }

    /// <summary>The number of rows.</summary>
    public int Count { get; }

    /// <summary>The partitions; empty when the batch was made without.</summary>
    public ReadOnlySpan<int> Partitions => Of(partition).Ints<int>();

    /// <summary>The offsets; empty for a batch that was made here.</summary>
    public ReadOnlySpan<long> Offsets => Of(offset).Ints<long>();

    /// <summary>The times, in ms since 1970; -1 for none. Empty when the batch was made without.</summary>
    public ReadOnlySpan<long> Timestamps => Of(timestamp).Ints<long>();

    /// <summary>Who gave the times; empty for a batch that was made here.</summary>
    public ReadOnlySpan<TimestampType> TimestampTypes => Of(timestampType).Ints<TimestampType>();

    /// <summary>The name of the topic of a row; an empty one in a batch that was made here.</summary>
    public string Topic(int row)
    {
        Check(row);
        string name = TopicAt(row);
        GC.KeepAlive(this); // until its memory has been read
        return name;
    }

    private protected string TopicAt(int row) => topics.Length == 0 ? "" : topics[topic.Ints<int>()[row]];

    /// <summary>The time of a row.</summary>
    private protected Timestamp TimestampAt(int row) => timestamp.Ints<long>() is { IsEmpty: false } times
        ? new(
            times[row], At(timestampType.Ints<TimestampType>(), row, times[row] < 0 ? TimestampType.NotAvailable : TimestampType.CreateTime))
        : default;

    private protected static T At<T>(ReadOnlySpan<T> column, int row, T absent) => column.IsEmpty ? absent : column[row];

    /// <summary>Deletes the batch. Its spans must not be used any more; its members throw an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => handle.Dispose();

    internal ulong Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(handle.IsClosed, this);
            return handle.Value;
        }
    }

    private protected View Of(in View view)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, this);
        return view;
    }

    private protected void Check(int row)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Count, nameof(row));
    }
}

/// <summary>Many records in columns: consumed by <see cref="Consumer.ConsumeBatch"/>, or made by <see cref="RecordBatchBuilder"/> or
/// <see cref="FromColumns(IEnumerable{Bytes}, IEnumerable{Bytes}?, IEnumerable{Headers}?, ReadOnlySpan{int}, ReadOnlySpan{long})"/>, to be
/// produced by <see cref="Producer.ProduceBatch(string, RecordBatch, TimeSpan?)"/>.</summary>
/// <inheritdoc/>
public sealed class RecordBatch : Batch, IReadOnlyList<ConsumeResult>
{
    readonly View key, value, leaderEpoch, headerCount, headerName, headerValue;
    readonly int[] firstHeader = []; // the index of the first header of each row; empty without headers

    internal RecordBatch(BatchHandle handle, int count, bool partitioned = false) : base(handle, count)
    {
        ulong batch = handle.Value;
        Partitioned = partitioned;
        key = new(batch, "key"u8, count);
        value = new(batch, "value"u8, count);
        leaderEpoch = new(batch, "leader_epoch"u8);
        headerCount = new(batch, "header.count"u8);
        headerName = new(batch, "header.name"u8);
        if (!headerName.Exists) return;
        var counts = headerCount.Ints<int>();
        firstHeader = new int[count + 1];
        for (int row = 0; row < count; row++) firstHeader[row + 1] = firstHeader[row] + counts[row];
        headerName = new(batch, "header.name"u8, firstHeader[count]);
        headerValue = new(batch, "header.value"u8, firstHeader[count]);
    }

    /// <summary>Whether its own partitions are meant where no partition is given.</summary>
    internal bool Partitioned { get; }

    /// <summary>The epochs of the leaders that wrote the records, -1 where that is not known; empty for a batch that was made here.</summary>
    public ReadOnlySpan<int> LeaderEpochs => Of(leaderEpoch).Ints<int>();

    /// <summary>The keys in place.</summary>
    public BytesColumn Keys => Of(key).Bytes;

    /// <summary>The values in place.</summary>
    public BytesColumn Values => Of(value).Bytes;

    /// <summary>The key of a row in place; null is the <c>default</c> span, to which an empty key is not equal.</summary>
    public ReadOnlySpan<byte> Key(int row) => Cell(key, row);

    /// <summary>The value of a row in place; null is the <c>default</c> span, to which an empty value is not equal.</summary>
    public ReadOnlySpan<byte> Value(int row) => Cell(value, row);

    /// <summary>Whether a row has a key, be it an empty one.</summary>
    public bool HasKey(int row) => Key(row) != default;

    /// <summary>Whether a row has a value, be it an empty one; without, it is a tombstone.</summary>
    public bool HasValue(int row) => Value(row) != default;

    /// <summary>A copy of the headers of a row.</summary>
    public Headers Headers(int row)
    {
        Check(row);
        return CopyHeaders(row) ?? [];
    }

    /// <summary>A copy of a row.</summary>
    public ConsumeResult this[int row]
    {
        get
        {
            Check(row);
            var k = key.Value(row);
            var v = value.Value(row);
            var bytes = new byte[k.Length + v.Length];
            k.CopyTo(bytes);
            v.CopyTo(bytes.AsSpan(k.Length));
            var message = new Message(CopyHeaders(row))
            {
                Key = k == default ? default : new Bytes(bytes.AsMemory(0, k.Length)),
                Value = v == default ? default : new Bytes(bytes.AsMemory(k.Length)),
                Timestamp = TimestampAt(row),
            };
            int epoch = At(LeaderEpochs, row, -1);
            var result = new ConsumeResult(TopicAt(row), At(Partitions, row, -1), At(Offsets, row, Offset.Unset), message)
            {
                LeaderEpoch = epoch < 0 ? null : epoch,
            };
            GC.KeepAlive(this);
            return result;
        }
    }

    /// <summary>Copies of all rows, one after the other.</summary>
    public IEnumerator<ConsumeResult> GetEnumerator()
    {
        for (int row = 0; row < Count; row++) yield return this[row];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A batch to be produced, from columns: each has a value for each row.</summary>
    /// <param name="values">The values.</param>
    /// <param name="keys">The keys; without them, all are null.</param>
    /// <param name="headers">The headers of each row; null where it has none.</param>
    /// <param name="partitions">The partitions; -1, or none at all: the partitioner chooses, by the key.</param>
    /// <param name="timestamps">The times, in ms since 1970; -1, or none at all: now.</param>
    /// <exception cref="ArgumentException">The columns have different numbers of rows.</exception>
    public static RecordBatch FromColumns(
        IEnumerable<Bytes> values, IEnumerable<Bytes>? keys = null, IEnumerable<Headers?>? headers = null,
        ReadOnlySpan<int> partitions = default, ReadOnlySpan<long> timestamps = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var columns = new RecordColumns();
        foreach (var value in values) columns.Values.Add(value.Span, value.HasValue);
        foreach (var key in keys ?? []) columns.Keys.Add(key.Span, key.HasValue);
        foreach (var row in headers ?? []) columns.AddHeaders(row);
        return columns.Build(partitions, timestamps);
    }

    /// <summary>A batch to be produced, from columns of bytes: those of all rows one after the other, and the length of each.</summary>
    /// <param name="values">The bytes of all values.</param>
    /// <param name="valueLengths">The length of each value; -1 for null.</param>
    /// <param name="keys">The bytes of all keys.</param>
    /// <param name="keyLengths">The length of each key; -1 for null. None at all: all are null.</param>
    /// <param name="partitions">The partitions; -1, or none at all: the partitioner chooses, by the key.</param>
    /// <param name="timestamps">The times, in ms since 1970; -1, or none at all: now.</param>
    /// <exception cref="ArgumentException">The columns have different numbers of rows.</exception>
    /// <exception cref="KafkaException">Lengths do not add up.</exception>
    public static RecordBatch FromColumns(
        ReadOnlySpan<byte> values, ReadOnlySpan<int> valueLengths, ReadOnlySpan<byte> keys = default, ReadOnlySpan<int> keyLengths = default,
        ReadOnlySpan<int> partitions = default, ReadOnlySpan<long> timestamps = default) =>
        RecordColumns.Build(values, valueLengths, keys, keyLengths, partitions, timestamps, null);

    ReadOnlySpan<byte> Cell(in View column, int row)
    {
        Check(row);
        return column.Value(row);
    }

    Headers? CopyHeaders(int row)
    {
        if (firstHeader.Length == 0 || firstHeader[row] == firstHeader[row + 1]) return null;
        var headers = new Headers();
        for (int header = firstHeader[row]; header < firstHeader[row + 1]; header++)
        {
            var value = headerValue.Value(header);
            headers.Add(Encoding.UTF8.GetString(headerName.Value(header)), value == default ? Bytes.Null : value.ToArray());
        }
        GC.KeepAlive(this);
        return headers;
    }
}

/// <summary>Gathers records row by row for a <see cref="RecordBatch"/>. It can be used again.</summary>
public sealed class RecordBatchBuilder
{
    readonly RecordColumns columns = new();
    readonly List<int> partitions = [];
    readonly List<long> timestamps = [];

    /// <summary>The number of records so far.</summary>
    public int Count => columns.Values.Lengths.Count;

    /// <summary>Adds a record.</summary>
    /// <param name="message">Key, value, headers and time; they are copied.</param>
    /// <param name="partition">The partition; without it, the partitioner chooses, by the key.</param>
    public void Add(Message message, Partition? partition = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        columns.Values.Add(message.Value.Span, message.Value.HasValue);
        columns.Keys.Add(message.Key.Span, message.Key.HasValue);
        Add(message.HeadersIfAny, partition ?? Partition.Any, message.Timestamp.ForProducing);
    }

    /// <summary>Adds a record without objects.</summary>
    /// <param name="value">The value; a <c>default</c> span is null, the span of an empty array is empty.</param>
    /// <param name="key">The key, in the same way.</param>
    /// <param name="partition">The partition; -1: the partitioner chooses, by the key.</param>
    /// <param name="timestamp">The time, in ms since 1970; -1: now.</param>
    public void Add(ReadOnlySpan<byte> value, ReadOnlySpan<byte> key = default, int partition = -1, long timestamp = -1)
    {
        columns.Values.Add(value, value != default);
        columns.Keys.Add(key, key != default);
        Add(null, partition, timestamp);
    }

    /// <summary>Forgets the records; the memory is used again.</summary>
    public void Clear()
    {
        columns.Clear();
        partitions.Clear();
        timestamps.Clear();
    }

    /// <summary>A batch of the records so far, which stay here too until <see cref="Clear"/>.</summary>
    public RecordBatch Build() => columns.Build(CollectionsMarshal.AsSpan(partitions), CollectionsMarshal.AsSpan(timestamps));

    void Add(Headers? headers, int partition, long timestamp)
    {
        columns.AddHeaders(headers);
        partitions.Add(partition);
        timestamps.Add(timestamp);
    }
}

/// <summary>Delivery reports in columns, as <see cref="Producer.DeliveryReports"/> gives them: which records were delivered, and which failed
/// and why.</summary>
/// <inheritdoc/>
public sealed class DeliveryReportBatch : Batch
{
    readonly View id, error, status, latency;

    internal DeliveryReportBatch(BatchHandle handle, int count) : base(handle, count)
    {
        ulong batch = handle.Value;
        id = new(batch, "msgid"u8);
        error = new(batch, "error"u8);
        status = new(batch, "status"u8);
        latency = new(batch, "latency"u8);
    }

    /// <summary>The numbers that <c>Produce</c> and <c>ProduceBatch</c> gave the records.</summary>
    public ReadOnlySpan<ulong> Ids => Of(id).Ints<ulong>();

    /// <summary>Why each failed; <see cref="ErrorCode.NoError"/> when it was delivered.</summary>
    public ReadOnlySpan<ErrorCode> Errors => Of(error).Ints<ErrorCode>();

    /// <summary>How many were not delivered.</summary>
    public int Failed
    {
        get
        {
            int failed = Count - MemoryMarshal.Cast<ErrorCode, int>(Errors).Count(0);
            GC.KeepAlive(this);
            return failed;
        }
    }

    /// <summary>Whether each is stored.</summary>
    public ReadOnlySpan<PersistenceStatus> Statuses => Of(status).Ints<PersistenceStatus>();

    /// <summary>How long each took from produce to report, in µs.</summary>
    public ReadOnlySpan<long> Latencies => Of(latency).Ints<long>();
}
