/* The scenarios of tests/scenarios/scenarios.md in C. */
#include "frame.h"
#include <unistd.h>

static struct record got; /* one test at a time, one thread of it consumes */

static int64_t committed(void *consumer, const char *topic) {
    int64_t offset = -1;
    CALL(0, Committed(consumer, new_list(topic, 0), &offset));
    return offset;
}

static void check_nothing_outstanding(void *producer) {
    int64_t in_flight = -1, unread = -1, forgotten = -1;
    CALL(0, GetOutstanding(producer, &in_flight, &unread, &forgotten, E));
    EQUAL(0, in_flight);
    EQUAL(0, unread);
    EQUAL(0, forgotten);
}

static void produce_and_report(void) {
    enum { COUNT = 100, ROOM = 16 };
    void *producer = new_client(bootstrap, NULL);
    uint64_t ids[COUNT];
    int reported[COUNT] = {0}, sum = 0, i, count = ROOM;
    unsigned long long id[ROOM];
    int error[ROOM];
    int64_t until = now_ms() + PATIENCE;

    CALL(0, DeliveryReport(producer, id, error, &count)); /* before any Produce */
    EQUAL(0, count);
    for (i = 0; i < COUNT; i++) {
        ids[i] = produce(producer, unique, -1, NULL, "value");
        CHECK(i == 0 || ids[i] > ids[i - 1]);
        CHECK(ids[i] < (uint64_t)1 << 53);
    }
    while (sum < COUNT) {
        CHECK(now_ms() < until);
        count = ROOM;
        CALL(0, DeliveryReport(producer, id, error, &count));
        for (i = 0; i < count; i++, sum++) {
            int k = 0;
            EQUAL(0, error[i]);
            while (k < COUNT && ids[k] != id[i]) k++;
            CHECK(k < COUNT);
            EQUAL(1, ++reported[k]);
        }
    }
    count = ROOM;
    CALL(0, DeliveryReport(producer, id, error, &count));
    EQUAL(0, count);
    check_nothing_outstanding(producer);
    CALL(0, UninitProducer(producer));
}

static void consume_in_order(void) {
    enum { COUNT = 100 };
    void *consumer;
    int i;
    fill(unique, COUNT);
    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < COUNT; i++) {
        take(consumer, &got);
        EQUAL(i, record_number(&got));
        EQUAL(i, got.offset);
        EQUAL(0, got.partition);
        EQUAL(0, got.keylen);
        EQUAL(strlen(unique), got.topiclen);
        SAME_TEXT(unique, got.topic);
    }
    CALL(1, consume(consumer, &got));
    SAME_TEXT("no msg", errtxt);
    CALL(0, UninitConsumer(consumer));
}

static void key_and_partition(void) {
    static const char *const keys[] = {"zero", "one", "two"};
    static const char *const more[] = {"red", "green", "blue"};
    void *producer = new_client(bootstrap, NULL), *consumer;
    int32_t partition_of[3] = {-1, -1, -1};
    int by_hand = 0, i, k;
    char value[64];
    for (i = 0; i < 3; i++) {
        snprintf(value, sizeof value, "by hand %d", i);
        produce(producer, unique, i, keys[i], value);
    }
    for (i = 0; i < 30; i++) {
        snprintf(value, sizeof value, "by key %s", more[i % 3]);
        produce(producer, unique, -1, more[i % 3], value);
    }
    CALL(0, UninitProducer(producer));

    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < 33; i++) {
        take(consumer, &got);
        if (strncmp(got.payload, "by hand", 7) == 0) {
            by_hand++;
            k = record_number(&got);
            EQUAL(k, got.partition);
            SAME_TEXT(keys[k], got.key);
        } else {
            for (k = 0; k < 2 && strcmp(more[k], got.key) != 0;) k++;
            SAME_TEXT(more[k], got.key);
            SAME_TEXT(more[k], got.payload + strlen("by key "));
            CHECK(partition_of[k] == -1 || partition_of[k] == got.partition);
            partition_of[k] = got.partition;
        }
        EQUAL(strlen(got.key), got.keylen);
        EQUAL(strlen(got.payload), got.paylen);
    }
    EQUAL(3, by_hand);
    CALL(0, UninitConsumer(consumer));
}

