// The contender in C#: Client MODE BOOTSTRAP TOPIC RECORDS SIZE HEADERS COMPRESSION [TARGET]. Prints the same line as raw.c.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Kaffi;

const int Rows = 10_000, Key = 8, Pool = 4096;
var (mode, bootstrap, topic) = (args[0], args[1], args[2]);
long records = long.Parse(args[3]);
int size = int.Parse(args[4]);
var wait = TimeSpan.FromMilliseconds(100);

var pool = new byte[Pool + size];
for (uint i = 0, x = 1; i < pool.Length; i++)
{
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    pool[i] = "etaoinshrdlu {}:"u8[(int)(x >> 16 & 15)];
}
var keys = Enumerable.Range(0, Rows).Select(i => System.Text.Encoding.ASCII.GetBytes(i.ToString("D8"))).ToArray();
ReadOnlyMemory<byte> Value(int row) => pool.AsMemory(row * 31 % Pool, size);

var process = Process.GetCurrentProcess();
var clock = Stopwatch.StartNew();
var cpu = TimeSpan.Zero;
long before = 0, got = 0, bytes = 0;
void Start()
{
    process.Refresh();
    cpu = process.TotalProcessorTime;
    clock.Restart();
}
void Count(int more, int moreBytes)
{
    if (before == 0) (before, clock) = (more, Stopwatch.StartNew()); // the first records start the clock
    got += more;
    bytes += moreBytes;
}
void Report()
{
    double seconds = clock.Elapsed.TotalSeconds;
    process.Refresh();
    double used = (process.TotalProcessorTime - cpu).TotalSeconds;
    long peak = long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    Console.WriteLine(FormattableString.Invariant(
        $"{{\"records\": {got - before}, \"seconds\": {seconds:F6}, \"cpu_records\": {got}, \"cpu\": {used:F6}, \"peak\": {peak}, \"bytes\": {bytes}}}"));
}

Producer StartProducer()
{
    var producer = new Producer(new Dictionary<string, string>
    {
        ["bootstrap.servers"] = bootstrap, ["acks"] = "1", ["linger.ms"] = "5", ["queue.buffering.max.messages"] = "100000",
        ["compression.type"] = args[6],
    });
    producer.Produce(topic, Value(0).Span, keys[0], Partition.Any);
    producer.Flush(TimeSpan.FromSeconds(10));
    Start();
    return producer;
}
void Finish(Producer producer)
{
    while (producer.Flush(TimeSpan.FromSeconds(10)) > 0) { }
    (got, bytes) = (records, records * (Key + size));
    Report();
}
Consumer StartConsumer()
{
    var consumer = new Consumer(new Dictionary<string, string>
    {
        ["bootstrap.servers"] = bootstrap, ["group.id"] = $"csharp-{Environment.ProcessId}-{DateTime.UtcNow.Ticks}",
        ["auto.offset.reset"] = "earliest",
    });
    Start();
    consumer.Subscribe(topic);
    return consumer;
}

switch (mode)
{
    case "produce":
    {
        var producer = StartProducer();
        for (long i = 0; i < records; i++)
            producer.Produce(topic, new Message { Key = keys[i % Rows], Value = Value((int)(i % Rows)) });
        Finish(producer);
        break;
    }
    case "produce-batch":
    {
        var producer = StartProducer();
        byte[] allKeys = keys.SelectMany(k => k).ToArray(), allValues = Enumerable.Range(0, Rows).SelectMany(i => Value(i).ToArray()).ToArray();
        int[] keyLengths = Enumerable.Repeat(Key, Rows).ToArray(), valueLengths = Enumerable.Repeat(size, Rows).ToArray();
        Start();
        for (long i = 0; i < records; i += Rows)
        {
            using var batch = RecordBatch.FromColumns(allValues, valueLengths, allKeys, keyLengths);
            producer.ProduceBatch(topic, batch);
        }
        Finish(producer);
        break;
    }
    case "consume":
    {
        var consumer = StartConsumer();
        while (got < records)
            if (consumer.Consume(wait) is { } record) Count(1, record.Message.Key.Span.Length + record.Message.Value.Span.Length);
        Report();
        break;
    }
    case "consume-batch":
    {
        var consumer = StartConsumer();
        while (got < records)
        {
            using var batch = consumer.ConsumeBatch(Rows, wait);
            if (batch is null) continue;
            int sum = batch.Offsets.Length + batch.Partitions.Length + batch.Timestamps.Length == 3 * batch.Count ? 0 : 1;
            BytesColumn k = batch.Keys, v = batch.Values;
            for (int row = 0; row < batch.Count; row++) sum += k[row].Length + v[row].Length;
            Count(batch.Count, sum);
        }
        Report();
        break;
    }
    default:
        throw new ArgumentException(mode);
}
Environment.Exit(0); // what comes after is not measured
