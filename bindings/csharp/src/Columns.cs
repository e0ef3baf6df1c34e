using System;
using System.Text;

namespace Kaffi;

/// <summary>A column of integers of a batch, in an array that is used again.</summary>
unsafe struct IntColumn
{
    long[] values;

    public readonly long this[int row] => values[row];

    /// <summary>Reads the column; <paramref name="name"/> is a literal, behind which C# puts a NUL.</summary>
    public void Read(ulong batch, ReadOnlySpan<byte> name)
    {
        values ??= new long[64];
        var error = stackalloc byte[Library.ErrorRoom];
        while (true)
        {
            int code, count = values.Length, length = Library.ErrorRoom;
            fixed (byte* n = name)
            fixed (long* v = values)
                code = Native.GetBatchInts(batch, n, v, &count, error, &length);
            if (code == 0) return;
            if (code != Codes.TooSmall) Library.Check(code, error, length);
            values = new long[Math.Max(count, values.Length * 2)];
        }
    }
}

/// <summary>A column of bytes of a batch, in arrays that are used again.</summary>
unsafe struct BytesColumn
{
    byte[] bytes;
    int[] lengths;
    int[] ends;
    int count;

    /// <summary>A copy of a value; null for null.</summary>
    public readonly byte[]? this[int row] => lengths[row] < 0 ? null : bytes.AsSpan(ends[row] - lengths[row], lengths[row]).ToArray();

    /// <summary>All values as texts.</summary>
    public readonly string[] Texts()
    {
        var texts = new string[count];
        for (int row = 0; row < count; row++) texts[row] = Encoding.UTF8.GetString(this[row] ?? []);
        return texts;
    }

    /// <summary>Reads the column; <paramref name="name"/> is a literal, behind which C# puts a NUL.</summary>
    public void Read(ulong batch, ReadOnlySpan<byte> name)
    {
        bytes ??= new byte[4096];
        lengths ??= new int[64];
        var error = stackalloc byte[Library.ErrorRoom];
        while (true)
        {
            int code, total = bytes.Length, values = lengths.Length, length = Library.ErrorRoom;
            fixed (byte* n = name, b = bytes)
            fixed (int* l = lengths)
                code = Native.GetBatchBytes(batch, n, b, &total, l, &values, error, &length);
            count = values;
            if (code == 0) break;
            if (code != Codes.TooSmall) Library.Check(code, error, length);
            if (total > bytes.Length) bytes = new byte[Math.Max(total, (int)Math.Min(bytes.Length * 2L, Array.MaxLength))];
            if (count > lengths.Length) lengths = new int[Math.Max(count, lengths.Length * 2)];
        }
        if (ends is null || ends.Length < lengths.Length) ends = new int[lengths.Length];
        for (int row = 0, end = 0; row < count; row++) ends[row] = end += Math.Max(lengths[row], 0);
    }
}
