"""kafka-python, which is Python throughout."""

import functools
import re

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.net.sasl.oauth import AbstractTokenProvider
from kafka.structs import OffsetAndMetadata
from serve import Member, first_of, membership, reading, renamed, serve, started, to_bytes, to_text

bootstrap, settings = started()
common = {
    "bootstrap_servers": bootstrap,
    # A login that is refused is tried again until then.
    "bootstrap_timeout_ms": 30000 if settings["protocol"] == "PLAINTEXT" else 10000,
    **renamed(
        settings,
        {
            "clientId": "client_id",
            "protocol": "security_protocol",
            "mechanism": "sasl_mechanism",
            "username": "sasl_plain_username",
            "password": "sasl_plain_password",
            "caFile": "ssl_cafile",
            "certFile": "ssl_certfile",
            "keyFile": "ssl_keyfile",
        },
    ),
}

if "tokenFile" in settings:

    class FileToken(AbstractTokenProvider):
        def token(self):
            with open(settings["tokenFile"]) as file:
                return file.read()

    common["sasl_oauth_token_provider"] = FileToken()

assignors = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}


@functools.cache
def admin():
    return KafkaAdminClient(**common)


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
    return first_of([future.get(timeout=20).offset for future in sent])


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


def open_reader(topic, partition, start, reset="earliest", isolation="read_committed"):
    where = TopicPartition(topic, partition)
    consumer = KafkaConsumer(
        **common,
        auto_offset_reset=reset,
        enable_auto_commit=False,
        isolation_level=isolation,
        fetch_max_wait_ms=100,
    )
    consumer.assign([where])
    if start == "beginning":
        consumer.seek_to_beginning(where)
    elif start == "end":
        consumer.seek_to_end(where)
    else:
        consumer.seek(where, start)
    return consumer, lambda: [record_of(r) for records in consumer.poll(100).values() for r in records]


class PythonMember(Member, ConsumerRebalanceListener):
    def open(self):
        self.consumer = KafkaConsumer(
            **common,
            group_id=self.group,
            auto_offset_reset=self.reset,
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
            group_instance_id=self.instance_id,
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_interval_ms=300,
            partition_assignment_strategy=(assignors[self.assignor],),
        )
        # Whoever leads a group before the first metadata has come assigns nothing.
        self.consumer.topics()
        subscription = {"topics": self.topics} if self.pattern is None else {"pattern": self.pattern}
        self.consumer.subscribe(listener=self, **subscription)

    def poll(self):
        return [to_text(r.value) for records in self.consumer.poll(100).values() for r in records]

    def commit(self):
        self.consumer.commit()

    def close(self):
        self.consumer.close(autocommit=False)

    on_partitions_assigned = Member.assigned
    on_partitions_revoked = Member.revoked
    on_partitions_lost = Member.revoked
    name_of = staticmethod(name_of)


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
        "read": reading(open_reader),
        **membership(PythonMember),
    },
    name_of,
)
