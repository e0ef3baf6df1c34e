using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;

namespace Kaffi;

// What counts as processed, what a group has committed, where a consumer is and how far behind.
public sealed unsafe partial class Consumer
{
    /// <summary>Who this consumer is in its group.</summary>
    public ConsumerGroupMetadata ConsumerGroupMetadata
    {
        get
        {
            string json = Library.Read((given, room, text, length) => Native.GetGroupMetadata(Handle.Value, given, room, text, length));
            GC.KeepAlive(this);
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new ConsumerGroupMetadata(
                root.GetProperty("group_id").GetString()!, root.GetProperty("member_id").GetString()!,
                root.GetProperty("generation_id").GetInt32(), root.GetProperty("group_instance_id").GetString());
        }
    }

    /// <summary>The name that the group gave this member; empty before it has joined.</summary>
    public string MemberId => ConsumerGroupMetadata.MemberId;

    /// <summary>Says that this record and those before it are processed, for the next commit. Only with <c>enable.auto.offset.store=false</c>
    /// (or <c>kaffi.offset.store=manual</c>): else what is handed out counts by itself.</summary>
    public void StoreOffset(ConsumeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        StoreOffset(Behind(result));
    }

    /// <summary>Says what is processed of a partition, for the next commit: the offset of the record to be read next.</summary>
    /// <inheritdoc cref="StoreOffset(ConsumeResult)"/>
    public void StoreOffset(TopicPartitionOffset offset) => StoreOffsets([offset]);

    /// <summary>Says what is processed, for the next commit: the offsets of the records to be read next.</summary>
    /// <inheritdoc cref="StoreOffset(ConsumeResult)"/>
    public void StoreOffsets(IEnumerable<TopicPartitionOffset> offsets)
    {
        using var list = PartitionList.Of(offsets);
        list.Call((text, length) => Native.StoreOffsets(Handle.Value, list.Value, text, length));
        GC.KeepAlive(this);
    }

    /// <summary>Commits what was handed out so far (or what was stored, where only that counts), and waits for the group.</summary>
    /// <exception cref="KafkaException">The group refused: after a rebalance the records come again elsewhere.</exception>
    public void Commit()
    {
        lock (gate)
        {
            if (stores) Handle.StoreHandedOut();
            committing = true;
            try
            {
                Commit((PartitionList?)null);
            }
            finally
            {
                committing = false;
            }
        }
    }

    /// <summary>Commits up to and with this record.</summary>
    /// <inheritdoc cref="Commit()"/>
    public void Commit(ConsumeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Commit([Behind(result)]);
    }

    /// <summary>Commits these offsets, each of the record to be read next.</summary>
    /// <exception cref="TopicPartitionOffsetException">The group refused some of them.</exception>
    /// <inheritdoc cref="Commit()"/>
    public void Commit(IEnumerable<TopicPartitionOffset> offsets)
    {
        using var list = PartitionList.Of(offsets);
        Commit(list);
    }

    /// <summary>Commits what was handed out so far, as <see cref="Commit()"/> does; the task completes when the group has answered.</summary>
    /// <inheritdoc cref="Commit()"/>
    public Task CommitAsync()
    {
        if (stores || !gathers)
            // What is handed out from here on does not count.
            lock (gate) return CommitAsync(Positions(Assignment).Where(place => place.Offset >= 0).ToList());
        return Task.Run(() => Commit((PartitionList?)null));
    }

    /// <summary>Commits these offsets, each of the record to be read next; the task completes when the group has answered.</summary>
    /// <inheritdoc cref="Commit(IEnumerable{TopicPartitionOffset})"/>
    public Task CommitAsync(IEnumerable<TopicPartitionOffset> offsets)
    {
        var list = PartitionList.Of(offsets);
        return Task.Run(() =>
        {
            using (list) Commit(list);
        });
    }

    void Commit(PartitionList? list)
    {
        int milliseconds = RequestMilliseconds;
        if (list is null) Library.Call((text, length) => Native.CommitOffsets(Handle.Value, 0, milliseconds, text, length));
        else list.Call((text, length) => Native.CommitOffsets(Handle.Value, list.Value, milliseconds, text, length));
        GC.KeepAlive(this);
    }

    /// <summary>The offsets that the group has committed; <see cref="Offset.Unset"/> where it has none.</summary>
    /// <param name="partitions">The partitions, which need not be assigned.</param>
    /// <param name="timeout">How long to wait, <c>kaffi.request.timeout.ms</c> unless given.</param>
    public List<TopicPartitionOffset> Committed(IEnumerable<TopicPartition> partitions, TimeSpan? timeout = null)
    {
        int milliseconds = Milliseconds(timeout);
        using var list = PartitionList.Of(partitions);
        list.Call((text, length) => Native.GetCommitted(Handle.Value, list.Value, milliseconds, text, length));
        GC.KeepAlive(this);
        return Offsets(list);
    }

    /// <summary>The offsets that the group has committed of the partitions that are assigned.</summary>
    /// <inheritdoc cref="Committed(IEnumerable{TopicPartition}, TimeSpan?)"/>
    public List<TopicPartitionOffset> Committed(TimeSpan? timeout = null) => Committed(Assignment, timeout);

