using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Tasks;

namespace Kaffi;

/// <summary>Administers a cluster: topics, configurations, groups, ACLs, users.</summary>
/// <remarks>
/// <para>Where things fail one by one, an <see cref="AdminException"/> has the result of each. Where no broker answers, a <see
/// cref="KafkaException"/> says why; what was asked for may be done all the same when that is <see cref="ErrorCode.Local_TimedOut"/>.</para>
/// <para>The timeouts are <c>kaffi.request.timeout.ms</c> (60 s) unless given. Any thread may use it at any time.</para>
/// </remarks>
public sealed class AdminClient : Client
{
    /// <summary>Starts an admin client.</summary>
    /// <exception cref="KafkaException">A property is unknown or invalid, or the client cannot start: the reason says why.</exception>
    public AdminClient(IEnumerable<KeyValuePair<string, string>> config) : base(ClientHandle.Start(ClientType.Admin, config)) { }

    /// <summary>Runs the handlers of events.</summary>
    public void Poll() => HandleEvents();

    /// <summary>Closes the client.</summary>
    public override void Dispose()
    {
        if (!Handle.IsClosed) Handle.Close(CloseMilliseconds, out _);
    }

    /// <summary>What the brokers say of themselves and of all topics.</summary>
    public Metadata GetMetadata(TimeSpan timeout) => Ask("Metadata", [], ReadMetadata, timeout);

    /// <summary>What the brokers say of themselves and of a topic. It is not made by this.</summary>
    public Metadata GetMetadata(string topic, TimeSpan timeout) => Ask("Metadata", new() { ["topics"] = List([topic]) }, ReadMetadata, timeout);

    /// <summary>Describes the cluster.</summary>
    /// <param name="includeAuthorizedOperations">Whether what this client may do on it is asked for.</param>
    /// <param name="timeout">How long to wait.</param>
    public Task<DescribeClusterResult> DescribeClusterAsync(bool includeAuthorizedOperations = false, TimeSpan? timeout = null) => AskAsync(
        "DescribeCluster", new() { ["include_authorized_operations"] = includeAuthorizedOperations },
        reply => new DescribeClusterResult(
            Text(reply, "cluster_id"), NodeOf(reply.GetProperty("controller")), Each(reply, "brokers", node => NodeOf(node)!), Operations(reply)),
        timeout);

    /// <summary>Every topic.</summary>
    /// <param name="includeInternal">Kafka's own, too.</param>
    /// <param name="timeout">How long to wait.</param>
    public Task<List<TopicListing>> ListTopicsAsync(bool includeInternal = false, TimeSpan? timeout = null) => AskAsync(
        "ListTopics", new() { ["include_internal"] = includeInternal },
        reply => Each(reply, "topics", topic => new TopicListing(
            Text(topic, "name")!, Number(topic, "partitions"), Flag(topic, "is_internal"), ErrorOf(topic))),
        timeout);

    /// <summary>Describes topics: their ids, and where each partition is.</summary>
    /// <param name="topics">Their names.</param>
    /// <param name="includeAuthorizedOperations">Whether what this client may do on them is asked for.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some could not be described.</exception>
    public Task<List<TopicDescription>> DescribeTopicsAsync(
        IEnumerable<string> topics, bool includeAuthorizedOperations = false, TimeSpan? timeout = null) => AskEachAsync(
        "DescribeTopics", new() { ["topics"] = List(topics), ["include_authorized_operations"] = includeAuthorizedOperations }, "topics",
        topic => new TopicDescription(
            Text(topic, "name")!, Text(topic, "topic_id"), Flag(topic, "is_internal"),
            Each(topic, "partitions", partition => new TopicPartitionInfo(
                Number(partition, "partition"), NodeOf(partition.GetProperty("leader")), Each(partition, "replicas", node => NodeOf(node)!),
                Each(partition, "isr", node => NodeOf(node)!))),
            Operations(topic), ErrorOf(topic)),
        timeout);

