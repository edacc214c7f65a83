import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.UnlimitedWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.WindowStore;

/** The programs of packages/streams/test/golden/scenarios/sliding.ts. */
final class Sliding {
  private static final Duration LONG = Duration.ofSeconds(10);
  static final SlidingWindows CLOSE = SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  static final Produced<Windowed<String>, String> OUT =
      Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 100), Form.TEXT);
  private static final Produced<Windowed<String>, Long> COUNTED =
      Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 100), Form.NUMBER);

  static void register(Scenarios scenarios) {
    scenarios.add("reduce", app ->
        in(app).groupByKey().windowedBy(CLOSE).reduce(String::concat, Form.windows("joined", Form.TEXT)).toStream().to("out", OUT));
    scenarios.add("count in a store without name", app ->
        in(app).groupByKey().windowedBy(CLOSE).count().toStream().to("counted", COUNTED));
    scenarios.add("aggregate, named", app ->
        in(app)
            .groupByKey()
            .windowedBy(CLOSE)
            .aggregate(() -> ">", (key, value, all) -> all + value, Named.as("slide"), Form.windows("joined", Form.QUOTED))
            .toStream()
            .to("out", OUT));
    scenarios.add("repartitioned", app ->
        in(app)
            .groupBy((key, value) -> "all", Grouped.with("by-value", Form.TEXT, Form.TEXT))
            .windowedBy(CLOSE)
            .reduce(String::concat, Form.windows("joined", Form.TEXT))
            .toStream()
            .to("out", OUT));
    scenarios.add("with a cache", app ->
        in(app)
            .flatMapValues(list -> Arrays.asList(list.split("")))
            .groupByKey(Form.TEXTS)
            .windowedBy(CLOSE)
            .reduce(String::concat, Form.windows("joined", Form.TEXT))
            .toStream()
            .to("out", OUT));
    scenarios.add("many records", app ->
        in(app).groupByKey().windowedBy(CLOSE).reduce(String::concat, Form.windows("joined", Form.TEXT)).toStream().to("out", OUT));
    scenarios.add("final results", app ->
        in(app)
            .groupByKey()
            .windowedBy(CLOSE)
            .reduce(String::concat, Form.windows("joined", Form.TEXT))
            .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded().withLoggingDisabled()))
            .toStream()
            .to("out", OUT));
    scenarios.add("sliding, on close", app ->
        in(app)
            .groupByKey()
            .windowedBy(CLOSE)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce(String::concat, Form.windows("joined", Form.TEXT).withRetention(LONG))
            .toStream()
            .to("out", OUT));
    scenarios.add("tumbling, on close", app ->
        in(app)
            .groupByKey()
            .windowedBy(MINUTE)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce(String::concat, Form.windows("joined", Form.TEXT).withRetention(LONG))
            .toStream()
            .to("out", OUT));
    scenarios.add("on close, when time jumps", app ->
        in(app)
            .groupByKey()
            .windowedBy(MINUTE)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce(String::concat, Form.windows("joined", Form.TEXT))
            .toStream()
            .to("out", OUT));
    scenarios.add("hopping, on close", app ->
        in(app)
            .groupByKey()
            .windowedBy(MINUTE.advanceBy(Duration.ofMillis(40)))
            .emitStrategy(EmitStrategy.onWindowClose())
            .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>as("counts").withRetention(LONG))
            .toStream()
            .to("counted", COUNTED));
    scenarios.add("sessions, on close", app ->
        in(app)
            .groupByKey()
            .windowedBy(Sessions.VISITS)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce(String::concat, Sessions.<String>stored("paths", Form.TEXT).withRetention(LONG))
            .toStream()
            .to("out", Sessions.OUT));
    scenarios.add("unlimited", app ->
        in(app)
            .groupByKey()
            .windowedBy(UnlimitedWindows.of().startOn(Instant.ofEpochMilli(100)))
            .reduce(String::concat, Form.windows("joined", Form.TEXT))
            .toStream()
            .map((key, value) -> new KeyValue<>(key.key() + key.window().start(), value))
            .to("texts", Form.TEXTS_OUT));
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }
}