/* Keys and values: null, empty (with a pointer and without), NUL bytes, all bytes, UTF-8. */
static const struct {
    const char *bytes;
    int32_t length; /* -1: null */
} DATA[] = {{NULL, -1}, {"", 0}, {NULL, 0}, {"\0", 1}, {"a\0b\0", 4}, {"\xff\x80\xfe\0\xc3", 5}, {"gr\xc3\xbc\xc3\x9f\x65 \xe2\x8d\xb3", 10}};
enum { KINDS = sizeof DATA / sizeof *DATA };

/* Rows `first` and on of the KINDS * KINDS records. */
static void check_column(void *batch, const char *column, int divisor, int first, int rows) {
    int32_t len = 0, count = 0, lengths[KINDS * KINDS], i, at_byte = 0;
    uint8_t bytes[1024];
    CALL(2, GetBatchBytes(batch, column, NULL, &len, NULL, &count, E));
    EQUAL(rows, count);
    CHECK(len < (int32_t)sizeof bytes);
    CALL(0, GetBatchBytes(batch, column, bytes, &len, lengths, &count, E));
    for (i = 0; i < count; i++) {
        int k = (first + i) / divisor % KINDS;
        EQUAL(DATA[k].length, lengths[i]);
        if (lengths[i] > 0) {
            CHECK(memcmp(DATA[k].bytes, bytes + at_byte, (size_t)lengths[i]) == 0);
            at_byte += lengths[i];
        }
    }
    EQUAL(len, at_byte);
}

static void null_empty_nul(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = NULL;
    char group[240];
    int i, k;
    int32_t rows = 0;
    uint64_t msgid = 0;
    for (i = 0; i < KINDS; i++)
        for (k = 0; k < KINDS; k++)
            CALL(0, Produce(producer, unique, DATA[i].bytes, (uint32_t)DATA[i].length, DATA[k].bytes, (uint32_t)DATA[k].length, 0,
                            &msgid, E));
    CALL(0, UninitProducer(producer));

    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < KINDS; i++)
        for (k = 0; k < KINDS; k++) {
            take(consumer, &got);
            EQUAL(DATA[i].length < 0 ? 0 : DATA[i].length, got.paylen);
            EQUAL(DATA[k].length < 0 ? 0 : DATA[k].length, got.keylen);
            if (got.paylen) CHECK(memcmp(DATA[i].bytes, got.payload, got.paylen) == 0);
            if (got.keylen) CHECK(memcmp(DATA[k].bytes, got.key, got.keylen) == 0);
        }
    CALL(0, UninitConsumer(consumer));

    /* In a batch null is told from empty. */
    snprintf(group, sizeof group, "%s-batch", unique);
    consumer = new_consumer(group, unique, NULL);
    for (i = 0; i < KINDS * KINDS; i += rows) {
        CALL(0, ConsumeBatch(consumer, KINDS * KINDS, PATIENCE, &batch, &rows, E));
        CHECK(rows > 0 && i + rows <= KINDS * KINDS);
        check_column(batch, "value", KINDS, i, rows);
        check_column(batch, "key", 1, i, rows);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitConsumer(consumer));
}

