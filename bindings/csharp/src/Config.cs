using System.Collections;
using System.Collections.Generic;
using System.Globalization;

namespace Kaffi;

/// <summary>Properties of a client by their names in librdkafka's and kaffi's manuals: <c>config["linger.ms"] = "5"</c>. Those in
/// common use also have a C# name.</summary>
public class Config : IEnumerable<KeyValuePair<string, string>>
{
    readonly Dictionary<string, string> properties = [];

    /// <summary>No properties.</summary>
    public Config() { }

    /// <summary>A copy of these properties.</summary>
    public Config(IEnumerable<KeyValuePair<string, string>> config)
    {
        foreach (var (key, value) in config) properties[key] = value;
    }

    /// <summary>A property by its name; null when it is not set, and null unsets it.</summary>
    public string? this[string key]
    {
        get => properties.GetValueOrDefault(key);
        set
        {
            if (value is null) properties.Remove(key);
            else properties[key] = value;
        }
    }

    /// <summary>Sets a property.</summary>
    public void Add(string key, string value) => properties.Add(key, value);

    /// <summary>Sets a property.</summary>
    public void Set(string key, string value) => properties[key] = value;

    /// <summary>A property by its name; null when it is not set.</summary>
    public string? Get(string key) => this[key];

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => properties.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private protected int? GetInt(string key) => this[key] is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private protected void SetInt(string key, int? value) => this[key] = value?.ToString(CultureInfo.InvariantCulture);

    private protected bool? GetBool(string key) => this[key] is { } text ? bool.Parse(text) : null;

    private protected void SetBool(string key, bool? value) => this[key] = value is { } flag ? flag ? "true" : "false" : null;
}

/// <summary>Properties that producers and consumers have in common.</summary>
public class ClientConfig : Config
{
    /// <summary>No properties.</summary>
    public ClientConfig() { }

    /// <summary>A copy of these properties.</summary>
    public ClientConfig(IEnumerable<KeyValuePair<string, string>> config) : base(config) { }

    /// <summary><c>bootstrap.servers</c>: brokers to begin with, <c>host:port,host:port</c>.</summary>
    public string? BootstrapServers { get => this["bootstrap.servers"]; set => this["bootstrap.servers"] = value; }

    /// <summary><c>client.id</c>: the name that brokers log.</summary>
    public string? ClientId { get => this["client.id"]; set => this["client.id"] = value; }

    /// <summary><c>security.protocol</c>: plaintext, ssl, sasl_plaintext or sasl_ssl.</summary>
    public string? SecurityProtocol { get => this["security.protocol"]; set => this["security.protocol"] = value; }

    /// <summary><c>ssl.ca.location</c>: file or folder of the certificates that are trusted.</summary>
    public string? SslCaLocation { get => this["ssl.ca.location"]; set => this["ssl.ca.location"] = value; }

    /// <summary><c>sasl.mechanism</c>: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI.</summary>
    public string? SaslMechanism { get => this["sasl.mechanism"]; set => this["sasl.mechanism"] = value; }

    /// <summary><c>sasl.username</c>.</summary>
    public string? SaslUsername { get => this["sasl.username"]; set => this["sasl.username"] = value; }

    /// <summary><c>sasl.password</c>.</summary>
    public string? SaslPassword { get => this["sasl.password"]; set => this["sasl.password"] = value; }

    /// <summary><c>statistics.interval.ms</c>: how often <see cref="Client.StatisticsHandler"/> is called.</summary>
    public int? StatisticsIntervalMs { get => GetInt("statistics.interval.ms"); set => SetInt("statistics.interval.ms", value); }

    /// <summary><c>debug</c>: which parts of the engine log what they do, such as <c>broker,topic</c>.</summary>
    public string? Debug { get => this["debug"]; set => this["debug"] = value; }
}

/// <summary>When a record counts as delivered.</summary>
public enum Acks
{
    /// <summary>At once.</summary>
    None = 0,
    /// <summary>When the partition's leader has it.</summary>
    Leader = 1,
    /// <summary>When all in-sync replicas have it.</summary>
    All = -1,
}

/// <summary>Properties of a producer.</summary>
public class ProducerConfig : ClientConfig
{
    /// <summary>No properties.</summary>
    public ProducerConfig() { }

    /// <summary>A copy of these properties.</summary>
    public ProducerConfig(IEnumerable<KeyValuePair<string, string>> config) : base(config) { }

