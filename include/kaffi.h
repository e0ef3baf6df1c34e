/*
 * kaffi: Kafka over FFI. A Kafka client behind a plain C interface.
 *
 * Written by bindings/generate from src/abi: do not edit.
 *
 * A client is made by InitKafka, configured by SetKafkaConf, and becomes a producer at the first Produce, a consumer at
 * SubscribeConsumerTPList, or what StartKafka says. UninitProducer, UninitConsumer or CloseKafka ends it.
 *
 * Codes. Every function returns one (but Describe, a size, and Version, a number), and a code means the same
 * everywhere: 0 done; 1 nothing there now (Produce: could not start); 2 a buffer is too small; -1 and -2 an invalid
 * value and an unknown property; -100 to -199 librdkafka's local codes; -1100 to -1199 kaffi's own, named below; 3 to
 * 9998 the codes of Kafka's brokers, and 9999, 10001, 10002 the brokers' -1, 1 and 2. DescribeError tells a code's
 * name, text and class.
 *
 * Handles. A handle is a checked number in the guise of a pointer, between 2^48 and 2^53, and never an address. 0 is
 * none. A handle that is closed, of another kind or made up is answered with a code. A closed handle's number does not
 * come again.
 *
 * Texts. Texts in are UTF-8 and end in NUL. A text out has a buffer and a length: in, the room; on 0, the length
 * without the NUL; on 2, the room to give, and nothing is lost. errtxt and plen at the end of a function tell why it
 * failed, cut to the room, and may both be null; plen is 0 when all is well. JSON out is ASCII.
 *
 * Bytes. They have a length beside them and may hold NUL. Length -1 (0xFFFFFFFF) is null, 0 is empty. A pointer may be
 * null where its length, count or room is 0. Nothing is ever written past the room given. On failure (code 2 apart)
 * counts, ids and handles are 0; only Produce sets its msgid in any case.
 *
 * Threads. Any thread may call any function at any time. Functions that can wait say "Waits"; a timeout of 0 does not
 * wait, -1 waits as long as it takes. A waiting call ends when another thread closes the handle, or wakes it by
 * WakeKafka. After fork the child cannot use the parent's handles.
 */
#ifndef KAFFI_H
#define KAFFI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The codes that kaffi itself gives. */
enum {
    /* done */
    KAFFI_DONE = 0,
    /* nothing there now (Produce: the producer could not start) */
    KAFFI_NOTHING = 1,
    /* a buffer is too small: the room needed is set, nothing is lost; call again with that room */
    KAFFI_TOO_SMALL = 2,
    /* the value of this property is invalid */
    KAFFI_INVALID_VALUE = -1,
    /* there is no property of this name */
    KAFFI_UNKNOWN_PROPERTY = -2,
    /* not a handle of this library */
    KAFFI_INVALID_HANDLE = -1100,
    /* a handle of another kind, or a client of another type, than the function takes */
    KAFFI_WRONG_KIND = -1101,
    /* a required pointer is null */
    KAFFI_NULL_POINTER = -1102,
    /* a text is not valid UTF-8, or is empty where it may not be */
    KAFFI_BAD_TEXT = -1103,
    /* an argument is outside its range */
    KAFFI_BAD_ARGUMENT = -1104,
    /* the client has started: this is possible only before that */
    KAFFI_ALREADY_STARTED = -1105,
    /* the client has not started yet */
    KAFFI_NOT_STARTED = -1106,
    /* the handle is closed */
    KAFFI_CLOSED = -1107,
    /* the handle belongs to the parent process: after fork, make a new one */
    KAFFI_FORKED = -1108,
    /* closed, but records were left that no broker has confirmed */
    KAFFI_UNDELIVERED = -1109,
    /* an internal error of kaffi: please report it */
    KAFFI_INTERNAL = -1110,
    /* the client cannot start with this configuration */
    KAFFI_START_FAILED = -1111,
    /* too many handles are open */
    KAFFI_TOO_MANY_HANDLES = -1112,
    /* this batch has no such column, or it is of another type */
    KAFFI_UNKNOWN_COLUMN = -1113,
    /* the columns of this batch do not fit together, or one that the call needs is missing */
    KAFFI_BAD_BATCH = -1114,
    /* the JSON text is malformed, or has an unknown or a missing member */
    KAFFI_BAD_JSON = -1115,
};

/* ================================================================================================================== */

/*
 * Library: versions and self-description.
 */

/*
 * Gives the version of librdkafka, the engine.
 *
 * Parameters:
 * - `version`: receives the version as text, such as `2.12.1`, cut to the room; null: no text
 * - `len`: room of `version` in bytes
 *
 * Codes:
 * - any: the version as a number, 0xMMmmrrpp (major, minor, revision, 0xff for a release)
 */
int Version(char* version, int len);

/*
 * Describes the documented functions as JSON: `{"Version":"...","Patterns":["I4 %P|Version >0T1 U4",...]}`.
 *
 * `Version` is kaffi's own. A host replaces `%P` by the path of the library and hands each pattern to `quad-NA`.
 * The text is always the same; `DescribeAll` tells everything.
 *
 * Parameters:
 * - `buffer`: receives the text with its NUL; null where the room is 0
 * - `psize`: in: room of `buffer` in bytes; out: the room that the text and its NUL need
 *
 * Codes:
 * - 0: done
 * - more: the text did not fit; the number is the room needed, call again with that
 * - -1102: a pointer is null
 * - -1104: the room given is negative
 */
int32_t Describe(char* buffer, int32_t* psize);

/*
 * Describes the whole library as JSON, for whoever writes a binding.
 *
 * Members: `version`, `librdkafka`, `features`, `functions` (name, summary, prototype, pattern, documented, waits,
 * parameters with name, type, direction and meaning, codes), `codes` (code, name, text, class, retriable, fatal),
 * `properties` (name, default, meaning), `columns` (name, type, meaning).
 *
 * Parameters:
 * - `json`: receives the text with its NUL; null where the room is 0
 * - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `len` says what is needed, call again
 * - -1102: a pointer is null
 * - -1104: the room given is negative
 */
int32_t DescribeAll(char* json, int32_t* len);

/*
 * Describes a code as JSON: `{"code","name","text","class","retriable","fatal"}`.
 *
 * Class is one of config, network, auth, request, state, full, timeout, data, fatal, internal. A code that nobody
 * knows is described as such; that is no failure.
 *
 * Parameters:
 * - `code`: the code, as a function returned it or a report or list holds it
 * - `json`: receives the text with its NUL; null where the room is 0
 * - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `len` says what is needed, call again
 * - -1102: a pointer is null
 * - -1104: the room given is negative
 */
int32_t DescribeError(int32_t code, char* json, int32_t* len);

/*
 * Tells to which partition of a topic a key goes.
 *
 * With `random`, and without a key with a partitioner that ends in `_random`, any partition will do and a random one is
 * told; `Produce` then keeps to one partition for a while.
 *
 * Parameters:
 * - `partitioner`: its name, as in the property `partitioner`; empty: the default, consistent_random
 * - `key`: the key, any bytes; null where `keylen` is 0
 * - `keylen`: length of `key` in bytes; -1: no key
 * - `partitions`: how many partitions the topic has
 * - `partition`: receives the partition
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1104: there is no such partitioner: the text names them; `partitions` is below 1, `keylen` below -1
 * - -1102, -1103: a pointer is null, `partitioner` is not UTF-8
 */
int32_t GetKeyPartition(const char* partitioner,
                        const uint8_t* key,
                        int32_t keylen,
                        int32_t partitions,
                        int32_t* partition,
                        char* errtxt,
                        int* plen);

/* ================================================================================================================== */

/*
 * Clients: making, configuring, starting, closing. A client is untyped until its first use makes it a producer or a
 * consumer.
 */

/*
 * Makes a client. It becomes a producer at the first `Produce`, a consumer at `SubscribeConsumerTPList`, or what
 * `StartKafka` says.
 *
 * Parameters:
 * - `kafka`: receives the handle of the client
 *
 * Codes:
 * - 0: done
 * - -1102: `kafka` is null
 * - -1112: too many handles are open
 */
int InitKafka(void** kafka);

/*
 * Delivers what is under way and closes a producer (or a client that never started). The handle ends in any case.
 *
 * Waits until all is delivered, `kaffi.close.timeout.ms` (30 s) at most. An open transaction is aborted, and its
 * records
 * count as undelivered; one whose commit is under way is committed.
 *
 * Parameters:
 * - `prod`: the producer
 *
 * Codes:
 * - 0: closed, and all was delivered
 * - -1109: closed, but records were left undelivered, or failed and their reports were not read; `CloseKafka` counts
 * them
 * - -1101: not a producer; nothing was closed
 * - -1100, -1107, -1108: not a handle, closed already, of the parent process
 */