static void small_buffer(void) {
    enum { VALUE = 1000, KEY = 20 };
    void *producer = new_client(bootstrap, NULL), *consumer;
    char value[VALUE + 1], key[KEY + 1], topic[300], payload[VALUE + 50], bytes[KEY + 50];
    uint32_t topiclen = 0, paylen = 0, keylen = 0, room = 0;
    int32_t partition = -1;
    int64_t offset = -1, until = now_ms() + PATIENCE;
    int code = 1, i;
    size_t k;
    for (i = 0; i < VALUE; i++) value[i] = (char)('a' + i % 26);
    for (i = 0; i < KEY; i++) key[i] = (char)('A' + i);
    value[VALUE] = key[KEY] = 0;
    produce(producer, unique, 0, key, value);
    produce(producer, unique, 0, "next", "record 1");
    CALL(0, UninitProducer(producer));

    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; code == 1 || i < 3; i++) { /* three times too small: it stays the same record */
        CHECK(now_ms() < until);
        memset(topic, '#', sizeof topic);
        memset(payload, '#', sizeof payload);
        memset(bytes, '#', sizeof bytes);
        room = i % 2 ? VALUE - 1 : 0;
        topiclen = 3;
        paylen = room;
        keylen = KEY;
        code = Consume(consumer, topic, &topiclen, room ? payload : NULL, &paylen, bytes, &keylen, &partition, &offset, E);
        if (code == 1) {
            i--;
            continue;
        }
        EQUAL(2, code);
        EQUAL(strlen(unique), topiclen);
        EQUAL(VALUE, paylen);
        EQUAL(KEY, keylen);
        for (k = 3; k < sizeof topic; k++) CHECK(topic[k] == '#');
        for (k = room; k < sizeof payload; k++) CHECK(payload[k] == '#');
        for (k = KEY; k < sizeof bytes; k++) CHECK(bytes[k] == '#');
    }
    /* Exactly the room needed: no byte behind it is touched, not even by a NUL. */
    memset(topic, '#', sizeof topic);
    memset(payload, '#', sizeof payload);
    memset(bytes, '#', sizeof bytes);
    CALL(0, Consume(consumer, topic, &topiclen, payload, &paylen, bytes, &keylen, &partition, &offset, E));
    EQUAL(strlen(unique), topiclen);
    EQUAL(VALUE, paylen);
    EQUAL(KEY, keylen);
    EQUAL(0, offset);
    EQUAL(0, partition);
    CHECK(memcmp(topic, unique, topiclen) == 0 && topic[topiclen] == '#');
    CHECK(memcmp(payload, value, VALUE) == 0 && payload[VALUE] == '#');
    CHECK(memcmp(bytes, key, KEY) == 0 && bytes[KEY] == '#');
    take(consumer, &got);
    EQUAL(1, got.offset);
    SAME_TEXT("record 1", got.payload);
    CALL(0, UninitConsumer(consumer));
}

static void commit_and_resume(void) {
    void *consumer;
    int i;
    fill(unique, 10);
    consumer = new_consumer(unique, unique, NULL);
    EQUAL(-1001, committed(consumer, unique));
    CALL(0, Commit(consumer, NULL)); /* nothing yet */
    for (i = 0; i < 5; i++) take(consumer, &got);
    CALL(0, Commit(consumer, NULL));
    EQUAL(5, committed(consumer, unique));
    CALL(0, UninitConsumer(consumer));

    consumer = new_consumer(unique, unique, NULL);
    take(consumer, &got);
    EQUAL(5, record_number(&got));
    EQUAL(5, got.offset);
    EQUAL(5, committed(consumer, unique));
    CALL(0, UninitConsumer(consumer));
}

static void offsets_by_hand(void) {
    void *consumer, *list;
    fill(unique, 10);
    consumer = new_consumer(unique, unique, "enable.auto.commit", "false", NULL);
    take(consumer, &got);
    list = new_list(unique, 0);
    CALL(-190, SetOffset(list, unique, 1, 7));
    CALL(-190, SetOffset(list, "another-topic", 0, 7));
    CALL(0, SetOffset(list, unique, 0, 3));
    CALL(0, Commit(consumer, list));
    CALL(0, DelBatch(list)); /* Commit leaves the list to the host */
    EQUAL(3, committed(consumer, unique));
    CALL(0, UninitConsumer(consumer));

    consumer = new_consumer(unique, unique, NULL);
    take(consumer, &got);
    EQUAL(3, got.offset);
    EQUAL(3, record_number(&got));
    CALL(0, UninitConsumer(consumer));
}

