using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace Kaffi.Tests;

/// <summary>Assigning by hand, pausing, seeking; positions, commits and lag.</summary>
public class AssignmentTests
{
    static Consumer ByHand(string topic, params TopicPartitionOffset[] partitions)
    {
        var consumer = new Consumer(new ConsumerConfig(Cluster.ForConsumer(topic)) { EnableAutoCommit = false });
        consumer.Assign(partitions);
        return consumer;
    }

    static long Committed(Consumer consumer, string topic, int partition = 0) =>
        Assert.Single(consumer.Committed([new TopicPartition(topic, partition)])).Offset.Value;

    static IEnumerable<long> Offsets(IEnumerable<ConsumeResult> results) => results.Select(result => result.Offset.Value);

    [Fact]
    public void PartitionsAreAssignedByHand()
    {
        string topic = Cluster.Name("by-hand");
        for (int partition = 0; partition < 3; partition++) Cluster.Fill(topic, 20, partition);
        TopicPartition[] all = [new(topic, 0), new(topic, 1), new(topic, 2)];
        using var consumer = ByHand(topic, new TopicPartitionOffset(topic, 0, 15), new TopicPartitionOffset(topic, 1, Offset.Beginning));
        Assert.Equal(all[..2], consumer.Assignment);
        Assert.Empty(consumer.Subscription);
        var results = Cluster.Next(consumer, 25);
        Assert.Equal(Enumerable.Range(15, 5).Select(i => (long)i), Offsets(results.Where(result => result.Partition == 0)));
        Assert.Equal(20, results.Count(result => result.Partition == 1));

        consumer.IncrementalAssign([new TopicPartitionOffset(topic, 2, 18)]);
        Assert.Equal([18, 19], Offsets(Cluster.Next(consumer, 2)));
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => consumer.IncrementalAssign([all[2]])));
        consumer.IncrementalUnassign([all[0], all[1]]);
        Assert.Equal(all[2..], consumer.Assignment);
        consumer.Assign(new TopicPartitionOffset(topic, 0, 19));
        Assert.Equal(19, Cluster.Next(consumer).Offset.Value);
        consumer.Unassign();
        Assert.Empty(consumer.Assignment);
        Assert.Equal(ErrorCode.Kaffi_NotStarted, Cluster.Code(() => consumer.Consume(TimeSpan.Zero)));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => consumer.Assign([all[0], all[0]])));
    }

    [Fact]
    public void WithoutAGroupNothingIsCommitted()
    {
        string topic = Cluster.Name("no-group");
        Cluster.Fill(topic, 5);
        using var consumer = new Consumer(new ConsumerConfig { BootstrapServers = Cluster.Servers, AutoOffsetReset = AutoOffsetReset.Earliest });
        consumer.Assign(new TopicPartition(topic, 0));
        Assert.Equal([0, 1, 2], Offsets(Cluster.Next(consumer, 3)));
        Assert.Equal(ErrorCode.Kaffi_StartFailed, Cluster.Code(consumer.Commit));
        Assert.Equal(ErrorCode.Kaffi_StartFailed, Cluster.Code(() => consumer.Committed()));
        Assert.Equal(ErrorCode.Kaffi_StartFailed, Cluster.Code(() => _ = consumer.MemberId));
    }

    [Fact]
    public void SeekingMovesThePosition()
    {
        string topic = Cluster.Name("seek");
        Cluster.Fill(topic, 1000);
        var partition = new TopicPartition(topic, 0);
        using var consumer = ByHand(topic, new TopicPartitionOffset(partition, Offset.Beginning));
        Cluster.Next(consumer, 200); // so many that more of them are in hand
        foreach (int place in (int[])[5, 990, 300, 299])
        {
            consumer.Seek(new TopicPartitionOffset(partition, place));
            Assert.Equal(place, consumer.Position(partition).Value);
            consumer.Commit();
            Assert.Equal(place, Committed(consumer, topic));
            Assert.Equal(Enumerable.Range(place, 9).Select(i => (long)i), Offsets(Cluster.Next(consumer, 9)));
            consumer.Commit();
            Assert.Equal(place + 9, Committed(consumer, topic));
        }
        consumer.Seek(new TopicPartitionOffset(partition, Offset.End));
        Assert.Null(consumer.Consume(200));
        consumer.Seek([new TopicPartitionOffset(partition, Offset.Beginning)], Cluster.Long);
        Assert.Equal(0, Cluster.Next(consumer).Offset.Value);
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => consumer.Seek(new TopicPartitionOffset(topic, 3, 0))));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => consumer.Seek(new TopicPartitionOffset(partition, Offset.Stored))));
        Assert.Equal(1, Cluster.Next(consumer).Offset.Value);
    }

    /// <summary>Whatever is done in between, each partition goes on where it should, and exactly what was handed out is committed.</summary>
    [Theory]
    [InlineData("next-call")]
    [InlineData("delivered")]
    [InlineData("manual")]
    public void NothingIsLostOrDoubledWhateverIsDone(string store)
    {
        const int Count = 2000, Partitions = 3;
        string topic = Cluster.Name("whatever");
        for (int p = 0; p < Partitions; p++) Cluster.Fill(topic, Count, p);
        var all = Enumerable.Range(0, Partitions).Select(p => new TopicPartition(topic, p)).ToArray();
        using var consumer = new Consumer(new ConsumerConfig(Cluster.ForConsumer(topic)) { { "kaffi.offset.store", store }, { "enable.auto.commit", "false" } });
        consumer.Assign(all);
        var (next, paused, random) = (new long[Partitions], new HashSet<TopicPartition>(), new Random(11));
        int idle = 0;
        // A partition that is paused while the engine still looks for its first offset goes back there half a second later.
        while (next.Contains(0)) Took(Cluster.Next(consumer));
        for (int step = 0; step < 150; step++)
        {
            var one = all[random.Next(Partitions)];
            switch (random.Next(9))
            {
                case 0:
                    consumer.Pause([one]);
                    paused.Add(one);
                    break;
                case 1 or 2:
                    consumer.Resume(paused);
                    paused.Clear();
                    break;
                case 3:
                    next[one.Partition] = random.Next(Count);
                    consumer.Seek(new TopicPartitionOffset(one, next[one.Partition]));
                    break;
                case 4:
                    if (store == "manual") consumer.StoreOffsets(all.Select(p => new TopicPartitionOffset(p, next[p.Partition])));
                    consumer.Commit();
                    foreach (var p in all.Where(p => next[p.Partition] > 0)) Assert.Equal(next[p.Partition], Committed(consumer, topic, p.Partition));
                    break;
                case 5:
                    using (var batch = consumer.ConsumeBatch(random.Next(1, 100), TimeSpan.FromMilliseconds(100)))
                        foreach (var row in batch ?? Enumerable.Empty<ConsumeResult>()) Took(row);
                    break;
                default:
                    for (int i = random.Next(300); i > 0; i--)
                    {
                        if (consumer.Consume(50) is { } result) Took(result);
                        else if (++idle > 0) break;
                    }
                    break;
            }
            foreach (var p in all.Where(p => next[p.Partition] > 0)) Assert.Equal(next[p.Partition], consumer.Position(p).Value);
        }
        foreach (var lag in consumer.Lag().Where(lag => lag.Lag is not null && lag.Position > 0)) Assert.Equal(Count - next[lag.Partition], lag.Lag);

        void Took(ConsumeResult result)
        {
            Assert.False(paused.Contains(result.TopicPartition), $"{result.TopicPartition} is paused");
            Assert.Equal(next[result.Partition]++, result.Offset.Value);
        }
    }

    [Fact]
    public void PausedPartitionsWait()
    {
        string topic = Cluster.Name("paused");
        Cluster.Fill(topic, 300, 0);
        Cluster.Fill(topic, 300, 1);
        TopicPartition[] both = [new(topic, 0), new(topic, 1)];
        using var consumer = new Consumer(Cluster.ForConsumer(topic));
        consumer.Assign(both);
        var results = Cluster.Next(consumer, 100);
        consumer.Pause([both[0]]);
        int before = results.Count(result => result.Partition == 0);
        results.AddRange(Cluster.Next(consumer, 300 - (100 - before)));
        Assert.Equal(before, results.Count(result => result.Partition == 0));
        Assert.Null(consumer.Consume(100));
        consumer.Resume([both[0]]);
        results.AddRange(Cluster.Next(consumer, 300 - before));
        foreach (var partition in both)
            Assert.Equal(Enumerable.Range(0, 300).Select(i => (long)i), Offsets(results.Where(result => result.TopicPartition == partition)));
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => consumer.Pause([new TopicPartition(topic, 3)])));
    }

    [Fact]
    public void UnsubscribingGivesThePartitionsBack()
    {
        string topic = Cluster.Name("unsubscribe");
        Cluster.Fill(topic, 500);
        using var consumer = Cluster.Subscribed(topic, topic);
        Cluster.Next(consumer, 120);
        Assert.Equal([topic], consumer.Subscription);
        Assert.Equal(4, consumer.Assignment.Count(partition => partition.Topic == topic));
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => consumer.Assign(new TopicPartition(topic, 0))));
        consumer.Unsubscribe();
        Assert.Empty(consumer.Subscription);
        Assert.Empty(consumer.Assignment);
        consumer.Unsubscribe(); // nothing happens
        consumer.Subscribe(topic);
        Assert.Equal(120, Cluster.Next(consumer).Offset.Value);
    }

    [Fact]
    public void PositionsAndLagCountWhatWasHandedOut()
    {
        string topic = Cluster.Name("lag");
        Cluster.Fill(topic, 400);
        var partition = new TopicPartition(topic, 0);
        using var consumer = Cluster.Subscribed(topic, topic);
        Cluster.Next(consumer, 150);
        Assert.Equal(150, consumer.Position(partition).Value);
        Assert.Equal([new TopicPartitionOffset(partition, 150)], consumer.Positions([partition]));
        Assert.Equal(new WatermarkOffsets(0, 400), consumer.GetWatermarkOffsets(partition));
        Assert.Equal(new WatermarkOffsets(0, 400), consumer.QueryWatermarkOffsets(partition, Cluster.Long));
        var lag = Assert.Single(consumer.Lag().Where(lag => lag.TopicPartition == partition));
        Assert.Equal((150L, 400L, (long?)250), (lag.Position.Value, lag.End.Value, lag.Lag));
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => consumer.Position(new TopicPartition(topic + "-other", 0))));
    }

    [Fact]
    public void OnlyWhatIsStoredCountsIfTheHostSaysSo()
    {
        string topic = Cluster.Name("stored");
        Cluster.Fill(topic, 50);
        using (var consumer = Cluster.Subscribed(topic, topic, config => config.EnableAutoOffsetStore = false))
        {
            var results = Cluster.Next(consumer, 30);
            consumer.StoreOffset(results[9]);
            consumer.Commit();
            Assert.Equal(10, Committed(consumer, topic));
            consumer.StoreOffset(new TopicPartitionOffset(topic, 0, 15));
        }
        using var second = Cluster.Subscribed(topic, topic);
        Assert.Equal(15, Cluster.Next(second).Offset.Value);
        Assert.Equal(ErrorCode.Local_InvalidArg, Cluster.Code(() => second.StoreOffset(new TopicPartitionOffset(topic, 0, 20))));
    }

    [Fact]
    public async Task CommitsHaveTasks()
    {
        string topic = Cluster.Name("commit-async");
        Cluster.Fill(topic, 100);
        using var consumer = Cluster.Subscribed(topic, topic, config => config.EnableAutoCommit = false);
        Cluster.Next(consumer, 40);
        var task = consumer.CommitAsync();
        Cluster.Next(consumer, 10); // do not count
        await task.WaitAsync(Cluster.Long);
        Assert.Equal(40, Committed(consumer, topic));
        await consumer.CommitAsync([new TopicPartitionOffset(topic, 0, 45) { Metadata = "half" }]).WaitAsync(Cluster.Long);
        var committed = Assert.Single(consumer.Committed(Cluster.Long).Where(place => place.Partition == 0));
        Assert.Equal((45L, (Bytes)"half"), (committed.Offset.Value, committed.Metadata));
        var error = await Assert.ThrowsAsync<KafkaException>(() => consumer.CommitAsync([new TopicPartitionOffset(topic, 0, Offset.End)]));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, error.Error.Code);
    }

    [Fact]
    public void AConsumerKnowsWhoItIs()
    {
        string topic = Cluster.Name("who");
        Cluster.Fill(topic, 1);
        using var consumer = Cluster.Subscribed(topic, topic, config => config.GroupInstanceId = "me");
        Cluster.Next(consumer);
        var metadata = consumer.ConsumerGroupMetadata;
        Assert.Equal((topic, "me"), (metadata.GroupId, metadata.GroupInstanceId));
        Assert.NotEmpty(metadata.MemberId);
        Assert.Equal(metadata.MemberId, consumer.MemberId);
        Assert.InRange(metadata.GenerationId, 0, 1000);
    }

    [KafkaFact("cannot look up times")]
    public void OffsetsAreFoundByTime()
    {
        string topic = Cluster.Name("times");
        using (var producer = new Producer(Cluster.ForProducer))
        {
            for (int i = 0; i < 10; i++)
                producer.Produce(new TopicPartition(topic, 0), new Message { Value = "v", Timestamp = new(1_700_000_000_000 + 1000 * i, TimestampType.CreateTime) });
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = new Consumer(Cluster.ForConsumer(topic));
        long At(long ms) => consumer.OffsetsForTimes([new TopicPartitionTimestamp(topic, 0, new(ms, TimestampType.CreateTime))], Cluster.Long)[0].Offset;
        Assert.Equal([0, 5, 6, 9], new[] { 0, 1_700_000_005_000, 1_700_000_005_001, 1_700_000_009_000 }.Select(At));
        Assert.Equal(Offset.End.Value, At(1_700_000_009_001));
    }

    [Fact]
    public void RecordsHaveALeaderEpoch()
    {
        string topic = Cluster.Name("epoch");
        Cluster.Fill(topic, 5);
        using var consumer = Cluster.Subscribed(topic, topic);
        int? epoch = Cluster.Next(consumer).LeaderEpoch;
        using var batch = consumer.ConsumeBatch(10, Cluster.Long);
        Assert.NotNull(batch);
        Assert.Equal(batch.Count, batch.LeaderEpochs.Length);
        Assert.Equal(epoch ?? -1, batch.LeaderEpochs[0]);
        Assert.Equal(batch[0].LeaderEpoch, batch[0].TopicPartitionOffset.LeaderEpoch);
        if (!Cluster.IsMock) Assert.Equal(0, epoch);
    }
}