int UninitProducer(void* prod);

/*
 * Leaves the group and closes a consumer (or a client that never started). The handle ends in any case.
 *
 * A call of another thread inside `Consume` returns first. With `enable.auto.commit` what was processed is committed.
 *
 * Waits for that, `kaffi.close.timeout.ms` (30 s) at most.
 *
 * Parameters:
 * - `cons`: the consumer
 *
 * Codes:
 * - 0: closed
 * - -1101: not a consumer; nothing was closed
 * - -1100, -1107, -1108: not a handle, closed already, of the parent process
 * - other: closed, but the offsets of what was processed could not be committed, and why: those records come again
 */
int UninitConsumer(void* cons);

/*
 * Sets a property of a client: librdkafka's (`bootstrap.servers`, `group.id`, ...) or kaffi's own (`kaffi.*`).
 *
 * After the start only `sasl.username`, `sasl.password` and `log_level` can be set.
 *
 * Parameters:
 * - `kafka`: the client
 * - `key`: name of the property
 * - `val`: its value as text
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -2: there is no such property
 * - -1: the value is invalid
 * - -1105: the client has started
 * - -1100, -1101, -1102, -1103, -1107, -1108: the handle or a text is not right
 */
int SetKafkaConf(void* kafka, const char* key, const char* val, char* errtxt, int* plen);

/*
 * Reads a property of a client: what was set, else the default.
 *
 * Parameters:
 * - `kafka`: the client
 * - `key`: name of the property
 * - `val`: receives the value; a secret reads `[redacted]`, an unset text has length 0; null where the room is 0
 * - `len`: in: room of `val` in bytes; out: length without the NUL, or the room needed
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `len` says what is needed, call again
 * - -2: there is no such property
 * - -1100, -1101, -1102, -1103, -1104, -1107, -1108: the handle, a pointer or a text is not right
 */
int32_t GetKafkaConf(void* kafka, const char* key, char* val, int32_t* len, char* errtxt, int* plen);

/*
 * Makes an empty set of topic properties, for `SetTopicConf` and `SetDefaultTopicConf`.
 *
 * Parameters:
 * - `topicconf`: receives the handle
 *
 * Codes:
 * - 0: done
 * - -1102: `topicconf` is null
 * - -1112: too many handles are open
 */
int NewTopicConf(void** topicconf);

/*
 * Deletes a set of topic properties. Clients that were given it keep what they got.
 *
 * Parameters:
 * - `topicconf`: the set
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int DelTopicConf(void* topicconf);

/*
 * Sets a topic property (`acks`, `message.timeout.ms`, `partitioner`, ...) in a set.
 *
 * Parameters:
 * - `topicconf`: the set
 * - `key`: name of the property
 * - `val`: its value as text
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -2: there is no such property
 * - -1: the value is invalid
 * - -1100, -1101, -1102, -1103, -1107, -1108: the handle or a text is not right
 */
int SetTopicConf(void* topicconf, const char* key, const char* val, char* errtxt, int* plen);

/*
 * Gives a client topic properties for all topics that it uses. They replace those of an earlier call; what
 * `SetKafkaConf` sets for a topic property goes before them. The set itself stays the host's.
 *
 * Parameters:
 * - `kafka`: the client, before its start
 * - `topicconf`: the set, copied
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1105: the client has started
 * - -1100, -1101, -1107, -1108: a handle is not right
 */
int32_t SetDefaultTopicConf(void* kafka, void* topicconf, char* errtxt, int* plen);

/*
 * Starts a client as a producer, a consumer or an admin, where the first use shall not decide. Starting again as the
 * same is nothing.
 *
 * Parameters:
 * - `kafka`: the client
 * - `kind`: 1 producer, 2 consumer, 3 admin
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1111: the client cannot start as it is configured: the text says why; set it right and try again
 * - -1101: it has started as another kind
 * - -1104: `kind` is none of these
 * - -1100, -1107, -1108: the handle is not right
 */
int32_t StartKafka(void* kafka, int32_t kind, char* errtxt, int* plen);

/*
 * Finds out whether a broker answers a client as it is configured, and if not, why.
 *
 * Before the start it tries with a client of its own and leaves this one untyped. It ends early when trying longer
 * cannot help: at once where every bootstrap server refuses for TLS or authentication, or no token can be had; after
 * two
 * seconds where the names of all are unknown, or all close at the first words. Waits for `timeout_ms` at most.
 *
 * Parameters:
 * - `kafka`: the client
 * - `timeout_ms`: how long to try; 0 asks once without waiting, -1 as long as it takes
 * - `errtxt`: receives which address failed and why, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: a broker answered
 * - 1: another thread called `WakeKafka`
 * - -185: no broker answered in time, with no other reason known
 * - -193, -195, -181, -169: the name was not found, no connection, TLS failed, authentication failed
 * - -1111: the client cannot start as it is configured
 * - -1104: `timeout_ms` is below -1
 * - -1100, -1101, -1107, -1108: the handle is not right, or was closed meanwhile
 */
int32_t CheckConnection(void* kafka,
                        int32_t timeout_ms,
                        char* errtxt,
                        int* plen);

/*
 * Gives a client the token by which it authenticates to its brokers, for `sasl.mechanism` OAUTHBEARER. Before the start
 * it is kept for that. Not for `sasl.oauthbearer.method` oidc, whose tokens the client gets by itself.
 *
 * Without a token the client waits, and connects to no broker. When four fifths of a token's time are over it wants the
 * next one; connections that stand are authenticated anew with it.
 *
 * Parameters:
 * - `kafka`: the client
 * - `token`: the token, as the brokers want it, mostly a JWT; it is shown in no text
 * - `expires_ms`: when it expires, in ms since 1970
 * - `principal`: the name that it stands for; may be empty
 * - `extensions_json`: SASL extensions, a JSON object of texts: `{"name": "value"}`; empty: none
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1104: the token has expired
 * - -1103, -1115: a text is not right, or `extensions_json` is not
 * - -172: the client has started with another mechanism
 * - -1100, -1101, -1102, -1107, -1108: the handle is not right, or a text is null
 */
int32_t SetOAuthToken(void* kafka,
                      const char* token,
                      int64_t expires_ms,
                      const char* principal,
                      const char* extensions_json,
                      char* errtxt,
                      int* plen);

/*
 * Says why there is no token for OAUTHBEARER now. The text shows where no broker can be reached (`CheckConnection`). A
 * token that the client has is used on; it asks again after 10 s.
 *
 * Parameters:
 * - `kafka`: the client
 * - `text`: the reason
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1103: `text` is empty or not UTF-8
 * - -172: the client has started with another mechanism
 * - -1100, -1101, -1102, -1107, -1108: the handle is not right, or `text` is null
 */
int32_t SetOAuthFailure(void* kafka, const char* text, char* errtxt, int* plen);

/*
 * Wakes the calls of other threads that wait on this client: they end with 1 (a `Produce` that waits for room with
 * -184). Where none waits, nothing happens.
 *
 * Parameters:
 * - `kafka`: the client
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t WakeKafka(void* kafka);

/*
 * Closes a client of any kind: a producer delivers what is under way, a consumer commits what was processed (with
 * `enable.auto.commit`) and leaves its group. The handle ends in any case.
 *
 * An open transaction is aborted, and its records count as undelivered; one whose commit is under way is committed.
 * Calls of other threads that wait on the client end with -1107. Waits for `timeout_ms` at most; a client whose broker
 * hangs is finished in the background. To learn which records were left, read the reports before closing.
 *
 * Parameters:
 * - `kafka`: the client
 * - `timeout_ms`: how long closing may take; 0: what is under way is given up at once; -1: as long as it takes
 * - `undelivered`: receives how many records were left undelivered, or failed and their reports were not read
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: closed
 * - -1109: closed, and `undelivered` records were left
 * - -1102, -1104: `undelivered` is null, `timeout_ms` is below -1: nothing was closed
 * - -1100, -1101, -1107, -1108: the handle is not right
 * - other: closed, but the offsets of what was processed could not be committed, and why: those records come again
 */
int32_t CloseKafka(void* kafka, int32_t timeout_ms, int64_t* undelivered, char* errtxt, int* plen);

