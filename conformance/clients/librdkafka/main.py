"""librdkafka, as confluent-kafka ships it for Python."""

import functools
import sys
import time
import uuid

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    OFFSET_BEGINNING,
    OFFSET_END,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)
from serve import Member, first_of, membership, reading, renamed, serve, started, to_bytes, to_text

bootstrap, settings = started()


def logged(error):
    """librdkafka's errors that belong to no call; a warning of the log like any other."""
    print(f"ERROR {error}", file=sys.stderr, flush=True)


common = {
    "bootstrap.servers": bootstrap,
    "log_level": 4,
    "error_cb": logged,
    "socket.timeout.ms": 8000,
    **renamed(
        settings,
        {
            "clientId": "client.id",
            "protocol": "security.protocol",
            "mechanism": "sasl.mechanism",
            "username": "sasl.username",
            "password": "sasl.password",
            "caFile": "ssl.ca.location",
            "certFile": "ssl.certificate.location",
            "keyFile": "ssl.key.location",
        },
    ),
}


if "tokenFile" in settings:
    with open(settings["tokenFile"]) as file:
        token = file.read()
    common["oauth_cb"] = lambda _: (token, time.time() + 3600)


@functools.cache
def admin():
    return AdminClient(common)


def name_of(error):
    if isinstance(error, KafkaException):
        return error.args[0].name()
    return type(error).__name__


def only(futures):
    return next(iter(futures.values())).result()


def errors_of(futures):
    result = {}
    for name, future in futures.items():
        try:
            future.result()
            result[name] = "NONE"
        except Exception as error:
            result[name] = name_of(error)
    return result


def create_topics(topics, validateOnly=False):
    new = [NewTopic(t["name"], t["partitions"], 1, config=t.get("configs", {})) for t in topics]
    return errors_of(admin().create_topics(new, validate_only=validateOnly))


def describe_topic(name):
    topic = only(admin().describe_topics(TopicCollection([name])))
    partitions = [{"partition": p.id, "leader": p.leader.id, "replicas": [r.id for r in p.replicas]} for p in topic.partitions]
    return {"id": str(topic.topic_id), "partitions": partitions}


def describe_cluster():
    cluster = admin().describe_cluster().result()
    return {"brokers": len(cluster.nodes), "controller": cluster.controller.id, "clusterId": cluster.cluster_id}


def describe_configs(type, name, keys=None):
    entries = only(admin().describe_configs([ConfigResource(ConfigResource.Type[type.upper()], name)]))
    return {
        key: {
            "value": entry.value,
            "isDefault": bool(entry.is_default),
            "isReadOnly": bool(entry.is_read_only),
            "isSensitive": bool(entry.is_sensitive),
        }
        for key, entry in sorted(entries.items())
        if keys is None or key in keys
    }


def alter_configs(type, name, set={}, remove=[], validateOnly=False):
    changes = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in set.items()]
    changes += [ConfigEntry(k, None, incremental_operation=AlterConfigOpType.DELETE) for k in remove]
    resource = ConfigResource(ConfigResource.Type[type.upper()], name, incremental_configs=changes)
    only(admin().incremental_alter_configs([resource], validate_only=validateOnly))


def delete_records(topic, partition, offset):
    return {"low": only(admin().delete_records([TopicPartition(topic, partition, offset)])).low_watermark}


def list_offset(topic, partition, at):
    specs = {"earliest": OffsetSpec.earliest, "latest": OffsetSpec.latest, "max-timestamp": OffsetSpec.max_timestamp}
    spec = specs[at]() if at in specs else OffsetSpec.for_timestamp(at)
    found = only(admin().list_offsets({TopicPartition(topic, partition): spec}))
    return {"offset": None if found.offset < 0 else found.offset, "timestamp": found.timestamp}


def describe_group(group):
    described = only(admin().describe_consumer_groups([group]))
    return {
        "state": described.state.name,
        "members": len(described.members),
        "assignor": described.partition_assignor,
    }


def committed(group, topic, partitions):
    wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p) for p in partitions])
    found = only(admin().list_consumer_group_offsets([wanted])).topic_partitions
    offsets = {p.partition: p.offset for p in found}
    return {"offsets": [offsets[p] if offsets.get(p, -1) >= 0 else None for p in partitions]}


def partitions_of(offsets):
    return [TopicPartition(o["topic"], o["partition"], o["offset"]) for o in offsets]


def commit_offsets(group, offsets):
    result = only(admin().alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, partitions_of(offsets))]))
    for partition in result.topic_partitions:
        if partition.error is not None:
            raise KafkaException(partition.error)


