using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Kaffi;

/// <summary>A topic-partition list: what calls on partitions take and fill.</summary>
sealed unsafe class PartitionList : BatchHandle
{
    public PartitionList(ulong value) : base(value) { }

    public static PartitionList Of(IEnumerable<TopicPartitionOffset> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ulong value;
        Library.Check(Native.NewTopicPartitionList(&value));
        var list = new PartitionList(value);
        try
        {
            list.Fill([.. entries]);
            return list;
        }
        catch
        {
            list.Dispose();
            throw;
        }
    }

    public static PartitionList Of(IEnumerable<TopicPartition> partitions)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        return Of(partitions.Select(partition => new TopicPartitionOffset(partition, Offset.Unset)));
    }

    void Fill(TopicPartitionOffset[] entries)
    {
        var (names, metadata) = (new BytesBuffer(), new BytesBuffer());
        var topics = new Dictionary<string, long>();
        foreach (var entry in entries)
        {
            if (!topics.TryAdd(entry.Topic, topics.Count)) continue;
            names.Add(Library.Text(entry.Topic, "topic").AsSpan(..^1), true);
        }
        foreach (var entry in entries) metadata.Add(entry.Metadata.Span, entry.Metadata.HasValue);
        Set("topic.name"u8, names);
        Set("topic"u8, Array.ConvertAll(entries, entry => topics[entry.Topic]));
        Set("partition"u8, Array.ConvertAll(entries, entry => (long)entry.Partition.Value));
        Set("offset"u8, Array.ConvertAll(entries, entry => entry.Offset.Value));
        Set("leader_epoch"u8, Array.ConvertAll(entries, entry => (long)(entry.LeaderEpoch ?? -1)));
        Set("metadata"u8, metadata);
    }

    /// <summary>The entries, each with its error.</summary>
    public List<TopicPartitionOffsetError> Read()
    {
        var names = Texts("topic.name"u8);
        var topics = new View(Value, "topic"u8).Ints<int>();
        var partitions = new View(Value, "partition"u8).Ints<int>();
        var offsets = new View(Value, "offset"u8).Ints<long>();
        var epochs = new View(Value, "leader_epoch"u8).Ints<int>();
        var errors = new View(Value, "error"u8).Ints<int>();
        var metadata = new View(Value, "metadata"u8, topics.Length);
        var entries = new List<TopicPartitionOffsetError>(topics.Length);
        for (int row = 0; row < topics.Length; row++)
        {
            var note = metadata.Value(row);
            var entry = new TopicPartitionOffset(names[topics[row]], partitions[row], offsets[row])
            {
                LeaderEpoch = epochs[row] < 0 ? null : epochs[row],
                Metadata = note == default ? Bytes.Null : note.ToArray(),
            };
            entries.Add(new(entry, errors.IsEmpty ? Error.Of(0) : Error.Of(errors[row])));
        }
        GC.KeepAlive(this);
        return entries;
    }

    /// <summary>Calls with this list, and throws unless the code is 0: with the entries, where they say which one failed.</summary>
    public void Call(Library.Failing call)
    {
        var text = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        int code = call(text, &length);
        if (code == 0) return;
        var error = Error.Of(code, text, length);
        var entries = Read();
        if (entries.Exists(entry => entry.Error.IsError)) throw new TopicPartitionOffsetException(error, entries);
        throw new KafkaException(error);
    }
}
