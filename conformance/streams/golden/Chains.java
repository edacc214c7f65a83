import java.time.Duration;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;

/** The programs of packages/streams/test/golden/scenarios/chains.ts. */
final class Chains {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(ms(100), ms(100));
  private static final SessionWindows VISITS = SessionWindows.ofInactivityGapAndGrace(ms(30), ms(100));
  private static final JoinWindows CLOSE = JoinWindows.ofTimeDifferenceAndGrace(ms(20), ms(50));
  private static final StreamJoined<String, String, String> TEXTS = StreamJoined.with(Form.TEXT, Form.TEXT, Form.TEXT);
  private static final Grouped<String, String> QUOTED = Grouped.with(Form.TEXT, Form.QUOTED);
  private static final Produced<String, String> QUOTED_OUT = Produced.with(Form.TEXT, Form.QUOTED);
  private static final Serde<Windowed<String>> WINDOWED = WindowedSerdes.timeWindowedSerdeFrom(String.class, 100);
  private static final Serde<Windowed<String>> SESSION = WindowedSerdes.sessionWindowedSerdeFrom(String.class);

  static void register(Scenarios scenarios) {
    streams(scenarios);
    windows(scenarios);
    tables(scenarios);
  }

  private static void streams(Scenarios scenarios) {
    scenarios.add("a reduce of joined streams", app ->
        left(app)
            .join(right(app), Chains::pair, CLOSE, TEXTS)
            .groupByKey(QUOTED)
            .reduce(Chains::join, Form.rows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("a table of joined streams, alone ones too", app ->
        left(app)
            .leftJoin(right(app), Chains::pair, CLOSE, TEXTS)
            .mapValues(Chains::unlessReset)
            .toTable(Form.rows("pairs", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("windows of joined streams", app ->
        left(app)
            .outerJoin(right(app), Chains::pair, CLOSE, TEXTS)
            .groupByKey(QUOTED)
            .windowedBy(MINUTE)
            .reduce(Chains::join, Form.windows("all", Form.QUOTED))
            .toStream()
            .to("per-minute", Produced.with(WINDOWED, Form.QUOTED)));
  }

  private static void windows(Scenarios scenarios) {
    scenarios.add("a stored mapping of windows", app ->
        left(app)
            .groupByKey(Form.TEXTS)
            .windowedBy(MINUTE)
            .reduce((all, value) -> all + "," + value, Form.windows("all", Form.TEXT))
            .mapValues(Chains::unlessReset, mapped(WINDOWED))
            .toStream()
            .to("per-minute", Produced.with(WINDOWED, Form.QUOTED)));
    scenarios.add("a stored mapping of sessions", app ->
        left(app)
            .groupByKey(Form.TEXTS)
            .windowedBy(VISITS)
            .reduce((all, value) -> all + "," + value, sessions("all", Form.TEXT))
            .mapValues(Chains::unlessReset, mapped(SESSION))
            .toStream()
            .to("per-visit", Produced.with(SESSION, Form.QUOTED)));
    scenarios.add("a stored mapping of windows that have closed", app ->
        left(app)
            .groupByKey(Form.TEXTS)
            .windowedBy(MINUTE)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce((all, value) -> all + "," + value, Form.windows("all", Form.TEXT).withRetention(ms(500)))
            .mapValues(Chains::unlessReset, mapped(WINDOWED))
            .toStream()
            .to("per-minute", Produced.with(WINDOWED, Form.QUOTED)));
    scenarios.add("windows joined with windows", app -> {
      var one = left(app).groupByKey(Form.TEXTS).windowedBy(MINUTE)
          .reduce(Chains::join, Form.windows("one", Form.TEXT));
      var two = right(app).groupByKey(Form.TEXTS).windowedBy(MINUTE)
          .reduce(Chains::join, Form.windows("two", Form.TEXT));
      Materialized<Windowed<String>, String, KeyValueStore<Bytes, byte[]>> both = Materialized.as("both");
      one.outerJoin(two, (a, b) -> a + "|" + b, both.withKeySerde(WINDOWED).withValueSerde(Form.QUOTED))
          .toStream()
          .to("per-minute", Produced.with(WINDOWED, Form.QUOTED));
    });
    scenarios.add("a windowed count, counted by key", app ->
        left(app)
            .groupByKey(Form.TEXTS)
            .windowedBy(VISITS)
            .count(Materialized.as("clicks"))
            .toStream()
            .map((key, count) -> KeyValue.pair(key.key(), String.valueOf(count)))
            .groupByKey(QUOTED)
            .count(Materialized.as("updates"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
  }

  private static void tables(Scenarios scenarios) {
    scenarios.add("a stored filter of what was held back", app ->
        left(app)
            .groupByKey(Form.TEXTS)
            .reduce((all, value) -> all + "," + value, Form.rows("all", Form.TEXT))
            .suppress(Suppressed.untilTimeLimit(ms(40), BufferConfig.unbounded()))
            .filter((key, all) -> !all.contains("reset"), Form.rows("filtered", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a reduce of joined tables", app ->
        app.table("left", Form.TEXTS_IN)
            .leftJoin(app.table("right", Form.TEXTS_IN), Chains::pair)
            .toStream()
            .groupByKey(QUOTED)
            .reduce(Chains::join, Form.rows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("an aggregate joined with the stream it is made of, repartitioned", app -> {
      var byValue = left(app).selectKey((key, value) -> value.substring(0, 1));
      var counts = byValue.groupByKey(Grouped.with("by-digit", Form.TEXT, Form.TEXT)).count(Materialized.as("counts"));
      right(app)
          .selectKey((key, value) -> value.substring(0, 1))
          .leftJoin(counts, (value, count) -> value + ":" + count,
              Joined.<String, String, Long>with(Form.TEXT, Form.TEXT, null).withName("with-count"))
          .groupByKey(QUOTED)
          .reduce(Chains::join, Form.rows("all", Form.QUOTED))
          .toStream()
          .to("quoted", QUOTED_OUT);
    });
  }

  private static <K> Materialized<K, String, KeyValueStore<Bytes, byte[]>> mapped(Serde<K> keys) {
    return Materialized.<K, String, KeyValueStore<Bytes, byte[]>>as("mapped").withKeySerde(keys).withValueSerde(Form.QUOTED);
  }

  private static <V> Materialized<String, V, SessionStore<Bytes, byte[]>> sessions(String store, Serde<V> values) {
    return Materialized.<String, V, SessionStore<Bytes, byte[]>>as(store).withKeySerde(Form.TEXT).withValueSerde(values);
  }

  private static String pair(String one, String two) {
    return one + "+" + two;
  }

  private static String join(String all, String value) {
    return value.contains("reset") ? null : all + "," + value;
  }

  private static String unlessReset(String value) {
    return value.contains("reset") ? null : value;
  }

  private static KStream<String, String> left(StreamsBuilder app) {
    return app.stream("left", Form.TEXTS_IN);
  }

  private static KStream<String, String> right(StreamsBuilder app) {
    return app.stream("right", Form.TEXTS_IN);
  }

  private static Duration ms(long value) {
    return Duration.ofMillis(value);
  }
}
