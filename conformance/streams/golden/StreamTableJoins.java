import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Grouped;

/** The programs of packages/streams/test/golden/scenarios/stream-table-joins.ts. */
final class StreamTableJoins {
  private interface Join {
    KStream<String, String> of(KStream<String, String> stream, KTable<String, String> table, Joined<String, String, String> how);
  }

  private interface Program {
    KStream<String, String> build(StreamsBuilder app, Join join);
  }

  private static final Joined<String, String, String> TEXTS = Joined.with(Form.TEXT, Form.TEXT, null);

  static void register(Scenarios scenarios) {
    each(scenarios, "two topics", (app, join) -> join.of(stream(app), table(app), TEXTS));
    each(scenarios, "a stream with changed keys", (app, join) ->
        join.of(stream(app).selectKey(StreamTableJoins::rekeyed), table(app), TEXTS.withName("with-table")));
    each(scenarios, "a stream with changed keys, without name", (app, join) ->
        join.of(stream(app).selectKey(StreamTableJoins::rekeyed), table(app), TEXTS));
    each(scenarios, "a filtered and mapped table", (app, join) ->
        join.of(
            stream(app),
            table(app).mapValues(row -> row.toLowerCase()).filter((key, row) -> !row.equals("t2")),
            TEXTS));
    each(scenarios, "a join of two tables", (app, join) -> {
      var rows = table(app).leftJoin(app.table("third", Form.TEXTS_IN), (one, other) -> one + "(" + other + ")");
      return join.of(stream(app), rows, TEXTS);
    });
    each(scenarios, "an aggregate of the same stream", (app, join) -> {
      var values = stream(app);
      var last = values.groupByKey(Form.TEXTS).reduce((old, value) -> value, Form.rows("last", Form.TEXT));
      return join.of(values, last, TEXTS);
    });
    each(scenarios, "joined again", (app, join) -> {
      var rows = table(app);
      return join.of(join.of(stream(app), rows, TEXTS), rows, TEXTS);
    });
    each(scenarios, "a grouped result", (app, join) ->
        join.of(stream(app), table(app), TEXTS)
            .groupByKey(Grouped.with(Form.TEXT, Form.TEXT))
            .reduce((all, value) -> all + "," + value, Form.rows("all", Form.TEXT))
            .toStream());
  }

  private static void each(Scenarios scenarios, String name, Program program) {
    scenarios.add("join: " + name, app ->
        program.build(app, (stream, table, how) -> stream.join(table, StreamTableJoins::joined, how))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("leftJoin: " + name, app ->
        program.build(app, (stream, table, how) -> stream.leftJoin(table, StreamTableJoins::joined, how))
            .to("out", Form.TEXTS_OUT));
  }

  private static String joined(String value, String row) {
    return "null".equals(value) ? null : value + "+" + row;
  }

  private static String rekeyed(String key, String value) {
    return "S3".equals(value) ? null : "S6".equals(value) ? "a" : key;
  }

  private static KStream<String, String> stream(StreamsBuilder app) {
    return app.stream("stream", Form.TEXTS_IN);
  }

  private static KTable<String, String> table(StreamsBuilder app) {
    return app.table("table", Form.TEXTS_IN);
  }
}
