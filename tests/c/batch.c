/* Batches of records in C: columns, producing and consuming them, Arrow. */
#include "frame.h"
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

#define SOON "reconnect.backoff.ms", "50", "reconnect.backoff.max.ms", "200"
static struct record got;
static int64_t yesterday; /* in ms: timestamps that no broker refuses or cleans away */
static const char DOWN[] = "{\"BrokerDown\": {\"broker\": 1}}", UP[] = "{\"BrokerUp\": {\"broker\": 1}}";

/* ---- Columns ---- */

/* A column of bytes, read value by value. */
struct values {
    int32_t count, size, *lengths, row, place;
    uint8_t *bytes;
};

static void *room(size_t size) {
    void *memory = malloc(size + 1);
    if (!memory) abort();
    return memory;
}

static struct values get_values(void *batch, const char *column) {
    struct values all = {0, 0, NULL, 0, 0, NULL};
    int code = GetBatchBytes(batch, column, NULL, &all.size, NULL, &all.count, E);
    CHECK(code == 0 || code == 2);
    all.bytes = (uint8_t *)room((size_t)all.size);
    all.lengths = (int32_t *)room(sizeof(int32_t) * (size_t)all.count);
    CALL(0, GetBatchBytes(batch, column, all.bytes, &all.size, all.lengths, &all.count, E));
    return all;
}

static void free_values(struct values *all) {
    free(all->bytes);
    free(all->lengths);
}

/* The next value, and its length; -1: null, also where the column is not set. */
static const uint8_t *next_value(struct values *all, int32_t *length) {
    const uint8_t *value = all->bytes + all->place;
    *length = all->row < all->count ? all->lengths[all->row++] : -1;
    if (*length > 0) all->place += *length;
    return value;
}

/* The caller frees them. */
static int64_t *get_ints(void *batch, const char *column, int32_t *count) {
    int64_t *values;
    int code;
    *count = 0;
    code = GetBatchInts(batch, column, NULL, count, E);
    CHECK(code == 0 || code == 2);
    values = (int64_t *)room(sizeof(int64_t) * (size_t)*count);
    CALL(0, GetBatchInts(batch, column, values, count, E));
    return values;
}

static int32_t count_rows(void *batch) {
    int32_t rows = -1;
    CALL(0, GetBatchRows(batch, &rows));
    return rows;
}

static void *new_batch(void) {
    void *batch = NULL;
    CALL(0, NewBatch(&batch));
    return batch;
}

/* Sets a column; null for a null value. */
static void set_texts(void *batch, const char *column, int32_t count, ...) {
    uint8_t bytes[4096];
    int32_t lengths[64], size = 0, i;
    va_list texts;
    va_start(texts, count);
    for (i = 0; i < count; i++) {
        const char *value = va_arg(texts, const char *);
        lengths[i] = value ? (int32_t)strlen(value) : -1;
        if (value) memcpy(bytes + size, value, strlen(value));
        if (value) size += lengths[i];
    }
    va_end(texts);
    CALL(0, SetBatchBytes(batch, column, bytes, size, lengths, count, E));
}

static void set_ints(void *batch, const char *column, int32_t count, ...) {
    int64_t values[64];
    int32_t i;
    va_list numbers;
    va_start(numbers, count);
    for (i = 0; i < count; i++) values[i] = va_arg(numbers, int);
    va_end(numbers);
    CALL(0, SetBatchInts(batch, column, values, count, E));
}

static void want_ints(void *batch, const char *column, int32_t count, ...) {
    int32_t has = 0, i;
    int64_t *values = get_ints(batch, column, &has);
    va_list numbers;
    EQUAL(count, has);
    va_start(numbers, count);
    for (i = 0; i < count; i++) {
        int want = va_arg(numbers, int);
        if (values[i] != want)
            fail(__FILE__, __LINE__, "column %s: row %d is %lld, not %d", column, i, (long long)values[i], want);
    }
    va_end(numbers);
    free(values);
}

/* Rows as text, a line for each: key, value, headers. */
struct text {
    char data[1 << 16];
    size_t size;
};
static struct text text, again;

static void add(struct text *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    to->size += (size_t)vsnprintf(to->data + to->size, sizeof to->data - to->size, format, arguments);
    va_end(arguments);
    CHECK(to->size < sizeof to->data);
}

static void add_next(struct text *to, struct values *from) {
    int32_t length, i;
    const uint8_t *value = next_value(from, &length);
    if (length < 0) {
        add(to, "null");
        return;
    }
    add(to, "'");
    for (i = 0; i < length; i++) {
        if (value[i] > ' ' && value[i] < 127) add(to, "%c", value[i]);
        else add(to, "<%02x>", value[i]);
    }
    add(to, "'");
}

/* Adds the rows of a batch; with `where` each begins with its partition, offset and timestamp. */
static void show(void *batch, int where, struct text *to) {
    struct values keys = get_values(batch, "key"), values = get_values(batch, "value");
    struct values names = get_values(batch, "header.name"), datas = get_values(batch, "header.value");
    int32_t rows = count_rows(batch), counted, count, row;
    int64_t header, *counts = get_ints(batch, "header.count", &counted);
    int64_t *partitions = get_ints(batch, "partition", &count), *offsets = get_ints(batch, "offset", &count);
    int64_t *times = get_ints(batch, "timestamp", &count);
    for (row = 0; row < rows; row++) {
        if (where) add(to, "%d@%d %lld ", (int)partitions[row], (int)offsets[row], (long long)times[row]);
        add_next(to, &keys);
        add(to, " ");
        add_next(to, &values);
        for (header = 0; header < (counted ? counts[row] : 0); header++) {
            add(to, " ");
            add_next(to, &names);
            add(to, "=");
            add_next(to, &datas);
        }
        add(to, "\n");
    }
    free_values(&keys), free_values(&values), free_values(&names), free_values(&datas);
    free(counts), free(partitions), free(offsets), free(times);
}

static void want_rows(void *batch, const char *want) {
    text.size = 0;
    text.data[0] = 0;
    show(batch, 0, &text);
    SAME_TEXT(want, text.data);
}

/* ---- Producing and consuming ---- */

static uint64_t first; /* what the last PRODUCE said */
static int32_t left, refused;
#define PRODUCE(want, producer, topic, partition, batch, timeout) \
    CALL(want, ProduceBatch(producer, topic, partition, batch, timeout, &first, &left, &refused, E))

/* Produces all rows of a batch, which leaves none. */
static uint64_t produce_all(void *producer, const char *topic, int32_t partition, void *batch) {
    PRODUCE(0, producer, topic, partition, batch, PATIENCE);
    EQUAL(0, left);
    EQUAL(0, refused);
    CHECK(first > 0);
    return first;
}

enum { NO_REPORT = -9999, MOST = 64 };

/* Reads as many reports, each for another of the rows that have ids from `id` on; then there are no more. */
static void want_reports(void *producer, uint64_t id, int32_t rows, int32_t expected, int32_t *errors) {
    int32_t had = 0, some = 0, count, i;
    for (i = 0; i < rows; i++) errors[i] = NO_REPORT;
    for (; had < expected; had += some) {
        void *batch = NULL;
        int64_t *ids, *codes;
        CALL(0, DeliveryReportBatch(producer, 1000, PATIENCE, &batch, &some, E));
        ids = get_ints(batch, "msgid", &count);
        codes = get_ints(batch, "error", &count);
        EQUAL(some, count);
        for (i = 0; i < some; i++) {
            CHECK((uint64_t)ids[i] >= id && (uint64_t)ids[i] < id + (uint64_t)rows);
            EQUAL(NO_REPORT, errors[ids[i] - (int64_t)id]);
            errors[ids[i] - (int64_t)id] = (int32_t)codes[i];
        }
        free(ids);
        free(codes);
        CALL(0, DelBatch(batch));
    }
    EQUAL(expected, had);
    {
        void *batch = NULL;
        CALL(1, DeliveryReportBatch(producer, 1000, PATIENCE, &batch, &some, E));
        CHECK(batch == NULL && some == 0);
    }
}

/* The next records, `most` at most. */
static void *take_batch(void *consumer, int32_t most, int32_t *rows) {
    void *batch = NULL;
    CALL(0, ConsumeBatch(consumer, most, PATIENCE, &batch, rows, E));
    CHECK(*rows > 0 && *rows <= most);
    EQUAL(*rows, count_rows(batch));
    return batch;
}

/* The next `rows` records as text. */
static void take_rows(void *consumer, int32_t rows, int where, struct text *to) {
    int32_t some;
    to->size = 0;
    to->data[0] = 0;
    for (; rows > 0; rows -= some) {
        void *batch = take_batch(consumer, rows, &some);
        show(batch, where, to);
        CALL(0, DelBatch(batch));
    }
}

static void no_more(void *consumer) {
    void *batch = NULL;
    int32_t rows = -1;
    CALL(1, ConsumeBatch(consumer, 10, 200, &batch, &rows, E));
    CHECK(batch == NULL && rows == 0);
}

