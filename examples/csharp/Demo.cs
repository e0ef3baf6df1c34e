// Produces a record, sees it delivered, consumes it and commits.
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
