using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;

namespace Kaffi;

/// <summary>Consumes records as a member of a group. One thread consumes; any thread may commit or close.</summary>
/// <remarks>
/// <para>A record counts as processed when the next one is asked for, at a commit, and when closing: what was not handed out is never
/// committed. With <c>enable.auto.commit</c>, the default, what was processed is committed in the background and when closing.</para>
/// <para>Close it, by <see cref="Dispose"/> or <see cref="Close"/>. One that nobody closes is closed in the background when the garbage
/// collector finds it.</para>
/// </remarks>
public sealed unsafe class Consumer : Client
{
    const int MaxRows = 500, SliceMilliseconds = 200;
    static readonly TimeSpan StoreInterval = TimeSpan.FromSeconds(1);

    readonly object gate = new(); // guards all below
    readonly bool inBatches;
    volatile bool committing; // a thread inside the gate waits for the broker
    RecordBatch? rows; // of the handle's batch, which records are handed out from
    int limit = 1; // how many rows the next batch may have
    long taken, stored; // when the batch came, and when its processed rows were counted last

    /// <summary>Starts a consumer; <see cref="Subscribe(IEnumerable{string})"/> comes next.</summary>
    /// <exception cref="KafkaException">A property is unknown or invalid, or the consumer cannot start: the reason says why.</exception>
    public Consumer(IEnumerable<KeyValuePair<string, string>> config) : base(ClientHandle.Start(ClientType.Consumer, config))
    {
        // What a batch holds counts as processed bit by bit only by this rule; by the others, we take record by record.
        inBatches = GetConfig("kaffi.offset.store") == "next-call";
    }

    /// <summary>Subscribes to topics, in place of those subscribed to before.</summary>
    /// <param name="topics">Their names; one that begins with <c>^</c> is a regular expression.</param>
    public void Subscribe(IEnumerable<string> topics)
    {
        using var list = BatchHandle.NewList(topics.Select(name => new TopicPartitionOffset(name, Partition.Any, Offset.Unset)));
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        int code = Native.SubscribeConsumerTPList(Handle.Value, list.Value, error, &length);
        list.SetHandleAsInvalid(); // the call consumes it
        GC.KeepAlive(this);
        Library.Check(code, error, length);
    }

    /// <summary>Subscribes to a topic, in place of those subscribed to before.</summary>
    public void Subscribe(string topic) => Subscribe([topic]);

    /// <summary>The next record, or null when none came in time.</summary>
    /// <param name="timeout">How long to wait. Negative: as long as it takes.</param>
    /// <exception cref="KafkaException">An error of the consumer; consume again, unless it is fatal. With
    /// <see cref="ErrorCode.Kaffi_Closed"/>, another thread has closed the consumer.</exception>
    public ConsumeResult? Consume(TimeSpan timeout)
    {
        if (TakeReady() is { } ready) return ready;
        int milliseconds = Library.Milliseconds(timeout);
        if (milliseconds == 0) return null;
        // Waiting takes one record only and needs no lock: another thread may commit or close, and nothing lies in a batch then.
        ulong batch = Take(1, milliseconds, out int count);
        if (batch == 0) return null;
        lock (gate)
        {
            Keep(batch, count);
            var result = HandOut();
            if (Handle.IsClosed) Forget();
            return result;
        }
    }

    /// <summary>The next record, or null when none came in time.</summary>
    /// <param name="millisecondsTimeout">How long to wait. Negative: as long as it takes.</param>
    /// <inheritdoc cref="Consume(TimeSpan)"/>
    public ConsumeResult? Consume(int millisecondsTimeout) => Consume(TimeSpan.FromMilliseconds(millisecondsTimeout));