/* ================================================================================================================== */

/*
 * Events: what clients tell by themselves, and waiting for it in an event loop.
 */

/*
 * Takes the next event of a client, as JSON: `{"event": "error", "time": ms since 1970, ...}`.
 *
 * Kinds and their members: `DescribeAll`, member `events`. `count` says how often the same error came, `lost` how many
 * events went unread before this one because more than `kaffi.events.max` waited. Which are queued: `kaffi.events`. A
 * rebalance event comes inside a consuming call. Statistics need `statistics.interval.ms`, and someone who calls on the
 * client. Waits for `timeout_ms` at most.
 *
 * Parameters:
 * - `kafka`: the client
 * - `timeout_ms`: how long to wait; 0 does not wait, -1 as long as it takes
 * - `json`: receives the text with its NUL; null where the room is 0
 * - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: an event
 * - 1: no event came in time, or another thread called `WakeKafka`
 * - 2: the room is too small: `len` says what is needed; the event stays first, call again
 * - -1106: the client has not started
 * - -1102, -1104: a pointer is null, a number is out of range
 * - -1100, -1101, -1107, -1108: the handle is not right, or was closed meanwhile
 */
int32_t NextEvent(void* kafka, int32_t timeout_ms, char* json, int32_t* len, char* errtxt, int* plen);

/*
 * Gives a descriptor that is readable as long as something waits, for epoll, poll, asyncio, libuv and the like.
 *
 * When it is readable, call what reads (`ConsumeBatch`, `DeliveryReportBatch`, `NextEvent`, with timeout 0) till that
 * answers 1: then it is not readable any more. Now and then it is readable for nothing; the call then answers 1. The
 * host
 * never reads, writes or closes it; it ends when the client closes: take it out of the event loop before. A consumer
 * that
 * only waits for it has still to call `ConsumeBatch` within `max.poll.interval.ms`.
 *
 * Parameters:
 * - `kafka`: the client, started
 * - `what`: a sum of 1 (records, of a consumer), 2 (delivery reports, of a producer), 4 (events)
 * - `fd`: receives the descriptor; the same `what` gives the same one
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -170: there are no such descriptors on this system (Windows)
 * - -1106: the client has not started
 * - -1102, -1104: `fd` is null; `what` is no such sum, or of another type of client
 * - -1112: the process has no descriptor left
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t GetReadyFd(void* kafka,
                   int32_t what,
                   int64_t* fd,
                   char* errtxt,
                   int* plen);

/* ================================================================================================================== */

/*
 * Topic-partition lists: what to subscribe to, which offsets to commit. A list is a batch with the columns topic,
 * topic.name, partition, offset, leader_epoch, metadata and error; the functions on batches read and set them.
 */

/*
 * Makes an empty topic-partition list. `DelBatch` deletes it, unless a call consumes it.
 *
 * Parameters:
 * - `subscr`: receives the handle of the list
 *
 * Codes:
 * - 0: done
 * - -1102: `subscr` is null
 * - -1112: too many handles are open
 */
int NewTopicPartitionList(void** subscr);

/*
 * Adds a topic and partition to a list, with no offset. What is there already stays as it is.
 *
 * Parameters:
 * - `subscr`: the list
 * - `topic`: name of the topic; where a list is subscribed to, a name that begins with `^` is a regular expression
 * - `partition`: number of the partition; -1 where it does not matter
 *
 * Codes:
 * - 0: done
 * - -1103: the topic is empty or not UTF-8
 * - -1104: the partition is below -1
 * - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right
 * - -1114: the handle is a batch of another kind, or its columns do not fit together
 */
int SetTopicPartitionList(void* subscr, const char* topic, int32_t partition);

/*
 * Sets the offset of an entry of a list.
 *
 * Parameters:
 * - `subscr`: the list
 * - `topic`: name of the entry's topic
 * - `partition`: the entry's partition
 * - `offset`: offset of the record that is to be read next; -2 beginning, -1 end, -1000 stored, -1001 none
 *
 * Codes:
 * - 0: done
 * - -190: the list has no such entry: add it with `SetTopicPartitionList` first
 * - -1103, -1104: the topic is not right; the offset is negative and none of these
 * - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right
 * - -1114: the handle is a batch of another kind, or its columns do not fit together
 */
int SetOffset(void* subscr, const char* topic, int32_t partition, int64_t offset);

/* ================================================================================================================== */

/*
 * Consumers: subscribing and consuming.
 */

/*
 * Starts a client as a consumer if it has not started, and subscribes it to the topics of a list. Subscribing again
 * replaces. Records come by `Consume`.
 *
 * Parameters:
 * - `kafka`: the client; `bootstrap.servers` and `group.id` must be set
 * - `subscr`: the list; its partitions do not matter; a name that begins with `^` is a regular expression. The call
 * consumes it: the handle ends, also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1111: the client cannot start as it is configured: the text says why; set it right and try again
 * - -186: the list is empty, or a topic name is not right
 * - -172: partitions are assigned by hand: `UnsubscribeConsumer` first
 * - -1101, -1114: the client is a producer; `subscr` is no list, or its columns do not fit together
 * - -1100, -1107, -1108: a handle is not right
 */
int SubscribeConsumerTPList(void* kafka, void* subscr, char* errtxt, int* plen);

/*
 * Takes the next record.
 *
 * Waits `kaffi.poll.timeout.ms` (500) at most. Each call counts as a poll for `max.poll.interval.ms`. A record that a
 * call hands out counts as processed at the next consuming call, commit or close (`kaffi.offset.store`). Texts and
 * bytes have a NUL behind them where there is room, which the lengths do not count.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `topic`: receives the name of the topic
 * - `topiclen`: in: room of `topic` in bytes; out: length, or the room needed
 * - `payload`: receives the value; may hold NUL bytes
 * - `paylen`: in: room of `payload` in bytes; out: length (0 also for null), or the room needed
 * - `key`: receives the key; may hold NUL bytes
 * - `keylen`: in: room of `key` in bytes; out: length (0 also for null), or the room needed
 * - `partition`: receives the partition
 * - `offset`: receives the offset
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a record; may be null
 *
 * Codes:
 * - 0: a record
 * - 1: no record came in time; the text is `no msg`
 * - 2: a buffer is too small: the three lengths needed are set and the record is kept; call again with that room
 * - -1106: nothing was subscribed to yet
 * - -191: the end of a partition was reached (only with `enable.partition.eof`)
 * - -1101: not a consumer
 * - -1102: a pointer is null
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka, with its text; call again, unless it is fatal
 */
int Consume(void* cons,
            char* topic,
            uint32_t* topiclen,
            char* payload,
            uint32_t* paylen,
            char* key,
            uint32_t* keylen,
            int32_t* partition,
            int64_t* offset,
            char* errtxt,
            int* plen);

/*
 * Takes the records that are there, as a batch with columns (`GetBatchInts`, `GetBatchBytes`).
 *
 * Waits for the first record only. Columns: topic, topic.name, partition, offset, timestamp, timestamp_type,
 * leader_epoch, key, value, header.count, header.name, header.value. An error of the consumer comes by itself, after
 * the records before it. Records handed out count as processed at the next consuming call, commit or close
 * (`kaffi.offset.store`). `DelBatch` deletes the batch.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `max_rows`: how many records at most; 0 takes none, but counts as a poll and answers 1
 * - `timeout_ms`: how long to wait for the first record; 0 does not wait, -1 as long as it takes
 * - `batch`: receives the handle of the batch
 * - `rows`: receives the number of its records
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a batch; may be null
 *
 * Codes:
 * - 0: a batch
 * - 1: no record came in time
 * - -1106: nothing was subscribed to yet
 * - -191: the end of a partition was reached (only with `enable.partition.eof`)
 * - -1101, -1102, -1104: not a consumer, a pointer is null, a number is out of range
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka, with its text; call again, unless it is fatal
 */
int32_t ConsumeBatch(void* cons,
                     int32_t max_rows,
                     int32_t timeout_ms,
                     void** batch,
                     int32_t* rows,
                     char* errtxt,
                     int* plen);

/* ================================================================================================================== */

/*
 * Assignment: which partitions a consumer reads, by hand or by its group; pausing and seeking.
 */

