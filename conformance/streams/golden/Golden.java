import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Runs topologies in Kafka Streams' own test driver. A JSON array on standard input asks for runs, `{group, name, properties,
 * startMs, steps}`; a line for each says what came of it. A group is a class of this folder with a static method
 * `register(Scenarios)`. Bytes travel as hex; conformance/streams/golden.ts makes them readable.
 */
public final class Golden {
  static final ObjectMapper JSON = new ObjectMapper();
  static final HexFormat HEX = HexFormat.of();

  public static void main(String[] arguments) throws Exception {
    Map<String, Scenarios> groups = new TreeMap<>();
    for (JsonNode request : JSON.readTree(System.in)) {
      String group = request.get("group").asText();
      if (!groups.containsKey(group)) {
        Scenarios scenarios = new Scenarios();
        Class.forName(group).getDeclaredMethod("register", Scenarios.class).invoke(null, scenarios);
        groups.put(group, scenarios);
      }
      System.out.println(run(groups.get(group), request));
    }
  }

  static ObjectNode run(Scenarios scenarios, JsonNode request) throws Exception {
    // In memory where there is such a place: stores are made and thrown away by the hundred.
    Path memory = Path.of("/dev/shm");
    boolean isThere = Files.isWritable(memory);
    Path state = isThere ? Files.createTempDirectory(memory, "golden") : Files.createTempDirectory("golden");
    Properties properties = new Properties();
    properties.put("application.id", "golden");
    properties.put("bootstrap.servers", "nowhere:1");
    properties.put("state.dir", state.toString());
    properties.put("statestore.cache.max.bytes", "0");
    request.get("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
    Topology topology = scenarios.topology(request.get("name").asText(), properties);
    ObjectNode outcome = JSON.createObjectNode();
    outcome.put("describe", topology.describe().toString());
    TopologyTestDriver driver =
        new TopologyTestDriver(topology, properties, Instant.ofEpochMilli(request.get("startMs").asLong()));
    try {
      int done = 0;
      for (JsonNode step : request.get("steps")) {
        try {
          take(driver, step);
        } catch (RuntimeException failure) {
          outcome.put("failedAt", done);
          outcome.put("failure", rootOf(failure).toString());
          break;
        }
        done++;
      }
      outcome.set("topics", topics(driver));
      outcome.set("stores", StoreContents.of(driver));
      outcome.put("dropped", dropped(driver));
    } finally {
      try {
        driver.close();
      } finally {
        remove(state);
      }
    }
    return outcome;
  }

  static void take(TopologyTestDriver driver, JsonNode step) {
    if (step.has("advanceMs")) {
      driver.advanceWallClockTime(Duration.ofMillis(step.get("advanceMs").asLong()));
      return;
    }
    if (step.has("batch")) {
      Batches.pipe(driver, step.get("batch"));
      return;
    }
    Headers headers = headers(step);
    var topic = driver.createInputTopic(step.get("topic").asText(), new ByteArraySerializer(), new ByteArraySerializer());
    long timestamp = step.get("timestamp").asLong();
    topic.pipeInput(new TestRecord<>(bytes(step.get("key")), bytes(step.get("value")), headers, timestamp));
  }

  static Headers headers(JsonNode step) {
    Headers headers = new RecordHeaders();
    for (JsonNode header : step.get("headers")) headers.add(header.get(0).asText(), bytes(header.get(1)));
    return headers;
  }

  /** Every topic that was written to: outputs, repartition topics and changelogs. */
  static ObjectNode topics(TopologyTestDriver driver) {
    ObjectNode topics = JSON.createObjectNode();
    for (String name : new TreeSet<>(driver.producedTopicNames())) {
      ArrayNode records = topics.putArray(name);
      TestOutputTopic<byte[], byte[]> output =
          driver.createOutputTopic(name, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      while (!output.isEmpty()) {
        TestRecord<byte[], byte[]> record = output.readRecord();
        ObjectNode json = records.addObject();
        json.put("key", hex(record.key()));
        json.put("value", hex(record.value()));
        json.put("timestamp", record.timestamp());
        ArrayNode headers = json.putArray("headers");
        for (Header header : record.headers()) headers.addArray().add(header.key()).add(hex(header.value()));
      }
    }
    return topics;
  }

  static long dropped(TopologyTestDriver driver) {
    double total = 0;
    for (var metric : driver.metrics().values()) {
      if (metric.metricName().name().equals("dropped-records-total")) total += (Double) metric.metricValue();
    }
    return (long) total;
  }

  static String hex(byte[] bytes) {
    return bytes == null ? null : HEX.formatHex(bytes);
  }

  static byte[] bytes(JsonNode hex) {
    return hex.isNull() ? null : HEX.parseHex(hex.asText());
  }

  static Throwable rootOf(Throwable failure) {
    return failure.getCause() == null ? failure : rootOf(failure.getCause());
  }

  static void remove(Path folder) throws Exception {
    try (var files = Files.walk(folder)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(path);
    }
  }
}
