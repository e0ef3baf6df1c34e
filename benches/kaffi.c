/* kaffi from C: the batch functions and the documented per-record ones. */
#include "bench.h"
#include <kaffi.h>

static char text[512];
static int32_t length;
#define TEXT text, (length = sizeof text, &length)

static void *producer, *consumer, *batch;

static int check(const char *what, int code) {
    if (code != 0 && code != 1) {
        fprintf(stderr, "%s: code %d: %s\n", what, code, length > 0 ? text : "");
        exit(1);
    }
    return code;
}

static void set(void *client, const char *name, const char *to) { check(name, SetKafkaConf(client, name, to, TEXT)); }

/* Takes the reports that are there; their number. */
static int drain(int wait) {
    void *reports;
    int32_t rows = 0;
    if (check("DeliveryReportBatch", DeliveryReportBatch(producer, 100000, wait, &reports, &rows, TEXT))) return 0;
    DelBatch(reports);
    return rows;
}

static unsigned long long ids[ROWS];
static int errors[ROWS];

static int drain_documented(void) {
    int n = ROWS;
    check("DeliveryReport", DeliveryReport(producer, ids, errors, &n));
    for (int i = 0; i < n; i++)
        if (errors[i]) fail("delivery", "failed");
    return n;
}

static int64_t finish(int (*more)(void)) {
    int64_t left = 1, n = 0;
    while (left) {
        int code = FlushProducer(producer, 100, &left, TEXT);
        if (code != -185) check("FlushProducer", code);
        for (int rows; (rows = more()); n += rows) {}
    }
    return n;
}

static int drain_all(void) { return drain(0); }

static void produce_one(int64_t i) {
    uint64_t id;
    check("Produce", Produce(producer, topic, value(i), size, key(i), KEY, -1, &id, TEXT));
}

static void start_producer(const char *linger) {
    check("InitKafka", InitKafka(&producer));
    set(producer, "bootstrap.servers", bootstrap);
    set(producer, "acks", "1");
    set(producer, "linger.ms", linger);
    set(producer, "queue.buffering.max.messages", "100000");
    set(producer, "compression.type", compression);
    set(producer, "kaffi.poll.timeout.ms", "0");
}

static void warm_up(const char *to) {
    uint64_t id;
    int64_t left;
    check("Produce", Produce(producer, to, value(0), size, key(0), KEY, -1, &id, TEXT));
    check("FlushProducer", FlushProducer(producer, 10000, &left, TEXT));
    drain(0);
}

static void start_consumer(void) {
    char group[64];
    void *topics;
    sprintf(group, "kaffi-%d-%.0f", getpid(), now() * 1e6);
    check("InitKafka", InitKafka(&consumer));
    set(consumer, "bootstrap.servers", bootstrap);
    set(consumer, "group.id", group);
    set(consumer, "auto.offset.reset", "earliest");
    check("StartKafka", StartKafka(consumer, 2, TEXT));
    check("NewTopicPartitionList", NewTopicPartitionList(&topics));
    check("SetTopicPartitionList", SetTopicPartitionList(topics, topic, -1));
    start();
    check("SubscribeConsumerTPList", SubscribeConsumerTPList(consumer, topics, TEXT));
}

/* The batch of ROWS records, filled anew for each time: its columns are copied, as those of changing data would be. */
static void fill(void) {
    static char *data;
    static int32_t *lengths;
    if (!data) {
        data = malloc((size_t)ROWS * size);
        for (int i = 0; i < ROWS; i++) memcpy(data + (size_t)i * size, value(i), size);
        lengths = malloc(ROWS * sizeof *lengths);
    }
    for (int i = 0; i < ROWS; i++) lengths[i] = KEY;
    check("key", SetBatchBytes(batch, "key", (uint8_t *)keys, ROWS * KEY, lengths, ROWS, TEXT));
    for (int i = 0; i < ROWS; i++) lengths[i] = size;
    check("value", SetBatchBytes(batch, "value", (uint8_t *)data, ROWS * size, lengths, ROWS, TEXT));
    if (!headers) return;
    static char names[ROWS * 2 * 5], values[ROWS * 2 * 16];
    static int32_t name_lengths[ROWS * 2], value_lengths[ROWS * 2];
    static int64_t counts[ROWS];
    char *n = names, *v = values;
    for (int i = 0; i < ROWS * 2; i++) {
        const char *name = HEADER_NAMES[i % 2], *val = HEADER_VALUES[i % 2];
        counts[i / 2] = 2;
        memcpy(n, name, name_lengths[i] = (int32_t)strlen(name)), n += name_lengths[i];
        memcpy(v, val, value_lengths[i] = (int32_t)strlen(val)), v += value_lengths[i];
    }
    check("header.count", SetBatchInts(batch, "header.count", counts, ROWS, TEXT));
    check("header.name",
          SetBatchBytes(batch, "header.name", (uint8_t *)names, (int32_t)(n - names), name_lengths, ROWS * 2, TEXT));
    check("header.value",
          SetBatchBytes(batch, "header.value", (uint8_t *)values, (int32_t)(v - values), value_lengths, ROWS * 2, TEXT));
}

