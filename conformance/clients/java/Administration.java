import static org.apache.kafka.clients.admin.AlterConfigOp.OpType.DELETE;
import static org.apache.kafka.clients.admin.AlterConfigOp.OpType.SET;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;

/** The operations of Kafka's AdminClient. */
final class Administration {
    final Admin admin;

    Administration(Properties properties) {
        properties.put("default.api.timeout.ms", "8000");
        admin = Admin.create(properties);
    }

    Object run(String op, JsonNode args) throws Exception {
        switch (op) {
            case "createTopics":
                return createTopics(args);
            case "deleteTopics":
                return names(admin.deleteTopics(texts(args.get("names"))).topicNameValues());
            case "createPartitions":
                NewPartitions count = NewPartitions.increaseTo(args.get("count").asInt());
                admin.createPartitions(Map.of(args.get("topic").asText(), count)).all().get();
                return Map.of();
            case "listTopics":
                return new TreeSet<>(admin.listTopics().names().get());
            case "describeTopic":
                return describeTopic(args.get("name").asText());
            case "describeCluster":
                DescribeClusterResult cluster = admin.describeCluster();
                return Map.of("brokers", cluster.nodes().get().size(), "controller", cluster.controller().get().id(),
                    "clusterId", cluster.clusterId().get());
            case "describeConfigs":
                return describeConfigs(resource(args), args.path("keys"));
            case "alterConfigs":
                return alterConfigs(args);
            case "deleteRecords":
                RecordsToDelete before = RecordsToDelete.beforeOffset(args.get("offset").asLong());
                return Map.of("low",
                    admin.deleteRecords(Map.of(partition(args), before)).lowWatermarks().get(partition(args)).get().lowWatermark());
            case "listOffset":
                return listOffset(args);
            default:
                return groups(op, args);
        }
    }

    private Object groups(String op, JsonNode args) throws Exception {
        switch (op) {
            case "listGroups":
                TreeSet<String> groups = new TreeSet<>();
                for (GroupListing group : admin.listGroups().all().get()) groups.add(group.groupId());
                return groups;
            case "describeGroup":
                String group = args.get("group").asText();
                ConsumerGroupDescription one = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
                return Map.of("state", one.groupState().toString(), "members", one.members().size(), "assignor", one.partitionAssignor());
            case "deleteGroup":
                admin.deleteConsumerGroups(List.of(args.get("group").asText())).all().get();
                return Map.of();
            case "committed":
                Map<TopicPartition, OffsetAndMetadata> all =
                    admin.listConsumerGroupOffsets(args.get("group").asText()).partitionsToOffsetAndMetadata().get();
                List<Object> committed = new ArrayList<>();
                for (JsonNode number : args.get("partitions")) {
                    OffsetAndMetadata found = all.get(new TopicPartition(args.get("topic").asText(), number.asInt()));
                    committed.add(found == null ? null : found.offset());
                }
                return Map.of("offsets", committed);
            case "commitOffsets":
                admin.alterConsumerGroupOffsets(args.get("group").asText(), offsets(args.get("offsets"))).all().get();
                return Map.of();
            case "deleteOffsets":
                admin.deleteConsumerGroupOffsets(args.get("group").asText(), Set.of(partition(args))).all().get();
                return Map.of();
            default:
                throw new UnsupportedOperationException(op);
        }
    }

    private Object createTopics(JsonNode args) throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (JsonNode topic : args.get("topics")) {
            NewTopic created = new NewTopic(topic.get("name").asText(), topic.get("partitions").asInt(), (short) 1);
            Map<String, String> configs = new HashMap<>();
            topic.path("configs").fields().forEachRemaining((entry) -> configs.put(entry.getKey(), entry.getValue().asText()));
            topics.add(created.configs(configs));
        }
        CreateTopicsOptions options = new CreateTopicsOptions().validateOnly(args.path("validateOnly").asBoolean());
        return names(admin.createTopics(topics, options).values());
    }

    private static Map<String, String> names(Map<String, KafkaFuture<Void>> results) throws Exception {
        Map<String, String> names = new TreeMap<>();
        for (Map.Entry<String, KafkaFuture<Void>> result : results.entrySet()) {
            try {
                result.getValue().get();
                names.put(result.getKey(), "NONE");
            } catch (ExecutionException failed) {
                names.put(result.getKey(), failed.getCause().getClass().getSimpleName());
            }
        }
        return names;
    }

    private Object describeTopic(String name) throws Exception {
        TopicDescription topic = admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
        List<Object> partitions = new ArrayList<>();
        for (TopicPartitionInfo partition : topic.partitions()) {
            List<Integer> replicas = partition.replicas().stream().map(Node::id).toList();
            partitions.add(Map.of("partition", partition.partition(), "leader", partition.leader().id(), "replicas", replicas));
        }
        return Map.of("id", topic.topicId().toString(), "partitions", partitions);
    }

    private Object describeConfigs(ConfigResource resource, JsonNode keys) throws Exception {
        Set<String> wanted = new TreeSet<>(texts(keys));
        Map<String, Object> entries = new TreeMap<>();
        for (ConfigEntry entry : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()) {
            if (!wanted.isEmpty() && !wanted.contains(entry.name())) continue;
            Map<String, Object> seen = new HashMap<>();
            seen.put("value", entry.value());
            seen.put("isDefault", entry.isDefault());
            seen.put("isReadOnly", entry.isReadOnly());
            seen.put("isSensitive", entry.isSensitive());
            entries.put(entry.name(), seen);
        }
        return entries;
    }

    private Object alterConfigs(JsonNode args) throws Exception {
        Collection<AlterConfigOp> changes = new ArrayList<>();
        args.path("set").fields().forEachRemaining((entry) ->
            changes.add(new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue().asText()), SET)));
        for (JsonNode name : args.path("remove")) changes.add(new AlterConfigOp(new ConfigEntry(name.asText(), null), DELETE));
        AlterConfigsOptions options = new AlterConfigsOptions().validateOnly(args.path("validateOnly").asBoolean());
        admin.incrementalAlterConfigs(Map.of(resource(args), changes), options).all().get();
        return Map.of();
    }

    private Object listOffset(JsonNode args) throws Exception {
        JsonNode at = args.get("at");
        OffsetSpec spec = at.isNumber() ? OffsetSpec.forTimestamp(at.asLong())
            : at.asText().equals("earliest") ? OffsetSpec.earliest()
            : at.asText().equals("latest") ? OffsetSpec.latest() : OffsetSpec.maxTimestamp();
        ListOffsetsResult.ListOffsetsResultInfo found =
            admin.listOffsets(Map.of(partition(args), spec)).all().get().get(partition(args));
        Map<String, Object> result = new HashMap<>();
        result.put("offset", found.offset() < 0 ? null : found.offset());
        result.put("timestamp", found.timestamp());
        return result;
    }

    private static ConfigResource resource(JsonNode args) {
        return new ConfigResource(ConfigResource.Type.valueOf(args.get("type").asText().toUpperCase()), args.get("name").asText());
    }

    private static TopicPartition partition(JsonNode args) {
        return new TopicPartition(args.get("topic").asText(), args.get("partition").asInt());
    }

    static Map<TopicPartition, OffsetAndMetadata> offsets(JsonNode offsets) {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        for (JsonNode one : offsets) {
            all.put(partition(one), new OffsetAndMetadata(one.get("offset").asLong(), Optional.empty(), ""));
        }
        return all;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        for (JsonNode one : array) texts.add(one.asText());
        return texts;
    }
}
