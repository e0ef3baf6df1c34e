using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading;
using Xunit;

namespace Kaffi.Tests;

/// <summary>Handlers of events: errors, logs, statistics, commits; partitions that come and go.</summary>
public class EventTests
{
    static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Fact]
    public void ErrorsLogsAndStatisticsHaveHandlers()
    {
        var (errors, logs, statistics, threads) = (new List<Error>(), new List<LogMessage>(), new List<string>(), new HashSet<int>());
        var config = new ClientConfig { BootstrapServers = Cluster.Nobody() };
        foreach (var (key, value) in new[] { ("statistics.interval.ms", "50"), ("debug", "broker") }) config[key] = value;
        using var producer = new Producer(config);
        using var consumer = new Consumer(new ConsumerConfig(config) { GroupId = "g" });
        foreach (Client client in (Client[])[producer, consumer])
        {
            errors.Clear();
            logs.Clear();
            statistics.Clear();
            client.ErrorHandler = (sender, error) =>
            {
                Assert.Same(client, sender);
                errors.Add(error);
                threads.Add(Environment.CurrentManagedThreadId);
            };
            client.LogHandler = (_, log) => logs.Add(log);
            client.StatisticsHandler = (_, json) => statistics.Add(json);
            if (client == consumer) consumer.Subscribe("anywhere");
            Cluster.Until(
                () => errors.Exists(error => error.Code == ErrorCode.Local_AllBrokersDown) && logs.Count > 0 && statistics.Count > 0,
                () =>
                {
                    if (client == producer) producer.Poll(Short);
                    else consumer.Consume(Short);
                });
            Assert.False(errors[0].IsFatal);
            Assert.Contains("127.0.0.1", string.Join("; ", errors));
            Assert.Empty(logs.Where(log => log.Level is < SyslogLevel.Emergency or > SyslogLevel.Debug || log.Message == "" || log.Facility == ""));
            using var document = JsonDocument.Parse(statistics[0]);
            Assert.Equal(client == producer ? "producer" : "consumer", document.RootElement.GetProperty("type").GetString());
        }
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void FlushRunsHandlersOfEvents()
    {
        bool told = false;
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody(), MessageTimeoutMs = 1000 });
        producer.ErrorHandler = (_, _) => told = true;
        producer.Produce("anywhere", new Message { Value = "v" });
        producer.Flush(Cluster.Long);
        Assert.True(told);
    }

    [Fact]
    public void CommitsInTheBackgroundHaveAHandler()
    {
        string topic = Cluster.Name("committed-handler");
        Cluster.Fill(topic, 5);
        using var consumer = Cluster.Subscribed(topic, topic, config => config["auto.commit.interval.ms"] = "50");
        CommittedOffsets? last = null;
        consumer.OffsetsCommittedHandler = (_, committed) => last = committed;
        Cluster.Next(consumer, 5);
        Cluster.Until(() => last?.Offsets.Any(entry => entry.Offset == 5) == true, () => consumer.Consume(Short));
        Assert.False(last!.Error.IsError);
        Assert.Equal(new TopicPartition(topic, 0), last.Offsets.Single(entry => entry.Offset == 5).TopicPartition);
    }

    [Fact]
    public void AHandlersExceptionComesOutOfTheCall()
    {
        string topic = Cluster.Name("handler-throws");
        Cluster.Fill(topic, 5);
        using var consumer = Cluster.Subscribed(topic, topic);
        consumer.PartitionsAssignedHandler = (_, _) => throw new FormatException();
        Assert.Throws<FormatException>(() => consumer.Consume(Cluster.Long));
        Assert.Equal(0, Cluster.Next(consumer).Offset.Value); // it was answered all the same
    }

    [Fact]
    public void AHandlerCannotConsume()
    {
        string topic = Cluster.Name("handler-consumes");
        Cluster.Fill(topic, 5);
        using var consumer = Cluster.Subscribed(topic, topic);
        consumer.PartitionsAssignedHandler = (self, _) =>
        {
            Assert.Throws<InvalidOperationException>(() => self.Consume(Cluster.Long));
            return null;
        };
        Assert.Equal(0, Cluster.Next(consumer).Offset.Value);
    }

    [Fact]
    public void TheHostChoosesWhereToBegin()
    {
        string topic = Cluster.Name("assigned");
        Cluster.Fill(topic, 50);
        Cluster.Fill(topic, 50, 1);
        using (var consumer = Cluster.Subscribed(topic, topic))
        {
            consumer.PartitionsAssignedHandler = (self, partitions) =>
            {
                Assert.Equal(Enumerable.Range(0, 4).Select(i => new TopicPartition(topic, i)), partitions.OrderBy(partition => partition.Partition.Value));
                return partitions.Select(partition => new TopicPartitionOffset(partition, partition.Partition < 2 ? 48 : Offset.Beginning));
            };
            Assert.Equal([48, 48, 49, 49], Cluster.Next(consumer, 4).Select(result => result.Offset.Value).Order());
        }
        using var second = Cluster.Subscribed(topic, topic + "-2");
        second.PartitionsAssignedHandler = (self, partitions) =>
        {
            self.Assign(partitions.Select(partition => new TopicPartitionOffset(partition, Offset.End)));
            return null; // answered already
        };
        Cluster.Until(() => second.Assignment.Count == 4, () => Assert.Null(second.Consume(Short)));
        Assert.Null(second.Consume(1000));
        Cluster.Fill(topic, 1, 3);
        Assert.Equal(3, (int)Cluster.Next(second).Partition);
    }

    [Theory]
    [InlineData("range")]
    [InlineData("cooperative-sticky")]
    public void PartitionsMoveWithoutLossOrDouble(string strategy)
    {
        const int Count = 400;
        string topic = Cluster.Name("move");
        for (int p = 0; p < 4; p++) Cluster.Fill(topic, Count, p);
        // The embedded cluster refuses commits while a group rebalances: some records come again there.
        bool exact = !Cluster.IsMock;
        var (seen, members, assigned, revoked) = (new List<TopicPartitionOffset>(), new List<Consumer>(), 0, 0);
        try
        {
            Add();
            while (seen.Count < 500) Take(0);
            Add();
            Take(0);
            Thread.Sleep(1100); // so long that the group is asked although there are records in hand
            Cluster.Until(() => members.All(member => member.Assignment.Count == 2), () => Turn());
            while (seen.Count < 1000) Turn();
            members[0].Close(); // the other one goes on where it was
            members.RemoveAt(0);
            Cluster.Until(() => members[0].Assignment.Count == 4, () => Take(0));
            Cluster.Until(() => seen.Distinct().Count() == 4 * Count, () => Take(0));
            if (exact) Assert.Equal(4 * Count, seen.Count);
            Assert.InRange(revoked, 4, 100);
            Assert.Equal(4, assigned - revoked);
        }
        finally
        {
            members.ForEach(member => member.Dispose());
        }

        void Add() => members.Add(Cluster.Subscribed(topic, topic, config =>
        {
            config["partition.assignment.strategy"] = strategy;
            config.EnableAutoCommit = false;
        }).With(consumer =>
        {
            consumer.PartitionsAssignedHandler = (self, partitions) =>
            {
                assigned += partitions.Count;
                if (members.Count % 2 == 0) self.IncrementalAssign(partitions);
                return null;
            };
            consumer.PartitionsRevokedHandler = (self, places) =>
            {
                revoked += places.Count;
                foreach (var place in places.Where(place => exact && place.Offset >= 0))
                    Assert.Equal(seen.Count(one => one.TopicPartition == place.TopicPartition), (int)place.Offset);
                try { self.Commit(); }
                catch (KafkaException error) when (!exact && error.Error.Code == ErrorCode.RebalanceInProgress) { }
            };
        }));

        void Turn()
        {
            for (int i = 0; i < members.Count; i++) Take(i);
        }

        void Take(int member)
        {
            for (int i = 0; i < 20 && members[member].Consume(i == 0 ? 20 : 0) is { } result; i++) seen.Add(result.TopicPartitionOffset);
        }
    }

    [Fact]
    public void UnsubscribingAndClosingTellWhatIsRevoked()
    {
        string topic = Cluster.Name("revoked");
        Cluster.Fill(topic, 100);
        var told = new List<TopicPartitionOffset>();
        using (var consumer = Cluster.Subscribed(topic, topic, config => config.EnableAutoCommit = false))
        {
            consumer.PartitionsRevokedHandler = (self, places) =>
            {
                self.Commit();
                told.AddRange(places);
            };
            Cluster.Next(consumer, 30);
            consumer.Unsubscribe();
            Assert.Equal(30, told.Single(place => place.Partition == 0).Offset.Value);
            Assert.Equal(4, told.Count);
            consumer.Subscribe(topic);
            Assert.Equal(30, Cluster.Next(consumer, 10)[0].Offset.Value);
        }
        Assert.Equal(8, told.Count);
        Assert.Equal(40, told[4..].Single(place => place.Partition == 0).Offset.Value);
    }

    [Fact]
    public void RebalancesCanBeLeftToTheLibrary()
    {
        string topic = Cluster.Name("auto");
        Cluster.Fill(topic, 1);
        using var consumer = Cluster.Subscribed(topic, topic, config => config["kaffi.rebalance"] = "auto");
        consumer.PartitionsAssignedHandler = (_, _) => throw new FormatException();
        Cluster.Next(consumer);
    }

    [Fact]
    public void WaitingCallsCanBeWoken()
    {
        string topic = Cluster.Name("wake");
        Cluster.Fill(topic, 1);
        using var consumer = Cluster.Subscribed(topic, topic);
        Cluster.Next(consumer);
        ConsumeResult? result = null;
        var waiting = new Thread(() => result = consumer.Consume(Cluster.Long));
        var clock = Stopwatch.StartNew();
        waiting.Start();
        do consumer.Wake();
        while (!waiting.Join(20));
        Assert.Null(result);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [DllImport("libc", EntryPoint = "poll")]
    static extern int PollDescriptors(ref PollDescriptor descriptors, nuint count, int milliseconds);

    struct PollDescriptor
    {
        public int Descriptor;
        public short Events, Happened;
    }

    [Fact]
    public void ADescriptorTellsWhenSomethingWaits()
    {
        if (OperatingSystem.IsWindows()) return; // it has none
        string topic = Cluster.Name("ready");
        Cluster.Fill(topic, 3);
        using var consumer = Cluster.Subscribed(topic, topic);
        int descriptor = (int)consumer.GetReadyFd(Ready.Records);
        bool IsReadable(int milliseconds)
        {
            var one = new PollDescriptor { Descriptor = descriptor, Events = 1 };
            return PollDescriptors(ref one, 1, milliseconds) == 1;
        }
        Cluster.Next(consumer, 3);
        Cluster.Until(() => !IsReadable(0), () => consumer.Consume(0));
        Cluster.Fill(topic, 1, 1);
        ConsumeResult? result = null;
        Cluster.Until(() => result is not null, () =>
        {
            Assert.True(IsReadable(10_000));
            result = consumer.Consume(0);
        });
        using var producer = new Producer(Cluster.ForProducer);
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => producer.GetReadyFd(Ready.Records)));
    }
}

static class Chain
{
    public static T With<T>(this T one, Action<T> change)
    {
        change(one);
        return one;
    }
}
