using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Xunit;

namespace Kaffi.Tests;

/// <summary>Every admin operation.</summary>
public class AdminTests
{
    const string NotThere = "has no such admin operation";

    static AdminClient Admin => new(new AdminClientConfig { BootstrapServers = Cluster.Servers });

    static async Task<string> Topic(AdminClient admin, string name, int partitions = 1)
    {
        string topic = Cluster.Name(name);
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
        Cluster.Until(() => !admin.GetMetadata(topic, Cluster.Long).Topics[0].Error.IsError);
        return topic;
    }

    static async Task<IReadOnlyList<AdminResult>> Failed(ErrorCode code, Task task)
    {
        var error = await Assert.ThrowsAsync<AdminException>(() => task);
        Assert.Equal(code, error.Error.Code);
        return error.Results;
    }

    [Fact]
    public void MetadataTellsOfBrokersAndTopics()
    {
        string topic = Cluster.Name("metadata");
        Cluster.Fill(topic, 1);
        using var admin = Admin;
        var metadata = admin.GetMetadata(Cluster.Long);
        var broker = Assert.Single(metadata.Brokers);
        Assert.Contains($"{broker.Host}:{broker.Port}", Cluster.Servers);
        var found = Assert.Single(metadata.Topics.Where(one => one.Topic == topic));
        Assert.Equal([0, 1, 2, 3], found.Partitions.Select(partition => partition.PartitionId));
        Assert.Equal((broker.BrokerId, broker.BrokerId), (found.Partitions[0].Leader, Assert.Single(found.Partitions[0].InSyncReplicas)));
        var unknown = Assert.Single(admin.GetMetadata(topic + "-unknown", Cluster.Long).Topics);
        Assert.Equal(ErrorCode.UnknownTopicOrPart, unknown.Error.Code);
    }

    [Fact]
    public async Task ClusterAndTopicsAreDescribed()
    {
        string topic = Cluster.Name("described");
        Cluster.Fill(topic, 1);
        using var admin = Admin;
        var cluster = await admin.DescribeClusterAsync(includeAuthorizedOperations: !Cluster.IsMock);
        Assert.Contains($":{Assert.Single(cluster.Nodes).Port}", Cluster.Servers);
        if (!Cluster.IsMock) Assert.Contains(AclOperation.Create, cluster.AuthorizedOperations!);
        Assert.Equal(4, (await admin.ListTopicsAsync()).Single(one => one.Name == topic).Partitions);
        var described = Assert.Single(await admin.DescribeTopicsAsync([topic]));
        Assert.Equal((topic, false, 4), (described.Name, described.IsInternal, described.Partitions.Count));
        Assert.Equal(cluster.Nodes[0].Id, described.Partitions[3].Leader!.Id);
        Assert.Null(described.AuthorizedOperations);
        var results = await Failed(ErrorCode.UnknownTopicOrPart, admin.DescribeTopicsAsync([topic, topic + "-unknown"]));
        Assert.Equal(topic, ((TopicDescription)results.Single(result => !result.Error.IsError)).Name);
    }

