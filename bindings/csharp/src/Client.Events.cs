using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;

namespace Kaffi;

/// <summary>How weighty a line of the log is.</summary>
public enum SyslogLevel
{
    /// <summary>Nothing works any more.</summary>
    Emergency = 0,
    /// <summary>Something must be done at once.</summary>
    Alert = 1,
    /// <summary>Something serious.</summary>
    Critical = 2,
    /// <summary>An error.</summary>
    Error = 3,
    /// <summary>A warning.</summary>
    Warning = 4,
    /// <summary>Worth to be noticed.</summary>
    Notice = 5,
    /// <summary>Information.</summary>
    Info = 6,
    /// <summary>For those who look for a fault.</summary>
    Debug = 7,
}

/// <summary>A line of the engine's log.</summary>
/// <param name="Level">How weighty it is.</param>
/// <param name="Facility">Which part of the engine says it.</param>
/// <param name="Message">The line.</param>
public sealed record LogMessage(SyslogLevel Level, string Facility, string Message);

/// <summary>A broker has delayed its answer because of a quota.</summary>
/// <param name="Broker">The broker's name.</param>
/// <param name="BrokerId">Its number.</param>
/// <param name="Time">By how long.</param>
public sealed record Throttle(string Broker, int BrokerId, TimeSpan Time);

// What the engine and the brokers say by themselves.
public abstract unsafe partial class Client
{
    const int MaxEvents = 1000; // handled in one go

    readonly object events = new(); // held while events are handled

    /// <summary>Is told of errors of the client. Most heal by themselves: it goes on trying. After a fatal one make a new client.</summary>
    /// <remarks>Handlers of events run in the calls that consume, in <c>Poll</c> and in <c>Flush</c>, on the thread that calls, one at a
    /// time. What they throw comes out of that call. They may use the client, but not consume.</remarks>
    public Action<Client, Error>? ErrorHandler { get; set; }

    /// <summary>Is given statistics each <c>statistics.interval.ms</c>: JSON, as librdkafka's STATISTICS.md describes it.</summary>
    /// <inheritdoc cref="ErrorHandler"/>
    public Action<Client, string>? StatisticsHandler { get; set; }

    /// <summary>Is given the lines of the engine's log (<c>log_level</c>, <c>debug</c>). Without it they are dropped: nothing is ever
    /// printed.</summary>
    /// <inheritdoc cref="ErrorHandler"/>
    public Action<Client, LogMessage>? LogHandler { get; set; }

    /// <summary>Is told when a broker delays its answers because of a quota.</summary>
    /// <inheritdoc cref="ErrorHandler"/>
    public Action<Client, Throttle>? ThrottleHandler { get; set; }

    /// <summary>Is asked for a token of OAUTHBEARER, and given <c>sasl.oauthbearer.config</c>: it answers by <see
    /// cref="OAuthBearerSetToken"/> or <see cref="OAuthBearerSetTokenFailure"/>. Without a token the client connects to no broker.</summary>
    /// <remarks>It runs where handlers of events run, and while tasks of <c>ProduceAsync</c> wait, on the thread that completes
    /// these. Where nobody calls on the client, set the first token right after its making.</remarks>
    public Action<Client, string>? OAuthBearerTokenRefreshHandler { get; set; }

    /// <summary>Gives the client the token by which it authenticates to its brokers, for <c>sasl.mechanism=OAUTHBEARER</c>.</summary>
    /// <param name="tokenValue">The token, mostly a JWT; it is shown in no text.</param>
    /// <param name="lifetimeMs">When it expires, in ms since 1970.</param>
    /// <param name="principalName">The name that it stands for; may be empty.</param>
    /// <param name="extensions">SASL extensions.</param>
    public void OAuthBearerSetToken(string tokenValue, long lifetimeMs, string principalName, IReadOnlyDictionary<string, string>? extensions = null)
    {
        var json = new JsonObject();
        foreach (var (name, value) in extensions ?? new Dictionary<string, string>()) json[name] = value;
        fixed (byte* t = Library.Text(tokenValue, nameof(tokenValue)), p = Library.Text(principalName, nameof(principalName)))
        fixed (byte* e = Library.Text(json.Count == 0 ? "" : json.ToJsonString(), nameof(extensions)))
        {
            byte* token = t, principal = p, given = e;
            Library.Call((text, length) => Native.SetOAuthToken(Handle.Value, token, lifetimeMs, principal, given, text, length));
        }
        GC.KeepAlive(this);
    }

