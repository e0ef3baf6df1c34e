using System;
using System.Collections;
using System.Collections.Generic;

namespace Kaffi;

/// <summary>A header of a record.</summary>
public sealed record Header
{
    /// <summary>A header. Its value may be null.</summary>
    public Header(string key, Bytes value)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Contains('\0')) throw new ArgumentException("a NUL character is not possible here", nameof(key));
        Key = key;
        Value = value;
    }

    /// <summary>Its name.</summary>
    public string Key { get; }

    /// <summary>Its value; texts are UTF-8.</summary>
    public Bytes Value { get; }

    /// <summary>A copy of its value; null for null.</summary>
    public byte[]? GetValueBytes() => Value.ToArray();
}

/// <summary>The headers of a record, in their order. Several may have one name.</summary>
public sealed class Headers : IReadOnlyList<Header>
{
    readonly List<Header> headers = [];

    /// <summary>How many there are.</summary>
    public int Count => headers.Count;

    /// <summary>The header at this place.</summary>
    public Header this[int index] => headers[index];

    /// <summary>Adds a header behind the others.</summary>
    public void Add(string key, Bytes value) => headers.Add(new Header(key, value));

    /// <summary>Adds a header behind the others.</summary>
    public void Add(Header header)
    {
        ArgumentNullException.ThrowIfNull(header);
        headers.Add(header);
    }

    /// <summary>Removes all headers of this name.</summary>
    public void Remove(string key) => headers.RemoveAll(header => header.Key == key);

    /// <summary>The value of the last header of this name; throws when there is none.</summary>
    public byte[]? GetLastBytes(string key) => TryGetLastBytes(key, out var value) ? value : throw new KeyNotFoundException($"there is no header {key}");

    /// <summary>Whether there is a header of this name, and the value of the last one.</summary>
    public bool TryGetLastBytes(string key, out byte[]? value)
    {
        var last = headers.FindLast(header => header.Key == key);
        value = last?.GetValueBytes();
        return last is not null;
    }

    /// <inheritdoc/>
    public IEnumerator<Header> GetEnumerator() => headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
