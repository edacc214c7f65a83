import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** The programs of packages/streams/test/golden/scenarios/aggregates.ts. */
final class Aggregates {
  private static final Produced<String, String> QUOTED_OUT = Produced.with(Form.TEXT, Form.QUOTED);

  static void register(Scenarios scenarios) {
    scenarios.add("count by key", app ->
        in(app).groupByKey().count(Materialized.as("counts")).toStream().to("counted", Form.NUMBERS_OUT));
    scenarios.add("count in a store without name", app ->
        in(app).groupByKey().count().toStream().to("counted", Form.NUMBERS_OUT));
    scenarios.add("count by value, repartitioned", app ->
        in(app)
            .groupBy((key, word) -> "none".equals(word) ? null : word == null ? "null" : word, grouped("by-word"))
            .count(Materialized.as("counts"))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("count of an unnamed group, repartitioned under the name of the store", app ->
        in(app)
            .selectKey((key, word) -> word == null ? key : word)
            .groupByKey(Form.TEXTS)
            .count()
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("reduce", app ->
        in(app).groupByKey().reduce(Aggregates::join, Form.rows("joined", Form.TEXT)).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("reduce of mapped values, repartitioned", app ->
        in(app)
            .mapValues(word -> word == null ? "NULL" : word.toUpperCase())
            .groupBy((key, word) -> word.substring(0, 1), Grouped.with("by-letter", Form.TEXT, Form.QUOTED))
            .reduce(Aggregates::join, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("aggregate", app ->
        in(app)
            .groupByKey()
            .aggregate(() -> "", (key, word, all) -> join(all, word), Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("aggregate with an initial value of null", app ->
        in(app)
            .groupByKey()
            .aggregate(() -> null, (key, word, all) -> word.equals("one") ? all : word, Form.rows("joined", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("two aggregates of one group", app -> {
      var grouped = in(app)
          .groupBy((key, word) -> word == null ? null : word.substring(0, 1), grouped("by-letter"));
      grouped.count(Materialized.as("counts")).toStream().to("counted", Form.NUMBERS_OUT);
      grouped.reduce(Aggregates::join, Form.rows("joined", Form.TEXT)).toStream().to("out", Form.TEXTS_OUT);
    });
    scenarios.add("an aggregate of an aggregate", app ->
        in(app)
            .groupByKey()
            .count(Materialized.as("counts"))
            .toStream()
            .selectKey((key, count) -> String.valueOf(count))
            .groupByKey(Grouped.with(Form.TEXT, Form.NUMBER))
            .aggregate(() -> 0L, (key, count, sum) -> sum + count, Form.rows("sums", Form.NUMBER))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("what a filter and a mapping make of an aggregate", app ->
        in(app)
            .groupByKey()
            .count(Materialized.as("counts"))
            .filter((key, count) -> count > 1 && count != 3)
            .mapValues(String::valueOf, Form.rows("even", Form.QUOTED))
            .toStream()
            .to("quoted", QUOTED_OUT));
    scenarios.add("a filter of an aggregate", app ->
        in(app)
            .groupByKey()
            .count(Materialized.as("counts"))
            .filter((key, count) -> count > 1)
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    scenarios.add("a filter of an aggregate that takes its initial value", app ->
        in(app)
            .groupByKey()
            .count(Materialized.as("counts"))
            .filter((key, count) -> count % 2 == 0)
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    for (String cached : List.of("cached", "not cached")) {
      scenarios.add("how many keys have been counted, " + cached, app ->
          in(app)
              .groupByKey()
              .count(Form.rows("counts", Serdes.Long()))
              .groupBy((key, count) -> KeyValue.pair("all", count), Grouped.with("all", Form.TEXT, Form.NUMBER))
              .count(Form.rows("keys", Serdes.Long()))
              .toStream()
              .to("counted", Form.NUMBERS_OUT));
    }
    scenarios.add("a filter of an aggregate, with a store", app ->
        in(app)
            .groupByKey()
            .count(Materialized.as("counts"))
            .filterNot((key, count) -> count % 2 == 0, Form.rows("odd", Form.NUMBER))
            .toStream()
            .to("counted", Form.NUMBERS_OUT));
    for (String cached : List.of("cached", "not cached")) {
      scenarios.add("several updates within one record, " + cached, app ->
          parts(app).reduce(Aggregates::join, Form.rows("joined", Form.TEXT)).toStream().to("out", Form.TEXTS_OUT));
    }
    scenarios.add("a cache for one store of two", app -> {
      var grouped = parts(app);
      grouped.count(Materialized.as("cached")).toStream().to("counted", Form.NUMBERS_OUT);
      grouped.reduce(Aggregates::join, Form.rows("uncached", Form.TEXT).withCachingDisabled())
          .toStream()
          .to("out", Form.TEXTS_OUT);
    });
  }

  static String join(String all, String word) {
    return word.equals("reset") ? null : all + "," + word;
  }

  private static KGroupedStream<String, String> parts(StreamsBuilder app) {
    return in(app).flatMapValues(list -> List.of(list.split("[ :]"))).groupByKey(Form.TEXTS);
  }

  private static Grouped<String, String> grouped(String name) {
    return Grouped.with(name, Form.TEXT, Form.TEXT);
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }
}
