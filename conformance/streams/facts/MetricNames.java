// Prints the metrics that Kafka Streams itself has as JSON:
// packages/streams/test/fixtures/kafka-streams-metrics.json (npm run generate -- fixtures streams-facts).
// Names, groups and tags are those of JMX; the clients' own groups (consumer-metrics ...) are left out.
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import java.time.Duration;
import java.time.Instant;
import java.util.*;

public class MetricNames {
  record Entry(String group, String name, Set<String> tags, String description) {}

  public static void main(String[] args) {
    var found = new TreeMap<String, Entry>();
    collect(found);
    var out = new StringJoiner(",", "[", "]");
    for (var metric : found.values()) {
      var tags = new StringJoiner(",", "[", "]");
      metric.tags.forEach(tag -> tags.add(text(tag)));
      out.add("{\"group\":" + text(metric.group) + ",\"name\":" + text(metric.name) + ",\"tags\":" + tags
        + ",\"description\":" + text(metric.description) + "}");
    }
    System.out.println(out);
    System.exit(0);
  }

  static void collect(Map<String, Entry> into) {
    var properties = new Properties();
    properties.put("application.id", "metrics");
    properties.put("bootstrap.servers", "localhost:1");
    properties.put("metrics.recording.level", "TRACE");
    properties.put("state.dir", "/tmp/millrace-metric-names");
    properties.put("statestore.cache.max.bytes", "1000000");
    var topology = topology();
    try (var driver = new TopologyTestDriver(topology, properties, Instant.ofEpochMilli(0))) {
      var in = driver.createInputTopic("in", Serdes.String().serializer(), Serdes.String().serializer());
      for (int at = 0; at < 100; at++) in.pipeInput("k" + at % 3, "v", 1_000_000_000L + at * 1000L);
      driver.createInputTopic("table", Serdes.String().serializer(), Serdes.String().serializer()).pipeInput("k0", "t", 1_000_000_000L);
      in.pipeInput("k0", "v", 1_000_300_000L);
      in.pipeInput("k0", "late", 1_000_000_000L);
      note(driver.metrics().keySet(), into);
    }
    try (var streams = new KafkaStreams(topology, properties)) {
      streams.start();
      Thread.sleep(1500);
      note(streams.metrics().keySet(), into);
      streams.close(Duration.ofSeconds(1));
    } catch (InterruptedException e) {
      throw new RuntimeException(e);
    }
  }

  static Topology topology() {
    var builder = new StreamsBuilder();
    var strings = Consumed.with(Serdes.String(), Serdes.String());
    var stream = builder.stream("in", strings);
    var grouped = stream.groupByKey();
    grouped.count(Materialized.as("counts")).toStream().mapValues(String::valueOf).to("out", Produced.with(Serdes.String(), Serdes.String()));
    grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1))).count(Materialized.as("windows"))
      .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()));
    grouped.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(Duration.ofMinutes(1))).count(Materialized.as("sessions"));
    stream.join(builder.table("table", strings, Materialized.as("rows")), (a, b) -> a);
    return builder.build();
  }

  static void note(Set<MetricName> names, Map<String, Entry> into) {
    for (var name : names) {
      if (!name.group().startsWith("stream")) continue;
      var key = name.group() + "/" + name.name() + "/" + new TreeSet<>(name.tags().keySet());
      into.put(key, new Entry(name.group(), name.name(), new TreeSet<>(name.tags().keySet()), name.description()));
    }
  }

  static String text(String value) {
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
