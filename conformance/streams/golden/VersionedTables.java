import java.time.Duration;
import java.util.function.BiFunction;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The programs of packages/streams/test/golden/scenarios/versioned-tables.ts. */
final class VersionedTables {
  private static final Joined<String, String, String> TEXTS = Joined.with(Form.TEXT, Form.TEXT, Form.TEXT);

  static void register(Scenarios scenarios) {
    scenarios.add("join", app -> {
      KTable<String, String> versions = versions(app);
      stream(app).join(versions, VersionedTables::joined, TEXTS).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("leftJoin", app -> {
      KTable<String, String> versions = versions(app);
      stream(app).leftJoin(versions, VersionedTables::joined, TEXTS).to("out", Form.TEXTS_OUT);
    });
    Joined<String, String, String> late = TEXTS.withGracePeriod(Duration.ofMillis(20));
    scenarios.add("join with grace", app -> {
      KTable<String, String> versions = versions(app);
      stream(app).join(versions, VersionedTables::joined, late).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("leftJoin with grace", app -> {
      KTable<String, String> versions = versions(app);
      stream(app).leftJoin(versions, VersionedTables::joined, late).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("join with a filtered and mapped table", app -> {
      var versions = versions(app).filter((key, row) -> !row.equals("T25b")).mapValues(row -> row.toLowerCase());
      stream(app).leftJoin(versions, VersionedTables::joined, TEXTS).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("toStream", app -> versions(app).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("filter", app ->
        versions(app).filter((key, row) -> row.startsWith("T2")).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("count by row", app ->
        versions(app)
            .groupBy((key, row) -> KeyValue.pair(row, key), Grouped.with("by-row", Form.TEXT, Form.QUOTED))
            .count(Materialized.as("counts"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("join with a table", app ->
        versions(app)
            .outerJoin(app.table("other", Form.TEXTS_IN), (one, two) -> one + "+" + two)
            .toStream()
            .to("out", Form.TEXTS_OUT));
    aggregates(scenarios);
    tables(scenarios);
    joins(scenarios);
  }

  private static void aggregates(Scenarios scenarios) {
    scenarios.add("a count with versions", app ->
        rows(app).groupByKey(Form.TEXTS).count(kept("made", Serdes.Long())).toStream().to("counted", Form.NUMBERS_OUT));
    scenarios.add("a reduce with versions, joined with a stream", app -> {
      var lasts = rows(app).groupByKey(Form.TEXTS).reduce((one, two) -> two, texts("made"));
      stream(app).leftJoin(lasts, VersionedTables::joined, TEXTS).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("an aggregate with versions, filtered", app ->
        rows(app)
            .groupByKey(Form.TEXTS)
            .aggregate(() -> "", (key, row, sum) -> sum + row, texts("made"))
            .filter((key, sum) -> sum.length() % 2 == 1)
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a regrouped table, counted and reduced with versions", app -> {
      var regrouped = app.table("table", Form.TEXTS_IN)
          .groupBy((key, row) -> KeyValue.pair(row.substring(0, 2), row), Grouped.with("by-row", Form.TEXT, Form.TEXT));
      regrouped.count(kept("made", Serdes.Long())).toStream().to("counted", Form.NUMBERS_OUT);
      regrouped.reduce((one, two) -> two, (one, two) -> one, texts("reduced")).toStream().to("out", Form.TEXTS_OUT);
    });
    scenarios.add("cogrouped streams with versions", app ->
        rows(app)
            .groupByKey(Form.TEXTS)
            .<String>cogroup((key, row, sum) -> sum + row)
            .cogroup(app.stream("other", Form.TEXTS_IN).groupByKey(Form.TEXTS), (key, row, sum) -> sum + "-" + row)
            .aggregate(() -> "", texts("made"))
            .toStream()
            .to("out", Form.TEXTS_OUT));
  }

  private static void tables(Scenarios scenarios) {
    scenarios.add("a stream as a table with versions", app ->
        rows(app).toTable(texts("made")).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("a mapped table kept with versions", app ->
        app.table("table", Form.TEXTS_IN)
            .mapValues(row -> row.toLowerCase(), texts("made"))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a filtered table kept with versions", app ->
        app.table("table", Form.TEXTS_IN)
            .filter((key, row) -> row.startsWith("T2"), texts("made"))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a filter of versions kept with versions", app ->
        versions(app)
            .filter((key, row) -> row.startsWith("T2"), texts("made"))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("versions mapped without versions", app ->
        versions(app)
            .mapValues(row -> row.toLowerCase(), Form.rows("made", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
  }

  private static void joins(Scenarios scenarios) {
    scenarios.add("a join of two tables with versions", app -> {
      var versions = versions(app);
      versions.join(others(app), VersionedTables::joined).toStream().to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a left join of two tables with versions, kept with versions", app -> {
      var versions = versions(app);
      versions.leftJoin(others(app), VersionedTables::joined, texts("made")).toStream().to("out", Form.TEXTS_OUT);
    });
    scenarios.add("an outer join of tables without versions, kept with versions, joined with a stream", app -> {
      var table = app.table("table", Form.TEXTS_IN);
      var pairs = table.outerJoin(app.table("other", Form.TEXTS_IN), (one, two) -> one + "-" + two, texts("made"));
      stream(app).leftJoin(pairs, VersionedTables::joined, TEXTS).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a join by foreign key, kept with versions", app -> {
      var table = app.table("table", Form.TEXTS_IN, Form.rows("rows", Form.TEXT));
      var others = app.table("other", Form.TEXTS_IN, Form.rows("others", Form.TEXT));
      BiFunction<String, String, String> foreignKey = (key, row) -> key;
      table.join(others, foreignKey, VersionedTables::joined, texts("made")).toStream().to("out", Form.TEXTS_OUT);
    });
  }

  private static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> kept(String store, Serde<V> values) {
    var supplier = Stores.persistentVersionedKeyValueStore(store, Duration.ofMillis(100));
    return Materialized.<String, V>as(supplier).withKeySerde(Form.TEXT).withValueSerde(values);
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> texts(String store) {
    return kept(store, Form.TEXT);
  }

  private static KStream<String, String> rows(StreamsBuilder app) {
    return app.stream("table", Form.TEXTS_IN);
  }

  private static KTable<String, String> others(StreamsBuilder app) {
    return app.table("other", Form.TEXTS_IN, texts("others"));
  }

  private static KTable<String, String> versions(StreamsBuilder app) {
    return app.table("table", Form.TEXTS_IN, texts("versions"));
  }

  private static String joined(String value, String row) {
    return value + "+" + row;
  }

  private static KStream<String, String> stream(StreamsBuilder app) {
    return app.stream("stream", Form.TEXTS_IN);
  }
}
