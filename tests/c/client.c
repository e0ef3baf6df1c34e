/* Events, assignment, offsets, transactions, admin and threads, beyond the scenarios that every language plays. */
#include "frame.h"
#include <sys/epoll.h>
#include <unistd.h>

static struct record got;
static char text[65536];

enum { RECORDS = 1, REPORTS = 2, EVENTS = 4 };

/* A value of a column of integers. */
static int64_t number_in(void *batch, const char *column, int32_t row) {
    static int64_t values[1024];
    int32_t count = 1024;
    CALL(0, GetBatchInts(batch, column, values, &count, E));
    CHECK(row < count);
    return values[row];
}

static int32_t rows_of(void *batch) {
    int32_t rows = -1;
    CALL(0, GetBatchRows(batch, &rows));
    return rows;
}

/* A list of partitions 0, 1, ... of the test's topic, each with this offset. */
static void *list_of(int count, int64_t offset) {
    void *list = NULL;
    int32_t i;
    CALL(0, NewTopicPartitionList(&list));
    for (i = 0; i < count; i++) {
        CALL(0, SetTopicPartitionList(list, unique, i));
        CALL(0, SetOffset(list, unique, i, offset));
    }
    return list;
}

/* A consumer that follows no subscription. */
static void *new_reader(const char *group) {
    return new_client(bootstrap, "group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false",
                      "session.timeout.ms", "6000", NULL);
}

static void fill_partition(int32_t partition, int count) {
    void *producer = new_client(bootstrap, NULL);
    char value[32];
    int i;
    for (i = 0; i < count; i++) {
        snprintf(value, sizeof value, "record %d", i);
        produce(producer, unique, partition, NULL, value);
    }
    CALL(0, UninitProducer(producer));
}

/* ---- Events ---- */

/* The next event whose JSON has this part; fails when none comes. */
static void next_event(void *client, const char *part) {
    int64_t until = now_ms() + PATIENCE;
    do {
        int32_t len = sizeof text;
        int code = NextEvent(client, 1000, text, &len, E);
        CHECK(code == 0 || code == 1);
        CHECK(now_ms() < until);
        if (code == 1) text[0] = 0;
    } while (!strstr(text, part));
}

static struct {
    void *client;
    int code;
    int64_t ended;
} waiting;

static void *wait_event(void *unused) {
    char json[256];
    int32_t len = sizeof json;
    (void)unused;
    waiting.code = NextEvent(waiting.client, 30000, json, &len, E);
    waiting.ended = now_ms();
    return NULL;
}

static void events(void) {
    void *list = list_of(1, 3), *consumer = new_client(bootstrap, "group.id", unique, "kaffi.events", "commit", NULL);
    char json[1024];
    int32_t len = sizeof json, need, room;
    int64_t start, left = -1;
    int i;
    fill(unique, 5);
    CALL(-1106, NextEvent(consumer, 0, json, &len, E));
    CALL(0, AssignPartitions(consumer, list, E));
    len = sizeof json;
    CALL(1, NextEvent(consumer, 0, json, &len, E));
    EQUAL(0, len);
    for (i = 0; i < 2; i++) CALL(0, CommitOffsets(consumer, list, 0, E)); /* their results are events */
    len = 0;
    CALL(2, NextEvent(consumer, PATIENCE, NULL, &len, E));
    need = len;
    for (room = 1; room < need; room += need - 2) { /* too small: the event stays first */
        memset(json, '#', sizeof json);
        len = room;
        CALL(2, NextEvent(consumer, PATIENCE, json, &len, E));
        EQUAL(need, len);
        CHECK(json[0] == 0 && json[room] == '#');
    }
    memset(json, '#', sizeof json);
    CALL(0, NextEvent(consumer, 0, json, &len, E));
    EQUAL(need - 1, len);
    EQUAL(len, strlen(json));
    CHECK(json[need] == '#');
    CHECK(strncmp(json, "{\"event\":\"commit\",\"time\":1", 26) == 0);
    CONTAINS("\"code\":0", json);
    CONTAINS(unique, json);
    CONTAINS("\"offset\":3", json);
    len = sizeof json;
    CALL(0, NextEvent(consumer, PATIENCE, json, &len, E)); /* the second one */
    len = sizeof json;
    CALL(1, NextEvent(consumer, 0, json, &len, E));
    EQUAL(0, len);
    CALL(-1104, NextEvent(consumer, -2, json, &len, E));
    start = now_ms();
    len = sizeof json;
    CALL(1, NextEvent(consumer, 300, json, &len, E));
    CHECK(now_ms() - start >= 295 && now_ms() - start < 2000);
    for (i = 0; i < 2; i++) { /* woken, then closed */
        pthread_t thread;
        waiting.client = consumer;
        waiting.ended = 0;
        thread = start_thread(wait_event, NULL);
        sleep_ms(200); /* nothing tells when a thread is inside a call */
        start = now_ms();
        if (i == 0) {
            wake_and_join(thread, consumer, &waiting.ended);
        } else {
            CALL(0, CloseKafka(consumer, PATIENCE, &left, E));
            join_thread(thread);
        }
        EQUAL(i == 0 ? 1 : -1107, waiting.code);
        CHECK(waiting.ended - start < 1000);
    }
    CALL(0, DelBatch(list));
}

