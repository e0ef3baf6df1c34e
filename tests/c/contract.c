/* The contract in C, beyond the scenarios that every language plays. */
#include "frame.h"
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct record got;

/* A producer that comes back soon when its broker does. */
#define SOON "reconnect.backoff.ms", "50", "reconnect.backoff.max.ms", "200"
static const char DOWN[] = "{\"BrokerDown\": {\"broker\": 1}}", UP[] = "{\"BrokerUp\": {\"broker\": 1}}";

/* ---- Library ---- */

static void version(void) {
    char text[32];
    int number = Version(NULL, 0), room;
    CHECK(number >= 0x020c0000);
    for (room = -1; room < 20; room++) { /* cut to the room, always with a NUL, nothing behind */
        memset(text, '#', sizeof text);
        EQUAL(number, Version(text, room));
        CHECK(room <= 0 ? text[0] == '#' : strlen(text) < (size_t)room && text[room] == '#');
    }
    snprintf(errtxt, sizeof errtxt, "%d.%d.%d", number >> 24, number >> 16 & 255, number >> 8 & 255);
    CONTAINS(errtxt, text);
}

static const char *const DOCUMENTED[] = {
    "I4 %P|Version >0T1 U4",
    "I4 %P|InitKafka >P",
    "I4 %P|UninitProducer P",
    "I4 %P|UninitConsumer P",
    "I4 %P|SetKafkaConf P <0T1 <0T1 >0T1 =I4",
    "I4 %P|NewTopicPartitionList >P",
    "I4 %P|SetTopicPartitionList P <0T1 I4",
    "I4 %P|SetOffset P <0T1 I4 I8",
    "I4 %P|SubscribeConsumerTPList P P >0T1 =I4",
    "I4 %P|Consume P >0T1 =U4 >0T1 =U4 >0T1 =U4 >U4 >I8 >0T1 =I4",
    "I4 %P|Commit P P",
    "I4 %P|Committed P P >I8",
    "I4 %P|Produce P <0T1 <0T1 U4 <0T1 U4 I4 >U8 >0T1 =I4",
    "I4 %P|DeliveryReport P >I8[] >I4[] =I4",
    "I4 %P|DRMessageError <I4 >0T1 =I4",
};

static void describe(void) {
    char text[1024], again[1024], quoted[128];
    int32_t size = 1024, need, room;
    const char *comma;
    size_t i, members = 1;
    memset(text, '#', sizeof text);
    CALL(0, Describe(text, &size)); /* as the existing loader calls it */
    EQUAL(strlen(text) + 1, size);
    CHECK(strncmp(text, "{\"Version\":\"", 12) == 0);
    for (i = 0; i < sizeof DOCUMENTED / sizeof *DOCUMENTED; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", DOCUMENTED[i]);
        CONTAINS(quoted, text);
    }
    for (comma = strstr(text, "\"Patterns\":["); (comma = strstr(comma + 1, "\",\"")) != NULL;) members++;
    EQUAL(sizeof DOCUMENTED / sizeof *DOCUMENTED, members);
    need = size;
    for (room = 0; room < need; room = room < 1 ? room + 1 : room < need - 1 ? need - 1 : need) {
        memset(again, '#', sizeof again);
        size = room;
        CALL(need, Describe(room ? again : NULL, &size));
        EQUAL(need, size);
        CHECK(room == 0 || again[0] == 0);
        CHECK(again[room] == '#');
    }
    memset(again, '#', sizeof again);
    CALL(0, Describe(again, &size));
    SAME_TEXT(text, again);
    CHECK(again[need] == '#');
}

/* Asks one text function with rooms of 0, 1, need - 1 and need bytes; the caller frees the text. */
static char *text_of(int (*ask)(void *, char *, int32_t *), void *handle) {
    int32_t need = 0, len, room;
    char *text;
    CALL(2, ask(handle, NULL, &need));
    CHECK(need > 0);
    text = (char *)malloc((size_t)need + 8);
    for (room = 0; room < need; room = room < 1 ? room + 1 : room < need - 1 ? need - 1 : need) {
        memset(text, '#', (size_t)need + 8);
        len = room;
        CALL(2, ask(handle, text, &len));
        EQUAL(need, len);
        CHECK(room == 0 || text[0] == 0);
        CHECK(text[room] == '#');
    }
    memset(text, '#', (size_t)need + 8);
    len = need;
    CALL(0, ask(handle, text, &len));
    EQUAL(need - 1, len);
    EQUAL(len, strlen(text));
    CHECK(text[need] == '#');
    len = -1;
    CALL(-1104, ask(handle, text, &len));
    CALL(-1102, ask(handle, text, NULL));
    len = 5;
    CALL(-1102, ask(handle, NULL, &len));
    return text;
}

static int ask_all(void *unused, char *text, int32_t *len) {
    (void)unused;
    return DescribeAll(text, len);
}
static int ask_error(void *code, char *text, int32_t *len) {
    return DescribeError(*(const int *)code, text, len);
}
static int ask_servers(void *client, char *text, int32_t *len) {
    return GetKafkaConf(client, "bootstrap.servers", text, len, E);
}
static int ask_unset(void *client, char *text, int32_t *len) {
    return GetKafkaConf(client, "sasl.username", text, len, E);
}
static int ask_mock(void *mock, char *text, int32_t *len) {
    return GetMockBootstrap(mock, text, len);
}

static void texts_too_small(void) {
    char servers[256], name[] = "gr\xc3\xbc\xc3\x9f\x65", room_for[600];
    void *client = new_client("somewhere:9092", NULL), *mock = new_mock(3, servers, sizeof servers);
    int code = -184, full, room;
    size_t i;
    char *text = text_of(ask_all, NULL);
    CONTAINS("\"SetBatchBytes\"", text);
    CONTAINS("\"kaffi.produce.timeout.ms\"", text);
    CONTAINS("-1108", text);
    for (i = 0; text[i]; i++) CHECK(text[i] >= ' ' || text[i] == '\n');
    free(text);
    text = text_of(ask_error, &code);
    CONTAINS("\"code\":-184", text);
    CONTAINS("\"class\":\"full\"", text);
    CONTAINS("\"retriable\":true", text);
    free(text);
    text = text_of(ask_servers, client);
    SAME_TEXT("somewhere:9092", text);
    free(text);
    text = text_of(ask_unset, client); /* an unset text has length 0 and needs a byte, for its NUL */
    SAME_TEXT("", text);
    free(text);
    text = text_of(ask_mock, mock);
    SAME_TEXT(servers, text);
    free(text);
    CALL(0, DelMockCluster(mock));

    /* Error text is cut to the room, between characters, with its NUL. */
    errlen = sizeof errtxt;
    EQUAL(-2, SetKafkaConf(client, name, "1", errtxt, &errlen));
    CONTAINS(name, errtxt);
    full = errlen;
    for (room = 0; room <= full + 1; room++) {
        int32_t len = room;
        memset(room_for, '#', sizeof room_for);
        EQUAL(-2, SetKafkaConf(client, name, "1", room_for, &len));
        CHECK(room_for[room] == '#');
        CHECK(room ? len < room && len >= room - 4 && room_for[len] == 0 : len == 0);
        CHECK(memcmp(errtxt, room_for, (size_t)len) == 0);
        CHECK((errtxt[len] & 0xc0) != 0x80); /* the next byte begins a character */
    }
    EQUAL(-2, SetKafkaConf(client, name, "1", NULL, NULL));
    errlen = sizeof errtxt;
    EQUAL(-2, SetKafkaConf(client, name, "1", NULL, &errlen));
    EQUAL(0, errlen);
    EQUAL(-2, SetKafkaConf(client, name, "1", errtxt, NULL));
    errlen = -1;
    EQUAL(-1104, SetKafkaConf(client, "linger.ms", "1", errtxt, &errlen));
    CALL(0, UninitProducer(client));

    for (room = 0; room < 10; room++) {
        int32_t len = room;
        memset(room_for, '#', sizeof room_for);
        CALL(0, DRMessageError(&code, room_for, &len));
        EQUAL(room ? room - 1 : 0, len);
        CHECK(room_for[room] == '#' && (room == 0 || room_for[len] == 0));
    }
}