    /// <summary><c>acks</c>: when a record counts as delivered.</summary>
    public Acks? Acks { get => this["acks"] == "all" ? Kaffi.Acks.All : (Acks?)GetInt("acks"); set => SetInt("acks", (int?)value); }

    /// <summary><c>compression.type</c>: none, gzip, snappy, lz4 or zstd.</summary>
    public string? CompressionType { get => this["compression.type"]; set => this["compression.type"] = value; }

    /// <summary><c>enable.idempotence</c>: no duplicates and no reordering by retries.</summary>
    public bool? EnableIdempotence { get => GetBool("enable.idempotence"); set => SetBool("enable.idempotence", value); }

    /// <summary><c>linger.ms</c>: how long records wait for company.</summary>
    public int? LingerMs { get => GetInt("linger.ms"); set => SetInt("linger.ms", value); }

    /// <summary><c>message.timeout.ms</c>: after this time an undelivered record has failed.</summary>
    public int? MessageTimeoutMs { get => GetInt("message.timeout.ms"); set => SetInt("message.timeout.ms", value); }

    /// <summary><c>transactional.id</c>: the name of a producer of transactions, which it keeps when it is started anew.</summary>
    public string? TransactionalId { get => this["transactional.id"]; set => this["transactional.id"] = value; }
}

/// <summary>Where a group begins that has committed nothing.</summary>
public enum AutoOffsetReset
{
    /// <summary>At the end: new records only.</summary>
    Latest,
    /// <summary>At the beginning.</summary>
    Earliest,
    /// <summary>Nowhere: consuming fails.</summary>
    Error,
}

/// <summary>Properties of a consumer.</summary>
public class ConsumerConfig : ClientConfig
{
    /// <summary>No properties.</summary>
    public ConsumerConfig() { }

    /// <summary>A copy of these properties.</summary>
    public ConsumerConfig(IEnumerable<KeyValuePair<string, string>> config) : base(config) { }

    /// <summary><c>group.id</c>: the group that shares the work and the committed offsets.</summary>
    public string? GroupId { get => this["group.id"]; set => this["group.id"] = value; }

    /// <summary><c>auto.offset.reset</c>: where a group begins that has committed nothing.</summary>
    public AutoOffsetReset? AutoOffsetReset
    {
        get => this["auto.offset.reset"] is { } text ? System.Enum.Parse<AutoOffsetReset>(text, true) : null;
        set => this["auto.offset.reset"] = value?.ToString().ToLowerInvariant();
    }

    /// <summary><c>enable.auto.commit</c>: commits what was processed in the background and when closing.</summary>
    public bool? EnableAutoCommit { get => GetBool("enable.auto.commit"); set => SetBool("enable.auto.commit", value); }

    /// <summary><c>enable.auto.offset.store</c>: false: only <c>StoreOffset</c> says what is processed.</summary>
    public bool? EnableAutoOffsetStore { get => GetBool("enable.auto.offset.store"); set => SetBool("enable.auto.offset.store", value); }

    /// <summary><c>group.instance.id</c>: the name of a member that comes back: its partitions wait for it.</summary>
    public string? GroupInstanceId { get => this["group.instance.id"]; set => this["group.instance.id"] = value; }

    /// <summary><c>isolation.level</c>: whether records of open and aborted transactions are seen.</summary>
    public IsolationLevel? IsolationLevel
    {
        get => this["isolation.level"] is { } text ? text == "read_committed" ? Kaffi.IsolationLevel.ReadCommitted : Kaffi.IsolationLevel.ReadUncommitted : null;
        set => this["isolation.level"] = value is null ? null : value == Kaffi.IsolationLevel.ReadCommitted ? "read_committed" : "read_uncommitted";
    }

    /// <summary><c>session.timeout.ms</c>: a silent member leaves the group after this time.</summary>
    public int? SessionTimeoutMs { get => GetInt("session.timeout.ms"); set => SetInt("session.timeout.ms", value); }
}

/// <summary>Properties of an admin client.</summary>
public class AdminClientConfig : ClientConfig
{
    /// <summary>No properties.</summary>
    public AdminClientConfig() { }

    /// <summary>A copy of these properties.</summary>
    public AdminClientConfig(IEnumerable<KeyValuePair<string, string>> config) : base(config) { }
}