/* Errors, statistics and logs; those that nobody reads in time are counted. */
static void kinds_of_events(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer;
    int64_t left = -1;
    producer = new_client(servers, "statistics.interval.ms", "100", "kaffi.events", "error,stats", NULL);
    produce(producer, unique, 0, NULL, "value");
    next_event(producer, "\"event\":\"stats\"");
    CONTAINS("\"stats\":{", text);
    CALL(0, MockRequest(mock, "{\"BrokerDown\": {\"broker\": 1}}", E));
    next_event(producer, "\"event\":\"error\"");
    CONTAINS("\"fatal\":false", text);
    CONTAINS("127.0.0.1", text);
    CALL(0, MockRequest(mock, "{\"BrokerUp\": {\"broker\": 1}}", E));
    CALL(0, CloseKafka(producer, PATIENCE, &left, E));

    producer = new_client(servers, "debug", "all", "kaffi.events", "log", "kaffi.events.max", "5", NULL);
    produce(producer, unique, 0, NULL, "value");
    flush(producer);
    next_event(producer, "\"event\":\"log\"");
    CONTAINS("\"lost\":", text);
    CALL(0, UninitProducer(producer));

    producer = new_client(servers, "debug", "all", "kaffi.events", "", NULL); /* none is wanted */
    produce(producer, unique, 0, NULL, "value");
    flush(producer);
    {
        int32_t len = sizeof text;
        CALL(1, NextEvent(producer, 0, text, &len, E));
    }
    CALL(0, UninitProducer(producer));
    CALL(0, DelMockCluster(mock));
}

/* With kaffi.rebalance manual nothing comes before the host has answered. */
static void rebalance_by_hand(void) {
    void *consumer, *list = NULL;
    int64_t start;
    int i;
    fill(unique, 3);
    consumer = new_consumer(unique, unique, "kaffi.rebalance", "manual", "kaffi.poll.timeout.ms", "200", NULL);
    text[0] = 0;
    for (start = now_ms(); !strstr(text, "\"rebalance\"");) {
        int32_t len = sizeof text;
        CALL(1, consume(consumer, &got));
        CHECK(NextEvent(consumer, 0, text, &len, E) <= 1);
        CHECK(now_ms() - start < PATIENCE);
    }
    CONTAINS("\"kind\":\"assign\"", text);
    CONTAINS("\"pending\":true", text);
    CONTAINS(unique, text);
    CALL(1, consume(consumer, &got)); /* still waits for the answer */
    CALL(0, GetAssignment(consumer, &list, E));
    EQUAL(0, rows_of(list));
    CALL(0, DelBatch(list));
    CALL(-172, UnassignPartitions(consumer, NULL, E)); /* not the answer to this one */
    CALL(0, AssignPartitions(consumer, NULL, E));
    for (i = 0; i < 3; i = (int)got.offset + 1) {
        while (consume(consumer, &got) != 0) {
            int32_t len = sizeof text;
            CHECK(now_ms() - start < PATIENCE);
            if (!strstr(errtxt, "a rebalance waits")) continue;
            CALL(0, NextEvent(consumer, 0, text, &len, E)); /* a broker that has just started has more than one */
            if (strstr(text, "\"kind\":\"assign\"")) CALL(0, AssignPartitions(consumer, NULL, E));
            else CALL(0, UnassignPartitions(consumer, NULL, E));
        }
        CHECK(got.offset <= i);
    }
    CALL(0, GetSubscription(consumer, &list, E));
    EQUAL(1, rows_of(list));
    EQUAL(-1, number_in(list, "partition", 0));
    CALL(0, DelBatch(list));
    list = list_of(1, 0);
    CALL(-172, AssignPartitions(consumer, list, E)); /* subscribed, and no rebalance waits */
    CALL(0, DelBatch(list));
    CALL(0, UninitConsumer(consumer)); /* while it closes, the library answers */
}

/* ---- A descriptor for an event loop ---- */

static int watch_fd(int64_t fd) {
    struct epoll_event event;
    int loop = epoll_create1(0);
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    CHECK(loop >= 0);
    CHECK(epoll_ctl(loop, EPOLL_CTL_ADD, (int)fd, &event) == 0);
    return loop;
}

static int readable(int loop, int ms) {
    struct epoll_event event;
    return epoll_wait(loop, &event, 1, ms) == 1;
}

/* Now and then it is readable for nothing (what the engine says to itself, at the start above all), but then it is quiet. */
static void check_idle(int loop, int (*read_all)(void *), void *client) {
    int64_t until = now_ms() + 5000;
    while (readable(loop, 500)) {
        EQUAL(0, read_all(client));
        CHECK(now_ms() < until);
    }
}

static int read_records(void *consumer) {
    void *batch = NULL;
    int32_t rows = 0, sum = 0;
    int code;
    while ((code = ConsumeBatch(consumer, 500, 0, &batch, &rows, E)) == 0) {
        sum += rows;
        CALL(0, DelBatch(batch));
    }
    EQUAL(1, code);
    return sum;
}

static int read_reports(void *producer) {
    void *batch = NULL;
    int32_t rows = 0, sum = 0;
    int code;
    while ((code = DeliveryReportBatch(producer, 500, 0, &batch, &rows, E)) == 0) {
        sum += rows;
        CALL(0, DelBatch(batch));
    }
    EQUAL(1, code);
    return sum;
}

static int read_events(void *client) {
    int32_t len = sizeof text;
    int sum = 0, code;
    while ((code = NextEvent(client, 0, text, &len, E)) == 0) {
        sum++;
        len = sizeof text;
    }
    EQUAL(1, code);
    return sum;
}

