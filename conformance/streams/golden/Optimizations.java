import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** The programs of packages/streams/test/golden/scenarios/optimizations.ts. */
final class Optimizations {
  private static final ValueJoiner<String, String, String> PAIR = (one, two) -> one + "+" + two;
  private static final JoinWindows WITHIN = JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10));
  private static final StreamJoined<String, String, String> TEXTS = StreamJoined.with(Form.TEXT, Form.TEXT, Form.TEXT);

  static void register(Scenarios scenarios) {
    aggregates(scenarios);
    between(scenarios);
    merges(scenarios);
    joins(scenarios);
    others(scenarios);
  }

  private static void aggregates(Scenarios scenarios) {
    scenarios.add("one aggregate, nothing named", app -> count(changed(app)));
    scenarios.add("two aggregates of one change of keys", app -> {
      var keyed = changed(app);
      count(keyed);
      reduce(keyed);
    });
    scenarios.add("two aggregates, named", app -> {
      var keyed = changed(app);
      keyed.groupByKey(Grouped.as("first")).count(Materialized.as("counts")).toStream().to("counted", Form.NUMBERS_OUT);
      keyed.groupByKey(Grouped.as("second")).reduce((one, two) -> two, Materialized.as("lasts")).toStream().to("out");
    });
    scenarios.add("aggregates of one grouping", app -> {
      var grouped = in(app).groupBy((key, value) -> value, Grouped.as("by-value"));
      grouped.count().toStream().to("counted", Form.NUMBERS_OUT);
      grouped.reduce((one, two) -> two).toStream().to("out");
    });
    scenarios.add("an aggregate, and an inner join with a table", app -> {
      var keyed = changed(app);
      count(keyed);
      keyed.join(app.table("rows", Form.TEXTS_IN), PAIR).to("out");
    });
    scenarios.add("an aggregate, and a left join with a table, which takes records without key", app -> {
      var keyed = in(app).selectKey((key, value) -> key);
      count(keyed);
      keyed.leftJoin(app.table("rows", Form.TEXTS_IN), PAIR).to("out");
    });
  }

  private static void between(Scenarios scenarios) {
    scenarios.add("steps in between that change nothing", app -> {
      var keyed = changed(app);
      count(keyed.filter((key, value) -> !"y".equals(value)).peek((key, value) -> {}));
      reduce(keyed);
      keyed.to("other");
    });
    scenarios.add("a step in between that changes values", app -> {
      var keyed = changed(app);
      reduce(keyed.mapValues(value -> value + "!"));
      count(keyed);
    });
    scenarios.add("a change of keys behind a change of keys", app -> {
      var keyed = changed(app);
      count(keyed);
      var again = keyed.selectKey((key, value) -> value + value);
      reduce(again);
      again.groupByKey().reduce((one, two) -> two).toStream().to("other");
    });
    scenarios.add("a change of keys behind a join", app -> {
      var again = changed(app).join(app.table("rows", Form.TEXTS_IN), PAIR).selectKey((key, value) -> value);
      count(again);
      reduce(again);
    });
    scenarios.add("a topic that the program asks for", app -> {
      var keyed = changed(app);
      count(keyed.repartition(Repartitioned.as("asked")));
      reduce(keyed);
    });
  }

  private static void merges(Scenarios scenarios) {
    scenarios.add("a merge of two streams whose keys were changed", app -> {
      var one = changed(app);
      var two = second(app).selectKey((key, value) -> value);
      count(one.merge(two));
    });
    scenarios.add("a merge of a changed and an unchanged stream", app -> {
      var merged = changed(app).merge(second(app));
      count(merged);
      reduce(merged);
    });
    scenarios.add("a stream that is grouped, and merged with another", app -> {
      var one = changed(app);
      reduce(one);
      count(one.merge(second(app).selectKey((key, value) -> value)));
    });
  }

  private static void joins(Scenarios scenarios) {
    scenarios.add("a join of two streams whose keys were changed", app -> {
      var one = changed(app);
      var two = second(app).selectKey((key, value) -> value);
      one.join(two, PAIR, WITHIN, TEXTS.withName("both")).to("out");
      count(one);
    });
    scenarios.add("an outer join of two streams whose keys were changed", app -> {
      var two = second(app).selectKey((key, value) -> value);
      changed(app).outerJoin(two, PAIR, WITHIN, TEXTS).to("out");
    });
    Consumer<StreamsBuilder> self = app -> {
      var keyed = changed(app);
      keyed.join(keyed, PAIR, WITHIN, TEXTS.withName("self")).to("out");
    };
    scenarios.add("a stream with changed keys that is joined with itself, named", self);
    scenarios.add("a stream with changed keys that is joined with itself, named, with one store", self);
    scenarios.add("a table of a stream whose keys were changed", app -> {
      var keyed = changed(app);
      keyed.toTable(Form.rows("latest", Form.TEXT)).toStream().to("out");
      count(keyed);
    });
    scenarios.add("cogrouped streams", app -> {
      var one = changed(app);
      var two = second(app).selectKey((key, value) -> value);
      one.groupByKey(Grouped.as("one"))
          .<String>cogroup((key, value, sum) -> sum + value)
          .cogroup(two.groupByKey(Grouped.as("two")), (key, value, sum) -> sum + "-" + value)
          .aggregate(() -> "", Form.rows("cogrouped", Form.TEXT))
          .toStream()
          .to("out");
      count(one);
    });
  }

  private static void others(Scenarios scenarios) {
    scenarios.add("a windowless processor that changes keys", app -> {
      var moved = in(app).process(Move::new, Named.as("move"));
      count(moved);
      reduce(moved);
    });
    for (String optimised : List.of("", ", topics not merged", ", all optimised")) {
      String name = "a table of a topic, a join of a stream with itself and an aggregate of changed keys";
      scenarios.add(name + optimised, app -> {
        var keyed = changed(app);
        var one = second(app);
        keyed.join(app.table("rows", Form.TEXTS_IN, Form.rows("rows", Form.TEXT)), PAIR).to("out");
        count(keyed);
        one.join(one, PAIR, WITHIN, TEXTS).to("other");
      });
    }
  }

  private static final class Move extends ContextualProcessor<String, String, String, String> {
    @Override
    public void process(Record<String, String> record) {
      context().forward(record.withKey(record.value()));
    }
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }

  private static KStream<String, String> second(StreamsBuilder app) {
    return app.stream("second", Form.TEXTS_IN);
  }

  private static KStream<String, String> changed(StreamsBuilder app) {
    return in(app).selectKey((key, value) -> value);
  }

  private static void count(KStream<String, String> stream) {
    stream.groupByKey().count().toStream().to("counted", Form.NUMBERS_OUT);
  }

  private static void reduce(KStream<String, String> stream) {
    stream.groupByKey().reduce((one, two) -> two).toStream().to("out");
  }
}
