#define FRAME_C
#include "frame.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 60 };

__thread char errtxt[512];
__thread int32_t errlen;
char bootstrap[1024];
char unique[200];
int on_mock, on_valgrind;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t done;
    int running;
    char failure[1500], skipped[300];
    const char *file; /* the last check that any thread came to */
    int line;
} now = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, "", "", "", 0};

static __thread const char *test_file = "?"; /* this thread's last check outside this file */
static __thread int test_line;

void at(const char *file, int line) {
    if (strcmp(file, __FILE__) != 0) {
        test_file = file;
        test_line = line;
    }
    pthread_mutex_lock(&now.lock);
    now.file = file;
    now.line = line;
    pthread_mutex_unlock(&now.lock);
}

static const char *base(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

void fail(const char *file, int line, const char *format, ...) {
    char why[1200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&now.lock);
    if (!now.failure[0] && strcmp(file, __FILE__) == 0)
        snprintf(now.failure, sizeof now.failure, "after %s:%d: %s", base(test_file), test_line, why);
    else if (!now.failure[0])
        snprintf(now.failure, sizeof now.failure, "%s:%d: %s", base(file), line, why);
    pthread_mutex_unlock(&now.lock);
    pthread_exit(NULL);
}

void equal(const char *file, int line, const char *what, long long want, long long got) {
    if (want != got) fail(file, line, "%s is %lld, not %lld", what, got, want);
}

void same_text(const char *file, int line, const char *what, const char *want, const char *got) {
    if (strcmp(want, got) != 0) fail(file, line, "%s is \"%.300s\", not \"%.300s\"", what, got, want);
}

void contains(const char *file, int line, const char *what, const char *part, const char *text) {
    if (!strstr(text, part)) fail(file, line, "%s does not say \"%.300s\": \"%.600s\"", what, part, text);
}

void called(const char *file, int line, const char *what, int want, int code) {
    const char *text = errlen > 0 ? errtxt : "";
    if (code != want) fail(file, line, "%s answers %d, not %d: %s", what, code, want, text);
    if (errlen == -1) return; /* a function without error text */
    if (code == 0 && errlen != 0) fail(file, line, "%s answers 0 with a text: %s", what, text);
    if ((code < 0 || code > 2) && errlen <= 0) fail(file, line, "%s answers %d without a text", what, code);
    if (errlen >= (int32_t)sizeof errtxt || errtxt[errlen] != 0) fail(file, line, "%s: no NUL behind the text", what);
}

void skip(const char *why) {
    snprintf(now.skipped, sizeof now.skipped, "%s", why);
    pthread_exit(NULL);
}

static void tell(void *unused) {
    (void)unused;
    pthread_mutex_lock(&now.lock);
    now.running = 0;
    pthread_cond_signal(&now.done);
    pthread_mutex_unlock(&now.lock);
}

static void *run_one(void *argument) {
    pthread_cleanup_push(tell, NULL); /* also when a check ends the thread */
    ((struct test *)argument)->run();
    pthread_cleanup_pop(1);
    return NULL;
}

/* Whether the test ended within its time. */
static int watch(struct test *test) {
    struct timespec limit;
    pthread_t thread;
    int ended;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += LIMIT_SECONDS;
    now.running = 1;
    now.failure[0] = now.skipped[0] = 0;
    thread = start_thread(run_one, test);
    pthread_mutex_lock(&now.lock);
    while (now.running && pthread_cond_timedwait(&now.done, &now.lock, &limit) != ETIMEDOUT) {}
    ended = !now.running;
    pthread_mutex_unlock(&now.lock);
    if (ended) join_thread(thread);
    return ended;
}

static int wanted(const char *name, int argc, char **argv) {
    int i;
    for (i = 2; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return 1;
    return argc <= 2;
}

int run_tests(int argc, char **argv, const char *prefix, const struct test *tests, size_t count) {
    void *mock = NULL;
    const char *given = getenv("KAFFI_TEST_BOOTSTRAP"), *hung = NULL;
    int failures = 0;
    size_t i;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || (strcmp(argv[1], "mock") != 0 && strcmp(argv[1], "kafka") != 0)) {
        fprintf(stderr, "usage: %s mock|kafka [NAME...]\n", argv[0]);
        return 2;
    }
    on_mock = strcmp(argv[1], "mock") == 0;
    on_valgrind = getenv("KAFFI_TEST_VALGRIND") != NULL;
    if (on_mock) {
        int32_t room = sizeof bootstrap;
        if (NewMockCluster(2, &mock, E) != 0 || GetMockBootstrap(mock, bootstrap, &room) != 0) {
            printf("FAIL %scluster (" TAG "): %s\n", prefix, errtxt);
            return 1;
        }
    } else if (given) {
        snprintf(bootstrap, sizeof bootstrap, "%s", given);
    } else {
        fprintf(stderr, "KAFFI_TEST_BOOTSTRAP is not set\n");
        return 2;
    }
    for (i = 0; i < count; i++) {
        struct test test = tests[i];
        char name[120];
        snprintf(name, sizeof name, "%s%s", prefix, test.name);
        if (!wanted(name, argc, argv) || (test.only_mock && !on_mock)) continue;
        snprintf(unique, sizeof unique, "kaffi-%s-" LANGUAGE "-%lx-%x", test.name, (long)time(NULL), (unsigned)getpid());
        if (hung) {
            printf("FAIL %s (" TAG "): not run, because %s hangs\n", name, hung);
        } else if (!watch(&test)) {
            hung = tests[i].name;
            printf("FAIL %s (" TAG "): takes over %d s; its last check was %s:%d\n", name, LIMIT_SECONDS, base(now.file), now.line);
        } else if (now.failure[0]) {
            printf("FAIL %s (" TAG "): %s\n", name, now.failure);
        } else if (now.skipped[0]) {
            printf("skip %s (" TAG "): %s\n", name, now.skipped);
        } else {
            printf("ok %s (" TAG ")\n", name);
            continue;
        }
        failures += now.failure[0] || hung;
    }
    fflush(stdout);
    if (hung) _exit(1);
    if (mock) DelMockCluster(mock);
    return failures != 0;
}

int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void sleep_ms(int ms) {
    struct timespec time;
    time.tv_sec = ms / 1000;
    time.tv_nsec = (long)(ms % 1000) * 1000000;
    nanosleep(&time, NULL);
}

pthread_t start_thread(void *(*body)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument) != 0) abort();
    return thread;
}