/* Every code has a name and a text of its own, also the broker's codes that are moved. */
static void code_texts(void) {
    static const int codes[] = {0,     1,     2,     -1,    -2,    -184,  -185,  -187,  -190,  -191, -192, -195, 3,   10,    22,
                                120,   9999,  10001, 10002, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1107, -1108, -1109,
                                -1110, -1111, -1112, -1113, -1114, -1115, 4711};
    char seen[sizeof codes / sizeof *codes][300];
    size_t i, k;
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        int32_t len = sizeof seen[i];
        CALL(0, DRMessageError(&codes[i], seen[i], &len));
        CHECK(len > 0);
        for (k = 0; k < i; k++) CHECK(strcmp(seen[i], seen[k]) != 0);
    }
}

/* ---- Configuration ---- */

static void check_conf(void *client, const char *key, const char *want) {
    char value[256];
    int32_t len = sizeof value;
    int code = GetKafkaConf(client, key, value, &len, E);
    if (code != 0) fail(__FILE__, __LINE__, "GetKafkaConf of %s answers %d: %s", key, code, errtxt);
    if (strcmp(value, want) != 0) fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", key, value, want);
    EQUAL(strlen(want), len);
}

static void configuration(void) {
    void *client = new_client("127.0.0.1:1,127.0.0.1:2", NULL);
    char value[64], bad[] = "\xff\xfe";
    int32_t len = sizeof value;
    check_conf(client, "bootstrap.servers", "127.0.0.1:1,127.0.0.1:2");
    check_conf(client, "metadata.broker.list", "127.0.0.1:1,127.0.0.1:2"); /* its other name */
    check_conf(client, "linger.ms", "5");
    check_conf(client, "fetch.queue.backoff.ms", "10");
    check_conf(client, "message.timeout.ms", "300000"); /* a topic property */
    check_conf(client, "kaffi.poll.timeout.ms", "500");
    check_conf(client, "kaffi.produce.timeout.ms", "60000");
    check_conf(client, "kaffi.close.timeout.ms", "30000");
    check_conf(client, "kaffi.request.timeout.ms", "60000");
    check_conf(client, "kaffi.delivery.reports", "auto");
    check_conf(client, "kaffi.delivery.reports.max", "1000000");
    check_conf(client, "kaffi.offset.store", "next-call");
    check_conf(client, "sasl.username", "");
    check_conf(client, "sasl.password", "");
    CALL(0, SetKafkaConf(client, "sasl.username", "gr\xc3\xbc\xc3\x9f\x65", E));
    CALL(0, SetKafkaConf(client, "sasl.password", "secret", E));
    CALL(0, SetKafkaConf(client, "ssl.key.password", "secret", E));
    CALL(0, SetKafkaConf(client, "linger.ms", "17", E));
    CALL(0, SetKafkaConf(client, "message.timeout.ms", "1234", E));
    CALL(0, SetKafkaConf(client, "kaffi.poll.timeout.ms", "50", E));
    check_conf(client, "sasl.username", "gr\xc3\xbc\xc3\x9f\x65");
    check_conf(client, "sasl.password", "[redacted]");
    check_conf(client, "ssl.key.password", "[redacted]");
    check_conf(client, "linger.ms", "17");
    check_conf(client, "message.timeout.ms", "1234");
    check_conf(client, "kaffi.poll.timeout.ms", "50");
    CALL(-2, GetKafkaConf(client, "no.such.property", value, &len, E));
    CONTAINS("no.such.property", errtxt);
    EQUAL(0, len);
    CALL(-1103, SetKafkaConf(client, "client.id", bad, E));
    CALL(-1102, SetKafkaConf(client, NULL, "1", E));
    CALL(-1102, SetKafkaConf(client, "linger.ms", NULL, E));
    /* These would harm the process. */
    errlen = sizeof errtxt;
    CHECK(SetKafkaConf(client, "internal.termination.signal", "15", errtxt, &errlen) < 0 && errlen > 0);
    errlen = sizeof errtxt;
    CHECK(SetKafkaConf(client, "log.queue", "true", errtxt, &errlen) < 0 && errlen > 0);
    errlen = sizeof errtxt;
    CHECK(SetKafkaConf(client, "ut_handle_ProduceResponse", "1", errtxt, &errlen) < 0 && errlen > 0);

    CALL(0, StartKafka(client, 1, E));
    CALL(0, StartKafka(client, 1, E));
    CALL(-1101, StartKafka(client, 2, E));
    CALL(-1105, SetKafkaConf(client, "linger.ms", "1", E));
    CALL(0, SetKafkaConf(client, "sasl.password", "another", E));
    CALL(0, SetKafkaConf(client, "log_level", "3", E));
    check_conf(client, "linger.ms", "17");
    check_conf(client, "sasl.password", "[redacted]");
    CALL(0, UninitProducer(client));
}

static void cannot_start(void) {
    void *client = new_client(bootstrap, "security.protocol", "ssl", "ssl.ca.location", "/no/such/file", "group.id", unique, NULL);
    void *list = new_list(unique, 0);
    uint64_t first = 0, second = 0;
    int32_t rows;
    CALL(1, Produce(client, unique, "v", 1, NULL, 0, 0, &first, E));
    CHECK(errlen > 0);
    CONTAINS("ssl.ca.location", errtxt);
    CALL(1, Produce(client, unique, "v", 1, NULL, 0, 0, &second, E));
    CHECK(first > 0 && second > first);
    CALL(-1111, SubscribeConsumerTPList(client, list, E));
    CHECK(errlen > 0);
    CALL(-1107, GetBatchRows(list, &rows)); /* consumed all the same */
    CALL(0, SetKafkaConf(client, "security.protocol", "plaintext", E));
    CALL(0, StartKafka(client, 1, E)); /* set right, it starts */
    CALL(0, UninitProducer(client));

    client = new_client(bootstrap, NULL);
    list = new_list(unique, 0);
    CALL(-1111, SubscribeConsumerTPList(client, list, E));
    CONTAINS("group.id", errtxt);
    CALL(-1106, consume(client, &got));
    CALL(0, UninitConsumer(client));
}

