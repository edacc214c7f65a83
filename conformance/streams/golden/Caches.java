import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** The programs of packages/streams/test/golden/scenarios/caches.ts. */
final class Caches {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(50));
  private static final TimeWindows SLIDING = 
      TimeWindows.ofSizeAndGrace(Duration.ofMillis(100), Duration.ofMillis(60)).advanceBy(Duration.ofMillis(50));
  private static final Produced<Windowed<String>, String> PER_MINUTE =
      Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 100), Form.TEXT);
  private static final Produced<String, String> QUOTED_OUT = Produced.with(Form.TEXT, Form.QUOTED);

  static void register(Scenarios scenarios) {
    scenarios.add("count", app ->
        byKey(app).count(Materialized.as("counts")).toStream().to("counted", Form.NUMBERS_OUT));
    for (String name : List.of("reduce", "reduce without cache")) {
      scenarios.add(name, app -> all(app).toStream().to("out", Form.TEXTS_OUT));
    }
    scenarios.add("reduce with the cache off for its store", app ->
        byKey(app)
            .reduce(Caches::join, Form.rows("all", Form.TEXT).withCachingDisabled())
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("filter of a reduce", app ->
        all(app).filter((key, value) -> !value.endsWith("5")).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("two caches in a row", app ->
        all(app)
            .mapValues(value -> String.valueOf(value.length()), Form.rows("lengths", Form.QUOTED))
            .filter((key, length) -> !length.equals("3"), Form.rows("filtered", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("a table", app -> table(app, "in", "rows").toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("a table whose old values are asked for", app ->
        table(app, "in", "rows").filter((key, row) -> !row.equals("4")).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("join of tables", app ->
        table(app, "in", "left")
            .join(table(app, "other", "right"), Caches::added, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("leftJoin of tables", app ->
        table(app, "in", "left")
            .leftJoin(table(app, "other", "right"), Caches::added, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("outerJoin of tables", app ->
        table(app, "in", "left")
            .outerJoin(table(app, "other", "right"), Caches::added, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("a stream joined with a cached table", app ->
        app.stream("other", Form.TEXTS_IN)
            .leftJoin(table(app, "in", "rows"), Caches::added, Joined.with(Form.TEXT, Form.TEXT, Form.TEXT))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("tumbling reduce", app ->
        byKey(app)
            .windowedBy(MINUTE)
            .reduce(Caches::join, Form.windows("all", Form.TEXT))
            .toStream()
            .to("per-minute", PER_MINUTE));
    scenarios.add("hopping reduce, filtered", app ->
        byKey(app)
            .windowedBy(SLIDING)
            .reduce(Caches::join, Form.windows("all", Form.TEXT))
            .filter((key, value) -> value.length() < 4)
            .toStream()
            .to("per-minute", PER_MINUTE));
  }

  private static String join(String all, String value) {
    return "reset".equals(value) ? null : all + "," + value;
  }

  private static String added(String one, String two) {
    return one + "+" + two;
  }

  private static KGroupedStream<String, String> byKey(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN).groupByKey(Form.TEXTS);
  }

  private static KTable<String, String> all(StreamsBuilder app) {
    return byKey(app).reduce(Caches::join, Form.rows("all", Form.TEXT));
  }

  private static KTable<String, String> table(StreamsBuilder app, String topic, String store) {
    return app.table(topic, Form.TEXTS_IN, Form.rows(store, Form.TEXT));
  }
}
