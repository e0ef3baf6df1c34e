using System;
using System.Buffers;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Kaffi;

/// <summary>A column of keys or values as it lies in a batch, without copying. It is Arrow's layout: the bytes of all rows one after the
/// other, where each begins, and which are null.</summary>
/// <remarks>It reads the batch's memory: use it and its spans only until the batch is disposed.</remarks>
public readonly ref struct BytesColumn
{
    internal BytesColumn(ReadOnlySpan<byte> data, ReadOnlySpan<int> offsets, ReadOnlySpan<byte> validity)
    {
        Data = data;
        Offsets = offsets;
        Validity = validity;
    }

    /// <summary>The bytes of all rows, one after the other.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Where each row begins in <see cref="Data"/>, and at the end where the last one ends; empty for a column that the batch does
    /// not have.</summary>
    public ReadOnlySpan<int> Offsets { get; }

    /// <summary>A bit for each row, the lowest first: 0 for null. Empty when no row is null.</summary>
    public ReadOnlySpan<byte> Validity { get; }

    /// <summary>The number of rows; 0 for a column that the batch does not have.</summary>
    public int Count => Math.Max(0, Offsets.Length - 1);

    /// <summary>The bytes of a row; null is the <c>default</c> span, to which an empty one is not equal.</summary>
    public ReadOnlySpan<byte> this[int row] => IsNull(row) ? default : Data[Offsets[row]..Offsets[row + 1]];

    /// <summary>Whether a row is null.</summary>
    public bool IsNull(int row) => !Validity.IsEmpty && (Validity[row >> 3] >> (row & 7) & 1) == 0;
}

/// <summary>Where a column lies. It is valid until the batch is deleted or the column replaced.</summary>
readonly unsafe struct View
{
    readonly void* data;
    readonly long bytes;
    readonly int* offsets;
    readonly byte* validity;
    readonly int rows;

    /// <summary>Finds a column; <paramref name="name"/> is a literal, behind which C# puts a NUL. A column of bytes has <paramref
    /// name="count"/> values, or none.</summary>
    public View(ulong batch, ReadOnlySpan<byte> name, int count = 0)
    {
        ulong d, o, v;
        long size;
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        fixed (byte* n = name) Library.Check(Native.ViewBatch(batch, n, &d, &size, &o, &v, error, &length), error, length);
        // All values may be empty: these have an address of their own too, to tell them from null.
        data = d == 0 ? (void*)o : (void*)d;
        bytes = size;
        offsets = (int*)o;
        validity = (byte*)v;
        rows = o == 0 ? 0 : count;
    }

    /// <summary>Whether the batch has it, as a column of bytes.</summary>
    public bool Exists => offsets != null;

    public ReadOnlySpan<T> Ints<T>() where T : unmanaged => new(data, (int)(bytes / sizeof(T)));

    /// <summary>A value; the caller has seen that there is such a row.</summary>
    public ReadOnlySpan<byte> Value(int row)
    {
        if (offsets == null || (validity != null && (validity[row >> 3] >> (row & 7) & 1) == 0)) return default;
        return new((byte*)data + offsets[row], offsets[row + 1] - offsets[row]);
    }

    public BytesColumn Bytes => new(
        new(data, (int)bytes), new(offsets, rows == 0 ? 0 : rows + 1), new(validity, validity == null ? 0 : (rows + 7) / 8));
}

/// <summary>A column of bytes while it is filled.</summary>
sealed class BytesBuffer
{
    readonly ArrayBufferWriter<byte> bytes = new();

    public List<int> Lengths { get; } = [];

    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    public void Add(ReadOnlySpan<byte> value, bool hasValue)
    {
        bytes.Write(value);
        Lengths.Add(hasValue ? value.Length : -1);
    }

    public void Clear()
    {
        bytes.ResetWrittenCount();
        Lengths.Clear();
    }
}

/// <summary>Columns of records while they are filled.</summary>
sealed class RecordColumns
{
    readonly BytesBuffer headerNames = new(), headerValues = new();
    readonly List<long> headerCounts = [];

    public BytesBuffer Keys { get; } = new();
    public BytesBuffer Values { get; } = new();

    public void AddHeaders(Headers? headers)
    {
        headerCounts.Add(headers?.Count ?? 0);
        foreach (var header in headers ?? [])
        {
            headerNames.Add(Encoding.UTF8.GetBytes(header.Key), true);
            headerValues.Add(header.Value.Span, header.Value.HasValue);
        }
    }

    public void Clear()
    {
        foreach (var column in (BytesBuffer[])[Keys, Values, headerNames, headerValues]) column.Clear();
        headerCounts.Clear();
    }

    public RecordBatch Build(ReadOnlySpan<int> partitions, ReadOnlySpan<long> timestamps) => Build(
        Values.Bytes, CollectionsMarshal.AsSpan(Values.Lengths), Keys.Bytes, CollectionsMarshal.AsSpan(Keys.Lengths), partitions, timestamps, this);

    public static RecordBatch Build(
        ReadOnlySpan<byte> values, ReadOnlySpan<int> valueLengths, ReadOnlySpan<byte> keys, ReadOnlySpan<int> keyLengths,
        ReadOnlySpan<int> partitions, ReadOnlySpan<long> timestamps, RecordColumns? headers)
    {
        int rows = valueLengths.Length;
        Same(rows, keyLengths.Length, nameof(keys));
        Same(rows, partitions.Length, nameof(partitions));
        Same(rows, timestamps.Length, nameof(timestamps));
        Same(rows, headers?.headerCounts.Count ?? 0, nameof(headers));
        var batch = BatchHandle.NewRecords();
        try
        {
            // What says nothing is left out: records without times and headers are produced faster.
            bool partitioned = partitions.ContainsAnyExcept(-1);
            batch.Set("value"u8, values, valueLengths);
            if (keyLengths.ContainsAnyExcept(-1)) batch.Set("key"u8, keys, keyLengths);
            if (partitioned) batch.Set("partition"u8, Array.ConvertAll(partitions.ToArray(), partition => (long)partition));
            if (timestamps.ContainsAnyExcept(-1)) batch.Set("timestamp"u8, timestamps);
            if (headers is { headerNames.Lengths.Count: > 0 })
            {
                batch.Set("header.count"u8, CollectionsMarshal.AsSpan(headers.headerCounts));
                batch.Set("header.name"u8, headers.headerNames);
                batch.Set("header.value"u8, headers.headerValues);
            }
            return new RecordBatch(batch, rows, partitioned);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    static void Same(int rows, int has, string column)
    {
        if (has != 0 && has != rows) throw new ArgumentException($"it has {has} rows, values has {rows}", column);
    }
}