static void unknown_property(void) {
    void *client = new_client(bootstrap, NULL);
    CALL(-2, SetKafkaConf(client, "no.such.property", "1", E));
    CONTAINS("no.such.property", errtxt);
    CALL(-2, SetKafkaConf(client, "kaffi.no.such.property", "1", E));
    CONTAINS("kaffi.no.such.property", errtxt);
    CALL(-1, SetKafkaConf(client, "linger.ms", "many", E));
    CONTAINS("linger.ms", errtxt);
    CALL(-1, SetKafkaConf(client, "kaffi.poll.timeout.ms", "soon", E));
    CONTAINS("kaffi.poll.timeout.ms", errtxt);
    CALL(0, SetKafkaConf(client, "linger.ms", "3", E));
    CALL(0, StartKafka(client, 1, E));
    CALL(-1105, SetKafkaConf(client, "linger.ms", "4", E));
    CONTAINS("linger.ms", errtxt);
    CALL(0, UninitProducer(client));
}

static void broker_not_there(void) {
    char servers[64];
    int bound = nobody(servers, sizeof servers), code, error;
    void *client = new_client(servers, "message.timeout.ms", "1000", NULL);
    int64_t start = now_ms();
    uint64_t sent, reported = 0;
    code = CheckConnection(client, 3000, E);
    CHECK(now_ms() - start < 5000);
    EQUAL(-195, code);
    CONTAINS(servers, errtxt);
    CONTAINS("refused", errtxt);

    sent = produce(client, unique, 0, NULL, "value");
    error = next_report(client, &reported);
    EQUAL(sent, reported);
    EQUAL(-192, error);
    errlen = sizeof errtxt;
    EQUAL(0, DRMessageError(&error, errtxt, &errlen));
    CHECK(errlen > 0);
    EQUAL(errlen, strlen(errtxt));
    CALL(0, UninitProducer(client));
    close(bound);
}

/* Every function on a client with a handle that is not right: the same code each time, and nothing given out. */
static void misuse_client(void *handle, int want) {
    void *list = new_list(unique, 0);
    char text[64];
    int32_t length = sizeof text;
    uint64_t msgid = 0;
    unsigned long long id = 0;
    int error = 0, count = 1;
    int64_t a = 7, b = 7, c = 7;
    CALL(want, SetKafkaConf(handle, "linger.ms", "1", E));
    CALL(want, GetKafkaConf(handle, "linger.ms", text, &length, E));
    EQUAL(0, length);
    CALL(want, StartKafka(handle, 1, E));
    CALL(want, CheckConnection(handle, 0, E));
    CALL(want, Produce(handle, unique, "v", 1, "k", 1, 0, &msgid, E));
    CALL(want, DeliveryReport(handle, &id, &error, &count));
    EQUAL(0, count);
    CALL(want, GetOutstanding(handle, &a, &b, &c, E));
    EQUAL(0, a + b + c);
    a = 7;
    CALL(want, FlushProducer(handle, 0, &a, E));
    EQUAL(0, a);
    CALL(want, consume(handle, &got));
    CALL(want, Commit(handle, NULL));
    CALL(want, SubscribeConsumerTPList(handle, list, E));
    list = new_list(unique, 0);
    a = 7;
    CALL(want, Committed(handle, list, &a));
    EQUAL(0, a);
    CALL(-1107, DelBatch(list)); /* consumed all the same */
    CALL(want, WakeKafka(handle));
    CALL(want, UninitProducer(handle));
    CALL(want, UninitConsumer(handle));
    CALL(want, CloseKafka(handle, 0, &a, E));
    EQUAL(0, a);
}

static void misuse_topic_conf(void *handle, int want) {
    void *client = new_client(bootstrap, NULL);
    CALL(want, SetTopicConf(handle, "acks", "1", E));
    CALL(want, SetDefaultTopicConf(client, handle, E));
    CALL(want, DelTopicConf(handle));
    CALL(0, UninitProducer(client));
}

