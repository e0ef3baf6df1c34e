using System;
using System.Text.Json;

namespace Kaffi;

/// <summary>An embedded cluster on sockets of this machine, for trying out and for tests. It keeps records in memory; it knows no TLS or
/// SASL. Topics are made at their first use, with 4 partitions.</summary>
public sealed unsafe class MockCluster : IDisposable
{
    readonly MockClusterHandle handle;

    /// <summary>Starts a cluster.</summary>
    /// <param name="brokers">The number of its brokers, 1 to 100.</param>
    public MockCluster(int brokers = 1)
    {
        ulong value;
        var error = stackalloc byte[Library.ErrorRoom];
        int length = Library.ErrorRoom;
        Library.Check(Native.NewMockCluster(brokers, &value, error, &length), error, length);
        handle = new MockClusterHandle(value);
    }

    /// <summary>The addresses of the brokers, for <c>bootstrap.servers</c>.</summary>
    public string BootstrapServers
    {
        get
        {
            var servers = Library.Read((text, room, _, _) => Native.GetMockBootstrap(handle.Value, text, room));
            GC.KeepAlive(this);
            return servers;
        }
    }

    /// <summary>Makes a topic.</summary>
    public void CreateTopic(string topic, int partitions, int replicationFactor = 1) => Request(
        $$$"""{"CreateTopic": {"topic": "{{{JsonEncodedText.Encode(topic)}}}", "partitions": {{{partitions}}}, "replication_factor": {{{replicationFactor}}}}}""");

    /// <summary>Asks something of the cluster: one operation as JSON, such as <c>{"BrokerDown": {"broker": 1}}</c>. The library's manual
    /// of MockRequest lists them.</summary>
    public void Request(string json)
    {
        var error = stackalloc byte[Library.ErrorRoom];
        int code, length = Library.ErrorRoom;
        fixed (byte* j = Library.Text(json, nameof(json))) code = Native.MockRequest(handle.Value, j, error, &length);
        GC.KeepAlive(this);
        Library.Check(code, error, length);
    }

    /// <summary>Stops the cluster; what it kept is gone.</summary>
    public void Dispose() => handle.Dispose();
}