static void topic_conf(void) {
    char servers[64];
    int bound = nobody(servers, sizeof servers);
    void *client = new_client(servers, NULL), *conf = NULL;
    CALL(0, NewTopicConf(&conf));
    CALL(0, SetTopicConf(conf, "message.timeout.ms", "500", E));
    CALL(0, SetTopicConf(conf, "acks", "1", E));
    CALL(-2, SetTopicConf(conf, "no.such.property", "1", E));
    CONTAINS("no.such.property", errtxt);
    CALL(-1, SetTopicConf(conf, "acks", "perhaps", E));
    CONTAINS("acks", errtxt);
    CALL(0, SetKafkaConf(client, "acks", "all", E));
    CALL(0, SetDefaultTopicConf(client, conf, E));
    CALL(0, DelTopicConf(conf)); /* the client has its own copy */
    CALL(-1107, DelTopicConf(conf));
    check_conf(client, "message.timeout.ms", "500");
    check_conf(client, "acks", "-1"); /* SetKafkaConf goes before; -1 is all */
    produce(client, unique, 0, NULL, "value");
    EQUAL(-192, next_report(client, NULL));
    CALL(0, NewTopicConf(&conf));
    CALL(-1105, SetDefaultTopicConf(client, conf, E));
    CALL(0, DelTopicConf(conf));
    CALL(0, UninitProducer(client));
    close(bound);
}

/* ---- Lists and batches ---- */

static void check_ints(void *batch, const char *column, const int64_t *want, int32_t count) {
    int64_t values[64];
    double doubles[64];
    int32_t rows = 0, i;
    memset(values, '#', sizeof values);
    CALL(count ? 2 : 0, GetBatchInts(batch, column, NULL, &rows, E));
    EQUAL(count, rows);
    if (count) {
        rows = count - 1;
        CALL(2, GetBatchInts(batch, column, values, &rows, E));
        EQUAL(count, rows);
        CHECK(values[0] == values[63]); /* nothing is written */
    }
    CALL(0, GetBatchInts(batch, column, values, &rows, E));
    CALL(0, GetBatchDoubles(batch, column, doubles, &rows, E));
    EQUAL(count, rows);
    for (i = 0; i < count; i++) {
        EQUAL(want[i], values[i]);
        CHECK(doubles[i] == (double)want[i]);
    }
    CHECK(values[count] == values[63]); /* nor behind the last */
}

static void list_columns(void) {
    char other[240], name[64];
    void *list = new_list(unique, 0), *consumer;
    static const int64_t topics[] = {0, 1, 0}, partitions[] = {0, 2, 1}, unset[] = {-1001, -1001, -1001}, offsets[] = {5, 6, -1001},
                         hand[] = {7, 8, 9}, zeros[] = {0, 0, 0}, two[] = {0, 1}, next[] = {1, 2};
    int32_t rows = -1, len = 0, count = 0, lengths[3] = {0};
    int64_t offset = 0;
    uint8_t bytes[512];
    snprintf(other, sizeof other, "%s-other", unique);
    CALL(0, SetTopicPartitionList(list, other, 2));
    CALL(0, SetTopicPartitionList(list, unique, 1));
    CALL(0, SetTopicPartitionList(list, unique, 1)); /* is there already */
    CALL(0, GetBatchRows(list, &rows));
    EQUAL(3, rows);
    check_ints(list, "topic", topics, 3);
    check_ints(list, "partition", partitions, 3);
    check_ints(list, "offset", unset, 3);
    check_ints(list, "error", zeros, 3);
    CALL(0, SetOffset(list, unique, 0, 5));
    CALL(0, SetOffset(list, other, 2, 6));
    check_ints(list, "offset", offsets, 3);
    CALL(-1103, SetTopicPartitionList(list, "", 0));
    CALL(-1104, SetTopicPartitionList(list, unique, -2));
    CALL(-1104, SetOffset(list, unique, 0, -7));

    CALL(2, GetBatchBytes(list, "topic.name", NULL, &len, NULL, &count, E));
    EQUAL(2, count);
    EQUAL(strlen(unique) + strlen(other), len);
    memset(bytes, '#', sizeof bytes);
    len--;
    CALL(2, GetBatchBytes(list, "topic.name", bytes, &len, lengths, &count, E));
    CHECK(bytes[0] == '#' && lengths[0] == 0);
    CALL(0, GetBatchBytes(list, "topic.name", bytes, &len, lengths, &count, E));
    EQUAL(strlen(unique), lengths[0]);
    EQUAL(strlen(other), lengths[1]);
    CHECK(memcmp(bytes, unique, (size_t)lengths[0]) == 0 && memcmp(bytes + lengths[0], other, (size_t)lengths[1]) == 0);
    CHECK(bytes[len] == '#');

    CALL(0, SetBatchInts(list, "offset", hand, 3, E));
    check_ints(list, "offset", hand, 3);
    lengths[0] = 2, lengths[1] = -1, lengths[2] = 0;
    CALL(0, SetBatchBytes(list, "metadata", (const uint8_t *)"a\0", 2, lengths, 3, E));
    len = sizeof bytes;
    memset(lengths, 7, sizeof lengths);
    count = 3;
    CALL(0, GetBatchBytes(list, "metadata", bytes, &len, lengths, &count, E));
    EQUAL(2, len);
    EQUAL(2, lengths[0]);
    EQUAL(-1, lengths[1]);
    EQUAL(0, lengths[2]);
    CHECK(memcmp(bytes, "a\0", 2) == 0);
    lengths[0] = 3;
    CALL(-1104, SetBatchBytes(list, "metadata", (const uint8_t *)"ab", 2, lengths, 3, E)); /* they do not add up */
    CALL(-1113, SetBatchInts(list, "no.such.column", hand, 3, E));
    CONTAINS("no.such.column", errtxt);
    CALL(-1113, SetBatchInts(list, "topic.name", hand, 3, E));
    count = len = 0;
    CALL(-1113, GetBatchInts(list, "metadata", NULL, &count, E));
    CALL(-1113, GetBatchBytes(list, "offset", NULL, &len, NULL, &count, E));
    CALL(-1104, SetBatchInts(list, "offset", hand, -1, E));
    CALL(-1102, SetBatchInts(list, "offset", NULL, 3, E));
    CALL(0, SetBatchInts(list, "offset", hand, 2, E)); /* of unequal rows: refused when used */
    CALL(-1114, SetOffset(list, unique, 0, 1));

    CALL(0, ClearBatch(list));
    CALL(0, GetBatchRows(list, &rows));
    EQUAL(0, rows);

    /* A list of nothing but columns is as good as any. */
    fill(unique, 3);
    consumer = new_consumer(unique, unique, "enable.auto.commit", "false", NULL);
    take(consumer, &got);
    lengths[0] = (int32_t)strlen(unique);
    CALL(0, SetBatchBytes(list, "topic.name", (const uint8_t *)unique, lengths[0], lengths, 1, E));
    CALL(0, SetBatchInts(list, "topic", zeros, 2, E));
    CALL(0, SetBatchInts(list, "partition", two, 2, E));
    CALL(0, SetBatchInts(list, "offset", next, 2, E));
    CALL(0, Commit(consumer, list));
    check_ints(list, "error", zeros, 2);
    CALL(0, Committed(consumer, list, &offset));
    EQUAL(1, offset);
    CALL(-1107, DelBatch(list));
    CALL(0, NewTopicPartitionList(&list));
    CALL(-1104, Committed(consumer, list, &offset)); /* empty */
    CALL(0, NewTopicPartitionList(&list));
    CALL(-186, SubscribeConsumerTPList(consumer, list, E));
    CALL(0, UninitConsumer(consumer));

    CALL(0, NewTopicPartitionList(&list));
    snprintf(name, sizeof name, "%llu", (unsigned long long)(uintptr_t)list);
    CALL(0, DelBatch(list));
    CALL(-1107, DelBatch(list));
}