/*
 * Assigns partitions by hand, in place of what was assigned so; or answers a rebalance that gives partitions.
 *
 * Starts a client as a consumer if it has not started. Reading starts at each entry's offset: that of a record, -2 the
 * beginning, -1 the end, -1000 or -1001 what the group has committed, else as `auto.offset.reset` says. Without
 * `group.id` there is no group: commits are refused. Pauses end. With `kaffi.rebalance` manual and a rebalance event
 * waiting, this is the answer to it.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions with their offsets, which stays the host's; or 0: accepts what the rebalance proposes, or,
 * without one, assigns nothing
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: the consumer is subscribed and no rebalance waits, or the one that waits takes partitions: the text says what
 * to do
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1111: the client cannot start as it is configured
 * - -1101: not a consumer, or `tplist` is no list
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t AssignPartitions(void* cons,
                         void* tplist,
                         char* errtxt,
                         int* plen);

/*
 * Adds partitions to those that are assigned by hand; or answers a rebalance that gives partitions.
 *
 * Starts a client as a consumer if it has not started. Offsets are those of `AssignPartitions`.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions with their offsets, which stays the host's
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: a partition is assigned already, the consumer is subscribed and no rebalance waits, or the one that waits
 * takes partitions
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1111: the client cannot start as it is configured
 * - -1101: not a consumer, or `tplist` is no list
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t AddPartitions(void* cons,
                      void* tplist,
                      char* errtxt,
                      int* plen);

/*
 * Takes partitions out of those that are assigned by hand; or answers a rebalance that takes partitions.
 *
 * What was handed out of them counts as processed and, with `enable.auto.commit`, is committed. Records fetched of them
 * and not handed out go.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions, which stays the host's; or 0: what the rebalance takes, or, without one, all
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: a partition is not assigned, the consumer is subscribed and no rebalance waits, or the one that waits gives
 * partitions
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t UnassignPartitions(void* cons,
                           void* tplist,
                           char* errtxt,
                           int* plen);

/*
 * Ends the subscription, or what was assigned by hand. Without either nothing happens.
 *
 * Waits until the group has taken the partitions back, `kaffi.request.timeout.ms` (60 s) at most. With
 * `kaffi.rebalance`
 * manual it leaves a rebalance event to be answered with `UnassignPartitions`.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: the group has not taken the partitions back yet: the next consuming call lets it
 * - -1101, -1106: not a consumer; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t UnsubscribeConsumer(void* cons,
                            char* errtxt,
                            int* plen);

/*
 * Stops handing out records of partitions. What was fetched of them waits.
 *
 * A pause ends with `ResumePartitions`, and when the partition leaves this consumer. Consuming goes on with the others,
 * and keeps the membership in the group alive.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions, which stays the host's; or 0: all that are assigned
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: a partition is not assigned: none is paused
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t PausePartitions(void* cons, void* tplist, char* errtxt, int* plen);

/*
 * Goes on handing out records of partitions that were paused.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions, which stays the host's; or 0: all that are assigned
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: a partition is not assigned: none is resumed
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t ResumePartitions(void* cons, void* tplist, char* errtxt, int* plen);

/*
 * Goes to other offsets: the next record of a partition is the one at the offset of its entry.
 *
 * What was fetched of the partition and not handed out goes. The offset that is sought is the position from then on,
 * also
 * for a commit (but with `kaffi.offset.store` manual). A partition that was just assigned can seek a moment later: the
 * call waits for that.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions with their offsets (-2 beginning, -1 end); each entry gets its error
 * - `timeout_ms`: how long to wait for the engine; 0 asks once, -1 as long as it takes
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: not done in time: the entries' errors say which; call again
 * - -172: a partition is not assigned: nothing was done
 * - -1104: a partition, an offset or `timeout_ms` is out of range; a partition is twice in the list
 * - -1114: the columns of the list do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the engine refused
 */
int32_t SeekPartitions(void* cons,
                       void* tplist,
                       int32_t timeout_ms,
                       char* errtxt,
                       int* plen);

/*
 * Gives the partitions that are assigned to a consumer, as a list without offsets, in the order of topic and partition.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: receives the handle of the list; `DelBatch` deletes it
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done; the list may be empty
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t GetAssignment(void* cons, void** tplist, char* errtxt, int* plen);

/*
 * Gives the topics that a consumer is subscribed to, as a list with partition -1.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: receives the handle of the list; `DelBatch` deletes it
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done; the list is empty without a subscription
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t GetSubscription(void* cons, void** tplist, char* errtxt, int* plen);

/* ================================================================================================================== */

/*
 * Offsets: what counts as processed, what a group has committed, where a consumer is and how far behind.
 */

/*
 * Says how much of the last batch is processed so far, so that a host can take a batch and work record by record.
 *
 * Until the next `ConsumeBatch` no commit, close or transaction counts more of it than these rows.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `batch`: the batch that its last `ConsumeBatch` gave
 * - `rows`: how many of its first rows are processed
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -1104: more rows than the batch has, or a negative number
 * - -1114: not the last batch of this consumer
 * - -1101, -1106: not a consumer; it has not started
 * - -1100, -1107, -1108: a handle is not right
 */
int32_t StoreBatchOffsets(void* cons, void* batch, int32_t rows, char* errtxt, int* plen);

/*
 * Commits offsets to the group and waits for the answer, `kaffi.request.timeout.ms` (60 s) at most.
 *
 * Without a list it commits the positions of the current assignment: what was handed out so far, also after a seek
 * back. Waits for the broker.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `subscr`: a list with offsets (of the record to be read next), which stays the host's and gets an error for each
 * entry; or 0
 *
 * Codes:
 * - 0: committed, or there was nothing to commit
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time
 * - -1106: the consumer has not started
 * - -1101: not a consumer, or `subscr` is no list
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - -1114: the columns of the list do not fit together
 * - other: why the group refused; after a rebalance (22, 25, 27) the records come again elsewhere. Where one entry of a
 * list is refused, all have its error, though the others are committed
 */
int Commit(void* cons, void* subscr);

/*
 * Asks the group for the committed offset of the first entry of a list.
 *
 * Waits for the broker, `kaffi.request.timeout.ms` (60 s) at most.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `subscr`: the list; the call consumes it: the handle ends, also on failure
 * - `offset`: receives the offset of the record to be read next, -1001 if none is committed
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time
 * - -1104: the list is empty
 * - -1106: the consumer has not started
 * - -1101, -1102: not a consumer or `subscr` is no list, `offset` is null
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: an error of Kafka
 */
int Committed(void* cons, void* subscr, int64_t* offset);

/*
 * Says which offsets are processed, for the next commit. Only with `kaffi.offset.store` manual.
 *
 * Nothing is sent: with `enable.auto.commit` it is committed in the background and when the partition leaves or the
 * consumer closes, else by `Commit` or `CommitOffsets`.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: partitions with the offset of the record to be read next, leader_epoch and metadata, which
 * stays the host's
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -186: `kaffi.offset.store` is not manual: what is handed out counts by itself
 * - -172: a partition is not assigned: nothing is stored
 * - -1104, -1114: a partition or offset is below 0, a partition twice in the list; its columns do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t StoreOffsets(void* cons, void* tplist, char* errtxt, int* plen);

/*
 * Commits offsets to the group, with a time limit or without waiting.
 *
 * Without a list it commits the positions of the current assignment, as `Commit` does.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: partitions with the offset of the record to be read next, leader_epoch and metadata; each entry
 * gets its error where the call waits; or 0
 * - `timeout_ms`: how long to wait for the group; 0 does not wait: the result is a `commit` event (`NextEvent`); -1 as
 * long as it
 * takes
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: committed, sent, or there was nothing to commit
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time; it may have been done
 * - -1111: there is no `group.id`
 * - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: why the group refused; after a rebalance (22, 25, 27) the records come again elsewhere
 */
int32_t CommitOffsets(void* cons,
                      void* tplist,
                      int32_t timeout_ms,
                      char* errtxt,
                      int* plen);

/*
 * Fills a list with what the group has committed: offset, leader_epoch, metadata. Offset -1001: nothing.
 *
 * Waits for the broker, `timeout_ms` at most.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions, which need not be assigned; each entry gets its error
 * - `timeout_ms`: how long to wait; 0 asks without waiting for a slow answer, -1 waits as long as it takes
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time
 * - -1111: there is no `group.id`
 * - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: an error of Kafka, that of the first entry which has one
 */
int32_t GetCommitted(void* cons, void* tplist, int32_t timeout_ms, char* errtxt, int* plen);

