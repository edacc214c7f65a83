import java.time.Duration;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The programs of packages/streams/test/golden/scenarios/suppression.ts. */
final class Suppression {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  private static final Produced<Windowed<String>, String> OUT =
      Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 100), Form.TEXT);

  static void register(Scenarios scenarios) {
    scenarios.add("final results of windows", app ->
        windowed(app).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded())).toStream().to("out", OUT));
    scenarios.add("final results, named", app ->
        windowed(app)
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()).withName("final"))
            .toStream()
            .to("out", OUT));
    scenarios.add("final results of filtered windows, looked up", app ->
        windowed(app)
            .filter((key, value) -> !value.endsWith("2"))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
            .toStream()
            .to("out", OUT));
    scenarios.add("final results of windows with null values", app ->
        app.stream("in", Form.TEXTS_IN)
            .groupByKey()
            .windowedBy(MINUTE)
            .aggregate(() -> "", (key, value, all) -> value == null ? null : all + value, Form.windows("joined", Form.TEXT))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
            .toStream()
            .to("out", OUT));
    scenarios.add("final results of sessions", app ->
        Sessions.in(app)
            .groupByKey()
            .windowedBy(Sessions.VISITS)
            .reduce(String::concat, Sessions.stored("paths", Form.TEXT))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
            .toStream()
            .to("out", Sessions.OUT));
    scenarios.add("a buffer that is full stops", app ->
        windowed(app)
            .suppress(Suppressed.untilWindowCloses(BufferConfig.maxRecords(2).shutDownWhenFull()))
            .toStream()
            .to("out", OUT));
    scenarios.add("a time limit", app ->
        rows(app).suppress(Suppressed.untilTimeLimit(Duration.ofMillis(100), BufferConfig.unbounded())).toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a time limit of nothing", app ->
        rows(app).suppress(Suppressed.untilTimeLimit(Duration.ZERO, BufferConfig.unbounded())).toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("emitted early by number", app ->
        rows(app).suppress(Suppressed.untilTimeLimit(Duration.ofMillis(100), BufferConfig.maxRecords(2))).toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("emitted early by bytes", app ->
        rows(app)
            .suppress(Suppressed.untilTimeLimit(Duration.ofMillis(100), BufferConfig.maxBytes(120)))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("aggregated afterwards", app ->
        rows(app)
            .suppress(Suppressed.untilTimeLimit(Duration.ofMillis(100), BufferConfig.unbounded()))
            .groupBy((key, value) -> new org.apache.kafka.streams.KeyValue<>("all", value),
                org.apache.kafka.streams.kstream.Grouped.with("all", Form.TEXT, Form.QUOTED))
            .reduce((all, value) -> all + "+" + value, (all, value) -> all + "-" + value, Form.rows("all", Form.QUOTED))
            .toStream()
            .to("out", Form.TEXTS_OUT));
  }

  private static KTable<Windowed<String>, String> windowed(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN)
        .groupByKey()
        .windowedBy(MINUTE)
        .reduce(String::concat, Form.windows("joined", Form.TEXT));
  }

  private static KTable<String, String> rows(StreamsBuilder app) {
    return app.table("rows", Form.TEXTS_IN, Form.rows("kept", Form.TEXT));
  }
}