    /// <summary>The next record; waits for it as long as it takes.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; no record is lost.</exception>
    /// <inheritdoc cref="Consume(TimeSpan)"/>
    public ConsumeResult Consume(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Consume(SliceMilliseconds) is { } result) return result;
        }
    }

    /// <summary>The records that are there, or null when none came in time. It waits for the first one only.</summary>
    /// <remarks>All of them count as processed when this or <see cref="Consume(TimeSpan)"/> is called again, at a commit and when
    /// closing.</remarks>
    /// <param name="maxRows">How many at most.</param>
    /// <param name="timeout">How long to wait. Negative: as long as it takes.</param>
    /// <inheritdoc cref="Consume(TimeSpan)"/>
    public RecordBatch? ConsumeBatch(int maxRows, TimeSpan timeout)
    {
        lock (gate)
        {
            if (rows is not null && maxRows > 0 && Handle.HandedOut < rows.Count)
            {
                Store();
                int count = Math.Min(maxRows, rows.Count - Handle.HandedOut);
                var rest = BatchHandle.Select(Handle.Batch, Handle.HandedOut, count);
                Handle.HandedOut += count;
                return new RecordBatch(rest, count);
            }
            Store();
            Forget();
        }
        ulong batch = Take(maxRows, Library.Milliseconds(timeout), out int taken);
        return batch == 0 ? null : new RecordBatch(new BatchHandle(batch), taken);
    }

    /// <summary>Commits what was handed out so far.</summary>
    public void Commit()
    {
        lock (gate)
        {
            if (inBatches) Handle.StoreHandedOut();
            committing = true;
            int code = Native.Commit(Handle.Value, 0);
            committing = false;
            Library.Check(code);
        }
    }

    /// <summary>Commits up to and with this record.</summary>
    public void Commit(ConsumeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Commit([result.TopicPartitionOffset with { Offset = result.Offset + 1 }]);
    }

    /// <summary>Commits these offsets, each of the record to be read next.</summary>
    public void Commit(IEnumerable<TopicPartitionOffset> offsets)
    {
        using var list = BatchHandle.NewList(offsets);
        int code = Native.Commit(Handle.Value, list.Value);
        GC.KeepAlive(this);
        Library.Check(code);
    }

    /// <summary>The offsets that the group has committed; <see cref="Offset.Unset"/> where it has none.</summary>
    public List<TopicPartitionOffset> Committed(IEnumerable<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return partitions.Select(asked => new TopicPartitionOffset(asked, Committed(asked))).ToList();
    }

    Offset Committed(TopicPartition asked)
    {
        using var list = BatchHandle.NewList([new TopicPartitionOffset(asked, Offset.Unset)]);
        long committed;
        int code = Native.Committed(Handle.Value, list.Value, &committed);
        list.SetHandleAsInvalid(); // the call consumes it
        GC.KeepAlive(this);
        Library.Check(code);
        return committed;
    }

    /// <summary>Commits what was processed (with <c>enable.auto.commit</c>), leaves the group and closes, within
    /// <c>kaffi.close.timeout.ms</c>. A call of another thread that waits ends with <see cref="ErrorCode.Kaffi_Closed"/>. Closing again
    /// does nothing.</summary>
    /// <exception cref="KafkaException">It is closed, but the offsets could not be committed: those records come again.</exception>
    public void Close()
    {
        bool entered;
        while (!(entered = Monitor.TryEnter(gate, SliceMilliseconds)) && !committing) { }
        Error error;
        try
        {
            if (Handle.IsClosed) return;
            int milliseconds = CloseMilliseconds;
            if (entered && inBatches) Handle.StoreHandedOut(); // else the thread that commits has done so
            error = Handle.Close(milliseconds, out _);
            Forget();
        }
        finally
        {
            if (entered) Monitor.Exit(gate);
        }
        if (error.IsError) throw new KafkaException(error);
    }

    /// <summary>Closes as <see cref="Close"/> does.</summary>
    public override void Dispose() => Close();

    /// <summary>A record that is there already.</summary>
    ConsumeResult? TakeReady()
    {
        lock (gate)
        {
            if (rows is not null && Handle.HandedOut < rows.Count)
            {
                if (Stopwatch.GetElapsedTime(stored) > StoreInterval)
                {
                    Store();
                    Take(0, 0, out _); // takes nothing, but keeps the membership of a slow host alive
                }
                return HandOut();
            }
            // A batch is to last about a second, so that a slow host still asks often enough to stay in its group.
            if (inBatches && rows is not null)
                limit = (int)Math.Clamp(rows.Count / Stopwatch.GetElapsedTime(taken).TotalSeconds, 1, Math.Min(limit * 2, MaxRows));
            ulong batch = Take(limit, 0, out int count);
            if (batch == 0)
            {
                Forget(); // all of it was handed out, and counted by this call
                return null;
            }
            Keep(batch, count);
            return HandOut();
        }
    }

    ulong Take(int maxRows, int milliseconds, out int count)
    {
        ulong batch;
        int rowCount, length = Library.ErrorRoom;
        var error = stackalloc byte[Library.ErrorRoom];
        int code = Native.ConsumeBatch(Handle.Value, maxRows, milliseconds, &batch, &rowCount, error, &length);
        count = rowCount;
        if (code == Codes.Nothing) return 0;
        Library.Check(code, error, length);
        return batch;
    }

    /// <summary>Makes this the batch to hand out from.</summary>
    void Keep(ulong batch, int count)
    {
        Forget();
        Handle.Batch = batch;
        rows = new RecordBatch(new BatchHandle(batch, owned: false), count);
        taken = Stopwatch.GetTimestamp();
        Store();
    }

    void Store()
    {
        if (inBatches && !Handle.IsClosed) Handle.StoreHandedOut();
        stored = Stopwatch.GetTimestamp();
    }

    void Forget()
    {
        Handle.DeleteBatch();
        rows = null;
    }

    ConsumeResult HandOut() => rows![Handle.HandedOut++];
}