def send_all(producer, topic, records):
    """Sends and waits; the first offset, or the error of a record that was refused."""
    delivered = []

    def done(error, message):
        delivered.append((error, None if error else message.offset()))

    for record in records:
        options = {}
        if "partition" in record:
            options["partition"] = record["partition"]
        if "timestamp" in record:
            options["timestamp"] = record["timestamp"]
        headers = [(name, to_bytes(value)) for name, value in record.get("headers", [])]
        producer.produce(
            topic,
            key=to_bytes(record.get("key")),
            value=to_bytes(record["value"]),
            headers=headers,
            on_delivery=done,
            **options,
        )
        producer.poll(0)
    producer.flush(30)
    for error, _ in delivered:
        if error is not None:
            raise KafkaException(error)
    return first_of([offset for _, offset in delivered])


def produce(topic, records, codec="none", acks=-1, idempotent=False, maxRequestBytes=None):
    options = {"compression.type": codec, "acks": acks, "enable.idempotence": idempotent, "linger.ms": 20}
    options["message.timeout.ms"] = 15000
    if maxRequestBytes is not None:
        options["message.max.bytes"] = maxRequestBytes
    return send_all(Producer({**common, **options}), topic, records)


producers = {}


def open_producer(handle, transactionalId, timeoutMs=60000):
    producer = Producer({**common, "transactional.id": transactionalId, "transaction.timeout.ms": timeoutMs})
    producer.init_transactions(30)
    producers[handle] = producer


def send(handle, topic, records):
    send_all(producers[handle], topic, records)


def send_offsets(handle, group, offsets):
    member = Consumer({**common, "group.id": group})
    producers[handle].send_offsets_to_transaction(partitions_of(offsets), member.consumer_group_metadata(), 30)
    member.close()


def record_of(message):
    return {
        "offset": message.offset(),
        "key": to_text(message.key()),
        "value": to_text(message.value()),
        "headers": [[name, to_text(value)] for name, value in message.headers() or []],
        "timestamp": message.timestamp()[1],
    }


def polled(consumer):
    message = consumer.poll(0.1)
    if message is None:
        return []
    if message.error():
        raise KafkaException(message.error())
    return [message]


def open_reader(topic, partition, start, reset="earliest", isolation="read_committed"):
    offset = {"beginning": OFFSET_BEGINNING, "end": OFFSET_END}.get(start, start)
    options = {
        "group.id": f"reader-{uuid.uuid4()}",
        "enable.auto.commit": False,
        "auto.offset.reset": "error" if reset == "none" else reset,
        "isolation.level": isolation,
        "fetch.wait.max.ms": 100,
    }
    consumer = Consumer({**common, **options})
    consumer.assign([TopicPartition(topic, partition, offset)])
    return consumer, lambda: [record_of(message) for message in polled(consumer)]


class RdkafkaMember(Member):
    def open(self):
        options = {
            "group.id": self.group,
            "auto.offset.reset": self.reset,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            "group.protocol": self.protocol,
        }
        if self.instance_id is not None:
            options["group.instance.id"] = self.instance_id
        if self.protocol == "consumer":
            options["group.remote.assignor"] = self.assignor if self.assignor in ("uniform", "range") else "uniform"
        else:
            options["partition.assignment.strategy"] = self.assignor
            options["session.timeout.ms"] = self.session_timeout_ms
            options["heartbeat.interval.ms"] = 300
        self.consumer = Consumer({**common, **options})
        self.consumer.subscribe(
            self.topics if self.pattern is None else [self.pattern],
            on_assign=lambda _, partitions: self.assigned(partitions),
            on_revoke=lambda _, partitions: self.revoked(partitions),
            on_lost=lambda _, partitions: self.revoked(partitions),
        )

    def poll(self):
        return [to_text(message.value()) for message in polled(self.consumer)]

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def close(self):
        self.consumer.close()

    name_of = staticmethod(name_of)


serve(
    {
        "createTopics": create_topics,
        "deleteTopics": lambda names: errors_of(admin().delete_topics(names)),
        "createPartitions": lambda topic, count: only(admin().create_partitions([NewPartitions(topic, count)])),
        "listTopics": lambda: sorted(admin().list_topics(timeout=10).topics),
        "describeTopic": describe_topic,
        "describeCluster": describe_cluster,
        "describeConfigs": describe_configs,
        "alterConfigs": alter_configs,
        "deleteRecords": delete_records,
        "listOffset": list_offset,
        "listGroups": lambda: sorted(g.group_id for g in admin().list_consumer_groups().result().valid),
        "describeGroup": describe_group,
        "deleteGroup": lambda group: only(admin().delete_consumer_groups([group])),
        "committed": committed,
        "commitOffsets": commit_offsets,
        "produce": produce,
        "openProducer": open_producer,
        "begin": lambda handle: producers[handle].begin_transaction(),
        "send": send,
        "sendOffsets": send_offsets,
        "commit": lambda handle: producers[handle].commit_transaction(30),
        "abort": lambda handle: producers[handle].abort_transaction(30),
        "closeProducer": lambda handle: producers.pop(handle) and None,
        "read": reading(open_reader),
        **membership(RdkafkaMember),
    },
    name_of,
)
