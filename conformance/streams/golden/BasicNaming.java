import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.TimeWindows;

/** The programs of packages/streams/test/golden/scenarios/basic-naming.ts. */
final class BasicNaming {
  private static final Consumed<String, String> TEXTS = Form.TEXTS_IN;

  static void register(Scenarios scenarios) {
    scenarios.add("stateless", app ->
        app.stream("in", TEXTS).filter((k, v) -> true).mapValues(v -> v).selectKey((k, v) -> v)
            .flatMapValues(v -> List.of(v)).peek((k, v) -> {}).to("out"));
    scenarios.add("first", app -> {
      KTable<String, String> totals = app.stream("order", TEXTS)
          .groupBy((k, v) -> v, Grouped.as("by-customer"))
          .aggregate(() -> "", (k, v, agg) -> agg, Materialized.as("totals"));
      totals.join(app.table("customer", TEXTS), (x, y) -> x, Materialized.as("spend")).toStream().to("spend");
    });
    scenarios.add("unnamed-aggregate", app ->
        app.stream("in", TEXTS).groupBy((k, v) -> v, Grouped.with(Serdes.String(), Serdes.String())).count()
            .toStream().to("out"));
    scenarios.add("reduce-bykey", app ->
        app.stream("in", TEXTS).groupByKey().reduce((x, y) -> x, Materialized.as("store")).toStream().to("out"));
    scenarios.add("window", app ->
        app.stream("in", TEXTS).groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
            .count(Materialized.as("counts")).toStream().map((k, v) -> KeyValue.pair(k.key(), "")).to("out"));
    scenarios.add("stream-table-join", app ->
        app.stream("orders", TEXTS).join(app.table("customers", TEXTS), (x, y) -> x).to("out"));
    scenarios.add("stream-table-join-repartition", app ->
        app.stream("orders", TEXTS).selectKey((k, v) -> v).leftJoin(app.table("customers", TEXTS), (x, y) -> x)
            .to("out"));
    scenarios.add("table-joins", app -> {
      KTable<String, String> l = app.table("left", TEXTS), r = app.table("right", TEXTS);
      l.leftJoin(r, (x, y) -> x).filter((k, v) -> true).toStream().to("out");
    });
    scenarios.add("table-map-store", app ->
        app.table("left", TEXTS, Materialized.as("l")).mapValues(v -> v, Materialized.as("m")).toStream().to("out"));
    scenarios.add("table-unmaterialised", app -> app.table("left", TEXTS).mapValues(v -> v).toStream().to("out"));
    scenarios.add("grouped-table", app ->
        app.table("left", TEXTS).groupBy((k, v) -> KeyValue.pair(v, k), Grouped.as("by-value"))
            .count(Materialized.as("sizes")).toStream().to("out"));
    scenarios.add("merge", app -> app.stream("a", TEXTS).merge(app.stream("b", TEXTS)).to("out"));
    scenarios.add("split", app -> {
      var m = app.stream("in", TEXTS).split(Named.as("split-"))
          .branch((k, v) -> true, Branched.as("one"))
          .branch((k, v) -> true, Branched.as("two")).noDefaultBranch();
      m.get("split-one").to("o1");
      m.get("split-two").to("o2");
    });
    scenarios.add("to-table", app -> app.stream("in", TEXTS).selectKey((k, v) -> v).toTable().toStream().to("out"));
    scenarios.add("repartition", app -> app.stream("in", TEXTS).repartition(Repartitioned.as("again")).to("out"));
    scenarios.add("two-aggregates", app -> {
      var g = app.stream("in", TEXTS).groupBy((k, v) -> v, Grouped.as("g"));
      g.count(Materialized.as("c"));
      g.reduce((x, y) -> x, Materialized.as("r"));
    });
    scenarios.add("same-topic-twice", app -> {
      app.stream("in", TEXTS).filter((k, v) -> true).to("o1");
      app.stream("in", TEXTS).mapValues(v -> v).to("o2");
    });
    scenarios.add("two-subtopologies", app -> {
      app.stream("a", TEXTS).to("x");
      app.stream("b", TEXTS).groupBy((k,v)->v, Grouped.as("g")).count(Materialized.as("c")).toStream().to("y");
    });
    scenarios.add("join-twice", app -> {
      var t = app.table("t", TEXTS);
      var s = app.stream("in", TEXTS).map((k, v) -> KeyValue.pair(v, k));
      s.join(t, (x, y) -> x).to("o1");
      s.leftJoin(t, (x, y) -> x).to("o2");
    });
  }
}
