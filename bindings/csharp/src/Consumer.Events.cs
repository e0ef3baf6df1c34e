using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Kaffi;

// What a group says: which partitions come and go, and what became of commits in the background.
public sealed unsafe partial class Consumer
{
    bool answering, answered; // a rebalance; by its handler itself

    /// <summary>Is told which partitions the group gives to this consumer, before their first record. It returns the offsets to begin at,
    /// or null: where the group has committed.</summary>
    /// <remarks>With the cooperative protocol these are the partitions that come in addition. As other handlers it runs in the calls that
    /// consume. It needs <c>kaffi.rebalance=manual</c>, which is set unless you set it; without handlers the partitions are taken as the
    /// group gives them.</remarks>
    public Func<Consumer, IReadOnlyList<TopicPartition>, IEnumerable<TopicPartitionOffset>?>? PartitionsAssignedHandler { get; set; }

    /// <summary>Is told which partitions the group takes back, with the offsets of the records that would come next. Until it returns they
    /// are still this consumer's: it can commit, and write what it keeps for them. Also called by <see cref="Close"/>.</summary>
    /// <inheritdoc cref="PartitionsAssignedHandler"/>
    public Action<Consumer, IReadOnlyList<TopicPartitionOffset>>? PartitionsRevokedHandler { get; set; }

    /// <summary>Is told which partitions this consumer has lost: others may have them already, and what was processed of them cannot be
    /// committed any more. Without it, <see cref="PartitionsRevokedHandler"/> is called.</summary>
    /// <inheritdoc cref="PartitionsAssignedHandler"/>
    public Action<Consumer, IReadOnlyList<TopicPartitionOffset>>? PartitionsLostHandler { get; set; }

    /// <summary>Is told what became of the commits in the background (<c>enable.auto.commit</c>).</summary>
    /// <inheritdoc cref="Client.ErrorHandler"/>
    public Action<Consumer, CommittedOffsets>? OffsetsCommittedHandler { get; set; }

    private protected override void Dispatch(string kind, JsonElement told)
    {
        switch (kind)
        {
            case "rebalance":
                if (told.GetProperty("pending").GetBoolean()) Rebalance(told);
                break;
            case "commit":
                OffsetsCommittedHandler?.Invoke(this, new CommittedOffsets(
                    told.GetProperty("partitions").EnumerateArray().Select(entry => new TopicPartitionOffsetError(
                        new TopicPartitionOffset(PartitionOf(entry), entry.GetProperty("offset").GetInt64()),
                        Error.Of(entry.GetProperty("code").GetInt32()))).ToList(),
                    ErrorOf(told)));
                break;
            default:
                base.Dispatch(kind, told);
                break;
        }
    }

    void Rebalance(JsonElement told)
    {
        bool assigns = told.GetProperty("kind").GetString() == "assign";
        var partitions = told.GetProperty("partitions").EnumerateArray().Select(PartitionOf).ToList();
        IEnumerable<TopicPartitionOffset>? chosen = null;
        (answering, answered) = (true, false);
        try
        {
            if (assigns) chosen = PartitionsAssignedHandler?.Invoke(this, partitions);
            else TellRevoked(partitions, told.GetProperty("lost").GetBoolean());
        }
        finally
        {
            answering = false;
            // Whatever becomes of the handler, the group waits for an answer.
            if (!answered)
            {
                using var list = chosen is null ? null : PartitionList.Of(chosen);
                Library.Call((text, length) => assigns
                    ? Native.AssignPartitions(Handle.Value, list?.Value ?? 0, text, length)
                    : Native.UnassignPartitions(Handle.Value, 0, text, length));
            }
        }
    }

    void TellRevoked(List<TopicPartition> partitions, bool lost)
    {
        lock (gate) Store();
        var handler = lost ? PartitionsLostHandler ?? PartitionsRevokedHandler : PartitionsRevokedHandler;
        handler?.Invoke(this, Positions(partitions));
    }

    static TopicPartition PartitionOf(JsonElement entry) => new(entry.GetProperty("topic").GetString()!, entry.GetProperty("partition").GetInt32());
}
