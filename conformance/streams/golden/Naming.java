import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.TimeWindows;

/** The programs of packages/streams/test/golden/scenarios/naming.ts. They are described and never run: serdes are defaults. */
final class Naming {
  private static final TimeWindows MINUTE = TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1));
  private static final TimeWindows HOPPING = MINUTE.advanceBy(Duration.ofSeconds(10));

  static void register(Scenarios scenarios) {
    streams(scenarios);
    joins(scenarios);
    tables(scenarios);
    windows(scenarios);
    topics(scenarios);
  }

  private static void streams(Scenarios scenarios) {
    scenarios.add("nothing named, one repartition topic", app ->
        in(app, "in").flatMapValues(value -> List.of(value)).selectKey((key, value) -> value).groupByKey().count()
            .toStream().to("counted"));
    scenarios.add("every step named", app ->
        app.stream("in", Consumed.<String, String>as("read"))
            .filter((key, value) -> true, Named.as("keep"))
            .filterNot((key, value) -> true, Named.as("leave"))
            .mapValues(value -> value, Named.as("value"))
            .map(KeyValue::pair, Named.as("pair"))
            .flatMap((key, value) -> List.of(KeyValue.pair(key, value)), Named.as("pairs"))
            .flatMapValues(value -> List.of(value), Named.as("values"))
            .selectKey((key, value) -> value, Named.as("key"))
            .peek((key, value) -> {}, Named.as("look"))
            .to("out", Produced.as("write")));
    scenarios.add("two aggregates of changed keys, nothing named", app -> {
      var grouped = in(app, "in").selectKey((key, value) -> value).groupByKey();
      grouped.count().toStream().to("counted");
      grouped.reduce((one, other) -> one).toStream().to("out");
    });
    scenarios.add("two groups of one stream with changed keys", app -> {
      var keyed = in(app, "in").selectKey((key, value) -> value);
      keyed.groupByKey().count().toStream().to("counted");
      keyed.groupByKey(Grouped.as("named")).reduce((one, other) -> one).toStream().to("out");
    });
    scenarios.add("a merge of three", app ->
        in(app, "a").merge(in(app, "b")).merge(in(app, "c"), Named.as("merged")).to("out"));
    scenarios.add("a merge of changed and unchanged keys, grouped", app ->
        in(app, "a").merge(in(app, "b").selectKey((key, value) -> value)).groupByKey().count().toStream().to("counted"));
    scenarios.add("three branches and what becomes of them", app -> {
      var branches = in(app, "in").split(Named.as("by-"))
          .branch((key, value) -> true, Branched.as("one"))
          .branch((key, value) -> true, Branched.as("two"))
          .defaultBranch(Branched.as("rest"));
      branches.get("by-one").mapValues(value -> value).to("o1");
      branches.get("by-two").selectKey((key, value) -> value).groupByKey().count().toStream().to("counted");
      branches.get("by-rest").foreach((key, value) -> {});
    });
    scenarios.add("branches that merge again", app -> {
      var branches = in(app, "in").split(Named.as("by-"))
          .branch((key, value) -> true, Branched.as("one"))
          .branch((key, value) -> true, Branched.as("two"))
          .noDefaultBranch();
      var one = branches.get("by-one").mapValues(value -> value);
      one.merge(branches.get("by-two").mapValues(value -> value)).to("out");
    });
    scenarios.add("an aggregate of an aggregate of an aggregate", app ->
        in(app, "in").groupByKey().count().toStream().selectKey((key, count) -> key).groupByKey().count()
            .groupBy((key, count) -> KeyValue.pair(key, count), Grouped.as("regrouped")).count().toStream().to("counted"));
    scenarios.add("a reduce with an initial value", app ->
        in(app, "in").groupBy((key, value) -> value, Grouped.as("g"))
            .aggregate(() -> 0L, (key, value, sum) -> sum).toStream().to("counted"));
  }

  private static void joins(Scenarios scenarios) {
    scenarios.add("joins of one stream with changed keys", app -> {
      var keyed = in(app, "in").selectKey((key, value) -> value);
      KTable<String, String> rows = app.table("rows");
      keyed.join(rows, (one, other) -> one).to("o1");
      keyed.leftJoin(rows, (one, other) -> one).to("o2");
      keyed.join(rows, (one, other) -> one, Joined.as("named")).to("o3");
    });
    scenarios.add("a join of changed keys and values", app -> {
      var keyed = in(app, "in").map((key, value) -> KeyValue.pair(value, key));
      keyed.join(app.<String, String>table("rows"), (one, other) -> one, Joined.as("joined")).to("out");
    });
    scenarios.add("joins in a row", app -> {
      var stream = in(app, "in");
      KTable<String, String> one = app.table("one");
      KTable<String, String> two = app.table("two", Materialized.as("two-rows"));
      stream.join(one, (a, b) -> a).leftJoin(two, (a, b) -> a, Joined.as("second-join")).to("out");
    });
    scenarios.add("a join with an aggregate of another stream", app -> {
      var stream = in(app, "in");
      var counts = in(app, "other").groupBy((key, value) -> value, Grouped.as("by-value")).count();
      stream.join(counts, (value, count) -> count).to("out");
    });
    scenarios.add("a join with an aggregate of the same stream", app -> {
      var stream = in(app, "in").selectKey((key, value) -> value);
      var counts = stream.groupByKey().count();
      stream.join(counts, (value, count) -> count).to("out");
    });
    scenarios.add("tables joined three ways", app -> {
      KTable<String, String> one = app.table("one");
      KTable<String, String> two = app.table("two");
      KTable<String, String> three = app.table("three");
      one.join(two, (a, b) -> a).outerJoin(three, (a, b) -> b).leftJoin(one, (a, b) -> a).toStream().to("out");
    });
    scenarios.add("named joins of tables with stores", app -> {
      KTable<String, String> one = app.table("one", Consumed.as("read-one"), Materialized.as("one-rows"));
      KTable<String, String> two = app.table("two", Consumed.as("read-two"));
      one.join(two, (a, b) -> a, Named.as("inner"), Materialized.as("inner-rows"))
          .outerJoin(two, (a, b) -> b, Named.as("outer"), Materialized.as("outer-rows"))
          .toStream()
          .to("out");
    });
    scenarios.add("a table joined with what is made of it", app -> {
      KTable<String, String> rows = app.table("rows");
      rows.join(rows.filter((key, value) -> true).mapValues(value -> value), (a, b) -> a).toStream().to("out");
    });
    scenarios.add("windowed tables joined", app -> {
      var one = in(app, "one").groupByKey().windowedBy(MINUTE).count();
      var two = in(app, "two").groupByKey().windowedBy(MINUTE).count();
      one.leftJoin(two, (a, b) -> a).toStream().foreach((key, value) -> {});
    });
  }

  private static void tables(Scenarios scenarios) {
    scenarios.add("filters and mappings of tables with and without stores", app ->
        app.<String, String>table("in")
            .filter((key, value) -> true, Named.as("kept"))
            .mapValues(value -> value, Materialized.as("mapped"))
            .filterNot((key, value) -> true, Named.as("left"), Materialized.as("left-rows"))
            .mapValues(value -> value, Named.as("again"))
            .toStream(Named.as("stream"))
            .to("out", Produced.as("write")));
    scenarios.add("a filter that needs old values of a table without store", app ->
        app.<String, String>table("in")
            .filter((key, value) -> true)
            .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"))
            .count()
            .toStream()
            .to("counted"));
    scenarios.add("a table regrouped, aggregated and joined", app -> {
      KTable<String, Long> sizes = app.<String, String>table("in")
          .mapValues(value -> value)
          .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"))
          .count(Materialized.as("sizes"));
      sizes.join(app.<String, String>table("other"), (a, b) -> b, Materialized.as("with-other")).toStream().to("out");
    });
    scenarios.add("two aggregates of one regrouping", app -> {
      var grouped = app.<String, String>table("in")
          .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"));
      grouped.count().toStream().to("counted");
      grouped.reduce((a, b) -> a, (a, b) -> a, Materialized.as("reduced")).toStream().to("out");
    });
    scenarios.add("streams as tables", app -> {
      in(app, "one").toTable().toStream().to("o1");
      in(app, "two").selectKey((key, value) -> value).toTable(Named.as("as-table"), Materialized.as("rows"))
          .toStream().to("o2");
      in(app, "three").selectKey((key, value) -> value).toTable().filter((key, value) -> true).toStream().to("o3");
    });
    scenarios.add("a table as a stream as a table", app ->
        app.<String, String>table("in")
            .toStream()
            .toTable()
            .join(app.<String, String>table("other"), (a, b) -> a)
            .toStream()
            .to("out"));
  }

  private static void windows(Scenarios scenarios) {
    scenarios.add("windows in a row", app ->
        in(app, "in").groupByKey().windowedBy(MINUTE).count().toStream()
            .map((key, count) -> KeyValue.pair(key.key(), key.key()))
            .groupByKey()
            .windowedBy(HOPPING)
            .aggregate(() -> "", (key, value, all) -> all, Materialized.as("second"))
            .toStream()
            .map((key, value) -> KeyValue.pair(key.key(), value))
            .to("out"));
    scenarios.add("named steps and stores of windows", app ->
        in(app, "in")
            .selectKey((key, value) -> value)
            .groupByKey(Grouped.as("again"))
            .windowedBy(MINUTE)
            .reduce((a, b) -> a, Named.as("reduced"), Materialized.as("reduced-rows"))
            .mapValues(value -> value, Named.as("mapped"))
            .toStream(Named.as("stream"))
            .foreach((key, value) -> {}, Named.as("end")));
  }

  private static void topics(Scenarios scenarios) {
    scenarios.add("repartitioned twice", app ->
        in(app, "in").repartition(Repartitioned.as("one")).selectKey((key, value) -> value)
            .repartition(Repartitioned.as("two")).groupByKey().count().toStream().to("counted"));
    scenarios.add("repartitioned before a join", app -> {
      var keyed = in(app, "in").selectKey((key, value) -> value).repartition(Repartitioned.as("again"));
      keyed.join(app.<String, String>table("rows"), (a, b) -> a).to("out");
    });
    scenarios.add("a topic between two sub-topologies", app -> {
      in(app, "in").selectKey((key, value) -> value).to("between");
      in(app, "between").groupByKey().count().toStream().to("counted");
    });
    scenarios.add("three sub-topologies that share nothing", app -> {
      in(app, "one").to("o1");
      app.<String, String>table("two").toStream().to("o2");
      in(app, "three").groupByKey().count().toStream().to("counted");
    });
    scenarios.add("a topic that is read three times", app -> {
      in(app, "in").filter((key, value) -> true).to("o1");
      in(app, "in").groupByKey().count().toStream().to("counted");
      in(app, "in").mapValues(value -> value).to("o2");
    });
    scenarios.add("many sinks of one stream", app -> {
      var stream = in(app, "in");
      for (String name : List.of("o1", "o2", "o3", "o4")) stream.to(name);
      stream.filter((key, value) -> true).to("o5");
    });
  }

  private static KStream<String, String> in(StreamsBuilder app, String topic) {
    return app.stream(topic);
  }
}