/*
 * Fills a list with the positions: the offset of the record that is handed out next. Offset -1001: not known before the
 * first record.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -172: a partition is not assigned: nothing is filled
 * - -1104, -1114: a partition is below 0 or twice in the list; the columns of the list do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t GetPositions(void* cons, void* tplist, char* errtxt, int* plen);

/*
 * Fills a list with the offset of the first record whose timestamp is at or after a time. Offset -1: there is none.
 *
 * The embedded cluster cannot look up times. Waits for the brokers, `timeout_ms` at most.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `tplist`: the partitions, which need not be assigned; in: the offset is the time, ms since 1970; out: each entry's
 * offset
 * and error
 * - `timeout_ms`: how long to wait; -1 as long as it takes
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time
 * - -1104, -1114: a number is out of range, a partition twice in the list; its columns do not fit together
 * - -1101, -1106: not a consumer, or `tplist` is no list; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: an error of Kafka, that of the first entry which has one
 */
int32_t GetOffsetsForTimes(void* cons,
                           void* tplist,
                           int32_t timeout_ms,
                           char* errtxt,
                           int* plen);

/*
 * Gives the offset of the first record of a partition, and that of the next one which will be written.
 *
 * Waits for the broker, `timeout_ms` at most.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `topic`: name of the topic
 * - `partition`: the partition, which need not be assigned
 * - `timeout_ms`: how long to wait; 0: what the engine heard last while fetching; -1 as long as it takes
 * - `low`: receives the first offset; -1001: not known
 * - `high`: receives the offset behind the last record; -1001: not known
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka`
 * - -185: no answer in time
 * - -1102, -1103, -1104: a pointer is null, the topic is empty or not UTF-8, a number is out of range
 * - -1101, -1106: not a consumer; the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 * - other: an error of Kafka
 */
int32_t GetWatermarks(void* cons,
                      const char* topic,
                      int32_t partition,
                      int32_t timeout_ms,
                      int64_t* low,
                      int64_t* high,
                      char* errtxt,
                      int* plen);

/*
 * Says how far a consumer is behind, for each partition that is assigned: columns topic, topic.name, partition,
 * position,
 * end, lag.
 *
 * Nothing is asked: ends are those that the engine heard last while fetching (-1001: not known yet).
 *
 * Parameters:
 * - `cons`: the consumer
 * - `batch`: receives the handle of the batch; `DelBatch` deletes it
 * - `rows`: receives the number of partitions
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 1: another thread called `WakeKafka` before the consumer was free
 * - -1101, -1102, -1106: not a consumer, a pointer is null, the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t GetLag(void* cons,
               void** batch,
               int32_t* rows,
               char* errtxt,
               int* plen);

/*
 * Says who a consumer is in its group, as JSON: `{"group_id","member_id","generation_id","group_instance_id"}`.
 *
 * Before it has joined, member_id is empty and generation_id -1.
 *
 * Parameters:
 * - `cons`: the consumer
 * - `json`: receives the text with its NUL; null where the room is 0
 * - `len`: in: room of `json` in bytes; out: length without the NUL, or the room needed
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `len` says what is needed, call again
 * - -1111: there is no `group.id`
 * - -1101, -1102, -1104, -1106: not a consumer, a pointer is null, the room is negative, the consumer has not started
 * - -1100, -1107, -1108: a handle is not right, or the consumer was closed meanwhile
 */
int32_t GetGroupMetadata(void* cons, char* json, int32_t* len, char* errtxt, int* plen);

/* ================================================================================================================== */

/*
 * Producers: producing records and reading their delivery reports.
 */

/*
 * Hands a record to the producer, which copies it and delivers it in the background. The first call starts the client
 * as a producer.
 *
 * Whether the record was delivered comes by `DeliveryReport`, under its id. Waits for room when the queue is full,
 * `kaffi.produce.timeout.ms` (60 s) at most.
 *
 * Parameters:
 * - `prod`: the producer
 * - `topic`: name of the topic
 * - `payload`: the value, any bytes; null where `paylen` is 0
 * - `paylen`: length of `payload` in bytes; 0xFFFFFFFF: no value (null, a tombstone)
 * - `key`: the key, any bytes; null where `keylen` is 0
 * - `keylen`: length of `key` in bytes; 0xFFFFFFFF: no key (null). A null `key` with length 0 is empty
 * - `partition`: the partition; -1: the partitioner chooses, by the key
 * - `msgid`: receives the id of the record, unique and increasing in the process; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: taken; its delivery report will come
 * - 1: the producer cannot start as it is configured: the text says why
 * - -184: the queue is full and no room came in time; try again
 * - 10: the record is larger than `message.max.bytes`
 * - -190: the topic has no such partition
 * - -172: BeginTransaction is missing (with `transactional.id`), or the transaction takes no more
 * - -1101, -1102, -1103, -1104: not a producer, a pointer is null, the topic or the partition is not right
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka; the record was not taken
 */
int Produce(void* prod,
            const char* topic,
            const char* payload,
            uint32_t paylen,
            const char* key,
            uint32_t keylen,
            int32_t partition,
            uint64_t* msgid,
            char* errtxt,
            int* plen);

/*
 * Reads delivery reports: which records were delivered, which failed and why.
 *
 * Waits for the first report, `kaffi.poll.timeout.ms` (500) at most, and only while records are in flight. Before any
 * `Produce` there are none.
 *
 * Parameters:
 * - `prod`: the producer
 * - `msgid`: receives the ids, room for `plength`
 * - `err`: receives the codes, room for `plength`: 0 delivered, else why not (`DRMessageError` gives the text)
 * - `plength`: in: room in reports; out: how many were written
 *
 * Codes:
 * - 0: done; `plength` may be 0
 * - -1102, -1104: a pointer is null, the room is negative
 * - -1101: not a producer
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 */
int DeliveryReport(void* prod, unsigned long long* msgid, int* err, int* plength);

/*
 * Gives the text of a code, as a delivery report or any function answered it.
 *
 * Parameters:
 * - `err`: the code
 * - `errtxt`: receives the text, cut to the room; null where the room is 0
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text
 *
 * Codes:
 * - 0: done
 * - -1102, -1104: a pointer is null, the room is negative
 */
int DRMessageError(const int* err, char* errtxt, int* plen);

/*
 * Hands the records of a batch to the producer, which copies them. The first call starts the client as a producer.
 *
 * Row i has the id `first_msgid` + i. Timestamps (-1 or 0: now) and headers of the batch go along; a consumed batch can
 * be
 * produced as it is: its offsets, leader epochs and timestamp types are ignored. The order of the rows is kept for each
 * key and for each partition. A row that is refused for itself (too large, no such partition) does not stop the others
 * and gets no report; column `error` says for each row 0, -184 (left) or why. Waits for room when the queue is full.
 *
 * Parameters:
 * - `prod`: the producer
 * - `topic`: name of the topic for all rows; empty: the batch's own (columns topic, topic.name)
 * - `partition`: partition for all rows; -1: the partitioner chooses, by the key; -2: the batch's own (column
 * partition)
 * - `batch`: the batch; a missing key or value column is null
 * - `timeout_ms`: how long to wait for room; 0 does not wait, -1 as long as it takes
 * - `first_msgid`: receives the id of row 0
 * - `left`: receives how many rows found no room in time
 * - `refused`: receives how many rows were refused
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: every row was tried; look at `refused`
 * - -184: `left` rows found no room in time: the same call with the same batch takes those, with the same `first_msgid`
 * - -1111: the producer cannot start as it is configured: the text says why
 * - -1114: the columns do not fit together, or one that the call needs is missing: the text names it
 * - -172: BeginTransaction is missing (with `transactional.id`), or the transaction takes no more: column `error` says
 * which rows were not taken
 * - -1101, -1102, -1103, -1104: not a producer, a pointer is null, a text or a number is not right
 * - -1100, -1107, -1108: a handle is not right, or was closed meanwhile
 * - other: an error of Kafka; the rows that are left were not taken
 */
int32_t ProduceBatch(void* prod,
                     const char* topic,
                     int32_t partition,
                     void* batch,
                     int32_t timeout_ms,
                     uint64_t* first_msgid,
                     int32_t* left,
                     int32_t* refused,
                     char* errtxt,
                     int* plen);

