import java.time.Duration;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.SessionStore;

/** The programs of packages/streams/test/golden/scenarios/sessions.ts. */
final class Sessions {
  static final SessionWindows VISITS =
      SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  static final Serde<Windowed<String>> KEYS = WindowedSerdes.sessionWindowedSerdeFrom(String.class);
  static final Produced<Windowed<String>, String> OUT = Produced.with(KEYS, Form.TEXT);
  static final Produced<Windowed<String>, Long> COUNTED = Produced.with(KEYS, Form.NUMBER);

  static void register(Scenarios scenarios) {
    scenarios.add("reduce", app ->
        in(app).groupByKey().windowedBy(VISITS).reduce(String::concat, stored("paths", Form.TEXT)).toStream().to("out", OUT));
    scenarios.add("count in a store without name", app ->
        in(app).groupByKey().windowedBy(VISITS).count().toStream().to("counted", COUNTED));
    scenarios.add("aggregate, named", app ->
        in(app)
            .groupByKey()
            .windowedBy(VISITS)
            .aggregate(() -> ">", (key, page, path) -> path + page, (key, one, other) -> "(" + one + other + ")",
                Named.as("visits"), stored("paths", Form.QUOTED))
            .toStream()
            .to("out", OUT));
    scenarios.add("aggregate of tombstones too", app ->
        in(app)
            .groupByKey()
            .windowedBy(VISITS)
            .aggregate(() -> ">", (key, page, path) -> page == null ? null : path + page, (key, one, other) -> one + other,
                stored("paths", Form.QUOTED))
            .toStream()
            .to("out", OUT));
    scenarios.add("repartitioned", app ->
        in(app)
            .groupBy((key, page) -> page == null ? null : page, Grouped.with("by-page", Form.TEXT, Form.TEXT))
            .windowedBy(VISITS)
            .count(counts("visits"))
            .toStream()
            .to("counted", COUNTED));
    scenarios.add("with a cache", app ->
        in(app)
            .flatMapValues(list -> Arrays.asList(list.split(" ")))
            .groupByKey(Form.TEXTS)
            .windowedBy(VISITS)
            .reduce(String::concat, Sessions.<String>stored("paths", Form.TEXT).withRetention(Duration.ofMillis(1_000)))
            .toStream()
            .to("out", OUT));
    scenarios.add("a longer retention", app ->
        in(app)
            .groupByKey()
            .windowedBy(VISITS)
            .reduce(String::concat, Sessions.<String>stored("paths", Form.TEXT).withRetention(Duration.ofMillis(1_000)))
            .toStream()
            .to("out", OUT));
    scenarios.add("headers", app ->
        in(app).groupByKey().windowedBy(VISITS).reduce(String::concat, stored("paths", Form.TEXT)).toStream().to("out", OUT));
    scenarios.add("old values downstream", app ->
        in(app)
            .groupByKey()
            .windowedBy(VISITS)
            .count(counts("visits"))
            .groupBy((session, count) -> new KeyValue<>(session.key(), count), Grouped.with("by-key", Form.TEXT, Form.NUMBER))
            .reduce(Long::sum, (all, gone) -> all - gone, Form.rows("sums", Form.NUMBER))
            .toStream()
            .to("sums", Form.NUMBERS_OUT));
    scenarios.add("emitted on close", app ->
        in(app)
            .groupByKey()
            .windowedBy(VISITS)
            .emitStrategy(EmitStrategy.onWindowClose())
            .reduce(String::concat, stored("paths", Form.TEXT))
            .toStream()
            .to("out", OUT));
  }

  static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }

  static Materialized<String, Long, SessionStore<Bytes, byte[]>> counts(String store) {
    return Materialized.as(store);
  }

  static <V> Materialized<String, V, SessionStore<Bytes, byte[]>> stored(String store, Serde<V> values) {
    return Materialized.<String, V, SessionStore<Bytes, byte[]>>as(store).withKeySerde(Form.TEXT).withValueSerde(values);
  }
}
