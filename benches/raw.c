/* librdkafka as a careful C programmer uses it: the measure of all the others. */
#include "bench.h"
#include <librdkafka/rdkafka.h>

static rd_kafka_t *producer, *consumer;
static rd_kafka_queue_t *queue;
static int64_t delivered;

static void set(rd_kafka_conf_t *conf, const char *name, const char *text) {
    char why[256];
    if (rd_kafka_conf_set(conf, name, text, why, sizeof why) != RD_KAFKA_CONF_OK) fail(name, why);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
    (void)rk, (void)opaque;
    if (message->err) fail("delivery", rd_kafka_err2str(message->err));
    delivered++;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char why[256];
    set(conf, "bootstrap.servers", bootstrap);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk) fail("rd_kafka_new", why);
    return rk;
}

static void produce(const char *to, const void *k, size_t klen, const void *v, size_t vlen, rd_kafka_headers_t *hdrs) {
    rd_kafka_resp_err_t err;
    do {
        err = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(to), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                RD_KAFKA_V_KEY(k, klen), RD_KAFKA_V_VALUE((void *)v, vlen),
                                RD_KAFKA_V_OPAQUE((void *)v), RD_KAFKA_V_HEADERS(hdrs), RD_KAFKA_V_END);
        if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) rd_kafka_poll(producer, 10);
    } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (err) fail("producev", rd_kafka_err2str(err));
}

static rd_kafka_headers_t *new_headers(void) {
    if (!headers) return NULL;
    rd_kafka_headers_t *hdrs = rd_kafka_headers_new(headers);
    for (int h = 0; h < headers; h++) rd_kafka_header_add(hdrs, HEADER_NAMES[h], -1, HEADER_VALUES[h], -1);
    return hdrs;
}

static void start_producer(const char *linger, const char *to) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "acks", "1");
    set(conf, "linger.ms", linger);
    set(conf, "queue.buffering.max.messages", "100000");
    set(conf, "compression.type", compression);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer = client(RD_KAFKA_PRODUCER, conf);
    produce(to, key(0), KEY, value(0), size, NULL);
    rd_kafka_flush(producer, 10000);
    delivered = 0;
}

static void finish(void) {
    while (rd_kafka_outq_len(producer)) rd_kafka_flush(producer, 10000);
}

