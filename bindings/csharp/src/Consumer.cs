using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;

namespace Kaffi;

/// <summary>Consumes records, as a member of a group or of partitions that are assigned by hand. One thread consumes; any thread may do all
/// the rest.</summary>
/// <remarks>
/// <para>A record counts as processed when the next one is asked for, at a commit, and when closing: what was not handed out is never
/// committed. With <c>enable.auto.commit</c>, the default, what was processed is committed in the background and when closing.</para>
/// <para>Close it, by <see cref="Dispose"/> or <see cref="Close"/>. One that nobody closes is closed in the background when the garbage
/// collector finds it.</para>
/// </remarks>
public sealed unsafe partial class Consumer : Client
{
    const int MaxRows = 500, SliceMilliseconds = 200;
    static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1), ListenInterval = TimeSpan.FromMilliseconds(100);

    readonly object gate = new(); // guards all below
    readonly bool gathers, stores;
    volatile bool committing; // a thread inside the gate waits for the broker
    RecordBatch? rows; // of the handle's batch, which records are handed out from
    int limit = 1; // how many rows the next batch may have
    long heard; // when events were handled last
    long taken, stored, returned; // when the batch came, its processed rows were counted last, and rows were given back

    /// <summary>Starts a consumer; <see cref="Subscribe(IEnumerable{string})"/> or <see cref="Assign(IEnumerable{TopicPartition})"/> comes
    /// next.</summary>
    /// <exception cref="KafkaException">A property is unknown or invalid, or the consumer cannot start: the reason says why.</exception>
    public Consumer(IEnumerable<KeyValuePair<string, string>> config) : base(ClientHandle.Start(ClientType.Consumer, Complete(config)))
    {
        // What a batch holds counts as processed bit by bit only by the first rule; by the second we take record by record.
        string store = GetConfig("kaffi.offset.store");
        stores = store == "next-call";
        gathers = store != "delivered";
    }

    /// <summary>Rebalances are answered here, by what the handlers say, unless the host wants it otherwise; and we have to know which rule
    /// <c>enable.auto.offset.store</c> stands for.</summary>
    static IEnumerable<KeyValuePair<string, string>> Complete(IEnumerable<KeyValuePair<string, string>> config)
    {
        yield return new("kaffi.rebalance", "manual");
        foreach (var property in config ?? throw new ArgumentNullException(nameof(config)))
        {
            yield return property;
            if (property.Key != "enable.auto.offset.store") continue;
            bool automatic = !property.Value.Equals("false", StringComparison.OrdinalIgnoreCase);
            yield return new("kaffi.offset.store", automatic ? "delivered" : "manual");
        }
    }

    /// <summary>The next record, or null when none came in time.</summary>
    /// <param name="timeout">How long to wait. Negative: as long as it takes.</param>
    /// <exception cref="KafkaException">An error of the consumer; consume again, unless it is fatal. With
    /// <see cref="ErrorCode.Kaffi_Closed"/>, another thread has closed the consumer.</exception>
    public ConsumeResult? Consume(TimeSpan timeout)
    {
        lock (gate)
            if (InHand && Stopwatch.GetElapsedTime(stored) < AskInterval) return HandOut();
        Listen();
        if (TakeReady() is { } ready) return ready;
        // Waiting takes one record only and needs no lock: another thread may commit or close, and nothing lies in a batch then.
        ulong batch = Await(1, Library.Milliseconds(timeout), out int count);
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
        Listen();
        lock (gate)
        {
            if (maxRows > 0 && InHand)
            {
                Store();
                int count = Math.Min(maxRows, rows!.Count - Handle.HandedOut);
                var rest = BatchHandle.Select(Handle.Batch, Handle.HandedOut, count);
                Handle.HandedOut += count;
                return new RecordBatch(rest, count);
            }
            Store();
            Forget();
        }
        ulong batch = Await(maxRows, Library.Milliseconds(timeout), out int taken);
        return batch == 0 ? null : new RecordBatch(new BatchHandle(batch), taken);
    }

    /// <summary>Commits what was processed (with <c>enable.auto.commit</c>), leaves the group and closes, within
    /// <c>kaffi.close.timeout.ms</c>. A call of another thread that waits ends with <see cref="ErrorCode.Kaffi_Closed"/>. Closing again
    /// does nothing.</summary>
    /// <exception cref="KafkaException">It is closed, but the offsets could not be committed: those records come again.</exception>
    public void Close()
    {
        try
        {
            if (PartitionsRevokedHandler is not null && !Handle.IsClosed && !Handling && Subscription.Count > 0 && Assignment is { Count: > 0 } all)
                TellRevoked(all, false);
        }
        finally
        {
            Leave();
        }
    }

    void Leave()
    {
        bool entered;
        while (!(entered = Monitor.TryEnter(gate, SliceMilliseconds)) && !committing) { }
        Error error;
        try
        {
            if (Handle.IsClosed) return;
            int milliseconds = CloseMilliseconds;
            if (entered && stores) Handle.StoreHandedOut(); // else the thread that commits has done so
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

    /// <summary>Handles events now and then, also while there are always records.</summary>
    void Listen()
    {
        if (Stopwatch.GetElapsedTime(heard) < ListenInterval) return;
        heard = Stopwatch.GetTimestamp();
        bool asks;
        lock (gate)
        {
            asks = InHand;
            if (asks)
            {
                Store();
                Take(0, 0, out _); // takes nothing, but keeps the membership of a slow host alive
            }
        }
        HandleEvents();
        if (!asks) return;
        lock (gate)
            if (!StillAssigned()) GiveBack();
    }

    /// <summary>A record that is there already.</summary>
    ConsumeResult? TakeReady()
    {
        lock (gate)
        {
            if (InHand) return HandOut();
            // A batch is to last about a second, so that a slow host still asks often enough to stay in its group. A host that pauses or
            // seeks gets single rows: nothing is to be given back then.
            if (gathers && rows is not null && Stopwatch.GetElapsedTime(returned) > AskInterval)
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

    /// <summary>Waits for rows, and handles events meanwhile.</summary>
    ulong Await(int maxRows, int milliseconds, out int count)
    {
        if (Handling) throw new InvalidOperationException("a handler of events cannot consume");
        long began = Stopwatch.GetTimestamp();
        int woken = wakes;
        while (true)
        {
            int left = milliseconds < 0 ? SliceMilliseconds : Math.Max(0, milliseconds - (int)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            ulong batch = Take(maxRows, Math.Min(left, SliceMilliseconds), out count);
            if (batch != 0) return batch;
            HandleEvents(Math.Min(left, SliceMilliseconds)); // where another thread answers a rebalance, nothing can come before
            if (left == 0 || maxRows == 0 || wakes != woken) return 0;
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
        if (stores && !Handle.IsClosed) Handle.StoreHandedOut();
        stored = Stopwatch.GetTimestamp();
    }

    void Forget()
    {
        Handle.DeleteBatch();
        rows = null;
    }

    /// <summary>Whether there are rows that were not handed out.</summary>
    bool InHand => rows is not null && Handle.HandedOut < rows.Count;

    ConsumeResult HandOut() => rows![Handle.HandedOut++];

    /// <summary>The first row of each partition that was not handed out.</summary>
    Dictionary<TopicPartition, long> FirstInHand()
    {
        var first = new Dictionary<TopicPartition, long>();
        for (int row = Handle.HandedOut; row < rows?.Count; row++)
            first.TryAdd(new TopicPartition(rows.Topic(row), rows.Partitions[row]), rows.Offsets[row]);
        return first;
    }

    bool StillAssigned()
    {
        var assigned = Assignment.ToHashSet();
        return FirstInHand().Keys.All(assigned.Contains);
    }

    /// <summary>Gives rows that were not handed out back to the library, which fetches them again: from then on it alone knows where this
    /// consumer is. Those of partitions that were taken away go.</summary>
    void GiveBack()
    {
        if (rows is null) return;
        Store();
        var first = FirstInHand();
        Forget();
        if (first.Count == 0) return;
        (limit, returned) = (1, Stopwatch.GetTimestamp());
        var assigned = Assignment.ToHashSet();
        var places = first.Where(pair => assigned.Contains(pair.Key)).Select(pair => new TopicPartitionOffset(pair.Key, pair.Value)).ToList();
        if (places.Count > 0) SeekTo(places, RequestMilliseconds);
    }
}