static void produce_batch(const char *to, void *rows) {
    uint64_t first;
    int32_t left, refused;
    check("ProduceBatch", ProduceBatch(producer, to, -1, rows, -1, &first, &left, &refused, TEXT));
    if (left || refused) fail("ProduceBatch", "rows were left or refused");
}

static void run_produce_batch(void) {
    int64_t n = 0;
    start_producer("5");
    warm_up(topic);
    check("NewBatch", NewBatch(&batch));
    start();
    for (int64_t i = 0; i < records; i += ROWS) {
        fill();
        produce_batch(topic, batch);
        n += drain(0);
    }
    n += finish(drain_all);
    report(n, n, n * (KEY + size));
}

static void run_produce(void) {
    int64_t n = 0;
    start_producer("5");
    warm_up(topic);
    start();
    for (int64_t i = 0; i < records; i++) {
        produce_one(i);
        if (i % DRAIN == 0) n += drain_documented();
    }
    n += finish(drain_documented);
    report(n, n, n * (KEY + size));
}

static int32_t take(void) {
    int32_t rows;
    if (check("ConsumeBatch", ConsumeBatch(consumer, ROWS, 100, &batch, &rows, TEXT))) return 0;
    if (!before) before = rows, began = now();
    return rows;
}

static uint64_t view(const char *column, int64_t *bytes) {
    uint64_t data, offsets, validity;
    check(column, ViewBatch(batch, column, &data, bytes, &offsets, &validity, TEXT));
    return data;
}

static void run_consume_batch(void) {
    int64_t got = 0, bytes = 0, k, v, other;
    start_consumer();
    while (got < records) {
        int32_t rows = take();
        if (!rows) continue;
        view("key", &k), view("value", &v);
        view("partition", &other), view("offset", &other), view("timestamp", &other);
        got += rows, bytes += k + v;
        DelBatch(batch);
    }
    report(got - before, got, bytes);
}

static char from[256], *payload, got_key[64];

static int consume_one(int64_t *bytes) {
    uint32_t topic_length = sizeof from, value_length = size + 1, key_length = sizeof got_key;
    int32_t partition;
    int64_t offset;
    if (!payload) payload = malloc(size + 1);
    if (check("Consume", Consume(consumer, from, &topic_length, payload, &value_length, got_key, &key_length, &partition,
                                 &offset, TEXT)))
        return 0;
    *bytes += value_length + key_length;
    return 1;
}

static void run_consume(void) {
    int64_t got = 0, bytes = 0;
    start_consumer();
    while (got < records) {
        got += consume_one(&bytes);
        if (!before && got) before = 1, began = now();
    }
    report(got - before, got, bytes);
}

static void run_forward(void) {
    int64_t got = 0, bytes = 0, n = 0, k, v;
    start_producer("5");
    warm_up(target);
    start_consumer();
    while (got < records) {
        int32_t rows = take();
        if (!rows) continue;
        view("key", &k), view("value", &v);
        produce_batch(target, batch);
        DelBatch(batch);
        n += drain(0), got += rows, bytes += k + v;
    }
    n += finish(drain_all);
    report(n - before, n, bytes);
}

static int64_t ignored;
static void send_one(void) { produce_one(0), drain_documented(); }
static void receive_one(void) {
    while (!consume_one(&ignored)) {}
}

static void run_latency(void) {
    start_producer("0");
    warm_up(topic);
    start_consumer();
    receive_one(); /* the one of warm_up */
    latency(send_one, receive_one);
}

/* An embedded cluster for the others, until standard input ends. */
static void run_mock(void) {
    void *cluster;
    char servers[256];
    int32_t room = sizeof servers;
    check("NewMockCluster", NewMockCluster(1, &cluster, TEXT));
    check("GetMockBootstrap", GetMockBootstrap(cluster, servers, &room));
    puts(servers);
    fflush(stdout);
    while (getchar() != EOF) {}
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "mock")) return run_mock(), 0;
    setup(argc, argv);
    if (!strcmp(mode, "produce-batch")) run_produce_batch();
    else if (!strcmp(mode, "produce")) run_produce();
    else if (!strcmp(mode, "consume-batch")) run_consume_batch();
    else if (!strcmp(mode, "consume")) run_consume();
    else if (!strcmp(mode, "forward")) run_forward();
    else if (!strcmp(mode, "latency")) run_latency();
    else fail(mode, "no such mode");
    fflush(stdout);
    if (consumer) UninitConsumer(consumer);
    return 0;
}
