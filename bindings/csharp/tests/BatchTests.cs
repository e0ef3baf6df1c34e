using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Kaffi.Tests;

/// <summary>Batches in columns, headers and times.</summary>
public class BatchTests
{
    static readonly byte[] Binary = [0, 1, 0, 127, 128, 255, 0];
    static readonly Timestamp Noon = new(new DateTimeOffset(2024, 2, 29, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Messages with every kind of key, value, headers and time.</summary>
    static List<Message> Samples()
    {
        Bytes[] all = [Bytes.Null, Array.Empty<byte>(), Binary, "gr\u00fc\u00dfe"];
        var headers = new Headers { { "none", Bytes.Null }, { "empty", "" }, { "many", "1" }, { "many", Binary }, { "gr\u00fc\u00dfe", "\u2395" }, { "", "x" } };
        return (from key in all
                from value in all
                from given in (Headers[])[[], headers]
                from time in (Timestamp[])[default, Noon]
                select new Message { Key = key, Value = value, Headers = given, Timestamp = time }).ToList();
    }

    static void Same(Message sent, Message got)
    {
        Assert.Equal((sent.Key, sent.Value), (got.Key, got.Value));
        Assert.Equal(sent.Headers.Select(header => (header.Key, header.Value)), got.Headers.Select(header => (header.Key, header.Value)));
        Assert.Equal(TimestampType.CreateTime, got.Timestamp.Type);
        if (sent.Timestamp != default) Assert.Equal(sent.Timestamp, got.Timestamp);
        else Assert.InRange(got.Timestamp.UtcDateTime, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(5));
    }

    static RecordBatch Next(Consumer consumer, int maxRows = 1000)
    {
        var batch = consumer.ConsumeBatch(maxRows, Cluster.Long);
        Assert.NotNull(batch);
        return batch;
    }

    static List<ConsumeResult> Rows(Consumer consumer, int count)
    {
        var rows = new List<ConsumeResult>();
        while (rows.Count < count)
        {
            using var batch = Next(consumer);
            rows.AddRange(batch);
        }
        return rows;
    }

    static void Produce(string topic, RecordBatch batch)
    {
        using var producer = new Producer(Cluster.ForProducer);
        var result = producer.ProduceBatch(topic, batch);
        Assert.Equal((0, 0), (result.Left, result.Refused));
        Assert.Empty(result.Errors);
        Assert.Equal(0, producer.Close(Cluster.Long));
    }

    static RecordBatch Numbers(int count) => RecordBatch.FromColumns(Enumerable.Range(0, count).Select(i => (Bytes)$"{i}"), partitions: new int[count]);

    [Fact]
    public async Task RecordsHaveHeadersAndTimes()
    {
        string topic = Cluster.Name("headers");
        var samples = Samples();
        var reports = new List<DeliveryReport>();
        var ids = new List<ulong>();
        using (var producer = new Producer(Cluster.ForProducer))
        {
            foreach (var message in samples) ids.Add(producer.Produce(new TopicPartition(topic, 0), message, reports.Add));
            var last = await producer.ProduceAsync(new TopicPartition(topic, 0), samples[^1]);
            Assert.Equal(Cluster.ReportedTime, last.Timestamp.Type);
            if (Cluster.ReportedTime == TimestampType.CreateTime) Assert.Equal(Noon, last.Timestamp);
            Assert.Equal(samples.Count, last.Offset.Value);
            Assert.Equal(0, producer.Flush(Cluster.Long));
            var large = new Message { Value = new byte[2_000_000], Timestamp = Noon };
            Assert.Equal(ErrorCode.MsgSizeTooLarge, Assert.Throws<ProduceException>(() => producer.Produce(topic, large)).Error.Code);
            Assert.Equal(ErrorCode.Kaffi_BadText, Assert.Throws<ProduceException>(() => producer.Produce("", samples[^1])).Error.Code);
        }
        Assert.Equal(ids, reports.Select(report => report.MessageId));
        foreach (var report in reports) Assert.Equal(Cluster.ReportedTime, report.Timestamp.Type);
        using var consumer = Cluster.Subscribed(topic, topic);
        foreach (var (sent, got) in samples.Zip(Cluster.Next(consumer, samples.Count))) Same(sent, got.Message);
    }

    [Fact]
    public void HeadersAreFound()
    {
        var headers = new Headers { { "a", "1" }, { "b", Binary }, { "a", "2" } };
        Assert.Equal("2"u8.ToArray(), headers.GetLastBytes("a"));
        Assert.True(headers.TryGetLastBytes("b", out var value) && value!.SequenceEqual(Binary));
        Assert.False(headers.TryGetLastBytes("c", out value));
        Assert.Throws<KeyNotFoundException>(() => headers.GetLastBytes("c"));
        Assert.Throws<ArgumentException>(() => headers.Add("a\0", "1"));
        headers.Remove("a");
        Assert.Equal("b", Assert.Single(headers).Key);
    }

    [Fact]
    public void RowsGoAndComeInBatches()
    {
        string topic = Cluster.Name("rows");
        var samples = Samples();
        var builder = new RecordBatchBuilder();
        foreach (var message in samples) builder.Add(message, 1);
        builder.Add(default, Array.Empty<byte>(), 1, Noon.UnixTimestampMs);
        builder.Add(Array.Empty<byte>(), default, 1);
        samples.Add(new Message { Key = Array.Empty<byte>(), Timestamp = Noon });
        samples.Add(new Message { Value = Array.Empty<byte>() });
        Assert.Equal(samples.Count, builder.Count);
        using (var batch = builder.Build())
        {
            Assert.Equal(samples.Count, batch.Count);
            Assert.Equal(samples.Select(message => message.Value), batch.Select(row => row.Message.Value));
            Produce(topic, batch);
        }
        builder.Clear();
        builder.Add(new Message { Value = "again" }, 1);
        using (var batch = builder.Build()) Produce(topic, batch);
        samples.Add(new Message { Value = "again" });

        using var consumer = Cluster.Subscribed(topic, topic);
        for (int seen = 0; seen < samples.Count;)
        {
            using var batch = Next(consumer, 50);
            Assert.InRange(batch.Count, 1, 50);
            Assert.Equal(batch.Count, batch.ToList().Count);
            Assert.True(batch.Keys.Count == batch.Count && batch.Values.Count == batch.Count, "columns have all rows");
            for (int row = 0; row < batch.Count; row++, seen++)
            {
                var sent = samples[seen];
                Same(sent, batch[row].Message);
                Assert.Equal(new TopicPartitionOffset(topic, 1, seen), batch[row].TopicPartitionOffset);
                Assert.Equal((topic, 1, (long)seen), (batch.Topic(row), batch.Partitions[row], batch.Offsets[row]));
                Assert.Equal(batch[row].Timestamp, new Timestamp(batch.Timestamps[row], batch.TimestampTypes[row]));
                Assert.Equal((sent.Key.HasValue, sent.Value.HasValue), (batch.HasKey(row), batch.HasValue(row)));
                Assert.Equal((!sent.Key.HasValue, !sent.Value.HasValue), (batch.Keys.IsNull(row), batch.Values.IsNull(row)));
                Assert.True(batch.Key(row).SequenceEqual(sent.Key.Span) && batch.Keys[row] == batch.Key(row), "the key in place");
                Assert.True(batch.Value(row).SequenceEqual(sent.Value.Span) && batch.Values[row] == batch.Value(row), "the value in place");
                Assert.Equal(sent.Headers.Count, batch.Headers(row).Count);
            }
        }
    }

    [Fact]
    public void ColumnsMakeABatch()
    {
        string topic = Cluster.Name("columns");
        var headers = new Headers { { "h", "1" } };
        using (var batch = RecordBatch.FromColumns(["a", Bytes.Null, "c"], ["x", "", Bytes.Null], [headers, null, headers], [2, 2, 2], [1000, -1, 3000]))
            Produce(topic, batch);
        using (var batch = RecordBatch.FromColumns("abcdef"u8, [3, -1, 0, 3], "kl"u8, [1, 0, -1, 1], [2, 2, 2, 2]))
            Produce(topic, batch);
        using (var batch = RecordBatch.FromColumns("g"u8, [1]))
        using (var producer = new Producer(Cluster.ForProducer))
        {
            Assert.True(batch.Partitions.IsEmpty && batch.Timestamps.IsEmpty && batch.Keys.Count == 0 && !batch.HasKey(0), "no such columns");
            producer.ProduceBatch(new TopicPartition(topic, 2), batch);
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        var rows = Rows(consumer, 8);
        Assert.Equal(["a", null, "c", "abc", null, "", "def", "g"], rows.Select(row => row.Message.Value.ToText()));
        Assert.Equal(["x", "", null, "k", "", null, "l", null], rows.Select(row => row.Message.Key.ToText()));
        Assert.Equal([1, 0, 1, 0, 0, 0, 0, 0], rows.Select(row => row.Message.Headers.Count));
        Assert.Equal((1000L, 3000L), (rows[0].Timestamp.UnixTimestampMs, rows[2].Timestamp.UnixTimestampMs));
        Assert.Empty(rows.Where(row => row.Partition != 2));
    }

    [Fact]
    public void ColumnsThatDoNotFitAreRefused()
    {
        Assert.Throws<ArgumentException>(() => RecordBatch.FromColumns(["a", "b"], ["k"]));
        Assert.Throws<ArgumentException>(() => RecordBatch.FromColumns(["a", "b"], headers: [null]));
        Assert.Throws<ArgumentException>(() => RecordBatch.FromColumns(["a", "b"], partitions: [0]));
        Assert.Throws<ArgumentException>(() => RecordBatch.FromColumns(["a", "b"], timestamps: [0]));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => RecordBatch.FromColumns("abc"u8, [2])));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => RecordBatch.FromColumns("abc"u8, [2, 2])));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => RecordBatch.FromColumns("abc"u8, [5, -2])));
        using var made = Numbers(2);
        using var producer = new Producer(Cluster.ForProducer);
        var error = Assert.Throws<KafkaException>(() => producer.ProduceBatch(made)).Error;
        Assert.Equal(ErrorCode.Kaffi_BadBatch, error.Code);
        Assert.Contains("topic.name", error.Reason);
    }

    [Fact]
    public void AConsumedBatchIsForwardedAsItIs()
    {
        string from = Cluster.Name("from"), to = Cluster.Name("to");
        var samples = Samples();
        var builder = new RecordBatchBuilder();
        for (int i = 0; i < samples.Count; i++) builder.Add(samples[i], i % 4);
        using (var batch = builder.Build()) Produce(from, batch);
        var sent = new List<ConsumeResult>();
        using (var consumer = Cluster.Subscribed(from, from))
        using (var producer = new Producer(Cluster.ForProducer))
        {
            while (sent.Count < samples.Count)
            {
                using var batch = Next(consumer);
                var result = producer.ProduceBatch(new TopicPartition(to, Partition.OfRow), batch);
                Assert.Equal((0, 0), (result.Left, result.Refused));
                sent.AddRange(batch);
            }
            Assert.Equal(0, producer.Close(Cluster.Long));
        }
        using var reader = Cluster.Subscribed(to, to);
        var got = Rows(reader, sent.Count);
        foreach (var (one, other) in sent.OrderBy(Place).Zip(got.OrderBy(Place)))
        {
            Assert.Equal((one.Partition, one.Offset), (other.Partition, other.Offset));
            Same(one.Message, other.Message);
        }

        static (int, long) Place(ConsumeResult row) => (row.Partition, row.Offset);
    }

    [Fact]
    public void AConsumedBatchKeepsItsTopics()
    {
        string[] topics = [Cluster.Name("own-1"), Cluster.Name("own-2")];
        foreach (var topic in topics) Cluster.Fill(topic, 3);
        using var consumer = new Consumer(Cluster.ForConsumer(topics[0]));
        consumer.Subscribe(topics);
        using var producer = new Producer(Cluster.ForProducer);
        var rows = new List<ConsumeResult>();
        for (int forwarded = 0; rows.Count < 12;)
        {
            using var batch = Next(consumer, 6 - Math.Min(5, forwarded));
            rows.AddRange(batch);
            if (forwarded >= 6) continue;
            forwarded += batch.Count;
            Assert.Equal(0, producer.ProduceBatch(batch).Refused);
        }
        foreach (var topic in topics)
            Assert.Equal([2, 2, 2], rows.Where(row => row.Topic == topic).GroupBy(row => row.Message.Value).Select(same => same.Count()));
    }

    [Fact]
    public void ARowThatIsRefusedDoesNotStopTheOthers()
    {
        string topic = Cluster.Name("refused");
        Cluster.Fill(topic, 1);
        using var producer = new Producer(Cluster.ForProducer);
        using (var batch = RecordBatch.FromColumns(["1", new byte[2_000_000], "2", new byte[2_000_000], "3"], partitions: new int[5]))
        {
            var result = producer.ProduceBatch(topic, batch);
            Assert.Equal((0, 2), (result.Left, result.Refused));
            Assert.Equal([ErrorCode.NoError, ErrorCode.MsgSizeTooLarge, ErrorCode.NoError, ErrorCode.MsgSizeTooLarge, ErrorCode.NoError], result.Errors);
            Assert.Equal(0, producer.Flush(Cluster.Long));
            using var reports = producer.DeliveryReports(100, Cluster.Long);
            Assert.NotNull(reports);
            Assert.Equal([result.FirstId, result.FirstId + 2, result.FirstId + 4], reports.Ids.ToArray());
        }
        using var consumer = Cluster.Subscribed(topic, topic);
        Assert.Equal(["0", "1", "2", "3"], Rows(consumer, 4).Select(row => $"{row.Message.Value}"));
    }

    [Fact]
    public void RowsThatAreLeftGoWithTheNextCall()
    {
        using var producer = new Producer(new ProducerConfig { { "bootstrap.servers", Cluster.Nobody() }, { "queue.buffering.max.messages", "10" } });
        using var batch = Numbers(25);
        var result = producer.ProduceBatch("anywhere", batch, TimeSpan.Zero);
        Assert.Equal((15, 0), (result.Left, result.Refused));
        Assert.Equal(15, result.Errors.Count(error => error == ErrorCode.Local_QueueFull));
        var clock = Stopwatch.StartNew();
        var again = producer.ProduceBatch("anywhere", batch, TimeSpan.FromMilliseconds(300));
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));
        Assert.Equal((result.FirstId, 15), (again.FirstId, again.Left));
        Assert.Equal(10, producer.Close(TimeSpan.Zero));
    }

    [Fact]
    public void ReportsComeInColumns()
    {
        string topic = Cluster.Name("reports");
        using var producer = new Producer(Cluster.ForProducer);
        Assert.Null(producer.DeliveryReports(10, Cluster.Long)); // at once: nothing is on its way
        using var batch = Numbers(1000);
        ulong first = producer.ProduceBatch(topic, batch).FirstId;
        var ids = new List<ulong>();
        while (ids.Count < 1000)
        {
            using var reports = producer.DeliveryReports(300, Cluster.Long);
            Assert.NotNull(reports);
            Assert.InRange(reports.Count, 1, 300);
            Assert.Equal(0, reports.Failed);
            ids.AddRange(reports.Ids);
            for (int row = 0; row < reports.Count; row++)
            {
                Assert.Equal((ErrorCode.NoError, PersistenceStatus.Persisted), (reports.Errors[row], reports.Statuses[row]));
                Assert.Equal((topic, 0, (long)(reports.Ids[row] - first)), (reports.Topic(row), reports.Partitions[row], reports.Offsets[row]));
                Assert.Equal(Cluster.ReportedTime, reports.TimestampTypes[row]);
                Assert.InRange(reports.Latencies[row], 1, 60_000_000);
            }
        }
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => first + (ulong)i), ids.Order());
        Assert.Equal(0, producer.Outstanding);
        producer.Produce(topic, new Message { Value = "v" }, _ => { });
        Assert.Throws<InvalidOperationException>(() => producer.DeliveryReports(10, TimeSpan.Zero));
    }

    [Fact]
    public void ReportsSayWhatFailed()
    {
        using var producer = new Producer(new ProducerConfig { BootstrapServers = Cluster.Nobody(), MessageTimeoutMs = 500 });
        using var batch = Numbers(3);
        producer.ProduceBatch("anywhere", batch);
        int failed = 0;
        while (failed < 3)
        {
            using var reports = producer.DeliveryReports(10, Cluster.Long);
            Assert.NotNull(reports);
            Assert.Equal(reports.Count, reports.Failed);
            Assert.Equal(ErrorCode.Local_MsgTimedOut, reports.Errors[0]);
            failed += reports.Failed;
        }
        Assert.Equal(0, producer.Close(Cluster.Long));
    }

    [Fact]
    public void ADisposedBatchSaysSo()
    {
        var batch = Numbers(2);
        using var producer = new Producer(Cluster.ForProducer);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Topic(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Headers(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.HasValue(2));
        batch.Dispose();
        batch.Dispose();
        Action[] uses =
        [
            () => _ = batch[0], () => _ = batch.Key(0), () => _ = batch.Value(0), () => _ = batch.Keys, () => _ = batch.Values,
            () => _ = batch.Partitions, () => _ = batch.Offsets, () => _ = batch.Timestamps, () => _ = batch.TimestampTypes,
            () => batch.Topic(0), () => batch.Headers(0), () => batch.HasKey(0), () => batch.ToList(), () => producer.ProduceBatch("t", batch),
        ];
        foreach (var use in uses) Assert.Throws<ObjectDisposedException>(use);
    }

    [Fact]
    public unsafe void AForgottenBatchIsDeleted()
    {
        ulong handle = Forget();
        int rows;
        var clock = Stopwatch.StartNew();
        while (Native.GetBatchRows(handle, &rows) == 0)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, Cluster.Long);
        }
        Assert.Equal(Codes.Closed, Native.GetBatchRows(handle, &rows));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static ulong Forget()
        {
            int rows;
            ulong handle = Numbers(3).Handle;
            Assert.InRange(Native.GetBatchRows(handle, &rows), Codes.Closed, 0);
            return handle;
        }
    }

    [Fact]
    public void ABatchOutlivesItsConsumer()
    {
        string topic = Cluster.Name("outlives");
        Cluster.Fill(topic, 10);
        RecordBatch batch;
        using (var consumer = Cluster.Subscribed(topic, topic)) batch = Next(consumer);
        using (batch) Assert.Equal("0", $"{batch[0].Message.Value}");
    }

    [Fact]
    public void BatchesAndSingleRecordsTakeTurns()
    {
        string topic = Cluster.Name("turns");
        const int Count = 3000;
        using (var batch = Numbers(Count)) Produce(topic, batch);
        var random = new Random(1);
        using var consumer = Cluster.Subscribed(topic, topic, config => config.EnableAutoCommit = false);
        for (int seen = 0; seen < Count;)
        {
            if (random.Next(2) == 0)
            {
                for (int i = random.Next(300); i > 0 && seen < Count; i--) Assert.Equal($"{seen++}", $"{Cluster.Next(consumer).Message.Value}");
            }
            else
            {
                using var batch = Next(consumer, random.Next(1, 200));
                foreach (var row in batch) Assert.Equal($"{seen++}", $"{row.Message.Value}");
            }
            if (random.Next(4) > 0) continue;
            consumer.Commit();
            Assert.Equal(seen, consumer.Committed([new TopicPartition(topic, 0)])[0].Offset.Value);
        }
        Assert.Null(consumer.ConsumeBatch(0, Cluster.Long)); // takes none
        Assert.Null(consumer.ConsumeBatch(10, TimeSpan.FromMilliseconds(100)));
        Assert.Equal(ErrorCode.Kaffi_BadArgument, Cluster.Code(() => consumer.ConsumeBatch(-1, TimeSpan.Zero)));
    }

    [Fact]
    public void ABatchIsProcessedWhenTheNextOneIsAskedFor()
    {
        string topic = Cluster.Name("processed");
        using (var batch = Numbers(100)) Produce(topic, batch);
        using (var consumer = Cluster.Subscribed(topic, topic))
        {
            using (Next(consumer, 10)) { }
            using (Next(consumer, 10)) { }
        }
        using var second = Cluster.Subscribed(topic, topic);
        Assert.Equal(20, Cluster.Next(second).Offset.Value);
    }

    [Fact]
    public void OthersCommitAndCloseWhileABatchIsWaitedFor()
    {
        string topic = Cluster.Name("others");
        Cluster.Fill(topic, 5);
        using var consumer = Cluster.Subscribed(topic, topic);
        for (int seen = 0; seen < 5;)
        {
            using var batch = Next(consumer, 5);
            seen += batch.Count;
        }
        Exception? thrown = null;
        using var begins = new ManualResetEventSlim();
        var waiting = new Thread(() =>
        {
            begins.Set();
            try { consumer.ConsumeBatch(10, Cluster.Long); }
            catch (Exception error) { thrown = error; }
        });
        waiting.Start();
        begins.Wait();
        Thread.Sleep(300); // nothing tells from outside that the thread is inside the call
        var clock = Stopwatch.StartNew();
        consumer.Commit();
        Assert.Equal(5, consumer.Committed([new TopicPartition(topic, 0)])[0].Offset.Value);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        consumer.Close();
        Assert.True(waiting.Join(Cluster.Long), "the waiting call ends");
        Assert.Equal(ErrorCode.Kaffi_Closed, Assert.IsType<KafkaException>(thrown).Error.Code);
    }

    [Fact]
    public void RandomRecordsComeByteForByte()
    {
        string topic = Cluster.Name("random");
        var random = new Random(7);
        var builder = new RecordBatchBuilder();
        var sent = new List<Message>();
        for (int i = 0; i < 3000; i++)
        {
            var headers = new Headers();
            for (int h = random.Next(8) == 0 ? random.Next(4) : 0; h > 0; h--) headers.Add($"h{random.Next(3)}", Some(20));
            sent.Add(new Message { Key = Some(30), Value = Some(i % 500 == 0 ? 200_000 : 300), Headers = headers });
            builder.Add(sent[^1], 0);
        }
        using (var batch = builder.Build()) Produce(topic, batch);
        using var consumer = Cluster.Subscribed(topic, topic);
        foreach (var (one, other) in sent.Zip(Rows(consumer, sent.Count))) Same(one, other.Message);

        Bytes Some(int most)
        {
            if (random.Next(10) == 0) return Bytes.Null;
            var bytes = new byte[random.Next(most)];
            random.NextBytes(bytes);
            return bytes;
        }
    }
}