static int by_line(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* Sorts the lines: records of several partitions come in any order. */
static void sort(struct text *lines) {
    static char sorted[sizeof lines->data];
    char *starts[MOST], *end;
    size_t count = 0, i;
    for (end = lines->data; (starts[count] = end, end = strchr(end, '\n')) != NULL; count++) *end++ = 0;
    qsort(starts, count, sizeof *starts, by_line);
    for (sorted[0] = 0, i = 0; i < count; i++) sprintf(sorted + strlen(sorted), "%s\n", starts[i]);
    strcpy(lines->data, sorted);
}

/* ---- The tests ---- */

static void columns(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = new_batch();
    static const uint8_t values[] = {'v', 0, 0xff, 'w'};
    static const int32_t lengths[] = {3, 0, -1, 1};
    const int64_t times[] = {yesterday, yesterday + 1, yesterday - 1, yesterday + 3600000};
    int32_t errors[4], count;
    uint64_t id;
    EQUAL(0, count_rows(batch));
    CALL(0, SetBatchBytes(batch, "value", values, 4, lengths, 4, E));
    set_texts(batch, "key", 4, "a", NULL, "", "b");
    set_ints(batch, "partition", 4, 1, 1, 1, 1);
    set_ints(batch, "header.count", 4, 0, 3, 0, 1);
    set_texts(batch, "header.name", 4, "h", "h", "", "other");
    set_texts(batch, "header.value", 4, "1", NULL, "", "22");
    CALL(0, SetBatchInts(batch, "timestamp", times, 4, E));
    EQUAL(4, count_rows(batch));
    want_ints(batch, "partition", 4, 1, 1, 1, 1);
    want_rows(batch, "'a' 'v<00><ff>'\nnull '' 'h'='1' 'h'=null ''=''\n'' null\n'b' 'w' 'other'='22'\n");
    id = produce_all(producer, unique, -2, batch);
    want_ints(batch, "error", 4, 0, 0, 0, 0);
    want_reports(producer, id, 4, 4, errors);
    for (count = 0; count < 4; count++) EQUAL(0, errors[count]);
    consumer = new_consumer(unique, unique, NULL);
    take_rows(consumer, 4, 1, &text);
    again.size = 0;
    add(&again, "1@0 %lld 'a' 'v<00><ff>'\n1@1 %lld null '' 'h'='1' 'h'=null ''=''\n", (long long)times[0], (long long)times[1]);
    add(&again, "1@2 %lld '' null\n1@3 %lld 'b' 'w' 'other'='22'\n", (long long)times[2], (long long)times[3]);
    SAME_TEXT(again.data, text.data);

    /* Columns that are not set: keys and values are null, the time is now, the partition any. */
    CALL(0, ClearBatch(batch));
    EQUAL(0, count_rows(batch));
    produce_all(producer, unique, -1, batch); /* no rows are no failure */
    set_texts(batch, "value", 2, "x", "y");
    CHECK(produce_all(producer, unique, 2, batch) >= id + 4);
    CALL(0, ClearBatch(batch));
    set_texts(batch, "key", 1, "k");
    produce_all(producer, unique, 2, batch);
    take_rows(consumer, 3, 0, &text);
    SAME_TEXT("null 'x'\nnull 'y'\n'k' null\n", text.data);
    CALL(0, DelBatch(batch));
    CALL(0, UninitProducer(producer));
    CALL(0, UninitConsumer(consumer));
}

/* A batch that was produced is filled again as it is: with more rows or fewer, or one more record. */
static void filled_again(void) {
    void *producer, *consumer, *batch, *part = NULL;
    static const int32_t two[] = {2};
    /* In order also where the topic is made while they are sent. */
    producer = new_client(bootstrap, "enable.idempotence", "true", NULL);
    batch = new_batch();
    set_texts(batch, "value", 3, "1", "2", "3");
    produce_all(producer, unique, 2, batch);
    set_texts(batch, "value", 2, "4", "5");
    EQUAL(2, count_rows(batch));
    produce_all(producer, unique, 2, batch);
    set_texts(batch, "value", 4, "6", "7", "8", "9");
    produce_all(producer, unique, 2, batch);
    want_ints(batch, "error", 4, 0, 0, 0, 0);
    CALL(0, ClearBatch(batch));
    CALL(0, AddRecord(batch, unique, 2, -1, NULL, -1, (const uint8_t *)"a", 1, E));
    CALL(0, AddRecord(batch, unique, 2, -1, NULL, -1, (const uint8_t *)"b", 1, E));
    produce_all(producer, "", -2, batch);
    CALL(0, AddRecord(batch, unique, 2, -1, NULL, -1, (const uint8_t *)"c", 1, E));
    CALL(0, SelectBatchRows(batch, two, 1, &part, E));
    want_rows(part, "null 'c'\n");
    produce_all(producer, "", -2, part);
    CALL(0, DelBatch(part));
    CALL(0, DelBatch(batch));
    CALL(0, UninitProducer(producer));
    consumer = new_consumer(unique, unique, NULL);
    take_rows(consumer, 12, 0, &text);
    SAME_TEXT("null '1'\nnull '2'\nnull '3'\nnull '4'\nnull '5'\nnull '6'\nnull '7'\nnull '8'\nnull '9'\nnull 'a'\nnull 'b'\n"
              "null 'c'\n", text.data);
    CALL(0, UninitConsumer(consumer));
}

static void rows(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = new_batch(), *list = new_list(unique, 0);
    static const uint8_t binary[] = {0, 0xff, '\n', 0};
    const uint8_t *k = (const uint8_t *)"k", *v = (const uint8_t *)"v";
    char other[sizeof unique + 6];
    int i;
    snprintf(other, sizeof other, "%s-other", unique);
    CALL(-1114, AddHeader(batch, "h", v, 1, E)); /* there is no record */
    CALL(0, AddRecord(batch, unique, 0, -1, k, 1, v, 1, E));
    CALL(0, AddHeader(batch, "h", v, 1, E));
    CALL(0, AddHeader(batch, "h", binary, 4, E));
    CALL(0, AddHeader(batch, "h", NULL, -1, E));
    CALL(0, AddHeader(batch, "h", NULL, 0, E));
    CALL(0, AddHeader(batch, "gr\xc3\xbc\xc3\x9f", v, 1, E));
    CALL(0, AddRecord(batch, other, 1, yesterday, NULL, -1, NULL, -1, E));
    CALL(0, AddRecord(batch, unique, 0, yesterday, NULL, 0, binary, 4, E));
    CALL(0, AddHeader(batch, "last", NULL, -1, E));

    /* What is refused adds nothing. */
    CALL(-1103, AddRecord(batch, "", 0, -1, k, 1, v, 1, E));
    CALL(-1103, AddRecord(batch, "\xff", 0, -1, k, 1, v, 1, E));
    CALL(-1102, AddRecord(batch, NULL, 0, -1, k, 1, v, 1, E));
    CALL(-1104, AddRecord(batch, unique, -2, -1, k, 1, v, 1, E));
    CONTAINS("-2", errtxt);
    CALL(-1104, AddRecord(batch, unique, 0, -2, k, 1, v, 1, E));
    CALL(-1104, AddRecord(batch, unique, 0, -1, k, -2, v, 1, E));
    CONTAINS("key", errtxt);
    CALL(-1104, AddRecord(batch, unique, 0, -1, k, 1, v, INT32_MIN, E));
    CONTAINS("value", errtxt);
    CALL(-1102, AddRecord(batch, unique, 0, -1, NULL, 1, v, 1, E));
    CALL(-1102, AddRecord(batch, unique, 0, -1, k, 1, NULL, 1, E));
    CALL(-1114, AddRecord(list, unique, 0, -1, k, 1, v, 1, E));
    CALL(-1102, AddHeader(batch, NULL, v, 1, E));
    CALL(-1103, AddHeader(batch, "\xff", v, 1, E));
    CALL(-1104, AddHeader(batch, "h", v, -2, E));
    CALL(-1102, AddHeader(batch, "h", NULL, 1, E));
    CALL(-1114, AddHeader(list, "h", v, 1, E));
    want_ints(batch, "partition", 3, 0, 1, 0);
    want_ints(batch, "topic", 3, 0, 1, 0);
    want_ints(batch, "header.count", 3, 5, 0, 1);
    want_rows(batch, "'k' 'v' 'h'='v' 'h'='<00><ff><0a><00>' 'h'=null 'h'='' 'gr<c3><bc><c3><9f>'='v'\nnull null\n"
                     "'' '<00><ff><0a><00>' 'last'=null\n");

    for (i = 0; i < 2; i++) produce_all(producer, "", -2, batch);
    /* It goes on with more records. */
    CALL(0, AddRecord(batch, other, 1, -1, k, 1, k, 1, E));
    EQUAL(4, count_rows(batch));
    produce_all(producer, "", -2, batch);
    CALL(0, UninitProducer(producer));
    consumer = new_consumer(unique, unique, NULL);
    take_rows(consumer, 6, 0, &text);
    again.size = 0;
    for (i = 0; i < 3; i++)
        add(&again, "'k' 'v' 'h'='v' 'h'='<00><ff><0a><00>' 'h'=null 'h'='' 'gr<c3><bc><c3><9f>'='v'\n"
                    "'' '<00><ff><0a><00>' 'last'=null\n");
    SAME_TEXT(again.data, text.data);
    subscribe(consumer, other);
    take_rows(consumer, 4, 0, &text);
    SAME_TEXT("null null\nnull null\nnull null\n'k' 'k'\n", text.data);
    CALL(0, UninitConsumer(consumer));

    /* A batch of which some columns lack rows takes no records. */
    CALL(0, ClearBatch(batch));
    set_texts(batch, "value", 1, "v");
    CALL(-1114, AddRecord(batch, unique, 0, -1, k, 1, v, 1, E));
    CONTAINS("topic", errtxt);
    CALL(0, DelBatch(batch));
    CALL(0, DelBatch(list));
}

/* What one topic holds is produced to another, as it is: partition, offset, time, key, value, headers. */
static void forward(void) {
    enum { COUNT = 40 };
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = new_batch();
    char to[sizeof unique + 3];
    uint8_t bytes[256];
    int32_t i, some, sum;
    snprintf(to, sizeof to, "%s-to", unique);
    for (i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    for (i = 0; i < COUNT; i++) {
        CALL(0, AddRecord(batch, unique, i % 2, i % 3 ? -1 : yesterday - i, bytes + i, i % 5 - 1, bytes, i % 4 ? i * 3 : -1, E));
        if (i % 3 == 1) CALL(0, AddHeader(batch, "name", bytes + 100, i * 2, E));
        if (i % 6 == 1) CALL(0, AddHeader(batch, "name", bytes + 200, 0, E));
        if (i % 6 == 5) CALL(0, AddHeader(batch, "", NULL, -1, E));
    }
    produce_all(producer, "", -2, batch);
    CALL(0, DelBatch(batch));
    flush(producer);
    consumer = new_consumer(unique, unique, NULL);
    for (text.size = 0, sum = 0; sum < COUNT; sum += some) {
        batch = take_batch(consumer, COUNT, &some);
        show(batch, 1, &text);
        produce_all(producer, to, -2, batch);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitProducer(producer));
    subscribe(consumer, to);
    take_rows(consumer, COUNT, 1, &again);
    sort(&text);
    sort(&again);
    SAME_TEXT(text.data, again.data);
    CALL(0, UninitConsumer(consumer));
}

static void *numbered(int32_t count) {
    void *batch = new_batch();
    char value[16];
    int32_t i;
    for (i = 0; i < count; i++) {
        snprintf(value, sizeof value, "%d", i);
        CALL(0, AddRecord(batch, unique, i % 3, i % 4 ? -1 : yesterday, NULL, -1, (uint8_t *)value, (int32_t)strlen(value), E));
        if (i % 5 == 0) CALL(0, AddHeader(batch, "h", NULL, 0, E));
    }
    return batch;
}

/* Takes `count` numbers in each of 3 partitions, `rounds` times 0, 1, 2, ...; each partition's in order. */
static void want_numbers(const char *servers, int32_t count, int32_t times) {
    void *consumer = new_client(servers, "group.id", unique, "auto.offset.reset", "earliest", NULL);
    int32_t seen[3] = {0, 0, 0}, sum, some, rows_of, i, length;
    subscribe(consumer, unique);
    for (sum = 0; sum < count * times; sum += some) {
        void *batch = take_batch(consumer, count * times, &some);
        struct values values = get_values(batch, "value");
        int64_t *partitions = get_ints(batch, "partition", &rows_of);
        for (i = 0; i < some; i++) {
            const uint8_t *value = next_value(&values, &length);
            int64_t p = partitions[i];
            int32_t each = (count - (int32_t)p + 2) / 3, want = (int32_t)p + seen[p]++ % each * 3;
            char number[16];
            EQUAL(snprintf(number, sizeof number, "%d", want), length);
            CHECK(memcmp(number, value, (size_t)length) == 0);
        }
        free(partitions);
        free_values(&values);
        CALL(0, DelBatch(batch));
    }
    no_more(consumer);
    CALL(0, UninitConsumer(consumer));
}

static void queue_full(void) {
    enum { COUNT = 25 };
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer, *batch = numbered(COUNT);
    int32_t errors[2 * COUNT], count, i, waiting;
    int64_t start, *codes;
    uint64_t id;
    producer = new_client(servers, "queue.buffering.max.messages", "10", SOON, NULL);
    CALL(0, StartKafka(producer, 1, E));
    CALL(0, MockRequest(mock, DOWN, E));
    PRODUCE(-184, producer, "", -2, batch, 0);
    CONTAINS("queue", errtxt);
    id = first;
    EQUAL(COUNT - 10, left);
    EQUAL(0, refused);
    start = now_ms();
    PRODUCE(-184, producer, "", -2, batch, 300); /* the same rows wait */
    CHECK(now_ms() - start >= 300 && now_ms() - start < 1500);
    EQUAL(id, first);
    EQUAL(COUNT - 10, left);
    codes = get_ints(batch, "error", &count);
    EQUAL(COUNT, count);
    for (waiting = i = 0; i < COUNT; i++) {
        CHECK(codes[i] == 0 || codes[i] == -184);
        waiting += codes[i] == -184;
    }
    EQUAL(left, waiting);
    free(codes);
    CALL(0, MockRequest(mock, UP, E));
    EQUAL(id, produce_all(producer, "", -2, batch)); /* the rest */
    codes = get_ints(batch, "error", &count);
    for (i = 0; i < COUNT; i++) EQUAL(0, codes[i]);
    free(codes);
    want_reports(producer, id, COUNT, COUNT, errors);
    for (i = 0; i < COUNT; i++) EQUAL(0, errors[i]);
    CHECK(produce_all(producer, "", -2, batch) >= id + COUNT); /* anew */
    want_reports(producer, first, COUNT, COUNT, errors);
    want_numbers(servers, COUNT, 2);

    /* Setting a column starts anew, with new ids; what was taken is not taken back. */
    CALL(0, MockRequest(mock, DOWN, E));
    PRODUCE(-184, producer, "", -2, batch, 0);
    id = first;
    set_ints(batch, "partition", 25, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0);
    PRODUCE(-184, producer, "", -2, batch, 0);
    EQUAL(COUNT, left);
    CHECK(first >= id + COUNT);
    CALL(0, MockRequest(mock, UP, E));
    produce_all(producer, "", -2, batch);
    EQUAL(id + COUNT, first);
    want_reports(producer, id, 2 * COUNT, COUNT + 10, errors);
    CALL(0, UninitProducer(producer));

    /* Reports that nobody reads hold a producer back as a full queue does. */
    producer = new_client(servers, "kaffi.delivery.reports", "all", "kaffi.delivery.reports.max", "10", NULL);
    for (i = 0, id = 0; i < COUNT; i += 10) {
        PRODUCE(i + 10 < COUNT ? -184 : 0, producer, "", -2, batch, 100);
        if (i + 10 < COUNT) CONTAINS("kaffi.delivery.reports.max", errtxt);
        EQUAL(i + 10 < COUNT ? COUNT - 10 - i : 0, left);
        CHECK(i == 0 || id == first);
        id = first;
        want_reports(producer, id, COUNT, i + 10 < COUNT ? 10 : COUNT - i, errors);
    }
    CALL(0, UninitProducer(producer));
    CALL(0, DelBatch(batch));
    CALL(0, DelMockCluster(mock));
}

static void too_large(void) {
    void *producer = new_client(bootstrap, "message.max.bytes", "2000", NULL), *consumer, *batch = new_batch();
    static const uint8_t large[3000] = {0};
    const uint8_t *v = (const uint8_t *)"v";
    int32_t errors[5];
    CALL(0, AddRecord(batch, unique, 0, -1, v, 1, v, 1, E));
    CALL(0, AddRecord(batch, unique, 0, -1, v, 1, large, sizeof large, E));
    CALL(0, AddRecord(batch, unique, 0, -1, large, sizeof large, NULL, -1, E));
    CALL(0, AddHeader(batch, "h", v, 1, E));
    CALL(0, AddRecord(batch, unique, 0, -1, v, 1, v, 1, E));
    CALL(0, AddHeader(batch, "h", large, sizeof large, E));
    CALL(0, AddRecord(batch, unique, 0, -1, v, 1, NULL, -1, E));
    PRODUCE(0, producer, "", -2, batch, PATIENCE);
    EQUAL(0, left);
    EQUAL(3, refused);
    want_ints(batch, "error", 5, 0, 10, 10, 10, 0);
    want_reports(producer, first, 5, 2, errors);
    EQUAL(0, errors[0]);
    EQUAL(0, errors[4]);
    CALL(0, UninitProducer(producer));

    /* A record that no queue would ever have room for, and one larger than brokers take: no waiting for these. */
    producer = new_client(bootstrap, "queue.buffering.max.kbytes", "1", NULL);
    PRODUCE(0, producer, "", -2, batch, -1);
    EQUAL(3, refused);
    want_ints(batch, "error", 5, 0, 10, 10, 10, 0);
    want_reports(producer, first, 5, 2, errors);
    CALL(0, UninitProducer(producer));
    CALL(0, DelBatch(batch));
    consumer = new_consumer(unique, unique, NULL);
    take_rows(consumer, 4, 0, &text);
    SAME_TEXT("'v' 'v'\n'v' null\n'v' 'v'\n'v' null\n", text.data);
    CALL(0, UninitConsumer(consumer));
}

static void unknown_partition(void) {
    void *producer = new_client(bootstrap, NULL), *batch = new_batch();
    char other[sizeof unique + 6];
    int32_t errors[5];
    snprintf(other, sizeof other, "%s-other", unique);
    set_texts(batch, "value", 5, "0", "1", "2", "3", "4");
    set_ints(batch, "partition", 5, 0, 77, 1, -1, 77);
    PRODUCE(0, producer, unique, 0, batch, PATIENCE); /* that of the call counts */
    flush(producer);
    want_reports(producer, first, 5, 5, errors);
    PRODUCE(0, producer, unique, -2, batch, PATIENCE);
    EQUAL(2, refused);
    want_ints(batch, "error", 5, 0, -190, 0, 0, -190);
    want_reports(producer, first, 5, 3, errors);
    EQUAL(0, errors[0]);
    EQUAL(0, errors[2]);
    EQUAL(0, errors[3]);
    /* A topic not known yet: the reports tell, unless it becomes known inside the call. */
    PRODUCE(0, producer, other, -2, batch, PATIENCE);
    if (refused) want_ints(batch, "error", 5, 0, -190, 0, 0, -190);
    want_reports(producer, first, 5, 5 - refused, errors);
    EQUAL(0, errors[0]);
    EQUAL(0, errors[2]);
    EQUAL(0, errors[3]);
    if (!refused) {
        EQUAL(-190, errors[1]);
        EQUAL(-190, errors[4]);
    }
    CALL(-1104, ProduceBatch(producer, unique, -3, batch, 0, &first, &left, &refused, E));
    CALL(-1104, ProduceBatch(producer, unique, 0, batch, -2, &first, &left, &refused, E));
    CHECK(first == 0 && left == 0 && refused == 0);
    CALL(0, UninitProducer(producer));
    CALL(0, DelBatch(batch));
}

/* Columns that are refused when they are set, and those that do not fit together when they are used. */
static void misfits(void) {
    void *producer = new_client(bootstrap, NULL), *batch = new_batch(), *list = new_list(unique, 0), *reports = NULL;
    static const uint8_t two[] = {'a', 'b'};
    static const int64_t wide[] = {0, (int64_t)INT32_MAX + 1};
    int32_t some = 0;
    static const struct {
        int32_t lengths[2];
        const char *row;
    } wrong[] = {{{0, 3}, "row 1"}, {{3, 0}, "row 0"}, {{0, -2}, "row 1"}, {{INT32_MIN, 2}, "row 0"},
                 {{INT32_MAX, INT32_MAX}, "row 0"}, {{1, 0}, "add up"}, {{-1, -1}, "add up"}};
    size_t i;
    set_texts(batch, "value", 2, "old", NULL);
    set_ints(batch, "partition", 2, 0, 1);
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CALL(-1104, SetBatchBytes(batch, "value", two, 2, wrong[i].lengths, 2, E));
        CONTAINS("value", errtxt);
        CONTAINS(wrong[i].row, errtxt);
    }
    CALL(-1104, SetBatchBytes(batch, "value", two, -1, wrong[0].lengths, 2, E));
    CALL(-1104, SetBatchBytes(batch, "value", two, 2, wrong[0].lengths, -1, E));
    CALL(-1102, SetBatchBytes(batch, "value", NULL, 2, wrong[0].lengths, 2, E));
    CALL(-1102, SetBatchBytes(batch, "value", two, 2, NULL, 2, E));
    CALL(-1102, SetBatchBytes(batch, NULL, two, 2, wrong[0].lengths, 2, E));
    CALL(-1103, SetBatchBytes(batch, "\xff", two, 2, wrong[0].lengths, 2, E));
    CALL(-1113, SetBatchBytes(batch, "no.such", two, 2, wrong[0].lengths, 2, E));
    CONTAINS("no.such", errtxt);
    CONTAINS("header.value", errtxt);
    CALL(-1113, SetBatchBytes(batch, "partition", two, 2, wrong[0].lengths, 2, E));
    CONTAINS("partition", errtxt);
    CALL(-1113, SetBatchBytes(batch, "metadata", two, 2, wrong[0].lengths, 2, E)); /* of lists */
    CALL(-1113, SetBatchInts(batch, "value", wide, 2, E));
    CALL(-1113, SetBatchInts(batch, "error", wide, 2, E));
    CALL(-1113, SetBatchInts(batch, "msgid", wide, 2, E)); /* of reports */
    CALL(-1104, SetBatchInts(batch, "partition", wide, 2, E));
    CONTAINS("partition", errtxt);
    CONTAINS("row 1", errtxt);
    CALL(-1104, SetBatchInts(batch, "partition", wide, -1, E));
    CALL(-1102, SetBatchInts(batch, "partition", NULL, 2, E));
    want_rows(batch, "null 'old'\nnull null\n"); /* what was there stays */
    want_ints(batch, "partition", 2, 0, 1);

#define MISFIT(topic, partition, say, where) \
    PRODUCE(-1114, producer, topic, partition, batch, PATIENCE); \
    CHECK(first == 0 && left == 0 && refused == 0); \
    CONTAINS(say, errtxt); \
    CONTAINS(where, errtxt)
    set_texts(batch, "key", 1, "k");
    MISFIT(unique, -2, "key", "1 rows");
    set_texts(batch, "key", 0);
    set_ints(batch, "partition", 3, 0, 0, 0);
    MISFIT(unique, -1, "value", "2 rows");
    set_ints(batch, "partition", 0);
    MISFIT(unique, -2, "partition", "not set");
    MISFIT("", -1, "topic.name", "not set");
    set_texts(batch, "topic.name", 2, unique, "other");
    MISFIT("", -1, "topic", "not set");
    set_ints(batch, "topic", 2, 0, 2);
    MISFIT("", -1, "topic", "row 1");
    set_ints(batch, "topic", 2, -1, 0);
    MISFIT("", -1, "topic", "row 0");
    set_ints(batch, "topic", 2, 0, 0);
    set_texts(batch, "topic.name", 2, unique, NULL);
    MISFIT("", -1, "topic.name", "row 1");
    set_texts(batch, "topic.name", 1, "\xff");
    MISFIT("", -1, "topic.name", "row 0");
    set_texts(batch, "topic.name", 1, unique);
    set_ints(batch, "header.count", 2, 1, 1);
    MISFIT("", -1, "header.count", "header.name has 0");
    set_texts(batch, "header.name", 3, "a", "b", "c");
    MISFIT("", -1, "adds up to 2", "header.name has 3");
    set_texts(batch, "header.name", 2, "a", NULL);
    MISFIT("", -1, "header.name", "row 1");
    set_texts(batch, "header.name", 2, "a", "b");
    set_texts(batch, "header.value", 1, "a");
    MISFIT("", -1, "header.value", "1 rows");
    set_ints(batch, "header.count", 2, 3, -1);
    MISFIT("", -1, "header.count", "row 1");
    set_ints(batch, "header.count", 1, 2);
    MISFIT("", -1, "header.count", "1 rows");
    set_ints(batch, "header.count", 2, 2, 0);
    set_texts(batch, "header.value", 0);
    produce_all(producer, "", -1, batch); /* set right, it is taken; header values that are not set are null */
    want_rows(batch, "null 'old' 'a'=null 'b'=null\nnull null\n");
    CALL(0, DelBatch(batch));

    /* Batches of another kind. */
    PRODUCE(-1114, producer, unique, -1, list, PATIENCE);
    CALL(0, DeliveryReportBatch(producer, 2, PATIENCE, &reports, &some, E));
    PRODUCE(-1114, producer, unique, -1, reports, PATIENCE);
    CALL(-1113, SetBatchInts(reports, "error", wide, 2, E));
    CALL(-1114, AddRecord(reports, unique, 0, -1, two, 1, two, 1, E));
    PRODUCE(-1107, producer, unique, -1, batch, PATIENCE); /* deleted */
    CALL(0, DelBatch(reports));
    CALL(0, DelBatch(list));
    CALL(0, UninitProducer(producer));
}

static struct {
    void *producer, *batch;
    int code;
    int32_t left;
    uint64_t first;
} running;

static void *produce_it(void *unused) {
    int32_t refusals;
    (void)unused;
    running.code = ProduceBatch(running.producer, "", -2, running.batch, 50000, &running.first, &running.left, &refusals, NULL, NULL);
    return NULL;
}

/* A batch is deleted, emptied or changed by another thread while one produces it: that goes on with what it began with. */
static void changed_meanwhile(void) {
    enum { COUNT = 20 };
    char servers[256];
    void *mock = new_mock(1, servers, sizeof servers), *producer;
    int32_t errors[COUNT];
    pthread_t thread;
    int i;
    for (i = 0; i < 5; i++) {
        int64_t in_flight = 0, unread, forgotten, undelivered = 0, until = now_ms() + PATIENCE;
        producer = new_client(servers, "queue.buffering.max.messages", "5", SOON, NULL);
        CALL(0, StartKafka(producer, 1, E));
        CALL(0, MockRequest(mock, DOWN, E));
        running.producer = producer;
        running.batch = numbered(COUNT);
        thread = start_thread(produce_it, NULL);
        while (in_flight < 5) {
            CALL(0, GetOutstanding(producer, &in_flight, &unread, &forgotten, E));
            CHECK(now_ms() < until);
        }
        if (i == 0) CALL(0, DelBatch(running.batch));
        if (i == 1) CALL(0, ClearBatch(running.batch));
        if (i == 2) set_texts(running.batch, "value", 2, "these", "not");
        if (i == 3) CALL(0, WakeKafka(producer));
        if (i == 4) CALL(-1109, CloseKafka(producer, 0, &undelivered, E));
        if (i < 3) CALL(0, MockRequest(mock, UP, E));
        join_thread(thread);
        EQUAL(i < 3 ? 0 : i == 3 ? -184 : -1107, running.code);
        EQUAL(i == 3 ? COUNT - 5 : 0, running.left);
        if (i == 4) {
            EQUAL(5, undelivered);
            EQUAL(0, running.first);
        }
        if (i == 3) { /* a call that was woken leaves the rest for the next one */
            CALL(0, MockRequest(mock, UP, E));
            EQUAL(running.first, produce_all(producer, "", -2, running.batch));
        }
        if (i < 4) want_reports(producer, running.first, COUNT, COUNT, errors);
        if (i == 1) { /* emptied, it is filled again */
            CALL(0, ClearBatch(running.batch));
            CALL(0, AddRecord(running.batch, "another", 0, -1, NULL, 0, NULL, 0, E));
            produce_all(producer, "", -2, running.batch);
        }
        if (i < 4) CALL(0, UninitProducer(producer));
        CALL(i == 0 ? -1107 : 0, DelBatch(running.batch));
    }
    CALL(0, MockRequest(mock, UP, E));
    want_numbers(servers, COUNT, 4);
    CALL(0, DelMockCluster(mock));
}

static void select_rows(void) {
    void *batch = new_batch(), *part = NULL, *list = new_list("a", 1), *lists = NULL;
    static const int32_t turned[] = {2, 0, 2}, beyond[] = {0, 3}, negative[] = {-1, 0}, zero[] = {0, 0};
    set_texts(batch, "key", 3, "a", NULL, "");
    set_texts(batch, "value", 3, NULL, "v", "w");
    set_texts(batch, "topic.name", 1, "t");
    set_ints(batch, "topic", 3, 0, 0, 0);
    set_ints(batch, "timestamp", 3, 10, 11, 12);
    set_ints(batch, "header.count", 3, 1, 0, 2);
    set_texts(batch, "header.name", 3, "1", "2", "3");
    set_texts(batch, "header.value", 3, NULL, "", "x");
    CALL(0, SelectBatchRows(batch, turned, 3, &part, E));
    want_rows(part, "'' 'w' '2'='' '3'='x'\n'a' null '1'=null\n'' 'w' '2'='' '3'='x'\n");
    want_ints(part, "timestamp", 3, 12, 10, 12);
    want_ints(part, "topic", 3, 0, 0, 0);
    want_ints(part, "partition", 0);
    CALL(0, AddHeader(part, "more", NULL, 0, E)); /* it is a batch of its own */
    CALL(0, DelBatch(part));
    CALL(0, SelectBatchRows(batch, NULL, 0, &part, E));
    EQUAL(0, count_rows(part));
    CALL(0, DelBatch(part));
    part = list;
    CALL(-1104, SelectBatchRows(batch, beyond, 2, &part, E));
    CHECK(part == NULL);
    CONTAINS("rows[1] is 3", errtxt);
    CALL(-1104, SelectBatchRows(batch, negative, 2, &part, E));
    CONTAINS("rows[0] is -1", errtxt);
    CALL(-1104, SelectBatchRows(batch, turned, -1, &part, E));
    CALL(-1102, SelectBatchRows(batch, NULL, 1, &part, E));
    CALL(-1102, SelectBatchRows(batch, turned, 1, NULL, E));
    set_ints(batch, "partition", 2, 0, 0);
    CALL(-1114, SelectBatchRows(batch, turned, 3, &part, E));
    CONTAINS("partition", errtxt);
    set_ints(batch, "partition", 0);
    set_ints(batch, "header.count", 3, 1, 0, 3);
    CALL(-1114, SelectBatchRows(batch, turned, 3, &part, E));
    CONTAINS("header", errtxt);
    CALL(0, SelectBatchRows(list, zero, 2, &lists, E));
    want_ints(lists, "partition", 2, 1, 1);
    CALL(0, DelBatch(lists));
    CALL(0, DelBatch(list));
    CALL(0, DelBatch(batch));
}

/* What a view shows is what GetBatchInts and GetBatchBytes give. */
static void want_view(void *batch, const char *column, size_t width) {
    uint64_t data = 1, offsets = 1, validity = 1;
    int64_t size = -1;
    int32_t i;
    CALL(0, ViewBatch(batch, column, &data, &size, &offsets, &validity, E));
    if (width) {
        int32_t count;
        int64_t *values = get_ints(batch, column, &count);
        EQUAL(count * (int32_t)width, size);
        CHECK(offsets == 0 && validity == 0 && (data != 0) == (count != 0));
        for (i = 0; i < count; i++)
            EQUAL(values[i], width == 4 ? ((const int32_t *)(uintptr_t)data)[i] : ((const int64_t *)(uintptr_t)data)[i]);
        free(values);
    } else {
        struct values values = get_values(batch, column);
        const int32_t *ends = (const int32_t *)(uintptr_t)offsets;
        const uint8_t *bits = (const uint8_t *)(uintptr_t)validity;
        int32_t length;
        EQUAL(values.size, size);
        CHECK((data != 0) == (values.size != 0) && (offsets != 0) == (values.count != 0));
        if (values.count) EQUAL(0, ends[0]);
        for (i = 0; i < values.count; i++) {
            const uint8_t *value = next_value(&values, &length);
            EQUAL(length >= 0, !bits || (bits[i / 8] >> i % 8 & 1));
            EQUAL(length < 0 ? 0 : length, ends[i + 1] - ends[i]);
            CHECK(length <= 0 || memcmp(value, (const uint8_t *)(uintptr_t)data + ends[i], (size_t)length) == 0);
        }
        free_values(&values);
    }
}

static void view(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = new_batch();
    static const char *const BYTES[] = {"topic.name", "key", "value", "header.name", "header.value"};
    static const char *const INTS[] = {"topic", "partition", "timestamp_type", "leader_epoch", "header.count"};
    uint64_t data = 1, offsets = 1, validity = 1;
    int64_t size = 1;
    int32_t some, sum, i;
    size_t c;
    for (i = 0; i < 20; i++) {
        CALL(0, AddRecord(batch, unique, 0, -1, (const uint8_t *)unique, i % 3 - 1, (const uint8_t *)unique, 20 - i, E));
        if (i % 2) CALL(0, AddHeader(batch, "h", (const uint8_t *)unique, i % 7 - 1, E));
    }
    for (c = 0; c < 5; c++) want_view(batch, BYTES[c], 0);
    want_view(batch, "partition", 4);
    want_view(batch, "timestamp", 8);
    produce_all(producer, "", -2, batch);
    CALL(0, UninitProducer(producer));
    CALL(0, DelBatch(batch));
    consumer = new_consumer(unique, unique, NULL);
    for (sum = 0; sum < 20; sum += some) {
        batch = take_batch(consumer, 20, &some);
        for (c = 0; c < 5; c++) {
            want_view(batch, BYTES[c], 0);
            want_view(batch, INTS[c], 4);
        }
        want_view(batch, "offset", 8);
        want_view(batch, "timestamp", 8);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitConsumer(consumer));
    batch = new_batch();
    want_view(batch, "value", 0); /* nothing is there */
    want_view(batch, "offset", 8);
    CALL(-1113, ViewBatch(batch, "no.such", &data, &size, &offsets, &validity, E));
    CHECK(data == 0 && size == 0 && offsets == 0 && validity == 0);
    CALL(-1103, ViewBatch(batch, "\xff", &data, &size, &offsets, &validity, E));
    CALL(-1102, ViewBatch(batch, "value", NULL, &size, &offsets, &validity, E));
    CALL(-1102, ViewBatch(batch, "value", &data, &size, &offsets, NULL, E));
    CALL(0, DelBatch(batch));
}

static void reports(void) {
    void *producer = new_client(bootstrap, NULL), *batch = new_batch(), *some = NULL;
    int32_t count = 0, had, sum;
    int64_t *values, *ids;
    struct values names;
    CALL(0, StartKafka(producer, 1, E));
    CALL(1, DeliveryReportBatch(producer, 10, PATIENCE, &some, &count, E)); /* nothing is in flight: at once */
    CALL(0, AddRecord(batch, unique, 0, yesterday, NULL, 0, NULL, 0, E));
    CALL(0, AddRecord(batch, unique, 0, yesterday + 1, NULL, 0, NULL, 0, E));
    CALL(0, AddRecord(batch, unique, 0, yesterday + 2, NULL, 0, NULL, 0, E));
    CALL(0, AddRecord(batch, unique, 0, yesterday + 3, NULL, 0, NULL, 0, E));
    produce_all(producer, "", -2, batch);
    CALL(0, DelBatch(batch));
    flush(producer);
    CALL(1, DeliveryReportBatch(producer, 0, PATIENCE, &some, &count, E));
    CALL(-1104, DeliveryReportBatch(producer, -1, 0, &some, &count, E));
    CALL(-1104, DeliveryReportBatch(producer, 1, -2, &some, &count, E));
    { /* it and DeliveryReport read from one ledger */
        uint64_t id = 0;
        EQUAL(0, next_report(producer, &id));
        EQUAL(first, id);
    }
    for (sum = 1; sum < 4; sum += count) {
        CALL(0, DeliveryReportBatch(producer, 2, PATIENCE, &some, &count, E));
        EQUAL(sum == 1 ? 2 : 1, count);
        EQUAL(count, count_rows(some));
        ids = get_ints(some, "msgid", &had);
        EQUAL(first + (uint64_t)sum, ids[0]);
        free(ids);
        values = get_ints(some, "offset", &had);
        EQUAL(sum, values[0]);
        free(values);
        values = get_ints(some, "timestamp", &had);
        if (!on_mock) EQUAL(yesterday + sum, values[0]);
        free(values);
        values = get_ints(some, "latency", &had);
        CHECK(values[0] > 0 && values[0] < PATIENCE * 1000);
        free(values);
        values = get_ints(some, "status", &had);
        EQUAL(2, values[0]);
        free(values);
        values = get_ints(some, "topic", &had);
        names = get_values(some, "topic.name");
        CHECK(values[0] >= 0 && values[0] < names.count);
        EQUAL(strlen(unique), names.lengths[0]);
        CHECK(memcmp(unique, names.bytes, strlen(unique)) == 0);
        free(values);
        free_values(&names);
        CALL(0, DelBatch(some));
    }
    CALL(0, UninitProducer(producer));
}

/* What is not said to be processed comes again. */
static void store_offsets(void) {
    char group[sizeof unique + 6];
    void *consumer, *other, *batch, *later = NULL, *foreign, *own = new_batch(), *part = NULL;
    static const int32_t zero[] = {0};
    int32_t n, from, some, processed;
    int64_t *offsets;
    snprintf(group, sizeof group, "%s-other", unique);
    CALL(0, InitKafka(&consumer));
    CALL(-1106, StoreBatchOffsets(consumer, own, 0, E));
    CALL(0, UninitConsumer(consumer));
    fill(unique, 20);
    other = new_consumer(group, unique, NULL);
    foreign = take_batch(other, 20, &some);
    for (from = n = 0; n < 3; n++) { /* nothing of a batch, some rows, all but one */
        consumer = new_consumer(unique, unique, NULL);
        batch = take_batch(consumer, 5, &some);
        offsets = get_ints(batch, "offset", &some);
        EQUAL(from, offsets[0]); /* resumed */
        processed = n == 0 ? 0 : n == 1 ? (some + 1) / 2 : some - 1;
        CALL(-1104, StoreBatchOffsets(consumer, batch, some + 1, E));
        CALL(-1104, StoreBatchOffsets(consumer, batch, -1, E));
        CALL(-1114, StoreBatchOffsets(consumer, foreign, 1, E));
        CALL(-1114, StoreBatchOffsets(consumer, own, 0, E));
        CALL(0, SelectBatchRows(batch, zero, 1, &part, E));
        CALL(-1114, StoreBatchOffsets(consumer, part, 1, E));
        CALL(0, DelBatch(part));
        if (n) CALL(0, StoreBatchOffsets(consumer, batch, 1, E)); /* so far, and further */
        CALL(0, StoreBatchOffsets(consumer, batch, processed, E));
        from += processed;
        CALL(0, UninitConsumer(consumer));
        free(offsets);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitConsumer(other));
    CALL(0, DelBatch(foreign));

    /* The next ConsumeBatch says that the batch before it is processed, whatever was said of it. */
    consumer = new_consumer(unique, unique, NULL);
    batch = take_batch(consumer, 1, &some);
    CALL(0, StoreBatchOffsets(consumer, batch, 0, E));
    later = take_batch(consumer, 1, &some);
    CALL(-1114, StoreBatchOffsets(consumer, batch, 1, E));
    CALL(0, StoreBatchOffsets(consumer, later, 0, E));
    CALL(0, DelBatch(batch));
    CALL(-1107, StoreBatchOffsets(consumer, batch, 0, E));
    CALL(0, DelBatch(later));
    CALL(0, UninitConsumer(consumer));
    consumer = new_consumer(unique, unique, NULL);
    batch = take_batch(consumer, 1, &some);
    want_ints(batch, "offset", 1, from + 1);
    CALL(0, DelBatch(batch));
    CALL(0, DelBatch(own));
    CALL(0, UninitConsumer(consumer));
}

static void batch_sizes(void) {
    void *producer, *consumer, *batch = NULL;
    char big[500], key[20];
    int32_t some, from, i;
    int64_t *offsets;
    fill(unique, 20);
    consumer = new_consumer(unique, unique, NULL);
    CALL(-1104, ConsumeBatch(consumer, -1, PATIENCE, &batch, &some, E));
    CALL(-1104, ConsumeBatch(consumer, 1, -2, &batch, &some, E));
    batch = take_batch(consumer, 1, &some);
    want_ints(batch, "offset", 1, 0);
    CALL(0, DelBatch(batch));
    CALL(1, ConsumeBatch(consumer, 0, PATIENCE, &batch, &some, E));
    CHECK(batch == NULL && some == 0);
    for (from = 1; from < 20; from += some) { /* exactly what is there */
        batch = take_batch(consumer, 20 - from, &some);
        offsets = get_ints(batch, "offset", &some);
        for (i = 0; i < some; i++) EQUAL(from + i, offsets[i]);
        free(offsets);
        CALL(0, DelBatch(batch));
    }
    no_more(consumer);
    CALL(0, UninitConsumer(consumer));

    /* No batch is larger than it may be, but for a single record. */
    memset(big, 'x', sizeof big);
    producer = new_client(bootstrap, NULL);
    batch = new_batch();
    for (i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "%d", i);
        CALL(0, AddRecord(batch, unique, 1, -1, (uint8_t *)key, (int32_t)strlen(key), (uint8_t *)big, i % 5 ? i * 10 % 60 : 500, E));
        if (i % 4 == 2) CALL(0, AddHeader(batch, "h", (uint8_t *)big, 30, E));
    }
    produce_all(producer, "", -2, batch);
    CALL(0, DelBatch(batch));
    CALL(0, UninitProducer(producer));
    snprintf(big, sizeof big, "%s-bytes", unique);
    consumer = new_consumer(big, unique, "kaffi.batch.max.bytes", "100", NULL);
    for (from = 0; from < 40; from += some) {
        struct values columns[4];
        batch = take_batch(consumer, 1000, &some);
        columns[0] = get_values(batch, "key"), columns[1] = get_values(batch, "value");
        columns[2] = get_values(batch, "header.name"), columns[3] = get_values(batch, "header.value");
        CHECK(some == 1 || columns[0].size + columns[1].size + columns[2].size + columns[3].size <= 100);
        for (i = 0; i < 4; i++) free_values(&columns[i]);
        CALL(0, DelBatch(batch));
    }
    no_more(consumer);
    CALL(0, UninitConsumer(consumer));
}

