using System;
using System.Collections.Generic;

namespace Kaffi;

// Transactions: what is produced, and what a consumer has processed for it, counts as a whole or not at all.
public sealed unsafe partial class Producer
{
    /// <summary>Registers the producer's <c>transactional.id</c>: an older producer with the same one is fenced off, and a transaction that
    /// it left open is aborted. Once, before the first <see cref="BeginTransaction"/>.</summary>
    /// <remarks>What failed says how to go on: call again after a <see cref="KafkaRetriableException"/>, abort after a <see
    /// cref="KafkaTxnRequiresAbortException"/>, make a new producer where the error is fatal; else the call itself was wrong.</remarks>
    /// <param name="timeout">How long to wait; as long as it takes unless given.</param>
    /// <exception cref="KafkaRetriableException">It was not done in time: call again, it goes on.</exception>
    /// <exception cref="KafkaTxnRequiresAbortException">The transaction cannot be committed any more: abort it.</exception>
    /// <exception cref="KafkaException">It failed. Where <see cref="Error.IsFatal"/>, such as after being fenced off, make a new
    /// producer.</exception>
    public void InitTransactions(TimeSpan? timeout = null)
    {
        int milliseconds = Milliseconds(timeout);
        Transact((advice, text, length) => Native.InitTransactions(Handle.Value, milliseconds, advice, text, length));
    }

    /// <summary>Begins a transaction: all that is produced from here on belongs to it.</summary>
    /// <inheritdoc cref="InitTransactions"/>
    public void BeginTransaction() => Transact((advice, text, length) => Native.BeginTransaction(Handle.Value, 0, advice, text, length));

    /// <summary>Sends what is queued, and commits the transaction. If a record of it failed, nothing is committed.</summary>
    /// <inheritdoc cref="InitTransactions"/>
    public void CommitTransaction(TimeSpan? timeout = null)
    {
        int milliseconds = Milliseconds(timeout);
        Transact((advice, text, length) => Native.CommitTransaction(Handle.Value, milliseconds, advice, text, length));
    }

    /// <summary>Aborts the transaction: no consumer with <c>isolation.level=read_committed</c> sees anything of it. Records that were not
    /// sent yet are reported with <see cref="ErrorCode.Local_PurgeQueue"/>.</summary>
    /// <inheritdoc cref="InitTransactions"/>
    public void AbortTransaction(TimeSpan? timeout = null)
    {
        int milliseconds = Milliseconds(timeout);
        Transact((advice, text, length) => Native.AbortTransaction(Handle.Value, milliseconds, advice, text, length));
    }

    /// <summary>Makes what a consumer has handed out so far part of the transaction: it is committed with it. Call it when what was produced
    /// for those records is handed over, and set <c>enable.auto.commit</c> of the consumer to false.</summary>
    /// <param name="consumer">The consumer, whose group it is.</param>
    /// <param name="timeout">How long to wait; <c>transaction.timeout.ms</c> unless given.</param>
    /// <inheritdoc cref="InitTransactions"/>
    public void SendOffsetsToTransaction(Consumer consumer, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        consumer.CountHandedOut();
        SendOffsets(consumer, null, timeout);
    }

    /// <summary>Makes offsets of a consumer's group part of the transaction, each of the record to be read next.</summary>
    /// <param name="offsets">The offsets; none sends nothing.</param>
    /// <param name="consumer">The consumer, whose group it is.</param>
    /// <param name="timeout">How long to wait; <c>transaction.timeout.ms</c> unless given.</param>
    /// <inheritdoc cref="InitTransactions"/>
    public void SendOffsetsToTransaction(IEnumerable<TopicPartitionOffset> offsets, Consumer consumer, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        using var list = PartitionList.Of(offsets);
        SendOffsets(consumer, list, timeout);
    }

    void SendOffsets(Consumer consumer, PartitionList? list, TimeSpan? timeout)
    {
        int milliseconds = Milliseconds(timeout);
        Transact((advice, text, length) => Native.SendOffsetsToTransaction(
            Handle.Value, consumer.Handle.Value, list?.Value ?? 0, milliseconds, advice, text, length));
        GC.KeepAlive(consumer);
    }

    static int Milliseconds(TimeSpan? timeout) => timeout is { } given ? Library.Milliseconds(given) : -1;

    delegate int Advising(int* advice, byte* text, int* length);

    void Transact(Advising call)
    {
        int advice, length = Library.ErrorRoom;
        var text = stackalloc byte[Library.ErrorRoom];
        int code = call(&advice, text, &length);
        GC.KeepAlive(this);
        if (code == 0) return;
        var error = Error.Of(code, text, length, retriable: advice == 1, fatal: advice == 3);
        throw advice switch
        {
            1 => new KafkaRetriableException(error),
            2 => new KafkaTxnRequiresAbortException(error),
            _ => new KafkaException(error),
        };
    }
}
