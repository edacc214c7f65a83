import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.*;

/** Does what a user of Kafka's clients does, as one user, and prints for each step a line: what, and how it went. */
public class Rights {
  interface Step { Object run() throws Exception; }

  static String prefix;

  static void step(String name, Step step) {
    String outcome;
    try {
      Object result = step.run();
      outcome = result == null ? "done" : String.valueOf(result);
    } catch (Throwable thrown) {
      Throwable cause = thrown;
      while ((cause instanceof ExecutionException || cause.getClass() == KafkaException.class) && cause.getCause() != null) {
        cause = cause.getCause();
      }
      outcome = cause.getClass().getSimpleName();
    }
    System.out.println(name + ": " + outcome.replace(prefix, "<prefix>"));
  }

  static Map<String, Object> common(String brokers, String user) {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", brokers);
    config.put("security.protocol", "SASL_PLAINTEXT");
    config.put("sasl.mechanism", "PLAIN");
    config.put("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required username=\""
        + user + "\" password=\"secret\";");
    config.put("default.api.timeout.ms", 10_000);
    config.put("request.timeout.ms", 8_000);
    return config;
  }

  static <T> String names(Collection<T> all, java.util.function.Function<T, String> name) {
    return all.stream().map(name).filter(one -> one.startsWith(prefix)).sorted().collect(Collectors.joining(","));
  }

  public static void main(String[] args) throws Exception {
    String brokers = args[0];
    String user = args[1];
    prefix = args[2];
    Map<String, Object> config = common(brokers, user);
    String topic = prefix + "topic";
    TopicPartition partition = new TopicPartition(topic, 0);
    try (Admin admin = Admin.create(config)) {
      administration(admin, topic, partition);
    }
    clients(config, topic, partition);
    try (Admin admin = Admin.create(config)) {
      deletion(admin, topic);
    }
  }

