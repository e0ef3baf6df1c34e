using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text;
using System.Threading;
using Xunit;

namespace Kaffi.Tests;

/// <summary>The scenarios that every language plays (tests/scenarios), under their names there.</summary>
public unsafe class Scenarios
{
    [Fact(DisplayName = "produce-and-report")]
    public void ProduceAndReport()
    {
        string topic = Cluster.Name("produce-and-report");
        using var producer = new Producer(Cluster.ForProducer);
        var reports = new List<DeliveryReport>();
        var ids = new List<ulong>();
        for (int i = 0; i < 100; i++) ids.Add(producer.Produce(topic, new Message { Value = $"{i}" }, reports.Add));
        Cluster.PollUntil(producer, () => reports.Count == 100);
        Assert.Equal(ids.Distinct().Order(), ids);
        Assert.Equal(ids, reports.Select(report => report.MessageId).Order());
        Assert.Empty(reports.Where(report => report.Error.IsError || report.Status != PersistenceStatus.Persisted));
        Assert.Equal(0, producer.Outstanding);
    }

    [Fact(DisplayName = "consume-in-order")]
    public void ConsumeInOrder()
    {
        string topic = Cluster.Name("consume-in-order");
        Cluster.Fill(topic, 100);
        using var consumer = Cluster.Subscribed(topic, topic);
        var results = Cluster.Next(consumer, 100);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => new TopicPartitionOffset(topic, 0, i)), results.Select(result => result.TopicPartitionOffset));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), results.Select(result => $"{result.Message.Value}"));
        Assert.Null(consumer.Consume(500));
    }

    [Fact(DisplayName = "key-and-partition")]
    public void KeyAndPartition()
    {
        string topic = Cluster.Name("key-and-partition");
        using (var producer = new Producer(Cluster.ForProducer))
        {
            for (int p = 0; p < 3; p++) producer.Produce(new TopicPartition(topic, p), new Message { Key = $"key {p}", Value = $"value {p}" });
            for (int i = 0; i < 20; i++) producer.Produce(topic, new Message { Key = $"shared {i % 2}", Value = $"{i}" });
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        var results = Cluster.Next(consumer, 23);
        for (int p = 0; p < 3; p++)
        {
            var result = Assert.Single(results.Where(result => result.Message.Key == $"key {p}"));
            Assert.Equal(p, (int)result.Partition);
            Assert.Equal($"value {p}", result.Message.Value.ToText());
        }
        foreach (var same in results.Where(result => result.Message.Key.ToString().StartsWith("shared", StringComparison.Ordinal)).GroupBy(result => result.Message.Key))
        {
            Assert.Equal(10, same.Count());
            Assert.Single(same.Select(result => result.Partition).Distinct());
        }
    }

    [Fact(DisplayName = "null-empty-nul")]
    public void NullEmptyNul()
    {
        string topic = Cluster.Name("null-empty-nul");
        Bytes[] all = [Bytes.Null, Array.Empty<byte>(), new byte[] { 0, 1, 0, 127, 128, 255, 0 }, "gr\u00fc\u00dfe \u2395\u2190\u2373 \U0001F600"];
        var sent = (from key in all from value in all select (key, value)).ToList();
        using (var producer = new Producer(Cluster.ForProducer))
        {
            foreach (var (key, value) in sent) producer.Produce(new TopicPartition(topic, 0), new Message { Key = key, Value = value });
            foreach (var (key, value) in sent)
                producer.Produce(topic, value.HasValue ? value.ToArray() : default, key.HasValue ? key.ToArray() : default, 0);
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        var results = Cluster.Next(consumer, 2 * sent.Count);
        Assert.Equal(sent.Concat(sent), results.Select(result => (result.Message.Key, result.Message.Value)));
        Assert.Equal("gr\u00fc\u00dfe \u2395\u2190\u2373 \U0001F600", results[^1].Message.Value.ToText());
    }

    [Fact(DisplayName = "small-buffer")]
    public void SmallBuffer()
    {
        string topic = Cluster.Name("small-buffer");
        byte[] key = Encoding.UTF8.GetBytes(new string('k', 300)), value = Encoding.UTF8.GetBytes(new string('v', 5000));
        using (var producer = new Producer(Cluster.ForProducer))
        {
            producer.Produce(topic, new Message { Key = key, Value = value });
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic, config => config["kaffi.rebalance"] = "auto");
        uint[] rooms = [10, 100, 30], needed = [(uint)topic.Length, 5000, 300];
        Assert.Equal(Codes.TooSmall, ConsumeInto(consumer, rooms, out var lengths, out _));
        Assert.Equal(needed, lengths);
        Assert.Equal(Codes.TooSmall, ConsumeInto(consumer, [needed[0], needed[1] - 1, needed[2]], out lengths, out _));
        Assert.Equal(needed, lengths);
        Assert.Equal(0, ConsumeInto(consumer, needed, out lengths, out var data));
        Assert.Equal(needed, lengths);
        Assert.Equal(topic, Encoding.UTF8.GetString(data[0]));
        Assert.Equal(value, data[1]);
        Assert.Equal(key, data[2]);
    }

    /// <summary>The documented Consume with buffers of topic, payload and key of these sizes. Nothing may be written behind them.</summary>
    static int ConsumeInto(Consumer consumer, uint[] rooms, out uint[] lengths, out byte[][] data)
    {
        const int Guard = 64;
        byte[][] buffers = rooms.Select(room => Enumerable.Repeat((byte)0xA5, (int)room + Guard).ToArray()).ToArray();
        var clock = Stopwatch.StartNew();
        int code, partition;
        long offset;
        uint[] given;
        do
        {
            given = [.. rooms];
            fixed (byte* topic = buffers[0], payload = buffers[1], key = buffers[2])
            fixed (uint* room = given)
                code = Native.Consume(
                    consumer.Handle.Value, topic, &room[0], payload, &room[1], key, &room[2], &partition, &offset, null, null);
        }
        while (code == Codes.Nothing && clock.Elapsed < Cluster.Long);
        for (int i = 0; i < 3; i++)
            Assert.Equal(Enumerable.Repeat((byte)0xA5, Guard), buffers[i][^Guard..]);
        lengths = given;
        data = code == 0 ? buffers.Zip(given, (buffer, length) => buffer[..(int)length]).ToArray() : [];
        return code;
    }

    [Fact(DisplayName = "commit-and-resume")]
    public void CommitAndResume()
    {
        string topic = Cluster.Name("commit-and-resume");
        Cluster.Fill(topic, 10);
        using (var consumer = Cluster.Subscribed(topic, topic))
        {
            Cluster.Next(consumer, 5);
            consumer.Commit();
            Assert.Equal(new TopicPartitionOffset(topic, 0, 5), Assert.Single(consumer.Committed([new TopicPartition(topic, 0)])));
            consumer.Close();
        }
        using var second = Cluster.Subscribed(topic, topic);
        Assert.Equal(5, Cluster.Next(second).Offset.Value);
    }

    [Fact(DisplayName = "offsets-by-hand")]
    public void OffsetsByHand()
    {
        string topic = Cluster.Name("offsets-by-hand");
        Cluster.Fill(topic, 10);
        using (var consumer = new Consumer(Cluster.ForConsumer(topic)))
            consumer.Commit([new TopicPartitionOffset(topic, 0, 3)]);
        using (var consumer = Cluster.Subscribed(topic, topic))
            Assert.Equal(3, Cluster.Next(consumer).Offset.Value);

        using var list = PartitionList.Of([new TopicPartitionOffset(topic, 0, 3)]);
        fixed (byte* name = Library.Text(topic, nameof(topic)))
            Assert.Equal(-190, Native.SetOffset(list.Value, name, 1, 3));
    }

    [Fact(DisplayName = "unknown-property")]
    public void UnknownProperty()
    {
        Refused(ErrorCode.Kaffi_UnknownProperty, "no.such.property", () => new Producer(new ProducerConfig { { "no.such.property", "1" } }).Dispose());
        Refused(ErrorCode.Kaffi_InvalidValue, "linger.ms", () => new Producer(new ProducerConfig { { "linger.ms", "large" } }).Dispose());
        using var producer = new Producer(Cluster.ForProducer);
        Refused(ErrorCode.Kaffi_AlreadyStarted, "linger.ms", () => producer.Handle.Set("linger.ms", "5"));
        Assert.NotEqual("", producer.GetConfig("linger.ms"));

        static void Refused(ErrorCode code, string property, Action action)
        {
            var error = Assert.Throws<KafkaException>(action).Error;
            Assert.Equal(code, error.Code);
            Assert.Contains(property, error.Reason);
        }
    }

    [Fact(DisplayName = "broker-not-there")]
    public void BrokerNotThere()
    {
        string nobody = Cluster.Nobody();
        using var producer = new Producer(new ProducerConfig { BootstrapServers = nobody, MessageTimeoutMs = 1000 });
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<KafkaException>(() => producer.CheckConnection(TimeSpan.FromSeconds(2))).Error;
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Contains(nobody, error.Reason);
        Assert.Contains("refused", error.Reason);

        DeliveryReport? report = null;
        producer.Produce("anywhere", new Message { Value = "lost" }, given => report = given);
        Cluster.PollUntil(producer, () => report is not null);
        Assert.Equal(ErrorCode.Local_MsgTimedOut, report!.Error.Code);
        Assert.Equal("lost", report.Value.ToText());
    }

    [Fact(DisplayName = "bad-handles")]
    public void BadHandles()
    {
        using var beside = new Producer(Cluster.ForProducer);
        ulong client, topicConf, list, mock;
        Library.Check(Native.InitKafka(&client));
        Library.Check(Native.NewTopicConf(&topicConf));
        Library.Check(Native.NewTopicPartitionList(&list));
        Library.Check(Native.NewMockCluster(1, &mock, null, null));

        Refused(client, mock, WithText(Native.WakeKafka, null), handle => { long left; return Native.CloseKafka(handle, 0, &left, null, null); });
        Refused(client, list, WithText(null, (handle, text, length) => Native.StartKafka(handle, 1, text, length)), null);
        Refused(topicConf, client, WithText(null, (handle, text, length) =>
        {
            fixed (byte* key = "acks"u8, value = "1"u8) return Native.SetTopicConf(handle, key, value, text, length);
        }), Native.DelTopicConf);
        Refused(list, topicConf, WithText(Native.ClearBatch, null), Native.DelBatch);
        Refused(mock, beside.Handle.Value, WithText(null, (handle, text, length) =>
        {
            fixed (byte* json = "{}"u8) return Native.MockRequest(handle, json, text, length);
        }), Native.DelMockCluster);

        beside.Produce(Cluster.Name("bad-handles"), new Message { Value = "still there" });
        Assert.Equal(0, beside.Close(Cluster.Long));
    }

    delegate int Call(ulong handle);
    delegate int CallWithText(ulong handle, byte* text, int* length);

    /// <summary>A call on a handle; where the function has a text, there is one.</summary>
    static Call WithText(Call? call, CallWithText? withText) => call ?? (handle =>
    {
        var text = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        int code = withText!(handle, text, &length);
        if (code != 0) Assert.NotEqual(0, length);
        return code;
    });

    /// <summary>Handles that are not right are refused: 0, made up, of another kind and, when <paramref name="close"/> is given, closed.</summary>
    static void Refused(ulong handle, ulong another, Call call, Call? close)
    {
        Assert.Equal(Codes.InvalidHandle, call(0));
        Assert.Equal(Codes.InvalidHandle, call(12345));
        Assert.Equal(Codes.InvalidHandle, call(ulong.MaxValue));
        Assert.Equal(Codes.WrongKind, call(another));
        if (close is null) return;
        Assert.Equal(Codes.WrongKind, close(another));
        Assert.Equal(0, close(handle));
        Assert.Equal(Codes.Closed, call(handle));
        Assert.Equal(Codes.Closed, close(handle));
    }

    [Fact(DisplayName = "close-in-flight")]
    public void CloseInFlight()
    {
        string topic = Cluster.Name("close-in-flight");
        using (var producer = new Producer(Cluster.ForProducer))
        {
            for (int i = 0; i < 1000; i++) producer.Produce(topic, new Message { Value = $"{i}" });
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        Assert.Equal(1000, Cluster.Next(consumer, 1000).Select(result => result.Message.Value).Distinct().Count());
    }

    [Fact(DisplayName = "close-without-broker")]
    public void CloseWithoutBroker()
    {
        var reports = new List<DeliveryReport>();
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody() });
        for (int i = 0; i < 10; i++) producer.Produce("anywhere", new Message { Value = $"{i}" }, reports.Add);
        var clock = Stopwatch.StartNew();
        Assert.Equal(10, producer.Close(TimeSpan.FromSeconds(1)));
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(900), TimeSpan.FromSeconds(3));
        Assert.Equal(10, reports.Count(report => report.Error.Code == ErrorCode.Kaffi_Undelivered));
    }

    [Fact(DisplayName = "two-threads")]
    public void TwoThreads()
    {
        string topic = Cluster.Name("two-threads");
        var ids = new HashSet<ulong>();
        var reported = new HashSet<ulong>();
        using (var producer = new Producer(Cluster.ForProducer))
        {
            var lists = new List<ulong>[2];
            var threads = Enumerable.Range(0, 2).Select(t => new Thread(() =>
            {
                lists[t] = [];
                for (int i = 0; i < 1000; i++)
                    lists[t].Add(producer.Produce(
                        new TopicPartition(topic, 0), new Message { Key = $"{t}", Value = $"{i}" },
                        report => { if (!report.Error.IsError) reported.Add(report.MessageId); }));
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            foreach (var list in lists) ids.UnionWith(list);
            Cluster.PollUntil(producer, () => reported.Count == 2000);
        }
        Assert.Equal(2000, ids.Count);
        Assert.True(ids.SetEquals(reported), "each id is reported");
        using var consumer = Cluster.Subscribed(topic, topic);
        var results = Cluster.Next(consumer, 2000);
        for (int t = 0; t < 2; t++)
            Assert.Equal(
                Enumerable.Range(0, 1000).Select(i => $"{i}"),
                results.Where(result => result.Message.Key == $"{t}").Select(result => $"{result.Message.Value}"));
    }

    [Fact(DisplayName = "close-while-waiting")]
    public void CloseWhileWaiting()
    {
        string topic = Cluster.Name("close-while-waiting");
        Cluster.Fill(topic, 1);
        using var consumer = Cluster.Subscribed(topic, topic);
        Cluster.Next(consumer);
        Exception? thrown = null;
        TimeSpan ended = default;
        using var begins = new ManualResetEventSlim();
        var waiting = new Thread(() =>
        {
            begins.Set();
            try { consumer.Consume(Cluster.Long); }
            catch (Exception error) { thrown = error; }
            ended = Stopwatch.GetElapsedTime(0);
        });
        waiting.Start();
        begins.Wait();
        Thread.Sleep(300); // nothing tells from outside that the thread is inside the call
        Assert.Null(thrown);
        var closing = Stopwatch.GetElapsedTime(0);
        consumer.Close();
        Assert.True(waiting.Join(Cluster.Long), "the waiting call ends");
        Assert.InRange(ended - closing, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.Kaffi_Closed, Assert.IsType<KafkaException>(thrown).Error.Code);
    }
}
