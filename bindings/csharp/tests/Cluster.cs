using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Kaffi.Tests;

/// <summary>The cluster that all tests use: an embedded one, or with KAFFI_TEST_CLUSTER=kafka the one of KAFFI_TEST_BOOTSTRAP.</summary>
static class Cluster
{
    static readonly MockCluster? Mock = Environment.GetEnvironmentVariable("KAFFI_TEST_CLUSTER") == "kafka" ? null : new();

    public static bool IsMock => Mock is not null;

    public static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public static string Servers => Mock?.BootstrapServers
        ?? Environment.GetEnvironmentVariable("KAFFI_TEST_BOOTSTRAP") ?? throw new InvalidOperationException("KAFFI_TEST_BOOTSTRAP is not set");

    /// <summary>Who gives the time that a report has: the embedded cluster says a fixed one of its own.</summary>
    public static TimestampType ReportedTime => Mock is null ? TimestampType.CreateTime : TimestampType.LogAppendTime;

    /// <summary>A name for a topic or group that no other run uses.</summary>
    public static string Name(string scenario) => $"kaffi-{scenario}-csharp-{Guid.NewGuid():N}";

    public static ProducerConfig ForProducer => new() { BootstrapServers = Servers };

    public static ConsumerConfig ForConsumer(string group)
    {
        var config = new ConsumerConfig { BootstrapServers = Servers, GroupId = group, AutoOffsetReset = AutoOffsetReset.Earliest };
        if (Mock is null) return config;
        // In the embedded cluster, the next member waits as long as the session of one that left.
        config.SessionTimeoutMs = 3000;
        config["heartbeat.interval.ms"] = "500";
        return config;
    }

    public static Consumer Subscribed(string topic, string group, Action<ConsumerConfig>? configure = null)
    {
        var config = ForConsumer(group);
        configure?.Invoke(config);
        var consumer = new Consumer(config);
        consumer.Subscribe(topic);
        return consumer;
    }

    /// <summary>Produces values "0", "1", ... and waits until they are there.</summary>
    public static void Fill(string topic, int count, int partition = 0)
    {
        using var producer = new Producer(ForProducer);
        for (int i = 0; i < count; i++) producer.Produce(new TopicPartition(topic, partition), new Message { Value = $"{i}" });
        Assert.Equal(0, producer.Close(Long));
    }

    public static ConsumeResult Next(Consumer consumer)
    {
        var result = consumer.Consume(Long);
        Assert.NotNull(result);
        return result;
    }

    public static List<ConsumeResult> Next(Consumer consumer, int count)
    {
        var results = new List<ConsumeResult>();
        while (results.Count < count) results.Add(Next(consumer));
        return results;
    }

    /// <summary>Polls until a condition holds.</summary>
    public static void PollUntil(Producer producer, Func<bool> done)
    {
        var clock = Stopwatch.StartNew();
        while (!done() && clock.Elapsed < Long) producer.Poll(TimeSpan.FromSeconds(1));
        Assert.True(done(), "the reports did not come");
    }

    /// <summary>An address of this machine where nobody listens.</summary>
    public static string Nobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }

    public static ErrorCode Code(Action action) => Assert.Throws<KafkaException>(action).Error.Code;

    /// <summary>Waits until a condition holds.</summary>
    public static void Until(Func<bool> done, Action? meanwhile = null)
    {
        var clock = Stopwatch.StartNew();
        while (!done())
        {
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Long);
            if (meanwhile is null) System.Threading.Thread.Sleep(10);
            else meanwhile();
        }
    }
}

/// <summary>A test of something that the embedded cluster cannot do.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute(string why)
    {
        if (Cluster.IsMock) Skip = $"the embedded cluster {why}";
    }
}
