import java.time.Duration;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.CogroupedKStream;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;

/** The programs of packages/streams/test/golden/scenarios/cogroups.ts. */
final class Cogroups {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));

  static void register(Scenarios scenarios) {
    scenarios.add("three inputs", app ->
        cogrouped(app).aggregate(() -> "", Form.rows("all", Form.QUOTED)).toStream().to("texts", Form.TEXTS_OUT));
    scenarios.add("a store without name", app ->
        cogrouped(app)
            .aggregate(() -> "", Materialized.with(Form.TEXT, Form.QUOTED))
            .toStream()
            .to("texts", Form.TEXTS_OUT));
    scenarios.add("named, of one input", app ->
        grouped(app, "one")
            .cogroup(fold("1"))
            .aggregate(() -> "", Named.as("group"), Form.rows("all", Form.QUOTED))
            .toStream()
            .to("texts", Form.TEXTS_OUT));
    scenarios.add("named", app ->
        cogrouped(app)
            .aggregate(() -> "", Named.as("group"), Form.rows("all", Form.QUOTED))
            .toStream()
            .to("texts", Form.TEXTS_OUT));
    scenarios.add("repartitioned", app ->
        changed(app, "one", null)
            .cogroup(fold("1"))
            .cogroup(grouped(app, "two"), fold("2"))
            .cogroup(changed(app, "three", "third"), fold("3"))
            .aggregate(() -> "", Form.rows("all", Form.QUOTED))
            .toStream()
            .to("texts", Form.TEXTS_OUT));
    scenarios.add("windows", app ->
        cogrouped(app)
            .windowedBy(MINUTE)
            .aggregate(() -> "", Form.windows("all", Form.QUOTED))
            .toStream()
            .to("out", Sliding.OUT));
    scenarios.add("windows without names, repartitioned, and their final results", app ->
        changed(app, "one", null)
            .cogroup(fold("1"))
            .cogroup(grouped(app, "two"), fold("2"))
            .windowedBy(MINUTE)
            .aggregate(() -> "", Materialized.with(Form.TEXT, Form.QUOTED))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded().withLoggingDisabled()))
            .toStream()
            .to("out", Sliding.OUT));
    scenarios.add("sliding windows", app ->
        cogrouped(app)
            .windowedBy(Sliding.CLOSE)
            .aggregate(() -> "", Form.windows("all", Form.QUOTED))
            .toStream()
            .to("out", Sliding.OUT));
    scenarios.add("sessions", app ->
        cogrouped(app)
            .windowedBy(Sessions.VISITS)
            .aggregate(() -> "", (key, one, other) -> one + other, Named.as("visits"), Sessions.stored("all", Form.QUOTED))
            .toStream()
            .to("sessions", Sessions.OUT));
  }

  private static CogroupedKStream<String, String> cogrouped(StreamsBuilder app) {
    return grouped(app, "one")
        .cogroup(fold("1"))
        .cogroup(grouped(app, "two"), fold("2"))
        .cogroup(grouped(app, "three"), fold("3"));
  }

  private static KGroupedStream<String, String> grouped(StreamsBuilder app, String topic) {
    return app.stream(topic, Form.TEXTS_IN).groupByKey();
  }

  private static KGroupedStream<String, String> changed(StreamsBuilder app, String topic, String name) {
    return app.stream(topic, Form.TEXTS_IN)
        .selectKey((key, value) -> value == null ? null : value.substring(0, 1))
        .groupByKey(Grouped.with(name, Form.TEXT, Form.TEXT));
  }

  private static Aggregator<String, String, String> fold(String mark) {
    return (key, value, all) -> all + mark + value;
  }
}