static void start_consumer(void) {
    char group[64];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    sprintf(group, "raw-%d-%.0f", getpid(), now() * 1e6);
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "fetch.queue.backoff.ms", "10");
    consumer = client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(consumer);
    queue = rd_kafka_queue_get_consumer(consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    start();
    rd_kafka_resp_err_t err = rd_kafka_subscribe(consumer, topics);
    if (err) fail("subscribe", rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(topics);
}

static ssize_t take(rd_kafka_message_t **messages) {
    ssize_t n = rd_kafka_consume_batch_queue(queue, 100, messages, ROWS);
    if (n < 0) fail("consume_batch_queue", rd_kafka_err2str(rd_kafka_last_error()));
    for (ssize_t i = 0; i < n; i++)
        if (messages[i]->err) fail("consume", rd_kafka_message_errstr(messages[i]));
    if (!before && n) before = n, began = now();
    return n;
}

static void run_produce(void) {
    start_producer("5", topic);
    start();
    for (int64_t i = 0; i < records; i++) {
        produce(topic, key(i), KEY, value(i), size, new_headers());
        if (i % DRAIN == 0) rd_kafka_poll(producer, 0);
    }
    finish();
    report(delivered, delivered, delivered * (KEY + size));
}

/* The records of a batch, copied into columns that are used again; also asked for their headers, as a library must. */
static void run_consume_batch(int with_headers) {
    rd_kafka_message_t **messages = malloc(ROWS * sizeof *messages);
    int64_t *offsets = malloc(ROWS * 8), *timestamps = malloc(ROWS * 8), got = 0, bytes = 0;
    int32_t *partitions = malloc(ROWS * 4), *lengths = malloc(ROWS * 8);
    size_t room = 0, header_count = 0;
    char *data = NULL;
    rd_kafka_headers_t *hdrs;
    start_consumer();
    while (got < records) {
        ssize_t n = take(messages);
        size_t used = 0;
        for (ssize_t i = 0; i < n; i++) {
            rd_kafka_message_t *m = messages[i];
            if (used + m->key_len + m->len > room) data = realloc(data, room = 2 * (used + m->key_len + m->len));
            memcpy(data + used, m->key, m->key_len);
            memcpy(data + used + m->key_len, m->payload, m->len);
            used += m->key_len + m->len;
            lengths[2 * i] = (int32_t)m->key_len, lengths[2 * i + 1] = (int32_t)m->len;
            partitions[i] = m->partition, offsets[i] = m->offset;
            timestamps[i] = rd_kafka_message_timestamp(m, NULL);
            if (with_headers && !rd_kafka_message_headers(m, &hdrs)) header_count += rd_kafka_header_cnt(hdrs);
            rd_kafka_message_destroy(m);
        }
        got += n, bytes += used;
    }
    if (with_headers && header_count != (size_t)got * headers) fail("headers", "another number than was produced");
    report(got - before, got, bytes);
}

static void run_consume_poll(void) {
    int64_t got = 0, bytes = 0;
    char *k = malloc(KEY + 1), *v = malloc(size + 1);
    start_consumer();
    while (got < records) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 100);
        if (!m) continue;
        if (m->err) fail("consume", rd_kafka_message_errstr(m));
        if (!got) before = 1, began = now();
        memcpy(k, m->key, m->key_len), memcpy(v, m->payload, m->len);
        bytes += m->key_len + m->len, got++;
        rd_kafka_message_destroy(m);
    }
    report(got - before, got, bytes);
}

static void run_forward(void) {
    rd_kafka_message_t **messages = malloc(ROWS * sizeof *messages);
    int64_t got = 0, bytes = 0;
    start_producer("5", target);
    start_consumer();
    while (got < records) {
        ssize_t n = take(messages);
        for (ssize_t i = 0; i < n; i++) {
            rd_kafka_message_t *m = messages[i];
            rd_kafka_headers_t *hdrs = NULL;
            if (headers) rd_kafka_message_detach_headers(m, &hdrs);
            produce(target, m->key, m->key_len, m->payload, m->len, hdrs);
            bytes += m->key_len + m->len;
            rd_kafka_message_destroy(m);
            if (i % DRAIN == 0) rd_kafka_poll(producer, 0);
        }
        got += n;
    }
    finish();
    report(delivered - before, delivered, bytes);
}

static void send_one(void) {
    produce(topic, key(0), KEY, value(0), size, NULL);
    rd_kafka_poll(producer, 0);
}

static void receive_one(void) {
    rd_kafka_message_t *m;
    while (!(m = rd_kafka_consumer_poll(consumer, 100))) {}
    if (m->err) fail("consume", rd_kafka_message_errstr(m));
    rd_kafka_message_destroy(m);
}

static void run_latency(void) {
    start_producer("0", topic);
    start_consumer();
    receive_one(); /* the one that start_producer produced */
    latency(send_one, receive_one);
}

int main(int argc, char **argv) {
    setup(argc, argv);
    if (!strcmp(mode, "produce")) run_produce();
    else if (!strcmp(mode, "consume-batch")) run_consume_batch(0);
    else if (!strcmp(mode, "consume-batch-headers")) run_consume_batch(1);
    else if (!strcmp(mode, "consume-poll")) run_consume_poll();
    else if (!strcmp(mode, "forward")) run_forward();
    else if (!strcmp(mode, "latency")) run_latency();
    else fail(mode, "no such mode");
    fflush(stdout);
    if (consumer) rd_kafka_consumer_close(consumer);
    return 0;
}