    /// <summary>The offset of the record of this partition that is handed out next; <see cref="Offset.Unset"/> before that is known.</summary>
    public Offset Position(TopicPartition partition) => Positions([partition])[0].Offset;

    /// <summary>The offsets of the records that are handed out next; <see cref="Offset.Unset"/> before that is known.</summary>
    public List<TopicPartitionOffset> Positions(IEnumerable<TopicPartition> partitions)
    {
        using var list = PartitionList.Of(partitions);
        lock (gate)
        {
            list.Call((text, length) => Native.GetPositions(Handle.Value, list.Value, text, length));
            var first = FirstInHand();
            return Offsets(list).ConvertAll(
                place => first.TryGetValue(place.TopicPartition, out long offset) ? new(place.TopicPartition, offset) : place);
        }
    }

    /// <summary>The offset of the first record of each partition whose time is at or after the one given; <see cref="Offset.End"/> where
    /// there is none.</summary>
    /// <param name="times">The partitions, which need not be assigned, with times.</param>
    /// <param name="timeout">How long to wait, <c>kaffi.request.timeout.ms</c> unless given.</param>
    public List<TopicPartitionOffset> OffsetsForTimes(IEnumerable<TopicPartitionTimestamp> times, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(times);
        int milliseconds = Milliseconds(timeout);
        using var list = PartitionList.Of(times.Select(time => new TopicPartitionOffset(time.TopicPartition, time.Timestamp.UnixTimestampMs)));
        list.Call((text, length) => Native.GetOffsetsForTimes(Handle.Value, list.Value, milliseconds, text, length));
        GC.KeepAlive(this);
        return Offsets(list);
    }

    /// <summary>Where a partition begins and ends, as last heard while fetching, without asking; <see cref="Offset.Unset"/> before that is
    /// known.</summary>
    public WatermarkOffsets GetWatermarkOffsets(TopicPartition partition) => Watermarks(partition, 0);

    /// <summary>Asks where a partition begins and ends.</summary>
    /// <param name="partition">The partition, which need not be assigned.</param>
    /// <param name="timeout">How long to wait, <c>kaffi.request.timeout.ms</c> unless given.</param>
    public WatermarkOffsets QueryWatermarkOffsets(TopicPartition partition, TimeSpan? timeout = null) =>
        Watermarks(partition, Math.Max(1, Milliseconds(timeout)));

    WatermarkOffsets Watermarks(TopicPartition partition, int milliseconds)
    {
        ArgumentNullException.ThrowIfNull(partition);
        long low, high;
        long* l = &low, h = &high;
        fixed (byte* t = Library.Text(partition.Topic, nameof(partition)))
        {
            byte* topic = t;
            Library.Call((text, length) => Native.GetWatermarks(
                Handle.Value, topic, partition.Partition, milliseconds, l, h, text, length));
        }
        GC.KeepAlive(this);
        return new WatermarkOffsets(low, high);
    }

    /// <summary>How far this consumer is behind in each partition that is assigned, as last heard while fetching, without asking.</summary>
    public List<PartitionLag> Lag()
    {
        lock (gate)
        {
            ulong value;
            ulong* batch = &value;
            int count;
            int* rowCount = &count;
            Library.Call((text, length) => Native.GetLag(Handle.Value, batch, rowCount, text, length));
            using var lags = new BatchHandle(value);
            var names = lags.Texts("topic.name"u8);
            var topics = new View(value, "topic"u8).Ints<int>();
            var partitions = new View(value, "partition"u8).Ints<int>();
            var positions = new View(value, "position"u8).Ints<long>();
            var ends = new View(value, "end"u8).Ints<long>();
            var behind = new View(value, "lag"u8).Ints<long>();
            var first = FirstInHand();
            var all = new List<PartitionLag>(count);
            for (int row = 0; row < count; row++)
            {
                var (topic, position, lag) = (names[topics[row]], positions[row], behind[row]);
                // What we took and did not hand out is still to come.
                if (first.TryGetValue(new TopicPartition(topic, partitions[row]), out long offset))
                    (position, lag) = (offset, lag < 0 ? lag : lag + position - offset);
                all.Add(new PartitionLag(topic, partitions[row], position, ends[row], lag < 0 ? null : lag));
            }
            return all;
        }
    }

    /// <summary>What was handed out counts as processed, in the library too.</summary>
    internal void CountHandedOut()
    {
        lock (gate) Store();
    }

    static TopicPartitionOffset Behind(ConsumeResult result) => result.TopicPartitionOffset with { Offset = result.Offset + 1 };

    static List<TopicPartitionOffset> Offsets(PartitionList list) => list.Read().ConvertAll(entry => entry.TopicPartitionOffset);

    int Milliseconds(TimeSpan? timeout) => timeout is { } given ? Library.Milliseconds(given) : RequestMilliseconds;

    int RequestMilliseconds => int.Parse(Handle.Get("kaffi.request.timeout.ms"), CultureInfo.InvariantCulture);
}