    /// <summary>Says why there is no token. The text shows where no broker can be reached; the client asks again after 10 s.</summary>
    public void OAuthBearerSetTokenFailure(string error)
    {
        fixed (byte* e = Library.Text(error, nameof(error)))
        {
            byte* reason = e;
            Library.Call((text, length) => Native.SetOAuthFailure(Handle.Value, reason, text, length));
        }
        GC.KeepAlive(this);
    }

    /// <summary>Ends the calls of other threads that wait on this client, as if their time were over.</summary>
    public void Wake()
    {
        Interlocked.Increment(ref wakes);
        Library.Check(Native.WakeKafka(Handle.Value));
        GC.KeepAlive(this);
    }

    private protected int wakes;

    /// <summary>A file descriptor that is readable as long as something waits, for event loops. When it is readable, read with timeout 0
    /// until nothing comes. Never close it. Not on Windows.</summary>
    public long GetReadyFd(Ready what)
    {
        long descriptor;
        long* d = &descriptor;
        Library.Call((text, length) => Native.GetReadyFd(Handle.Value, (int)what, d, text, length));
        GC.KeepAlive(this);
        return descriptor;
    }

    /// <summary>Whether this thread runs a handler of this client.</summary>
    private protected bool Handling => Monitor.IsEntered(events);

    /// <summary>Hands the events that wait to their handlers, unless another thread does so for this long. Inside a handler it does
    /// nothing.</summary>
    private protected void HandleEvents(int milliseconds = 0)
    {
        if (Handling || !Monitor.TryEnter(events, milliseconds)) return;
        try
        {
            for (int count = 0; count < MaxEvents && NextEvent() is { } json; count++)
            {
                using var document = JsonDocument.Parse(json);
                var told = document.RootElement;
                Dispatch(told.GetProperty("event").GetString()!, told);
            }
        }
        finally
        {
            Monitor.Exit(events);
        }
    }

    private protected virtual void Dispatch(string kind, JsonElement told)
    {
        switch (kind)
        {
            case "error":
                ErrorHandler?.Invoke(this, ErrorOf(told, told.GetProperty("fatal").GetBoolean()));
                break;
            case "stats":
                StatisticsHandler?.Invoke(this, told.GetProperty("stats").GetRawText());
                break;
            case "log":
                LogHandler?.Invoke(this, new LogMessage(
                    (SyslogLevel)told.GetProperty("level").GetInt32(), told.GetProperty("facility").GetString()!, told.GetProperty("text").GetString()!));
                break;
            case "oauth":
                OAuthBearerTokenRefreshHandler?.Invoke(this, Handle.OAuthBearerConfig);
                break;
            case "throttle":
                ThrottleHandler?.Invoke(this, new Throttle(
                    told.GetProperty("broker").GetString()!, told.GetProperty("broker_id").GetInt32(),
                    TimeSpan.FromMilliseconds(told.GetProperty("throttle_ms").GetInt32())));
                break;
        }
    }

    private protected static Error ErrorOf(JsonElement told, bool? fatal = null)
    {
        int code = told.GetProperty("code").GetInt32();
        return code == 0 ? Error.Of(0) : new Error((ErrorCode)code, told.GetProperty("text").GetString()!) { Fatal = fatal };
    }

    string? NextEvent()
    {
        var error = stackalloc byte[Library.ErrorRoom];
        var text = stackalloc byte[Library.ErrorRoom];
        int room = Library.ErrorRoom, length = Library.ErrorRoom;
        int code = Native.NextEvent(Handle.Value, 0, text, &room, error, &length);
        GC.KeepAlive(this);
        switch (code)
        {
            case 0:
                return Encoding.UTF8.GetString(text, room);
            case Codes.Nothing:
                return null;
            case Codes.TooSmall: // it stays first: only the thread that handles events takes them
                return Library.Read((given, size, why, whyLength) => Native.NextEvent(Handle.Value, 0, given, size, why, whyLength));
            default:
                Library.Check(code, error, length);
                return null;
        }
    }
}

/// <summary>What a descriptor of <see cref="Client.GetReadyFd"/> tells of.</summary>
[Flags]
public enum Ready
{
    /// <summary>Records of a consumer.</summary>
    Records = 1,
    /// <summary>Delivery reports of a producer.</summary>
    Reports = 2,
    /// <summary>Events.</summary>
    Events = 4,
}