static int bursts; /* how many records */

/* Produces in bursts with pauses of all lengths between them. */
static void *produce_bursts(void *producer) {
    uint64_t id;
    int sent = 0;
    unsigned dice = 1;
    while (sent < bursts) {
        int burst;
        dice = dice * 1103515245 + 12345;
        for (burst = (int)(dice >> 16) % 2000; burst > 0 && sent < bursts; burst--, sent++)
            CALL(0, Produce(producer, unique, "v", 1, NULL, 0, sent % 4, &id, E));
        sleep_ms((int)(dice >> 20) % 16);
    }
    return NULL;
}

static void ready_fd(void) {
    void *producer = new_client(bootstrap, NULL), *consumer = new_reader(unique), *list = list_of(4, 0);
    int64_t fd = -1, again = -1, until;
    int sum = 0, reported = 0, loop, report_loop, wakes = 0;
    pthread_t thread;
    bursts = on_valgrind ? 5000 : 300000;
    CALL(-1106, GetReadyFd(consumer, RECORDS, &fd, E));
    CALL(0, StartKafka(producer, 1, E));
    CALL(0, AssignPartitions(consumer, list, E));
    CALL(-1104, GetReadyFd(consumer, REPORTS, &fd, E));
    CALL(-1104, GetReadyFd(producer, RECORDS, &fd, E));
    CALL(-1104, GetReadyFd(producer, 8, &fd, E));
    CALL(-1104, GetReadyFd(producer, 0, &fd, E));
    CALL(0, GetReadyFd(consumer, RECORDS, &fd, E));
    CALL(0, GetReadyFd(consumer, RECORDS, &again, E));
    CHECK(fd > 2 && fd == again);
    loop = watch_fd(fd);
    CALL(0, GetReadyFd(producer, REPORTS, &again, E));
    CHECK(fd != again);
    report_loop = watch_fd(again);
    EQUAL(0, read_records(consumer));
    check_idle(loop, read_records, consumer);
    thread = start_thread(produce_bursts, producer);
    for (until = now_ms() + 50000; sum < bursts || reported < bursts;) {
        /* A wake-up that is lost shows as a wait that ends with nothing. */
        if (sum < bursts) {
            CHECK(readable(loop, PATIENCE));
            sum += read_records(consumer);
            wakes++;
        }
        if (reported < bursts) {
            CHECK(readable(report_loop, PATIENCE));
            reported += read_reports(producer);
        }
        CHECK(now_ms() < until);
    }
    join_thread(thread);
    EQUAL(bursts, sum);
    EQUAL(bursts, reported);
    CHECK(wakes > 1);
    check_idle(loop, read_records, consumer);
    check_idle(report_loop, read_reports, producer);
    produce(producer, unique, 0, NULL, "one more"); /* and it wakes again */
    CHECK(readable(loop, PATIENCE));
    CHECK(readable(report_loop, PATIENCE));
    CHECK(readable(loop, 0)); /* as long as it is not read */
    EQUAL(1, read_reports(producer));
    for (until = now_ms() + PATIENCE; read_records(consumer) == 0;) CHECK(readable(loop, PATIENCE) && now_ms() < until);
    close(loop);
    close(report_loop);
    CALL(0, UninitProducer(producer));

    CALL(0, GetReadyFd(consumer, EVENTS, &fd, E));
    loop = watch_fd(fd);
    read_events(consumer);
    check_idle(loop, read_events, consumer);
    CALL(0, CommitOffsets(consumer, list, 0, E));
    for (sum = 0, until = now_ms() + PATIENCE; sum == 0; sum = read_events(consumer))
        CHECK(readable(loop, PATIENCE) && now_ms() < until);
    check_idle(loop, read_events, consumer);
    close(loop);
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelBatch(list));
}

/* ---- Assignment and offsets ---- */

static void assignment(void) {
    void *consumer = new_reader(unique), *both = list_of(2, 0), *first = list_of(1, 2), *second = new_list(unique, 1), *list = NULL;
    int i, seen[2] = {0, 0};
    fill_partition(0, 5);
    fill_partition(1, 5);
    CALL(-1106, PausePartitions(consumer, NULL, E));
    CALL(-1106, UnassignPartitions(consumer, NULL, E));
    CALL(0, AssignPartitions(consumer, first, E)); /* from offset 2 of partition 0 */
    for (i = 2; i < 5; i++) {
        take(consumer, &got);
        EQUAL(0, got.partition);
        EQUAL(i, got.offset);
    }
    CALL(-172, AddPartitions(consumer, both, E)); /* one of them is there already: none is added */
    CALL(0, GetAssignment(consumer, &list, E));
    EQUAL(1, rows_of(list));
    CALL(0, DelBatch(list));
    CALL(0, SetOffset(second, unique, 1, -2));
    CALL(0, AddPartitions(consumer, second, E));
    CALL(0, GetAssignment(consumer, &list, E));
    EQUAL(2, rows_of(list));
    EQUAL(0, number_in(list, "partition", 0));
    EQUAL(1, number_in(list, "partition", 1));
    CALL(0, DelBatch(list));
    for (i = 0; i < 5; i++) {
        take(consumer, &got);
        EQUAL(1, got.partition);
        EQUAL(i, got.offset);
    }
    CALL(0, PausePartitions(consumer, second, E));
    CALL(0, SeekPartitions(consumer, both, PATIENCE, E)); /* both to 0 */
    EQUAL(0, number_in(both, "error", 0));
    for (i = 0; i < 5; i++) { /* partition 1 waits */
        take(consumer, &got);
        EQUAL(0, got.partition);
        EQUAL(i, got.offset);
    }
    CALL(1, consume(consumer, &got));
    CALL(0, ResumePartitions(consumer, NULL, E));
    for (i = 0; i < 5; i++) {
        take(consumer, &got);
        EQUAL(1, got.partition);
        EQUAL(i, got.offset);
    }
    CALL(0, UnassignPartitions(consumer, first, E));
    CALL(-172, UnassignPartitions(consumer, first, E));
    CALL(-172, PausePartitions(consumer, both, E));
    CALL(-172, SeekPartitions(consumer, both, 0, E));
    CALL(0, UnsubscribeConsumer(consumer, E));
    CALL(0, UnsubscribeConsumer(consumer, E)); /* there is nothing to end */
    CALL(0, GetAssignment(consumer, &list, E));
    EQUAL(0, rows_of(list));
    CALL(0, DelBatch(list));
    CALL(0, AssignPartitions(consumer, both, E));
    for (i = 0; i < 10; i++) {
        take(consumer, &got);
        EQUAL(seen[got.partition]++, got.offset);
    }
    list = new_list(unique, -1);
    CALL(-172, SubscribeConsumerTPList(consumer, list, E)); /* what is assigned ends first */
    CALL(0, UnsubscribeConsumer(consumer, E));
    subscribe(consumer, unique);
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelBatch(both));
    CALL(0, DelBatch(first));
    CALL(0, DelBatch(second));
}

