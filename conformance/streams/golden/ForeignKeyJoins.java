import java.util.function.BiFunction;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.state.KeyValueStore;

/** The programs of packages/streams/test/golden/scenarios/foreign-key-joins.ts. */
final class ForeignKeyJoins {
  static void register(Scenarios scenarios) {
    var unnamed = Materialized.<String, String, KeyValueStore<Bytes, byte[]>>with(Form.TEXT, Form.TEXT);
    each(scenarios, "no names", (key, order) -> pointsAt(order), null, unnamed);
    each(scenarios, "names", (key, order) -> pointsAt(order), "who", Form.rows("result", Form.TEXT));
    each(scenarios, "by key and value", (key, order) -> key.equals("o2") ? "b" : pointsAt(order), null, unnamed);
    scenarios.add("join: of filtered tables, grouped", app -> {
      var rows = table(app, "orders").filter((key, order) -> !order.equals("a:two"));
      var others = table(app, "customers").filter((key, customer) -> !customer.equals("Aaron"));
      rows.join(others, ForeignKeyJoins::pointsAt, ForeignKeyJoins::joined, unnamed)
          .groupBy(
              (key, result) -> KeyValue.pair(result.substring(result.indexOf('+') + 1), result),
              Grouped.with("by-customer", Form.TEXT, Form.QUOTED))
          .count(Materialized.as("counts"))
          .mapValues(String::valueOf)
          .toStream()
          .to("out", Form.TEXTS_OUT);
    });
  }

  private static void each(
      Scenarios scenarios,
      String name,
      BiFunction<String, String, String> foreignKey,
      String named,
      Materialized<String, String, KeyValueStore<Bytes, byte[]>> kept) {
    scenarios.add("join: " + name, app ->
        table(app, "orders")
            .join(table(app, "customers"), foreignKey, ForeignKeyJoins::joined, TableJoined.as(named), kept)
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("leftJoin: " + name, app ->
        table(app, "orders")
            .leftJoin(table(app, "customers"), foreignKey, ForeignKeyJoins::joined, TableJoined.as(named), kept)
            .toStream()
            .to("out", Form.TEXTS_OUT));
  }

  private static String pointsAt(String order) {
    return order.startsWith("-") ? null : order.substring(0, order.indexOf(':'));
  }

  private static String joined(String order, String customer) {
    return order.startsWith("null") && "Nil".equals(customer) ? null : order + "+" + customer;
  }

  private static KTable<String, String> table(StreamsBuilder app, String topic) {
    return app.table(topic, Form.TEXTS_IN);
  }
}