  static void administration(Admin admin, String topic, TopicPartition partition) {
    String group = prefix + "group";
    ConfigResource ofTopic = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    ConfigResource ofBroker = new ConfigResource(ConfigResource.Type.BROKER, "1");
    ConfigResource ofGroup = new ConfigResource(ConfigResource.Type.GROUP, group);
    step("create a topic", () -> {
      CreateTopicsResult created = admin.createTopics(List.of(new NewTopic(topic + "-own", 2, (short) 1)));
      created.all().get();
      try {
        return "with " + created.numPartitions(topic + "-own").get() + " partitions";
      } catch (ExecutionException hidden) {
        return "without its settings: " + hidden.getCause().getClass().getSimpleName();
      }
    });
    step("list topics", () -> names(admin.listTopics().names().get(), one -> one));
    step("describe a topic", () -> {
      var options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
      return new TreeSet<>(admin.describeTopics(List.of(topic), options).allTopicNames().get().get(topic).authorizedOperations());
    });
    step("describe no topic", () -> admin.describeTopics(List.of(prefix + "none")).allTopicNames().get().size());
    step("add partitions", () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get());
    step("describe settings of a topic", () -> admin.describeConfigs(List.of(ofTopic)).all().get().size());
    step("describe settings of no topic", () ->
        admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, prefix + "none"))).all().get().size());
    step("describe settings of the broker", () -> admin.describeConfigs(List.of(ofBroker)).all().get().size());
    step("describe settings of a group", () -> admin.describeConfigs(List.of(ofGroup)).all().get().size());
    for (ConfigResource resource : List.of(ofTopic, ofBroker, ofGroup)) {
      String name = resource == ofTopic ? "retention.ms" : resource == ofBroker ? "log.retention.ms" : "consumer.session.timeout.ms";
      var alter = List.of(new AlterConfigOp(new ConfigEntry(name, "50000"), AlterConfigOp.OpType.SET));
      step("alter settings of " + resource.type(), () -> admin.incrementalAlterConfigs(Map.of(resource, alter)).all().get());
    }
    step("list offsets", () -> admin.listOffsets(Map.of(partition, OffsetSpec.latest())).all().get().get(partition).offset());
    step("delete records", () -> {
      admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(1))).all().get();
      return null;
    });
    step("describe the cluster", () -> {
      var options = new DescribeClusterOptions().includeAuthorizedOperations(true);
      return new TreeSet<>(admin.describeCluster(options).authorizedOperations().get());
    });
    step("describe log folders", () -> admin.describeLogDirs(List.of(1)).allDescriptions().get().size());
    step("describe producers", () -> admin.describeProducers(List.of(partition)).all().get().size());
    step("describe a transaction", () -> admin.describeTransactions(List.of(prefix + "tx")).all().get().size());
    step("list transactions", () -> names(admin.listTransactions().all().get(), TransactionListing::transactionalId));
    step("fence a producer", () -> admin.fenceProducers(List.of(prefix + "tx")).all().get());
    step("describe ACLs", () -> admin.describeAcls(AclBindingFilter.ANY).values().get().isEmpty());
    var acl = new AclBinding(new ResourcePattern(ResourceType.TOPIC, prefix + "acl", PatternType.LITERAL),
        new AccessControlEntry("User:nobody", "*", AclOperation.READ, AclPermissionType.ALLOW));
    step("create an ACL", () -> admin.createAcls(List.of(acl)).all().get());
    step("delete an ACL", () -> admin.deleteAcls(List.of(acl.toFilter())).all().get().size() <= 1);
    step("describe SCRAM users", () -> admin.describeUserScramCredentials(List.of(prefix + "nobody")).all().get().size());
    step("alter SCRAM users", () -> admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(prefix + "new",
        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096), "secret"))).all().get());
    step("elect leaders", () -> {
      admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get();
      return null;
    });
    step("list reassignments", () -> admin.listPartitionReassignments().reassignments().get().size());
    step("reassign", () -> admin.alterPartitionReassignments(Map.of(partition,
        Optional.of(new NewPartitionReassignment(List.of(1))))).all().get());
    step("describe the quorum", () -> admin.describeMetadataQuorum().quorumInfo().get().leaderId() >= 0);
    step("list groups", () -> names(admin.listGroups().all().get(), GroupListing::groupId));
    step("describe a group", () -> {
      var options = new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true);
      var described = admin.describeConsumerGroups(List.of(group), options).all().get().get(group);
      return described.groupState() + " " + new TreeSet<>(described.authorizedOperations());
    });
    step("offsets of a group", () ->
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().keySet());
    step("alter offsets of a group", () ->
        admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(1))).all().get());
    step("list settings", () -> admin.listConfigResources().all().get().isEmpty());
  }

  // The one constructor without a member; Kafka keeps it for standalone producers like this one.
  @SuppressWarnings("removal")
  static void clients(Map<String, Object> config, String topic, TopicPartition partition) {
    for (String kind : List.of("plain", "idempotent")) {
      Map<String, Object> own = new HashMap<>(config);
      own.put("enable.idempotence", kind.equals("idempotent"));
      own.put("max.block.ms", 8_000);
      own.put("delivery.timeout.ms", 9_000);
      step("produce, " + kind, () -> {
        try (var producer = new KafkaProducer<>(own, new StringSerializer(), new StringSerializer())) {
          return producer.send(new ProducerRecord<>(topic, 1, "key", "value")).get().partition();
        }
      });
    }
    Map<String, Object> transactional = new HashMap<>(config);
    transactional.put("transactional.id", prefix + "tx");
    transactional.put("max.block.ms", 8_000);
    step("produce in a transaction", () -> {
      var producer = new KafkaProducer<>(transactional, new StringSerializer(), new StringSerializer());
      try {
        producer.initTransactions();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic, 1, "key", "value")).get();
        producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(1)), new ConsumerGroupMetadata(prefix + "other"));
        producer.commitTransaction();
        return null;
      } finally {
        producer.close(Duration.ZERO);
      }
    });
    for (String protocol : List.of("classic", "consumer")) {
      Map<String, Object> own = new HashMap<>(config);
      own.put("group.protocol", protocol);
      own.put("group.id", prefix + "readers-" + protocol);
      own.put("auto.offset.reset", "earliest");
      own.put("allow.auto.create.topics", false);
      step("subscribe, " + protocol, () -> {
        try (var consumer = new KafkaConsumer<>(own, new StringDeserializer(), new StringDeserializer())) {
          consumer.subscribe(List.of(topic));
          return read(consumer);
        }
      });
    }
    Map<String, Object> alone = new HashMap<>(config);
    alone.put("auto.offset.reset", "earliest");
    step("read without a group", () -> {
      try (var consumer = new KafkaConsumer<>(alone, new StringDeserializer(), new StringDeserializer())) {
        consumer.assign(List.of(partition));
        return read(consumer);
      }
    });
  }

  static String read(KafkaConsumer<String, String> consumer) {
    for (long end = System.currentTimeMillis() + 10_000; System.currentTimeMillis() < end; ) {
      if (!consumer.poll(Duration.ofMillis(200)).isEmpty()) return "records";
    }
    return "nothing";
  }

  static void deletion(Admin admin, String topic) {
    step("delete offsets of a group", () ->
        admin.deleteConsumerGroupOffsets(prefix + "group", Set.of(new TopicPartition(topic, 0))).all().get());
    step("delete a group", () -> admin.deleteConsumerGroups(List.of(prefix + "group")).all().get());
    step("delete a topic", () -> admin.deleteTopics(List.of(topic)).all().get());
    step("delete no topic", () -> admin.deleteTopics(List.of(prefix + "none")).all().get());
  }
}
