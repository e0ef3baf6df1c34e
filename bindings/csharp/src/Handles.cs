using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace Kaffi;

/// <summary>A handle of the library.</summary>
/// <remarks>Handles are checked numbers, not addresses: a call on a closed one is answered with a code. So calls need no reference
/// count, and a handle can be closed while another thread waits in a call on it.</remarks>
abstract class KaffiHandle : SafeHandle
{
    protected KaffiHandle(ulong value, bool owned = true) : base(0, owned) => SetHandle((nint)value);

    public ulong Value => (ulong)handle;

    public override bool IsInvalid => handle == 0;
}

/// <summary>A producer or consumer. Who owns it closes it by <see cref="Close"/>, which may wait.</summary>
unsafe class ClientHandle : KaffiHandle
{
    const int AbandonedMilliseconds = 1000;

    ClientHandle(ulong value) : base(value) { }

    /// <summary>The batch that a consumer hands out from, and how much of it it has: what was not handed out must not count as
    /// processed, also when nobody closes the consumer.</summary>
    public ulong Batch;
    public int HandedOut;

    /// <summary><c>sasl.oauthbearer.config</c>, which the library does not show.</summary>
    public string OAuthBearerConfig { get; private set; } = "";

    public static ClientHandle Start(ClientType type, IEnumerable<KeyValuePair<string, string>> config)
    {
        ArgumentNullException.ThrowIfNull(config);
        ulong value;
        Library.Check(Native.InitKafka(&value));
        var handle = new ClientHandle(value);
        try
        {
            foreach (var (key, text) in config)
            {
                handle.Set(key, text);
                if (key == "sasl.oauthbearer.config") handle.OAuthBearerConfig = text;
            }
            var error = stackalloc byte[Library.ErrorRoom];
            int length = Library.ErrorRoom;
            Library.Check(Native.StartKafka(value, (int)type, error, &length), error, length);
            return handle;
        }
        catch
        {
            handle.Close(0, out _);
            throw;
        }
    }

    public void Set(string key, string value)
    {
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        fixed (byte* k = Library.Text(key, nameof(key)), v = Library.Text(value, nameof(value)))
            Library.Check(Native.SetKafkaConf(Value, k, v, error, &length), error, length);
    }

    public string Get(string key)
    {
        fixed (byte* k = Library.Text(key, nameof(key)))
        {
            byte* name = k;
            return Library.Read((text, room, error, length) => Native.GetKafkaConf(Value, name, text, room, error, length));
        }
    }

    /// <summary>Counts what was handed out of the batch as processed.</summary>
    public void StoreHandedOut()
    {
        if (Batch == 0) return;
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        int code = Native.StoreBatchOffsets(Value, Batch, HandedOut, error, &length);
        // Not the last batch: a thread inside Consume has the next record in hand, and all of this batch was handed out before.
        if (code != Codes.BadBatch) Library.Check(code, error, length);
    }

    public void DeleteBatch()
    {
        if (Batch != 0) Native.DelBatch(Batch);
        Batch = 0;
        HandedOut = 0;
    }

    /// <summary>Closes the client and ends the handle; says the code with its text and how many records were left.</summary>
    public Error Close(int milliseconds, out long undelivered)
    {
        long left = 0;
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        int code = Native.CloseKafka(Value, milliseconds, &left, error, &length);
        undelivered = left;
        SetHandleAsInvalid();
        return Error.Of(code, error, length);
    }

    /// <summary>Runs when nobody closed the client: on the finalizer's thread, which must not wait, so closing goes to the background.</summary>
    protected override bool ReleaseHandle()
    {
        ThreadPool.UnsafeQueueUserWorkItem(_ =>
        {
            var (left, length) = (0L, 0);
            if (Batch != 0) Native.StoreBatchOffsets(Value, Batch, HandedOut, null, &length);
            Native.CloseKafka(Value, AbandonedMilliseconds, &left, null, &length);
            DeleteBatch();
        }, null);
        return true;
    }
}

enum ClientType { Producer = 1, Consumer = 2, Admin = 3 }

