using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace Kaffi.Tests;

/// <summary>Transactions; giving records up; keys and partitions; tokens.</summary>
public class TransactionTests
{
    static Producer Transactional(string name, string? servers = null) =>
        new(new ProducerConfig { { "bootstrap.servers", servers ?? Cluster.Servers }, { "transactional.id", name } });

    static void Produce(Producer producer, string topic, params string[] values)
    {
        foreach (var value in values) producer.Produce(new TopicPartition(topic, 0), new Message { Value = value });
    }

    static List<string> Values(string topic, int count)
    {
        using var consumer = Cluster.Subscribed(topic, Cluster.Name("values"), config => config.IsolationLevel = IsolationLevel.ReadCommitted);
        return Cluster.Next(consumer, count).ConvertAll(result => $"{result.Message.Value}");
    }

    [Fact]
    public void ReadProcessWriteCountsAsAWhole()
    {
        string from = Cluster.Name("from"), to = Cluster.Name("to");
        Cluster.Fill(from, 300);
        using (var producer = Transactional(to))
        using (var consumer = Cluster.Subscribed(from, from, config => config.EnableAutoCommit = false))
        {
            producer.InitTransactions(Cluster.Long);
            for (int done = 0; done < 240; done += 60)
            {
                producer.BeginTransaction();
                foreach (var result in Cluster.Next(consumer, 60)) Produce(producer, to, $"{result.Message.Value}");
                if (done < 180) producer.SendOffsetsToTransaction(consumer, Cluster.Long);
                else producer.SendOffsetsToTransaction([new TopicPartitionOffset(from, 0, 240)], consumer, Cluster.Long);
                producer.CommitTransaction(Cluster.Long);
                if (!Cluster.IsMock) // which forgets the offsets of transactions
                    Assert.Equal(done + 60, consumer.Committed([new TopicPartition(from, 0)])[0].Offset.Value);
            }
        }
        Assert.Equal(Enumerable.Range(0, 240).Select(i => $"{i}"), Values(to, 240));
        if (Cluster.IsMock) return;
        using var next = Cluster.Subscribed(from, from);
        Assert.Equal(240, Cluster.Next(next).Offset.Value);
    }

    [KafkaFact("shows aborted records")]
    public void WhatIsAbortedIsNotSeen()
    {
        string topic = Cluster.Name("aborted");
        using (var producer = Transactional(topic))
        {
            producer.InitTransactions(Cluster.Long);
            foreach (bool commits in (bool[])[false, true, false])
            {
                producer.BeginTransaction();
                Produce(producer, topic, $"{commits} 1", $"{commits} 2");
                producer.Flush(Cluster.Long);
                if (commits) producer.CommitTransaction();
                else producer.AbortTransaction();
            }
            producer.BeginTransaction();
            Produce(producer, topic, "left open"); // closing aborts it
        }
        Cluster.Fill(topic, 1);
        Assert.Equal(["True 1", "True 2", "0"], Values(topic, 3));
    }

    [KafkaFact("does not fence producers off")]
    public void AnOlderProducerIsFencedOff()
    {
        string topic = Cluster.Name("fenced");
        using var older = Transactional(topic);
        older.InitTransactions(Cluster.Long);
        older.BeginTransaction();
        Produce(older, topic, "old");
        older.Flush(Cluster.Long);
        using var newer = Transactional(topic);
        newer.InitTransactions(Cluster.Long);
        var error = Assert.Throws<KafkaException>(() => older.CommitTransaction(Cluster.Long)).Error;
        Assert.True(error.IsFatal && !error.IsRetriable, $"{error}");
        newer.BeginTransaction();
        Produce(newer, topic, "new");
        newer.CommitTransaction(Cluster.Long);
        Assert.Equal(["new"], Values(topic, 1));
    }

    [Fact]
    public void AFailedRecordRequiresAnAbort()
    {
        string topic = Cluster.Name("abort");
        using var producer = Transactional(topic);
        producer.InitTransactions(Cluster.Long);
        producer.BeginTransaction();
        Produce(producer, topic, "0");
        producer.Purge();
        Assert.Throws<KafkaTxnRequiresAbortException>(() => producer.CommitTransaction(Cluster.Long));
        producer.AbortTransaction(Cluster.Long);
        producer.BeginTransaction();
        Produce(producer, topic, "1");
        producer.CommitTransaction(Cluster.Long);
        Assert.Equal("1", Values(topic, 1)[0]);
    }

    [Fact]
    public void WhatIsNotDoneInTimeGoesOn()
    {
        using var cluster = new MockCluster();
        cluster.CreateTopic("t", 1);
        using var producer = Transactional("slow", cluster.BootstrapServers);
        cluster.Request("""{"RoundTripTime": {"broker": 1, "ms": 250}}""");
        var error = Assert.Throws<KafkaRetriableException>(() => producer.InitTransactions(TimeSpan.Zero)).Error;
        Assert.True(error.IsRetriable && !error.IsFatal && error.Code == ErrorCode.Local_TimedOut, $"{error}");
        producer.InitTransactions(Cluster.Long);
        producer.BeginTransaction();
        Produce(producer, "t", "v");
        Assert.Throws<KafkaRetriableException>(() => producer.CommitTransaction(TimeSpan.Zero));
        producer.CommitTransaction(Cluster.Long);
    }