static void record_batches(void) {
    enum { COUNT = 25 };
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = NULL, *list = NULL;
    static const int64_t zeros[COUNT] = {0};
    int64_t numbers[COUNT], ids[COUNT], values[COUNT], committed = -1;
    int32_t rows = 0, i, sum, count;
    for (i = 0; i < COUNT; i++) {
        numbers[i] = i;
        ids[i] = (int64_t)produce(producer, unique, 0, i % 2 ? "odd" : NULL, "value");
    }
    for (sum = 0; sum < COUNT; sum += rows) {
        CALL(0, DeliveryReportBatch(producer, COUNT, PATIENCE, &batch, &rows, E));
        CHECK(rows > 0 && sum + rows <= COUNT);
        check_ints(batch, "msgid", ids + sum, rows);
        check_ints(batch, "error", zeros, rows);
        check_ints(batch, "partition", zeros, rows);
        check_ints(batch, "offset", numbers + sum, rows);
        for (count = rows, i = 0; i < rows; i++) values[i] = 0;
        CALL(0, GetBatchInts(batch, "status", values, &count, E));
        for (i = 0; i < rows; i++) EQUAL(2, values[i]);
        CALL(0, DelBatch(batch));
    }
    CALL(1, DeliveryReportBatch(producer, COUNT, PATIENCE, &batch, &rows, E)); /* nothing is in flight: at once */
    CHECK(batch == NULL && rows == 0);
    CALL(0, UninitProducer(producer));

    consumer = new_consumer(unique, unique, NULL);
    CALL(1, ConsumeBatch(consumer, 0, PATIENCE, &batch, &rows, E)); /* a poll only */
    for (sum = 0; sum < 20; sum += rows) {
        CALL(0, ConsumeBatch(consumer, 20 - sum, PATIENCE, &batch, &rows, E));
        CHECK(rows > 0 && sum + rows <= 20);
        check_ints(batch, "offset", numbers + sum, rows);
        check_ints(batch, "partition", zeros, rows);
        check_ints(batch, "topic", zeros, rows);
        check_ints(batch, "header.count", zeros, rows);
        if (sum + rows < 20) CALL(0, DelBatch(batch));
    }
    /* Of this batch only the first rows are processed. */
    CALL(-1104, StoreBatchOffsets(consumer, batch, rows + 1, E));
    CALL(0, StoreBatchOffsets(consumer, batch, rows - 1, E));
    CALL(0, Commit(consumer, NULL));
    list = new_list(unique, 0);
    CALL(0, Committed(consumer, list, &committed));
    EQUAL(19, committed);
    CALL(0, UninitConsumer(consumer));
    check_ints(batch, "offset", numbers + 20 - rows, rows); /* it outlives its client */
    CALL(0, DelBatch(batch));
}

static void forms_of_null(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = NULL;
    int32_t rows = 0, len, count, lengths[4], keys[4], i;
    static const int32_t want[] = {-1, -1, 0, 0};
    uint64_t id = 0;
    uint8_t bytes[16];
    CALL(0, Produce(producer, unique, "not read", UINT32_MAX, "not read", UINT32_MAX, 0, &id, E)); /* a tombstone */
    CALL(0, Produce(producer, unique, NULL, UINT32_MAX, NULL, UINT32_MAX, 0, &id, E));
    CALL(0, Produce(producer, unique, NULL, 0, NULL, 0, 0, &id, E));
    CALL(0, Produce(producer, unique, "", 0, "", 0, 0, &id, E));
    CALL(-1102, Produce(producer, unique, NULL, 1, NULL, 0, 0, &id, E));
    CALL(0, UninitProducer(producer));
    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < 4; i++) {
        CALL(0, ConsumeBatch(consumer, 1, PATIENCE, &batch, &rows, E));
        EQUAL(1, rows);
        len = sizeof bytes;
        count = 1;
        CALL(0, GetBatchBytes(batch, "value", bytes, &len, lengths, &count, E));
        len = sizeof bytes;
        CALL(0, GetBatchBytes(batch, "key", bytes, &len, keys, &count, E));
        EQUAL(want[i], lengths[0]);
        EQUAL(want[i], keys[0]);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitConsumer(consumer));
}

/* ---- Producing ---- */

static void report_at_once(void) {
    void *producer = new_client(bootstrap, "kaffi.poll.timeout.ms", "20000", NULL);
    unsigned long long id[2];
    int error[2], count = 2;
    int64_t start = now_ms();
    CALL(0, DeliveryReport(producer, id, error, &count)); /* not even a producer yet */
    EQUAL(0, count);
    produce(producer, unique, 0, NULL, "value");
    EQUAL(0, next_report(producer, NULL));
    count = 2;
    CALL(0, DeliveryReport(producer, id, error, &count)); /* nothing is in flight */
    EQUAL(0, count);
    CHECK(now_ms() - start < 15000);
    produce(producer, unique, 0, NULL, "value");
    flush(producer);
    count = 0;
    CALL(0, DeliveryReport(producer, NULL, NULL, &count)); /* room for none: the report stays */
    EQUAL(0, count);
    EQUAL(0, next_report(producer, NULL));
    CALL(0, UninitProducer(producer));
}

static void outstanding(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer = new_client(servers, SOON, NULL);
    int64_t in_flight = -1, unread = -1, forgotten = -1, left = -1, start;
    int i;
    CALL(0, GetOutstanding(producer, &in_flight, &unread, &forgotten, E)); /* not started */
    EQUAL(0, in_flight);
    CALL(0, FlushProducer(producer, 0, &left, E));
    produce(producer, unique, 0, NULL, "value");
    EQUAL(0, next_report(producer, NULL));
    CALL(0, MockRequest(mock, DOWN, E));
    for (i = 0; i < 5; i++) produce(producer, unique, 0, NULL, "value");
    CALL(0, GetOutstanding(producer, &in_flight, &unread, &forgotten, E));
    EQUAL(5, in_flight);
    EQUAL(0, unread + forgotten);
    start = now_ms();
    CALL(-185, FlushProducer(producer, 300, &left, E));
    CHECK(now_ms() - start >= 300 && now_ms() - start < 2000);
    EQUAL(5, left);
    CALL(0, MockRequest(mock, UP, E));
    flush(producer);
    CALL(0, GetOutstanding(producer, &in_flight, &unread, &forgotten, E));
    EQUAL(0, in_flight);
    EQUAL(5, unread); /* reports were asked for, so none is forgotten */
    CALL(0, CloseKafka(producer, PATIENCE, &left, E));
    EQUAL(0, left);
    CALL(0, DelMockCluster(mock));
}

static void undelivered(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers);
    void *producer = new_client(servers, "kaffi.close.timeout.ms", "500", NULL);
    int64_t start, left = -1;
    produce(producer, unique, 0, NULL, "value");
    flush(producer);
    CALL(0, MockRequest(mock, DOWN, E));
    produce(producer, unique, 0, NULL, "value");
    start = now_ms();
    CALL(-1109, UninitProducer(producer));
    CHECK(now_ms() - start < 2500);

    producer = new_client(servers, NULL); /* wrong arguments close nothing */
    produce(producer, unique, 0, NULL, "value");
    CALL(-1102, CloseKafka(producer, 0, NULL, E));
    CALL(-1104, CloseKafka(producer, -2, &left, E));
    CALL(-1109, CloseKafka(producer, 0, &left, E));
    EQUAL(1, left);
    CALL(0, DelMockCluster(mock));
}