    [KafkaFact(NotThere)]
    public async Task TopicsComeGrowAndGo()
    {
        using var admin = Admin;
        string topic = await Topic(admin, "topics"), other = topic + "-other";
        var specification = new TopicSpecification
        {
            Name = other, ReplicasAssignments = [[1], [1], [1]], Configs = new Dictionary<string, string> { ["retention.ms"] = "60000" },
        };
        await admin.CreateTopicsAsync([specification], validateOnly: true);
        await admin.CreateTopicsAsync([specification]);
        var results = await Failed(ErrorCode.TopicAlreadyExists, admin.CreateTopicsAsync([specification, new TopicSpecification { Name = other + "-3" }]));
        Assert.Equal([true, false], results.Cast<TopicResult>().OrderBy(result => result.Topic).Select(result => result.Error.IsError));
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = other, IncreaseTo = 5, ReplicaAssignments = [[1], [1]] }]);
        await Failed(ErrorCode.InvalidPartitions, admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = other, IncreaseTo = 2 }]));
        Cluster.Until(() => admin.ListTopicsAsync().Result.Any(one => one.Name == other && one.Partitions == 5));
        var description = (await admin.DescribeTopicsAsync([other], includeAuthorizedOperations: true))[0];
        Assert.Contains(AclOperation.Write, description.AuthorizedOperations!);
        Assert.NotNull(description.TopicId);
        await admin.DeleteTopicsAsync([topic, other, other + "-3"]);
        Cluster.Until(() => admin.ListTopicsAsync().Result.All(one => one.Name != other));
        await Failed(ErrorCode.UnknownTopicOrPart, admin.DeleteTopicsAsync([other]));
    }

    [Fact]
    public async Task OffsetsAreListed()
    {
        string topic = Cluster.Name("list-offsets");
        Cluster.Fill(topic, 7);
        using var admin = Admin;
        var partition = new TopicPartition(topic, 0);
        async Task<ListOffsetsResult> Of(OffsetSpec spec) =>
            Assert.Single(await admin.ListOffsetsAsync(new Dictionary<TopicPartition, OffsetSpec> { [partition] = spec }, IsolationLevel.ReadCommitted));
        Assert.Equal(new Offset(0), (await Of(OffsetSpec.Earliest)).Offset);
        Assert.Equal(new Offset(7), (await Of(OffsetSpec.Latest)).Offset);
        if (Cluster.IsMock) return; // it cannot look up times
        var last = await Of(OffsetSpec.MaxTimestamp);
        Assert.InRange((long)last.Offset!, 0, 6);
        Assert.InRange(last.Timestamp!.Value, DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds(), long.MaxValue);
        Assert.Equal(new Offset(0), (await Of(OffsetSpec.ForTimestamp(1000))).Offset);
        Assert.Null((await Of(OffsetSpec.ForTimestamp(last.Timestamp.Value + 100_000))).Offset);
    }

    [KafkaFact(NotThere)]
    public async Task RecordsAreDeleted()
    {
        string topic = Cluster.Name("delete-records");
        Cluster.Fill(topic, 7);
        using var admin = Admin;
        var partition = new TopicPartition(topic, 0);
        Assert.Equal(new Offset(3), Assert.Single(await admin.DeleteRecordsAsync([new TopicPartitionOffset(partition, 3)])).LowWatermark);
        Assert.Equal(new Offset(7), Assert.Single(await admin.DeleteRecordsAsync([new TopicPartitionOffset(partition, Offset.End)])).LowWatermark);
        var results = await Failed(ErrorCode.OffsetOutOfRange, admin.DeleteRecordsAsync([new TopicPartitionOffset(partition, 8)]));
        Assert.Equal(partition, ((DeleteRecordsResult)results[0]).TopicPartition);
    }

    [KafkaFact(NotThere)]
    public async Task ConfigurationsAreChanged()
    {
        using var admin = Admin;
        var topic = new ConfigResource(ResourceType.Topic, await Topic(admin, "configs"));
        async Task<ConfigEntryResult> Entry(string name) => Assert.Single(await admin.DescribeConfigsAsync([topic])).Entries[name];
        Assert.NotEqual(ConfigSource.DynamicTopicConfig, (await Entry("retention.ms")).Source);
        await Change([new("retention.ms", "70000"), new("cleanup.policy", "compact", AlterConfigOpType.Append)]);
        var retention = await Entry("retention.ms");
        Assert.Equal(("70000", ConfigSource.DynamicTopicConfig, false), (retention.Value, retention.Source, retention.IsDefault));
        Assert.Equal(("retention.ms", "70000"), (retention.Synonyms[0].Name, retention.Synonyms[0].Value));
        Assert.Equal("delete,compact", (await Entry("cleanup.policy")).Value);
        await Change([new("retention.ms", null, AlterConfigOpType.Delete), new("cleanup.policy", "delete", AlterConfigOpType.Subtract)]);
        Assert.NotEqual(ConfigSource.DynamicTopicConfig, (await Entry("retention.ms")).Source);
        Assert.Equal("compact", (await Entry("cleanup.policy")).Value);
        await Failed(ErrorCode.InvalidConfig, Change([new("retention.ms", "many")]));
        var broker = (await admin.DescribeConfigsAsync([new(ResourceType.Broker, "1")]))[0];
        Assert.Equal(ConfigSource.StaticBrokerConfig, broker.Entries["node.id"].Source);

        Task Change(ConfigEntry[] entries) =>
            admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, IReadOnlyList<ConfigEntry>> { [topic] = entries });
    }

    [KafkaFact(NotThere)]
    public async Task TheBrokerCanGiveRecordsTheirTime()
    {
        using var admin = Admin;
        string topic = Cluster.Name("append-time");
        await admin.CreateTopicsAsync([new TopicSpecification
        {
            Name = topic, NumPartitions = 1, Configs = new Dictionary<string, string> { ["message.timestamp.type"] = "LogAppendTime" },
        }]);
        using var producer = new Producer(Cluster.ForProducer);
        var report = await producer.ProduceAsync(topic, new Message { Value = "v", Timestamp = new(1000, TimestampType.CreateTime) });
        using var consumer = Cluster.Subscribed(topic, topic);
        var record = Cluster.Next(consumer);
        Assert.Equal(TimestampType.LogAppendTime, record.Timestamp.Type);
        Assert.InRange(record.Timestamp.UtcDateTime, DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(5));
        Assert.Equal(report.Timestamp, record.Timestamp);
    }

    [KafkaFact(NotThere)]
    public async Task GroupsAreDescribedAndDeleted()
    {
        string topic = Cluster.Name("groups");
        Cluster.Fill(topic, 3);
        using var admin = Admin;
        using (var consumer = Cluster.Subscribed(topic, topic, config => config.ClientId = "me"))
        {
            Cluster.Next(consumer, 3);
            var group = Assert.Single(await admin.DescribeConsumerGroupsAsync([topic], includeAuthorizedOperations: true));
            Assert.Equal((ConsumerGroupState.Stable, ConsumerGroupType.Classic, "range"), (group.State, group.Type, group.PartitionAssignor));
            var member = Assert.Single(group.Members);
            Assert.Equal((consumer.MemberId, "me"), (member.ConsumerId, member.ClientId));
            Assert.Equal(consumer.Assignment, member.Assignment.OrderBy(partition => partition.Partition.Value));
            Assert.Contains(AclOperation.Read, group.AuthorizedOperations!);
            Assert.NotNull(group.Coordinator);
            await Failed(ErrorCode.NonEmptyGroup, admin.DeleteGroupsAsync([topic]));
        }
        var listed = (await admin.ListConsumerGroupsAsync([ConsumerGroupState.Empty], [ConsumerGroupType.Classic])).Valid.Single(one => one.GroupId == topic);
        Assert.Equal((ConsumerGroupState.Empty, ConsumerGroupType.Classic, false), (listed.State, listed.Type, listed.IsSimpleConsumerGroup));
        Assert.Empty((await admin.ListConsumerGroupsAsync([ConsumerGroupState.Stable])).Valid.Where(one => one.GroupId == topic));
        await admin.DeleteGroupsAsync([topic]);
        Assert.Empty((await admin.ListConsumerGroupsAsync()).Valid.Where(one => one.GroupId == topic));
    }

    [Fact]
    public async Task GroupOffsetsAreChanged()
    {
        string topic = Cluster.Name("group-offsets");
        Cluster.Fill(topic, 3);
        using var admin = Admin;
        TopicPartition[] two = [new(topic, 0), new(topic, 1)];
        Assert.Single(await admin.AlterConsumerGroupOffsetsAsync(
            [new(topic, [new TopicPartitionOffset(two[0], 2) { Metadata = "by hand" }, new TopicPartitionOffset(two[1], 0)])]));
        var group = Assert.Single(await admin.ListConsumerGroupOffsetsAsync([new(topic, [.. two, new(topic, 2)])], requireStableOffsets: true));
        Assert.Equal([2, 0, Offset.Unset.Value], group.Partitions.Select(entry => entry.Offset.Value));
        Assert.Equal("by hand", group.Partitions[0].TopicPartitionOffset.Metadata.ToText());
        using (var consumer = Cluster.Subscribed(topic, topic)) Assert.Equal(2, Cluster.Next(consumer).Offset.Value);
        if (Cluster.IsMock) return; // it cannot delete offsets
        await admin.DeleteConsumerGroupOffsetsAsync(topic, [two[1]]);
        Assert.Equal([two[0]], (await admin.ListConsumerGroupOffsetsAsync([new(topic)]))[0].Partitions
            .Where(entry => entry.Offset > 0).Select(entry => entry.TopicPartition));
        await Failed(ErrorCode.GroupIdNotFound, admin.DeleteConsumerGroupOffsetsAsync(topic + "-unknown", two));
    }

    [KafkaFact(NotThere)]
    public async Task AclsComeAndGo()
    {
        string topic = Cluster.Name("acls");
        using var admin = Admin;
        var read = new AclBinding(ResourceType.Topic, topic, "User:alice", AclOperation.Read, AclPermissionType.Allow);
        var describe = read with { Operation = AclOperation.DescribeConfigs, PermissionType = AclPermissionType.Deny, ResourcePatternType = ResourcePatternType.Prefixed, Host = "10.0.0.1" };
        AclBindingFilter all = new() { Name = topic }, denied = new() { Name = topic, PermissionType = AclPermissionType.Deny };
        try
        {
            await admin.CreateAclsAsync([read, describe]);
        }
        catch (AdminException error) when (error.Error.Code == ErrorCode.SecurityDisabled)
        {
            Assert.Empty(await admin.DescribeAclsAsync(all)); // a cluster without an authorizer
            return;
        }
        Cluster.Until(() => admin.DescribeAclsAsync(all).Result.Count == 2);
        Assert.Equal([describe], await admin.DescribeAclsAsync(denied));
        Assert.Equal([describe], Assert.Single(await admin.DeleteAclsAsync([denied])).AclBindings);
        Assert.Equal([read], Assert.Single(await admin.DeleteAclsAsync([new() { Name = topic, Type = ResourceType.Topic, Principal = "User:alice" }])).AclBindings);
        Cluster.Until(() => admin.DescribeAclsAsync(all).Result.Count == 0);
    }

    [KafkaFact(NotThere)]
    public async Task UsersHaveScramCredentials()
    {
        string user = Cluster.Name("user");
        using var admin = Admin;
        ScramCredentialInfo one = new(ScramMechanism.ScramSha256, 8192), two = new(ScramMechanism.ScramSha512);
        await admin.AlterUserScramCredentialsAsync([new UserScramCredentialUpsertion(user, one, "secret")]);
        await admin.AlterUserScramCredentialsAsync([new UserScramCredentialUpsertion(user, two, "secret") { Salt = Encoding.UTF8.GetBytes("salt") }]);
        Cluster.Until(() => admin.DescribeUserScramCredentialsAsync().Result.Any(found => found.User == user && found.ScramCredentialInfos.Count == 2));
        Assert.Equal([one, two], Assert.Single(await admin.DescribeUserScramCredentialsAsync([user])).ScramCredentialInfos.OrderBy(info => info.Mechanism));
        await admin.AlterUserScramCredentialsAsync([new UserScramCredentialDeletion(user, ScramMechanism.ScramSha256)]);
        Cluster.Until(() => admin.DescribeUserScramCredentialsAsync([user]).Result[0].ScramCredentialInfos.SequenceEqual([two]));
        await admin.AlterUserScramCredentialsAsync([new UserScramCredentialDeletion(user, ScramMechanism.ScramSha512)]);
        Assert.False(new UserScramCredentialUpsertion(user, one, "secret").ToString().Contains("secret"));
        await Failed(ErrorCode.ResourceNotFound, admin.AlterUserScramCredentialsAsync([new UserScramCredentialDeletion(user, ScramMechanism.ScramSha256)]));
    }

    [KafkaFact(NotThere)]
    public async Task LeadersAreElected()
    {
        using var admin = Admin;
        var partition = new TopicPartition(await Topic(admin, "elect"), 0);
        var result = Assert.Single(await admin.ElectLeadersAsync(ElectionType.Preferred, [partition]));
        Assert.Equal((partition, ErrorCode.ElectionNotNeeded), (result.TopicPartition, result.Error.Code));
        await Failed(ErrorCode.UnknownTopicOrPart, admin.ElectLeadersAsync(ElectionType.Unclean, [new TopicPartition(partition.Topic, 7)]));
    }

    [Fact]
    public async Task WrongRequestsAndMissingBrokersSaySo()
    {
        var admin = Admin;
        Assert.Equal(ErrorCode.Kaffi_BadArgument, (await Assert.ThrowsAsync<KafkaException>(() => admin.DeleteTopicsAsync(["t", "t"]))).Error.Code);
        admin.Poll();
        admin.Dispose();
        Assert.Equal(ErrorCode.Kaffi_Closed, Cluster.Code(() => admin.GetMetadata(Cluster.Long)));
        admin.Dispose();
        using var lonely = new AdminClient(new AdminClientConfig { BootstrapServers = Cluster.Nobody() });
        var error = (await Assert.ThrowsAsync<KafkaException>(() => lonely.ListTopicsAsync(timeout: TimeSpan.FromSeconds(1)))).Error;
        Assert.Contains("127.0.0.1", error.Reason);
    }
}