void join_thread(pthread_t thread) {
    pthread_join(thread, NULL);
}

void wake_and_join(pthread_t thread, void *client, int64_t *ended) {
    do {
        CALL(0, WakeKafka(client));
        sleep_ms(10);
    } while (__sync_fetch_and_add(ended, 0) == 0);
    join_thread(thread);
}

static void configure(void *client, va_list properties) {
    const char *key;
    while ((key = va_arg(properties, const char *)) != NULL)
        CALL(0, SetKafkaConf(client, key, va_arg(properties, const char *), E));
}

void *new_client(const char *servers, ...) {
    void *client = NULL;
    va_list properties;
    CALL(0, InitKafka(&client));
    CALL(0, SetKafkaConf(client, "bootstrap.servers", servers, E));
    va_start(properties, servers);
    configure(client, properties);
    va_end(properties);
    return client;
}

void *new_consumer(const char *group, const char *topic, ...) {
    /* The shortest session that brokers allow: the mock lets a member wait for one that left. */
    void *client = new_client(bootstrap, "group.id", group, "auto.offset.reset", "earliest", "session.timeout.ms", "6000", NULL);
    va_list properties;
    va_start(properties, topic);
    configure(client, properties);
    va_end(properties);
    subscribe(client, topic);
    return client;
}

void *new_list(const char *topic, int32_t partition) {
    void *list = NULL;
    CALL(0, NewTopicPartitionList(&list));
    CALL(0, SetTopicPartitionList(list, topic, partition));
    return list;
}

void subscribe(void *consumer, const char *topic) {
    void *list = new_list(topic, -1);
    CALL(0, SubscribeConsumerTPList(consumer, list, E));
}

void *new_mock(int32_t brokers, char *servers, int32_t room) {
    void *mock = NULL;
    CALL(0, NewMockCluster(brokers, &mock, E));
    CALL(0, GetMockBootstrap(mock, servers, &room));
    return mock;
}

int nobody(char *servers, size_t room) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int bound = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(bound, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(getsockname(bound, (struct sockaddr *)&address, &size) == 0);
    snprintf(servers, room, "127.0.0.1:%d", ntohs(address.sin_port));
    return bound;
}

uint64_t produce(void *producer, const char *topic, int32_t partition, const char *key, const char *value) {
    uint64_t msgid = 0;
    CALL(0, Produce(producer, topic, value, (uint32_t)strlen(value), key, key ? (uint32_t)strlen(key) : UINT32_MAX, partition,
                    &msgid, E));
    return msgid;
}

void flush(void *producer) {
    int64_t left = -1;
    CALL(0, FlushProducer(producer, PATIENCE, &left, E));
    EQUAL(0, left);
}

void fill(const char *topic, int count) {
    void *producer = new_client(bootstrap, NULL);
    char value[32];
    int i;
    for (i = 0; i < count; i++) {
        snprintf(value, sizeof value, "record %d", i);
        produce(producer, topic, 0, NULL, value);
    }
    CALL(0, UninitProducer(producer));
}

int next_report(void *producer, uint64_t *msgid) {
    int64_t until = now_ms() + PATIENCE;
    for (;;) {
        unsigned long long id = 0;
        int error = 0, count = 1;
        CALL(0, DeliveryReport(producer, &id, &error, &count));
        if (count == 1) {
            if (msgid) *msgid = id;
            return error;
        }
        CHECK(now_ms() < until);
    }
}

int consume(void *consumer, struct record *record) {
    record->topiclen = sizeof record->topic;
    record->paylen = sizeof record->payload;
    record->keylen = sizeof record->key;
    return Consume(consumer, record->topic, &record->topiclen, record->payload, &record->paylen, record->key, &record->keylen,
                   &record->partition, &record->offset, E);
}

void take(void *consumer, struct record *record) {
    int64_t until = now_ms() + PATIENCE;
    int code;
    while ((code = consume(consumer, record)) == 1) {
        SAME_TEXT("no msg", errtxt);
        EQUAL(6, errlen);
        CHECK(now_ms() < until);
    }
    if (code != 0) fail(__FILE__, __LINE__, "Consume answers %d: %s", code, errtxt);
    EQUAL(0, errlen);
}

int record_number(const struct record *record) {
    const char *space = strrchr(record->payload, ' ');
    return space ? atoi(space) : -1;
}