static struct {
    void *client;
    int code;
    int64_t ended;
} waiting;

static void *produce_one(void *unused) {
    uint64_t msgid = 0;
    (void)unused;
    waiting.code = Produce(waiting.client, unique, "v", 1, NULL, 0, 0, &msgid, E);
    waiting.ended = now_ms();
    return NULL;
}

static void queue_full(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer;
    pthread_t thread;
    uint64_t msgid = 0, last;
    int64_t start;
    int i;
    producer = new_client(servers, "queue.buffering.max.messages", "10", "kaffi.produce.timeout.ms", "300", SOON, NULL);
    CALL(0, StartKafka(producer, 1, E));
    CALL(0, MockRequest(mock, DOWN, E));
    for (i = 0; i < 10; i++) last = produce(producer, unique, 0, NULL, "value");
    start = now_ms();
    CALL(-184, Produce(producer, unique, "v", 1, NULL, 0, 0, &msgid, E));
    CHECK(now_ms() - start >= 300 && now_ms() - start < 1500);
    CHECK(msgid > last);
    CALL(0, MockRequest(mock, UP, E));
    flush(producer);
    for (i = 0; i < 20; i++) produce(producer, unique, 0, NULL, "value"); /* goes on, longer than the queue */
    CALL(0, UninitProducer(producer));

    /* A producing call that waits goes on when there is room, and ends when it is woken or the producer is closed. */
    for (i = 0; i < 3; i++) {
        int64_t left = -1;
        producer = new_client(servers, "queue.buffering.max.messages", "1", "kaffi.produce.timeout.ms", "50000", SOON, NULL);
        CALL(0, StartKafka(producer, 1, E));
        CALL(0, MockRequest(mock, DOWN, E));
        produce(producer, unique, 0, NULL, "value");
        waiting.client = producer;
        waiting.ended = 0;
        thread = start_thread(produce_one, NULL);
        sleep_ms(300); /* nothing tells when a thread is inside a call */
        start = now_ms();
        if (i == 0) CALL(0, MockRequest(mock, UP, E));
        if (i == 2) CALL(-1109, CloseKafka(producer, 0, &left, E));
        if (i == 1) wake_and_join(thread, producer, &waiting.ended);
        else join_thread(thread);
        EQUAL(i == 0 ? 0 : i == 1 ? -184 : -1107, waiting.code);
        CHECK(waiting.ended - start < (i == 0 ? 20000 : 1000));
        if (i == 2) EQUAL(1, left);
        CALL(0, MockRequest(mock, UP, E));
        if (i < 2) CALL(0, UninitProducer(producer));
    }
    CALL(0, DelMockCluster(mock));
}

static void too_large(void) {
    static char value[20000];
    void *producer = new_client(bootstrap, "message.max.bytes", "10000", NULL);
    unsigned long long id = 0;
    int error = 0, count = 1;
    uint64_t msgid = 0;
    CALL(10, Produce(producer, unique, value, sizeof value, NULL, 0, 0, &msgid, E));
    CHECK(msgid > 0);
    CALL(0, DeliveryReport(producer, &id, &error, &count));
    EQUAL(0, count); /* it was not taken: no report */
    produce(producer, unique, 0, NULL, "value");
    EQUAL(0, next_report(producer, NULL));
    CALL(0, UninitProducer(producer));
}

/* A broker's codes 1 and 2 do not look like "nothing there" and "too small". */
static void moved_codes(void) {
    static const int codes[][2] = {{1, 10001}, {2, 10002}, {-1, 9999}, {10, 10}, {29, 29}};
    char servers[256], request[128];
    void *mock = new_mock(1, servers, sizeof servers);
    void *producer = new_client(servers, "retries", "0", NULL);
    size_t i;
    for (i = 0; i < sizeof codes / sizeof *codes; i++) {
        snprintf(request, sizeof request, "{\"PushErrors\": {\"api\": \"Produce\", \"errors\": [%d]}}", codes[i][0]);
        CALL(0, MockRequest(mock, request, E));
        produce(producer, unique, 0, NULL, "value");
        EQUAL(codes[i][1], next_report(producer, NULL));
    }
    CALL(-1115, MockRequest(mock, "{\"NoSuchRequest\": {}}", E));
    CONTAINS("NoSuchRequest", errtxt);
    CALL(-1115, MockRequest(mock, "{\"BrokerDown\": {\"broker\": 1, \"why\": 2}}", E));
    CONTAINS("why", errtxt);
    CALL(-1115, MockRequest(mock, "{", E));
    CALL(0, UninitProducer(producer));
    CALL(0, DelMockCluster(mock));
}

/* ---- Consuming ---- */

static void *consume_one(void *unused) {
    (void)unused;
    waiting.code = consume(waiting.client, &got);
    waiting.ended = now_ms();
    return NULL;
}

static void wake(void) {
    pthread_t thread;
    int64_t start;
    fill(unique, 2);
    waiting.client = new_consumer(unique, unique, "kaffi.poll.timeout.ms", "30000", NULL);
    take(waiting.client, &got);
    take(waiting.client, &got); /* from here on it only waits */
    waiting.ended = 0;
    thread = start_thread(consume_one, NULL);
    sleep_ms(500); /* nothing tells when a thread is inside a call */
    start = now_ms();
    wake_and_join(thread, waiting.client, &waiting.ended);
    EQUAL(1, waiting.code);
    CHECK(waiting.ended - start < 1000);
    CALL(0, WakeKafka(waiting.client)); /* where none waits, nothing happens */
    fill(unique, 1);
    CALL(0, consume(waiting.client, &got));
    EQUAL(2, got.offset);
    CALL(0, UninitConsumer(waiting.client));
}

/* A record comes within the wait; without one the call answers after it. */
static void poll_timeout(void) {
    void *consumer;
    int64_t start;
    fill(unique, 1);
    consumer = new_consumer(unique, unique, NULL);
    take(consumer, &got);
    start = now_ms();
    CALL(1, consume(consumer, &got));
    CHECK(now_ms() - start >= 480 && now_ms() - start < 1500);
    CALL(0, UninitConsumer(consumer));
}

static void regular_expression(void) {
    char topic[256], pattern[256];
    void *consumer;
    int seen[2] = {0, 0}, i;
    for (i = 0; i < 2; i++) {
        snprintf(topic, sizeof topic, "%s-%d", unique, i);
        fill(topic, 5);
    }
    fill(unique, 1); /* not matched */
    snprintf(pattern, sizeof pattern, "^%.200s-[0-9]+$", unique);
    consumer = new_consumer(unique, pattern, NULL);
    for (i = 0; i < 10; i++) {
        take(consumer, &got);
        EQUAL(strlen(unique) + 2, got.topiclen);
        EQUAL(seen[got.topic[got.topiclen - 1] - '0']++, got.offset);
    }
    CALL(1, consume(consumer, &got));
    CALL(0, UninitConsumer(consumer));
}