    /// <summary>Makes topics.</summary>
    /// <param name="topics">The topics.</param>
    /// <param name="validateOnly">Whether the brokers only check them.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not made: its results are <see cref="TopicResult"/>.</exception>
    public Task CreateTopicsAsync(IEnumerable<TopicSpecification> topics, bool validateOnly = false, TimeSpan? timeout = null) => AskEachAsync(
        "CreateTopics", new()
        {
            ["topics"] = Array(topics, topic =>
            {
                var json = new JsonObject { ["name"] = topic.Name };
                if (topic.ReplicasAssignments is { } replicas) json["replica_assignment"] = Replicas(replicas);
                else (json["partitions"], json["replication_factor"]) = (topic.NumPartitions, topic.ReplicationFactor);
                if (topic.Configs is { Count: > 0 } configs) json["configs"] = new JsonObject(configs.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
                return json;
            }),
            ["validate_only"] = validateOnly,
        }, "topics", TopicResultOf, timeout);

    /// <summary>Deletes topics.</summary>
    /// <param name="topics">Their names.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not deleted: its results are <see cref="TopicResult"/>.</exception>
    public Task DeleteTopicsAsync(IEnumerable<string> topics, TimeSpan? timeout = null) =>
        AskEachAsync("DeleteTopics", new() { ["topics"] = List(topics) }, "topics", TopicResultOf, timeout);

    /// <summary>Gives topics more partitions.</summary>
    /// <param name="partitionsSpecifications">The topics, and how many partitions they have then.</param>
    /// <param name="validateOnly">Whether the brokers only check that.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some got none: its results are <see cref="TopicResult"/>.</exception>
    public Task CreatePartitionsAsync(
        IEnumerable<PartitionsSpecification> partitionsSpecifications, bool validateOnly = false, TimeSpan? timeout = null) => AskEachAsync(
        "CreatePartitions", new()
        {
            ["topics"] = Array(partitionsSpecifications, topic =>
            {
                var json = new JsonObject { ["name"] = topic.Topic, ["partitions"] = topic.IncreaseTo };
                if (topic.ReplicaAssignments is { } replicas) json["replica_assignment"] = Replicas(replicas);
                return json;
            }),
            ["validate_only"] = validateOnly,
        }, "topics", TopicResultOf, timeout);

    /// <summary>Deletes the records before an offset; <see cref="Offset.End"/>: all that are there.</summary>
    /// <param name="offsets">The partitions with their offsets.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Of some partitions nothing was deleted.</exception>
    public Task<List<DeleteRecordsResult>> DeleteRecordsAsync(IEnumerable<TopicPartitionOffset> offsets, TimeSpan? timeout = null) => AskEachAsync(
        "DeleteRecords", new() { ["partitions"] = Array(offsets, place => Place(place.TopicPartition, ("offset", place.Offset.Value))) }, "partitions",
        entry => new DeleteRecordsResult(PartitionOf(entry), Long(entry, "low_watermark") is { } low ? new Offset(low) : null, ErrorOf(entry)),
        timeout);

    /// <summary>Finds offsets of partitions.</summary>
    /// <param name="partitions">The partitions, and which offset of each.</param>
    /// <param name="isolationLevel">Whether records of open and aborted transactions are seen.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some could not be found out.</exception>
    public Task<List<ListOffsetsResult>> ListOffsetsAsync(
        IEnumerable<KeyValuePair<TopicPartition, OffsetSpec>> partitions, IsolationLevel isolationLevel = IsolationLevel.ReadUncommitted,
        TimeSpan? timeout = null) => AskEachAsync(
        "ListOffsets", new()
        {
            ["partitions"] = Array(partitions, pair => pair.Value.Name is { } name
                ? Place(pair.Key, ("offset", name))
                : Place(pair.Key, ("timestamp", pair.Value.Milliseconds))),
            ["isolation_level"] = isolationLevel == IsolationLevel.ReadCommitted ? "read_committed" : "read_uncommitted",
        }, "partitions",
        entry => new ListOffsetsResult(
            PartitionOf(entry), Long(entry, "offset") is { } offset ? new Offset(offset) : null, Long(entry, "timestamp"),
            (int?)Long(entry, "leader_epoch"), ErrorOf(entry)),
        timeout);

    /// <summary>Describes the configurations of topics, groups and brokers.</summary>
    /// <param name="resources">What they belong to.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some could not be described.</exception>
    public Task<List<DescribeConfigsResult>> DescribeConfigsAsync(IEnumerable<ConfigResource> resources, TimeSpan? timeout = null) => AskEachAsync(
        "DescribeConfigs", new() { ["resources"] = Array(resources, Json) }, "resources",
        resource => new DescribeConfigsResult(
            ResourceOf(resource),
            Each(resource, "configs", config => new ConfigEntryResult(
                Text(config, "name")!, Text(config, "value"), Choice<ConfigSource>(config, "source"), Flag(config, "is_default"),
                Flag(config, "is_read_only"), Flag(config, "is_sensitive"),
                Each(config, "synonyms", synonym => new ConfigSynonym(
                    Text(synonym, "name")!, Text(synonym, "value"), Choice<ConfigSource>(synonym, "source"))))).ToDictionary(config => config.Name),
            ErrorOf(resource)),
        timeout);

    /// <summary>Changes single configurations of topics, groups and brokers, and leaves the others.</summary>
    /// <param name="configs">The changes.</param>
    /// <param name="validateOnly">Whether the brokers only check them.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not changed: its results are <see cref="AlterConfigsResult"/>.</exception>
    public Task IncrementalAlterConfigsAsync(
        IEnumerable<KeyValuePair<ConfigResource, IReadOnlyList<ConfigEntry>>> configs, bool validateOnly = false, TimeSpan? timeout = null) => AskEachAsync(
        "AlterConfigs", new()
        {
            ["resources"] = Array(configs, pair =>
            {
                var json = Json(pair.Key);
                json["configs"] = Array(pair.Value, entry =>
                {
                    var change = new JsonObject { ["name"] = entry.Name, ["operation"] = Name(entry.IncrementalOperation) };
                    if (entry.Value is not null) change["value"] = entry.Value;
                    return change;
                });
                return json;
            }),
            ["validate_only"] = validateOnly,
        }, "resources", resource => new AlterConfigsResult(ResourceOf(resource), ErrorOf(resource)), timeout);

    /// <summary>Every consumer group.</summary>
    /// <param name="matchStates">Only those that do this.</param>
    /// <param name="matchTypes">Only those of these types.</param>
    /// <param name="timeout">How long to wait.</param>
    public Task<ListConsumerGroupsResult> ListConsumerGroupsAsync(
        IEnumerable<ConsumerGroupState>? matchStates = null, IEnumerable<ConsumerGroupType>? matchTypes = null, TimeSpan? timeout = null)
    {
        var request = new JsonObject();
        if (matchStates is not null) request["states"] = List(matchStates.Select(state => state.ToString()));
        if (matchTypes is not null) request["types"] = List(matchTypes.Select(type => type.ToString()));
        return AskAsync("ListGroups", request, reply => new ListConsumerGroupsResult(
            Each(reply, "groups", group => new ConsumerGroupListing(
                Text(group, "group")!, Choice<ConsumerGroupState>(group, "state"), Choice<ConsumerGroupType>(group, "type"), Flag(group, "is_simple"))),
            Each(reply, "errors", error => ErrorOf(error))), timeout);
    }

    /// <summary>Describes groups: their members, and what these are assigned.</summary>
    /// <param name="groups">Their names.</param>
    /// <param name="includeAuthorizedOperations">Whether what this client may do on them is asked for.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some could not be described.</exception>
    public Task<List<ConsumerGroupDescription>> DescribeConsumerGroupsAsync(
        IEnumerable<string> groups, bool includeAuthorizedOperations = false, TimeSpan? timeout = null) => AskEachAsync(
        "DescribeGroups", new() { ["groups"] = List(groups), ["include_authorized_operations"] = includeAuthorizedOperations }, "groups",
        group => new ConsumerGroupDescription(
            Text(group, "group")!, Choice<ConsumerGroupState>(group, "state"), Choice<ConsumerGroupType>(group, "type"), Flag(group, "is_simple"),
            Text(group, "partition_assignor") ?? "", group.TryGetProperty("coordinator", out var node) ? NodeOf(node) : null,
            Each(group, "members", member => new MemberDescription(
                Text(member, "member_id")!, Text(member, "client_id")!, Text(member, "host")!, Text(member, "group_instance_id"),
                Each(member, "assignment", PartitionOf),
                member.GetProperty("target_assignment").ValueKind == JsonValueKind.Array ? Each(member, "target_assignment", PartitionOf) : null)),
            Operations(group), ErrorOf(group)),
        timeout);

    /// <summary>Deletes groups that have no members.</summary>
    /// <param name="groups">Their names.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not deleted: its results are <see cref="GroupResult"/>.</exception>
    public Task DeleteGroupsAsync(IEnumerable<string> groups, TimeSpan? timeout = null) => AskEachAsync(
        "DeleteGroups", new() { ["groups"] = List(groups) }, "groups", group => new GroupResult(Text(group, "group")!, ErrorOf(group)), timeout);

    /// <summary>What groups have committed.</summary>
    /// <param name="groupPartitions">The groups, and which partitions of each.</param>
    /// <param name="requireStableOffsets">Whether offsets of open transactions are waited for.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some are not known.</exception>
    public Task<List<GroupOffsetsResult>> ListConsumerGroupOffsetsAsync(
        IEnumerable<ConsumerGroupTopicPartitions> groupPartitions, bool requireStableOffsets = false, TimeSpan? timeout = null) => AskEachAsync(
        "ListGroupOffsets", new()
        {
            ["groups"] = Array(groupPartitions, group =>
            {
                var json = new JsonObject { ["group"] = group.Group };
                if (group.TopicPartitions is not null) json["partitions"] = Array(group.TopicPartitions, partition => Place(partition));
                return json;
            }),
            ["require_stable"] = requireStableOffsets,
        }, "groups", GroupOffsetsOf, timeout);

    /// <summary>Commits offsets for groups that have no members.</summary>
    /// <param name="groupPartitions">The groups with their offsets.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not committed.</exception>
    public Task<List<GroupOffsetsResult>> AlterConsumerGroupOffsetsAsync(
        IEnumerable<ConsumerGroupTopicPartitionOffsets> groupPartitions, TimeSpan? timeout = null) => AskEachAsync(
        "AlterGroupOffsets", new()
        {
            ["groups"] = Array(groupPartitions, group => new JsonObject
            {
                ["group"] = group.Group,
                ["partitions"] = Array(group.TopicPartitionOffsets, place =>
                {
                    var json = Place(place.TopicPartition, ("offset", place.Offset.Value));
                    if (place.LeaderEpoch is { } epoch) json["leader_epoch"] = epoch;
                    if (place.Metadata.HasValue) json["metadata"] = place.Metadata.ToText();
                    return json;
                }),
            }),
        }, "groups", GroupOffsetsOf, timeout);

    /// <summary>Forgets offsets of a group that does not consume the topics.</summary>
    /// <param name="group">Its name.</param>
    /// <param name="partitions">The partitions.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not forgotten.</exception>
    public async Task<GroupOffsetsResult> DeleteConsumerGroupOffsetsAsync(string group, IEnumerable<TopicPartition> partitions, TimeSpan? timeout = null) =>
        (await AskEachAsync(
            "DeleteGroupOffsets",
            new() { ["groups"] = Array([group], one => new JsonObject { ["group"] = one, ["partitions"] = Array(partitions, partition => Place(partition)) }) },
            "groups", GroupOffsetsOf, timeout).ConfigureAwait(false))[0];

    /// <summary>Makes ACLs.</summary>
    /// <param name="aclBindings">The ACLs.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not made: its results are <see cref="AclResult"/>.</exception>
    public Task CreateAclsAsync(IEnumerable<AclBinding> aclBindings, TimeSpan? timeout = null) => AskEachAsync(
        "CreateAcls", new()
        {
            ["acls"] = Array(aclBindings, acl => new JsonObject
            {
                ["resource_type"] = Name(acl.Type), ["resource_name"] = acl.Name, ["pattern_type"] = Name(acl.ResourcePatternType),
                ["principal"] = acl.Principal, ["host"] = acl.Host, ["operation"] = Name(acl.Operation), ["permission"] = Name(acl.PermissionType),
            }),
        }, "acls", acl => new AclResult(AclOf(acl), ErrorOf(acl)), timeout);

    /// <summary>The ACLs that fit a filter. Where the brokers have no authorizer there are none.</summary>
    /// <param name="filter">Which ones.</param>
    /// <param name="timeout">How long to wait.</param>
    public Task<List<AclBinding>> DescribeAclsAsync(AclBindingFilter filter, TimeSpan? timeout = null) =>
        AskAsync("DescribeAcls", new() { ["filter"] = Json(filter) }, reply => Each(reply, "acls", AclOf), timeout);

    /// <summary>Deletes the ACLs that fit a filter. One that leaves everything out deletes all.</summary>
    /// <param name="filters">Which ones.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <returns>For each filter what it has deleted.</returns>
    /// <exception cref="AdminException">Some failed.</exception>
    public Task<List<DeleteAclsResult>> DeleteAclsAsync(IEnumerable<AclBindingFilter> filters, TimeSpan? timeout = null) => AskEachAsync(
        "DeleteAcls", new() { ["filters"] = Array(filters, Json) }, "filters",
        filter =>
        {
            var acls = Each(filter, "acls", acl => new AclResult(AclOf(acl), ErrorOf(acl)));
            var failed = acls.Find(acl => acl.Error.IsError);
            return new DeleteAclsResult(acls.Where(acl => !acl.Error.IsError).Select(acl => acl.AclBinding).ToList(), failed?.Error ?? ErrorOf(filter));
        },
        timeout);

    /// <summary>Which SCRAM credentials users have.</summary>
    /// <param name="users">Their names; without, all users.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some are not known.</exception>
    public Task<List<UserScramCredentialsDescription>> DescribeUserScramCredentialsAsync(IEnumerable<string>? users = null, TimeSpan? timeout = null)
    {
        var request = new JsonObject();
        if (users is not null) request["users"] = List(users);
        return AskEachAsync("DescribeScramCredentials", request, "users", user => new UserScramCredentialsDescription(
            Text(user, "name")!,
            Each(user, "credentials", one => new ScramCredentialInfo(Choice<ScramMechanism>(one, "mechanism"), Number(one, "iterations"))),
            ErrorOf(user)), timeout);
    }

    /// <summary>Makes, replaces and deletes SCRAM credentials.</summary>
    /// <param name="alterations">The changes.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some were not made: its results are <see cref="UserResult"/>.</exception>
    public Task AlterUserScramCredentialsAsync(IEnumerable<UserScramCredentialAlteration> alterations, TimeSpan? timeout = null)
    {
        var all = alterations.ToList();
        var request = new JsonObject();
        if (all.OfType<UserScramCredentialUpsertion>().ToList() is { Count: > 0 } upsertions)
            request["upsertions"] = Array(upsertions, one =>
            {
                var json = new JsonObject
                {
                    ["name"] = one.User, ["mechanism"] = Name(one.ScramCredentialInfo.Mechanism),
                    ["iterations"] = one.ScramCredentialInfo.Iterations, ["password"] = one.Password,
                };
                if (one.Salt is not null) json["salt"] = Convert.ToBase64String(one.Salt);
                return json;
            });
        if (all.OfType<UserScramCredentialDeletion>().ToList() is { Count: > 0 } deletions)
            request["deletions"] = Array(deletions, one => new JsonObject { ["name"] = one.User, ["mechanism"] = Name(one.Mechanism) });
        return AskEachAsync("AlterScramCredentials", request, "users", user => new UserResult(Text(user, "name")!, ErrorOf(user)), timeout);
    }

    /// <summary>Makes other replicas the leaders of partitions. Where there was no need, a result has <see
    /// cref="ErrorCode.ElectionNotNeeded"/>, which is no failure.</summary>
    /// <param name="electionType">Which replicas.</param>
    /// <param name="partitions">The partitions; without, all that need it.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <exception cref="AdminException">Some have no other leader.</exception>
    public Task<List<PartitionResult>> ElectLeadersAsync(ElectionType electionType, IEnumerable<TopicPartition>? partitions = null, TimeSpan? timeout = null)
    {
        var request = new JsonObject { ["election_type"] = Name(electionType) };
        if (partitions is not null) request["partitions"] = Array(partitions, partition => Place(partition));
        return AskEachAsync("ElectLeaders", request, "partitions", entry => new PartitionResult(PartitionOf(entry), ErrorOf(entry)), timeout);
    }

    Task<T> AskAsync<T>(string operation, JsonObject request, Func<JsonElement, T> read, TimeSpan? timeout)
    {
        HandleEvents();
        return Task.Run(() => Ask(operation, request, read, timeout));
    }

    /// <summary>Asks where each thing has a result of its own, and throws when one failed.</summary>
    Task<List<T>> AskEachAsync<T>(string operation, JsonObject request, string member, Func<JsonElement, T> read, TimeSpan? timeout)
        where T : AdminResult => AskAsync(
        operation, request,
        reply =>
        {
            var results = Each(reply, member, read);
            foreach (var result in results)
                if (result.Error is { IsError: true } error && error.Code != ErrorCode.ElectionNotNeeded)
                    throw new AdminException(new Error(error.Code, $"{operation}: {result.Reason}"), results);
            return results;
        },
        timeout);


    unsafe T Ask<T>(string operation, JsonObject request, Func<JsonElement, T> read, TimeSpan? timeout)
    {
        int milliseconds = timeout is { } given ? Library.Milliseconds(given)
            : int.Parse(Handle.Get("kaffi.request.timeout.ms"), CultureInfo.InvariantCulture);
        long waiting = 0; // where a reply waits that found too little room
        long* id = &waiting;
        string reply;
        fixed (byte* r = Library.Text(new JsonObject { [operation] = request }.ToJsonString(), nameof(request)))
        {
            byte* json = r;
            reply = Library.Read((given, room, text, length) => Native.AdminRequest(Handle.Value, json, milliseconds, id, given, room, text, length));
        }
        GC.KeepAlive(this);
        using var document = JsonDocument.Parse(reply);
        return read(document.RootElement);
    }

    // Writing requests. Nodes are made one by one: what reads types at run time would not do where programs are trimmed.

    static JsonArray Array<T>(IEnumerable<T> all, Func<T, JsonNode> json)
    {
        ArgumentNullException.ThrowIfNull(all);
        return new JsonArray(all.Select(json).ToArray());
    }

    static JsonArray List(IEnumerable<string> texts) => Array(texts, text => JsonValue.Create(text));

    static JsonArray Replicas(IEnumerable<IEnumerable<int>> assignments) => Array(assignments, brokers => Array(brokers, broker => JsonValue.Create(broker)));

    static JsonObject Place(TopicPartition partition, (string Name, JsonNode Value)? more = null)
    {
        var json = new JsonObject { ["topic"] = partition.Topic, ["partition"] = partition.Partition.Value };
        if (more is var (name, value)) json[name] = value;
        return json;
    }

    static JsonObject Json(ConfigResource resource) => new() { ["type"] = Name(resource.Type), ["name"] = resource.Name };

    static JsonObject Json(AclBindingFilter filter)
    {
        var json = new JsonObject();
        if (filter.Type is { } type) json["resource_type"] = Name(type);
        if (filter.Name is { } name) json["resource_name"] = name;
        if (filter.ResourcePatternType is { } pattern) json["pattern_type"] = Name(pattern);
        if (filter.Principal is { } principal) json["principal"] = principal;
        if (filter.Host is { } host) json["host"] = host;
        if (filter.Operation is { } operation) json["operation"] = Name(operation);
        if (filter.PermissionType is { } permission) json["permission"] = Name(permission);
        return json;
    }

    /// <summary>Kafka's name of a choice: <c>DescribeConfigs</c> is DESCRIBE_CONFIGS.</summary>
    static string Name<T>(T choice) where T : struct, Enum
    {
        if (choice is ScramMechanism mechanism) return mechanism == ScramMechanism.ScramSha256 ? "SCRAM-SHA-256" : "SCRAM-SHA-512";
        var name = new StringBuilder();
        foreach (char letter in choice.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0) name.Append('_');
            name.Append(char.ToUpperInvariant(letter));
        }
        return name.ToString();
    }