static void offsets(void) {
    void *consumer = new_client(bootstrap, "group.id", unique, "auto.offset.reset", "earliest", "kaffi.offset.store", "manual",
                                "enable.auto.commit", "false", "isolation.level", "read_uncommitted", NULL);
    void *list = list_of(1, -2), *other = list_of(2, 0), *batch = NULL, *reader;
    static const uint8_t metadata[] = "by hand";
    int32_t length = 7, rows = -1, len;
    int64_t low = -1, high = -1, until;
    uint8_t bytes[64];
    int i, code;
    fill(unique, 10);
    CALL(0, AssignPartitions(consumer, list, E));
    CALL(0, GetPositions(consumer, list, E));
    EQUAL(-1001, number_in(list, "offset", 0));
    for (i = 0; i < 4; i++) take(consumer, &got);
    CALL(0, GetPositions(consumer, list, E));
    EQUAL(4, number_in(list, "offset", 0));
    CALL(-172, GetPositions(consumer, other, E));
    CALL(0, GetWatermarks(consumer, unique, 0, PATIENCE, &low, &high, E));
    EQUAL(0, low);
    EQUAL(10, high);
    for (until = now_ms() + PATIENCE;;) { /* as heard while fetching */
        CALL(0, GetLag(consumer, &batch, &rows, E));
        EQUAL(1, rows);
        EQUAL(4, number_in(batch, "position", 0));
        if (number_in(batch, "end", 0) == 10) break;
        CALL(0, DelBatch(batch));
        CHECK(now_ms() < until);
        take(consumer, &got);
        CALL(0, SetOffset(list, unique, 0, 4));
        CALL(0, SeekPartitions(consumer, list, PATIENCE, E));
    }
    EQUAL(6, number_in(batch, "lag", 0));
    CALL(0, DelBatch(batch));

    CALL(0, CommitOffsets(consumer, NULL, PATIENCE, E)); /* nothing is stored by itself */
    CALL(0, GetCommitted(consumer, list, PATIENCE, E));
    EQUAL(-1001, number_in(list, "offset", 0));
    CALL(0, SetOffset(list, unique, 0, 3));
    CALL(0, SetBatchBytes(list, "metadata", metadata, 7, &length, 1, E));
    CALL(0, StoreOffsets(consumer, list, E));
    CALL(-172, StoreOffsets(consumer, other, E));
    CALL(0, CommitOffsets(consumer, NULL, PATIENCE, E));
    CALL(0, SetOffset(list, unique, 0, 0));
    CALL(0, GetCommitted(consumer, list, PATIENCE, E));
    EQUAL(3, number_in(list, "offset", 0));
    len = sizeof bytes, rows = 1;
    CALL(0, GetBatchBytes(list, "metadata", bytes, &len, &length, &rows, E));
    CHECK(len == 7 && memcmp(bytes, metadata, 7) == 0);
    CALL(0, SetOffset(list, unique, 0, 5));
    CALL(0, CommitOffsets(consumer, list, PATIENCE, E));
    EQUAL(0, number_in(list, "error", 0));
    CALL(0, SetOffset(list, unique, 0, 0));
    CALL(0, GetCommitted(consumer, list, PATIENCE, E));
    EQUAL(5, number_in(list, "offset", 0));

    CALL(0, SetOffset(list, unique, 0, 0)); /* from the time of the first record, and from far in the future */
    code = GetOffsetsForTimes(consumer, list, PATIENCE, E);
    if (!on_mock) { /* the embedded cluster cannot look up times */
        EQUAL(0, code);
        EQUAL(0, number_in(list, "offset", 0));
        CALL(0, SetOffset(list, unique, 0, 4102444800000));
        CALL(0, GetOffsetsForTimes(consumer, list, PATIENCE, E));
        EQUAL(-1, number_in(list, "offset", 0));
    }
    len = sizeof text;
    CALL(0, GetGroupMetadata(consumer, text, &len, E));
    CONTAINS("\"generation_id\":-1", text);
    CONTAINS(unique, text);
    CALL(0, UninitConsumer(consumer));

    reader = new_consumer(unique, unique, NULL); /* a member of the group goes on there */
    take(reader, &got);
    EQUAL(5, got.offset);
    len = 0;
    CALL(2, GetGroupMetadata(reader, NULL, &len, E));
    CHECK(len < (int32_t)sizeof text);
    CALL(0, GetGroupMetadata(reader, text, &len, E));
    CHECK(strstr(text, "\"member_id\":\"") && !strstr(text, "\"member_id\":\"\"") && !strstr(text, "\"generation_id\":-1"));
    CALL(-186, StoreOffsets(reader, list, E)); /* kaffi.offset.store is not manual */
    CALL(0, UninitConsumer(reader));
    CALL(0, DelBatch(list));
    CALL(0, DelBatch(other));
}