/// <summary>A batch or a topic-partition list.</summary>
unsafe class BatchHandle : KaffiHandle
{
    public BatchHandle(ulong value, bool owned = true) : base(value, owned) { }

    public static BatchHandle NewRecords()
    {
        ulong value;
        Library.Check(Native.NewBatch(&value));
        return new BatchHandle(value);
    }

    /// <summary>A batch of one record.</summary>
    public static BatchHandle NewRecord(string topic, int partition, Message message)
    {
        var batch = NewRecords();
        try
        {
            var error = stackalloc byte[Library.ErrorRoom];
            int length = Library.ErrorRoom;
            fixed (byte* t = Library.Text(topic, nameof(topic)), k = message.Key.Span, v = message.Value.Span)
                Library.Check(
                    Native.AddRecord(
                        batch.Value, t, partition, message.Timestamp.ForProducing, k, Length(message.Key), v, Length(message.Value), error, &length),
                    error, length);
            foreach (var header in message.HeadersIfAny ?? [])
            {
                length = Library.ErrorRoom;
                fixed (byte* n = Library.Text(header.Key, nameof(header)), v = header.Value.Span)
                    Library.Check(Native.AddHeader(batch.Value, n, v, Length(header.Value), error, &length), error, length);
            }
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }

        static int Length(Bytes bytes) => bytes.HasValue ? bytes.Length : -1;
    }

    /// <summary>A copy of some rows that follow each other.</summary>
    public static BatchHandle Select(ulong batch, int first, int count)
    {
        var rows = new int[count];
        for (int row = 0; row < count; row++) rows[row] = first + row;
        ulong selected;
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        fixed (int* r = rows) Library.Check(Native.SelectBatchRows(batch, r, count, &selected, error, &length), error, length);
        return new BatchHandle(selected);
    }

    /// <summary>Sets a column of integers; <paramref name="column"/> is a literal, behind which C# puts a NUL.</summary>
    public void Set(ReadOnlySpan<byte> column, ReadOnlySpan<long> values)
    {
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        fixed (byte* c = column)
        fixed (long* v = values)
            Library.Check(Native.SetBatchInts(Value, c, v, values.Length, error, &length), error, length);
    }

    /// <summary>Sets a column of bytes: all values one after the other, and the length of each, -1 for null.</summary>
    public void Set(ReadOnlySpan<byte> column, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> lengths)
    {
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        fixed (byte* c = column, b = bytes)
        fixed (int* l = lengths)
            Library.Check(Native.SetBatchBytes(Value, c, b, bytes.Length, l, lengths.Length, error, &length), error, length);
    }

    /// <summary>Sets a column of bytes.</summary>
    public void Set(ReadOnlySpan<byte> column, BytesBuffer values) => Set(column, values.Bytes, CollectionsMarshal.AsSpan(values.Lengths));

    /// <summary>A column of texts, such as the names of the topics.</summary>
    public string[] Texts(ReadOnlySpan<byte> column)
    {
        var error = stackalloc byte[Library.ErrorRoom];
        int total = 0, count = 0, length = Library.ErrorRoom;
        fixed (byte* c = column)
        {
            int code = Native.GetBatchBytes(Value, c, null, &total, null, &count, error, &length);
            if (code != Codes.TooSmall) Library.Check(code, error, length);
            var (bytes, lengths) = (new byte[total], new int[count]);
            length = Library.ErrorRoom;
            fixed (byte* b = bytes)
            fixed (int* l = lengths)
                Library.Check(Native.GetBatchBytes(Value, c, b, &total, l, &count, error, &length), error, length);
            var texts = new string[count];
            for (int row = 0, end = 0; row < count; row++) texts[row] = Encoding.UTF8.GetString(bytes, (end += lengths[row]) - lengths[row], lengths[row]);
            return texts;
        }
    }

    protected override bool ReleaseHandle() => Native.DelBatch(Value) == 0;
}

/// <summary>An embedded cluster.</summary>
class MockClusterHandle : KaffiHandle
{
    public MockClusterHandle(ulong value) : base(value) { }

    protected override bool ReleaseHandle() => Native.DelMockCluster(Value) == 0;
}
