using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Kaffi.Tests;

/// <summary>What the binding adds to the library: tasks, handlers, batches behind single records, finalizers.</summary>
public class BindingTests
{
    static readonly TimeSpan Short = TimeSpan.FromMilliseconds(500);

    [Fact]
    public void ErrorCodeHasTheLibrarysCodes()
    {
        using var description = JsonDocument.Parse(Library.Describe());
        var library = description.RootElement.GetProperty("codes").EnumerateArray()
            .ToDictionary(code => code.GetProperty("code").GetInt32(), code => code.GetProperty("name").GetString()!);
        var here = Enum.GetValues<ErrorCode>().ToDictionary(code => (int)code, code => code.ToString());
        Assert.Empty(library.Keys.Except(here.Keys));
        Assert.Empty(here.Keys.Except(library.Keys));
        foreach (var (code, name) in library.Where(pair => pair.Key != 0))
        {
            string same = (code is <= -1100 or -1 or -2 or 1 or 2 ? "Kaffi_" : name.StartsWith('_') ? "Local_" : "") + name.Replace("_", "");
            Assert.Equal(same.ToLowerInvariant(), here[code].ToLowerInvariant());
        }
    }

    [Fact]
    public void ErrorsSayWhatTheyAre()
    {
        var full = new Error(ErrorCode.Local_QueueFull, "full");
        Assert.True(full.IsError && full.IsLocalError && full.IsRetriable && !full.IsFatal && !full.IsBrokerError);
        Assert.True(new Error(ErrorCode.OffsetOutOfRange, "").IsBrokerError);
        Assert.True(new Error(ErrorCode.Local_Fatal, "").IsFatal);
        Assert.False(new Error(ErrorCode.NoError, "").IsError);
    }

    [Fact]
    public void LibraryHasAVersion()
    {
        int number = Library.Version;
        Assert.StartsWith($"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}", Library.VersionString);
    }

    [Fact]
    public void BytesAreCompared()
    {
        Bytes text = "abc", bytes = "abc"u8.ToArray(), none = (string?)null, empty = Array.Empty<byte>();
        Assert.Equal(text, bytes);
        Assert.Equal(text.GetHashCode(), bytes.GetHashCode());
        Assert.NotEqual(none, empty);
        Assert.True(none == Bytes.Null && !none.HasValue && empty.HasValue);
        Assert.Null(none.ToArray());
        Assert.Null(none.ToText());
        Assert.Equal("", empty.ToText());
    }

    [Fact]
    public void ConfigHasNamesOfBothKinds()
    {
        var config = new ConsumerConfig { GroupId = "g", AutoOffsetReset = AutoOffsetReset.Earliest, EnableAutoCommit = false };
        Assert.Equal("earliest", config["auto.offset.reset"]);
        Assert.Equal("false", config["enable.auto.commit"]);
        config["group.id"] = null;
        Assert.Null(config.GroupId);
        Assert.Equal(2, config.Count());
        config.IsolationLevel = IsolationLevel.ReadCommitted;
        Assert.Equal(("read_committed", IsolationLevel.ReadCommitted), (config["isolation.level"], config.IsolationLevel));
        Assert.Equal(Acks.All, new ProducerConfig { { "acks", "all" } }.Acks);
        Assert.Equal("-1", new ProducerConfig { Acks = Acks.All }["acks"]);
    }

    [Fact]
    public void ATextHoldsNoNul()
    {
        using var producer = new Producer(Cluster.ForProducer);
        Assert.Throws<ArgumentException>(() => producer.Produce("a\0b", new Message()));
        Assert.Throws<ArgumentException>(() => producer.GetConfig("acks\0"));
    }