/* ---- Producing ---- */

static void purge(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer = new_client(servers, NULL);
    int i;
    CALL(0, PurgeProducer(producer, 3, E)); /* it has not started */
    produce(producer, unique, 0, NULL, "value");
    EQUAL(0, next_report(producer, NULL));
    CALL(0, MockRequest(mock, "{\"BrokerDown\": {\"broker\": 1}}", E));
    for (i = 0; i < 5; i++) produce(producer, unique, 0, NULL, "value");
    CALL(-1104, PurgeProducer(producer, 0, E));
    CALL(-1104, PurgeProducer(producer, 4, E));
    CALL(0, PurgeProducer(producer, 3, E));
    for (i = 0; i < 5; i++) {
        int error = next_report(producer, NULL);
        CHECK(error == -152 || error == -151);
    }
    CALL(0, UninitProducer(producer)); /* nothing is left */
    CALL(0, DelMockCluster(mock));
}

/* A key goes to the partition that is told, for each partitioner that goes by the key. */
static void key_partition(void) {
    static const char *const names[] = {"", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"};
    void *consumer = new_reader(unique), *list = list_of(4, 0);
    int32_t want[7], partition = -1;
    char keys[7][32];
    size_t i, k;
    for (i = 0; i < 7; i++) {
        void *producer = new_client(bootstrap, names[i][0] ? "partitioner" : NULL, names[i], NULL);
        snprintf(keys[i], sizeof keys[i], "k\xc3\xa4y %d", (int)i);
        CALL(0, GetKeyPartition(names[i], (const uint8_t *)keys[i], (int32_t)strlen(keys[i]), 4, &want[i], E));
        CHECK(want[i] >= 0 && want[i] < 4);
        produce(producer, unique, -1, keys[i], "value");
        CALL(0, UninitProducer(producer));
    }
    CALL(0, AssignPartitions(consumer, list, E));
    for (i = 0; i < 7; i++) {
        take(consumer, &got);
        for (k = 0; k < 7 && strcmp(keys[k], got.key) != 0;) k++;
        CHECK(k < 7);
        EQUAL(want[k], got.partition);
    }
    for (i = 0; i < 20; i++) { /* without a key any will do */
        CALL(0, GetKeyPartition("murmur2_random", NULL, -1, 3, &partition, E));
        CHECK(partition >= 0 && partition < 3);
    }
    CALL(-1104, GetKeyPartition("nothing", NULL, 0, 4, &partition, E));
    CONTAINS("fnv1a", errtxt);
    EQUAL(0, partition);
    CALL(-1104, GetKeyPartition("murmur2", NULL, 0, 0, &partition, E));
    CALL(-1104, GetKeyPartition("murmur2", NULL, -2, 4, &partition, E));
    CALL(-1102, GetKeyPartition("murmur2", NULL, 1, 4, &partition, E));
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelBatch(list));
}

enum { WRITERS = 16, READERS = 4, EACH = 2000 };
static struct {
    void *client;
    int each, total, taken;
    uint64_t ids[WRITERS][EACH];
    char seen[WRITERS][EACH];
} crowd;

static void *write_some(void *argument) {
    int writer = (int)(intptr_t)argument, i;
    char value[32];
    for (i = 0; i < crowd.each; i++) {
        snprintf(value, sizeof value, "%d %d", writer, i);
        crowd.ids[writer][i] = produce(crowd.client, unique, i % 4, NULL, value);
        CHECK(i == 0 || crowd.ids[writer][i] > crowd.ids[writer][i - 1]);
    }
    return NULL;
}

static void *read_some(void *unused) {
    static __thread uint8_t bytes[65536];
    static __thread int32_t lengths[100];
    (void)unused;
    while (__sync_add_and_fetch(&crowd.taken, 0) < crowd.total) {
        void *batch = NULL;
        int32_t rows = 0, len = sizeof bytes, count = 100, row, place = 0;
        int code = ConsumeBatch(crowd.client, 100, PATIENCE, &batch, &rows, E);
        if (code == 1) continue; /* woken: look again */
        EQUAL(0, code);
        CALL(0, GetBatchBytes(batch, "value", bytes, &len, lengths, &count, E));
        for (row = 0; row < rows; place += lengths[row], row++) {
            char value[32];
            int writer, number;
            snprintf(value, sizeof value, "%.*s", (int)lengths[row], (const char *)bytes + place);
            CHECK(sscanf(value, "%d %d", &writer, &number) == 2);
            EQUAL(0, __sync_fetch_and_add(&crowd.seen[writer][number], 1)); /* to one thread each */
        }
        if (__sync_add_and_fetch(&crowd.taken, rows) >= crowd.total) { /* the others wait for nothing */
            for (row = 0; row < READERS; row++) CALL(0, WakeKafka(crowd.client));
        }
        CALL(0, DelBatch(batch));
    }
    return NULL;
}

