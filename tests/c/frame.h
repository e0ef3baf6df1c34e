/* The frame of the C tests. Each test runs in a thread of its own, which ends at its first failure; main watches over it.
   All of this compiles as C11 and as C++17. */
#ifndef FRAME_H
#define FRAME_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <kaffi.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#define TAG "c++17"
#define LANGUAGE "cpp17" /* for topics, where + is not allowed */
#else
#define TAG "c11"
#define LANGUAGE "c11"
#endif

/* The last two arguments of most functions: this thread's room for the error text. */
extern __thread char errtxt[512];
extern __thread int32_t errlen;
#define E errtxt, (errlen = sizeof errtxt, &errlen)

/* A check that fails prints its place and ends the thread. */
#define CHECK(condition) (at(__FILE__, __LINE__), (condition) ? (void)0 : fail(__FILE__, __LINE__, "not so: %s", #condition))
#define EQUAL(want, got) (at(__FILE__, __LINE__), equal(__FILE__, __LINE__, #got, (long long)(want), (long long)(got)))
#define SAME_TEXT(want, got) (at(__FILE__, __LINE__), same_text(__FILE__, __LINE__, #got, want, got))
#define CONTAINS(part, text) (at(__FILE__, __LINE__), contains(__FILE__, __LINE__, #text, part, text))
/* Calls a function, wants this code, and the error text as the contract has it: none with 0, some with an error. */
#define CALL(want, call) (at(__FILE__, __LINE__), errlen = -1, called(__FILE__, __LINE__, #call, want, call))
#define SKIP(why) skip(why)

void at(const char *file, int line);
#ifdef __GNUC__
__attribute__((noreturn, format(printf, 3, 4)))
#endif
void fail(const char *file, int line, const char *format, ...);
void equal(const char *file, int line, const char *what, long long want, long long got);
void same_text(const char *file, int line, const char *what, const char *want, const char *got);
void contains(const char *file, int line, const char *what, const char *part, const char *text);
void called(const char *file, int line, const char *what, int want, int code);
void skip(const char *why);

struct test {
    const char *name;
    void (*run)(void);
    int only_mock; /* it plays with the cluster, or needs none */
};
/* Runs the tests, or those named: `program mock|kafka [NAME...]`. Prints `ok NAME (TAG)`, `FAIL NAME (TAG): why`, `skip ...`. */
int run_tests(int argc, char **argv, const char *prefix, const struct test *tests, size_t count);

extern char bootstrap[1024]; /* of the cluster that this run uses */
extern char unique[200];     /* a new name for each test, for topics and groups */
extern int on_mock;
extern int on_valgrind;

enum { PATIENCE = 30000 }; /* ms for what must come */
int64_t now_ms(void);
void sleep_ms(int ms);
pthread_t start_thread(void *(*body)(void *), void *argument);
void join_thread(pthread_t thread);
/* Wakes a thread that waits in a client, also if it does not wait there yet. It sets `ended` behind its call. */
void wake_and_join(pthread_t thread, void *client, int64_t *ended);

/* Clients, with properties in pairs and NULL behind them. */
void *new_client(const char *servers, ...);
void *new_consumer(const char *group, const char *topic, ...); /* subscribed, from the beginning */
void *new_list(const char *topic, int32_t partition);
void subscribe(void *consumer, const char *topic);
void *new_mock(int32_t brokers, char *servers, int32_t room);
/* An address where nobody listens: the socket that this opens is bound only. */
int nobody(char *servers, size_t room);

uint64_t produce(void *producer, const char *topic, int32_t partition, const char *key, const char *value);
void flush(void *producer);
/* Produces `count` records `record 0`, `record 1`, ... to partition 0 and waits until they are there. */
void fill(const char *topic, int count);
/* Reads one report; fails when none comes. */
int next_report(void *producer, uint64_t *msgid);

struct record {
    char topic[256], payload[4096], key[512];
    uint32_t topiclen, paylen, keylen;
    int32_t partition;
    int64_t offset;
};
int consume(void *consumer, struct record *record); /* one call */
void take(void *consumer, struct record *record);   /* the next record; fails when none comes */
int record_number(const struct record *record);     /* N of a payload that ends in ` N` */

#ifndef FRAME_C /* a failure inside one of these tells where the test was */
#define new_client(...) (at(__FILE__, __LINE__), new_client(__VA_ARGS__))
#define new_consumer(...) (at(__FILE__, __LINE__), new_consumer(__VA_ARGS__))
#define new_list(...) (at(__FILE__, __LINE__), new_list(__VA_ARGS__))
#define new_mock(...) (at(__FILE__, __LINE__), new_mock(__VA_ARGS__))
#define subscribe(...) (at(__FILE__, __LINE__), subscribe(__VA_ARGS__))
#define produce(...) (at(__FILE__, __LINE__), produce(__VA_ARGS__))
#define flush(...) (at(__FILE__, __LINE__), flush(__VA_ARGS__))
#define fill(...) (at(__FILE__, __LINE__), fill(__VA_ARGS__))
#define take(...) (at(__FILE__, __LINE__), take(__VA_ARGS__))
#define next_report(...) (at(__FILE__, __LINE__), next_report(__VA_ARGS__))
#endif

#endif