    // Reading replies.

    static Metadata ReadMetadata(JsonElement reply) => new(
        Text(reply, "cluster_id"), (int?)Long(reply, "controller_id"),
        Each(reply, "brokers", broker => new BrokerMetadata(Number(broker, "id"), Text(broker, "host")!, Number(broker, "port"))),
        Each(reply, "topics", topic => new TopicMetadata(
            Text(topic, "name")!,
            Each(topic, "partitions", partition => new PartitionMetadata(
                Number(partition, "partition"), (int?)Long(partition, "leader") ?? -1, Each(partition, "replicas", id => id.GetInt32()),
                Each(partition, "isr", id => id.GetInt32()), ErrorOf(partition))),
            ErrorOf(topic))));

    static List<T> Each<T>(JsonElement json, string member, Func<JsonElement, T> read) =>
        json.TryGetProperty(member, out var all) && all.ValueKind == JsonValueKind.Array ? all.EnumerateArray().Select(read).ToList() : [];

    static string? Text(JsonElement json, string member) => json.TryGetProperty(member, out var text) ? text.GetString() : null;

    static long? Long(JsonElement json, string member) =>
        json.TryGetProperty(member, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetInt64() : null;

    static int Number(JsonElement json, string member) => (int)(Long(json, member) ?? 0);

    static bool Flag(JsonElement json, string member) => json.TryGetProperty(member, out var flag) && flag.ValueKind == JsonValueKind.True;

    static T Choice<T>(JsonElement json, string member) where T : struct, Enum => Choice<T>(Text(json, member));

    static T Choice<T>(string? name) where T : struct, Enum =>
        Enum.TryParse<T>(name?.Replace("_", "").Replace("-", ""), ignoreCase: true, out var choice) ? choice : Enum.Parse<T>("Unknown");

    static Node? NodeOf(JsonElement node) => node.ValueKind == JsonValueKind.Object
        ? new Node(Number(node, "id"), Text(node, "host")!, Number(node, "port"), Text(node, "rack"))
        : null;

    static List<AclOperation>? Operations(JsonElement json) =>
        json.TryGetProperty("authorized_operations", out var all) && all.ValueKind == JsonValueKind.Array
            ? Each(json, "authorized_operations", name => Choice<AclOperation>(name.GetString()))
            : null;

    static TopicResult TopicResultOf(JsonElement topic) => new(Text(topic, "name")!, ErrorOf(topic));

    static TopicPartition PartitionOf(JsonElement entry) => new(Text(entry, "topic")!, Number(entry, "partition"));

    static ConfigResource ResourceOf(JsonElement json) => new(Choice<ResourceType>(json, "type"), Text(json, "name")!);

    static GroupOffsetsResult GroupOffsetsOf(JsonElement group)
    {
        var partitions = Each(group, "partitions", entry => new TopicPartitionOffsetError(
            new TopicPartitionOffset(PartitionOf(entry), Long(entry, "offset") ?? Offset.Unset, (int?)Long(entry, "leader_epoch"))
            {
                Metadata = Text(entry, "metadata"),
            },
            ErrorOf(entry)));
        var error = ErrorOf(group);
        return new GroupOffsetsResult(
            Text(group, "group")!, partitions, error.IsError ? error : partitions.Find(entry => entry.Error.IsError)?.Error ?? error);
    }

    static AclBinding AclOf(JsonElement acl) => new(
        Choice<ResourceType>(acl, "resource_type"), Text(acl, "resource_name") ?? "", Text(acl, "principal") ?? "",
        Choice<AclOperation>(acl, "operation"), Choice<AclPermissionType>(acl, "permission"))
    {
        ResourcePatternType = Choice<ResourcePatternType>(acl, "pattern_type"),
        Host = Text(acl, "host") ?? "",
    };
}
