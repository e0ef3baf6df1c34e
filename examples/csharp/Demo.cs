// Produces a record, sees it delivered, consumes it and commits; then the same with many records at a time.
// usage: run [bootstrap servers]    without them: on an embedded cluster of its own
using System;
using Kaffi;

var wait = TimeSpan.FromSeconds(30);
using var cluster = args.Length == 0 ? new MockCluster() : null;
string servers = cluster?.BootstrapServers ?? args[0];
if (cluster is not null) Console.WriteLine($"an embedded cluster answers at {servers}");

// [example
using var producer = new Producer(new ProducerConfig { BootstrapServers = servers });
ulong sent = producer.Produce("greetings-csharp", new Message { Key = "world", Value = "hello" }, report =>
    Console.WriteLine(report.Error.IsError ? $"failed     {report.Error}" : $"delivered  message {report.MessageId}"));
// example]
Console.WriteLine($"produced   hello, as message {sent}");
// [example
producer.Flush(wait);
// example]

// [example
using var consumer = new Consumer(new ConsumerConfig
{
    BootstrapServers = servers, GroupId = "demo-csharp", AutoOffsetReset = AutoOffsetReset.Earliest,
});
consumer.Subscribe("greetings-csharp");
var record = consumer.Consume(wait) ?? throw new TimeoutException("no record came");
// example]
Console.WriteLine($"consumed   {record.Message.Value} with key {record.Message.Key} from {record.TopicPartitionOffset}");
// [example
consumer.Commit();
// example]
var committed = consumer.Committed([record.TopicPartition])[0];
Console.WriteLine($"committed  the next record to read is at offset {committed.Offset}");

using (var batch = RecordBatch.FromColumns(["one", "two", "three"], keys: ["1", "2", "3"]))
    Console.WriteLine($"produced   a batch of {batch.Count}, from message {producer.ProduceBatch("greetings-csharp", batch).FirstId} on");
producer.Flush(wait);
for (int rows = 0; rows < 3;)
{
    using var batch = consumer.ConsumeBatch(1000, wait) ?? throw new TimeoutException("no record came");
    rows += batch.Count;
    Console.WriteLine($"consumed   a batch of {batch.Count}, {batch.Values.Data.Length} bytes of values, the last one at offset {batch.Offsets[^1]}");
}
