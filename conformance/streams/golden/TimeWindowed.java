import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The programs of packages/streams/test/golden/scenarios/time-windows.ts. */
final class TimeWindowed {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  private static final TimeWindows STRICT = TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(100));
  private static final TimeWindows SLIDING =
      TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(30)).advanceBy(Duration.ofMillis(40));
  private static final Serde<Windowed<String>> WINDOWED = WindowedSerdes.timeWindowedSerdeFrom(String.class, 100);
  private static final Produced<Windowed<String>, Long> COUNTED = Produced.with(WINDOWED, Form.NUMBER);
  private static final Produced<Windowed<String>, String> JOINED = Produced.with(WINDOWED, Form.TEXT);
  private static final Produced<Windowed<String>, String> QUOTED = Produced.with(WINDOWED, Form.QUOTED);

  static void register(Scenarios scenarios) {
    scenarios.add("tumbling count", app ->
        byKey(app).windowedBy(MINUTE).count(Materialized.as("counts")).toStream().to("counted", COUNTED));
    scenarios.add("tumbling count without grace", app ->
        byKey(app).windowedBy(STRICT).count(Materialized.as("counts")).toStream().to("counted", COUNTED));
    scenarios.add("tumbling count in a store without name", app ->
        byKey(app).windowedBy(MINUTE).count().toStream().to("counted", COUNTED));
    scenarios.add("tumbling reduce", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .reduce(TimeWindowed::join, Form.windows("all", Form.TEXT))
            .toStream()
            .to("joined", JOINED));
    scenarios.add("tumbling aggregate", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .aggregate(() -> "", (key, value, all) -> join(all, value), Form.windows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED));
    scenarios.add("tumbling aggregate, repartitioned", app ->
        in(app)
            .groupBy((key, value) -> "12".equals(value) ? null : key, Grouped.with("again", Form.TEXT, Form.TEXT))
            .windowedBy(MINUTE)
            .aggregate(() -> "", (key, value, all) -> join(all, value), Form.windows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED));
    scenarios.add("hopping count", app ->
        byKey(app).windowedBy(SLIDING).count(Materialized.as("counts")).toStream().to("counted", COUNTED));
    scenarios.add("hopping aggregate", app ->
        byKey(app)
            .windowedBy(SLIDING)
            .aggregate(() -> "", (key, value, all) -> join(all, value), Form.windows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED));
    scenarios.add("a window store that is kept for longer", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .count(Form.windows("counts", org.apache.kafka.common.serialization.Serdes.Long())
                .withRetention(Duration.ofMillis(400)))
            .toStream()
            .to("counted", COUNTED));
    scenarios.add("the stream of a windowed table with keys of its own", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .count(Materialized.as("counts"))
            .toStream()
            .map((key, count) ->
                KeyValue.pair(key.key() + "@" + key.window().start() + "-" + key.window().end(), count))
            .to("sizes", Form.NUMBERS_OUT));
    scenarios.add("filter and mapping of a windowed table", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .count(Materialized.as("counts"))
            .filter((key, count) -> count > 1)
            .mapValues(count -> count + " of them")
            .toStream()
            .to("quoted", QUOTED));
    scenarios.add("a windowed table, regrouped", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .reduce((last, value) -> value == null ? last : value, Form.windows("last", Form.TEXT))
            .groupBy((key, value) -> KeyValue.pair(key.key(), value), Grouped.with("by-key", Form.TEXT, Form.QUOTED))
            .count(Materialized.as("sizes"))
            .toStream()
            .to("sizes", Form.NUMBERS_OUT));
    scenarios.add("a windowed aggregate of what is grouped by window", app ->
        byKey(app)
            .windowedBy(STRICT)
            .count(Materialized.as("counts"))
            .toStream()
            .map((key, count) -> KeyValue.pair(String.valueOf(key.window().start()), "1"))
            .groupByKey(Grouped.with(Form.TEXT, Form.QUOTED))
            .windowedBy(MINUTE)
            .count(Materialized.as("updates"))
            .toStream()
            .to("counted", COUNTED));
    scenarios.add("a cached tumbling reduce", app ->
        parts(app)
            .windowedBy(MINUTE)
            .reduce(TimeWindowed::join, Form.windows("all", Form.TEXT))
            .toStream()
            .to("joined", JOINED));
    scenarios.add("a cached hopping reduce, filtered", app ->
        parts(app)
            .windowedBy(SLIDING)
            .reduce(TimeWindowed::join, Form.windows("all", Form.TEXT))
            .filter((key, all) -> all.contains(","))
            .toStream()
            .to("joined", JOINED));
  }

  private static String join(String all, String value) {
    return "reset".equals(value) ? null : all + "," + value;
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }

  private static KGroupedStream<String, String> byKey(StreamsBuilder app) {
    return in(app).groupByKey(Form.TEXTS);
  }

  private static KGroupedStream<String, String> parts(StreamsBuilder app) {
    return in(app).flatMapValues(list -> List.of(list.split(" "))).groupByKey(Form.TEXTS);
  }
}