/* Rows are grouped by partition on their way: those of each key, and of each partition, keep their order. */
static void order(void) {
    enum { ROWS = 10000, PARTITIONS = 4, KEYS = 97 };
    const int32_t rounds = on_mock ? 2 : 10;
    static uint8_t keys[ROWS], values[ROWS * 4];
    static int32_t key_lengths[ROWS], value_lengths[ROWS];
    static int64_t times[ROWS];
    void *producer = new_client(bootstrap, "linger.ms", "5", "enable.idempotence", "true", NULL), *consumer;
    void *batch = new_batch();
    int32_t round, i, some, sum, count, of_key[KEYS], last[PARTITIONS], in_partition[PARTITIONS] = {0};
    uint32_t random = 1;
    int64_t until;
    for (round = 0; round < rounds; round++) {
        for (i = 0; i < ROWS; i++) {
            int32_t number = round * ROWS + i;
            random = random * 1664525 + 1013904223;
            keys[i] = (uint8_t)((random >> 16) % KEYS);
            key_lengths[i] = 1;
            memcpy(values + i * 4, &number, 4);
            value_lengths[i] = 4;
            times[i] = random >> 28 ? -1 : yesterday; /* these go another way */
        }
        CALL(0, SetBatchBytes(batch, "key", keys, ROWS, key_lengths, ROWS, E));
        CALL(0, SetBatchBytes(batch, "value", values, ROWS * 4, value_lengths, ROWS, E));
        CALL(0, SetBatchInts(batch, "timestamp", times, ROWS, E));
        produce_all(producer, unique, -1, batch);
    }
    CALL(0, DelBatch(batch));
    CALL(0, UninitProducer(producer));
    consumer = new_consumer(unique, unique, NULL);
    for (i = 0; i < KEYS; i++) of_key[i] = -1;
    for (i = 0; i < PARTITIONS; i++) last[i] = -1;
    until = now_ms() + PATIENCE;
    for (sum = 0; sum < rounds * ROWS; sum += some) {
        int64_t *partitions, *offsets;
        struct values key, value;
        CHECK(now_ms() < until);
        batch = take_batch(consumer, ROWS, &some);
        partitions = get_ints(batch, "partition", &count);
        offsets = get_ints(batch, "offset", &count);
        key = get_values(batch, "key");
        value = get_values(batch, "value");
        for (i = 0; i < some; i++) {
            int32_t number, p = (int32_t)partitions[i], k = key.bytes[i];
            memcpy(&number, value.bytes + i * 4, 4);
            EQUAL(in_partition[p]++, offsets[i]);
            CHECK(last[p] < number); /* in the order of the rows */
            last[p] = number;
            CHECK(of_key[k] == -1 || of_key[k] == p); /* a key has one partition */
            of_key[k] = p;
        }
        free(partitions), free(offsets);
        free_values(&key), free_values(&value);
        CALL(0, DelBatch(batch));
    }
    for (i = 0; i < PARTITIONS; i++) CHECK(in_partition[i] > 0);
    CALL(0, UninitConsumer(consumer));
}