    [Fact]
    public void WrongCallsSaySo()
    {
        using var plain = new Producer(Cluster.ForProducer);
        Assert.Equal(ErrorCode.Local_NotConfigured, Cluster.Code(() => plain.InitTransactions(Cluster.Long)));
        using var producer = Transactional(Cluster.Name("wrong"));
        var error = Assert.Throws<KafkaException>(producer.BeginTransaction).Error;
        Assert.Equal((ErrorCode.Local_State, false, false), (error.Code, error.IsFatal, error.IsRetriable));
        producer.InitTransactions(Cluster.Long);
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => producer.CommitTransaction(Cluster.Long)));
    }

    [Fact]
    public void RecordsCanBeGivenUp()
    {
        var reports = new List<DeliveryReport>();
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody() });
        for (int i = 0; i < 3; i++) producer.Produce("anywhere", new Message { Value = $"{i}" }, reports.Add);
        producer.Purge(PurgeKinds.InFlight); // nothing is in flight
        Assert.Equal(3, producer.Outstanding);
        producer.Purge(PurgeKinds.Queued);
        Cluster.PollUntil(producer, () => reports.Count == 3);
        Assert.Empty(reports.Where(report => report.Error.Code != ErrorCode.Local_PurgeQueue));
        Assert.Equal(0, producer.Close(Cluster.Long));
    }

    [Fact]
    public async Task AKeyHasItsPartition()
    {
        string topic = Cluster.Name("key");
        Cluster.Fill(topic, 1);
        foreach (string partitioner in (string[])["consistent_random", "murmur2_random", "fnv1a"])
        {
            using var producer = new Producer(new ProducerConfig(Cluster.ForProducer) { { "partitioner", partitioner } });
            for (int i = 0; i < 5; i++)
            {
                var result = await producer.ProduceAsync(topic, new Message { Key = $"key {i}", Value = "v" });
                Assert.Equal(result.Partition, Producer.GetKeyPartition($"key {i}", 4, partitioner));
            }
        }
        Assert.InRange(Producer.GetKeyPartition(Bytes.Null, 4).Value, 0, 3);
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => Producer.GetKeyPartition("k", 4, "none")));
    }

    [Fact]
    public void TokensAreAskedFor()
    {
        var config = new ProducerConfig
        {
            BootstrapServers = Cluster.Servers, SecurityProtocol = "sasl_plaintext", SaslMechanism = "OAUTHBEARER",
        };
        config["sasl.oauthbearer.config"] = "who=me";
        using var producer = new Producer(config);
        var asked = new List<string>();
        producer.OAuthBearerTokenRefreshHandler = (client, given) =>
        {
            asked.Add(given);
            client.OAuthBearerSetTokenFailure("no token on Mondays");
        };
        Cluster.Until(() => asked.Count > 0, () => producer.Poll(TimeSpan.FromMilliseconds(50)));
        Assert.Equal("who=me", asked[0]);
        Assert.Contains("no token on Mondays", Assert.Throws<KafkaException>(() => producer.CheckConnection(TimeSpan.FromSeconds(1))).Error.Reason);
        long soon = DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeMilliseconds();
        producer.OAuthBearerSetToken("secret", soon, "me", new Dictionary<string, string> { ["team"] = "blue" });
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => producer.OAuthBearerSetToken("secret", 1000, "me")));
        using var plain = new Producer(Cluster.ForProducer);
        Assert.Equal(ErrorCode.Local_State, Cluster.Code(() => plain.OAuthBearerSetToken("secret", soon, "me")));
    }

    [Fact]
    public async Task TasksNeedNoPollForATokenToCome()
    {
        var config = new ProducerConfig
        {
            BootstrapServers = Cluster.Nobody(), SecurityProtocol = "sasl_plaintext", SaslMechanism = "OAUTHBEARER", MessageTimeoutMs = 2000,
        };
        using var producer = new Producer(config);
        int asked = 0;
        producer.OAuthBearerTokenRefreshHandler = (client, _) =>
        {
            asked++;
            client.OAuthBearerSetToken("secret", DateTimeOffset.UtcNow.AddMinutes(5).ToUnixTimeMilliseconds(), "me");
        };
        var error = await Assert.ThrowsAsync<ProduceException>(() => producer.ProduceAsync("anywhere", new Message { Value = "v" }));
        Assert.Equal(ErrorCode.Local_MsgTimedOut, error.Error.Code);
        Assert.Equal(1, asked);
    }
}
