/* Produces a record, sees it delivered, consumes it and commits.
   usage: demo [bootstrap servers]    without them: on an embedded cluster of its own

   cc demo.c $(pkg-config --cflags --libs kaffi) -o demo */
#include <kaffi.h>
#include <stdio.h>
#include <stdlib.h>

static char text[512]; /* what the last call said */
static int32_t length;
#define TEXT text, (length = sizeof text, &length)

static void check(int code, const char *what) {
    if (code != 0) {
        fprintf(stderr, "%s: code %d: %s\n", what, code, length > 0 ? text : "");
        exit(1);
    }
}

/* A client with these properties: key, value, key, value, ..., null. */
static void *new_client(const char *const *properties) {
    void *client = NULL;
    check(InitKafka(&client), "InitKafka");
    for (; *properties; properties += 2)
        check(SetKafkaConf(client, properties[0], properties[1], TEXT), properties[0]);
    return client;
}

int main(int argc, char **argv) {
    void *cluster = NULL, *topics = NULL, *position = NULL;
    char servers[256], topic[64], payload[64], key[64];
    uint32_t topic_length = 0, payload_length = 0, key_length = 0;
    uint64_t sent = 0;
    unsigned long long reported = 0;
    int error = 0, count = 0, code = 0, tries = 0;
    int32_t partition = 0, room = sizeof servers;
    int64_t offset = 0;

    if (argc > 1) {
        snprintf(servers, sizeof servers, "%s", argv[1]);
    } else {
        check(NewMockCluster(1, &cluster, TEXT), "NewMockCluster");
        check(GetMockBootstrap(cluster, servers, &room), "GetMockBootstrap");
        printf("an embedded cluster answers at %s\n", servers);
    }
    const char *const producing[] = {"bootstrap.servers", servers, NULL};
    const char *const consuming[] = {"bootstrap.servers", servers, "group.id", "demo-c",
                                     "auto.offset.reset", "earliest", NULL};
    void *producer = new_client(producing);
    void *consumer = new_client(consuming);
    check(CheckConnection(producer, 10000, TEXT), "CheckConnection");
    check(NewTopicPartitionList(&topics), "NewTopicPartitionList");
    check(SetTopicPartitionList(topics, "greetings-c", -1), "SetTopicPartitionList");

    /* [example */
    code = Produce(producer, "greetings-c", "hello", 5, "world", 5, -1, &sent, TEXT);
    /* example] */
    check(code, "Produce");
    printf("produced   hello, as message %llu\n", (unsigned long long)sent);

    for (tries = 0; count == 0 && tries < 60; tries++) {
        count = 1; /* in: room for one; out: how many came */
        /* [example */
        code = DeliveryReport(producer, &reported, &error, &count);
        /* example] */
        check(code, "DeliveryReport");
    }
    check(count == 1 ? error : 1, "delivery");
    printf("delivered  message %llu\n", reported);

    /* [example */
    code = SubscribeConsumerTPList(consumer, topics, TEXT);
    /* example] */
    check(code, "SubscribeConsumerTPList");
    for (code = 1, tries = 0; code == 1 && tries < 60; tries++) { /* 1: nothing within 500 ms */
        topic_length = sizeof topic;                              /* in: room; out: length */
        payload_length = sizeof payload;
        key_length = sizeof key;
        /* [example */
        code = Consume(consumer, topic, &topic_length, payload, &payload_length, key, &key_length,
                       &partition, &offset, TEXT);
        /* example] */
    }
    check(code, "Consume");
    printf("consumed   %.*s with key %.*s from %.*s, partition %d, offset %lld\n", (int)payload_length, payload,
           (int)key_length, key, (int)topic_length, topic, (int)partition, (long long)offset);

    /* [example */
    code = Commit(consumer, NULL);
    /* example] */
    check(code, "Commit");
    check(NewTopicPartitionList(&position), "NewTopicPartitionList");
    check(SetTopicPartitionList(position, "greetings-c", partition), "SetTopicPartitionList");
    check(Committed(consumer, position, &offset), "Committed");
    printf("committed  the next record to read is at offset %lld\n", (long long)offset);

    check(UninitProducer(producer), "UninitProducer");
    check(UninitConsumer(consumer), "UninitConsumer");
    if (cluster != NULL)
        check(DelMockCluster(cluster), "DelMockCluster");
    return 0;
}