/* Records with a key, without one and with a partition of their own: each partition has them in the order of the rows. */
static void mixed_order(void) {
    enum { ROWS = 40 };
    void *producer, *consumer, *batch;
    int32_t i, some, sum, count, last[4] = {-1, -1, -1, -1};
    producer = new_client(bootstrap, "sticky.partitioning.linger.ms", "0", "enable.idempotence", "true", NULL);
    batch = new_batch();
    produce(producer, unique, 0, NULL, "the topic is known"); /* from here on rows are grouped */
    flush(producer);
    for (i = 0; i < ROWS; i++) {
        uint8_t key = (uint8_t)(i % 7), value = (uint8_t)i;
        CALL(0, AddRecord(batch, unique, i % 5 == 0 ? i % 4 : -1, -1, &key, i % 2 ? 1 : -1, &value, 1, E));
    }
    produce_all(producer, "", -2, batch);
    CALL(0, DelBatch(batch));
    CALL(0, UninitProducer(producer));
    consumer = new_consumer(unique, unique, NULL);
    for (sum = 0; sum < ROWS + 1; sum += some) {
        struct values value;
        int64_t *partitions;
        batch = take_batch(consumer, ROWS + 1, &some);
        partitions = get_ints(batch, "partition", &count);
        value = get_values(batch, "value");
        for (i = 0; i < some; i++) {
            int32_t length, p = (int32_t)partitions[i];
            const uint8_t *number = next_value(&value, &length);
            if (length != 1) continue;
            if (last[p] >= *number) fail(__FILE__, __LINE__, "partition %d has row %d before row %d", p, last[p], *number);
            last[p] = *number;
        }
        free(partitions);
        free_values(&value);
        CALL(0, DelBatch(batch));
    }
    CALL(0, UninitConsumer(consumer));
}