/*
 * Reads delivery reports as a batch with the columns msgid, error, topic, topic.name, partition, offset, timestamp,
 * timestamp_type, status (0 not persisted, 1 possibly, 2 persisted) and latency (microseconds). It and `DeliveryReport`
 * drain one ledger.
 *
 * Waits for the first report only, and only while records are in flight. `DelBatch` deletes the batch.
 *
 * Parameters:
 * - `prod`: the producer
 * - `max_rows`: how many reports at most
 * - `timeout_ms`: how long to wait for the first; 0 does not wait, -1 as long as it takes
 * - `batch`: receives the handle of the batch
 * - `rows`: receives the number of its reports
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when there is a batch; may be null
 *
 * Codes:
 * - 0: a batch
 * - 1: no report came in time, or nothing is in flight
 * - -1101, -1102, -1104: not a producer, a pointer is null, a number is out of range
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 */
int32_t DeliveryReportBatch(void* prod,
                            int32_t max_rows,
                            int32_t timeout_ms,
                            void** batch,
                            int32_t* rows,
                            char* errtxt,
                            int* plen);

/*
 * Counts the records of a producer that are on their way.
 *
 * Parameters:
 * - `prod`: the producer; one that has not started has none
 * - `in_flight`: receives how many records have no report yet
 * - `unread`: receives how many reports wait to be read
 * - `forgotten`: receives how many reports of success were dropped unread (`kaffi.delivery.reports`)
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1101, -1102: not a producer, a pointer is null
 * - -1100, -1107, -1108: the handle is not right
 */
int32_t GetOutstanding(void* prod, int64_t* in_flight, int64_t* unread, int64_t* forgotten, char* errtxt, int* plen);

/*
 * Sends what is queued without waiting for `linger.ms`.
 *
 * Waits until every record has its report, for `timeout_ms` at most.
 *
 * Parameters:
 * - `prod`: the producer; one that has not started has nothing to send
 * - `timeout_ms`: how long to wait; 0 does not wait, -1 as long as it takes
 * - `left`: receives how many records have no report yet
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: every record has its report; some may have failed: read the reports
 * - -185: `left` records have none yet; they stay on their way
 * - 1: another thread called `WakeKafka`; `left` records have no report yet
 * - -1101, -1102, -1104: not a producer, a pointer is null, `timeout_ms` is below -1
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 */
int32_t FlushProducer(void* prod, int32_t timeout_ms, int64_t* left, char* errtxt, int* plen);

/*
 * Gives up records that are on their way. Each of them gets its report, with -152 (waited to be sent) or -151 (was in
 * flight: it may have been stored all the same).
 *
 * Does not wait: the reports follow within moments. A transaction whose records were given up cannot be committed.
 *
 * Parameters:
 * - `prod`: the producer; one that has not started has nothing to give up
 * - `what`: 1 what waits to be sent, 2 what is in flight, 3 both
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1101, -1104: not a producer, `what` is none of these
 * - -1100, -1107, -1108: the handle is not right
 */
int32_t PurgeProducer(void* prod, int32_t what, char* errtxt, int* plen);

/* ================================================================================================================== */

/*
 * Transactions: what a producer with a `transactional.id` produces, and the offsets of what was consumed for it, count
 * together or not at all. Consumers with `isolation.level` read_committed (the default) see only what was committed.
 *
 * InitTransactions once, then again and again BeginTransaction, Produce and SendOffsetsToTransaction, CommitTransaction
 * or AbortTransaction. Each says by `advice` what to do after a failure: 0 none; with a code, the call was wrong and
 * nothing has changed; 1 call it again, it goes on where it was; 2 call AbortTransaction, then begin anew; 3 fatal:
 * this producer cannot go on, close it and make a new one.
 */

/*
 * Registers the producer's `transactional.id`: an older producer with the same one is fenced off, and a transaction
 * that it left open is aborted. Starts the client as a producer if it has not started.
 *
 * Once for each producer, before its first BeginTransaction. Waits for `timeout_ms` at most.
 *
 * Parameters:
 * - `prod`: the client; `transactional.id` must be set: a name that the producer keeps when it is started anew, and
 * that
 * no other has
 * - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
 * - `advice`: receives what to do: 0 nothing, 1 call again, 3 make a new producer; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -185: not done in time, advice 1: call again, it goes on
 * - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
 * - -1111: the client cannot start as it is configured: the text says why; set it right and try again
 * - -145: `transactional.id` is not set
 * - -172: it was done already
 * - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
 * - -177: another thread is in a transaction call of this producer
 * - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka: `advice` says what to do
 */
int32_t InitTransactions(void* prod,
                         int32_t timeout_ms,
                         int32_t* advice,
                         char* errtxt,
                         int* plen);

/*
 * Begins a transaction: all that is produced from here on belongs to it. No broker is asked.
 *
 * Parameters:
 * - `prod`: the producer, after InitTransactions
 * - `timeout_ms`: -1 or more; nothing is waited for
 * - `advice`: receives what to do: 0 nothing, 3 make a new producer; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -172: InitTransactions is missing, or a transaction is open already
 * - -1106: the producer has not started
 * - -145: `transactional.id` is not set
 * - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
 * - -177, -173: another thread is in a transaction call of this producer, or one is to be called again first
 * - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
 * - -1100, -1107, -1108: the handle is not right
 * - other: an error of Kafka: `advice` says what to do
 */
int32_t BeginTransaction(void* prod, int32_t timeout_ms, int32_t* advice, char* errtxt, int* plen);

/*
 * Commits the transaction. What was produced is sent first; if a record of it failed, nothing is committed (advice 2).
 *
 * Waits for `timeout_ms` at most. Where that was too short it goes on in the background: call again, till it is done;
 * no other transaction call is possible before that.
 *
 * Parameters:
 * - `prod`: the producer
 * - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
 * - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: committed
 * - -185: not done in time, advice 1: call again, it goes on
 * - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
 * - -149: records failed: their reports say why, advice 2
 * - -172: no transaction is open
 * - -1106: the producer has not started
 * - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
 * - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
 * - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka: `advice` says what to do
 */
int32_t CommitTransaction(void* prod, int32_t timeout_ms, int32_t* advice, char* errtxt, int* plen);

/*
 * Aborts the transaction: no consumer with `isolation.level` read_committed sees anything of it.
 *
 * Records that were not sent yet get reports with -152 or -151, and do not count as undelivered. A consumer whose
 * offsets were part of it goes on where it is: to
 * get its records again, put it back to the committed offsets, or close it and make a new one. Waits for `timeout_ms`
 * at most; where that was too short it goes on in the background: call again, till it is done.
 *
 * Parameters:
 * - `prod`: the producer
 * - `timeout_ms`: how long to wait; 0 begins it and waits for a moment (100 ms) only, -1 as long as it takes
 * - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: aborted
 * - -185: not done in time, advice 1: call again, it goes on
 * - 1: another thread called `WakeKafka`, advice 1: call again, it goes on
 * - -172: no transaction is open
 * - -1106: the producer has not started
 * - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
 * - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
 * - -1101, -1102, -1104: not a producer, `advice` is null, `timeout_ms` is below -1
 * - -1100, -1107, -1108: the handle is not right, or was closed meanwhile
 * - other: an error of Kafka: `advice` says what to do
 */
int32_t AbortTransaction(void* prod,
                         int32_t timeout_ms,
                         int32_t* advice,
                         char* errtxt,
                         int* plen);

/*
 * Makes offsets of a consumer's group part of the transaction: they are committed with it.
 *
 * Without a list, what the consumer handed out counts as processed (`kaffi.offset.store`), as in `Commit`, and that is
 * sent. Call it when what was produced for those records is handed over, and set `enable.auto.commit` of the consumer
 * to
 * false: else it commits by itself. Waits for `timeout_ms` at most, 0 being too short for any broker.
 *
 * Parameters:
 * - `prod`: the producer, in a transaction
 * - `cons`: the consumer; `group.id` must be set
 * - `tplist`: the list with the offsets: for each partition the record to read next; or 0: what was processed. A list
 * is
 * not consumed, and an empty one sends nothing
 * - `timeout_ms`: how long to wait; -1 as long as the transaction may last (`transaction.timeout.ms`)
 * - `advice`: receives what to do: 0 nothing, 1 call again, 2 abort, 3 make a new producer; set also on failure
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -185: not done in time: advice 1 or 2
 * - -172: no transaction is open
 * - -1106: the producer or the consumer has not started
 * - -1111: `group.id` of the consumer is not set
 * - 22, 25, 82: the group has given the partitions to another member meanwhile, advice 2
 * - -144: a newer producer with the same `transactional.id` has fenced this one off, advice 3
 * - -177, -173: another thread is in a transaction call of this producer, or another one is to be called again first
 * - -1101, -1102, -1104, -1114: a handle of the wrong kind, `advice` is null, `timeout_ms` is below -1, the list's
 * columns do not fit together
 * - -1100, -1107, -1108: a handle is not right, or was closed meanwhile
 * - other: an error of Kafka: `advice` says what to do
 */
