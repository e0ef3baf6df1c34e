using System;
using System.Collections.Generic;
using System.Linq;

namespace Kaffi;

// Which partitions a consumer reads: by its group or by hand; pausing and seeking.
public sealed unsafe partial class Consumer
{
    /// <summary>The partitions that are assigned to this consumer.</summary>
    public List<TopicPartition> Assignment
    {
        get
        {
            ulong value;
            ulong* list = &value;
            Library.Call((text, length) => Native.GetAssignment(Handle.Value, list, text, length));
            GC.KeepAlive(this);
            using var entries = new PartitionList(value);
            return entries.Read().ConvertAll(entry => entry.TopicPartition);
        }
    }

    /// <summary>The topics that this consumer is subscribed to.</summary>
    public List<string> Subscription
    {
        get
        {
            ulong value;
            ulong* list = &value;
            Library.Call((text, length) => Native.GetSubscription(Handle.Value, list, text, length));
            GC.KeepAlive(this);
            using var entries = new PartitionList(value);
            return entries.Read().ConvertAll(entry => entry.Topic);
        }
    }

    /// <summary>Subscribes to topics, in place of those subscribed to before. The group shares their partitions out.</summary>
    /// <param name="topics">Their names; one that begins with <c>^</c> is a regular expression.</param>
    public void Subscribe(IEnumerable<string> topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        using var list = PartitionList.Of(topics.Select(name => new TopicPartitionOffset(name, Partition.Any, Offset.Unset)));
        try
        {
            Library.Call((text, length) => Native.SubscribeConsumerTPList(Handle.Value, list.Value, text, length));
        }
        finally
        {
            list.SetHandleAsInvalid(); // the call consumes it
            GC.KeepAlive(this);
        }
    }

    /// <summary>Subscribes to a topic, in place of those subscribed to before.</summary>
    public void Subscribe(string topic) => Subscribe([topic]);

    /// <summary>Ends the subscription, or what was assigned by hand, and gives the partitions back.</summary>
    public void Unsubscribe()
    {
        Change(true, (text, length) => Native.UnsubscribeConsumer(Handle.Value, text, length));
        HandleEvents(RequestMilliseconds); // the group takes the partitions back
    }

    /// <summary>Assigns partitions by hand, in place of what was assigned so. Reading starts where the group has committed, else as
    /// <c>auto.offset.reset</c> says.</summary>
    public void Assign(IEnumerable<TopicPartition> partitions) => Assign(PartitionList.Of(partitions));

    /// <summary>Assigns partitions by hand, in place of what was assigned so. Reading starts at these offsets.</summary>
    /// <remarks>In a <see cref="PartitionsAssignedHandler"/> this takes the partitions that the group gives, at these offsets.</remarks>
    public void Assign(IEnumerable<TopicPartitionOffset> partitions) => Assign(PartitionList.Of(partitions));

    /// <summary>Assigns a partition by hand, in place of what was assigned so.</summary>
    public void Assign(TopicPartition partition) => Assign([partition]);

    /// <summary>Assigns a partition by hand, in place of what was assigned so. Reading starts at this offset.</summary>
    public void Assign(TopicPartitionOffset partition) => Assign([partition]);

    void Assign(PartitionList list)
    {
        using (list) Change(false, (text, length) => Native.AssignPartitions(Handle.Value, list.Value, text, length));
    }

    /// <summary>Adds partitions to those that are assigned by hand.</summary>
    public void IncrementalAssign(IEnumerable<TopicPartition> partitions) => IncrementalAssign(PartitionList.Of(partitions));

    /// <summary>Adds partitions to those that are assigned by hand. Reading starts at these offsets.</summary>
    public void IncrementalAssign(IEnumerable<TopicPartitionOffset> partitions) => IncrementalAssign(PartitionList.Of(partitions));

    void IncrementalAssign(PartitionList list)
    {
        using (list) Change(true, (text, length) => Native.AddPartitions(Handle.Value, list.Value, text, length));
    }

    /// <summary>Takes all partitions out that were assigned by hand. What was handed out of them counts as processed.</summary>
    public void Unassign() => Change(false, (text, length) => Native.UnassignPartitions(Handle.Value, 0, text, length));

    /// <summary>Takes partitions out of those that are assigned by hand. What was handed out of them counts as processed.</summary>
    public void IncrementalUnassign(IEnumerable<TopicPartition> partitions)
    {
        using var list = PartitionList.Of(partitions);
        Change(true, (text, length) => Native.UnassignPartitions(Handle.Value, list.Value, text, length));
    }

    /// <summary>Changes the assignment; <paramref name="stays"/>: others stay, and so do their rows.</summary>
    void Change(bool stays, Library.Failing call)
    {
        lock (gate)
        {
            if (stays && !answering) GiveBack();
            else Store();
            Library.Call(call);
            answered = true;
            if (!stays && !answering) Forget(); // who answers a rebalance looks at the rows then
        }
        GC.KeepAlive(this);
    }

    /// <summary>Stops handing out records of these partitions; what was fetched of them waits. It ends with <see cref="Resume"/>, and when
    /// the partition leaves this consumer. Consuming goes on with the others, and keeps the membership in the group alive.</summary>
    public void Pause(IEnumerable<TopicPartition> partitions)
    {
        using var list = PartitionList.Of(partitions);
        lock (gate)
        {
            GiveBack();
            list.Call((text, length) => Native.PausePartitions(Handle.Value, list.Value, text, length));
        }
        GC.KeepAlive(this);
    }

    /// <summary>Goes on handing out records of these partitions.</summary>
    public void Resume(IEnumerable<TopicPartition> partitions)
    {
        using var list = PartitionList.Of(partitions);
        list.Call((text, length) => Native.ResumePartitions(Handle.Value, list.Value, text, length));
        GC.KeepAlive(this);
    }

    /// <summary>Goes to another offset: the next record of this partition is the one there.</summary>
    /// <remarks>It is the position from then on, also for a commit (but with <c>kaffi.offset.store</c> manual).</remarks>
    /// <param name="offset">The partition, which must be assigned, with an offset, <see cref="Offset.Beginning"/> or
    /// <see cref="Offset.End"/>.</param>
    public void Seek(TopicPartitionOffset offset) => Seek([offset]);

    /// <summary>Goes to other offsets: the next record of each partition is the one there.</summary>
    /// <param name="offsets">The partitions with their offsets.</param>
    /// <param name="timeout">How long it may take, <c>kaffi.request.timeout.ms</c> unless given.</param>
    /// <inheritdoc cref="Seek(TopicPartitionOffset)"/>
    public void Seek(IEnumerable<TopicPartitionOffset> offsets, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        lock (gate)
        {
            GiveBack();
            SeekTo(offsets, Milliseconds(timeout));
        }
    }

    void SeekTo(IEnumerable<TopicPartitionOffset> offsets, int milliseconds)
    {
        using var list = PartitionList.Of(offsets);
        list.Call((text, length) => Native.SeekPartitions(Handle.Value, list.Value, milliseconds, text, length));
        GC.KeepAlive(this);
    }
}