/* ---- Arrow, by its C data interface ---- */

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

static struct ArrowArray *child(struct ArrowArray *array, struct ArrowSchema *schema, const char *name, const char *format) {
    int64_t i;
    EQUAL(array->n_children, schema->n_children);
    for (i = 0; i < schema->n_children; i++)
        if (strcmp(schema->children[i]->name, name) == 0) {
            SAME_TEXT(format, schema->children[i]->format);
            EQUAL(array->length, array->children[i]->length);
            return array->children[i];
        }
    fail(__FILE__, __LINE__, "there is no field %s", name);
}

static void arrow_export(void) {
    void *producer = new_client(bootstrap, NULL), *consumer, *batch = new_batch(), *list = new_list("t", 3);
    struct ArrowArray array, moved;
    struct ArrowSchema schema;
    int32_t some, sum, i;
    uint64_t data;
    char to[sizeof unique + 3];
    snprintf(to, sizeof to, "%s-to", unique);
    for (i = 0; i < 10; i++) {
        CALL(0, AddRecord(batch, unique, 1, yesterday + i, (const uint8_t *)"key", i % 5 - 1,
                          (const uint8_t *)"\0value", i - 1 < 6 ? i - 1 : 6, E));
        if (i % 3) CALL(0, AddHeader(batch, "h", (const uint8_t *)"\xff\0", i % 4 - 1, E));
        if (i % 3 == 2) CALL(0, AddHeader(batch, "h", NULL, -1, E));
    }
    produce_all(producer, "", -2, batch);
    flush(producer);
    CALL(0, DelBatch(batch));
    consumer = new_consumer(unique, unique, NULL);
    text.size = 0;
    for (sum = 0; sum < 10; sum += some) {
        int64_t size;
        uint64_t offsets, validity;
        struct ArrowArray *value;
        batch = take_batch(consumer, 10, &some);
        show(batch, 1, &text);
        CALL(0, ViewBatch(batch, "value", &data, &size, &offsets, &validity, E));
        memset(&array, '#', sizeof array);
        memset(&schema, '#', sizeof schema);
        CALL(0, ExportBatch(batch, &array, &schema, E));
        CALL(0, DelBatch(batch)); /* the export goes on */
        SAME_TEXT("+s", schema.format);
        EQUAL(some, array.length);
        EQUAL(0, array.offset);
        EQUAL(0, array.null_count);
        CHECK(array.release && schema.release);
        value = child(&array, &schema, "value", "z");
        CHECK((uint64_t)(uintptr_t)value->buffers[2] == data || !data); /* not copied */
        if (offsets) CHECK(memcmp(value->buffers[1], (void *)(uintptr_t)offsets, ((size_t)some + 1) * 4) == 0);
        child(&array, &schema, "key", "z");
        EQUAL(1, ((const int32_t *)child(&array, &schema, "partition", "i")->buffers[1])[0]);
        EQUAL(sum, ((const int64_t *)child(&array, &schema, "offset", "l")->buffers[1])[0]);
        EQUAL(yesterday + sum, ((const int64_t *)child(&array, &schema, "timestamp", "tsm:")->buffers[1])[0]);
        EQUAL(1, child(&array, &schema, "topic", "i")->dictionary->length);
        EQUAL(1, child(&array, &schema, "headers", "+l")->n_children);
        /* Imported again, by structures that were moved as Arrow allows, and produced. */
        moved = array;
        array.release = NULL;
        CALL(0, ImportBatch(&moved, &schema, &batch, E));
        CHECK(moved.release == NULL && schema.release == NULL);
        EQUAL(some, count_rows(batch));
        produce_all(producer, to, -2, batch);
        /* An export outlives changes of the batch, and is released. */
        CALL(0, ExportBatch(batch, &array, &schema, E));
        CALL(0, ClearBatch(batch));
        EQUAL(1, ((const int32_t *)child(&array, &schema, "partition", "i")->buffers[1])[0]);
        array.release(&array);
        schema.release(&schema);
        CHECK(array.release == NULL && schema.release == NULL);
        CALL(-1104, ImportBatch(&array, &schema, &batch, E)); /* released already */
        CONTAINS("released", errtxt);
        CHECK(batch == NULL);
    }
    CALL(0, UninitProducer(producer));
    subscribe(consumer, to);
    take_rows(consumer, 10, 1, &again);
    SAME_TEXT(text.data, again.data);
    CALL(0, UninitConsumer(consumer));

    /* A list, an empty batch, and one that does not fit together. */
    CALL(0, ExportBatch(list, &array, &schema, E));
    EQUAL(3, ((const int32_t *)child(&array, &schema, "partition", "i")->buffers[1])[0]);
    array.release(&array);
    schema.release(&schema);
    batch = new_batch();
    CALL(0, ExportBatch(batch, &array, &schema, E));
    EQUAL(0, array.length);
    array.release(&array);
    schema.release(&schema);
    set_texts(batch, "value", 2, "a", "b");
    set_texts(batch, "key", 1, "a");
    memset(&array, '#', sizeof array);
    moved = array;
    CALL(-1114, ExportBatch(batch, &array, &schema, E));
    CONTAINS("key", errtxt);
    CHECK(memcmp(&array, &moved, sizeof array) == 0); /* nothing was written */
    set_texts(batch, "key", 0);
    set_ints(batch, "header.count", 2, 1, 1);
    CALL(-1114, ExportBatch(batch, &array, &schema, E));
    CONTAINS("header.count", errtxt);
    CALL(-1102, ExportBatch(batch, NULL, &schema, E));
    CALL(-1102, ExportBatch(batch, &array, NULL, E));
    CALL(-1104, ExportBatch(batch, (char *)&array + 1, &schema, E)); /* not aligned */
    CALL(0, DelBatch(batch));
    CALL(0, DelBatch(list));
}

