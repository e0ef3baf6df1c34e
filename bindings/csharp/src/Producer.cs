using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Kaffi;

/// <summary>Produces records. Any thread may use it at any time.</summary>
/// <remarks>
/// <para>Records are delivered in the background. Delivery handlers run in <see cref="Poll"/> and <see cref="Flush(TimeSpan)"/>, on the
/// thread that calls these: where handlers are used, call one of them now and then, because producing waits when a million reports are
/// unread. Tasks of <see cref="ProduceAsync(string, Message, CancellationToken)"/> complete by themselves.</para>
/// <para>Close it, by <see cref="Dispose"/> or <see cref="Close"/>. One that nobody closes is closed in the background when the garbage
/// collector finds it, with one second for what is still under way, and handlers are not called.</para>
/// </remarks>
public sealed unsafe partial class Producer : Client
{
    const int MaxReports = 1000, SliceMilliseconds = 200, IdleMilliseconds = 1000;
    const uint NullLength = uint.MaxValue;

    sealed record Pending(string Topic, Message Message, Action<DeliveryReport>? Handler, TaskCompletionSource<DeliveryResult>? Task);

    readonly object gate = new(); // guards all below
    readonly Dictionary<ulong, Pending> pending = [];
    readonly Dictionary<ulong, DeliveryReportRow> early = []; // reports that came before Produce had returned the id
    readonly Queue<(Action<DeliveryReport> Handler, DeliveryReport Report)> ready = [];
    int starting; // threads that have not registered their record yet
    int tasks; // pending records with a task
    bool reporting; // handlers or tasks want reports
    bool asked; // the host reads reports itself
    bool reading; // a thread reads reports
    bool pumping; // the thread that completes tasks runs
    bool abandoned; // closed: what is pending has been reported as undelivered
    int? produceMilliseconds;
    long failed; // failed records that nobody was told of

    readonly record struct DeliveryReportRow(ErrorCode Error, string Topic, int Partition, long Offset, Timestamp Timestamp, PersistenceStatus Status);

    /// <summary>Starts a producer.</summary>
    /// <exception cref="KafkaException">A property is unknown or invalid, or the producer cannot start: the reason says why.</exception>
    public Producer(IEnumerable<KeyValuePair<string, string>> config) : base(ClientHandle.Start(ClientType.Producer, config)) { }

    /// <summary>How many records are not delivered yet, or their reports are not read.</summary>
    public long Outstanding
    {
        get
        {
            long inFlight, unread, forgotten;
            var error = stackalloc byte[Library.ErrorRoom];
            int length = Library.ErrorRoom;
            Library.Check(Native.GetOutstanding(Handle.Value, &inFlight, &unread, &forgotten, error, &length), error, length);
            lock (gate) return inFlight + (reporting || asked ? unread : 0) + ready.Count;
        }
    }

    /// <summary>Hands a record over, which is delivered in the background; the partitioner chooses the partition, by the key. When the
    /// queue is full it waits for room, <c>kaffi.produce.timeout.ms</c> at most.</summary>
    /// <param name="topic">The name of the topic.</param>
    /// <param name="message">Key, value, headers and time.</param>
    /// <param name="deliveryHandler">Is called by <see cref="Poll"/> or <see cref="Flush(TimeSpan)"/> when it is known what became of it.</param>
    /// <returns>The number of the record, which its report has too.</returns>
    /// <exception cref="ProduceException">The record was not taken.</exception>
    public ulong Produce(string topic, Message message, Action<DeliveryReport>? deliveryHandler = null) =>
        Produce(topic, Partition.Any, message, deliveryHandler, null);

    /// <summary>Hands a record for this partition over.</summary>
    /// <inheritdoc cref="Produce(string, Message, Action{DeliveryReport}?)"/>
    public ulong Produce(TopicPartition topicPartition, Message message, Action<DeliveryReport>? deliveryHandler = null)
    {
        ArgumentNullException.ThrowIfNull(topicPartition);
        return Produce(topicPartition.Topic, topicPartition.Partition, message, deliveryHandler, null);
    }

    /// <summary>Hands a record over, without objects: for the last bit of speed.</summary>
    /// <param name="topic">The name of the topic.</param>
    /// <param name="value">The value; a <c>default</c> span is null, the span of an empty array is empty.</param>
    /// <param name="key">The key, in the same way.</param>
    /// <param name="partition">The partition; <see cref="Partition.Any"/>: the partitioner chooses.</param>
    /// <returns>The number of the record.</returns>
    /// <exception cref="KafkaException">The record was not taken.</exception>
    public ulong Produce(string topic, ReadOnlySpan<byte> value, ReadOnlySpan<byte> key, Partition partition)
    {
        var error = Send(topic, partition, value, value != default, key, key != default, out ulong id);
        return error is null ? id : throw new KafkaException(error);
    }

