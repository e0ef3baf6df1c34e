/* Forwards a topic to another: keys, values, headers, timestamps and partitions stay as they are. At least once: what was
   taken is committed when the brokers have confirmed it in the other topic; after a crash some of it comes again.
   usage: forward SERVERS FROM TO    until Ctrl-C or SIGTERM; TO needs as many partitions as FROM

   cc forward.c $(pkg-config --cflags --libs kaffi) -o forward */
#include <kaffi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static char text[512]; /* what the last call said */
static int32_t length;
#define TEXT text, (length = sizeof text, &length)

static volatile sig_atomic_t stopped;

static void stop(int number) {
    (void)number;
    stopped = 1;
}

static void check(int code, const char *what) {
    if (code != 0) {
        fprintf(stderr, "%s: code %d: %s\n", what, code, length > 0 ? text : "");
        exit(1); /* nothing of the batch at hand is committed: the next run takes it again */
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
    if (argc != 4) {
        fprintf(stderr, "usage: forward SERVERS FROM TO\n");
        return 2;
    }
    /* Of the reports the failures are enough. Idempotence: a repeated request neither doubles nor reorders records. */
    const char *const producing[] = {"bootstrap.servers", argv[1], "enable.idempotence", "true",
                                     "kaffi.delivery.reports", "errors", NULL};
    const char *const consuming[] = {"bootstrap.servers", argv[1], "group.id", argv[3], "auto.offset.reset", "earliest",
                                     "enable.auto.commit", "false", NULL};
    void *producer = new_client(producing), *consumer = new_client(consuming), *topics = NULL, *batch = NULL;
    int32_t rows = 0, left = 0, refused = 0;
    int64_t waiting = 0;
    uint64_t first = 0;
    unsigned long long failed = 0;
    int code = 0, error = 0, failures = 0;

    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    check(NewTopicPartitionList(&topics), "NewTopicPartitionList");
    check(SetTopicPartitionList(topics, argv[2], -1), "SetTopicPartitionList");
    check(SubscribeConsumerTPList(consumer, topics, TEXT), "SubscribeConsumerTPList");
    while (!stopped) {
        code = ConsumeBatch(consumer, 10000, 500, &batch, &rows, TEXT); /* what is there; the first record within 500 ms */
        if (code == 1)
            continue;
        check(code, "ConsumeBatch");
        check(ProduceBatch(producer, argv[3], -2, batch, -1, &first, &left, &refused, TEXT), "ProduceBatch");
        check(refused > 0 ? 10 : 0, "ProduceBatch refused records: its column `error` says why");
        check(FlushProducer(producer, -1, &waiting, TEXT), "FlushProducer");
        failures = 1; /* in: room for one report; out: how many came */
        check(DeliveryReport(producer, &failed, &error, &failures), "DeliveryReport");
        check(failures > 0 ? error : 0, "a record was not delivered");
        code = Commit(consumer, NULL);
        if (code != 0) /* after a rebalance, say: whoever has the partitions now takes the records again */
            fprintf(stderr, "Commit: code %d\n", code);
        check(DelBatch(batch), "DelBatch");
    }
    check(UninitConsumer(consumer), "UninitConsumer");
    check(UninitProducer(producer), "UninitProducer");
    return 0;
}
