import java.time.Duration;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
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
  }

  private static KTable<String, String> versions(StreamsBuilder app) {
    var store = Stores.persistentVersionedKeyValueStore("versions", Duration.ofMillis(100));
    return app.table(
        "table",
        Form.TEXTS_IN,
        Materialized.<String, String>as(store).withKeySerde(Form.TEXT).withValueSerde(Form.TEXT));
  }

  private static String joined(String value, String row) {
    return value + "+" + row;
  }

  private static KStream<String, String> stream(StreamsBuilder app) {
    return app.stream("stream", Form.TEXTS_IN);
  }
}
