"""kafka-python, which is Python throughout."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../python"))

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec  # noqa: E402
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor  # noqa: E402
from kafka.coordinator.assignors.range import RangePartitionAssignor  # noqa: E402
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor  # noqa: E402
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor  # noqa: E402
from kafka.structs import OffsetAndMetadata  # noqa: E402
from serve import Member, read_until, serve, started, to_bytes, to_text  # noqa: E402

bootstrap, settings = started()
common = {
    "bootstrap_servers": bootstrap,
    "client_id": settings["clientId"],
    "security_protocol": settings["protocol"],
}
for name, option in {
    "mechanism": "sasl_mechanism",
    "username": "sasl_plain_username",
    "password": "sasl_plain_password",
    "caFile": "ssl_cafile",
    "certFile": "ssl_certfile",
    "keyFile": "ssl_keyfile",
}.items():
    if name in settings:
        common[option] = settings[name]

assignors = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}
made = []


def admin():
    if not made:
        made.append(KafkaAdminClient(**common))
    return made[0]


def name_of(error):
    return error.name if isinstance(error, Refused) else type(error).__name__


def attempt(call):
    try:
        call()
        return "NONE"
    except Exception as error:
        return name_of(error)


def create_topics(topics, validateOnly=False):
    def create(topic):
        options = {"num_partitions": topic["partitions"], "replication_factor": 1, "configs": topic.get("configs", {})}
        admin().create_topics({topic["name"]: options}, validate_only=validateOnly)

    return {topic["name"]: attempt(lambda: create(topic)) for topic in topics}


def describe_topic(name):
    topic = admin().describe_topics([name])[0]
    if topic.get("error_code"):
        raise KeyError(topic["error_code"])
    partitions = [
        {"partition": p["partition_index"], "leader": p["leader_id"], "replicas": p["replica_nodes"]}
        for p in sorted(topic["partitions"], key=lambda p: p["partition_index"])
    ]
    return {"id": str(topic.get("topic_id")), "partitions": partitions}


def describe_cluster():
    cluster = admin().describe_cluster()
    return {
        "brokers": len(cluster["brokers"]),
        "controller": cluster["controller_id"],
        "clusterId": cluster["cluster_id"],
    }


def describe_configs(type, name, keys=None):
    resource = ConfigResource(ConfigResourceType[type.upper()], name, configs=None)
    found = admin().describe_configs([resource], config_filter="all")
    entries = next(iter(next(iter(found.values())).values()))
    return {
        key: {
            "value": entry["value"],
            "isDefault": entry["config_source"] in ("DEFAULT_CONFIG", 5),
            "isReadOnly": entry["read_only"],
            "isSensitive": entry["is_sensitive"],
        }
        for key, entry in sorted(entries.items())
        if keys is None or key in keys
    }


class Refused(Exception):
    """An error that the client returns as a text."""

    def __init__(self, text):
        super().__init__(text)
        self.name = re.search(r"\w+Error", text).group()


def raise_from(texts):
    """Some calls return what went wrong instead of raising it."""
    for text in map(str, texts):
        if "Error" in text and "NoError" not in text:
            raise Refused(text)


def alter_configs(type, name, set={}, remove=[], validateOnly=False):
    configs = {**{k: ("SET", v) for k, v in set.items()}, **{k: ("DELETE", None) for k in remove}}
    resource = ConfigResource(ConfigResourceType[type.upper()], name, configs=configs)
    answer = admin().alter_configs([resource], validate_only=validateOnly, raise_on_unknown=False)
    raise_from(text for by_name in answer.values() for text in by_name.values())


def delete_records(topic, partition, offset):
    answer = admin().delete_records({TopicPartition(topic, partition): offset}, timeout_ms=8000)
    return {"low": next(iter(answer.values()))["low_watermark"]}


def list_offset(topic, partition, at):
    specs = {"earliest": OffsetSpec.EARLIEST, "latest": OffsetSpec.LATEST, "max-timestamp": OffsetSpec.MAX_TIMESTAMP}
    where = TopicPartition(topic, partition)
    found = admin().list_partition_offsets({where: specs.get(at, at)}, timeout_ms=8000).get(where)
    if found is None or found.offset < 0:
        return {"offset": None}
    return {"offset": found.offset, "timestamp": found.timestamp}


def describe_group(group):
    described = admin().describe_groups([group])[group]
    return {
        "state": str(described["group_state"]),
        "members": len(described["members"]),
        "assignor": described["protocol_data"],
    }


def delete_group(group):
    raise_from(dict(admin().delete_groups([group])).values())


def committed(group, topic, partitions):
    wanted = [TopicPartition(topic, p) for p in partitions]
    found = admin().list_group_offsets({group: wanted})[group]
    offsets = [found[p].offset if p in found else -1 for p in wanted]
    return {"offsets": [offset if offset >= 0 else None for offset in offsets]}


def offsets_of(offsets):
    return {TopicPartition(o["topic"], o["partition"]): OffsetAndMetadata(o["offset"], "", -1) for o in offsets}


def check(results):
    for error in results.values():
        if error.__name__ != "NoError":
            raise error()


def send_all(producer, topic, records):
    sent = [
        producer.send(
            topic,
            key=to_bytes(record.get("key")),
            value=to_bytes(record["value"]),
            headers=[(name, to_bytes(value)) for name, value in record.get("headers", [])],
            partition=record.get("partition"),
            timestamp_ms=record.get("timestamp"),
        )
        for record in records
    ]
    producer.flush(30)
    offsets = [offset for offset in (future.get(timeout=20).offset for future in sent) if offset >= 0]
    return {"first": min(offsets) if offsets else None}


def produce(topic, records, codec="none", acks=-1, idempotent=False, maxRequestBytes=None):
    options = {
        "acks": "all" if acks == -1 else acks,
        "compression_type": None if codec == "none" else codec,
        "enable_idempotence": idempotent,
        "linger_ms": 20,
        "max_block_ms": 8000,
        "delivery_timeout_ms": 15000,
        "request_timeout_ms": 5000,
    }
    if maxRequestBytes is not None:
        options["max_request_size"] = maxRequestBytes
    producer = KafkaProducer(**common, **options)
    try:
        return send_all(producer, topic, records)
    finally:
        producer.close(timeout=10)


producers = {}


def open_producer(handle, transactionalId, timeoutMs=60000):
    producer = KafkaProducer(
        **common,
        transactional_id=transactionalId,
        transaction_timeout_ms=timeoutMs,
        max_block_ms=15000,
    )
    producer.init_transactions()
    producers[handle] = producer


def send(handle, topic, records):
    send_all(producers[handle], topic, records)


def send_offsets(handle, group, offsets):
    producers[handle].send_offsets_to_transaction(offsets_of(offsets), group)


def record_of(record):
    return {
        "offset": record.offset,
        "key": to_text(record.key),
        "value": to_text(record.value),
        "headers": [[name, to_text(value)] for name, value in record.headers],
        "timestamp": record.timestamp,
    }


def read(
    topic,
    partition=0,
    reset="earliest",
    count=None,
    until=None,
    isolation="read_committed",
    timeoutMs=10000,
    **rest,
):
    start = rest.get("from", "beginning")
    where = TopicPartition(topic, partition)
    consumer = KafkaConsumer(
        **common,
        auto_offset_reset=reset,
        enable_auto_commit=False,
        isolation_level=isolation,
        fetch_max_wait_ms=100,
    )
    try:
        consumer.assign([where])
        if start == "beginning":
            consumer.seek_to_beginning(where)
        elif start == "end":
            consumer.seek_to_end(where)
        else:
            consumer.seek(where, start)
        poll = lambda: [record_of(r) for records in consumer.poll(100).values() for r in records]  # noqa: E731
        return read_until(poll, count, until, timeoutMs)
    finally:
        consumer.close()


class PythonMember(Member, ConsumerRebalanceListener):
    def __init__(
        self,
        handle,
        group,
        topics=(),
        pattern=None,
        assignor="range",
        instanceId=None,
        sessionTimeoutMs=10000,
        protocol="classic",
        reset="earliest",
    ):
        super().__init__()
        self.subscription = {"topics": list(topics)} if pattern is None else {"pattern": pattern}
        self.options = {
            "group_id": group,
            "auto_offset_reset": reset,
            "enable_auto_commit": False,
            "fetch_max_wait_ms": 100,
            "group_instance_id": instanceId,
            "session_timeout_ms": sessionTimeoutMs,
            "heartbeat_interval_ms": 300,
            "partition_assignment_strategy": (assignors[assignor],),
        }

    def open(self):
        self.consumer = KafkaConsumer(**common, **self.options)
        # Whoever leads a group before the first metadata has come assigns nothing.
        self.consumer.topics()
        self.consumer.subscribe(listener=self, **self.subscription)

    def poll(self):
        return [to_text(r.value) for records in self.consumer.poll(100).values() for r in records]

    def commit(self):
        self.consumer.commit()

    def close(self):
        self.consumer.close(autocommit=False)

    def on_partitions_assigned(self, partitions):
        self.assigned(f"{p.topic}-{p.partition}" for p in partitions)

    def on_partitions_revoked(self, partitions):
        self.revoked(f"{p.topic}-{p.partition}" for p in partitions)

    on_partitions_lost = on_partitions_revoked
    name_of = staticmethod(name_of)


members = {}


def join(**options):
    members[options["handle"]] = PythonMember(**options)
    members[options["handle"]].start()


serve(
    {
        "createTopics": create_topics,
        "deleteTopics": lambda names: {name: attempt(lambda: admin().delete_topics([name])) for name in names},
        "createPartitions": lambda topic, count: admin().create_partitions({topic: count}) and None,
        "listTopics": lambda: sorted(admin().list_topics()),
        "describeTopic": describe_topic,
        "describeCluster": describe_cluster,
        "describeConfigs": describe_configs,
        "alterConfigs": alter_configs,
        "deleteRecords": delete_records,
        "listOffset": list_offset,
        "listGroups": lambda: sorted(group["group_id"] for group in admin().list_groups()),
        "describeGroup": describe_group,
        "deleteGroup": delete_group,
        "committed": committed,
        "commitOffsets": lambda group, offsets: check(admin().alter_group_offsets(group, offsets_of(offsets))),
        "deleteOffsets": lambda group, topic, partition: check(
            admin().delete_group_offsets(group, [TopicPartition(topic, partition)])
        ),
        "produce": produce,
        "openProducer": open_producer,
        "begin": lambda handle: producers[handle].begin_transaction(),
        "send": send,
        "sendOffsets": send_offsets,
        "commit": lambda handle: producers[handle].commit_transaction(),
        "abort": lambda handle: producers[handle].abort_transaction(),
        "closeProducer": lambda handle: producers.pop(handle).close(timeout=5),
        "read": read,
        "join": join,
        "member": lambda handle: members[handle].state(),
        "leave": lambda handle: members.pop(handle).leave(),
    },
    name_of,
)
os._exit(0)