static void resubscribe(void) {
    char other[256];
    void *consumer, *producer = new_client(bootstrap, NULL);
    int i;
    snprintf(other, sizeof other, "%.200s-other", unique);
    fill(unique, 5);
    fill(other, 5);
    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < 5; i++) {
        take(consumer, &got);
        SAME_TEXT(unique, got.topic);
    }
    subscribe(consumer, other);
    produce(producer, unique, 0, NULL, "not subscribed to any more");
    CALL(0, UninitProducer(producer));
    for (i = 0; i < 5; i++) {
        take(consumer, &got);
        SAME_TEXT(other, got.topic);
        EQUAL(i, got.offset);
    }
    CALL(1, consume(consumer, &got));
    CALL(0, UninitConsumer(consumer));
}

/* The next record of a partition. The embedded cluster refuses commits while a group rebalances, so there records may come
   again; none is ever skipped. */
static void in_order(int *next) {
    if (!on_mock || got.offset > *next) EQUAL(*next, got.offset);
    *next = (int)got.offset + 1;
}

static void leave(void *consumer) {
    int code = UninitConsumer(consumer);
    CHECK(code == 0 || (on_mock && code == 27));
}

/* Two consumers of a group share the partitions; the second comes in the middle. */
static void share(void) {
    enum { PARTITIONS = 4, EACH = 50, BEFORE = 60 };
    void *producer = new_client(bootstrap, NULL), *consumers[2];
    int seen[PARTITIONS] = {0}, owner[PARTITIONS], sum = 0, sent = 0, rounds, known, i, k;
    int64_t until = now_ms() + 50000;
    for (i = 0; i < EACH * PARTITIONS; i++) produce(producer, unique, i % PARTITIONS, NULL, "value");
    flush(producer);
    consumers[0] = new_consumer(unique, unique, NULL);
    while (sum < BEFORE) {
        take(consumers[0], &got);
        EQUAL(seen[got.partition]++, got.offset);
        sum++;
    }
    consumers[1] = new_consumer(unique, unique, NULL);
    while (sum < EACH * PARTITIONS) {
        CHECK(now_ms() < until);
        for (i = 0; i < 2; i++) {
            int code = consume(consumers[i], &got);
            CHECK(code == 0 || code == 1);
            if (code) continue;
            in_order(&seen[got.partition]);
            for (sum = k = 0; k < PARTITIONS; k++) sum += seen[k];
        }
    }
    for (rounds = 0; rounds < 2;) { /* until each has had records twice in a row, with all partitions theirs */
        CHECK(now_ms() < until);
        for (k = 0; k < PARTITIONS; k++) {
            owner[k] = -1;
            produce(producer, unique, k, NULL, "value");
        }
        sent++;
        flush(producer);
        for (known = 0; known < PARTITIONS;)
            for (i = 0; i < 2; i++) {
                int code = consume(consumers[i], &got);
                CHECK(now_ms() < until);
                CHECK(code == 0 || code == 1);
                if (code) continue;
                in_order(&seen[got.partition]);
                if (seen[got.partition] == EACH + sent) owner[got.partition] = i;
                for (known = k = 0; k < PARTITIONS; k++) known += owner[k] != -1;
            }
        for (i = k = 0; k < PARTITIONS; k++) i += owner[k];
        rounds = i == PARTITIONS / 2 ? rounds + 1 : 0;
    }
    for (i = 0; i < 2; i++) leave(consumers[i]);
    CALL(0, UninitProducer(producer));
}

/* One call of a consumer that may tell of a partition's end; its records follow each other. */
static int next_or_eof(void *consumer, int *next) {
    int code = consume(consumer, &got);
    if (code != 0 && code != 1 && code != -191) fail(__FILE__, __LINE__, "Consume answers %d: %s", code, errtxt);
    CHECK(code == 0 || errlen > 0);
    if (code == 0) in_order(next);
    return code;
}

/* The end of a partition is told, and no record is skipped: not after it, and not when a rebalance follows. */
static void partition_eof(void) {
    void *first, *second;
    int next = 0, ends = 0;
    int64_t until = now_ms() + 55000;
    fill(unique, 5);
    first = new_consumer(unique, unique, "enable.partition.eof", "true", NULL);
    while (next < 5 || ends < 4) { /* of each of the 4 partitions */
        CHECK(now_ms() < until);
        ends += next_or_eof(first, &next) == -191;
    }
    fill(unique, 5);
    while (next < 10 || ends < 5) {
        CHECK(now_ms() < until);
        ends += next_or_eof(first, &next) == -191;
    }
    second = new_consumer(unique, unique, "enable.partition.eof", "true", NULL);
    for (ends = 0; ends == 0;) { /* until it has a partition */
        CHECK(now_ms() < until);
        next_or_eof(first, &next);
        ends += next_or_eof(second, &next) == -191;
    }
    fill(unique, 5);
    while (next < 15) {
        CHECK(now_ms() < until);
        next_or_eof(first, &next);
        next_or_eof(second, &next);
    }
    leave(second);
    fill(unique, 5);
    while (next < 20) {
        CHECK(now_ms() < until);
        next_or_eof(first, &next);
    }
    leave(first);
}

static void all_brokers_down(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer = new_client(servers, NULL), *consumer;
    int64_t until = now_ms() + PATIENCE;
    int code = 0;
    produce(producer, unique, 0, NULL, "value");
    CALL(0, UninitProducer(producer));
    consumer = new_client(servers, "group.id", unique, "auto.offset.reset", "earliest", SOON, NULL);
    subscribe(consumer, unique);
    take(consumer, &got);
    CALL(0, MockRequest(mock, DOWN, E));
    do {
        code = consume(consumer, &got);
        CHECK(now_ms() < until);
        CHECK(code != 0 && errlen > 0);
        CALL(-195, CheckConnection(consumer, 200, E));
    } while (code != -187 && !strstr(errtxt, "all brokers are down"));
    CALL(0, MockRequest(mock, UP, E));
    producer = new_client(servers, SOON, NULL);
    produce(producer, unique, 0, NULL, "value");
    CALL(0, UninitProducer(producer));
    until = now_ms() + PATIENCE;
    while (consume(consumer, &got) != 0) CHECK(now_ms() < until); /* and it comes back */
    EQUAL(1, got.offset);
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelMockCluster(mock));
}

/* ---- The process ---- */