/* A record batch of the host's own: three fields and one that nobody knows, in types that must be cast, in a slice. */
static int released_arrays, released_schemas;
static void release_array(struct ArrowArray *array) {
    int64_t i;
    for (i = 0; i < array->n_children; i++)
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
    array->release = NULL;
    released_arrays++;
}
static void release_schema(struct ArrowSchema *schema) {
    int64_t i;
    for (i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
    schema->release = NULL;
    released_schemas++;
}

enum { FIELDS = 4 };
static struct host {
    struct ArrowArray root, fields[FIELDS], *children[FIELDS];
    struct ArrowSchema schema, kinds[FIELDS], *kind_children[FIELDS];
    const void *buffers[FIELDS][3], *none[1];
} host;
static const int64_t HOST_ENDS[] = {0, 5, 6, 6, 9}, HOST_PARTITIONS[] = {9, 2, 2, 2};
static const int32_t HOST_KEY_ENDS[] = {0, 1, 2, 4, 4};
static const uint8_t HOST_VALID[] = {0x0b}; /* row 2 is null */
static const double HOST_DOUBLES[] = {1, 2, 3, 4};

static void host_field(int i, const char *name, const char *format, int64_t buffers, const void *valid, const void *one, const void *two) {
    struct ArrowArray *array = &host.fields[i];
    struct ArrowSchema *kind = &host.kinds[i];
    host.buffers[i][0] = valid, host.buffers[i][1] = one, host.buffers[i][2] = two;
    array->length = 3, array->null_count = -1, array->offset = 1, array->n_buffers = buffers, array->buffers = host.buffers[i];
    array->release = release_array;
    kind->name = name, kind->format = format, kind->flags = 2, kind->release = release_schema;
    host.children[i] = array;
    host.kind_children[i] = kind;
}

/* Made anew for each import. */
static void host_batch(void) {
    memset(&host, 0, sizeof host);
    released_arrays = released_schemas = 0;
    host_field(0, "value", "Z", 3, HOST_VALID, HOST_ENDS, "first2end"); /* large binary */
    host_field(1, "key", "u", 3, NULL, HOST_KEY_ENDS, "xyzz");
    host_field(2, "partition", "l", 2, NULL, HOST_PARTITIONS, NULL);
    host_field(3, "unknown", "g", 2, NULL, HOST_DOUBLES, NULL);
    host.root.length = 3, host.root.n_buffers = 1, host.root.buffers = host.none, host.root.n_children = FIELDS;
    host.root.children = host.children, host.root.release = release_array;
    host.schema.format = "+s", host.schema.name = "", host.schema.n_children = FIELDS;
    host.schema.children = host.kind_children, host.schema.release = release_schema;
}

static void arrow_import(void) {
    static const int32_t descending[] = {0, 3, 2, 4, 4};
    static const int64_t far_off[] = {0, 1, 2, (int64_t)1 << 40};
    static const char *const CASES[] = {"no struct", "unknown format", "a value that is no bytes", "a partition that is no number",
                                        "fewer children than fields", "a short child", "offsets that go back", "a key that is no text",
                                        "a topic that is null", "a partition beyond 32 bits", "headers that are no list"};
    void *batch = NULL, *producer, *consumer;
    size_t i;
    host_batch();
    CALL(0, ImportBatch(&host.root, &host.schema, &batch, E));
    CHECK(host.root.release == NULL && host.schema.release == NULL);
    want_rows(batch, "'y' '2'\n'zz' null\n'' 'end'\n");
    want_ints(batch, "partition", 3, 2, 2, 2);
    CHECK(released_arrays > 0 && released_schemas > 0);
    EQUAL(FIELDS + 1, released_arrays);
    EQUAL(FIELDS + 1, released_schemas);
    producer = new_client(bootstrap, NULL);
    produce_all(producer, unique, -2, batch);
    CALL(0, UninitProducer(producer));
    CALL(0, DelBatch(batch));
    consumer = new_consumer(unique, unique, NULL);
    take_rows(consumer, 3, 0, &text);
    SAME_TEXT("'y' '2'\n'zz' null\n'' 'end'\n", text.data);
    CALL(0, UninitConsumer(consumer));

    /* What is malformed is refused by name, and released all the same. */
    for (i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *say = "";
        int code;
        host_batch();
        if (i == 0) host.schema.format = "i", host.schema.n_children = 0, host.root.n_children = 0, say = "struct";
        if (i == 1) host.kinds[0].format = "???", say = "?";
        if (i == 2) host_field(0, "value", "tdD", 2, HOST_VALID, HOST_ENDS, NULL), say = "value";
        if (i == 3) host_field(2, "partition", "z", 3, NULL, HOST_KEY_ENDS, "xyzz"), say = "partition";
        if (i == 4) host.root.n_children = 2;
        if (i == 5) host.fields[1].length = 1;
        if (i == 6) host.buffers[1][1] = descending;
        if (i == 7) host.buffers[1][2] = "x\xff\xff\xff";
        if (i == 8) host.kinds[1].name = "topic", host.buffers[1][0] = HOST_VALID, say = "row 1";
        if (i == 9) host.buffers[2][1] = far_off, say = "row 2";
        if (i == 10) host.kinds[3].name = "headers", say = "headers";
        batch = producer;
        code = (errlen = -1, ImportBatch(&host.root, &host.schema, &batch, E));
        if (code != -1114) fail(__FILE__, __LINE__, "%s: ImportBatch answers %d, not -1114: %s", CASES[i], code, errlen > 0 ? errtxt : "");
        CONTAINS(say, errtxt);
        CHECK(batch == NULL);
        CHECK(host.root.release == NULL && host.schema.release == NULL);
        CHECK(released_arrays > 0 && released_schemas > 0);
    }
    host_batch();
    host.schema.release = NULL;
    CALL(-1104, ImportBatch(&host.root, &host.schema, &batch, E));
    EQUAL(FIELDS + 1, released_arrays);
    memset(&host.schema, 0, sizeof host.schema); /* a released structure may hold anything */
    CALL(-1104, ImportBatch(&host.root, &host.schema, &batch, E));
    CALL(-1102, ImportBatch(NULL, &host.schema, &batch, E));
    host_batch();
    CALL(-1102, ImportBatch(&host.root, NULL, &batch, E));
    host_batch();
    CALL(-1102, ImportBatch(&host.root, &host.schema, NULL, E));
    host_batch();
    CALL(-1104, ImportBatch((char *)&host.root + 1, &host.schema, &batch, E));
}

/* ---- examples/c/forward.c ---- */

static void stop_it(void *pid) {
    kill(*(pid_t *)pid, SIGTERM);
}

/* Runs it until `count` records have come through; it ends when it is told to. */
static void forwarded(const char *program, const char *to, void *consumer, int32_t count) {
    const char *const arguments[] = {program, bootstrap, unique, to, NULL};
    int status = -1;
    pid_t pid;
    CHECK(posix_spawn(&pid, program, NULL, NULL, (char *const *)(uintptr_t)arguments, environ) == 0);
    pthread_cleanup_push(stop_it, &pid);
    take_rows(consumer, count, 1, &again);
    pthread_cleanup_pop(1);
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status));
    EQUAL(0, WEXITSTATUS(status));
    sort(&again);
}