/* 16 threads on one producer, then 4 on one consumer. */
static void many_threads(void) {
    pthread_t threads[WRITERS];
    void *list = list_of(4, 0);
    int i, k;
    memset(&crowd, 0, sizeof crowd);
    crowd.each = on_valgrind ? 100 : EACH;
    crowd.total = WRITERS * crowd.each;
    crowd.client = new_client(bootstrap, "kaffi.delivery.reports", "all", NULL);
    for (i = 0; i < WRITERS; i++) threads[i] = start_thread(write_some, (void *)(intptr_t)i);
    for (i = 0; i < WRITERS; i++) join_thread(threads[i]);
    {   /* every id is reported once */
        static char reported[WRITERS * EACH + 1];
        uint64_t id = 0, first = crowd.ids[0][0];
        for (i = 1; i < WRITERS; i++) first = crowd.ids[i][0] < first ? crowd.ids[i][0] : first;
        memset(reported, 0, sizeof reported);
        for (i = 0; i < crowd.total; i++) {
            EQUAL(0, next_report(crowd.client, &id));
            CHECK(id >= first && id < first + (uint64_t)crowd.total);
            EQUAL(0, reported[id - first]++);
        }
    }
    CALL(0, UninitProducer(crowd.client));
    crowd.client = new_client(bootstrap, "group.id", unique, "kaffi.offset.store", "manual", NULL);
    CALL(0, AssignPartitions(crowd.client, list, E));
    for (i = 0; i < READERS; i++) threads[i] = start_thread(read_some, NULL);
    for (i = 0; i < READERS; i++) join_thread(threads[i]);
    EQUAL(crowd.total, crowd.taken);
    for (i = 0; i < WRITERS; i++)
        for (k = 0; k < crowd.each; k++) EQUAL(1, crowd.seen[i][k]);
    CALL(0, UninitConsumer(crowd.client));
    CALL(0, DelBatch(list));
}

/* ---- Transactions ---- */

static void transactions(void) {
    char from[240];
    void *producer = new_client(bootstrap, NULL), *consumer, *reader, *list, *second;
    int32_t advice = -1;
    uint64_t id = 0;
    int64_t left = -1;
    int i;
    CALL(-145, InitTransactions(producer, PATIENCE, &advice, E)); /* no transactional.id: the call is wrong */
    EQUAL(0, advice);
    CALL(0, UninitProducer(producer));
    snprintf(from, sizeof from, "%.200s-from", unique);
    fill(from, 5);
    list = new_list(from, 0);
    CALL(0, SetOffset(list, from, 0, 0));
    consumer = new_reader(unique);
    CALL(0, AssignPartitions(consumer, list, E));

    producer = new_client(bootstrap, "transactional.id", unique, NULL);
    CALL(-1106, BeginTransaction(producer, 0, &advice, E));
    CALL(-1104, InitTransactions(producer, -2, &advice, E));
    CALL(-1102, InitTransactions(producer, 0, NULL, E));
    CALL(0, InitTransactions(producer, PATIENCE, &advice, E));
    EQUAL(0, advice);
    CALL(-172, InitTransactions(producer, PATIENCE, &advice, E)); /* once */
    EQUAL(0, advice);
    CALL(-172, CommitTransaction(producer, PATIENCE, &advice, E)); /* none is open */
    EQUAL(0, advice);
    CALL(-172, Produce(producer, unique, "v", 1, NULL, 0, 0, &id, E));
    for (i = 0; i < 2; i++) { /* 2 records read and written; committed, then aborted */
        CALL(0, BeginTransaction(producer, 0, &advice, E));
        CALL(-172, BeginTransaction(producer, 0, &advice, E));
        EQUAL(0, advice);
        take(consumer, &got);
        produce(producer, unique, 0, NULL, i ? "aborted 1" : "committed 1");
        take(consumer, &got);
        produce(producer, unique, 0, NULL, i ? "aborted 2" : "committed 2");
        flush(producer); /* what an abort finds unsent fails, and counts in closing */
        CALL(0, SendOffsetsToTransaction(producer, consumer, NULL, PATIENCE, &advice, E));
        EQUAL(0, advice);
        if (i == 0) CALL(0, CommitTransaction(producer, PATIENCE, &advice, E));
        else CALL(0, AbortTransaction(producer, PATIENCE, &advice, E));
        EQUAL(0, advice);
    }
    if (!on_mock) { /* the embedded cluster has neither read_committed nor offsets that wait for a commit */
        CALL(0, GetCommitted(consumer, list, PATIENCE, E));
        EQUAL(2, number_in(list, "offset", 0));
        CALL(0, BeginTransaction(producer, 0, &advice, E));
        produce(producer, unique, 0, NULL, "committed 3");
        CALL(0, SetOffset(list, from, 0, 5));
        CALL(0, SendOffsetsToTransaction(producer, consumer, list, PATIENCE, &advice, E));
        CALL(0, CommitTransaction(producer, PATIENCE, &advice, E));
        CALL(0, GetCommitted(consumer, list, PATIENCE, E));
        EQUAL(5, number_in(list, "offset", 0));
        reader = new_consumer(from, unique, NULL);
        for (i = 1; i <= 3; i++) { /* nothing of what was aborted */
            take(reader, &got);
            CHECK(strncmp(got.payload, "committed ", 10) == 0);
            EQUAL(i, record_number(&got));
        }
        CALL(0, UninitConsumer(reader));
        CALL(0, BeginTransaction(producer, 0, &advice, E)); /* a second one with the id fences this one off */
        produce(producer, unique, 0, NULL, "fenced");
        second = new_client(bootstrap, "transactional.id", unique, NULL);
        CALL(0, InitTransactions(second, PATIENCE, &advice, E));
        CALL(-144, CommitTransaction(producer, PATIENCE, &advice, E));
        EQUAL(3, advice);
        CALL(-144, BeginTransaction(producer, 0, &advice, E));
        EQUAL(3, advice);
        CALL(0, UninitProducer(second));
        CHECK(CloseKafka(producer, PATIENCE, &left, E) == -1109 && left == 1);
        producer = new_client(bootstrap, "transactional.id", unique, NULL);
        CALL(0, InitTransactions(producer, PATIENCE, &advice, E));
    }
    CALL(0, BeginTransaction(producer, 0, &advice, E)); /* closing aborts what is open, and counts it */
    produce(producer, unique, 0, NULL, "open");
    CALL(-1109, CloseKafka(producer, PATIENCE, &left, E));
    EQUAL(1, left);
    CALL(0, UninitConsumer(consumer));
    CALL(0, DelBatch(list));
}