/* In the child: what is not as it should be, as a line number. */
static int child(void *producer, void *consumer, void *list, void *conf, void *mock) {
#define WANT(condition) if (!(condition)) return __LINE__
    char text[256];
    int32_t length = sizeof text, rows = 0, error = 0, count = 1;
    uint64_t msgid = 0;
    unsigned long long id = 0;
    int64_t number = 0, limit = now_ms() + PATIENCE;
    void *own = NULL;
    WANT(SetKafkaConf(producer, "linger.ms", "1", E) == -1108 && errlen > 0);
    WANT(Produce(producer, unique, "v", 1, NULL, 0, 0, &msgid, E) == -1108 && errlen > 0);
    WANT(DeliveryReport(producer, &id, &error, &count) == -1108);
    WANT(FlushProducer(producer, -1, &number, E) == -1108);
    WANT(WakeKafka(producer) == -1108);
    WANT(UninitProducer(producer) == -1108);
    WANT(consume(consumer, &got) == -1108);
    WANT(Commit(consumer, NULL) == -1108);
    WANT(UninitConsumer(consumer) == -1108);
    WANT(CloseKafka(consumer, -1, &number, E) == -1108);
    WANT(SetOffset(list, unique, 0, 1) == -1108);
    WANT(GetBatchRows(list, &rows) == -1108);
    WANT(DelBatch(list) == -1108);
    WANT(DelTopicConf(conf) == -1108);
    WANT(GetMockBootstrap(mock, text, &length) == -1108);
    WANT(DelMockCluster(mock) == -1108);
    /* A client of its own works. */
    WANT(InitKafka(&own) == 0);
    WANT(SetKafkaConf(own, "bootstrap.servers", bootstrap, E) == 0);
    WANT(Produce(own, unique, "child", 5, NULL, UINT32_MAX, 0, &msgid, E) == 0);
    for (count = 0; count == 0;) {
        count = 1;
        WANT(DeliveryReport(own, &id, &error, &count) == 0);
        WANT(now_ms() < limit);
    }
    WANT(error == 0 && id == msgid);
    WANT(UninitProducer(own) == 0);
    return 0;
#undef WANT
}

static void after_fork(void) {
    char servers[256];
    void *producer = new_client(bootstrap, NULL), *consumer, *list = new_list(unique, 0), *conf = NULL;
    void *mock = new_mock(1, servers, sizeof servers);
    int wrong = -1, ends[2];
    pid_t pid;
#ifdef __SANITIZE_THREAD__
    SKIP("thread sanitizer cannot follow a child that starts threads");
#endif
    produce(producer, unique, 0, NULL, "parent");
    flush(producer);
    consumer = new_consumer(unique, unique, NULL);
    take(consumer, &got);
    CALL(0, NewTopicConf(&conf));
    CHECK(pipe(ends) == 0);
    pid = fork();
    if (pid == 0) {
        wrong = child(producer, consumer, list, conf, mock);
        if (write(ends[1], &wrong, sizeof wrong) < 0) abort();
        kill(getpid(), SIGKILL); /* no exit handler of the parent's runs twice, and valgrind tells of the parent alone */
    }
    close(ends[1]);
    CHECK(read(ends[0], &wrong, sizeof wrong) == sizeof wrong);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    if (wrong) fail(__FILE__, wrong, "not so in the child");
    take(consumer, &got); /* the parent goes on */
    SAME_TEXT("child", got.payload);
    produce(producer, unique, 0, NULL, "parent");
    take(consumer, &got);
    CALL(0, UninitProducer(producer));
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelBatch(list));
    CALL(0, DelTopicConf(conf));
    CALL(0, DelMockCluster(mock));
}

/* ---- Signals ---- */

/* The host's threads beside main and the one that looks; each says who it is before it calls the library. */
enum { HOSTS = 5 };
static struct {
    long tids[HOSTS];
    int stop;
    void *untyped, *admin, *producer, *consumer, *list;
    char servers[256];
} busy;

static int goes_on(int host) {
    __sync_bool_compare_and_swap(&busy.tids[host], 0, (long)syscall(SYS_gettid));
    return !__sync_add_and_fetch(&busy.stop, 0);
}

static void *keep_checking(void *unused) {
    (void)unused;
    while (goes_on(0)) CheckConnection(busy.untyped, 300, E);
    return NULL;
}

static void *keep_asking(void *unused) {
    char reply[4096];
    (void)unused;
    while (goes_on(1)) {
        int32_t len = sizeof reply;
        int64_t reply_id = 0;
        AdminRequest(busy.admin, "{\"Metadata\": {}}", 3000, &reply_id, reply, &len, E);
    }
    return NULL;
}

static void *keep_sending_offsets(void *unused) {
    int32_t advice = 0;
    (void)unused;
    while (goes_on(2)) {
        BeginTransaction(busy.producer, 0, &advice, E);
        SendOffsetsToTransaction(busy.producer, busy.consumer, busy.list, 5000, &advice, E);
        AbortTransaction(busy.producer, 5000, &advice, E);
    }
    return NULL;
}

static void *keep_closing(void *unused) { /* past the deadline: a thread of its own ends the client */
    (void)unused;
    while (goes_on(3)) {
        void *late = NULL;
        int64_t left = 0;
        uint64_t id = 0;
        InitKafka(&late);
        SetKafkaConf(late, "bootstrap.servers", busy.servers, E);
        Produce(late, unique, "v", 1, NULL, 0, 0, &id, E);
        CloseKafka(late, 0, &left, E);
    }
    return NULL;
}

static void *keep_clustering(void *unused) {
    (void)unused;
    while (goes_on(4)) {
        void *mock = NULL;
        NewMockCluster(1, &mock, E);
        DelMockCluster(mock);
    }
    return NULL;
}

/* What a thread of this process blocks, and its name; 0 when it has ended. */
static int blocked_by(long tid, uint64_t *blocked, char *name, size_t room) {
    char path[64], line[256];
    FILE *status;
    int known = 0;
    snprintf(path, sizeof path, "/proc/self/task/%ld/status", tid);
    status = fopen(path, "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, "Name:", 5) == 0) snprintf(name, room, "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
        if (strncmp(line, "State:", 6) == 0 && strpbrk(line + 6, "ZX")) break;
        if (strncmp(line, "SigBlk:", 7) == 0) known = sscanf(line + 7, "%" SCNx64, blocked) == 1;
    }
    fclose(status);
    return known;
}

/* Looks at every thread that is not the host's: it blocks all signals. Notes which of these names it saw. */
static void look_at_threads(const char *const *names, int *seen, int count) {
    long self = syscall(SYS_gettid), tid;
    uint64_t all = 0, blocked = 0;
    struct dirent *task;
    DIR *tasks = opendir("/proc/self/task");
    int i;
    for (i = 1; i <= 64; i++) /* but those that cannot be blocked: KILL, STOP and the two of the C library */
        if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33) all |= (uint64_t)1 << (i - 1);
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        char name[32] = "";
        int host = 0, tries = 0;
        tid = atol(task->d_name);
        for (i = 0; i < HOSTS; i++) host |= tid == __sync_add_and_fetch(&busy.tids[i], 0);
        if (tid == 0 || host || tid == self || tid == (long)getpid()) continue;
        /* While a thread ends, its mask reads 0: look again, till it is gone. */
        while (blocked_by(tid, &blocked, name, sizeof name) && (blocked & all) != all) {
            if (tries++ < 20) {
                sleep_ms(10);
                continue;
            }
            closedir(tasks);
            fail(__FILE__, __LINE__, "thread %s blocks %llx, not %llx", name, (unsigned long long)blocked, (unsigned long long)all);
        }
        for (i = 0; i < count; i++) seen[i] |= strncmp(name, names[i], strlen(names[i])) == 0;
    }
    closedir(tasks);
}

