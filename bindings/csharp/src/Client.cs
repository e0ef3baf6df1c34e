using System;
using System.Globalization;

namespace Kaffi;

/// <summary>What producers and consumers have in common.</summary>
/// <remarks>Calls on a closed client throw a <see cref="KafkaException"/> with <see cref="ErrorCode.Kaffi_Closed"/>.</remarks>
public abstract partial class Client : IDisposable
{
    private protected Client(ClientHandle handle) => Handle = handle;

    internal ClientHandle Handle { get; }

    /// <summary>Returns when a broker answers, and throws with the reason when none does: which address, and why.</summary>
    public unsafe void CheckConnection(TimeSpan timeout)
    {
        int milliseconds = Library.Milliseconds(timeout);
        Library.Call((text, length) => Native.CheckConnection(Handle.Value, milliseconds, text, length));
        GC.KeepAlive(this);
    }

    /// <summary>A property as it is in force: what was set, else the default. Secrets read <c>[redacted]</c>.</summary>
    public string GetConfig(string key)
    {
        var value = Handle.Get(key);
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Closes the client.</summary>
    public abstract void Dispose();

    /// <summary>How long closing may take: <c>kaffi.close.timeout.ms</c>.</summary>
    private protected int CloseMilliseconds => int.Parse(Handle.Get("kaffi.close.timeout.ms"), CultureInfo.InvariantCulture);
}
