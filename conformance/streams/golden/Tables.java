import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** The programs of packages/streams/test/golden/scenarios/tables.ts. */
final class Tables {
  private static final Produced<String, String> QUOTED_OUT = Produced.with(Form.TEXT, Form.QUOTED);

  static void register(Scenarios scenarios) {
    scenarios.add("a table as a stream", app -> in(app).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("a table with a store as a stream", app -> stored(app).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("filter", app ->
        in(app).filter((key, row) -> row.length() == 3).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("filter of a table with a store", app ->
        stored(app).filter((key, row) -> row.length() == 3).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("filterNot with a store", app ->
        in(app)
            .filterNot((key, row) -> row.length() == 3, Form.rows("long", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("mapValues", app ->
        in(app).mapValues((key, row) -> key + ":" + row).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("mapValues to null, with a store", app ->
        stored(app)
            .mapValues(row -> row.equals("two") ? null : (long) row.length(), Form.rows("lengths", Form.NUMBER))
            .toStream()
            .to("lengths", Form.NUMBERS_OUT));
    scenarios.add("filters and mappings in a row", app ->
        stored(app)
            .mapValues(row -> (long) row.length())
            .filter((key, length) -> length != 6)
            .filterNot((key, length) -> length == 5, Form.rows("short", Form.NUMBER))
            .mapValues(length -> length * 2)
            .toStream()
            .to("lengths", Form.NUMBERS_OUT));
    scenarios.add("a stream of a table, grouped", app ->
        in(app)
            .toStream()
            .groupBy((key, row) -> row == null ? key : row, Grouped.with("by-row", Form.TEXT, Form.TEXT))
            .count(Materialized.as("counts"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("regrouped count", app ->
        in(app)
            .groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.QUOTED))
            .count(Materialized.as("sizes"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("regrouped reduce", app ->
        stored(app)
            .groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.TEXT))
            .reduce((all, row) -> all + "+" + row, (all, row) -> all + "-" + row, Form.rows("all", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("regrouped aggregate, with a null result", app ->
        in(app)
            .groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.QUOTED))
            .aggregate(
                () -> "",
                (key, row, all) -> all + "+" + key + row,
                (key, row, all) -> row.equals("2") ? null : all + "-" + row,
                Form.rows("all", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("two aggregates of one regrouping", app -> {
      var byColor = in(app).groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.TEXT));
      byColor.count().toStream().to("counted", Form.NUMBERS_OUT);
      byColor.reduce((all, row) -> all + "+" + row, (all, row) -> all + "-" + row).toStream().to("out", Form.TEXTS_OUT);
    });
    scenarios.add("regrouping of what a filter leaves", app ->
        in(app)
            .filter((key, row) -> !row.endsWith("4"))
            .mapValues(row -> row.toUpperCase())
            .groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.QUOTED))
            .count(Materialized.as("sizes"))
            .filter((key, size) -> size > 1)
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("regrouping of an aggregate", app ->
        app.stream("in", Form.TEXTS_IN)
            .groupByKey()
            .reduce((last, row) -> row, Form.rows("last", Form.TEXT))
            .groupBy((key, row) -> grouped(row), Grouped.with("by-color", Form.TEXT, Form.QUOTED))
            .count(Materialized.as("sizes"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
  }

  private static KTable<String, String> in(StreamsBuilder app) {
    return app.table("in", Form.TEXTS_IN);
  }

  private static KTable<String, String> stored(StreamsBuilder app) {
    return app.table("in", Form.TEXTS_IN, Form.rows("rows", Form.TEXT));
  }

  private static KeyValue<String, String> grouped(String row) {
    String[] parts = row.split(":", -1);
    return KeyValue.pair(parts[0].isEmpty() ? null : parts[0], parts[1].isEmpty() ? null : parts[1]);
  }
}