int32_t SendOffsetsToTransaction(void* prod,
                                 void* cons,
                                 void* tplist,
                                 int32_t timeout_ms,
                                 int32_t* advice,
                                 char* errtxt,
                                 int* plen);

/* ================================================================================================================== */

/*
 * Admin: topics, configurations, groups, access and users of a cluster, asked for as JSON.
 */

/*
 * Does one admin operation: JSON in, JSON out. Any client that has started will do; `StartKafka` with kind 3 starts one
 * for this alone.
 *
 * The request is an object with one member, the name of the operation. `docs/admin.md` has all of them with requests
 * and
 * replies; `DescribeAll` tells the members of each. Those with `?` may be left away:
 *
 * - `Metadata`: topics?; `DescribeCluster`: include_authorized_operations?; `ElectLeaders`: election_type?, partitions?
 * - `ListTopics`: include_internal?; `DescribeTopics`: topics, include_authorized_operations?; `DeleteTopics`: topics
 * - `CreateTopics`: topics (name, partitions?, replication_factor?, replica_assignment?, configs?), validate_only?
 * - `CreatePartitions`: topics (name, partitions, replica_assignment?), validate_only?
 * - `DeleteRecords`: partitions (topic, partition, offset)
 * - `ListOffsets`: partitions (topic, partition, offset or timestamp), isolation_level?
 * - `DescribeConfigs`: resources (type, name, configs?)
 * - `AlterConfigs`: resources (type, name, configs (name, operation?, value?)), validate_only?
 * - `ListGroups`: states?, types?; `DescribeGroups`: groups, include_authorized_operations?; `DeleteGroups`: groups
 * - `ListGroupOffsets`: groups (group, partitions?), require_stable?; `DeleteGroupOffsets`: groups (group, partitions)
 * - `AlterGroupOffsets`: groups (group, partitions (topic, partition, offset, leader_epoch?, metadata?))
 * - `CreateAcls`: acls (resource_type, resource_name, pattern_type?, principal, host?, operation, permission)
 * - `DescribeAcls`: filter? (members of an ACL, each may be left away); `DeleteAcls`: filters
 * - `DescribeScramCredentials`: users?; `AlterScramCredentials`: upsertions? (name, mechanism, iterations?, password,
 * salt?), deletions? (name, mechanism)
 *
 * All of a request is checked before anything is sent. Each thing that was asked about has a result with `code` and
 * `text` in the reply. A reply that finds too little room waits, up to 16 of a client: nothing is done twice.
 *
 * Waits for `timeout_ms` at most.
 *
 * Parameters:
 * - `kafka`: the client
 * - `request`: the operation; ignored where `reply_id` is not 0
 * - `timeout_ms`: how long to wait for the brokers, -1: an hour; with 0 nothing is changed
 * - `reply_id`: in: 0 does the operation, another number gives the reply that waits under it; out: where the reply
 * waits when the code is 2, else 0
 * - `reply`: receives the reply, ASCII; null where the room is 0
 * - `len`: in: room of `reply` in bytes; out: length without the NUL, or the room needed
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done; the reply has the result of each thing
 * - 1: another thread called `WakeKafka`; what was asked for may be done all the same
 * - 2: done, but the room is too small: call again with `reply_id` as it is now and the room that `len` says
 * - -185: no broker answered in time: the text says why, as far as it is known; what was asked for may be done
 * - -184: nothing was done: 16 replies of this client wait
 * - -1115: the request is malformed, or has an unknown operation or member, or a value of the wrong type: the text
 * names it
 * - -1104: a value of the request is outside its range, or something is there twice; no reply waits under `reply_id`;
 * `timeout_ms` is below -1, or the room negative
 * - -1103: a text is not UTF-8, or is empty where it may not be
 * - -1106: the client has not started
 * - 31 and others: Kafka's code, where it refuses the whole
 * - -1100, -1101, -1102, -1107, -1108: the handle or a pointer is not right, or the client was closed meanwhile
 */
int32_t AdminRequest(void* kafka,
                     const char* request,
                     int32_t timeout_ms,
                     int64_t* reply_id,
                     char* reply,
                     int32_t* len,
                     char* errtxt,
                     int* plen);

/* ================================================================================================================== */

/*
 * Batches: many records, reports or list entries in columns, behind one handle.
 *
 * A column is immutable once set; setting replaces it. `DescribeAll` lists the columns with their types. A batch
 * outlives the client that it came from.
 */

/*
 * Makes an empty batch for records: set its columns, or add records one by one; then `ProduceBatch`.
 *
 * Parameters:
 * - `batch`: receives the handle
 *
 * Codes:
 * - 0: done
 * - -1102, -1112: `batch` is null, too many handles are open
 */
int32_t NewBatch(void** batch);

/*
 * Empties a batch or list; it can be filled again.
 *
 * Parameters:
 * - `batch`: the batch
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t ClearBatch(void* batch);

/*
 * Deletes a batch or list. The handle ends.
 *
 * Parameters:
 * - `batch`: the batch
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t DelBatch(void* batch);

/*
 * Counts the rows of a batch or list.
 *
 * Parameters:
 * - `batch`: the batch
 * - `rows`: receives the number of rows (of its longest column, while it is being filled)
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1102, -1107, -1108: the handle or the pointer is not right
 */
int32_t GetBatchRows(void* batch, int32_t* rows);

