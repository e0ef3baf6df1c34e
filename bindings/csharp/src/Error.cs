using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace Kaffi;

/// <summary>What went wrong: a code and, in words, what failed on what.</summary>
public sealed class Error
{
    static readonly Error None = new(ErrorCode.NoError, "");

    /// <summary>An error with a text of its own.</summary>
    public Error(ErrorCode code, string reason)
    {
        Code = code;
        Reason = reason;
    }

    /// <summary>The code.</summary>
    public ErrorCode Code { get; }

    /// <summary>The reason, for people.</summary>
    public string Reason { get; }

    /// <summary>Whether it is an error at all.</summary>
    public bool IsError => Code != ErrorCode.NoError;

    /// <summary>Whether it came from this side, not from a broker.</summary>
    public bool IsLocalError => Code < 0 || Code is ErrorCode.Kaffi_Nothing or ErrorCode.Kaffi_TooSmall;

    /// <summary>Whether a broker answered it.</summary>
    public bool IsBrokerError => IsError && !IsLocalError;

    /// <summary>Whether the client cannot go on and has to be made anew.</summary>
    public bool IsFatal => Fatal ?? Describe("fatal");

    /// <summary>Whether the same may succeed when it is tried again.</summary>
    public bool IsRetriable => Retriable ?? Describe("retriable");

    /// <summary>What the engine has decided in this very case; null: the code says it.</summary>
    internal bool? Fatal { get; init; }

    internal bool? Retriable { get; init; }

    /// <inheritdoc/>
    public override string ToString() => IsError ? $"{Reason} ({(int)Code})" : "no error";

    internal static unsafe Error Of(int code, byte* text = null, int length = 0, bool? retriable = null, bool? fatal = null)
    {
        if (code == 0) return None;
        string reason = text != null && length > 0 ? Encoding.UTF8.GetString(text, length) : TextOf(code);
        return new Error((ErrorCode)code, reason) { Retriable = retriable, Fatal = fatal };
    }

    static unsafe string TextOf(int code)
    {
        var text = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        Native.DRMessageError(&code, text, &length);
        return Encoding.UTF8.GetString(text, length);
    }

    unsafe bool Describe(string member)
    {
        var json = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        if (Native.DescribeError((int)Code, json, &length) != 0) return false;
        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(json, length));
        return document.RootElement.GetProperty(member).GetBoolean();
    }
}

/// <summary>A call failed. <see cref="Error"/> has the code and the reason.</summary>
public class KafkaException : Exception
{
    /// <summary>An exception for this error.</summary>
    public KafkaException(Error error) : base((error ?? throw new ArgumentNullException(nameof(error))).ToString()) => Error = error;

    /// <summary>The code and the reason.</summary>
    public Error Error { get; }
}

/// <summary>A call of a transaction was not done in time, or was disturbed: the same call again goes on.</summary>
public class KafkaRetriableException : KafkaException
{
    /// <summary>An exception for this error.</summary>
    public KafkaRetriableException(Error error) : base(error) { }
}

/// <summary>The transaction cannot be committed any more: abort it.</summary>
public class KafkaTxnRequiresAbortException : KafkaException
{
    /// <summary>An exception for this error.</summary>
    public KafkaTxnRequiresAbortException(Error error) : base(error) { }
}

/// <summary>A record was not taken, or not delivered.</summary>
public class ProduceException : KafkaException
{
    /// <summary>An exception for this record.</summary>
    public ProduceException(Error error, DeliveryResult deliveryResult) : base(error) => DeliveryResult = deliveryResult;

    /// <summary>The record, and whether it may have been stored all the same.</summary>
    public DeliveryResult DeliveryResult { get; }
}

/// <summary>A call failed for some of the partitions that it was given.</summary>
public class TopicPartitionOffsetException : KafkaException
{
    /// <summary>An exception for these partitions.</summary>
    public TopicPartitionOffsetException(Error error, IReadOnlyList<TopicPartitionOffsetError> results) : base(error) => Results = results;

    /// <summary>All partitions of the call, each with its own error.</summary>
    public IReadOnlyList<TopicPartitionOffsetError> Results { get; }
}