static void misuse_list(void *handle, int want) {
    void *client = new_client(bootstrap, "group.id", unique, NULL);
    int32_t count = 0, len = 0;
    int64_t value = 0;
    CALL(want, SetTopicPartitionList(handle, unique, 0));
    CALL(want, SetOffset(handle, unique, 0, 1));
    CALL(want, GetBatchRows(handle, &count));
    CALL(want, GetBatchInts(handle, "offset", NULL, &count, E));
    CALL(want, GetBatchDoubles(handle, "offset", NULL, &count, E));
    CALL(want, GetBatchBytes(handle, "topic.name", NULL, &len, NULL, &count, E));
    CALL(want, SetBatchInts(handle, "offset", &value, 1, E));
    CALL(want, SetBatchBytes(handle, "metadata", NULL, 0, NULL, 0, E));
    CALL(want, ClearBatch(handle));
    CALL(want, DelBatch(handle));
    CALL(want, SubscribeConsumerTPList(client, handle, E));
    CALL(0, StartKafka(client, 2, E));
    value = 7;
    CALL(want, Committed(client, handle, &value));
    EQUAL(0, value);
    if (handle) CALL(want, Commit(client, handle)); /* 0 is the current assignment */
    CALL(0, UninitConsumer(client));
}

static void misuse_mock(void *handle, int want) {
    char text[64];
    int32_t length = sizeof text;
    CALL(want, GetMockBootstrap(handle, text, &length));
    EQUAL(0, length);
    CALL(want, MockRequest(handle, "{\"BrokerDown\": {\"broker\": 1}}", E));
    CALL(want, DelMockCluster(handle));
}

static void bad_handles(void) {
    static void (*const misuse[])(void *, int) = {misuse_client, misuse_topic_conf, misuse_list, misuse_mock};
    void *beside = new_client(bootstrap, NULL), *open[4], *closed[4];
    char servers[256];
    int i, k;
    for (i = 0; i < 2; i++) {
        void **handles = i ? open : closed;
        handles[0] = new_client(bootstrap, NULL);
        CALL(0, NewTopicConf(&handles[1]));
        handles[2] = new_list(unique, 0);
        handles[3] = new_mock(1, servers, sizeof servers);
        for (k = 0; k < 4; k++) CHECK((uintptr_t)handles[k] > (uintptr_t)1 << 48 && (uintptr_t)handles[k] < (uintptr_t)1 << 53);
        if (i) break;
        CALL(0, UninitProducer(closed[0]));
        CALL(0, DelTopicConf(closed[1]));
        CALL(0, DelBatch(closed[2]));
        CALL(0, DelMockCluster(closed[3]));
    }
    for (i = 0; i < 4; i++) {
        CHECK(open[i] != closed[i]);
        misuse[i](NULL, -1100);
        misuse[i]((void *)(uintptr_t)12345, -1100);
        misuse[i](&beside, -1100);
        misuse[i]((void *)(((uintptr_t)open[i]) + 1000), -1100); /* a generation that is not there yet */
        misuse[i](closed[i], -1107);
        for (k = 0; k < 4; k++)
            if (k != i) misuse[i](open[k], -1101);
    }
    CALL(0, UninitProducer(open[0]));
    CALL(0, DelTopicConf(open[1]));
    CALL(0, DelBatch(open[2]));
    CALL(0, DelMockCluster(open[3]));
    produce(beside, unique, 0, NULL, "value");
    EQUAL(0, next_report(beside, NULL));
    CALL(-1101, consume(beside, &got)); /* a producer is no consumer */
    CALL(-1101, UninitConsumer(beside));
    CALL(0, UninitProducer(beside));
}

static void close_in_flight(void) {
    enum { COUNT = 1000 };
    void *producer = new_client(bootstrap, "linger.ms", "50", NULL), *consumer;
    char seen[COUNT] = {0}, value[32];
    int i;
    for (i = 0; i < COUNT; i++) {
        snprintf(value, sizeof value, "record %d", i);
        produce(producer, unique, i % 4, NULL, value);
    }
    CALL(0, UninitProducer(producer));

    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < COUNT; i++) {
        take(consumer, &got);
        EQUAL(1, ++seen[record_number(&got)]);
    }
    CALL(1, consume(consumer, &got));
    CALL(0, UninitConsumer(consumer));
}

