using System;
using System.Text;

namespace Kaffi;

/// <summary>A key or value: any bytes, or null. Texts become UTF-8: <c>Key = "k", Value = bytes</c>.</summary>
public readonly struct Bytes : IEquatable<Bytes>
{
    readonly ReadOnlyMemory<byte> memory;

    /// <summary>These bytes, which are not copied.</summary>
    public Bytes(ReadOnlyMemory<byte> bytes)
    {
        memory = bytes;
        HasValue = true;
    }

    /// <summary>No key; no value (a tombstone).</summary>
    public static Bytes Null => default;

    /// <summary>Whether this is not null. An empty key or value is not null.</summary>
    public bool HasValue { get; }

    /// <summary>The number of bytes; 0 for null.</summary>
    public int Length => memory.Length;

    /// <summary>The bytes; none for null.</summary>
    public ReadOnlySpan<byte> Span => memory.Span;

    /// <summary>A copy of the bytes; null for null.</summary>
    public byte[]? ToArray() => HasValue ? memory.ToArray() : null;

    /// <summary>The bytes as UTF-8 text; null for null.</summary>
    public string? ToText() => HasValue ? Encoding.UTF8.GetString(Span) : null;

    /// <summary>The bytes as UTF-8 text; an empty one for null.</summary>
    public override string ToString() => ToText() ?? "";

    /// <summary>These bytes, which are not copied.</summary>
    public static implicit operator Bytes(byte[]? bytes) => bytes is null ? default : new(bytes);

    /// <summary>These bytes, which are not copied.</summary>
    public static implicit operator Bytes(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>The text as UTF-8.</summary>
    public static implicit operator Bytes(string? text) => text is null ? default : new(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether both are null, or have the same bytes.</summary>
    public bool Equals(Bytes other) => HasValue == other.HasValue && Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>Whether both are null, or have the same bytes.</summary>
    public static bool operator ==(Bytes left, Bytes right) => left.Equals(right);

    /// <summary>Whether one is null and the other is not, or their bytes differ.</summary>
    public static bool operator !=(Bytes left, Bytes right) => !left.Equals(right);
}
