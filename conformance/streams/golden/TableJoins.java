import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;

/** The programs of packages/streams/test/golden/scenarios/table-joins.ts. */
final class TableJoins {
  private static final Map<String, BinaryOperator<KTable<String, String>>> KINDS = Map.of(
      "join", (one, other) -> one.join(other, TableJoins::joined),
      "leftJoin", (one, other) -> one.leftJoin(other, TableJoins::joined),
      "outerJoin", (one, other) -> one.outerJoin(other, TableJoins::joined));

  static void register(Scenarios scenarios) {
    each(scenarios, "two topics", (app, join) -> out(join.apply(left(app), right(app))));
    var rows = Form.rows("joined", Form.QUOTED);
    scenarios.add("join: with a store", app -> out(left(app).join(right(app), TableJoins::joined, rows)));
    scenarios.add("leftJoin: with a store", app -> out(left(app).leftJoin(right(app), TableJoins::joined, rows)));
    scenarios.add("outerJoin: with a store", app -> out(left(app).outerJoin(right(app), TableJoins::joined, rows)));
    each(scenarios, "filtered and mapped sides", (app, join) -> {
      var one = left(app).filter((key, row) -> !row.equals("L2"));
      var other = right(app).mapValues(row -> row.equals("R2") ? null : row.toLowerCase());
      out(join.apply(one, other));
    });
    each(scenarios, "a filter of the result", (app, join) ->
        out(join.apply(left(app), right(app)).filter((key, row) -> !row.contains("L2"))));
    each(scenarios, "regrouped result", (app, join) ->
        out(join.apply(left(app), right(app))
            .groupBy((key, row) -> KeyValue.pair(row.substring(0, 2), key), Grouped.with("by-left", Form.TEXT, Form.TEXT))
            .reduce((all, key) -> all + "+" + key, (all, key) -> all + "-" + key, Form.rows("keys", Form.TEXT))));
    each(scenarios, "the result of a join", (app, join) ->
        out(join.apply(join.apply(left(app), right(app)), app.table("third", Form.TEXTS_IN))));
    scenarios.add("join: a table with itself", app -> {
      var table = left(app);
      out(table.join(table, TableJoins::joined));
    });
    scenarios.add("join: an aggregate", app ->
        app.stream("left", Form.TEXTS_IN)
            .groupBy((key, value) -> key, Grouped.with("again", Form.TEXT, Form.TEXT))
            .aggregate(() -> "", (key, value, all) -> all + value, Form.rows("all", Form.QUOTED))
            .leftJoin(right(app), TableJoins::joined, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", org.apache.kafka.streams.kstream.Produced.with(Form.TEXT, Form.QUOTED)));
  }

  private static void each(
      Scenarios scenarios, String name, BiConsumer<StreamsBuilder, BinaryOperator<KTable<String, String>>> program) {
    KINDS.forEach((kind, join) -> scenarios.add(kind + ": " + name, app -> program.accept(app, join)));
  }

  private static String joined(String left, String right) {
    return "null".equals(left) ? null : left + "+" + right;
  }

  private static KTable<String, String> left(StreamsBuilder app) {
    return app.table("left", Form.TEXTS_IN);
  }

  private static KTable<String, String> right(StreamsBuilder app) {
    return app.table("right", Form.TEXTS_IN);
  }

  private static void out(KTable<String, String> table) {
    table.toStream().to("out", Form.TEXTS_OUT);
  }
}