/* What a failure advises: call again where the broker is slow, abort where a record failed. */
static void advice_of_failures(void) {
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers);
    void *producer = new_client(servers, "transactional.id", unique, NULL);
    int32_t advice = -1;
    int64_t until;
    int code;
    CALL(0, MockRequest(mock, "{\"RoundTripTime\": {\"broker\": 1, \"ms\": 400}}", E));
    code = InitTransactions(producer, 0, &advice, E);
    EQUAL(-185, code);
    EQUAL(1, advice);
    for (until = now_ms() + PATIENCE; code != 0; code = InitTransactions(producer, 1000, &advice, E)) {
        EQUAL(1, advice);
        CHECK(now_ms() < until);
    }
    EQUAL(0, advice);
    CALL(0, BeginTransaction(producer, 0, &advice, E));
    produce(producer, unique, 0, NULL, "value");
    code = CommitTransaction(producer, 0, &advice, E);
    EQUAL(-185, code);
    EQUAL(1, advice);
    CALL(-173, AbortTransaction(producer, 0, &advice, E)); /* the commit is to be called again first */
    EQUAL(0, advice);
    for (until = now_ms() + PATIENCE; code != 0;) {
        CHECK(now_ms() < until);
        code = CommitTransaction(producer, 1000, &advice, E);
        EQUAL(code != 0, advice);
    }
    EQUAL(0, next_report(producer, NULL));
    CALL(0, MockRequest(mock, "{\"RoundTripTime\": {\"broker\": 1, \"ms\": 0}}", E));
    CALL(0, BeginTransaction(producer, 0, &advice, E));
    CALL(0, MockRequest(mock, "{\"PushErrors\": {\"api\": \"Produce\", \"errors\": [10]}}", E)); /* too large */
    produce(producer, unique, 0, NULL, "value");
    EQUAL(10, next_report(producer, NULL));
    code = CommitTransaction(producer, PATIENCE, &advice, E);
    CHECK(code != 0);
    for (until = now_ms() + PATIENCE; code != 0;) { /* who follows the advice gets there */
        CHECK(now_ms() < until);
        EQUAL(2, advice);
        CALL(0, AbortTransaction(producer, PATIENCE, &advice, E));
        CALL(0, BeginTransaction(producer, 0, &advice, E));
        produce(producer, unique, 0, NULL, "value");
        code = CommitTransaction(producer, PATIENCE, &advice, E);
    }
    EQUAL(0, advice);
    CHECK(read_reports(producer) >= 2); /* also of what failed: nobody counts it any more */
    CALL(0, UninitProducer(producer));
    CALL(0, DelMockCluster(mock));
}

/* ---- Admin ---- */

/* A request whose reply has room; what it answers. */
static int ask(void *client, const char *request) {
    int32_t len = sizeof text;
    int64_t reply_id = 0;
    int code = AdminRequest(client, request, PATIENCE, &reply_id, text, &len, E);
    EQUAL(0, reply_id);
    EQUAL(code == 0 ? (int32_t)strlen(text) : 0, len);
    return code;
}