static void close_without_broker(void) {
    char servers[64];
    int bound = nobody(servers, sizeof servers), i;
    void *producer = new_client(servers, NULL);
    int64_t left = -1, start;
    for (i = 0; i < 10; i++) produce(producer, unique, 0, NULL, "value");
    start = now_ms();
    CALL(-1109, CloseKafka(producer, 1000, &left, E));
    CHECK(now_ms() - start < 3000);
    EQUAL(10, left);
    CALL(-1107, CloseKafka(producer, 1000, &left, E));

    producer = new_client(servers, "kaffi.close.timeout.ms", "1000", NULL);
    for (i = 0; i < 10; i++) produce(producer, unique, 0, NULL, "value");
    start = now_ms();
    CALL(-1109, UninitProducer(producer));
    CHECK(now_ms() - start < 3000);
    close(bound);
}

enum { EACH = 1000 };
static struct {
    void *producer;
    uint64_t ids[2][EACH];
} shared;

static void *produce_many(void *argument) {
    int thread = *(const int *)argument, i;
    char value[32];
    for (i = 0; i < EACH; i++) {
        snprintf(value, sizeof value, "%d %d", thread, i);
        shared.ids[thread][i] = produce(shared.producer, unique, 0, NULL, value);
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void two_threads(void) {
    static const int number[2] = {0, 1};
    static uint64_t ids[2 * EACH], reported[2 * EACH];
    int next[2] = {0, 0}, i;
    pthread_t threads[2];
    void *consumer;
    memset(shared.ids, 0, sizeof shared.ids);
    shared.producer = new_client(bootstrap, "kaffi.delivery.reports", "all", NULL);
    for (i = 0; i < 2; i++) threads[i] = start_thread(produce_many, (void *)&number[i]);
    for (i = 0; i < 2; i++) join_thread(threads[i]);
    for (i = 0; i < 2 * EACH; i++) {
        ids[i] = shared.ids[i / EACH][i % EACH];
        EQUAL(0, next_report(shared.producer, &reported[i]));
    }
    qsort(ids, 2 * EACH, sizeof *ids, compare_ids);
    qsort(reported, 2 * EACH, sizeof *reported, compare_ids);
    for (i = 0; i < 2 * EACH; i++) {
        CHECK(i == 0 || ids[i] > ids[i - 1]);
        EQUAL(ids[i], reported[i]);
    }
    CALL(0, UninitProducer(shared.producer));

    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < 2 * EACH; i++) {
        take(consumer, &got);
        EQUAL(next[got.payload[0] == '1']++, record_number(&got));
    }
    CALL(1, consume(consumer, &got));
    CALL(0, UninitConsumer(consumer));
}

static struct {
    void *consumer;
    int code;
    int64_t ended;
} waiting;

static void *wait_for_record(void *unused) {
    (void)unused;
    waiting.code = consume(waiting.consumer, &got);
    waiting.ended = now_ms();
    return NULL;
}

static void close_while_waiting(void) {
    pthread_t thread;
    int64_t start;
    fill(unique, 1);
    waiting.consumer = new_consumer(unique, unique, "kaffi.poll.timeout.ms", "30000", NULL);
    take(waiting.consumer, &got); /* from here on it only waits */
    thread = start_thread(wait_for_record, NULL);
    sleep_ms(500); /* nothing tells when a thread is inside a call */
    start = now_ms();
    CALL(0, UninitConsumer(waiting.consumer));
    join_thread(thread);
    EQUAL(-1107, waiting.code);
    CHECK(waiting.ended - start < 1000);
    CALL(-1107, UninitConsumer(waiting.consumer));
}

static const struct test TESTS[] = {
    {"produce-and-report", produce_and_report, 0},
    {"consume-in-order", consume_in_order, 0},
    {"key-and-partition", key_and_partition, 0},
    {"null-empty-nul", null_empty_nul, 0},
    {"small-buffer", small_buffer, 0},
    {"commit-and-resume", commit_and_resume, 0},
    {"offsets-by-hand", offsets_by_hand, 0},
    {"unknown-property", unknown_property, 0},
    {"broker-not-there", broker_not_there, 0},
    {"bad-handles", bad_handles, 0},
    {"close-in-flight", close_in_flight, 0},
    {"close-without-broker", close_without_broker, 0},
    {"two-threads", two_threads, 0},
    {"close-while-waiting", close_while_waiting, 0},
};

int main(int argc, char **argv) {
    return run_tests(argc, argv, "", TESTS, sizeof TESTS / sizeof *TESTS);
}