    /// <summary>Hands a record over; the task completes when it is delivered.</summary>
    /// <remarks>When the queue is full the call itself waits for room.</remarks>
    /// <param name="topic">The name of the topic.</param>
    /// <param name="message">Key, value, headers and time.</param>
    /// <param name="cancellationToken">Ends the waiting; the record stays on its way.</param>
    /// <exception cref="ProduceException">The record was not taken, or not delivered.</exception>
    public Task<DeliveryResult> ProduceAsync(string topic, Message message, CancellationToken cancellationToken = default) =>
        ProduceAsync(new TopicPartition(topic, Partition.Any), message, cancellationToken);

    /// <summary>Hands a record for this partition over; the task completes when it is delivered.</summary>
    /// <inheritdoc cref="ProduceAsync(string, Message, CancellationToken)"/>
    public Task<DeliveryResult> ProduceAsync(TopicPartition topicPartition, Message message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topicPartition);
        var task = new TaskCompletionSource<DeliveryResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            Produce(topicPartition.Topic, topicPartition.Partition, message, null, task);
        }
        catch (KafkaException error)
        {
            return Task.FromException<DeliveryResult>(error);
        }
        return task.Task.WaitAsync(cancellationToken);
    }

    ulong Produce(string topic, Partition partition, Message message, Action<DeliveryReport>? handler, TaskCompletionSource<DeliveryResult>? task)
    {
        ArgumentNullException.ThrowIfNull(message);
        bool wanted = handler is not null || task is not null;
        if (wanted) BeginReporting();
        Error? error = null;
        ulong id = 0;
        try
        {
            error = message.HeadersIfAny is null && message.Timestamp.ForProducing < 0
                ? Send(topic, partition, message.Value.Span, message.Value.HasValue, message.Key.Span, message.Key.HasValue, out id)
                : Send(topic, partition, message, out id);
        }
        finally
        {
            if (wanted) Register(id, error is null && id != 0 ? new Pending(topic, message, handler, task) : null);
        }
        if (error is null) return id;
        throw new ProduceException(error, new DeliveryResult(
            id, topic, partition, Offset.Unset, PersistenceStatus.NotPersisted, message, default));
    }

    Error? Send(string topic, int partition, ReadOnlySpan<byte> value, bool hasValue, ReadOnlySpan<byte> key, bool hasKey, out ulong id)
    {
        ArgumentNullException.ThrowIfNull(topic);
        Span<byte> name = stackalloc byte[256];
        if (topic.Contains('\0') || !Encoding.UTF8.TryGetBytes(topic, name[..^1], out int written)) name = Library.Text(topic, nameof(topic));
        else name[written] = 0;
        var text = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        ulong msgid = 0;
        int code;
        fixed (byte* n = name, v = value, k = key)
            code = Native.Produce(
                Handle.Value, n, v, hasValue ? (uint)value.Length : NullLength, k, hasKey ? (uint)key.Length : NullLength,
                partition, &msgid, text, &length);
        GC.KeepAlive(this);
        id = msgid;
        return code == 0 ? null : Error.Of(code, text, length);
    }

    /// <summary>With headers and time, which go along in a batch only.</summary>
    Error? Send(string topic, int partition, Message message, out ulong id)
    {
        ArgumentNullException.ThrowIfNull(topic);
        id = 0;
        try
        {
            using var batch = BatchHandle.NewRecord(topic, partition, message);
            var result = HandOver(topic, partition, batch.Value, ProduceMilliseconds, out var error);
            id = result.FirstId;
            return error ?? (result.Refused > 0 ? Error.Of((int)result.Errors[0]) : null);
        }
        catch (KafkaException exception)
        {
            return exception.Error;
        }
    }

    /// <summary>Hands the records of a batch over. A row that is refused for itself does not stop the others: look at the result.</summary>
    /// <remarks>Times and headers go along. A consumed batch can be produced as it is; its offsets are ignored. The order of the rows is
    /// kept for each key and for each partition. What became of the rows comes by <see cref="DeliveryReports"/>; the count of
    /// <see cref="Close"/> has those that failed and were not asked for.</remarks>
    /// <param name="topic">The name of the topic.</param>
    /// <param name="batch">The records. Where they were made with partitions they go there; else, and in a consumed batch, the
    /// partitioner chooses, by the key.</param>
    /// <param name="timeout">How long to wait for room when the queue is full, <c>kaffi.produce.timeout.ms</c> unless given. Negative: as
    /// long as it takes.</param>
    /// <exception cref="KafkaException">It could not be produced.</exception>
    public ProduceBatchResult ProduceBatch(string topic, RecordBatch batch, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(batch);
        return ProduceBatch(topic, batch.Partitioned ? Partition.OfRow : Partition.Any, batch, timeout);
    }

    /// <summary>Hands the records of a batch over for this partition; <see cref="Partition.OfRow"/>: for that of each row.</summary>
    /// <param name="topicPartition">The topic and the partition.</param>
    /// <param name="batch">The records.</param>
    /// <inheritdoc cref="ProduceBatch(string, RecordBatch, TimeSpan?)"/>
    /// <param name="timeout"/>
    public ProduceBatchResult ProduceBatch(TopicPartition topicPartition, RecordBatch batch, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(topicPartition);
        ArgumentNullException.ThrowIfNull(batch);
        return ProduceBatch(topicPartition.Topic, topicPartition.Partition, batch, timeout);
    }

    /// <summary>Hands the records of a consumed batch over, each for the topic that it came from, such as to another cluster.</summary>
    /// <inheritdoc cref="ProduceBatch(string, RecordBatch, TimeSpan?)"/>
    public ProduceBatchResult ProduceBatch(RecordBatch batch, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return ProduceBatch("", Partition.Any, batch, timeout);
    }

    ProduceBatchResult ProduceBatch(string topic, Partition partition, RecordBatch batch, TimeSpan? timeout)
    {
        int milliseconds = timeout is { } given ? Library.Milliseconds(given) : ProduceMilliseconds;
        var result = HandOver(topic, partition, batch.Handle, milliseconds, out var error);
        GC.KeepAlive(batch);
        return error is null || error.Code == ErrorCode.Local_QueueFull ? result : throw new KafkaException(error);
    }

    ProduceBatchResult HandOver(string topic, Partition partition, ulong batch, int milliseconds, out Error? error)
    {
        ulong first;
        int left, refused, length = Library.ErrorRoom;
        var text = stackalloc byte[Library.ErrorRoom];
        int code;
        fixed (byte* t = Library.Text(topic, nameof(topic)))
            code = Native.ProduceBatch(Handle.Value, t, partition, batch, milliseconds, &first, &left, &refused, text, &length);
        GC.KeepAlive(this);
        error = code == 0 ? null : Error.Of(code, text, length);
        bool all = left == 0 && refused == 0;
        return new ProduceBatchResult(first, left, refused, all ? [] : new View(batch, "error"u8).Ints<ErrorCode>().ToArray());
    }

    int ProduceMilliseconds => produceMilliseconds ??= int.Parse(Handle.Get("kaffi.produce.timeout.ms"), CultureInfo.InvariantCulture);

    /// <summary>What became of records, in columns, where neither handlers nor tasks are used; null when no report came in time.</summary>
    /// <remarks>It waits for the first report only, and only while records are on their way. From the first call on, reports are kept until
    /// they are read.</remarks>
    /// <param name="maxRows">How many reports at most.</param>
    /// <param name="timeout">How long to wait. Negative: as long as it takes.</param>
    /// <exception cref="InvalidOperationException">Handlers or tasks are used: the reports are theirs.</exception>
    public DeliveryReportBatch? DeliveryReports(int maxRows, TimeSpan timeout)
    {
        lock (gate)
        {
            if (reporting) throw new InvalidOperationException("handlers or tasks are used: the reports are theirs");
            asked = true;
        }
        return TakeReports(maxRows, Library.Milliseconds(timeout));
    }

    /// <summary>From the first handler or task on the library keeps every report until it is read.</summary>
    void BeginReporting()
    {
        bool first;
        lock (gate)
        {
            starting++;
            first = !reporting;
        }
        if (!first) return;
        if (GetConfig("kaffi.delivery.reports") is var kept and not ("auto" or "all"))
        {
            Register(0, null);
            throw new InvalidOperationException($"kaffi.delivery.reports={kept} keeps no reports for delivery handlers and tasks");
        }
        lock (gate) reporting = true;
        Read(0);
    }

    /// <summary>Takes a record whose id is known now into account, or nothing when it was not taken.</summary>
    void Register(ulong id, Pending? record)
    {
        lock (gate)
        {
            starting--;
            if (record is not null)
            {
                if (record.Task is not null) tasks++;
                pending[id] = record;
                if (early.Remove(id, out var report)) Finish(id, report);
                else if (abandoned) Abandon(id);
                else if (record.Task is not null) StartPump();
            }
            if (starting == 0)
            {
                foreach (var row in early.Values) failed += row.Error == ErrorCode.NoError ? 0 : 1;
                early.Clear();
            }
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Runs the handlers of events and of records whose reports are there, or waits for the first report.</summary>
    /// <param name="timeout">How long to wait; it does not when nothing is on its way. Negative: as long as it takes.</param>
    /// <returns>How many delivery handlers ran.</returns>
    public int Poll(TimeSpan timeout)
    {
        var clock = Stopwatch.StartNew();
        int milliseconds = Library.Milliseconds(timeout), woken = wakes;
        while (true)
        {
            HandleEvents();
            if (RunHandlers() is > 0 and var count) return count;
            int left = Left(milliseconds, clock);
            if (!Read(left < 0 ? SliceMilliseconds : Math.Min(left, SliceMilliseconds)) && (left == 0 || wakes != woken || Outstanding == 0))
                return RunHandlers();
        }
    }

    /// <summary>Sends what is queued and waits until it is known what became of every record; runs the handlers.</summary>
    /// <param name="timeout">How long to wait. Negative: as long as it takes.</param>
    /// <returns>How many records are still on their way.</returns>
    public int Flush(TimeSpan timeout) => Flush(Library.Milliseconds(timeout), default);

    /// <summary>Sends what is queued and waits until it is known what became of every record; runs the handlers.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what is left stays on its way.</exception>
    public void Flush(CancellationToken cancellationToken = default) => Flush(-1, cancellationToken);

    int Flush(int milliseconds, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var error = stackalloc byte[Library.ErrorRoom];
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            HandleEvents();
            int rest = Left(milliseconds, clock), length = Library.ErrorRoom;
            long left;
            int code = Native.FlushProducer(Handle.Value, rest < 0 ? SliceMilliseconds : Math.Min(rest, SliceMilliseconds), &left, error, &length);
            if (code is not (0 or (int)ErrorCode.Local_TimedOut or Codes.Nothing)) Library.Check(code, error, length);
            do RunHandlers();
            while (Read(code == 0 ? Left(milliseconds, clock) : 0));
            RunHandlers(); // of reports that another thread read meanwhile
            if (code == 0 || rest == 0) return (int)Math.Min(left, int.MaxValue);
        }
    }

    /// <summary>Gives up records that are on their way. Each is reported, with <see cref="ErrorCode.Local_PurgeQueue"/> or <see
    /// cref="ErrorCode.Local_PurgeInflight"/> (it may have been stored all the same). A transaction of theirs cannot be committed.</summary>
    public void Purge(PurgeKinds what = PurgeKinds.All)
    {
        Library.Call((text, length) => Native.PurgeProducer(Handle.Value, (int)what, text, length));
        GC.KeepAlive(this);
    }

    /// <summary>To which partition of a topic a key goes.</summary>
    /// <param name="key">The key.</param>
    /// <param name="partitions">How many partitions the topic has.</param>
    /// <param name="partitioner">Its name, as in the property <c>partitioner</c>.</param>
    public static Partition GetKeyPartition(Bytes key, int partitions, string partitioner = "consistent_random")
    {
        int partition;
        int* p = &partition;
        fixed (byte* n = Library.Text(partitioner, nameof(partitioner)), k = key.Span)
        {
            byte* name = n, bytes = k;
            Library.Call((text, length) => Native.GetKeyPartition(name, bytes, key.HasValue ? key.Length : -1, partitions, p, text, length));
        }
        return partition;
    }

    /// <summary>Delivers what is under way, runs the handlers, and closes; an open transaction is aborted. Handlers and tasks of records that are left are given
    /// <see cref="ErrorCode.Kaffi_Undelivered"/>. Closing again does nothing.</summary>
    /// <param name="timeout">How long delivering may take. Negative: as long as it takes.</param>
    /// <returns>How many records were left undelivered, or failed and no handler or task was told.</returns>
    public long Close(TimeSpan timeout)
    {
        if (Handle.IsClosed) return 0;
        int milliseconds = Library.Milliseconds(timeout);
        var clock = Stopwatch.StartNew();
        Error error;
        try
        {
            Flush(timeout);
        }
        finally
        {
            error = Handle.Close(Left(milliseconds, clock), out long left); // there may be a transaction to abort
            lock (gate)
            {
                failed += left;
                abandoned = true;
                foreach (var id in new List<ulong>(pending.Keys)) Abandon(id);
                Monitor.PulseAll(gate);
            }
            RunHandlers();
        }
        if (error.IsError && error.Code != ErrorCode.Kaffi_Undelivered) throw new KafkaException(error);
        return failed;
    }

    /// <summary>Closes as <see cref="Close"/> does, within <c>kaffi.close.timeout.ms</c>.</summary>
    public override void Dispose()
    {
        if (!Handle.IsClosed) Close(TimeSpan.FromMilliseconds(CloseMilliseconds));
    }

    static int Left(int milliseconds, Stopwatch clock) => milliseconds < 0 ? -1 : (int)Math.Max(0, milliseconds - clock.ElapsedMilliseconds);

    int RunHandlers()
    {
        for (int count = 0; ; count++)
        {
            (Action<DeliveryReport> Handler, DeliveryReport Report) next;
            lock (gate)
                if (!ready.TryDequeue(out next)) return count;
            next.Handler(next.Report);
        }
    }

    /// <summary>Reads reports, or waits while another thread does. False: none came in time, or nothing is on its way.</summary>
    bool Read(int milliseconds)
    {
        lock (gate)
        {
            if (!reporting) return false;
            if (reading) return Monitor.Wait(gate, milliseconds);
            reading = true;
        }
        try
        {
            using var reports = TakeReports(MaxReports, milliseconds);
            if (reports is null) return false;
            lock (gate) Match(reports);
            return true;
        }
        finally
        {
            lock (gate)
            {
                reading = false;
                Monitor.PulseAll(gate);
            }
        }
    }

    DeliveryReportBatch? TakeReports(int maxRows, int milliseconds)
    {
        ulong batch;
        int rows, length = Library.ErrorRoom;
        var error = stackalloc byte[Library.ErrorRoom];
        int code = Native.DeliveryReportBatch(Handle.Value, maxRows, milliseconds, &batch, &rows, error, &length);
        if (code == Codes.Nothing) return null;
        Library.Check(code, error, length);
        return new DeliveryReportBatch(new BatchHandle(batch), rows);
    }

    void Match(DeliveryReportBatch reports)
    {
        var ids = reports.Ids;
        var errors = reports.Errors;
        for (int row = 0; row < reports.Count; row++)
        {
            ulong id = ids[row];
            if (pending.ContainsKey(id)) Finish(id, Row(reports, row));
            else if (starting > 0) early[id] = Row(reports, row);
            else if (errors[row] != ErrorCode.NoError) failed++;
        }

        static DeliveryReportRow Row(DeliveryReportBatch reports, int row) => new(
            reports.Errors[row], reports.Topic(row), reports.Partitions[row], reports.Offsets[row],
            new Timestamp(reports.Timestamps[row], reports.TimestampTypes[row]), reports.Statuses[row]);
    }

    void Finish(ulong id, DeliveryReportRow row)
    {
        pending.Remove(id, out var record);
        var error = Error.Of((int)row.Error);
        var result = new DeliveryResult(
            id, row.Topic, row.Partition, row.Offset < 0 ? Offset.Unset : row.Offset, row.Status, record!.Message,
            row.Timestamp);
        if (record.Handler is not null) ready.Enqueue((record.Handler, new DeliveryReport(result, error)));
        if (record.Task is null) return;
        tasks--;
        if (error.IsError) record.Task.SetException(new ProduceException(error, result));
        else record.Task.SetResult(result);
    }

    void Abandon(ulong id) => Finish(id, new DeliveryReportRow(
        ErrorCode.Kaffi_Undelivered, pending[id].Topic, Partition.Any, Offset.Unset, new Timestamp(-1, TimestampType.NotAvailable),
        PersistenceStatus.PossiblyPersisted));

    void StartPump()
    {
        if (pumping) return;
        pumping = true;
        new Thread(Pump) { IsBackground = true, Name = "kaffi producer tasks" }.Start();
    }

    /// <summary>Reads reports as long as tasks wait for some. It ends when none did for a while, so that it keeps no producer alive.</summary>
    void Pump()
    {
        try
        {
            while (true)
            {
                lock (gate)
                    while (tasks == 0)
                        if (abandoned || (!Monitor.Wait(gate, IdleMilliseconds) && tasks == 0))
                        {
                            pumping = false;
                            return;
                        }
                Read(SliceMilliseconds);
                // A program that only awaits tasks polls nowhere, but nothing is delivered without a token.
                if (OAuthBearerTokenRefreshHandler is not null) HandleEvents();
            }
        }
        catch (KafkaException)
        {
            lock (gate) pumping = false; // closed: Close completes the tasks
        }
    }
}

/// <summary>Which records are given up.</summary>
[Flags]
public enum PurgeKinds
{
    /// <summary>What waits to be sent.</summary>
    Queued = 1,
    /// <summary>What was sent and is not answered.</summary>
    InFlight = 2,
    /// <summary>Both.</summary>
    All = Queued | InFlight,
}