static void admin(void) {
    char request[512], made[240];
    void *client = new_client(bootstrap, NULL);
    int64_t ids[17], id;
    int32_t len = 0, need;
    int i;
    snprintf(request, sizeof request, "{\"Metadata\": {\"topics\": [\"%s\"]}}", unique);
    EQUAL(-1106, ask(client, request));
    CALL(0, StartKafka(client, 3, E));
    fill(unique, 1);
    EQUAL(0, ask(client, request));
    CONTAINS(unique, text);
    CONTAINS("\"code\":0", text);
    /* A reply that finds too little room waits under its id; 16 of a client at most. */
    for (i = 0; i < 16; i++) {
        ids[i] = 0, len = i;
        CALL(2, AdminRequest(client, request, PATIENCE, &ids[i], i ? text : NULL, &len, E));
        CHECK(ids[i] != 0 && len > 16);
        need = len;
    }
    ids[16] = 0, len = 0;
    CALL(-184, AdminRequest(client, request, PATIENCE, &ids[16], NULL, &len, E));
    CHECK(ids[16] == 0 && len == 0);
    for (i = 0; i < 16; i++) {
        id = ids[i], len = need - 1;
        CALL(2, AdminRequest(client, "not read", PATIENCE, &id, text, &len, E));
        CHECK(id == ids[i] && len == need);
        memset(text, '#', (size_t)need + 1);
        CALL(0, AdminRequest(client, NULL, 0, &id, text, &len, E));
        CHECK(id == 0 && len == need - 1 && (int32_t)strlen(text) == len && text[need] == '#');
        CONTAINS(unique, text);
        id = ids[i], len = sizeof text;
        CALL(-1104, AdminRequest(client, request, PATIENCE, &id, text, &len, E)); /* it is given once */
    }
    EQUAL(0, ask(client, request));
    EQUAL(-1115, ask(client, "{\"NoSuchOperation\": {}}"));
    CONTAINS("NoSuchOperation", errtxt);
    if (!on_mock) {
        snprintf(made, sizeof made, "%.200s-made", unique);
        /* One bad topic: nothing of the request is done. */
        snprintf(request, sizeof request, "{\"CreateTopics\": {\"topics\": [{\"name\": \"%s\"}, {\"name\": \"x\", \"size\": 1}]}}", made);
        EQUAL(-1115, ask(client, request));
        CONTAINS("size", errtxt);
        snprintf(request, sizeof request, "{\"DescribeTopics\": {\"topics\": [\"%s\"]}}", made);
        EQUAL(0, ask(client, request));
        CONTAINS("\"code\":3", text);
        snprintf(request, sizeof request, "{\"CreateTopics\": {\"topics\": [{\"name\": \"%s\", \"partitions\": 3, "
                 "\"replication_factor\": 1}]}}", made);
        EQUAL(0, ask(client, request));
        CONTAINS("\"code\":0", text);
        EQUAL(0, ask(client, request));
        CONTAINS("\"code\":36", text); /* it is there */
        snprintf(request, sizeof request, "{\"DescribeTopics\": {\"topics\": [\"%s\"]}}", made);
        EQUAL(0, ask(client, request));
        CONTAINS("\"partition\":2", text);
        snprintf(request, sizeof request, "{\"DeleteTopics\": {\"topics\": [\"%s\"]}}", made);
        EQUAL(0, ask(client, request));
        CONTAINS("\"code\":0", text);
    }
    CALL(0, CloseKafka(client, PATIENCE, &id, E));
}

/* ---- Tokens ---- */

static void tokens(void) {
    static const char *const wrong[] = {"{", "[]", "7", "{\"a\": 1}", "{\"a\": null}", "{\"auth\": \"b\"}", "{\"a1\": \"b\"}"};
    char servers[64];
    int64_t later = 4102444800000, left = -1;
    int bound = nobody(servers, sizeof servers);
    void *client = new_client(servers, "security.protocol", "sasl_plaintext", "sasl.mechanism", "OAUTHBEARER", NULL), *plain;
    size_t i;
    CALL(-1102, SetOAuthToken(client, NULL, later, "", "", E));
    CALL(-1103, SetOAuthToken(client, "", later, "", "", E));
    CALL(-1103, SetOAuthToken(client, "\x01", later, "", "", E));
    CALL(-1104, SetOAuthToken(client, "secret", 1000, "", "", E)); /* it has expired */
    CHECK(!strstr(errtxt, "secret"));
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) CALL(-1115, SetOAuthToken(client, "secret", later, "", wrong[i], E));
    CALL(-1103, SetOAuthFailure(client, "", E));
    CALL(0, SetOAuthFailure(client, "the token server is asleep", E));
    CHECK(CheckConnection(client, 3000, E) < 0);
    CONTAINS("the token server is asleep", errtxt);
    CALL(0, SetOAuthToken(client, "secret", later, "alice", "{\"traceId\": \"12\"}", E));
    CALL(0, StartKafka(client, 1, E));
    CALL(0, SetOAuthToken(client, "secret", later, "alice", "", E));
    CHECK(CheckConnection(client, 1000, E) < 0);
    CHECK(!strstr(errtxt, "asleep") && !strstr(errtxt, "secret"));
    CALL(0, CloseKafka(client, 0, &left, E));
    plain = new_client(servers, NULL);
    CALL(0, StartKafka(plain, 1, E));
    CALL(-172, SetOAuthToken(plain, "secret", later, "", "", E)); /* it has no use for one */
    CALL(-172, SetOAuthFailure(plain, "none", E));
    CALL(0, UninitProducer(plain));
    close(bound);
}

static const struct test TESTS[] = {
    {"events", events, 0},
    {"kinds-of-events", kinds_of_events, 1},
    {"rebalance-by-hand", rebalance_by_hand, 0},
    {"ready-fd", ready_fd, 0},
    {"assignment", assignment, 0},
    {"offsets", offsets, 0},
    {"purge", purge, 1},
    {"key-partition", key_partition, 0},
    {"many-threads", many_threads, 0},
    {"transactions", transactions, 0},
    {"advice-of-failures", advice_of_failures, 1},
    {"admin", admin, 0},
    {"tokens", tokens, 1},
};

int main(int argc, char **argv) {
    return run_tests(argc, argv, "client/", TESTS, sizeof TESTS / sizeof *TESTS);
}