/*
 * Reads a column of integers.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column, such as `partition`, `offset`, `timestamp`, `topic` (index into `topic.name`)
 * - `values`: receives the values, room for `count`; null where that is 0
 * - `count`: in: room in values; out: how many there are
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `count` says what is needed, nothing was written; call again
 * - -1113: the batch has no such column, or it is one of bytes
 * - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the room is negative
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t GetBatchInts(void* batch, const char* column, int64_t* values, int32_t* count, char* errtxt, int* plen);

/*
 * Reads a column of integers as doubles, for hosts without 64-bit integers. Exact below 2^53.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column, as for `GetBatchInts`
 * - `values`: receives the values, room for `count`; null where that is 0
 * - `count`: in: room in values; out: how many there are
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `count` says what is needed, nothing was written; call again
 * - -1113: the batch has no such column, or it is one of bytes
 * - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the room is negative
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t GetBatchDoubles(void* batch, const char* column, double* values, int32_t* count, char* errtxt, int* plen);

/*
 * Reads a column of bytes: all values one after the other, and the length of each.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column, such as `key`, `value`, `topic.name`
 * - `bytes`: receives the bytes, room for `len`; null where that is 0
 * - `len`: in: room of `bytes`; out: how many bytes there are
 * - `lengths`: receives the length of each value, -1 for null, room for `count`; null where that is 0
 * - `count`: in: room of `lengths`; out: how many values there are
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - 2: a room is too small: `len` and `count` say what is needed, nothing was written; call again
 * - -1113: the batch has no such column, or it is one of integers
 * - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, a room is negative
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t GetBatchBytes(void* batch,
                      const char* column,
                      uint8_t* bytes,
                      int32_t* len,
                      int32_t* lengths,
                      int32_t* count,
                      char* errtxt,
                      int* plen);

/*
 * Sets a column of integers; it replaces the one that is there.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column, as for `GetBatchInts`
 * - `values`: the values, copied; null where `count` is 0
 * - `count`: number of values: one for each row
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1113: a batch of this kind has no such column that can be set, or it is one of bytes
 * - -1104: a value is outside the column's range (the text names the row), or `count` is negative
 * - -1102, -1103: a pointer is null, the name is not UTF-8
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t SetBatchInts(void* batch, const char* column, const int64_t* values, int32_t count, char* errtxt, int* plen);

/*
 * Sets a column of bytes; it replaces the one that is there.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column, as for `GetBatchBytes`
 * - `bytes`: all values one after the other, copied; null where `len` is 0
 * - `len`: number of bytes
 * - `lengths`: the length of each value, -1 for null; they must add up to `len`; null where `count` is 0
 * - `count`: number of values: one for each row, or for each topic in `topic.name`
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1113: a batch of this kind has no such column that can be set, or it is one of integers
 * - -1104: the lengths do not add up, one is below -1 (the text names the row), or `len` or `count` is negative
 * - -1102, -1103: a pointer is null, the name is not UTF-8
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t SetBatchBytes(void* batch,
                      const char* column,
                      const uint8_t* bytes,
                      int32_t len,
                      const int32_t* lengths,
                      int32_t count,
                      char* errtxt,
                      int* plen);

/*
 * Adds a record to a batch of records, for hosts that go row by row.
 *
 * Parameters:
 * - `batch`: the batch; one that has columns must have them all: topic, topic.name, partition, timestamp, key, value,
 * header.count
 * - `topic`: name of the topic
 * - `partition`: the partition; -1: the partitioner chooses
 * - `timestamp`: ms since 1970; -1: when it is produced
 * - `key`: the key; may be null where `keylen` is 0 or -1
 * - `keylen`: length of `key` in bytes; -1: null
 * - `value`: the value; may be null where `valuelen` is 0 or -1
 * - `valuelen`: length of `value` in bytes; -1: null
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1114: the handle is a batch of another kind, or a column lacks rows
 * - -1102, -1103, -1104: a pointer is null, the topic is not right, a number is out of range
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t AddRecord(void* batch,
                  const char* topic,
                  int32_t partition,
                  int64_t timestamp,
                  const uint8_t* key,
                  int32_t keylen,
                  const uint8_t* value,
                  int32_t valuelen,
                  char* errtxt,
                  int* plen);

/*
 * Adds a header to the last record of a batch. Several may have one name.
 *
 * Parameters:
 * - `batch`: the batch
 * - `name`: name of the header
 * - `value`: its value; may be null where `len` is 0 or -1
 * - `len`: length of `value` in bytes; -1: null
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1114: the batch has no record yet, or is of another kind
 * - -1102, -1103, -1104: a pointer is null, the name is not UTF-8, the length is out of range
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t AddHeader(void* batch, const char* name, const uint8_t* value, int32_t len, char* errtxt, int* plen);

/*
 * Makes a new batch of some rows of another, in the order given; a row may come several times.
 *
 * Parameters:
 * - `batch`: the batch
 * - `rows`: numbers of the rows, from 0; null where `count` is 0
 * - `count`: how many
 * - `out`: receives the handle of the new batch
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1104: there is no such row: the text names it; or `count` is negative
 * - -1114: the columns do not fit together
 * - -1102, -1112: a pointer is null, too many handles are open
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t SelectBatchRows(void* batch, const int32_t* rows, int32_t count, void** out, char* errtxt, int* plen);

/*
 * Gives the addresses of a column's buffers in place, for hosts that read memory without copying.
 *
 * The layout is Arrow's: integers in their own width (int32 or int64, as `DescribeAll` says); bytes as data, int32
 * offsets (one more than rows) and a validity bitmap, least bit first. The addresses are valid until the column is
 * replaced or the batch deleted: this is the one place where a host can hurt itself.
 *
 * Parameters:
 * - `batch`: the batch
 * - `column`: name of the column
 * - `data`: receives the address of the values or bytes; 0: there are none
 * - `data_bytes`: receives their size in bytes
 * - `offsets`: receives the address of the offsets; 0: the column has none
 * - `validity`: receives the address of the bitmap; 0: no value is null
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1113: the batch has no such column
 * - -1102, -1103: a pointer is null, the name is not UTF-8
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t ViewBatch(void* batch,
                  const char* column,
                  uint64_t* data,
                  int64_t* data_bytes,
                  uint64_t* offsets,
                  uint64_t* validity,
                  char* errtxt,
                  int* plen);

/*
 * Exports a batch by the Arrow C data interface, as one struct array, without copying.
 *
 * Fields of records: topic dictionary<int32, utf8>, partition int32, offset int64, timestamp timestamp[ms], key and
 * value
 * binary, headers list<struct<name utf8, value binary>>; of reports and lists: their columns. A column that the batch
 * does
 * not have is left out; a timestamp of -1 is null. The host calls the `release` of both structures, as Arrow says; they
 * may outlive the batch.
 *
 * Parameters:
 * - `batch`: the batch
 * - `array`: address of room for a `struct ArrowArray`
 * - `schema`: address of room for a `struct ArrowSchema`
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1114: the columns do not fit together, or topic or header names are not UTF-8: nothing was written
 * - -1102, -1104: an address is null or not aligned
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t ExportBatch(void* batch,
                    void* array,
                    void* schema,
                    char* errtxt,
                    int* plen);

/*
 * Makes a batch of records from an Arrow struct array (a record batch), by the Arrow C data interface.
 *
 * Fields, by name, any of them: topic, partition, offset, timestamp, key, value, headers, in the types of `ExportBatch`
 * or
 * ones that can be cast to them (large and view types, other integers, utf8 for bytes). Unknown fields are ignored.
 * Both structures are released, also on failure.
 *
 * Parameters:
 * - `array`: address of the `struct ArrowArray`
 * - `schema`: address of its `struct ArrowSchema`
 * - `batch`: receives the handle of the batch
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1114: not a struct array, malformed, or a field that cannot be read as records need it: the text names it
 * - -1104: an address is not aligned, or a structure is released already
 * - -1102, -1112: a pointer is null, too many handles are open
 */
int32_t ImportBatch(void* array,
                    void* schema,
                    void** batch,
                    char* errtxt,
                    int* plen);

/* ================================================================================================================== */

/*
 * Embedded cluster: librdkafka's mock brokers on real sockets of the loopback interface, for trying out and for tests.
 *
 * It keeps records in memory, 5 MiB or 100,000 a partition. It has no TLS or SASL, admin operations only in part, no
 * read_committed and no look-up of offsets by time. It refuses commits with 27 while a group rebalances, so records may
 * come again then. Who joins a group that a member has left waits for that one's session timeout (`session.timeout.ms`,
 * 45 s): take 6000 or a new group.
 */

/*
 * Starts an embedded cluster. Topics are made at their first use, with 4 partitions.
 *
 * Parameters:
 * - `brokers`: number of brokers, 1 to 100
 * - `mock`: receives the handle of the cluster
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1104: the number of brokers is out of range
 * - -1111: the cluster cannot start: the text says why
 * - -1102, -1112: `mock` is null, too many handles are open
 */
int32_t NewMockCluster(int32_t brokers, void** mock, char* errtxt, int* plen);

/*
 * Gives the addresses of an embedded cluster's brokers, for `bootstrap.servers`.
 *
 * Parameters:
 * - `mock`: the cluster
 * - `buf`: receives the text, `host:port,host:port`; null where the room is 0
 * - `len`: in: room of `buf` in bytes; out: length without the NUL, or the room needed
 *
 * Codes:
 * - 0: done
 * - 2: the room is too small: `len` says what is needed, call again
 * - -1102, -1104: a pointer is null, the room is negative
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t GetMockBootstrap(void* mock, char* buf, int32_t* len);

/*
 * Asks something of an embedded cluster: one operation a call, as JSON.
 *
 * - `{"CreateTopic": {"topic": "t", "partitions": 4, "replication_factor": 1}}`
 * - `{"BrokerDown": {"broker": 1}}`, `{"BrokerUp": {"broker": 1}}`: its connections break, new ones are refused
 * - `{"RoundTripTime": {"broker": 1, "ms": 200}}`: how long its answers take
 * - `{"PartitionLeader": {"topic": "t", "partition": 0, "broker": 2}}`: moves the leader
 * - `{"PushErrors": {"api": "Produce", "errors": [6, 6]}}`: what the next requests of this API (name or number) are
 * answered with, by code
 * - `{"CoordinatorFor": {"group": "g", "broker": 2}}`: which broker coordinates a group; `transactional_id` alike
 *
 * Parameters:
 * - `mock`: the cluster
 * - `json`: the operation
 * - `errtxt`: receives the reason of a failure, cut to the room; may be null
 * - `plen`: in: room of `errtxt` in bytes; out: length of the text, 0 when all is well; may be null
 *
 * Codes:
 * - 0: done
 * - -1115: the JSON is malformed, or has an unknown or a missing member: the text names it
 * - 3, 36 and others: Kafka's code, when the cluster refuses (no such partition, the topic exists)
 * - -1102, -1103: a pointer is null, the text is not UTF-8
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t MockRequest(void* mock, const char* json, char* errtxt, int* plen);

/*
 * Stops an embedded cluster; what it kept is gone. Clients that are connected lose their connections.
 *
 * Parameters:
 * - `mock`: the cluster
 *
 * Codes:
 * - 0: done
 * - -1100, -1101, -1107, -1108: the handle is not right
 */
int32_t DelMockCluster(void* mock);

#ifdef __cplusplus
}
#endif

#endif /* KAFFI_H */