static void forward_example(void) {
    void *producer = new_client(bootstrap, NULL), *batch = NULL, *consumer;
    const char *program = getenv("KAFFI_TEST_FORWARD");
    char to[sizeof unique + 3], number[16];
    int round, i;
    /* The embedded cluster lets it wait for the member that left, a session (45 s) long: there it runs once. */
    if (!program) SKIP("KAFFI_TEST_FORWARD does not name the program: tests/c/run compiles it");
    snprintf(to, sizeof to, "%s-to", unique);
    produce(producer, to, 3, NULL, "the topic is there");
    flush(producer);
    consumer = new_consumer(unique, to, NULL);
    take(consumer, &got);
    for (round = 0; round < (on_mock ? 1 : 2); round++) { /* the second run goes on where the first one stopped */
        batch = new_batch();
        for (text.size = 0, i = 0; i < 20; i++) {
            int len = snprintf(number, sizeof number, "%d", round * 20 + i);
            CALL(0, AddRecord(batch, unique, i % 2, yesterday + i, (uint8_t *)number, i % 3 ? len : -1, (uint8_t *)number, len, E));
            if (i % 4 == 0) CALL(0, AddHeader(batch, "h", (uint8_t *)number, len, E));
            add(&text, "%d@%d %lld ", i % 2, round * 10 + i / 2, (long long)yesterday + i);
            add(&text, i % 3 ? "'%s' " : "null ", number);
            add(&text, i % 4 ? "'%s'\n" : "'%s' 'h'='%s'\n", number, number);
        }
        produce_all(producer, "", -2, batch);
        CALL(0, DelBatch(batch));
        flush(producer);
        forwarded(program, to, consumer, 20);
        sort(&text);
        SAME_TEXT(text.data, again.data);
        no_more(consumer);
    }
    CALL(0, UninitProducer(producer));
    CALL(0, UninitConsumer(consumer));
}

static const struct test TESTS[] = {
    {"columns", columns, 0},
    {"filled-again", filled_again, 0},
    {"rows", rows, 0},
    {"forward", forward, 0},
    {"queue-full", queue_full, 1},
    {"too-large", too_large, 0},
    {"unknown-partition", unknown_partition, 0},
    {"misfits", misfits, 1},
    {"changed-meanwhile", changed_meanwhile, 1},
    {"select-rows", select_rows, 1},
    {"view", view, 0},
    {"reports", reports, 0},
    {"store-offsets", store_offsets, 0},
    {"batch-sizes", batch_sizes, 0},
    {"order", order, 0},
    {"mixed-order", mixed_order, 0},
    {"arrow-export", arrow_export, 0},
    {"arrow-import", arrow_import, 0},
    {"forward-example", forward_example, 0},
};

int main(int argc, char **argv) {
    yesterday = ((int64_t)time(NULL) - 86400) * 1000;
    return run_tests(argc, argv, "batch/", TESTS, sizeof TESTS / sizeof *TESTS);
}