/* With every kind of client, while all is going on that has a thread of its own, the library's threads block all signals. */
static void signals_blocked(void) {
    static const char *const names[] = {"rdk:main", "rdk:broker", "rdk:mock", "kaffi-offsets", "kaffi-metadata", "kaffi-reaper"};
    static void *(*const bodies[])(void *) = {keep_checking, keep_asking, keep_sending_offsets, keep_closing, keep_clustering};
    enum { NAMES = sizeof names / sizeof *names };
    void *mock;
    int seen[NAMES] = {0}, missing = NAMES, i;
    int64_t until = now_ms() + PATIENCE, left = 0;
    int32_t advice = 0;
    pthread_t threads[HOSTS];
    if (on_valgrind) SKIP("valgrind keeps the threads' signal masks itself");
    memset(&busy, 0, sizeof busy);
    mock = new_mock(1, busy.servers, sizeof busy.servers);
    busy.untyped = new_client(busy.servers, NULL);
    busy.admin = new_client(busy.servers, NULL);
    CALL(0, StartKafka(busy.admin, 3, E));
    CALL(0, CheckConnection(busy.admin, PATIENCE, E));
    busy.producer = new_client(busy.servers, "transactional.id", unique, NULL);
    CALL(0, InitTransactions(busy.producer, PATIENCE, &advice, E));
    CALL(0, BeginTransaction(busy.producer, 0, &advice, E));
    produce(busy.producer, unique, 0, NULL, "value");
    CALL(0, CommitTransaction(busy.producer, PATIENCE, &advice, E));
    busy.consumer = new_client(busy.servers, "group.id", unique, "auto.offset.reset", "earliest", NULL);
    subscribe(busy.consumer, unique);
    take(busy.consumer, &got);
    busy.list = new_list(unique, 0);
    CALL(0, SetOffset(busy.list, unique, 0, 1));
    CALL(0, MockRequest(mock, "{\"RoundTripTime\": {\"broker\": 1, \"ms\": 600}}", E)); /* all takes long enough to be seen */
    for (i = 0; i < HOSTS; i++) {
        threads[i] = start_thread(bodies[i], NULL);
        while (!__sync_add_and_fetch(&busy.tids[i], 0)) sleep_ms(1);
    }
    while (missing) {
        look_at_threads(names, seen, NAMES);
        for (missing = 0, i = 0; i < NAMES; i++) missing += !seen[i];
        for (i = 0; i < NAMES && seen[i];) i++;
        if (missing && now_ms() > until) fail(__FILE__, __LINE__, "no thread %s was seen", names[i]);
    }
    __sync_add_and_fetch(&busy.stop, 1);
    for (i = 0; i < HOSTS; i++) join_thread(threads[i]);
    CALL(0, MockRequest(mock, "{\"RoundTripTime\": {\"broker\": 1, \"ms\": 0}}", E));
    CALL(0, CloseKafka(busy.untyped, PATIENCE, &left, E));
    CALL(0, CloseKafka(busy.admin, PATIENCE, &left, E));
    CALL(0, CloseKafka(busy.producer, PATIENCE, &left, E));
    CALL(0, UninitConsumer(busy.consumer));
    CALL(0, DelBatch(busy.list));
    look_at_threads(names, seen, NAMES);
    CALL(0, DelMockCluster(mock));
}

/* Nothing of the library appears on stdout or stderr, whatever goes wrong. */
static void silent(void) {
    char servers[256], nowhere[64], file[] = "/tmp/kaffi-silent-XXXXXX", text[512] = "";
    int saved[2], out, i, bound = nobody(nowhere, sizeof nowhere);
    int codes[6] = {0};
    void *mock = NULL, *producer = NULL, *consumer = NULL, *list = NULL;
    int32_t room = sizeof servers;
    int64_t left = 0;
    uint64_t id;
    ssize_t size;
    fflush(stdout);
    out = mkstemp(file);
    CHECK(out >= 0);
    unlink(file);
    for (i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        dup2(out, i + 1);
    }
    /* No check in here: it would leave them redirected. */
    NewMockCluster(1, &mock, E);
    GetMockBootstrap(mock, servers, &room);
    InitKafka(&producer);
    codes[0] = SetKafkaConf(producer, "no.such.property", "1", E);
    SetKafkaConf(producer, "bootstrap.servers", servers, E);
    SetKafkaConf(producer, "debug", "all", E);
    SetKafkaConf(producer, "message.timeout.ms", "1000", E);
    InitKafka(&consumer);
    SetKafkaConf(consumer, "bootstrap.servers", servers, E);
    SetKafkaConf(consumer, "group.id", unique, E);
    SetKafkaConf(consumer, "no.such.property", "1", E);
    NewTopicPartitionList(&list);
    SetTopicPartitionList(list, unique, 0);
    Produce(producer, unique, "v", 1, NULL, 0, 0, &id, E);
    codes[1] = FlushProducer(producer, PATIENCE, &left, E);
    codes[2] = SubscribeConsumerTPList(consumer, list, E);
    for (i = 0; i < 4; i++) {
        if (i == 1) MockRequest(mock, "{\"PushErrors\": {\"api\": \"Produce\", \"errors\": [7, 6, 120, 29]}}", E);
        if (i == 2) MockRequest(mock, DOWN, E);
        Produce(producer, unique, "v", 1, NULL, 0, 0, &id, E);
        consume(consumer, &got);
    }
    codes[3] = UninitProducer(producer);
    UninitConsumer(consumer);
    DelMockCluster(mock);
    InitKafka(&producer);
    SetKafkaConf(producer, "bootstrap.servers", nowhere, E);
    SetKafkaConf(producer, "kaffi.close.timeout.ms", "0", E);
    codes[4] = CheckConnection(producer, 500, E);
    SetKafkaConf(producer, "security.protocol", "ssl", E);
    SetKafkaConf(producer, "ssl.ca.location", "/no/such/file", E);
    codes[5] = Produce(producer, unique, "v", 1, NULL, 0, 0, &id, E);
    UninitProducer(producer);
    fflush(stdout);
    for (i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    size = pread(out, text, sizeof text - 1, 0);
    close(out);
    close(bound);
    EQUAL(-2, codes[0]);
    EQUAL(0, codes[1]);
    EQUAL(0, codes[2]);
    EQUAL(-1109, codes[3]);
    EQUAL(-195, codes[4]);
    EQUAL(1, codes[5]);
    if (size != 0) fail(__FILE__, __LINE__, "it says: %s", text);
}

static const struct test TESTS[] = {
    {"version", version, 1},
    {"describe", describe, 1},
    {"texts-too-small", texts_too_small, 1},
    {"code-texts", code_texts, 1},
    {"configuration", configuration, 1},
    {"cannot-start", cannot_start, 1},
    {"topic-conf", topic_conf, 1},
    {"list-columns", list_columns, 0},
    {"record-batches", record_batches, 0},
    {"forms-of-null", forms_of_null, 0},
    {"report-at-once", report_at_once, 0},
    {"outstanding", outstanding, 1},
    {"undelivered", undelivered, 1},
    {"queue-full", queue_full, 1},
    {"too-large", too_large, 0},
    {"moved-codes", moved_codes, 1},
    {"wake", wake, 0},
    {"poll-timeout", poll_timeout, 0},
    {"regular-expression", regular_expression, 0},
    {"resubscribe", resubscribe, 0},
    {"share", share, 0},
    {"partition-eof", partition_eof, 0},
    {"all-brokers-down", all_brokers_down, 1},
    {"after-fork", after_fork, 0},
    {"signals-blocked", signals_blocked, 1},
    {"silent", silent, 1},
};

int main(int argc, char **argv) {
    return run_tests(argc, argv, "contract/", TESTS, sizeof TESTS / sizeof *TESTS);
}