    [Fact]
    public void ARecordThatIsNotTakenThrows()
    {
        using var producer = new Producer(Cluster.ForProducer);
        var message = new Message { Value = new byte[2_000_000] };
        var error = Assert.Throws<ProduceException>(() => producer.Produce("too-large", message, _ => Assert.Fail("it was not taken")));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, error.Error.Code);
        Assert.Same(message, error.DeliveryResult.Message);
        Assert.Equal(0, producer.Close(Cluster.Long));
    }

    [Fact]
    public async Task TasksCompleteWithoutPoll()
    {
        string topic = Cluster.Name("tasks");
        using var producer = new Producer(Cluster.ForProducer);
        for (int i = 0; i < 3; i++)
        {
            var result = await producer.ProduceAsync(new TopicPartition(topic, 1), new Message { Key = "k", Value = $"{i}" });
            Assert.Equal(new TopicPartitionOffset(topic, 1, i), result.TopicPartitionOffset);
            Assert.Equal(PersistenceStatus.Persisted, result.Status);
        }
        var error = await Assert.ThrowsAsync<ProduceException>(() => producer.ProduceAsync(topic, new Message { Value = new byte[2_000_000] }));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, error.Error.Code);
    }

    [Fact]
    public async Task TasksAndHandlersShareAProducer()
    {
        string topic = Cluster.Name("share");
        using var producer = new Producer(Cluster.ForProducer);
        var handled = new List<ulong>();
        var ids = new List<ulong>();
        var tasks = new List<Task<DeliveryResult>>();
        for (int i = 0; i < 2000; i++)
        {
            if (i % 2 == 0) ids.Add(producer.Produce(topic, new Message { Value = $"{i}" }, report => handled.Add(report.MessageId)));
            else tasks.Add(producer.ProduceAsync(topic, new Message { Value = $"{i}" }));
        }
        var results = await Task.WhenAll(tasks).WaitAsync(Cluster.Long);
        Assert.Equal(0, producer.Flush(Cluster.Long));
        Assert.Equal(ids, handled.Order());
        Assert.Equal(1000, results.Select(result => result.MessageId).Except(ids).Count());
    }

    [Fact]
    public async Task TasksEndWhenTheProducerCloses()
    {
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody() });
        var task = producer.ProduceAsync("anywhere", new Message { Value = "v" });
        Assert.Equal(1, producer.Close(TimeSpan.FromMilliseconds(100)));
        var error = await Assert.ThrowsAsync<ProduceException>(() => task);
        Assert.Equal(ErrorCode.Kaffi_Undelivered, error.Error.Code);
    }

    [Fact]
    public void HandlersRunOnTheThreadThatPolls()
    {
        using var producer = new Producer(Cluster.ForProducer);
        var threads = new List<int>();
        producer.Produce(Cluster.Name("handlers"), new Message { Value = "v" }, _ => threads.Add(Environment.CurrentManagedThreadId));
        while (producer.Outstanding > 0 && threads.Count == 0) producer.Poll(Short);
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
        Assert.Equal(0, producer.Poll(Cluster.Long)); // at once: nothing is on its way
    }

    [Fact]
    public void AHandlersExceptionComesOutAndLosesNoReport()
    {
        using var producer = new Producer(Cluster.ForProducer);
        int handled = 0;
        for (int i = 0; i < 10; i++)
            producer.Produce(Cluster.Name("throws"), new Message { Value = "v" }, _ => { if (++handled == 3) throw new FormatException(); });
        Assert.Throws<FormatException>(() => producer.Flush(Cluster.Long));
        producer.Flush(Cluster.Long);
        Assert.Equal(10, handled);
    }

    [Fact]
    public void HandlersNeedReports()
    {
        using var producer = new Producer(new ProducerConfig(Cluster.ForProducer) { { "kaffi.delivery.reports", "none" } });
        Assert.Throws<InvalidOperationException>(() => producer.Produce("t", new Message(), _ => { }));
        producer.Produce(Cluster.Name("none"), new Message { Value = "v" });
        Assert.Equal(0, producer.Flush(Cluster.Long));
    }

    [Fact]
    public void FlushCanBeCancelled()
    {
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody() });
        producer.Produce("anywhere", new Message { Value = "v" });
        Assert.Equal(1, producer.Flush(TimeSpan.FromMilliseconds(100)));
        using var cancel = new CancellationTokenSource(100);
        Assert.Throws<OperationCanceledException>(() => producer.Flush(cancel.Token));
        Assert.Equal(1, producer.Close(TimeSpan.Zero));
    }

    [Fact]
    public void ConsumeCanBeCancelled()
    {
        string topic = Cluster.Name("cancel");
        Cluster.Fill(topic, 1);
        using var consumer = Cluster.Subscribed(topic, topic);
        using var cancel = new CancellationTokenSource();
        Assert.Equal(0, consumer.Consume(cancel.Token).Offset.Value);
        cancel.CancelAfter(100);
        var clock = Stopwatch.StartNew();
        Assert.Throws<OperationCanceledException>(() => consumer.Consume(cancel.Token));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void ClosedClientsSaySo()
    {
        var producer = new Producer(Cluster.ForProducer);
        producer.Dispose();
        producer.Dispose();
        Assert.Equal(ErrorCode.Kaffi_Closed, Assert.Throws<ProduceException>(() => producer.Produce("t", new Message())).Error.Code);
        Assert.Equal(ErrorCode.Kaffi_Closed, Cluster.Code(() => producer.Flush(Short)));
        var consumer = new Consumer(Cluster.ForConsumer("g"));
        consumer.Dispose();
        consumer.Close();
        Assert.Equal(ErrorCode.Kaffi_Closed, Cluster.Code(() => consumer.Consume(Short)));
        Assert.Equal(ErrorCode.Kaffi_Closed, Cluster.Code(consumer.Commit));
    }

    [Fact]
    public void ManyLargeRecordsComeWhole()
    {
        string topic = Cluster.Name("large");
        byte[] Value(int i) => Enumerable.Repeat((byte)i, i * 7 % 3000).ToArray();
        using (var producer = new Producer(Cluster.ForProducer))
        {
            for (int i = 0; i < 1500; i++) producer.Produce(new TopicPartition(topic, 0), new Message { Key = $"{i}", Value = Value(i) });
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        for (int i = 0; i < 1500; i++)
        {
            var result = Cluster.Next(consumer);
            Assert.Equal($"{i}", result.Message.Key.ToText());
            Assert.True(result.Message.Value == Value(i), $"record {i} came whole");
            Assert.Equal(TimestampType.CreateTime, result.Timestamp.Type);
            Assert.InRange(result.Timestamp.UtcDateTime, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(5));
        }
    }

    [Theory]
    [InlineData("next-call", 20)]
    [InlineData("delivered", 20)]
    [InlineData("manual", -1001)]
    public void CommitCountsWhatWasHandedOut(string store, long expected)
    {
        string topic = Cluster.Name("handed-out");
        Cluster.Fill(topic, 100);
        using var consumer = Cluster.Subscribed(topic, topic, config =>
        {
            config.EnableAutoCommit = false;
            config["kaffi.offset.store"] = store;
        });
        Cluster.Next(consumer, 20);
        consumer.Commit();
        Assert.Equal(expected, Committed(consumer, topic));
        consumer.Commit(Cluster.Next(consumer, 10)[4]);
        Assert.Equal(25, Committed(consumer, topic));
    }

    [Fact]
    public void ClosingCommitsWhatWasHandedOut()
    {
        string topic = Cluster.Name("closing");
        Cluster.Fill(topic, 100);
        using (var consumer = Cluster.Subscribed(topic, topic)) Cluster.Next(consumer, 20);
        using var next = Cluster.Subscribed(topic, topic);
        Assert.Equal(20, Cluster.Next(next).Offset.Value);
    }

    [Fact]
    public void CommitInTheBackgroundCountsWhatIsProcessed()
    {
        string topic = Cluster.Name("background");
        Cluster.Fill(topic, 20_000);
        using var consumer = Cluster.Subscribed(topic, topic, config => config["auto.commit.interval.ms"] = "100");
        int count = 0;
        for (long committed = 0; committed < 10; committed = Committed(consumer, topic)) // the record in hand is not processed
        {
            Cluster.Next(consumer, 5);
            count += 5;
            Assert.InRange(Committed(consumer, topic), Offset.Unset.Value, count - 1);
        }
    }

    [Fact]
    public void ASlowHostStaysInItsGroup()
    {
        string topic = Cluster.Name("slow");
        Cluster.Fill(topic, 1000);
        using var consumer = Cluster.Subscribed(topic, topic, config =>
        {
            config.SessionTimeoutMs = 6000;
            config["max.poll.interval.ms"] = "6000";
        });
        Cluster.Next(consumer, 300); // so fast that the next batch is a large one
        for (int i = 0; i < 7; i++)
        {
            Thread.Sleep(1000); // the work
            Assert.Equal(300 + i, Cluster.Next(consumer).Offset.Value);
        }
        consumer.Commit();
        Assert.Equal(307, Committed(consumer, topic));
    }

    [Fact]
    public void NothingIsCommittedAtFirst()
    {
        string topic = Cluster.Name("nothing");
        Cluster.Fill(topic, 1);
        using var consumer = new Consumer(Cluster.ForConsumer(topic));
        Assert.Equal(Offset.Unset.Value, Committed(consumer, topic));
    }

    [Fact]
    public void SubscribingAgainReplaces()
    {
        string first = Cluster.Name("first"), second = Cluster.Name("second");
        Cluster.Fill(first, 1);
        Cluster.Fill(second, 1);
        using var consumer = Cluster.Subscribed(first, first);
        Assert.Equal(first, Cluster.Next(consumer).Topic);
        consumer.Subscribe([second]);
        Assert.Equal(second, Cluster.Next(consumer).Topic);
    }

    [Fact]
    public void AnAbandonedProducerDeliversInTheBackground()
    {
        string topic = Cluster.Name("abandoned-producer");
        Cluster.Fill(topic, 1);
        Collect(Abandon(topic));
        using var consumer = Cluster.Subscribed(topic, topic);
        Assert.Contains("v", Cluster.Next(consumer, 2).Select(result => result.Message.Value.ToText()));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Abandon(string topic)
        {
            var producer = new Producer(Cluster.ForProducer);
            producer.Produce(topic, new Message { Value = "v" });
            return new WeakReference(producer);
        }
    }

    [Fact]
    public void AnAbandonedConsumerCommitsOnlyWhatWasHandedOut()
    {
        string topic = Cluster.Name("abandoned-consumer");
        Cluster.Fill(topic, 100);
        Collect(Abandon(topic));
        using var consumer = Cluster.Subscribed(topic, topic);
        Assert.Equal(20, Cluster.Next(consumer).Offset.Value);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Abandon(string topic)
        {
            var consumer = Cluster.Subscribed(topic, topic);
            Cluster.Next(consumer, 20);
            return new WeakReference(consumer);
        }
    }

    static long Committed(Consumer consumer, string topic) =>
        Assert.Single(consumer.Committed([new TopicPartition(topic, 0)])).Offset.Value;

    /// <summary>Runs the finalizers, and sees that they do not wait.</summary>
    static void Collect(WeakReference abandoned)
    {
        var clock = Stopwatch.StartNew();
        while (abandoned.IsAlive)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Cluster.Long);
        }
        GC.WaitForPendingFinalizers();
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }
}
